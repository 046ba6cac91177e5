//! The record of a session: immutable, compact, cheap to clone. What a memory store keeps is what a
//! request reads; another store writes the same bytes elsewhere.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use triomphe::ThinArc;

use super::draft::{Authentication, Draft, Holder, Metadata, Upstream, Values, Who};
use super::encoding::{Broken, Entry, FIXED, Parts, Reader, part};
use super::id::VerifierHash;
use crate::error::{Error, ErrorKind};

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
        let mut reader = record.parts().ok_or(ErrorKind::UndecodableRecord)?.values;
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
        Duration::from_secs(self.seconds(6))
    }

    /// When it ends whatever happens.
    #[must_use]
    pub fn absolute_end(&self) -> Duration {
        Duration::from_secs(self.seconds(11))
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
        Duration::from_millis(self.deadline())
    }

    /// The same in milliseconds.
    fn deadline(&self) -> u64 {
        let last_seen = self.0.header.header.last_seen.load(Ordering::Acquire);
        let idle = u64::from(u32::from_le_bytes(self.fixed(16))) * 1000;
        last_seen.saturating_add(idle).min(self.seconds(11) * 1000)
    }

    /// Whether it is over at this time; on or after the deadline counts.
    #[must_use]
    pub fn is_expired(&self, now: Duration) -> bool {
        millis(now) >= self.deadline()
    }

    /// Who is logged in; nobody in an anonymous session.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        let mut reader = self.reader();
        self.has(part::SUBJECT).then(|| reader.text().ok()).flatten()
    }

    /// What [`Identity`](crate::Identity) is read from, as JSON text: `sub`, and what the login
    /// added to it. Nothing in the [values](Self::value) gets in here.
    #[must_use]
    pub fn claims_json(&self) -> Option<&str> {
        let mut reader = self.reader();
        if self.has(part::SUBJECT) {
            reader.bytes().ok()?;
        }
        self.has(part::CLAIMS).then(|| reader.text().ok()).flatten()
    }

    /// When and how the subject proved who he is.
    #[must_use]
    pub fn authentication(&self) -> Option<Authentication> {
        self.part(part::AUTHENTICATION)?.authentication
    }

    /// Whether the login was asked to last ("remember me").
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.has(part::REMEMBERED)
    }

    /// Whether its claims only show what its values were when Python's session was read.
    pub(crate) fn is_shared(&self) -> bool {
        self.has(part::SHARED)
    }

    /// The login at another provider that this session rests on.
    #[must_use]
    pub fn upstream(&self) -> Option<Upstream> {
        self.part(part::UPSTREAM)?.upstream
    }

    /// What the application noted about the client at the login.
    #[must_use]
    pub fn metadata(&self) -> Option<Metadata> {
        self.part(part::METADATA)?.metadata
    }

    /// A value as JSON text.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.json(name)?).ok()
    }

    /// The same for a parser, which checks the strings in it by itself.
    #[inline]
    pub(super) fn json(&self, name: &str) -> Option<&[u8]> {
        let mut reader = self.value_reader()?;
        loop {
            let known = reader.bytes().ok()? == name.as_bytes();
            let json = reader.bytes().ok()?;
            if known {
                return Some(json);
            }
        }
    }

    /// A value, read as `T`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndecodableRecord`] when it is of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        self.json(name).map(read_value).transpose()
    }

    /// All values, as JSON texts, in the order in which they were first set.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut reader = self.value_reader();
        std::iter::from_fn(move || reader.as_mut()?.next_value().ok().flatten())
    }

    /// The same unread.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut reader = self.value_reader();
        std::iter::from_fn(move || reader.as_mut()?.next_entry().ok().flatten())
    }

    /// The same, to be changed.
    pub(crate) fn draft(&self) -> Draft {
        Draft {
            version: self.version(),
            created: self.created(),
            absolute_end: self.absolute_end(),
            idle_timeout: self.idle_timeout(),
            last_seen: self.last_seen(),
            verifier_hash: self.verifier_hash(),
            remembered: self.is_remembered(),
            shared: self.is_shared(),
            holder: Holder::AsIn(self.clone()),
            values: Values::kept(self),
        }
    }

    pub(super) fn who(&self) -> Who {
        self.parts().map(|parts| parts.who).unwrap_or_default()
    }

    /// The same in bytes.
    pub(super) fn who_bytes(&self) -> &[u8] {
        let Reader(all) = self.reader();
        let values = self.value_reader().map_or(0, |Reader(values)| values.len());
        all.get(..all.len() - values).unwrap_or_default()
    }

    pub(super) fn flags(&self) -> u8 {
        self.as_bytes().get(1).copied().unwrap_or_default()
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

    fn seconds(&self, at: usize) -> u64 {
        let [a, b, c, d, e] = self.fixed(at);
        u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])
    }

    fn has(&self, part: u8) -> bool {
        self.flags() & part != 0
    }

    /// Of the optional parts and the values behind them.
    fn reader(&self) -> Reader<'_> {
        Reader(self.as_bytes().get(FIXED..).unwrap_or_default())
    }

    /// Of the values. A request reads one of them, and none of the parts before.
    #[inline]
    fn value_reader(&self) -> Option<Reader<'_>> {
        let mut reader = self.reader();
        if self.has(part::WHO) {
            reader.pass_over(|part| self.has(part)).ok()?;
        }
        Some(reader)
    }

    fn parts(&self) -> Option<Parts<'_>> {
        Parts::read(self.as_bytes()).ok()
    }

    /// Who is logged in, where this part of it is there: most sessions lack most of them.
    fn part(&self, part: u8) -> Option<Who> {
        self.has(part).then(|| self.who())
    }
}

pub(crate) fn read_value<T: DeserializeOwned>(json: impl AsRef<[u8]>) -> Result<T, Error> {
    serde_json::from_slice(json.as_ref()).map_err(|error| {
        Error::new(
            ErrorKind::UndecodableRecord,
            "a value of the session is of another type than it is read as",
        )
        // Position and category only: serde's own message may quote the value.
        .with_source(format!("{:?} at column {}", error.classify(), error.column()))
    })
}

pub(super) fn millis(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1000).saturating_add(time.subsec_millis().into())
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

/// The payload of whoever is logged in.
pub(crate) fn read_claims<P: DeserializeOwned>(record: &Record) -> Result<P, Error> {
    serde_json::from_str(record.claims_json().unwrap_or("{}")).map_err(|error| {
        Error::new(ErrorKind::MalformedClaim, "the session's claims do not fit the payload type")
            .with_source(format!("{:?} at column {}", error.classify(), error.column()))
    })
}
