//! Writing one answer: a JSON object on one line, by hand into a buffer.

use base64_simd::URL_SAFE_NO_PAD;
use jam_core::ErrorKind;
use jam_core::key::Key;
use memchr::memchr2;
use serde::Serialize;

/// What an answer is about.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A line, counted from 1.
    Line(u64),
    /// JSON of an id.
    Id(&'a str),
}

impl Subject<'_> {
    fn open(self, out: &mut Vec<u8>) {
        match self {
            Self::Line(number) => {
                out.extend_from_slice(b"{\"line\":");
                push_value(out, &number);
            }
            Self::Id(json) => {
                out.extend_from_slice(b"{\"id\":");
                push_compact(out, json.as_bytes());
            }
        }
    }

    pub(crate) fn refused(self, out: &mut Vec<u8>, kind: ErrorKind) {
        self.open(out);
        out.extend_from_slice(b",\"ok\":false,\"error\":\"");
        out.extend_from_slice(kind.as_str().as_bytes());
        out.extend_from_slice(b"\"}\n");
    }

    /// `claims` is JSON that has been proven to be valid.
    pub(crate) fn claims(self, out: &mut Vec<u8>, key: &Key, claims: &[u8]) {
        self.accepted(out, key);
        out.extend_from_slice(b",\"claims\":");
        push_one_line(out, claims);
        out.extend_from_slice(b"}\n");
    }

    pub(crate) fn payload(self, out: &mut Vec<u8>, key: &Key, payload: &[u8]) {
        self.accepted(out, key);
        out.extend_from_slice(b",\"payload\":\"");
        URL_SAFE_NO_PAD.encode_append(payload, out);
        out.extend_from_slice(b"\"}\n");
    }

    fn accepted(self, out: &mut Vec<u8>, key: &Key) {
        self.open(out);
        out.extend_from_slice(b",\"ok\":true,\"alg\":\"");
        out.extend_from_slice(key.algorithm().as_str().as_bytes());
        out.extend_from_slice(b"\",\"kid\":");
        push_value(out, &key.id());
    }
}

fn push_value(out: &mut Vec<u8>, value: &impl Serialize) {
    // Numbers and strings always serialize, and writing to a `Vec` cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// Copies JSON as it stands when nothing in it can end a line.
fn push_one_line(out: &mut Vec<u8>, json: &[u8]) {
    if json.is_ascii() && memchr2(b'\n', b'\r', json).is_none() {
        out.extend_from_slice(json);
    } else {
        push_compact(out, json);
    }
}

/// Copies JSON without the white space between its tokens. The characters outside ASCII that some
/// readers end a line at (U+0085, U+2028, U+2029) are escaped.
fn push_compact(out: &mut Vec<u8>, json: &[u8]) {
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        let (copied, length): (&[u8], usize) = match rest {
            [b' ' | b'\t' | b'\n' | b'\r', ..] if !in_string => (b"", 1),
            [0xC2, 0x85, ..] => (b"\\u0085", 2),
            [0xE2, 0x80, 0xA8, ..] => (b"\\u2028", 3),
            [0xE2, 0x80, 0xA9, ..] => (b"\\u2029", 3),
            _ => (rest.get(..1).unwrap_or_default(), 1),
        };
        in_string ^= byte == b'"' && !escaped;
        escaped = in_string && byte == b'\\' && !escaped;
        out.extend_from_slice(copied);
        rest = after.get(length - 1..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_itself_but_for_white_space_and_line_ends() {
        let cases = [
            ("{\"a\": 1}", "{\"a\": 1}"),
            ("{\"a\" :\t[1.0e400,\r\n2] }", "{\"a\":[1.0e400,2]}"),
            ("{\"a b\":\n\"c\\\" d\\\\\" ,\"e\":\" \"}", "{\"a b\":\"c\\\" d\\\\\",\"e\":\" \"}"),
            ("\"é\u{85}\u{2028}\u{2029}ü \"", "\"é\\u0085\\u2028\\u2029ü \""),
        ];
        for (json, expected) in cases {
            let mut out = Vec::new();
            push_one_line(&mut out, json.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
