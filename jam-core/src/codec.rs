//! From data to the text of a token and back: the replaceable part that makes a credential carry
//! its own data.
//!
//! A codec of your own is these two functions; `decode` returns nothing that it did not
//! authenticate.
//!
//! ```
//! use jam_core::codec::{SealedCodec, TokenCodec};
//!
//! # fn main() -> Result<(), jam_core::Error> {
//! let codec = SealedCodec::new(["a secret of at least 32 bytes, please"])?;
//! let token = codec.encode(r#"{"user":"alice"}"#)?;
//! assert_eq!(codec.decode(token.as_bytes())?, r#"{"user":"alice"}"#);
//! assert!(codec.decode(b"anything else").is_err());
//! # Ok(())
//! # }
//! ```

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde_json::value::RawValue;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::jwt::JwtBackend;
use crate::key::{Algorithm, Key, KeyRing};

/// Turns data into the text of a token and back.
pub trait TokenCodec: Send + Sync {
    /// A token that carries `json`, one JSON object. Of letters, digits and `-._~+/`, with `=` at the
    /// end at most, so that it may stand in a header and in a cookie (RFC 9110 §11.2).
    ///
    /// # Errors
    ///
    /// The codec's own; [`ErrorKind::Unavailable`] without random numbers.
    fn encode(&self, json: &str) -> Result<String, Error>;

    /// What a token carries, if it is authentic.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] or [`ErrorKind::BadSignature`], and nothing of what it carries.
    fn decode(&self, token: &[u8]) -> Result<String, Error>;

    /// What it is called in [`describe`](crate::Jam::describe).
    fn name(&self) -> &'static str {
        "custom"
    }
}

/// Longer than any cookie, chunked ones included.
const MAX_TOKEN: usize = 64 * 1024;
/// As many secrets as are tried.
const MAX_SECRETS: usize = 8;
const NONCE: usize = 24;

/// Keys derived from secrets (HKDF-SHA256, RFC 5869) for one purpose: the same secret elsewhere gives
/// other keys. The first writes, all read.
struct Derived<T>(Vec<T>);

impl<T> Derived<T> {
    fn new<S: AsRef<[u8]>>(
        secrets: impl IntoIterator<Item = S>,
        purpose: &[u8],
        make: impl Fn(&[u8; 32]) -> Result<T, Error>,
    ) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for secret in secrets {
            let secret = secret.as_ref();
            // What may be a secret is decided at one door.
            Key::from_secret(Algorithm::HS256, secret)?;
            let mut key = Zeroizing::new([0; 32]);
            Hkdf::<Sha256>::new(None, secret)
                .expand(purpose, &mut *key)
                .map_err(|_| ErrorKind::Unavailable)?;
            keys.push(make(&key)?);
        }
        match keys.len() {
            0 => Err(Error::new(ErrorKind::InvalidConfig, "a codec needs at least one secret")),
            1..=MAX_SECRETS => Ok(Self(keys)),
            many => Err(Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "{many} secrets are more than the {MAX_SECRETS} that are tried; retire some"
                ),
            )),
        }
    }

    fn first(&self) -> Result<&T, Error> {
        self.0.first().ok_or_else(|| ErrorKind::Unavailable.into())
    }
}

/// Sealed tokens: nobody reads or changes what they carry. XChaCha20-Poly1305 with a random nonce.
pub struct SealedCodec(Derived<XChaCha20Poly1305>);

impl SealedCodec {
    const PURPOSE: &[u8] = b"jam sealed token 1";

    /// With secrets of 32 bytes at least: the first seals, all open.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WeakOrInvalidKey`] for a secret that is none, [`ErrorKind::InvalidConfig`] for
    /// none or more than eight.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        Derived::new(secrets, Self::PURPOSE, |key| Ok(XChaCha20Poly1305::new(key.into()))).map(Self)
    }
}

impl TokenCodec for SealedCodec {
    fn encode(&self, json: &str) -> Result<String, Error> {
        let mut token = vec![0; NONCE];
        getrandom::fill(&mut token).map_err(|_| ErrorKind::Unavailable)?;
        let nonce = XNonce::try_from(token.as_slice()).map_err(|_| ErrorKind::Unavailable)?;
        let payload = Payload { msg: json.as_bytes(), aad: Self::PURPOSE };
        let sealed =
            self.0.first()?.encrypt(&nonce, payload).map_err(|_| ErrorKind::Unavailable)?;
        token.extend(sealed);
        Ok(URL_SAFE_NO_PAD.encode_to_string(token))
    }

