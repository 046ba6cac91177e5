//! **Legacy.** Sessions in the cookie of a Python service, behind the same handle.

mod dict;

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::backend::{Keeper, Live, Opened, SessionBackend, unusable};
use super::builder::SessionBackendBuilder;
use super::commit::{Issued, Written};
use super::ops::Plan;
use super::policy::SessionPolicy;
use super::record::Record;
use crate::audit::{self, Done, Refused};
use crate::error::{Error, ErrorKind};
use crate::key::Algorithm;
use crate::python::json::Snapshot;
use crate::python::starlette::{StarletteCodec, StarletteCookie};
use crate::python::starlette_jwt::StarletteJwtCodec;
use crate::transport::CredentialTransport;
use dict::{Dict, Writing};

/// **Legacy.** The session of a Python service, read and written so that each of the two services
/// accepts what the other has written: as the only store of this service
/// ([`SessionBackend::legacy`]), or beside its own while users move from one to the other
/// ([`SessionBackendBuilder::legacy`](super::SessionBackendBuilder::legacy)).
///
/// ```
/// use jam_core::session::{LegacyMode, LegacySessions, MemoryStore, SessionBackend, SessionPolicy};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), jam_core::Error> {
/// let day = Duration::from_secs(24 * 3600);
/// let policy = SessionPolicy::new(14 * day, 14 * day);
/// let python = LegacySessions::starlette(["SessionMiddleware(secret_key=…)"])?;
/// let sessions = SessionBackend::builder(policy, MemoryStore::new())
///     .legacy(python, LegacyMode::WriteOld);
/// # let _ = sessions;
/// # Ok(())
/// # }
/// ```
///
/// # What differs from all other sessions
///
/// **Claims and values are not apart.** Python's session is one dict, in which a login is a member
/// like any other. All of it is what [`Identity`](crate::Identity) is read from, and all of it is
/// what [`Session::get`](super::Session::get) reads. What Jam itself goes by is guarded: `sub`,
/// `scope`, `scopes`, `permissions`, `auth_time`, `amr`, `_jam` and the members that name the
/// [subject](Self::subject) are written by a login alone, and a `set` of one of them refuses the
/// write with 400. A claim of your own making, `role` say, is as safe as the routes that set values.
///
/// **Who is logged in**: a text `sub`, or else the first of the [subject](Self::subject)'s members
/// that Python counts as true. A login writes `sub`, the scopes, `auth_time` and `amr`, and the first
/// of those members unless a claim gives it.
///
/// **The client reads the session**, and nothing revokes it: what holds for
/// [`SessionBackend::stateless`] holds here. An empty session takes the cookie back. The cookie is
/// Python's: a plain name, `Secure` only when asked for, no `exp` in the tokens of the JWT codec.
///
/// **Times.** The idle timeout is the age of the cookie's signature, which is still good when it
/// equals the timeout, as in Python: give the policy Python's `max_age`. When a session began and ends
/// stands in the member `_jam`, which Python carries along; without it, it began when it was signed. A
/// login in Python is never fresh. The JWT codec signs no time: what Python wrote under it is never
/// too old, and the absolute end counts from the first write here.
#[derive(Clone)]
#[must_use]
pub struct LegacySessions {
    codec: Codec,
    dict: Dict,
    cookie: Option<StarletteCookie>,
}

#[derive(Clone)]
enum Codec {
    Signer(StarletteCodec),
    Jwt(StarletteJwtCodec),
}

/// Where Starlette's documentation puts whoever logs in.
const SUBJECT: &str = "user";
/// Starlette's `session_cookie`.
const COOKIE_NAME: &str = "session";

impl LegacySessions {
    /// Starlette's `SessionMiddleware`, or the signer codec of starlette-session-middleware. The first
    /// secret writes, all read.
    ///
    /// # Errors
    ///
    /// As [`StarletteCodec::new`].
    pub fn starlette<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        Ok(Self::new(Codec::Signer(StarletteCodec::new(secrets)?)))
    }

    /// The JWT codec of starlette-session-middleware.
    ///
    /// # Errors
    ///
    /// As [`StarletteJwtCodec::new`].
    pub fn starlette_jwt<S: AsRef<[u8]>>(
        algorithm: Algorithm,
        secrets: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        Ok(Self::new(Codec::Jwt(StarletteJwtCodec::new(algorithm, secrets)?)))
    }

    fn new(codec: Codec) -> Self {
        Self { codec, dict: Dict { subject: vec![SUBJECT.to_owned()] }, cookie: None }
    }

    /// The cookie as the Python service sets it; `session`, with the policy's idle timeout as its
    /// `Max-Age`.
    pub fn cookie(mut self, cookie: StarletteCookie) -> Self {
        self.cookie = Some(cookie);
        self
    }

    /// The members that name who is logged in, the first that counts; `user`. A dot leads into a
    /// member: `user.email`. What is no text counts as Python writes it: `{"user": 1}` is `1`.
    pub fn subject<S: Into<String>>(mut self, members: impl IntoIterator<Item = S>) -> Self {
        self.dict.subject = members.into_iter().map(Into::into).collect();
        self
    }

    pub(super) fn transport(&self, policy: &SessionPolicy) -> Result<CredentialTransport, Error> {
        let cookie = match &self.cookie {
            Some(cookie) => cookie.clone(),
            None => StarletteCookie::builder(COOKIE_NAME).max_age(policy.idle).build()?,
        };
        Ok(CredentialTransport::starlette(cookie))
    }

    pub(super) fn name(&self) -> &'static str {
        match self.codec {
            Codec::Signer(_) => "starlette",
            Codec::Jwt(_) => "starlette-jwt",
        }
    }

    pub(super) fn describe(&self) -> Value {
        json!(self.dict.subject)
    }

    fn is_timed(&self) -> bool {
        matches!(self.codec, Codec::Signer(_))
    }

    /// The session in a cookie, if it is authentic and not over, and when it was signed.
    fn read(
        &self,
        credential: &[u8],
        policy: &SessionPolicy,
        now: Duration,
    ) -> Result<(Record, Option<Duration>), Error> {
        let (text, signed) = match &self.codec {
            Codec::Signer(codec) => {
                // No age is too great yet: how old it may be stands in what is read.
                let (text, signed) =
                    codec.decode_with_time(credential, Some(Duration::MAX), now)?;
                (text, Some(signed))
            }
            Codec::Jwt(codec) => (codec.decode(credential, now)?, None),
        };
        let record = self.dict.read(&text, signed, policy, now)?;
        // Python compares whole seconds, and lets one pass that is exactly so old.
        let age = signed.map_or(0, |signed| now.as_secs().saturating_sub(signed.as_secs()));
        if age > record.idle_timeout().as_secs() || now >= record.absolute_end() {
            return Err(ErrorKind::Expired.into());
        }
        Ok((record, signed))
    }

    /// The cookie's value. What this kind of session cannot hold is a fault of what was to be set.
    fn seal(&self, document: &str, now: Duration) -> Result<String, Error> {
        let sealed = match &self.codec {
            Codec::Signer(codec) => codec.encode(document, now),
            Codec::Jwt(codec) => codec.encode(document, now),
        };
        sealed.map_err(|error| match error.kind() {
            ErrorKind::InvalidPayload => renamed(ErrorKind::Malformed, error),
            ErrorKind::TooLarge => renamed(ErrorKind::CookieTooLarge, error),
            _ => error,
        })
    }
}

