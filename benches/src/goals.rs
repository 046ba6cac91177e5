//! What Jam must reach.

use jam_core::key::Algorithm;

use crate::requests::Framework;

/// The goals of one column.
pub struct Goal {
    /// `verify` is at least so many times as fast as `jsonwebtoken::decode`.
    pub verify_over_decode: f64,
    /// `verify` takes at most so many times as long as the raw crypto.
    pub verify_over_floor: f64,
    /// `sign` is at least so many times as fast as `jsonwebtoken::encode`.
    pub sign_over_encode: f64,
}

impl Goal {
    /// The goals of a column.
    pub fn of(algorithm: Algorithm) -> Self {
        let (verify_over_decode, verify_over_floor, sign_over_encode) = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 => (3.2, 2.7, 1.9),
            Algorithm::HS512 => (2.5, 1.6, 1.7),
            Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => (1.34, 1.04, 2.9),
            Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => (1.34, 1.04, 2.8),
            Algorithm::ES256 => (1.14, 1.02, 1.65),
            Algorithm::ES384 => (1.05, 1.01, 1.64),
            Algorithm::EdDSA => (1.34, 1.04, 1.8),
        };
        Self { verify_over_decode, verify_over_floor, sign_over_encode }
    }
}

/// Allocations: the owned strings of the claims.
pub const VERIFY_ALLOCATIONS: i64 = 8;
/// Allocations with borrowed claims.
pub const BORROWED_ALLOCATIONS: i64 = 1;
/// Allocations to sign with HMAC.
pub const SIGN_ALLOCATIONS: i64 = 1;
/// A batch over all cores: CPU time for a token, as a multiple of the single thread's.
pub const BATCH_CPU: f64 = 1.05;
/// A batch over two idle cores: so many times as fast as the single thread.
pub const BATCH_WALL: f64 = 1.8;
/// A token: what Jam adds to a request beyond an empty layer, as a multiple of what the floor adds.
pub const TOKEN_OVER_FLOOR: f64 = 1.25;
/// A token: allocations beyond an empty layer, beside the payload's own.
pub const TOKEN_ALLOCATIONS: i64 = 3;
/// A session that is read: what Jam adds beyond an empty layer, as a multiple of what the floor adds.
pub const READ_OVER_FLOOR: f64 = 2.0;
/// A session that is read: allocations beyond an empty layer and those of the floor.
pub const READ_ALLOCATIONS: i64 = 1;
/// A session that is read: what tower-sessions adds, as a multiple of what Jam adds.
pub const READ_OVER_TOWER: f64 = 5.0;
/// A session that is read and recorded as in use, as a multiple of one that is only read.
pub const SLIDING_OVER_READ: f64 = 1.1;
/// A session that is written, as a multiple of what the cheapest peer takes.
pub const WRITE_OVER_PEER: f64 = 0.5;

/// A session that is read: instructions beyond an empty layer, without the hashing.
pub fn read_instructions(framework: Framework) -> i64 {
    match framework {
        Framework::Axum | Framework::Actix => 3000,
        Framework::Poem | Framework::Warp => 4000,
    }
}

/// A memory store of a million sessions: nanoseconds a load.
pub const STORE_LOAD: f64 = 300.0;
/// A memory store of a million sessions: bytes of an anonymous one.
pub const STORE_BYTES: i64 = 250;
/// A memory store of a million sessions: bytes of one with a subject, its index included.
pub const STORE_BYTES_INDEXED: i64 = 400;
/// A memory store while it grows: milliseconds of the longest insertion.
pub const STORE_INSERT: f64 = 2.0;
/// A memory store while it is swept: milliseconds that a reader waits.
pub const STORE_WAIT: f64 = 0.2;
/// A memory store that is swept once a minute: percent of a core for a million sessions.
pub const STORE_SWEEP: f64 = 0.1;
/// A memory store: how far the instructions of a load may differ from those among 10 000 sessions.
pub const STORE_FLAT: f64 = 0.05;
