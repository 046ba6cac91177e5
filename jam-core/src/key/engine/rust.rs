//! The pure-Rust provider, for builds without a C compiler. It parses a key on every call, and its
//! RSA signing leaks time (RUSTSEC-2023-0071), so there is none.

use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::{DecodingKey, EncodingKey};
use zeroize::Zeroizing;

use crate::key::algorithm::{Algorithm, Family};
use crate::key::refuse;
use crate::{Error, ErrorKind};

pub(super) static PROVIDER: &CryptoProvider = &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;

/// Bits of the longest RSA modulus that verifies here.
pub(in crate::key) const RSA_MAX_BITS: usize = 4096;

/// A key that verifies.
#[derive(Clone)]
pub(in crate::key) struct Verifier {
    algorithm: jsonwebtoken::Algorithm,
    key: DecodingKey,
}

/// A key that signs; never an RSA key.
#[derive(Clone)]
pub(in crate::key) struct Signer {
    algorithm: jsonwebtoken::Algorithm,
    key: EncodingKey,
}

impl Verifier {
    /// `None` when the key is not valid for the algorithm; its strength is judged elsewhere.
    pub(in crate::key) fn prepare(algorithm: Algorithm, key: &DecodingKey) -> Option<Self> {
        let algorithm = algorithm.to_engine();
        (PROVIDER.verifier_factory)(&algorithm, key).ok()?;
        Some(Self { algorithm, key: key.clone() })
    }

    /// Whether the signature belongs to the message; its length has been judged before.
    pub(in crate::key) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        (PROVIDER.verifier_factory)(&self.algorithm, &self.key)
            .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}

impl Signer {
    /// # Errors
    /// [`ErrorKind::NotAvailable`] for RSA, [`ErrorKind::WeakOrInvalidKey`] when the key is broken.
    pub(in crate::key) fn prepare(algorithm: Algorithm, key: &EncodingKey) -> Result<Self, Error> {
        if algorithm.family() == Family::Rsa {
            return Err(no_rsa_signing());
        }
        let algorithm = algorithm.to_engine();
        match (PROVIDER.signer_factory)(&algorithm, key) {
            Ok(_) => Ok(Self { algorithm, key: key.clone() }),
            Err(_) => Err(refuse(
                "the numbers of this private key contradict each other: export the key again",
            )),
        }
    }

    /// Fills `out`, which has exactly the length of a signature. ECDSA is deterministic (RFC 6979).
    pub(in crate::key) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let signature = (PROVIDER.signer_factory)(&self.algorithm, &self.key)
            .ok()
            .and_then(|signer| signer.try_sign(message).ok())
            .filter(|signature| signature.len() == out.len())
            .ok_or(ErrorKind::Unavailable)?;
        out.copy_from_slice(&signature);
        Ok(())
    }
}

/// # Errors
/// Always: see [`no_rsa_signing`].
pub(in crate::key) fn generate_rsa() -> Result<Zeroizing<Vec<u8>>, Error> {
    Err(no_rsa_signing())
}

fn no_rsa_signing() -> Error {
    Error::new(
        ErrorKind::NotAvailable,
        "the `rust_crypto` backend neither makes RSA keys nor signs with them \
         (RUSTSEC-2023-0071): build with the feature `aws_lc_rs`, or give only the public key \
         (`openssl pkey -in FILE -pubout`)",
    )
}
