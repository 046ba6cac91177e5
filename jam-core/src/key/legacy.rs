//! **Legacy.** Signatures of Python Jam that are made in another way than their label says. Read
//! where a switch is on, never written.

use super::algorithm::Algorithm;
use super::{Inner, engine};

/// Which of them are let in; none unless asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Legacy {
    /// Jam 2 signs with SHA-256 whatever its HS384, HS512, RS384 and RS512 say.
    pub(crate) jam2: bool,
    /// Jam 3 and 4 make the salt of PS256, PS384 and PS512 as long as the key has room for, where
    /// RFC 7518 §3.5 wants the length of the digest.
    pub(crate) jam_pss: bool,
}

/// The second way in which a key verifies.
#[derive(Clone)]
pub(super) struct LegacyVerifier {
    signature_len: usize,
    verifier: engine::Verifier,
}

impl LegacyVerifier {
    /// `None` where the key's algorithm was never made in another way.
    pub(super) fn prepare(key: &Inner, legacy: Legacy) -> Option<Self> {
        let decoding = key.material.decoding_key();
        if let Some(signed_by) = sha256_for(key.algorithm).filter(|_| legacy.jam2) {
            return Some(Self {
                signature_len: key.material.signature_len(signed_by),
                verifier: engine::Verifier::prepare(signed_by, &decoding)?,
            });
        }
        if matches!(key.algorithm, Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512)
            && legacy.jam_pss
        {
            return Some(Self {
                signature_len: key.signature_len,
                verifier: engine::Verifier::prepare_longest_salt(key.algorithm, &decoding)?,
            });
        }
        None
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.signature_len && self.verifier.verify(message, signature)
    }
}

/// What Jam 2 signs with under this label.
fn sha256_for(label: Algorithm) -> Option<Algorithm> {
    match label {
        Algorithm::HS384 | Algorithm::HS512 => Some(Algorithm::HS256),
        Algorithm::RS384 | Algorithm::RS512 => Some(Algorithm::RS256),
        _ => None,
    }
}