fn renamed(kind: ErrorKind, error: Error) -> Error {
    Error::new(kind, error.to_string()).with_source(error)
}

impl fmt::Debug for LegacySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacySessions")
            .field("store", &self.name())
            .field("subject", &self.dict.subject)
            .field("cookie", &self.cookie)
            .finish_non_exhaustive()
    }
}

impl SessionBackend {
    /// **Legacy.** Starts with the policy and the sessions of a Python service, which this service
    /// then shares.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) when the policy's idle timeout makes no cookie.
    pub fn legacy(
        policy: SessionPolicy,
        sessions: LegacySessions,
    ) -> Result<SessionBackendBuilder, Error> {
        let transport = sessions.transport(&policy)?;
        let keeper = Keeper::Python(Box::new(sessions));
        Ok(SessionBackendBuilder::new(policy, keeper).transport(transport))
    }

    pub(super) fn open_python(&self, python: &LegacySessions, credential: &[u8]) -> Opened {
        let now = self.now();
        match python.read(credential, self.policy(), now) {
            Ok((record, signed)) => {
                let touch_due = signed.is_some() && self.touch_is_due(&record, now);
                record.touch(now);
                audit::accepted("session");
                Opened::Live(Live { touch_due, ..self.held(None, record) })
            }
            Err(error) => match error.kind() {
                ErrorKind::UndecodableRecord => self.undecoded(),
                ErrorKind::Expired | ErrorKind::NotYetValid => unusable(Refused::Expired),
                ErrorKind::BadSignature => unusable(Refused::BadSignature),
                _ => unusable(Refused::Malformed),
            },
        }
    }

    /// Writes what a plan comes to into a cookie of Python's. `moves`: it was made on a session of
    /// another format.
    pub(super) fn write_python(
        &self,
        python: &LegacySessions,
        plan: Plan,
        base: Option<&Live>,
        moves: bool,
    ) -> Result<Written, Error> {
        let Plan { draft, ends, rotates, logs_in } = plan;
        let base = base.filter(|_| !ends);
        if ends && !moves {
            audit::done_by_client(Done::Ended);
        }
        let Some(draft) = draft else {
            return Ok(Written { issued: None, cleared: ends, live: None });
        };
        let now = self.now();
        let writing = Writing {
            base: base.map(|base| &base.record),
            by_claims: logs_in || moves,
            is_timed: python.is_timed(),
            now,
        };
        let document = python.dict.write(&draft, self.policy(), &writing)?;
        // Python never writes an empty session.
        if document.is_empty() {
            let cleared = ends || moves || base.is_some();
            return Ok(Written { issued: None, cleared, live: None });
        }
        let members = document.members_json()?;
        // What Python's JSON cannot be is a fault of what was to be set.
        let written = Snapshot::take(&members).map_err(|e| renamed(ErrorKind::Malformed, e))?;
        if let Some(base) = base.filter(|base| !rotates && !base.touch_due)
            && let Some(before) = base.record.claims_json()
            && !written.differs(before)?
        {
            return Ok(Written { issued: None, cleared: false, live: Some(base.clone()) });
        }
        let text = Zeroizing::new(document.to_json()?);
        let signed = python.is_timed().then(|| Duration::from_secs(now.as_secs()));
        let record = python.dict.read(&text, signed, self.policy(), now)?;
        record.draft().encode(self.policy().max_record_bytes)?;
        let issued = Issued {
            text: Zeroizing::new(python.seal(&text, now)?),
            lifetime: record.absolute_end().saturating_sub(now),
            remembered: record.is_remembered(),
            format: self.0.format,
        };
        match (logs_in, rotates, base.is_none()) {
            _ if moves => {}
            (true, ..) => audit::done_by_client(Done::LoggedIn),
            (_, _, true) => audit::done_by_client(Done::Created),
            (_, true, _) => audit::done_by_client(Done::Rotated),
            _ => {}
        }
        let live = Some(self.held(None, record));
        Ok(Written { issued: Some(issued), cleared: false, live })
    }
}
