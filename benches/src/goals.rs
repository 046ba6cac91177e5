//! What Jam must reach.

use jam_core::key::Algorithm;

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
/// A request: what Jam adds, as a multiple of what the floor adds.
pub const REQUEST_OVER_FLOOR: f64 = 1.25;
/// A request: allocations beside the payload's own.
pub const REQUEST_ALLOCATIONS: i64 = 3;
