//! Keys, admitted through one checked door and prepared once.
//!
//! A [`Key`] is bound to one [`Algorithm`] when it is loaded, and nothing in a token changes that
//! (RFC 8725 §3.1). Whatever is too weak, broken or of the wrong kind is refused here, with a
//! message that says what to do, so that verification need not ask again.
//!
//! ```
//! use jam_core::key::{Algorithm, Key, KeyRing};
//!
//! let new = Key::generate(Algorithm::EdDSA)?.with_id("2026-11")?;
//! let old = Key::from_secret(Algorithm::HS256, "thirty-two bytes are the minimum")?;
//! let ring = KeyRing::new([new, old])?;
//!
//! assert_eq!(ring.keys().len(), 2);
//! assert_eq!(ring.public_jwks()["keys"].as_array().map(Vec::len), Some(1));
//! assert!(Key::from_secret(Algorithm::HS256, "too short").is_err());
//! # Ok::<(), jam_core::Error>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Error, ErrorKind};

mod algorithm;
mod der;
mod engine;
mod export;
mod generate;
mod jwk;
mod legacy;
mod material;
mod pem;
mod pkcs1;
mod ring;
mod roca;
mod secret;
#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
use jwk::Purpose;
pub(crate) use legacy::Legacy;
use legacy::LegacyVerifier;
use material::Material;
pub use ring::KeyRing;

/// Bytes of the longest key id.
const MAX_ID_LEN: usize = 256;

/// Bytes of the longest signature: RSA with 8192 bits.
pub(crate) const MAX_SIGNATURE_LEN: usize = 1024;

/// A key that was checked and prepared, bound to one algorithm. Cheap to clone.
///
/// Its `Debug` shows id, algorithm and issuer, and whether it signs; never the key.
#[derive(Clone)]
pub struct Key {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    algorithm: Algorithm,
    id: Option<String>,
    issuer: Option<String>,
    signature_len: usize,
    verifier: engine::Verifier,
    /// What else verifies, where a legacy switch is on.
    legacy: Option<LegacyVerifier>,
    signer: Option<engine::Signer>,
    material: Material,
}

