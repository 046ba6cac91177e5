//! The bytes of a record.
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

use std::time::Duration;

use super::draft::{Authentication, Draft, Metadata, Upstream, Who};

const FORMAT: u8 = 1;
pub(super) const FIXED: usize = 36;
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
    /// Who is logged in, and how that came about.
    pub(crate) const WHO: u8 = SUBJECT | CLAIMS | AUTHENTICATION | UPSTREAM | METADATA;
}

/// The bytes are no record of this format.
pub(super) struct Broken;

/// The optional parts, read in order, with the values still to come.
pub(super) struct Parts<'a> {
    pub(super) who: Who,
    pub(super) values: Reader<'a>,
}

impl<'a> Parts<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let (&[format, flags], _) = bytes.split_first_chunk().ok_or(Broken)?;
        if format != FORMAT || flags & !part::ALL != 0 {
            return Err(Broken);
        }
        let mut reader = Reader(bytes.get(FIXED..).ok_or(Broken)?);
        let mut who = Who::default();
        let has = |part| flags & part != 0;
        if has(part::SUBJECT) {
            who.subject = Some(reader.text()?.to_owned());
        }
        if has(part::CLAIMS) {
            who.claims = Some(reader.text()?.to_owned());
        }
        if has(part::AUTHENTICATION) {
            let at = Duration::from_secs(reader.number()?);
            who.authentication = Some(Authentication { at, methods: reader.texts()? });
        }
        if has(part::UPSTREAM) {
            who.upstream = Some(Upstream {
                issuer: reader.text()?.to_owned(),
                session_id: reader.text()?.to_owned(),
                auth_time: Duration::from_secs(reader.number()?),
            });
        }
        if has(part::METADATA) {
            let (user_agent, address) = (reader.text()?, reader.text()?);
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            who.metadata = Some(Metadata { user_agent: some(user_agent), address: some(address) });
        }
        Ok(Self { who, values: reader })
    }
}

/// A value unread: its name, and all the bytes that it takes with it.
pub(super) type Entry<'a> = (&'a [u8], &'a [u8]);

/// What is left to be read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// Goes to the values without reading the parts before, which [`Parts::read`] lists.
    pub(super) fn pass_over(&mut self, has: impl Fn(u8) -> bool) -> Result<(), Broken> {
        if has(part::SUBJECT) {
            self.bytes()?;
        }
        if has(part::CLAIMS) {
            self.bytes()?;
        }
        if has(part::AUTHENTICATION) {
            self.number()?;
            for _ in 0..self.number()? {
                self.bytes()?;
            }
        }
        if has(part::UPSTREAM) {
            self.bytes()?;
            self.bytes()?;
            self.number()?;
        }
        if has(part::METADATA) {
            self.bytes()?;
            self.bytes()?;
        }
        Ok(())
    }

    pub(super) fn next_entry(&mut self) -> Result<Option<Entry<'a>>, Broken> {
        let before = self.0;
        if before.is_empty() {
            return Ok(None);
        }
        let name = self.bytes()?;
        self.bytes()?;
        let entry = before.get(..before.len() - self.0.len()).ok_or(Broken)?;
        Ok(Some((name, entry)))
    }

    pub(super) fn next_value(&mut self) -> Result<Option<(&'a str, &'a str)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        Ok(Some((self.text()?, self.text()?)))
    }

    fn texts(&mut self) -> Result<Vec<String>, Broken> {
        let count = self.number()?;
        // Each takes a byte at least: a wrong count cannot ask for more memory than it brings.
        (0..count.min(self.0.len() as u64)).map(|_| self.text().map(str::to_owned)).collect()
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Broken> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Broken)
    }

    #[inline]
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Seven bits a byte, the lowest first; one byte as a rule.
    #[inline]
    fn number(&mut self) -> Result<u64, Broken> {
        let (number, rest) = match self.0.split_first() {
            Some((&byte @ ..0x80, rest)) => (byte.into(), rest),
            // By value: whoever reads on in a loop keeps its place in registers.
            _ => long_number(self.0)?,
        };
        self.0 = rest;
        Ok(number)
    }
}

#[cold]
fn long_number(mut bytes: &[u8]) -> Result<(u64, &[u8]), Broken> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Broken)?;
        bytes = rest;
        // The tenth byte has room for one bit.
        if shift == 63 && byte > 1 {
            return Err(Broken);
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok((number, bytes));
        }
    }
    Err(Broken)
}

/// Writes what [`Parts`] reads.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(draft: &Draft, flags: u8) -> Self {
        let mut out = Vec::with_capacity(256);
        // In the year 36812: a time beyond it comes early, not cut to its low bytes.
        let seconds = |time: Duration| time.as_secs().min(LATEST).to_le_bytes();
        let [created @ .., _, _, _] = seconds(draft.created);
        let [absolute_end @ .., _, _, _] = seconds(draft.absolute_end);
        let idle = u32::try_from(draft.idle_timeout.as_secs()).unwrap_or(u32::MAX);
        out.extend_from_slice(&[FORMAT, flags]);
        out.extend_from_slice(&draft.version.to_le_bytes());
        out.extend_from_slice(&created);
        out.extend_from_slice(&absolute_end);
        out.extend_from_slice(&idle.to_le_bytes());
        out.extend_from_slice(&draft.verifier_hash.0);
        Self(out)
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.raw(text.as_bytes());
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

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
