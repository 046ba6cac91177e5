//! The floors of the request tables: what a careful hand writes for one service. Of a token: one key
//! and one kind, a prepared HMAC, one pass of serde, and the four checks. Of a session: the cookie
//! found, its session looked up, and shared.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64_simd::{Out, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::claims::{AUDIENCE, Claims, ISSUER};
use crate::subject::Subject;

/// The key, and the header segment of every token that it signed.
pub struct TokenFloor {
    key: Hmac<Sha256>,
    header: String,
}

impl TokenFloor {
    /// For the tokens of the subject.
    pub fn new(subject: &Subject) -> Result<Self> {
        let (header, _) = subject.token.split_once('.').context("no token")?;
        let key = Hmac::new_from_slice(&subject.secret()?)?;
        Ok(Self { key, header: format!("{header}.") })
    }

    /// Whoever is calling, by the value of `Authorization`.
    pub fn caller(&self, authorization: Option<&[u8]>) -> Option<Claims> {
        self.verify(authorization?.strip_prefix(b"Bearer ")?)
    }

    fn verify(&self, token: &[u8]) -> Option<Claims> {
        let dot = token.iter().rposition(|byte| *byte == b'.')?;
        let (message, signature) = (&token[..dot], &token[dot + 1..]);
        let mut room = [0; 48];
        if URL_SAFE_NO_PAD.estimated_decoded_length(signature.len()) > room.len() {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature, Out::from_slice(&mut room)).ok()?;
        self.key.clone().chain_update(message).verify_slice(signature).ok()?;

        let payload = message.strip_prefix(self.header.as_bytes())?;
        let mut room = [0; 1024];
        if URL_SAFE_NO_PAD.estimated_decoded_length(payload.len()) > room.len() {
            return None;
        }
        let payload = URL_SAFE_NO_PAD.decode(payload, Out::from_slice(&mut room)).ok()?;
        let claims: Claims = serde_json::from_str(str::from_utf8(payload).ok()?).ok()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let good = now < claims.exp && claims.nbf <= now;
        (good && claims.iss == ISSUER && claims.aud == AUDIENCE).then_some(claims)
    }
}

/// The sessions, by the value of their cookie.
#[derive(Default)]
pub struct SessionFloor(RwLock<HashMap<String, Arc<Kept>>>);

/// A session.
pub struct Kept {
    /// What is in it.
    pub number: u64,
}

impl SessionFloor {
    const COOKIE: &str = "session=";

    /// Begins a session: its cookie.
    pub fn begin(&self, id: &str, number: u64) -> String {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(id.to_owned(), Arc::new(Kept { number }));
        format!("{}{id}", Self::COOKIE)
    }

    /// The session of a request, by the value of `Cookie`.
    pub fn find(&self, cookies: Option<&[u8]>) -> Option<Arc<Kept>> {
        let cookies = str::from_utf8(cookies?).ok()?;
        let id = cookies.split("; ").find_map(|cookie| cookie.strip_prefix(Self::COOKIE))?;
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}