    fn decode(&self, token: &[u8]) -> Result<String, Error> {
        let bytes = bytes(token)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or(ErrorKind::Malformed)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| ErrorKind::Malformed)?;
        let open = |key: &XChaCha20Poly1305| {
            key.decrypt(&nonce, Payload { msg: sealed, aad: Self::PURPOSE }).ok()
        };
        text(self.0.0.iter().find_map(open).ok_or(ErrorKind::BadSignature)?)
    }

    fn name(&self) -> &'static str {
        "sealed"
    }
}

/// Signed tokens: everybody reads what they carry, nobody changes it. HMAC-SHA256.
pub struct SignedCodec(Derived<Hmac<Sha256>>);

impl SignedCodec {
    const PURPOSE: &[u8] = b"jam signed token 1";

    /// With secrets of 32 bytes at least: the first signs, all verify.
    ///
    /// # Errors
    ///
    /// As [`SealedCodec::new`].
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        Derived::new(secrets, Self::PURPOSE, |key| {
            Hmac::new_from_slice(key).map_err(|_| ErrorKind::Unavailable.into())
        })
        .map(Self)
    }
}

impl TokenCodec for SignedCodec {
    fn encode(&self, json: &str) -> Result<String, Error> {
        let mut token = URL_SAFE_NO_PAD.encode_to_string(json);
        let mac = self.0.first()?.clone().chain_update(&token).finalize().into_bytes();
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode_to_string(mac));
        Ok(token)
    }

    fn decode(&self, token: &[u8]) -> Result<String, Error> {
        let dot = memchr::memchr(b'.', token).ok_or(ErrorKind::Malformed)?;
        let (payload, mac) = token.split_at_checked(dot).ok_or(ErrorKind::Malformed)?;
        let mac = bytes(mac.get(1..).unwrap_or_default())?;
        let holds =
            |key: &Hmac<Sha256>| key.clone().chain_update(payload).verify_slice(&mac).is_ok();
        if !self.0.0.iter().any(holds) {
            return Err(ErrorKind::BadSignature.into());
        }
        text(bytes(payload)?)
    }

    fn name(&self) -> &'static str {
        "signed"
    }
}

/// Signed tokens in the form of JWTs of a type of their own, `jam-session+jwt`: no access token is
/// ever taken for one, nor the other way round, under the same keys.
pub struct JwtCodec(JwtBackend);

impl JwtCodec {
    /// The first key signs, all verify.
    ///
    /// # Errors
    ///
    /// As [`JwtBackendBuilder::build`](crate::jwt::JwtBackendBuilder::build).
    pub fn new(keys: KeyRing) -> Result<Self, Error> {
        JwtBackend::builder(keys)
            .token_type("jam-session+jwt")
            .allow_missing_exp()
            .max_token_bytes(MAX_TOKEN)
            .build()
            .map(Self)
    }
}

impl TokenCodec for JwtCodec {
    fn encode(&self, json: &str) -> Result<String, Error> {
        let claims: &RawValue =
            serde_json::from_str(json).map_err(|_| ErrorKind::InvalidPayload)?;
        self.0.signer().sign_without_expiry(claims)
    }

    fn decode(&self, token: &[u8]) -> Result<String, Error> {
        Ok(self.0.verifier().verify_raw(token)?.payload_json().to_owned())
    }

    fn name(&self) -> &'static str {
        "jwt"
    }
}

fn bytes(token: &[u8]) -> Result<Vec<u8>, Error> {
    if token.len() > MAX_TOKEN {
        return Err(ErrorKind::Malformed.into());
    }
    URL_SAFE_NO_PAD.decode_to_vec(token).map_err(|_| ErrorKind::Malformed.into())
}

fn text(bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| ErrorKind::Malformed.into())
}

macro_rules! silent_debug {
    ($($codec:ident),*) => {$(
        impl fmt::Debug for $codec {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($codec), "([redacted])"))
            }
        }
    )*};
}

