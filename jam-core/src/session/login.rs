//! A login: whom it is, how he proved it, and how long it is to last.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::draft::{Authentication, Draft, Holder, Metadata, Upstream, Who};
use super::policy::SessionPolicy;
use crate::error::{Error, ErrorKind};

/// What a login writes into the session. A subject's name alone will do: `session.login("alice")`.
///
/// ```
/// use jam_core::session::Login;
/// use std::time::Duration;
///
/// let login = Login::new("alice")
///     .scopes(["user", "admin"])
///     .methods(["pwd", "otp"])
///     .claim("name", "Alice")
///     .remember(Duration::from_secs(30 * 24 * 3600));
/// # let _ = login;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Login {
    subject: String,
    claims: Map<String, Value>,
    methods: Vec<String>,
    at: Option<Duration>,
    remember: Option<Duration>,
    upstream: Option<(Upstream, Option<Duration>)>,
    metadata: Option<Metadata>,
    pub(super) values: Vec<(String, String)>,
    error: Option<&'static str>,
}

/// Claims that say who somebody is or what he may do: set by their own methods only.
const RESERVED: [&str; 10] =
    ["sub", "scope", "scopes", "permissions", "auth_time", "amr", "iss", "aud", "exp", "nbf"];

impl Login {
    /// The login of a subject.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            claims: Map::new(),
            methods: Vec::new(),
            at: None,
            remember: None,
            upstream: None,
            metadata: None,
            values: Vec::new(),
            error: None,
        }
    }

    /// The scopes granted.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(|s| s.as_ref().to_owned()).collect();
        self.claims.insert("scope".to_owned(), scopes.join(" ").into());
        self
    }

    /// How the subject proved who he is, as `amr` names it (RFC 8176): `pwd`, `otp`, `hwk`, …
    pub fn methods<S: Into<String>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        self.methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// When he did, as time since the Unix epoch, where that was not just now. Freshness counts from
    /// here; a time in the future counts as now.
    pub fn authenticated_at(mut self, since_epoch: Duration) -> Self {
        self.at = Some(since_epoch);
        self
    }

    /// A member of the payload that [`Identity`](crate::Identity) is read from, beside `sub` and the
    /// scopes. Registered names are refused when the login is written.
    pub fn claim<T: Serialize + ?Sized>(mut self, name: impl Into<String>, value: &T) -> Self {
        let name = name.into();
        if RESERVED.contains(&name.as_str()) {
            self.error = Some("a login's claim has a registered name; use the method made for it");
        }
        match serde_json::to_value(value) {
            Ok(value) => _ = self.claims.insert(name, value),
            Err(_) => self.error = Some("a login's claim cannot be written as JSON"),
        }
        self
    }

    /// A value of the session, as [`Session::set`](super::Session::set) sets it.
    pub fn value<T: Serialize + ?Sized>(mut self, name: impl Into<String>, value: &T) -> Self {
        match super::draft::write_value(value) {
            Ok(json) => self.values.push((name.into(), json)),
            Err(_) => self.error = Some("a value of the session cannot be written as JSON"),
        }
        self
    }

    /// Lasts so long, used or not, in place of the policy's timeouts ("remember me"). Such a login is
    /// never fresh. A persistent cookie carries it past the end of the browser's session.
    pub fn remember(mut self, lifetime: Duration) -> Self {
        self.remember = Some(lifetime);
        self
    }

    /// Rests on a login at another provider. With `max_age`, the session ends so long after that
    /// login at the latest (OpenID Connect Core 1.0 §3.1.2.1).
    pub fn upstream(mut self, upstream: Upstream, max_age: Option<Duration>) -> Self {
        self.upstream = Some((upstream, max_age));
        self
    }

    /// What to note about the client.
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Writes the login into a session. Data of another subject does not survive it.
    pub(super) fn apply(
        &self,
        draft: &mut Draft,
        policy: &SessionPolicy,
        now: Duration,
    ) -> Result<(), Error> {
        let invalid = |message| Err(Error::new(ErrorKind::InvalidPayload, message));
        if let Some(message) = self.error {
            return invalid(message);
        }
        if self.subject.is_empty() {
            return invalid("a login needs a subject");
        }
        let mut who = draft.who().into_owned();
        let again = who.subject.as_deref() == Some(self.subject.as_str());
        if who.subject.is_some() && !again {
            draft.values.clear();
            who.upstream = None;
            who.metadata = None;
        }
        let at = self.at.map_or(now, |at| at.min(now));
        let (idle, absolute) = match self.remember {
            Some(lifetime) => (whole(lifetime), whole(lifetime)),
            None => (policy.idle, policy.absolute),
        };
        let mut end = now.saturating_add(absolute);
        if again {
            // Logging in once more does not move the end that was set at the first login, however
            // long that was asked to last.
            end = draft.absolute_end;
        } else {
            draft.created = now;
        }
        if let Some((Upstream { auth_time, .. }, Some(max_age))) = &self.upstream {
            end = end.min(auth_time.saturating_add(*max_age));
        }
        draft.absolute_end = whole(end);
        draft.idle_timeout = idle.min(Duration::from_secs(u64::from(u32::MAX)));
        draft.remembered = self.remember.is_some();
        draft.shared = false;
        let upstream = self.upstream.as_ref().map(|(upstream, _)| upstream.clone());
        draft.holder = Holder::Anew(Who {
            subject: Some(self.subject.clone()),
            authentication: Some(Authentication { at: whole(at), methods: self.methods.clone() }),
            claims: Some(self.claims_json(at)?),
            upstream: upstream.or(who.upstream),
            metadata: self.metadata.clone().or(who.metadata),
        });
        for (name, json) in &self.values {
            draft.values.put(name, json.clone());
        }
        Ok(())
    }

    fn claims_json(&self, at: Duration) -> Result<String, Error> {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), self.subject.as_str().into());
        claims.extend(self.claims.clone());
        claims.insert("auth_time".to_owned(), at.as_secs().into());
        if !self.methods.is_empty() {
            claims.insert("amr".to_owned(), self.methods.clone().into());
        }
        super::draft::write_value(&claims)
    }
}

