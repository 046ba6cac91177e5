//! The record of a session: immutable, compact, cheap to clone. What a memory store keeps is what a
//! request reads; another store writes the same bytes elsewhere.
//!
//! ```text
//! 1   format, 1
//! 1   which optional parts follow
//! 4   version; 5 created; 5 absolute end; 4 idle timeout; 16 hash of the verifier   (little endian)
//! …   subject, claims, authentication, upstream login, metadata, as flagged
//! …   values up to the end: name, JSON text
//! ```
//!
//! Times are seconds since the Unix epoch, texts carry their length ahead of them. When it was last
//! seen stands beside the bytes: a touch changes nothing else.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use triomphe::ThinArc;

use super::draft::{Authentication, Draft, Metadata, Upstream, Values};
use super::id::VerifierHash;
use crate::error::{Error, ErrorKind};

const FORMAT: u8 = 1;
const FIXED: usize = 36;
/// What five bytes of seconds hold.
const LATEST: u64 = (1 << 40) - 1;

pub(super) mod part {
    pub(crate) const SUBJECT: u8 = 1;
    pub(crate) const CLAIMS: u8 = 1 << 1;
    pub(crate) const AUTHENTICATION: u8 = 1 << 2;
    pub(crate) const UPSTREAM: u8 = 1 << 3;
    pub(crate) const METADATA: u8 = 1 << 4;
    /// A login that was asked to last; it is never fresh.
    pub(crate) const REMEMBERED: u8 = 1 << 5;
    /// Claims and values are one document, as in Python.
    pub(crate) const SHARED: u8 = 1 << 6;
    pub(crate) const ALL: u8 = (1 << 7) - 1;
}

/// A session as the store keeps it. Clones are the same record.
#[derive(Clone)]
pub struct Record(ThinArc<Head, u8>);

struct Head {
    /// Milliseconds since the Unix epoch. Moves while the record is shared, under no lock.
    last_seen: AtomicU64,
}

impl Record {
    /// Reads a record that a store has kept, and when it was last seen (time since the Unix epoch).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndecodableRecord`] when the bytes are of another format, or broken.
    pub fn from_bytes(bytes: &[u8], last_seen: Duration) -> Result<Self, Error> {
        let record = Self::unchecked(bytes, last_seen);
        // Once, so that what reads it later meets no surprise.
        let mut reader = record.parts().ok_or(ErrorKind::UndecodableRecord)?;
        loop {
            match reader.next_value() {
                Ok(Some((_, json))) => {
                    serde_json::from_str::<serde::de::IgnoredAny>(json)
                        .map_err(|_| ErrorKind::UndecodableRecord)?;
                }
                Ok(None) => return Ok(record),
                Err(Broken) => return Err(ErrorKind::UndecodableRecord.into()),
            }
        }
    }

    pub(super) fn unchecked(bytes: &[u8], last_seen: Duration) -> Self {
        let head = Head { last_seen: AtomicU64::new(millis(last_seen)) };
        Self(ThinArc::from_header_and_slice(head, bytes))
    }

