//! The strict reading of JSON from outside: RFC 8259 with the limits of I-JSON (RFC 7493) that
//! guard against two parsers seeing two different documents.

mod members;
mod names;
mod quotes;
mod text;

pub(crate) use members::{Members, Name};
use names::Names;
pub(crate) use names::Prints;
pub(crate) use text::is_plain;
use text::{eight_digits, plain_len};

/// What a document may hold at the most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Arrays and objects inside one another.
    pub(crate) depth: usize,
    /// Members of all objects together.
    pub(crate) members: usize,
}

impl Limits {
    /// For the header and the claims of a token.
    pub(crate) const TOKEN: Self = Self { depth: 64, members: 2048 };
    /// For keys, key sets and configuration files.
    pub(crate) const KEY: Self = Self { depth: 64, members: 65_536 };
}

/// Names by which serde_json's own types ask for the text instead of what it says. An object with such
/// a member is read as what its string says: a second document, which nobody has judged.
pub(crate) const RESERVED: &str = "$serde_json::private::";

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON, not UTF-8, too deep, or with a [reserved](RESERVED) name.
    Syntax,
    /// An object names a member twice.
    Duplicate,
    /// More members than allowed.
    Members,
}

/// Checks that `bytes` is one JSON document within `limits`, without duplicate member names at any
/// level and without lone surrogates. Allocates only for objects of more than 16 members and for
/// member names with escapes.
pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Syntax)?;
    check_text(text, limits).map(|_| ())
}

/// As [`check`] for text: how many members `limits` leaves after it.
pub(crate) fn check_text(text: &str, limits: &Limits) -> Result<usize, Fault> {
    let mut scanner = Scanner { text, at: 0, members: limits.members };
    scanner.space();
    scanner.value(limits.depth)?;
    scanner.space();
    if scanner.at == text.len() { Ok(scanner.members) } else { Err(Fault::Syntax) }
}

/// A JSON value in its document: checked, not yet read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    document: &'a str,
    span: Span,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    kind: Kind,
}

/// What a value is, as far as passing over it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// A number that is this integer, written as such.
    Whole(u64),
    /// Any other number.
    Number,
    True,
    False,
    Null,
    Array,
    Object,
}

impl<'a> Value<'a> {
    /// A value that is well-formed for certain.
    pub(crate) fn written(text: &'a str) -> Self {
        let kind = match text.as_bytes() {
            [b'"', rest @ ..] if plain_len(rest) + 1 == rest.len() => Kind::Plain,
            [b'"', ..] => Kind::Escaped,
            [b'[', ..] => Kind::Array,
            [b'{', ..] => Kind::Object,
            [b't', ..] => Kind::True,
            [b'f', ..] => Kind::False,
            [b'n', ..] => Kind::Null,
            _ => text.parse().map_or(Kind::Number, Kind::Whole),
        };
        Self::known(text, kind)
    }

    /// The same where it is known what it is.
    pub(crate) fn known(text: &'a str, kind: Kind) -> Self {
        Self { document: text, span: Span { start: 0, end: text.len(), kind } }
    }

    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        self.span.kind
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &'a str {
        self.document.get(self.span.start..self.span.end).unwrap_or_default()
    }

    /// What stands between the quotes of a string without escapes.
    #[inline]
    pub(crate) fn plain(&self) -> Option<&'a str> {
        if self.kind() == Kind::Plain {
            self.document.get(self.span.start + 1..self.span.end - 1)
        } else {
            None
        }
    }
}

/// Where in an array or object the scanner stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In front of it.
    Outside,
    First,
    Later,
    End,
}

#[derive(Clone, Copy)]
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    members: usize,
}

