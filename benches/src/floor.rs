//! The floor of the token tables: the signature alone, with the fastest library and a key that was
//! prepared once, on exactly the bytes that the token signs. Nothing is decoded, parsed or judged.
//!
//! The fastest are RustCrypto's for HMAC (aws-lc takes 1.2 times as long for HS256, 1.06 for HS512),
//! ed25519-dalek to verify Ed25519 (aws-lc: 1.25), and aws-lc for everything else.

use anyhow::{Result, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair, RsaSignatureEncoding,
};
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use jam_core::key::Algorithm;
use sha2::{Sha256, Sha512};

use crate::subject::Subject;

/// A key that verifies.
pub enum Verifier {
    /// HS256.
    Hs256(Hmac<Sha256>),
    /// HS512.
    Hs512(Hmac<Sha512>),
    /// RS256, PS256, ES256, ES384.
    Public(ParsedPublicKey),
    /// EdDSA.
    Ed(Box<VerifyingKey>),
}

impl Verifier {
    /// Prepares the key of a subject.
    pub fn new(subject: &Subject) -> Result<Self> {
        let rsa = || anyhow::Ok(RsaKeyPair::from_pkcs8(&subject.pkcs8()?)?);
        let public = |algorithm, bytes: &[u8]| {
            anyhow::Ok(Self::Public(ParsedPublicKey::new(algorithm, bytes)?))
        };
        match subject.algorithm {
            Algorithm::HS256 => Ok(Self::Hs256(Hmac::new_from_slice(&subject.secret()?)?)),
            Algorithm::HS512 => Ok(Self::Hs512(Hmac::new_from_slice(&subject.secret()?)?)),
            Algorithm::RS256 => {
                public(&signature::RSA_PKCS1_2048_8192_SHA256, rsa()?.public_key().as_ref())
            }
            Algorithm::PS256 => {
                public(&signature::RSA_PSS_2048_8192_SHA256, rsa()?.public_key().as_ref())
            }
            Algorithm::ES256 => public(&signature::ECDSA_P256_SHA256_FIXED, &subject.point()?),
            Algorithm::ES384 => public(&signature::ECDSA_P384_SHA384_FIXED, &subject.point()?),
            Algorithm::EdDSA => {
                let point = subject.point()?;
                let key = VerifyingKey::from_bytes(point[..].try_into()?)?;
                Ok(Self::Ed(Box::new(key)))
            }
            other => bail!("the tables have no {other}"),
        }
    }

    /// Whether the signature belongs to the message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hs256(key) => key.clone().chain_update(message).verify_slice(signature).is_ok(),
            Self::Hs512(key) => key.clone().chain_update(message).verify_slice(signature).is_ok(),
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
            Self::Ed(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

/// A key that signs.
pub enum Signer {
    /// HS256.
    Hs256(Hmac<Sha256>),
    /// HS512.
    Hs512(Hmac<Sha512>),
    /// RS256, PS256.
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    /// ES256, ES384.
    Ec(EcdsaKeyPair),
    /// EdDSA.
    Ed(Box<Ed25519KeyPair>),
}

impl Signer {
    /// Prepares the key of a subject.
    pub fn new(subject: &Subject) -> Result<Self> {
        let rsa = |encoding| {
            let pair = RsaKeyPair::from_pkcs8(&subject.pkcs8()?)?;
            anyhow::Ok(Self::Rsa(pair, encoding))
        };
        let ec = |algorithm| {
            anyhow::Ok(Self::Ec(EcdsaKeyPair::from_pkcs8(algorithm, &subject.pkcs8()?)?))
        };
        match subject.algorithm {
            Algorithm::HS256 => Ok(Self::Hs256(Hmac::new_from_slice(&subject.secret()?)?)),
            Algorithm::HS512 => Ok(Self::Hs512(Hmac::new_from_slice(&subject.secret()?)?)),
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            Algorithm::ES256 => ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => {
                Ok(Self::Ed(Box::new(Ed25519KeyPair::from_pkcs8(&subject.pkcs8()?)?)))
            }
            other => bail!("the tables have no {other}"),
        }
    }

    /// Writes the signature to the front of `out`; its length, or `None` when the library failed.
    pub fn sign(&self, message: &[u8], out: &mut [u8; 512]) -> Option<usize> {
        let mut put = |signature: &[u8]| {
            out[..signature.len()].copy_from_slice(signature);
            Some(signature.len())
        };
        match self {
            Self::Hs256(key) => put(&key.clone().chain_update(message).finalize().into_bytes()),
            Self::Hs512(key) => put(&key.clone().chain_update(message).finalize().into_bytes()),
            Self::Rsa(pair, encoding) => {
                let length = pair.public_modulus_len();
                pair.sign(*encoding, &SystemRandom::new(), message, &mut out[..length]).ok()?;
                Some(length)
            }
            Self::Ec(pair) => put(pair.sign(&SystemRandom::new(), message).ok()?.as_ref()),
            Self::Ed(pair) => put(pair.try_sign(message).ok()?.as_ref()),
        }
    }
}
