//! Tokens that no signer of ours would make, signed with a secret that the tests share.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use std::task::{Context, Poll, Waker};

use base64_simd::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jam_core::clock::ManualClock;
use jam_core::jwt::{JwtBackend, JwtBackendBuilder};
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::request::RequestView;
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

/// A request in plain data.
pub struct Request<'r> {
    pub method: &'r str,
    pub target: &'r str,
    pub headers: Vec<(&'r str, Vec<u8>)>,
}

impl<'r> Request<'r> {
    pub fn get(target: &'r str) -> Self {
        Self { method: "GET", target, headers: Vec::new() }
    }

    pub fn with(mut self, name: &'r str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }
}

impl RequestView for Request<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        for (known, value) in &self.headers {
            if known.eq_ignore_ascii_case(name) {
                visit(value);
            }
        }
    }
}

/// Runs a future that never waits, as all of core's are without a store.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing to wait for"),
    }
}
