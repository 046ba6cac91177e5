//! What Jam costs, beside its peers and the floor.
//!
//! Everybody runs in one process, interleaved in small batches, on the CPU time of one thread:
//! machines are noisy, so only ratios inside a run count. BENCHMARKS.md keeps the results.

pub mod batch;
pub mod claims;
pub mod contestant;
pub mod count;
pub mod floor;
pub mod goals;
pub mod peers;
pub mod race;
pub mod request_floor;
pub mod requests;
pub mod store;
pub mod subject;
pub mod table;
pub mod tokens;
pub mod valgrind;
