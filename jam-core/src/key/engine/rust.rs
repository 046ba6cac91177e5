//! The pure-Rust provider, for builds without a C compiler. It parses a key on every call, and its
//! RSA signing leaks time (RUSTSEC-2023-0071), so there is none.

use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::{DecodingKey, DecodingKeyKind, EncodingKey};
use rsa::sha2::digest::DynDigest;
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pss, RsaPublicKey};
use zeroize::Zeroizing;

use crate::key::algorithm::{Algorithm, Family};
use crate::key::refuse;
use crate::{Error, ErrorKind};

pub(super) static PROVIDER: &CryptoProvider = &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;

/// Bits of the longest RSA modulus that verifies here.
pub(in crate::key) const RSA_MAX_BITS: usize = 4096;

/// A key that verifies.
#[derive(Clone)]
pub(in crate::key) enum Verifier {
    Engine { algorithm: jsonwebtoken::Algorithm, key: DecodingKey },
    LongestSalt { algorithm: Algorithm, key: RsaPublicKey },
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
        Some(Self::Engine { algorithm, key: key.clone() })
    }

    /// PSS with the longest salt that the key has room for.
    pub(in crate::key) fn prepare_longest_salt(
        algorithm: Algorithm,
        key: &DecodingKey,
    ) -> Option<Self> {
        let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { return None };
        let key = RsaPublicKey::new(BigUint::from_bytes_be(n), BigUint::from_bytes_be(e)).ok()?;
        Some(Self::LongestSalt { algorithm, key })
    }

    /// Whether the signature belongs to the message; its length has been judged before.
    pub(in crate::key) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Engine { algorithm, key } => (PROVIDER.verifier_factory)(algorithm, key)
                .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok()),
            Self::LongestSalt { algorithm: Algorithm::PS256, key } => {
                verify_longest_salt::<Sha256>(key, message, signature)
            }
            Self::LongestSalt { algorithm: Algorithm::PS384, key } => {
                verify_longest_salt::<Sha384>(key, message, signature)
            }
            Self::LongestSalt { algorithm: Algorithm::PS512, key } => {
                verify_longest_salt::<Sha512>(key, message, signature)
            }
            Self::LongestSalt { .. } => false,
        }
    }
}

/// RFC 8017 §9.1.2: the encoded message has one bit less than the modulus, and holds digest, salt
/// and two bytes.
fn verify_longest_salt<D>(key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> bool
where
    D: Digest + DynDigest + Send + Sync + 'static,
{
    let encoded_len = key.n().bits().saturating_sub(1).div_ceil(8);
    let salt_len = encoded_len.saturating_sub(<D as Digest>::output_size() + 2);
    key.verify(Pss::new_with_salt::<D>(salt_len), &D::digest(message), signature).is_ok()
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
