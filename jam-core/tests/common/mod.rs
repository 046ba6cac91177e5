//! Tokens that no signer of ours would make, signed with a secret that the tests share.
#![allow(dead_code, missing_docs, unreachable_pub)]

use base64_simd::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jam_core::clock::ManualClock;
use jam_core::jwt::{JwtBackend, JwtBackendBuilder};
use jam_core::key::{Algorithm, Key, KeyRing};
use sha2::Sha256;

pub const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
pub const NOW: u64 = 1_700_000_000;

/// A key without an id.
pub fn key() -> Key {
    Key::from_secret(Algorithm::HS256, SECRET).unwrap()
}

/// A backend at [`NOW`] with the key.
pub fn backend() -> JwtBackendBuilder {
    JwtBackend::builder(KeyRing::new([key()]).unwrap()).clock(ManualClock::new(NOW))
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Signs any header and any payload with HMAC-SHA-256 under [`SECRET`].
pub fn forge(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign(&format!("{}.{}", encode(header), encode(payload)))
}

pub fn sign(message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", encode(mac.finalize().into_bytes()))
}

/// A token with an ordinary header and these claims.
pub fn token(claims: &str) -> String {
    forge(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}
