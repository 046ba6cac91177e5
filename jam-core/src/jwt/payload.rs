//! Making payloads: the claims every token has, with the user's data laid over them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::policy::Policy;
use crate::error::{Error, ErrorKind};

/// Claims ready to be signed: members in the order in which they were set.
#[derive(Clone)]
pub struct Payload {
    members: Vec<(Cow<'static, str>, Box<RawValue>)>,
    expires: bool,
}

impl Payload {
    /// A claim as JSON text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
    }

    /// Whether [`without_expiry`](PayloadBuilder::without_expiry) was said.
    pub(super) fn may_lack_expiry(&self) -> bool {
        !self.expires
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Claims may be personal: the names suffice to find a mistake.
        f.debug_set().entries(self.members.iter().map(|(name, _)| name)).finish()
    }
}

/// Sets the claims of a [`Payload`].
///
/// It starts with `jti` (a random UUID), `iat`, `exp` and, as configured, the first issuer and the
/// first audience. What is set later replaces what was set before, the user's data included.
#[derive(Clone, Debug)]
#[must_use]
pub struct PayloadBuilder {
    payload: Payload,
    now: Duration,
    audiences: Vec<String>,
    error: Option<ErrorNote>,
}

/// The first mistake, kept until `build`, which is the one fallible call.
#[derive(Clone, Debug)]
struct ErrorNote(Cow<'static, str>);

impl PayloadBuilder {
    /// `key_issuer`: a key that signs for one issuer only settles which one writes.
    pub(super) fn new(policy: &Policy, key_issuer: Option<&str>, now: Duration) -> Self {
        let payload = Payload { members: Vec::with_capacity(8), expires: true };
        let mut builder = Self { payload, now, audiences: Vec::new(), error: None }
            .claim("jti", &Uuid::new_v4().to_string())
            .claim("iat", &now.as_secs())
            .expires_in(policy.expires_in);
        if let Some(issuer) = key_issuer.or(policy.issuers.first().map(String::as_str)) {
            builder = builder.claim("iss", issuer);
        }
        if let Some(audience) = policy.audiences.first() {
            builder = builder.claim("aud", audience);
        }
        builder
    }

    /// `iss`: who issues the token (RFC 7519 §4.1.1).
    pub fn issuer(self, issuer: impl AsRef<str>) -> Self {
        self.claim("iss", issuer.as_ref())
    }

    /// `sub`: whom the token speaks of (RFC 7519 §4.1.2).
    pub fn subject(self, subject: impl AsRef<str>) -> Self {
        self.claim("sub", subject.as_ref())
    }

    /// `aud`: for whom the token is (RFC 7519 §4.1.3). Again to add another; the first call
    /// replaces the configured one.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        match self.audiences.as_slice() {
            [one] => {
                let one = one.clone();
                self.claim("aud", &one)
            }
            many => {
                let many = many.to_vec();
                self.claim("aud", &many)
            }
        }
    }

    /// `nbf`: the time since the Unix epoch from which the token is valid (RFC 7519 §4.1.5).
    pub fn not_before(self, since_epoch: Duration) -> Self {
        self.claim("nbf", &since_epoch.as_secs())
    }

    /// `exp`: so long from now, to the second (RFC 7519 §4.1.4).
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.payload.expires = true;
        let exp = self.now.saturating_add(lifetime).as_secs();
        self.claim("exp", &exp)
    }

    /// Leaves `exp` away: such a token ends only with its key, and is accepted only by verifiers
    /// that allow it.
    pub fn without_expiry(mut self) -> Self {
        self.payload.expires = false;
        self.payload.members.retain(|(name, _)| name != "exp");
        self
    }

    /// `jti`: an id of the caller's own (RFC 7519 §4.1.7).
    pub fn token_id(self, id: impl AsRef<str>) -> Self {
        self.claim("jti", id.as_ref())
    }

    /// `scope`: the scopes granted, separated by spaces (RFC 8693 §4.2).
    pub fn scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let mut joined = String::new();
        for scope in scopes {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(scope.as_ref());
        }
        self.claim("scope", &joined)
    }

    /// Any one claim.
    pub fn claim<T: Serialize + ?Sized>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: &T,
    ) -> Self {
        let name = name.into();
        match to_raw_value(value) {
            Ok(value) => self.lay(name, value),
            Err(_) => self.note(format!("the claim `{name}` cannot be written as JSON")),
        }
        self
    }

    /// Lays the members of a struct or map over the claims.
    pub fn data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        let members =
            to_raw_value(data).and_then(|json| serde_json::from_str::<Members>(json.get()));
        match members {
            Ok(Members(members)) => {
                let mut names = HashSet::new();
                if !members.iter().all(|(name, _)| names.insert(name.as_str())) {
                    self.note("the payload's data names a claim twice");
                }
                for (name, value) in members {
                    self.lay(Cow::Owned(name), value);
                }
            }
            Err(_) => self.note(
                "the payload's data must serialize to a JSON object, such as a struct or a map",
            ),
        }
        self
    }

    /// The payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when something that was set is no JSON.
    pub fn build(self) -> Result<Payload, Error> {
        match self.error {
            Some(ErrorNote(message)) => Err(Error::new(ErrorKind::InvalidPayload, message)),
            None => Ok(self.payload),
        }
    }

    fn lay(&mut self, name: Cow<'static, str>, value: Box<RawValue>) {
        match self.payload.members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None => self.payload.members.push((name, value)),
        }
    }

    fn note(&mut self, message: impl Into<Cow<'static, str>>) {
        self.error.get_or_insert(ErrorNote(message.into()));
    }
}

/// The members of an object, in order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}
