//! **Legacy.** JSON text exactly as Python's `json.dumps` writes it, so that what Rust writes is
//! byte for byte what the Python service would have written.
//!
//! It works from text to text: members keep their order, and no number goes through a type that
//! would lose some of it. [`dumps`] is `json.dumps(json.loads(text))`:
//!
//! | in the text | becomes |
//! |---|---|
//! | `{"a":1,"b":[]}` | `{"a": 1, "b": []}` |
//! | `"é😀/"` | `"\u00e9\ud83d\ude00/"` |
//! | an integer of up to 4300 digits | the same digits (`-0`: `0`) |
//! | `1.0`, `1e16`, `1E-7`, `1.10` | the nearest double in the fewest digits: `1.0`, `1e+16`, `1e-07`, `1.1` |
//! | a name twice, `1e400`, `NaN`, `"\ud800"` | refused; see [the differences](super#where-we-differ-from-python-on-purpose) |
//!
//! ```
//! use jam_core::python::json::{dumps, dumps_compact};
//!
//! # fn main() -> Result<(), jam_core::Error> {
//! assert_eq!(dumps(r#"{"name":"José","n":1e16}"#)?, r#"{"name": "Jos\u00e9", "n": 1e+16}"#);
//! assert_eq!(dumps_compact("[1, 2]")?, "[1,2]");
//! # Ok(())
//! # }
//! ```

use std::fmt;

use super::number;
use crate::error::{Error, ErrorKind};
use crate::json::{self, Limits};

/// The size of a document is bounded by whoever carries it; depth and names are bounded here.
const LIMITS: Limits = Limits { depth: 64, members: 65_536 };

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No strict JSON.
    NotJson,
    /// JSON, but no object.
    NoObject,
    /// A number that Python cannot read, or that is infinite as a double.
    Number,
}

impl Fault {
    /// For a document that the caller wants written.
    pub(super) fn for_writing(self) -> Error {
        let message = match self {
            Self::NotJson => {
                "the data is no strict JSON document: UTF-8, no name twice in one object, no lone \
                 surrogate, at most 64 levels deep"
            }
            Self::NoObject => "a session is one JSON object",
            Self::Number => {
                "the data holds a number that Python cannot take: more than 4300 digits, or \
                 beyond 1.8e308"
            }
        };
        Error::new(ErrorKind::InvalidPayload, message)
    }
}

/// How Python separates what it writes: its default, or `separators=(",", ":")`.
#[derive(Clone, Copy)]
enum Separators {
    Spaced,
    Compact,
}

/// Writes a JSON document as Python's `json.dumps` does by default: `", "` and `": "` as
/// separators, everything but printable ASCII escaped.
///
/// # Errors
///
/// [`ErrorKind::InvalidPayload`] when the text is no strict JSON, or holds a number that Python
/// cannot read.
pub fn dumps(text: &str) -> Result<String, Error> {
    written(text, Separators::Spaced).map_err(Fault::for_writing)
}

/// The same with `separators=(",", ":")`, which is how PyJWT writes claims.
///
/// # Errors
///
/// As [`dumps`].
pub fn dumps_compact(text: &str) -> Result<String, Error> {
    written(text, Separators::Compact).map_err(Fault::for_writing)
}

/// [`dumps`] for a session.
pub(super) fn object(text: &str) -> Result<String, Fault> {
    must_be_object(text).and_then(|()| written(text, Separators::Spaced))
}

/// [`dumps_compact`] for a session.
pub(super) fn object_compact(text: &str) -> Result<String, Fault> {
    must_be_object(text).and_then(|()| written(text, Separators::Compact))
}

/// A session that somebody else wrote, judged as strictly as our own; its text is kept.
pub(super) fn read_object(bytes: Vec<u8>) -> Result<String, Fault> {
    let text = String::from_utf8(bytes).map_err(|_| Fault::NotJson)?;
    object(&text).map(|_| text)
}

/// Shows each member of an object: its name, and the text of its value.
pub(crate) fn members(text: &str, mut see: impl FnMut(&str, &str)) -> Result<(), Fault> {
    let mut members = json::Members::of(text, &LIMITS);
    while members.advance().map_err(|_| Fault::NotJson)? {
        see(members.name(), members.value().text());
    }
    Ok(())
}

/// What Python counts as false, in the spelling of a JSON value.
pub(crate) fn is_falsy(value: &str) -> bool {
    match value.as_bytes() {
        [b'n' | b'f', ..] | b"\"\"" => true,
        [b'[' | b'{', inside @ .., _] => inside.iter().all(u8::is_ascii_whitespace),
        [b'-' | b'0'..=b'9', ..] => value.parse() == Ok(0.0),
        _ => false,
    }
}