impl Key {
    /// A secret for HS256, HS384 or HS512, as bytes: at least 32, 48 or 64 of them (RFC 7518 §3.2),
    /// from a random generator. A passphrase is no secret; there is no key derivation.
    ///
    /// # Errors
    /// [`ErrorKind::WeakOrInvalidKey`] when the secret is too short, longer than 4096 bytes, or
    /// plainly another kind of key: PEM, DER, SSH or JWK text, or an EC point.
    pub fn from_secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::admit(algorithm, secret::material(algorithm, secret.as_ref())?, "secret", true)
    }

    /// A secret like [`from_secret`](Self::from_secret), in base64url without padding.
    ///
    /// # Errors
    /// As there, and when the text is not base64url.
    pub fn from_secret_base64url(algorithm: Algorithm, text: &str) -> Result<Self, Error> {
        Self::from_secret(algorithm, &*secret::decode(text)?)
    }

    /// A key in PEM (RFC 7468): `PUBLIC KEY` or `RSA PUBLIC KEY` verifies; `PRIVATE KEY`,
    /// `RSA PRIVATE KEY` or `EC PRIVATE KEY` signs, too.
    ///
    /// # Errors
    /// [`ErrorKind::WeakOrInvalidKey`] when the text holds no such key, or one that is weak, broken
    /// or of another kind than the algorithm needs; [`ErrorKind::NotAvailable`] for a private RSA
    /// key with the `rust_crypto` backend.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::admit(algorithm, pem::material(algorithm, pem.as_ref())?, "PEM", true)
    }

    /// A key in DER: SPKI or PKCS #1 public, PKCS #8, PKCS #1 or SEC 1 private.
    ///
    /// # Errors
    /// As for [`from_pem`](Self::from_pem).
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        if algorithm.is_symmetric() {
            return Err(refuse(format!(
                "{algorithm} takes a secret and no DER key: `jam keys generate --algorithm \
                 {algorithm}` makes a secret"
            )));
        }
        Self::admit(algorithm, der::material(algorithm, der)?, "DER", true)
    }

    /// A key as JWK text (RFC 7517), which brings its `kid` as id. With `None` the algorithm is the
    /// JWK's own `alg`, or the only one that fits its kind.
    ///
    /// # Errors
    /// [`ErrorKind::WeakOrInvalidKey`] when the text is no strict JSON, `alg` is another one, `use`
    /// or `key_ops` exclude signatures, or the key is weak, broken or of another kind;
    /// [`ErrorKind::NotAvailable`] for a private RSA key with the `rust_crypto` backend.
    pub fn from_jwk(algorithm: Option<Algorithm>, jwk: &str) -> Result<Self, Error> {
        let jwk = jwk::object(jwk)?;
        match jwk.purpose()? {
            Purpose::Signatures(operations) => jwk.key(jwk.algorithm(algorithm)?, operations),
            Purpose::Other => Err(refuse(
                "`use` or `key_ops` of this JWK say that it is not for signatures: make a key \
                 with `use` \"sig\"",
            )),
        }
    }

    /// A new key from the operating system's random numbers: a secret as long as the hash, an RSA
    /// key of 2048 bits, or a key on the curve of the algorithm.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when the operating system gives no random numbers;
    /// [`ErrorKind::NotAvailable`] for RSA with the `rust_crypto` backend.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        Self::admit(algorithm, generate::material(algorithm)?, "key", true)
    }

    /// The same key with an id, which tokens carry as `kid`.
    ///
    /// # Errors
    /// [`ErrorKind::WeakOrInvalidKey`] unless the id has 1 to 256 bytes of printable ASCII.
    pub fn with_id(mut self, id: impl Into<String>) -> Result<Self, Error> {
        let id = id.into();
        if id.is_empty()
            || id.len() > MAX_ID_LEN
            || !id.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        {
            return Err(refuse(format!(
                "a key id (`kid`) has 1 to {MAX_ID_LEN} printable ASCII characters: choose a \
                 shorter or plainer one"
            )));
        }
        Arc::make_mut(&mut self.inner).id = Some(id);
        Ok(self)
    }

    /// The same key, signing for this issuer alone.
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.inner).issuer = Some(issuer.into());
        self
    }

    /// The id, which tokens carry as `kid`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.inner.id.as_deref()
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.inner.algorithm
    }

    /// The only issuer whose tokens this key signs and verifies; `None` for any.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.inner.issuer.as_deref()
    }

    /// Whether the private part is there.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        self.inner.signer.is_some()
    }

    /// The public JWK with `use`, `alg` and `kid`; `None` for a secret.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Value> {
        export::public_jwk(self)
    }

    /// The private JWK (or the secret as a JWK), wiped from memory when dropped; `None` for a public
    /// key. Whoever reads it can sign.
    #[must_use]
    pub fn danger_private_jwk(&self) -> Option<Zeroizing<String>> {
        export::private_jwk(self)
    }

    /// The private key as PKCS #8 in PEM, wiped from memory when dropped; `None` for a secret and for
    /// a public key. Whoever reads it can sign.
    #[must_use]
    pub fn danger_private_pem(&self) -> Option<Zeroizing<String>> {
        export::private_pem(self)
    }

    /// Whether `signature` is this key's signature of `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let inner = &*self.inner;
        let is_regular =
            signature.len() == inner.signature_len && inner.verifier.verify(message, signature);
        is_regular || inner.legacy.as_ref().is_some_and(|legacy| legacy.verify(message, signature))
    }

    /// The same key, which verifies what a legacy switch lets in as well. It signs as before.
    pub(crate) fn with_legacy(mut self, legacy: Legacy) -> Self {
        let verifier = LegacyVerifier::prepare(&self.inner, legacy);
        if verifier.is_some() {
            Arc::make_mut(&mut self.inner).legacy = verifier;
        }
        self
    }

    /// Writes the signature of `message` to the front of `out` and answers its length.
    pub(crate) fn sign(
        &self,
        message: &[u8],
        out: &mut [u8; MAX_SIGNATURE_LEN],
    ) -> Result<usize, Error> {
        let Some(signer) = &self.inner.signer else {
            return Err(refuse(
                "this key only verifies: put a private key or a secret first into the ring",
            ));
        };
        let len = self.inner.signature_len;
        signer.sign(message, out.get_mut(..len).ok_or(ErrorKind::Unavailable)?)?;
        Ok(len)
    }

    /// Bytes of every signature by this key.
    pub(crate) fn signature_len(&self) -> usize {
        self.inner.signature_len
    }

    fn material(&self) -> &Material {
        &self.inner.material
    }

    /// The door: binds checked material to an algorithm it fits, and prepares it.
    fn admit(
        algorithm: Algorithm,
        material: Material,
        format: &'static str,
        signs: bool,
    ) -> Result<Self, Error> {
        if !material.fits(algorithm) {
            return Err(mismatch(format, &material.describe(), algorithm));
        }
        let material = if signs { material } else { material.without_private() };
        let verifier = engine::Verifier::prepare(algorithm, &material.decoding_key())
            .ok_or_else(|| refuse("the crypto backend refuses this key: export it again"))?;
        let signer = match material.encoding_key().filter(|_| signs) {
            Some(key) => Some(engine::Signer::prepare(algorithm, &key)?),
            None => None,
        };
        let signature_len = material.signature_len(algorithm);
        Ok(Self {
            inner: Arc::new(Inner {
                algorithm,
                id: None,
                issuer: None,
                signature_len,
                verifier,
                legacy: None,
                signer,
                material,
            }),
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id())
            .field("algorithm", &self.algorithm())
            .field("issuer", &self.issuer())
            .field("can_sign", &self.can_sign())
            .finish_non_exhaustive()
    }
}

/// Every refusal of a key. The message never holds a part of the key.
fn refuse(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::WeakOrInvalidKey, message)
}

/// A sound key of the wrong kind.
fn mismatch(format: &str, found: &str, algorithm: Algorithm) -> Error {
    refuse(format!(
        "this {format} holds {found}, {algorithm} needs {}: give such a key, or configure the \
         algorithm of this one",
        algorithm.needs()
    ))
}

/// A name from outside for a message: short and plain, or left out.
fn shown(name: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" -_+.".contains(&byte);
    if name.len() <= 40 && name.bytes().all(plain) { name } else { "something unreadable" }
}