silent_debug!(SealedCodec, SignedCodec, JwtCodec);

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old secret of more than 32 bytes, long";
    const NEW: &str = "a new secret of more than 32 bytes!";
    const JSON: &str = r#"{"user":"alice","n":1}"#;

    fn codecs(secrets: &[&str]) -> Vec<Box<dyn TokenCodec>> {
        let keys =
            secrets.iter().map(|secret| Key::from_secret(Algorithm::HS256, *secret).unwrap());
        let keys =
            keys.enumerate().map(|(n, key)| key.with_id(format!("{}", secrets[n].len())).unwrap());
        vec![
            Box::new(SealedCodec::new(secrets).unwrap()),
            Box::new(SignedCodec::new(secrets).unwrap()),
            Box::new(JwtCodec::new(KeyRing::new(keys).unwrap()).unwrap()),
        ]
    }

    #[test]
    fn what_the_first_secret_wrote_every_ring_with_it_reads() {
        let before = codecs(&[OLD]);
        for (n, overlap) in codecs(&[NEW, OLD]).iter().enumerate() {
            let token = before[n].encode(JSON).unwrap();
            assert_eq!(overlap.decode(token.as_bytes()).unwrap(), JSON);
            let token = overlap.encode(JSON).unwrap();
            assert_eq!(codecs(&[NEW])[n].decode(token.as_bytes()).unwrap(), JSON);
            assert!(before[n].decode(token.as_bytes()).is_err());
        }
    }

    #[test]
    fn g40_a_token_of_one_codec_is_refused_by_the_others_under_the_same_secret() {
        let all = codecs(&[OLD]);
        for (i, writer) in all.iter().enumerate() {
            let token = writer.encode(JSON).unwrap();
            for (j, reader) in all.iter().enumerate() {
                assert_eq!(reader.decode(token.as_bytes()).is_ok(), i == j, "{i} {j}");
            }
        }
        let jwt = JwtBackend::builder(
            KeyRing::new([Key::from_secret(Algorithm::HS256, OLD).unwrap()]).unwrap(),
        );
        let jwt = jwt.allow_missing_exp().build().unwrap();
        let keys = KeyRing::new([Key::from_secret(Algorithm::HS256, OLD).unwrap()]).unwrap();
        let codec = JwtCodec::new(keys).unwrap();
        let session = codec.encode(r#"{"sub":"alice"}"#).unwrap();
        assert!(jwt.verifier().verify_raw(&session).is_err());
        let access = jwt.sign(&jwt.payload().subject("alice").build().unwrap()).unwrap();
        assert!(codec.decode(access.as_bytes()).is_err());
    }

    #[test]
    fn g21_any_changed_byte_of_a_token_is_refused() {
        for codec in codecs(&[OLD]) {
            let token = codec.encode(JSON).unwrap().into_bytes();
            for place in 0..token.len() {
                for bit in 0..7 {
                    let mut forged = token.clone();
                    forged[place] ^= 1 << bit;
                    assert!(codec.decode(&forged).is_err(), "{} {place} {bit}", codec.name());
                }
            }
            for length in 0..token.len() {
                assert!(codec.decode(&token[..length]).is_err(), "{} {length}", codec.name());
            }
            assert!(codec.decode(&[b'A'; 2 * MAX_TOKEN]).is_err());
        }
    }

    #[test]
    fn g35_a_weak_secret_and_another_kind_of_key_are_refused() {
        for bad in ["", "short", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"]
        {
            assert_eq!(SealedCodec::new([bad]).unwrap_err().kind(), ErrorKind::WeakOrInvalidKey);
            assert_eq!(SignedCodec::new([bad]).unwrap_err().kind(), ErrorKind::WeakOrInvalidKey);
        }
        assert!(SealedCodec::new(Vec::<&str>::new()).is_err());
        assert!(SealedCodec::new([OLD; 9]).is_err());
    }

    #[test]
    fn a_sealed_token_shows_nothing_and_never_repeats() {
        let codec = SealedCodec::new([OLD]).unwrap();
        let (one, other) = (codec.encode(JSON).unwrap(), codec.encode(JSON).unwrap());
        assert_ne!(one, other);
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(&one).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"alice"));
    }
}
