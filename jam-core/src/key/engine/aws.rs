//! aws-lc-rs, with every key parsed once, when it is loaded; HMAC and the verification of Ed25519
//! by libraries that were measured to be faster.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair,
    ParsedPublicKey, RsaKeyPair, RsaParameters, RsaPssSaltLength, RsaPublicKeyComponents,
    RsaSignatureEncoding,
};
use ed25519_dalek::VerifyingKey;
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::{DecodingKey, DecodingKeyKind, EncodingKey};
use zeroize::Zeroizing;

use super::mac::Mac;
use crate::key::algorithm::{Algorithm, Curve, Family};
use crate::key::refuse;
use crate::{Error, ErrorKind};

pub(super) static PROVIDER: &CryptoProvider = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;

/// Bits of the longest RSA modulus that verifies here.
pub(in crate::key) const RSA_MAX_BITS: usize = 8192;

/// A key that verifies, prepared.
#[derive(Clone)]
pub(in crate::key) enum Verifier {
    Hmac(Box<Mac>),
    Public(ParsedPublicKey),
    Ed(Box<VerifyingKey>),
}

/// A key that signs, prepared.
#[derive(Clone)]
pub(in crate::key) enum Signer {
    Hmac(Box<Mac>),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Verifier {
    /// `None` when the key is not valid for the algorithm; its strength is judged elsewhere.
    pub(in crate::key) fn prepare(algorithm: Algorithm, key: &DecodingKey) -> Option<Self> {
        if let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() {
            return Self::prepare_rsa(rsa_verification(algorithm)?, n, e);
        }
        let bytes = key.try_get_as_bytes().ok()?;
        match algorithm.family() {
            Family::Hmac => Some(Self::Hmac(Box::new(Mac::prepare(algorithm, bytes)?))),
            Family::Ec(curve) => {
                ParsedPublicKey::new(ec_verification(curve), bytes).ok().map(Self::Public)
            }
            // Measured 1.24 times as fast as this library's own.
            Family::Ed => VerifyingKey::from_bytes(bytes.try_into().ok()?)
                .ok()
                .map(|key| Self::Ed(Box::new(key))),
            Family::Rsa => None,
        }
    }

    /// PSS with the longest salt that the key has room for.
    pub(in crate::key) fn prepare_longest_salt(
        algorithm: Algorithm,
        key: &DecodingKey,
    ) -> Option<Self> {
        let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { return None };
        Self::prepare_rsa(longest_salt(algorithm)?, n, e)
    }

    fn prepare_rsa(parameters: &'static RsaParameters, n: &[u8], e: &[u8]) -> Option<Self> {
        RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok().map(Self::Public)
    }

    /// Whether the signature belongs to the message; its length has been judged before.
    pub(in crate::key) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hmac(key) => key.verify(message, signature),
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
            // `verify_strict` would also refuse a small-order R. That changes nothing once the key
            // itself is not of small order, and costs a point decompression.
            Self::Ed(key) => {
                ed25519_dalek::Signature::from_slice(signature).is_ok_and(|signature| {
                    ed25519_dalek::Verifier::verify(&**key, message, &signature).is_ok()
                })
            }
        }
    }
}

impl Signer {
    /// # Errors
    /// [`ErrorKind::WeakOrInvalidKey`] when the key's numbers contradict each other.
    pub(in crate::key) fn prepare(algorithm: Algorithm, key: &EncodingKey) -> Result<Self, Error> {
        let bytes = key.as_bytes();
        let signer = match algorithm.family() {
            Family::Hmac => Mac::prepare(algorithm, bytes).map(|key| Self::Hmac(Box::new(key))),
            Family::Rsa => RsaKeyPair::from_der(bytes)
                .ok()
                .zip(rsa_signing(algorithm))
                .map(|(pair, encoding)| Self::Rsa(pair, encoding)),
            Family::Ec(curve) => {
                EcdsaKeyPair::from_pkcs8(ec_signing(curve), bytes).ok().map(Self::Ec)
            }
            Family::Ed => Ed25519KeyPair::from_pkcs8(bytes).ok().map(Self::Ed),
        };
        signer.ok_or_else(|| {
            refuse("the numbers of this private key contradict each other: export the key again")
        })
    }

    /// Fills `out`, which has exactly the length of a signature.
    ///
    /// ECDSA draws its nonce from the system's random numbers and a hash of key and message, so
    /// that a failing generator alone does not give the key away (RFC 8725 §3.2).
    pub(in crate::key) fn sign(&self, message: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let done = match self {
            Self::Hmac(key) => {
                key.sign(message, out);
                Ok(())
            }
            Self::Rsa(pair, encoding) => pair.sign(*encoding, &SystemRandom::new(), message, out),
            Self::Ec(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| out.copy_from_slice(signature.as_ref())),
            Self::Ed(pair) => {
                pair.try_sign(message).map(|signature| out.copy_from_slice(signature.as_ref()))
            }
        };
        done.map_err(|_| Error::from(ErrorKind::Unavailable))
    }
}

/// A new RSA key of 2048 bits, as PKCS #8.
pub(in crate::key) fn generate_rsa() -> Result<Zeroizing<Vec<u8>>, Error> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| ErrorKind::Unavailable)?;
    let document: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| ErrorKind::Unavailable)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// The salt of PSS is as long as the digest and of no other length (RFC 7518 §3.5).
fn rsa_verification(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn longest_salt(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    const fn longest(parameters: RsaParameters) -> RsaParameters {
        parameters.with_pss_salt_length(RsaPssSaltLength::Max)
    }
    Some(match algorithm {
        Algorithm::PS256 => &const { longest(signature::RSA_PSS_2048_8192_SHA256) },
        Algorithm::PS384 => &const { longest(signature::RSA_PSS_2048_8192_SHA384) },
        Algorithm::PS512 => &const { longest(signature::RSA_PSS_2048_8192_SHA512) },
        _ => return None,
    })
}

fn rsa_signing(algorithm: Algorithm) -> Option<&'static RsaSignatureEncoding> {
    Some(match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

fn ec_verification(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
    }
}

fn ec_signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
    }
}