impl<'a> Scanner<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn next(&mut self) -> Result<u8, Fault> {
        let byte = self.peek().ok_or(Fault::Syntax)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Span, Fault> {
        let start = self.at;
        let kind = match self.next()? {
            b'"' => self.string()?,
            first @ b'0'..=b'9' => self.number(first)?,
            b'-' => self.negative()?,
            b'{' => {
                let depth = depth.checked_sub(1).ok_or(Fault::Syntax)?;
                self.object(depth)?
            }
            b'[' => {
                let depth = depth.checked_sub(1).ok_or(Fault::Syntax)?;
                self.array(depth)?
            }
            b't' => self.literal("rue", Kind::True)?,
            b'f' => self.literal("alse", Kind::False)?,
            b'n' => self.literal("ull", Kind::Null)?,
            _ => return Err(Fault::Syntax),
        };
        Ok(Span { start, end: self.at, kind })
    }

    fn literal(&mut self, rest: &str, kind: Kind) -> Result<Kind, Fault> {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !bytes.starts_with(rest.as_bytes()) {
            return Err(Fault::Syntax);
        }
        self.at += rest.len();
        Ok(kind)
    }

    fn negative(&mut self) -> Result<Kind, Fault> {
        match self.next()? {
            first @ b'0'..=b'9' => self.number(first).map(|_| Kind::Number),
            _ => Err(Fault::Syntax),
        }
    }

    /// A number behind its first digit.
    fn number(&mut self, first: u8) -> Result<Kind, Fault> {
        let rest = self.text.as_bytes().get(self.at - 1..).unwrap_or_default();
        // No digit follows a zero.
        let (kind, length) = if first == b'0' { (Kind::Whole(0), 1) } else { whole(rest) };
        self.at += length - 1;
        match self.peek() {
            Some(b'.' | b'e' | b'E') => self.fraction(),
            _ => Ok(kind),
        }
    }

    fn fraction(&mut self) -> Result<Kind, Fault> {
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Kind::Number)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.next()?.is_ascii_digit() {
            return Err(Fault::Syntax);
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        Ok(())
    }

    /// The rest of a string behind its first quote.
    fn string(&mut self) -> Result<Kind, Fault> {
        self.at += plain_len(self.text.as_bytes().get(self.at..).unwrap_or_default());
        match self.next()? {
            b'"' => Ok(Kind::Plain),
            b'\\' => self.escaped(),
            // A control character.
            _ => Err(Fault::Syntax),
        }
    }

    /// The rest of a string behind its first backslash.
    fn escaped(&mut self) -> Result<Kind, Fault> {
        loop {
            self.escape()?;
            self.at += plain_len(self.text.as_bytes().get(self.at..).unwrap_or_default());
            match self.next()? {
                b'"' => return Ok(Kind::Escaped),
                b'\\' => {}
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex()? {
                // A surrogate stands for nothing alone, and parsers disagree on what to make of it.
                0xd800..=0xdbff => {
                    if self.next()? == b'\\'
                        && self.next()? == b'u'
                        && matches!(self.hex()?, 0xdc00..=0xdfff)
                    {
                        Ok(())
                    } else {
                        Err(Fault::Syntax)
                    }
                }
                0xdc00..=0xdfff => Err(Fault::Syntax),
                _ => Ok(()),
            },
            _ => Err(Fault::Syntax),
        }
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        (0..4).try_fold(0, |value, _| {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Fault::Syntax)?;
            Ok(value * 16 + digit)
        })
    }

    /// Whether another element or member comes; passes over what stands before it.
    fn more(&mut self, at: &mut Place, close: u8) -> Result<bool, Fault> {
        self.space();
        match (self.next()?, *at) {
            (byte, Place::First | Place::Later) if byte == close => *at = Place::End,
            (b',', Place::Later) => self.space(),
            (_, Place::First) => {
                self.at -= 1;
                *at = Place::Later;
            }
            _ => return Err(Fault::Syntax),
        }
        Ok(*at != Place::End)
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Fault> {
        let mut at = Place::First;
        while self.more(&mut at, b']')? {
            self.value(depth)?;
        }
        Ok(Kind::Array)
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Fault> {
        let (mut at, mut names) = (Place::First, Names::default());
        while self.more(&mut at, b'}')? {
            let name = self.name()?;
            self.value(depth)?;
            if !names.insert_any(&name) {
                return Err(Fault::Duplicate);
            }
        }
        Ok(Kind::Object)
    }

    /// A member's name, and what stands before its value.
    fn name(&mut self) -> Result<Name<'a>, Fault> {
        let start = self.at;
        if self.next()? != b'"' {
            return Err(Fault::Syntax);
        }
        self.members = self.members.checked_sub(1).ok_or(Fault::Members)?;
        let name = match self.string()? {
            Kind::Plain => self.text.get(start + 1..self.at - 1).map(Name::Plain),
            _ => self.text.get(start..self.at).and_then(unescaped),
        };
        self.space();
        if self.next()? != b':' {
            return Err(Fault::Syntax);
        }
        self.space();
        name.filter(|name| !name.starts_with(RESERVED)).ok_or(Fault::Syntax)
    }
}

/// What the digits come to that a text begins with, and how many there are.
#[inline(always)]
fn whole(bytes: &[u8]) -> (Kind, usize) {
    /// Each number of as many digits fits.
    const MOST: usize = 19;
    let eight = bytes.first_chunk().and_then(eight_digits);
    let (mut number, mut length) = eight.map_or((0, 0), |number| (number, 8));
    while let Some(digit @ b'0'..=b'9') = bytes.get(length) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        length += 1;
    }
    (if length <= MOST { Kind::Whole(number) } else { Kind::Number }, length)
}

#[cold]
fn unescaped(string: &str) -> Option<Name<'_>> {
    serde_json::from_str(string).ok().map(Name::Escaped)
}

#[cfg(test)]
mod tests;
