//! The floor of the request table: what a careful hand writes for one service, one key and one kind
//! of token. A header lookup, a prepared HMAC, one pass of serde, and the four checks.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64_simd::{Out, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::claims::{AUDIENCE, Claims, ISSUER};

/// The key, and the header segment of every token that it signed.
pub struct Floor {
    /// The prepared key.
    pub key: Hmac<Sha256>,
    /// The encoded header with the dot behind it.
    pub header: String,
}

/// Whoever is calling.
pub struct Caller(pub Claims);

impl FromRequestParts<Arc<Floor>> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, floor: &Arc<Floor>) -> Result<Self, StatusCode> {
        let header = parts.headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        header
            .and_then(|value| value.strip_prefix(b"Bearer "))
            .and_then(|token| floor.verify(token))
            .map(Caller)
            .ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl Floor {
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