fn must_be_object(text: &str) -> Result<(), Fault> {
    let begins = text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{');
    if begins { Ok(()) } else { Err(Fault::NoObject) }
}

fn written(text: &str, separators: Separators) -> Result<String, Fault> {
    json::check(text.as_bytes(), &LIMITS).map_err(|_| Fault::NotJson)?;
    let (comma, colon) = match separators {
        Separators::Spaced => (", ", ": "),
        Separators::Compact => (",", ":"),
    };
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text;
    // The text is a valid document: what a token begins with says what it is.
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => length_while(rest, |byte| {
                matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
            }),
            b't' | b'f' | b'n' => length_while(rest, |byte| byte.is_ascii_lowercase()),
            _ => 1,
        };
        let (token, after) = rest.split_at_checked(length).ok_or(Fault::NotJson)?;
        match first {
            b'"' => string(token, &mut out)?,
            b'-' | b'0'..=b'9' => number::write(token, &mut out)?,
            b',' => out.push_str(comma),
            b':' => out.push_str(colon),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => out.push_str(token),
        }
        rest = after;
    }
    Ok(out)
}

fn length_while(text: &str, belongs: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len())
}

/// The length of the string that `text` begins with, both quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |inside| inside + 2)
}

/// Writes a string as Python does with `ensure_ascii`.
fn string(quoted: &str, out: &mut String) -> Result<(), Fault> {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'\\';
    if quoted.bytes().all(plain) {
        out.push_str(quoted);
        return Ok(());
    }
    let text: String = serde_json::from_str(quoted).map_err(|_| Fault::NotJson)?;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    Ok(())
}

/// What a session was when it was read, to tell whether it has changed.
///
/// Starlette before 1.0 sends the cookie again with every response, 1.x only when the outermost
/// dict itself was assigned to, so that a change further inside is lost. Comparing what would be
/// written loses nothing and sends nothing without need.
///
/// ```
/// use jam_core::python::json::Snapshot;
///
/// # fn main() -> Result<(), jam_core::Error> {
/// let before = Snapshot::take(r#"{"cart": {"apples": 1}}"#)?;
/// assert!(!before.differs(r#"{"cart":{"apples":1}}"#)?, "spaces are no change");
/// assert!(before.differs(r#"{"cart":{"apples":2}}"#)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Snapshot(String);

impl Snapshot {
    /// Keeps the JSON text of a session, in the form in which it would be written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when the text is no strict JSON object.
    pub fn take(object: &str) -> Result<Self, Error> {
        self::object(object).map(Self).map_err(Fault::for_writing)
    }

    /// Whether the session would be written differently now. The order of its members counts, as
    /// it does for Python's writer.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn differs(&self, object: &str) -> Result<bool, Error> {
        Self::take(object).map(|now| now.0 != self.0)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn separators_escapes_and_order_are_pythons() {
        let text = " { \"z\" : [ 1 ,2, { } ] , \"a\":\"\\u00e9é\\/\u{7f}\u{1f600}\\n\\u0001\" } ";
        let spaced = r#"{"z": [1, 2, {}], "a": "\u00e9\u00e9/\u007f\ud83d\ude00\n\u0001"}"#;
        assert_eq!(dumps(text).unwrap(), spaced);
        assert_eq!(
            dumps_compact("[true, null,\t{\"\": false}]").unwrap(),
            "[true,null,{\"\":false}]"
        );
        assert_eq!(dumps(r#""a\\\"b, c: d""#).unwrap(), r#""a\\\"b, c: d""#);
    }

    #[test]
    fn a_session_is_an_object() {
        for text in ["[]", "null", "1", "\"{}\"", " true", ""] {
            assert!(matches!(object(text), Err(Fault::NoObject)), "{text:?}");
        }
        for text in ["{", "{} {}", "{\"a\":1,\"a\":2}", "{\"a\":NaN}", "{\"a\":\"\\ud800\"}"] {
            assert_eq!(object(text), Err(Fault::NotJson), "{text:?}");
        }
        assert_eq!(object("\n{\"a\":1e400}"), Err(Fault::Number));
        assert_eq!(read_object(b"{\"a\":\"\xff\"}".to_vec()), Err(Fault::NotJson));
        assert_eq!(read_object(b"{\"a\":1}".to_vec()).as_deref(), Ok("{\"a\":1}"));
    }

    #[test]
    fn g52_a_snapshot_prints_nothing() {
        let snapshot = Snapshot::take(r#"{"canary":1}"#).unwrap();
        assert!(!format!("{snapshot:?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn what_is_written_means_the_same_and_is_written_alike_again(
            texts in proptest::collection::vec(".{0,12}", 0..6),
            integers in proptest::collection::vec(any::<u64>(), 0..6),
        ) {
            let value = serde_json::json!({ "t": texts, "i": integers });
            let once = dumps(&value.to_string()).unwrap();
            prop_assert!(once.is_ascii());
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&once).unwrap(), &value);
            prop_assert_eq!(&dumps(&once).unwrap(), &once);
            let compact = dumps_compact(&once).unwrap();
            prop_assert_eq!(dumps(&compact).unwrap(), once);
        }
    }
}