    /// The bytes for a store to keep; [`last_seen`](Self::last_seen) is not among them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.slice
    }

    /// Changes with every write; a compare-and-swap compares it. A touch leaves it alone.
    #[must_use]
    pub fn version(&self) -> u32 {
        u32::from_le_bytes(self.fixed(2))
    }

    /// When the session was created, as time since the Unix epoch, in whole seconds.
    #[must_use]
    pub fn created(&self) -> Duration {
        self.seconds(6)
    }

    /// When it ends whatever happens.
    #[must_use]
    pub fn absolute_end(&self) -> Duration {
        self.seconds(11)
    }

    /// How long it lives without being used.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(u32::from_le_bytes(self.fixed(16))))
    }

    pub(crate) fn verifier_hash(&self) -> VerifierHash {
        VerifierHash(self.fixed(20))
    }

    /// When it was last seen, as recorded: touches are throttled.
    #[must_use]
    pub fn last_seen(&self) -> Duration {
        Duration::from_millis(self.0.header.header.last_seen.load(Ordering::Acquire))
    }

    /// Records that it is in use. Never moves back.
    pub fn touch(&self, now: Duration) {
        self.0.header.header.last_seen.fetch_max(millis(now), Ordering::AcqRel);
    }

    /// When it ends unless it is used before: by disuse, or for good.
    #[must_use]
    pub fn expires_at(&self) -> Duration {
        self.last_seen().saturating_add(self.idle_timeout()).min(self.absolute_end())
    }

    /// Whether it is over at this time; on or after the deadline counts.
    #[must_use]
    pub fn is_expired(&self, now: Duration) -> bool {
        now >= self.expires_at()
    }

    /// Who is logged in; nobody in an anonymous session.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.parts()?.subject
    }

    /// What [`Identity`](crate::Identity) is read from, as JSON text: `sub`, and what the login
    /// added to it. Nothing in the [values](Self::value) gets in here.
    #[must_use]
    pub fn claims_json(&self) -> Option<&str> {
        self.parts()?.claims
    }

    /// When and how the subject proved who he is.
    #[must_use]
    pub fn authentication(&self) -> Option<Authentication> {
        self.parts()?.authentication
    }

    /// Whether the login was asked to last ("remember me").
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.flags() & part::REMEMBERED != 0
    }

    /// Whether its claims only show what its values were when Python's session was read.
    pub(crate) fn is_shared(&self) -> bool {
        self.flags() & part::SHARED != 0
    }

    /// The login at another provider that this session rests on.
    #[must_use]
    pub fn upstream(&self) -> Option<Upstream> {
        self.parts()?.upstream
    }

    /// What the application noted about the client at the login.
    #[must_use]
    pub fn metadata(&self) -> Option<Metadata> {
        self.parts()?.metadata
    }

    /// A value as JSON text.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values().find(|(known, _)| *known == name).map(|(_, json)| json)
    }

    /// A value, read as `T`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndecodableRecord`] when it is of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        self.value(name).map(read_value).transpose()
    }

    /// All values, as JSON texts, in the order in which they were first set.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut reader = self.parts();
        std::iter::from_fn(move || reader.as_mut()?.next_value().ok().flatten())
    }

    /// The same, to be changed.
    pub(crate) fn draft(&self) -> Draft {
        let parts = self.parts().unwrap_or_default();
        Draft {
            version: self.version(),
            created: self.created(),
            absolute_end: self.absolute_end(),
            idle_timeout: self.idle_timeout(),
            last_seen: self.last_seen(),
            verifier_hash: self.verifier_hash(),
            remembered: self.is_remembered(),
            shared: self.is_shared(),
            subject: parts.subject.map(str::to_owned),
            claims: parts.claims.map(str::to_owned),
            authentication: parts.authentication,
            upstream: parts.upstream,
            metadata: parts.metadata,
            values: Values::from_texts(self.values()),
        }
    }

    /// Whether two records differ in nothing but their version.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let (one, other) = (self.as_bytes(), other.as_bytes());
        one.get(..2) == other.get(..2) && one.get(6..) == other.get(6..)
    }

    fn fixed<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.as_bytes().get(at..at + N).and_then(|bytes| bytes.try_into().ok());
        bytes.unwrap_or([0; N])
    }

    fn seconds(&self, at: usize) -> Duration {
        let [a, b, c, d, e] = self.fixed(at);
        Duration::from_secs(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
    }

    fn flags(&self) -> u8 {
        self.as_bytes().get(1).copied().unwrap_or_default()
    }

    fn parts(&self) -> Option<Parts<'_>> {
        Parts::read(self.as_bytes()).ok()
    }
}

