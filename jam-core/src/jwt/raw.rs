//! Verified claims whose type comes later.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::claims;
use super::values::Text;
use crate::clock::NumericDate;
use crate::error::Error;
use crate::key::{Algorithm, Key};
use crate::scope::scopes_of;

/// A verified token's claims as the JSON text they came in.
///
/// What a request is known by before the handler says which type it wants: subject and scopes are
/// read from the text when they are asked for.
#[derive(Clone)]
pub struct RawVerified {
    payload: String,
    key: Key,
    expires_at: Option<NumericDate>,
}

impl RawVerified {
    pub(super) fn new(payload: String, key: Key, expires_at: Option<NumericDate>) -> Self {
        Self { payload, key, expires_at }
    }

    /// The claims as JSON text: one object, without duplicate names.
    #[must_use]
    pub fn payload_json(&self) -> &str {
        &self.payload
    }

    /// Reads the claims as `P`.
    ///
    /// # Errors
    ///
    /// [`MalformedClaim`](crate::ErrorKind::MalformedClaim) when they do not fit.
    pub fn parse<P: DeserializeOwned>(&self) -> Result<P, Error> {
        claims::retype(&self.payload)
    }

    /// `sub`, where the token has one.
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        #[derive(Deserialize)]
        struct Subject<'a> {
            #[serde(borrow)]
            sub: Option<Text<'a>>,
        }
        let subject: Subject<'_> = serde_json::from_str(&self.payload).ok()?;
        subject.sub.map(|Text(sub)| sub)
    }

    /// The scopes granted: those of `scope` (RFC 8693 §4.2: one string, split at spaces), `scopes`
    /// and `permissions`, each of which may be a string or an array of strings. Of any other JSON
    /// type, a claim grants nothing.
    #[must_use]
    pub fn scopes(&self) -> Vec<Cow<'_, str>> {
        scopes_of(&self.payload)
    }

    /// `exp`, where the token has one.
    #[must_use]
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.expires_at
    }

    /// The key that verified the token.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The algorithm of that key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }
}

impl fmt::Debug for RawVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The claims may be personal; who wants them in a log prints them himself.
        f.debug_struct("RawVerified")
            .field("key", &self.key)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