/// Whole seconds, rounded down: a session may end early, never late.
fn whole(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

/// The scopes of a session's claims, with more added to them.
pub(super) fn grant(draft: &mut Draft, scopes: &[String]) -> Result<(), Error> {
    let mut who = draft.who().into_owned();
    let claims = who.claims.as_deref().ok_or_else(not_logged_in)?;
    let mut claims: Map<String, Value> =
        serde_json::from_str(claims).map_err(|_| ErrorKind::UndecodableRecord)?;
    let granted = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    let mut granted: Vec<&str> = granted.split(' ').filter(|scope| !scope.is_empty()).collect();
    granted.extend(scopes.iter().map(String::as_str));
    let mut once: Vec<&str> = Vec::new();
    for scope in granted {
        if !once.contains(&scope) {
            once.push(scope);
        }
    }
    let joined = once.join(" ");
    claims.insert("scope".to_owned(), joined.into());
    who.claims = Some(super::draft::write_value(&claims)?);
    draft.holder = Holder::Anew(who);
    Ok(())
}

pub(super) fn not_logged_in() -> Error {
    Error::new(ErrorKind::SessionEnded, "nobody is logged in to this session")
}

impl From<&str> for Login {
    fn from(subject: &str) -> Self {
        Self::new(subject)
    }
}

impl From<&String> for Login {
    fn from(subject: &String) -> Self {
        Self::new(subject)
    }
}

impl From<String> for Login {
    fn from(subject: String) -> Self {
        Self::new(subject)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("methods", &self.methods)
            .field("remember", &self.remember)
            .finish_non_exhaustive()
    }
}