pub(crate) fn read_value<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| {
        Error::new(
            ErrorKind::UndecodableRecord,
            "a value of the session is of another type than it is read as",
        )
        // Position and category only: serde's own message may quote the value.
        .with_source(format!("{:?} at column {}", error.classify(), error.column()))
    })
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be personal or secret; their names help to find a mistake.
        let names: Vec<&str> = self.values().map(|(name, _)| name).collect();
        f.debug_struct("Record")
            .field("version", &self.version())
            .field("created", &self.created().as_secs())
            .field("last_seen", &self.last_seen().as_secs())
            .field("absolute_end", &self.absolute_end().as_secs())
            .field("authenticated", &self.subject().is_some())
            .field("values", &names)
            .finish_non_exhaustive()
    }
}

/// The bytes are no record of this format.
pub(super) struct Broken;

/// The optional parts, read in order, with the values still to come.
#[derive(Default)]
struct Parts<'a> {
    subject: Option<&'a str>,
    claims: Option<&'a str>,
    authentication: Option<Authentication>,
    upstream: Option<Upstream>,
    metadata: Option<Metadata>,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let (&[format, flags], _) = bytes.split_first_chunk().ok_or(Broken)?;
        if format != FORMAT || flags & !part::ALL != 0 {
            return Err(Broken);
        }
        let mut parts = Self { rest: bytes.get(FIXED..).ok_or(Broken)?, ..Self::default() };
        let has = |part| flags & part != 0;
        if has(part::SUBJECT) {
            parts.subject = Some(parts.text()?);
        }
        if has(part::CLAIMS) {
            parts.claims = Some(parts.text()?);
        }
        if has(part::AUTHENTICATION) {
            let at = Duration::from_secs(parts.number()?);
            parts.authentication = Some(Authentication { at, methods: parts.texts()? });
        }
        if has(part::UPSTREAM) {
            parts.upstream = Some(Upstream {
                issuer: parts.text()?.to_owned(),
                session_id: parts.text()?.to_owned(),
                auth_time: Duration::from_secs(parts.number()?),
            });
        }
        if has(part::METADATA) {
            let (user_agent, address) = (parts.text()?, parts.text()?);
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            parts.metadata =
                Some(Metadata { user_agent: some(user_agent), address: some(address) });
        }
        Ok(parts)
    }

    fn next_value(&mut self) -> Result<Option<(&'a str, &'a str)>, Broken> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        Ok(Some((self.text()?, self.text()?)))
    }

    fn texts(&mut self) -> Result<Vec<String>, Broken> {
        let count = self.number()?;
        // Each takes a byte at least: a wrong count cannot ask for more memory than it brings.
        (0..count.min(self.rest.len() as u64)).map(|_| self.text().map(str::to_owned)).collect()
    }

    fn text(&mut self) -> Result<&'a str, Broken> {
        let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or(Broken)?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| Broken)
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Broken)?;
            self.rest = rest;
            // The tenth byte has room for one bit.
            if shift == 63 && byte > 1 {
                return Err(Broken);
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken)
    }
}

/// Writes what [`Parts`] reads.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(draft: &Draft, flags: u8) -> Self {
        let mut out = Vec::with_capacity(256);
        out.extend([FORMAT, flags]);
        out.extend(draft.version.to_le_bytes());
        for time in [draft.created, draft.absolute_end] {
            // In the year 36812: a time beyond it comes early, not cut to its low bytes.
            out.extend(time.as_secs().min(LATEST).to_le_bytes().iter().take(5));
        }
        let idle = u32::try_from(draft.idle_timeout.as_secs()).unwrap_or(u32::MAX);
        out.extend(idle.to_le_bytes());
        out.extend(draft.verifier_hash.0);
        Self(out)
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn number(&mut self, mut number: u64) {
        loop {
            let low = (number & 0x7f) as u8;
            number >>= 7;
            if number == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// The payload of whoever is logged in.
pub(crate) fn read_claims<P: DeserializeOwned>(record: &Record) -> Result<P, Error> {
    serde_json::from_str(record.claims_json().unwrap_or("{}")).map_err(|error| {
        Error::new(ErrorKind::MalformedClaim, "the session's claims do not fit the payload type")
            .with_source(format!("{:?} at column {}", error.classify(), error.column()))
    })
}
