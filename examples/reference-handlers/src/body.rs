//! Request bodies: one strict parser for every framework.

use crate::Answer;
use serde::Deserialize;

/// The longest request body that is read, in bytes. It stands well above a session record's default
/// limit, so that a record too large is judged by the session and not here.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Why a request body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Longer than [`MAX_BODY_BYTES`]: 413.
    TooLarge,
    /// Broken off, or not the JSON object that the route takes: 400.
    Invalid,
}

impl From<BodyFault> for Answer {
    fn from(fault: BodyFault) -> Answer {
        match fault {
            BodyFault::TooLarge => Answer::error(413, "too_large"),
            BodyFault::Invalid => Answer::error(400, "invalid_request"),
        }
    }
}

/// A JSON object (RFC 8259) and nothing else. `T` refuses unknown members itself; missing and
/// repeated ones are refused by serde. The declared `Content-Type` plays no part.
pub(crate) fn parse<'b, T: Deserialize<'b>>(
    body: Result<&'b [u8], BodyFault>,
) -> Result<T, BodyFault> {
    let body = body?;
    if body.len() > MAX_BODY_BYTES {
        return Err(BodyFault::TooLarge);
    }
    // A derived struct would also take its members from an array, by position.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(BodyFault::Invalid);
    }
    serde_json::from_slice(body).map_err(|_| BodyFault::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::Credentials;

    fn fault(body: &[u8]) -> Option<BodyFault> {
        parse::<Credentials<'_>>(Ok(body)).err()
    }

    #[test]
    fn only_one_object_with_exactly_the_named_members_passes() {
        assert_eq!(fault(br#" {"password":"p","user":"\u0061"} "#), None);
        for body in [
            "",
            "null",
            "[\"alice\",\"wonderland\"]",
            "{}",
            r#"{"user":"alice"}"#,
            r#"{"user":"alice","password":1}"#,
            r#"{"user":"alice","user":"bob","password":"p"}"#,
            r#"{"user":"alice","password":"p","admin":true}"#,
            r#"{"user":"alice","password":"p"}{}"#,
            r#"{"user":"alice","password":"p""#,
            "user=alice&password=p",
            "\u{feff}{\"user\":\"alice\",\"password\":\"p\"}",
        ] {
            assert_eq!(fault(body.as_bytes()), Some(BodyFault::Invalid), "{body}");
        }
        assert_eq!(fault(b"{\"user\":\"\xff\",\"password\":\"p\"}"), Some(BodyFault::Invalid));
    }

    #[test]
    fn a_body_past_the_limit_is_too_large_before_it_is_looked_at() {
        assert_eq!(fault(&vec![b' '; MAX_BODY_BYTES + 1]), Some(BodyFault::TooLarge));
        assert_eq!(fault(&vec![b' '; MAX_BODY_BYTES]), Some(BodyFault::Invalid));
    }
}
