//! Signing: the header is encoded ahead, the claims are checked as verification would, and the
//! token is written into one buffer.

use std::fmt;
use std::sync::Arc;

use base64_simd::{Out, URL_SAFE_NO_PAD};
use serde::Serialize;

use super::claims::Observer;
use super::verifier::Shared;
use super::writer;
use crate::error::{Error, ErrorKind};
use crate::key::{Key, MAX_SIGNATURE_LEN};

/// Signs claims with the first key of a ring (JWS compact serialization, RFC 7515 §7.1).
///
/// Built by [`JwtBackend::builder`](super::JwtBackend::builder). Cheap to clone; clones share the
/// key ring, so a rotation reaches all of them.
#[derive(Clone)]
pub struct JwtSigner {
    pub(super) shared: Arc<Shared>,
}

impl JwtSigner {
    /// Signs claims: any type that serializes to a JSON object with an `exp`. Usually made by
    /// [`JwtBackend::payload`](super::JwtBackend::payload).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when they are no object, have no `exp`, or lack `aud` where
    /// several audiences are configured; [`ErrorKind::MalformedClaim`] when a registered claim has
    /// the wrong type; [`ErrorKind::WeakOrInvalidKey`] when the first key is a public one.
    pub fn sign<T: Serialize + ?Sized>(&self, claims: &T) -> Result<String, Error> {
        self.sign_checked(claims, false)
    }

    /// Signs claims that may lack `exp`: such a token ends only with its key.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign), but for `exp`.
    pub fn sign_without_expiry<T: Serialize + ?Sized>(&self, claims: &T) -> Result<String, Error> {
        self.sign_checked(claims, true)
    }

    fn sign_checked<T: Serialize + ?Sized>(
        &self,
        claims: &T,
        without_expiry: bool,
    ) -> Result<String, Error> {
        let keys = self.shared.keys.load();
        let key = keys.ring.signing();
        let mut observer = Observer::new(&self.shared.policy, key.issuer());
        // The JSON first, the token behind it, in one allocation for all but large payloads.
        let json = writer::write(claims, &mut observer).map_err(|error| {
            Error::new(ErrorKind::InvalidPayload, "the payload cannot be written as JSON")
                .with_source(error)
        })?;
        if !observer.complete {
            observer.scan(&json).map_err(form_fault)?;
        }
        observer
            .judge_minting(without_expiry)
            .map_err(|message| Error::new(ErrorKind::InvalidPayload, message))?;
        compose(key, keys.signed_header(), json.into_bytes())
    }
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSigner").field("key", self.shared.keys.load().ring.signing()).finish()
    }
}

fn form_fault(kind: ErrorKind) -> Error {
    let message = match kind {
        ErrorKind::MalformedClaim => {
            "a registered claim has the wrong type: exp, nbf and iat are seconds since 1970, \
             iss, sub and jti strings, aud a string or an array of strings (RFC 7519 §4.1)"
        }
        ErrorKind::TooLarge => "the payload has more members than a token may carry (2048)",
        _ => "the payload must be one JSON object without duplicate names, at most 64 levels deep",
    };
    let kind = if kind == ErrorKind::MalformedClaim { kind } else { ErrorKind::InvalidPayload };
    Error::new(kind, message)
}

/// Header, dot, payload, dot, signature: written behind the JSON, which is dropped at the end.
fn compose(key: &Key, header: &str, mut buffer: Vec<u8>) -> Result<String, Error> {
    let json_length = buffer.len();
    let message_length = header.len() + 1 + URL_SAFE_NO_PAD.encoded_length(json_length);
    let signature_length = URL_SAFE_NO_PAD.encoded_length(key.signature_len());
    buffer.reserve(message_length + 1 + signature_length);
    buffer.extend_from_slice(header.as_bytes());
    buffer.push(b'.');
    let payload_start = buffer.len();
    buffer.resize(json_length + message_length, 0);
    let (front, payload) =
        buffer.split_at_mut_checked(payload_start).ok_or(ErrorKind::Unavailable)?;
    let json = front.get(..json_length).unwrap_or_default();
    let _ = URL_SAFE_NO_PAD.encode(json, Out::from_slice(payload));
    let mut signature = [0; MAX_SIGNATURE_LEN];
    let length = key.sign(buffer.get(json_length..).unwrap_or_default(), &mut signature)?;
    buffer.push(b'.');
    URL_SAFE_NO_PAD.encode_append(signature.get(..length).unwrap_or_default(), &mut buffer);
    buffer.drain(..json_length);
    // Base64url and dots.
    String::from_utf8(buffer).map_err(|_| ErrorKind::Unavailable.into())
}

/// The encoded header segment for a key and a token type.
pub(super) fn encode_header(key: &Key, token_type: Option<&str>) -> String {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
    }
    let header = Header {
        alg: key.algorithm().as_str(),
        // Exactly "JWT": Python's Jam 3 and 4 refuse any other spelling.
        typ: token_type.unwrap_or("JWT"),
        kid: key.id(),
    };
    // Three strings always serialize; an empty header would merely sign a token nobody accepts.
    URL_SAFE_NO_PAD.encode_to_string(serde_json::to_vec(&header).unwrap_or_default())
}
