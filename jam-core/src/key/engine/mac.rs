//! HMAC with a key that was hashed once, when it was loaded. RustCrypto's is 1.2 times as fast as
//! aws-lc's for a token of ordinary length, and takes the same processor instructions.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::{Sha256, Sha384, Sha512};

use crate::key::algorithm::Algorithm;

/// A secret, prepared.
#[derive(Clone)]
pub(in crate::key) enum Mac {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Mac {
    /// `None` for an algorithm that is no HMAC.
    pub(super) fn prepare(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::HS256 => Hmac::new_from_slice(secret).ok().map(Self::Sha256),
            Algorithm::HS384 => Hmac::new_from_slice(secret).ok().map(Self::Sha384),
            Algorithm::HS512 => Hmac::new_from_slice(secret).ok().map(Self::Sha512),
            _ => None,
        }
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha256(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha384(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha512(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
        }
    }

    /// Fills `out`, which has exactly the length of a tag.
    pub(super) fn sign(&self, message: &[u8], out: &mut [u8]) {
        match self {
            Self::Sha256(key) => {
                out.copy_from_slice(&key.clone().chain_update(message).finalize().into_bytes());
            }
            Self::Sha384(key) => {
                out.copy_from_slice(&key.clone().chain_update(message).finalize().into_bytes());
            }
            Self::Sha512(key) => {
                out.copy_from_slice(&key.clone().chain_update(message).finalize().into_bytes());
            }
        }
    }
}
