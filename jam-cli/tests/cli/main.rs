//! The `jam` command from the outside: every command, every exit code.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is a failed test"
)]

mod config;
mod keys;
mod session;
mod support;
mod token;
mod usage;
mod verify;
mod verify_jsonl;
mod verify_stream;
