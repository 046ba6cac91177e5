//! One line of `--input jsonl`: `{"id":…, "token":…}`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Bytes of JSON past which an `id` is not repeated in the answer.
const LONGEST_ID: usize = 64 * 1024;

/// What could be read of a line. A broken line keeps the id that stands before the fault.
#[derive(Default)]
pub(crate) struct Record<'a> {
    /// JSON of the id, as it stands in the line.
    pub(crate) id: Option<&'a str>,
    /// `None`: there is no token to judge, for want of the token, of the id, or of valid JSON.
    pub(crate) token: Option<Cow<'a, str>>,
}

impl<'a> Record<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Self {
        let mut members = Members::default();
        let mut json = serde_json::Deserializer::from_slice(line);
        let read = json.deserialize_map(&mut members).and_then(|()| json.end());
        let id = members.id.filter(|id| !members.two_ids && id.len() <= LONGEST_ID);
        // What is ignored is passed over byte by byte.
        let is_text = std::str::from_utf8(line).is_ok();
        let token = match (read, id, members.token) {
            (Ok(()), Some(_), Some(token)) if is_text => text(token),
            _ => None,
        };
        Self { id, token }
    }
}

/// The value of a JSON string; `None` for other JSON, and for a string with lone surrogates.
fn text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

#[derive(Default)]
struct Members<'a> {
    id: Option<&'a str>,
    token: Option<&'a str>,
    two_ids: bool,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Name {
    Id,
    Token,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for &mut Members<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `id` and `token`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key()? {
            match name {
                Name::Id => {
                    let id = map.next_value::<&RawValue>()?.get();
                    self.two_ids |= self.id.replace(id).is_some();
                }
                Name::Token => {
                    let token = map.next_value::<&RawValue>()?.get();
                    if self.token.replace(token).is_some() {
                        return Err(A::Error::duplicate_field("token"));
                    }
                }
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> (Option<&str>, Option<String>) {
        let record = Record::parse(line.as_bytes());
        (record.id, record.token.map(Cow::into_owned))
    }

    #[test]
    fn id_and_token_are_read_in_any_order_and_the_rest_is_ignored() {
        let line = r#" {"token":"a\u0000\n","x":[1,{"id":2}],"id": {"a":[1]} } "#;
        assert_eq!(parse(line), (Some(r#"{"a":[1]}"#), Some("a\0\n".into())));
        assert_eq!(parse(r#"{"id":null,"token":""}"#), (Some("null"), Some(String::new())));
        assert_eq!(parse(r#"{"\u0069d":1e400,"token":"t"}"#), (Some("1e400"), Some("t".into())));
    }

    #[test]
    fn a_broken_line_keeps_the_id_before_the_fault() {
        for line in [
            r#"{"id":7}"#,
            r#"{"id":7,"token":null}"#,
            r#"{"id":7,"token":["t"]}"#,
            r#"{"id":7,"token":"t""#,
            r#"{"id":7,"token":"t"} {}"#,
            r#"{"id":7,"token":"t","token":"t"}"#,
            r#"{"id":7,"token":"\ud800"}"#,
            r#"{"token":"t\udfff","id":7}"#,
        ] {
            assert_eq!(parse(line), (Some("7"), None), "{line}");
        }
    }

    #[test]
    fn without_one_readable_id_nothing_is_judged() {
        for line in [
            "",
            "null",
            r#"[7,"t"]"#,
            r#"{"token":"t"}"#,
            r#"{"id":"7"#,
            r#"{"id":07,"token":"t"}"#,
            r#"{"id":7,"id":7,"token":"t"}"#,
            r#"{"ID":7,"token":"t"}"#,
        ] {
            assert_eq!(parse(line), (None, None), "{line}");
        }
        let long = format!(r#"{{"id":"{}","token":"t"}}"#, "x".repeat(LONGEST_ID));
        assert_eq!(parse(&long), (None, None));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_no_token() {
        let record = Record::parse(b"{\"id\":7,\"token\":\"\xff\"}");
        assert_eq!((record.id, record.token), (Some("7"), None));
    }
}
