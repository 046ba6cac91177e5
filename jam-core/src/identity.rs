//! Who is calling.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::DeserializeOwned;

use crate::clock::NumericDate;
use crate::flow::{Caller, Flow};
use crate::scope::scopes_of;

/// A type that claims can be read into: anything with `serde::Deserialize` that owns its data.
#[diagnostic::on_unimplemented(
    message = "the payload type `{Self}` cannot be read from a token",
    label = "`{Self}` does not implement `serde::Deserialize`",
    note = "add `#[derive(serde::Deserialize)]` to `{Self}`; it must also be `Send + Sync + 'static` and own its data"
)]
pub trait FromPayload: DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Send + Sync + 'static> FromPayload for T {}

/// How an identity was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Via {
    /// By a signed token.
    Jwt,
    /// By a session that somebody is logged in to.
    Session,
}

impl Via {
    /// `jwt` or `session`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Session => "session",
        }
    }
}

/// A verified caller: the payload `P`, and how it was proven. Dereferences to the payload.
#[derive(Clone)]
pub struct Identity<P> {
    /// It goes from hand to hand on its way to the handler, and may be large.
    payload: Box<P>,
    /// The flow that verified it keeps the claims; nothing is copied out of them unasked.
    flow: Flow,
}

impl<P> Identity<P> {
    pub(crate) fn new(payload: Box<P>, flow: Flow) -> Self {
        Self { payload, flow }
    }

    /// The user's type.
    pub fn payload(&self) -> &P {
        &self.payload
    }

    /// The user's type, by value.
    pub fn into_payload(self) -> P {
        *self.payload
    }

    /// How it was proven.
    pub fn via(&self) -> Via {
        match self.flow.caller() {
            Caller::Session(_) => Via::Session,
            _ => Via::Jwt,
        }
    }

    /// `sub`.
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        match self.flow.caller() {
            Caller::Token(token) => token.open().subject(),
            Caller::Session(record) => record.subject().map(Cow::Borrowed),
            _ => None,
        }
    }

    /// The scopes granted; see [`RawVerified::scopes`](crate::jwt::RawVerified::scopes).
    pub fn scopes(&self) -> Vec<Cow<'_, str>> {
        scopes_of(self.claims_json())
    }

    /// Whether a scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().iter().any(|granted| granted == scope)
    }

    /// When the identity ends, if it does; a session may be used beyond, which moves it.
    pub fn expires_at(&self) -> Option<NumericDate> {
        match self.flow.caller() {
            Caller::Token(token) => token.open().expires_at(),
            Caller::Session(record) => NumericDate::from_seconds(record.expires_at().as_secs()),
            _ => None,
        }
    }

    /// All claims as JSON text.
    pub fn claims_json(&self) -> &str {
        match self.flow.caller() {
            Caller::Token(token) => token.open().payload_json(),
            Caller::Session(record) => record.claims_json().unwrap_or("{}"),
            _ => "{}",
        }
    }
}

impl<P> Deref for Identity<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.payload
    }
}

impl<P: fmt::Debug> fmt::Debug for Identity<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("payload", &self.payload)
            .field("via", &self.via())
            .finish()
    }
}
