//! A record on its way to be written, in parts that can be changed.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::id::VerifierHash;
use super::record::{Record, Writer, part, read_value};
use crate::error::{Error, ErrorKind};

/// When and how somebody proved who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Time since the Unix epoch, in whole seconds.
    pub at: Duration,
    /// The methods, as `amr` names them (RFC 8176): `pwd`, `otp`, …
    pub methods: Vec<String>,
}

/// The login at another provider that a session rests on: what a logout of that provider names
/// (OpenID Connect Back-Channel Logout 1.0 §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// `iss`.
    pub issuer: String,
    /// `sid`.
    pub session_id: String,
    /// `auth_time`, as time since the Unix epoch, in whole seconds.
    pub auth_time: Duration,
}

/// What the application notes about the client, for the list of a user's sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address, in the application's own words.
    pub address: Option<String>,
}

/// The values of a session: JSON by name, in the order in which they were first set.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(Vec<(String, String)>);

impl Values {
    pub(super) fn from_texts<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(texts.map(|(name, json)| (name.to_owned(), json.to_owned())).collect())
    }

    /// A value, read as `T`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndecodableRecord`] when it is of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        self.text(name).map(read_value).transpose()
    }

    /// A value as JSON text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, json)| json.as_str())
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when it cannot be written as JSON.
    pub fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.put(name, write_value(value)?);
        Ok(())
    }

    /// Takes a value out; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(known, _)| known != name);
        self.0.len() != before
    }

    /// Takes all values out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Names and JSON texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, json)| (name.as_str(), json.as_str()))
    }

    pub(super) fn put(&mut self, name: &str, json: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = json,
            None => self.0.push((name.to_owned(), json)),
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

pub(crate) fn write_value<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::InvalidPayload, "the value cannot be written as JSON")
            .with_source(error)
    })
}

/// A [`Record`] in parts.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) version: u32,
    pub(crate) created: Duration,
    pub(crate) absolute_end: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) last_seen: Duration,
    pub(crate) verifier_hash: VerifierHash,
    pub(crate) remembered: bool,
    /// Claims and values are one document, as in Python: the claims only show it.
    pub(crate) shared: bool,
    pub(crate) subject: Option<String>,
    pub(crate) claims: Option<String>,
    pub(crate) authentication: Option<Authentication>,
    pub(crate) upstream: Option<Upstream>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) values: Values,
}

impl Draft {
    /// The record, unless it takes more than `max` bytes.
    pub(crate) fn encode(&self, max: usize) -> Result<Record, Error> {
        let mut out = Writer::new(self, self.flags());
        if let Some(subject) = &self.subject {
            out.text(subject);
        }
        if let Some(claims) = &self.claims {
            out.text(claims);
        }
        if let Some(Authentication { at, methods }) = &self.authentication {
            out.number(at.as_secs());
            out.number(methods.len() as u64);
            methods.iter().for_each(|method| out.text(method));
        }
        if let Some(Upstream { issuer, session_id, auth_time }) = &self.upstream {
            out.text(issuer);
            out.text(session_id);
            out.number(auth_time.as_secs());
        }
        if let Some(Metadata { user_agent, address }) = &self.metadata {
            out.text(user_agent.as_deref().unwrap_or_default());
            out.text(address.as_deref().unwrap_or_default());
        }
        for (name, json) in self.values.iter() {
            out.text(name);
            out.text(json);
        }
        let bytes = out.finish();
        if bytes.len() > max {
            return Err(Error::new(
                ErrorKind::RecordTooLarge,
                format!(
                    "the session would take {} bytes; `max_record_bytes` allows {max}: keep large \
                     things elsewhere and only their ids in the session",
                    bytes.len()
                ),
            ));
        }
        Ok(Record::unchecked(&bytes, self.last_seen))
    }

    fn flags(&self) -> u8 {
        let flag = |there: bool, part: u8| if there { part } else { 0 };
        flag(self.subject.is_some(), part::SUBJECT)
            | flag(self.claims.is_some(), part::CLAIMS)
            | flag(self.authentication.is_some(), part::AUTHENTICATION)
            | flag(self.upstream.is_some(), part::UPSTREAM)
            | flag(self.metadata.is_some(), part::METADATA)
            | flag(self.remembered, part::REMEMBERED)
            | flag(self.shared, part::SHARED)
    }
}
