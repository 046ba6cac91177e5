//! The JOSE header: a strict parse once, a comparison of bytes ever after.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::claims::{fault, text};
use crate::error::ErrorKind;
use crate::json::{Limits, Members};
use crate::key::{Algorithm, Key};

/// What a header says, as far as Jam listens. `jku`, `x5u`, `jwk` and `x5c` never select a key.
#[derive(Debug)]
pub(crate) struct Header {
    /// `None`: a name that is not an algorithm of ours, `none` among them.
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) key_id: Option<String>,
    pub(crate) token_type: Option<String>,
}

impl Header {
    /// Reads the decoded header segment (RFC 7515 §4).
    pub(crate) fn parse(json: &[u8]) -> Result<Self, ErrorKind> {
        let json = std::str::from_utf8(json).map_err(|_| ErrorKind::Malformed)?;
        let (mut algorithm, mut key_id, mut token_type) = (None, None, None);
        let (mut is_sound, mut is_critical) = (true, false);
        let mut members = Members::of(json, &Limits::TOKEN);
        while members.advance().map_err(fault)? {
            let string = || text(members.value()).map(Cow::into_owned);
            match &**members.name() {
                "alg" => algorithm = string(),
                "kid" => {
                    key_id = string();
                    is_sound &= key_id.is_some();
                }
                "typ" => {
                    token_type = string();
                    is_sound &= token_type.is_some();
                }
                // It makes it a JWE (RFC 7516 §9), which is no signed token at all.
                "enc" => is_sound = false,
                // `zip` has no meaning in a JWS; it is refused with the two that change what was
                // signed.
                "crit" | "b64" | "zip" => is_critical = true,
                _ => {}
            }
        }
        let algorithm = algorithm.filter(|_| is_sound).ok_or(ErrorKind::Malformed)?;
        if is_critical {
            return Err(ErrorKind::UnsupportedCriticalHeader);
        }
        Ok(Self { algorithm: Algorithm::from_header(&algorithm), key_id, token_type })
    }
}

/// Whether a header's `typ` is the expected one (RFC 8725 §3.11): compared without case and with
/// or without `application/`. With no expectation, `typ` is absent or `JWT`.
pub(crate) fn type_matches(expected: Option<&str>, found: Option<&str>) -> bool {
    match (expected, found) {
        (None, None) => true,
        (None, Some(found)) => bare(found).eq_ignore_ascii_case("JWT"),
        (Some(_), None) => false,
        (Some(expected), Some(found)) => bare(found).eq_ignore_ascii_case(bare(expected)),
    }
}

/// A media type without the `application/` that RFC 7515 §4.1.9 lets one leave out.
fn bare(token_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match token_type.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => {
            token_type.get(PREFIX.len()..).unwrap_or_default()
        }
        _ => token_type,
    }
}

/// Header segments that stood in front of a valid signature, each bound to the key that verified
/// it: the next token with the same bytes needs no parse. Only a signer can fill it.
#[derive(Default)]
pub(crate) struct Proven([OnceLock<(Box<[u8]>, Key)>; 8]);

impl Proven {
    pub(crate) fn find(&self, segment: &[u8]) -> Option<&Key> {
        self.0
            .iter()
            .map_while(OnceLock::get)
            .find_map(|(known, key)| (**known == *segment).then_some(key))
    }

    pub(crate) fn remember(&self, segment: &[u8], key: &Key) {
        if self.find(segment).is_none() {
            let mut entry = (Box::from(segment), key.clone());
            for slot in &self.0 {
                match slot.set(entry) {
                    Ok(()) => return,
                    Err(taken) => entry = taken,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(json: &str) -> Result<(), ErrorKind> {
        Header::parse(json.as_bytes()).map(|_| ())
    }

    #[test]
    fn hole01_crit_and_b64_are_refused_in_every_form() {
        for json in [
            r#"{"alg":"HS256","crit":["exp"]}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"alg":"HS256","crit":null}"#,
            r#"{"alg":"HS256","b64":true}"#,
            r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
            r#"{"alg":"HS256","zip":"DEF"}"#,
        ] {
            assert_eq!(kind(json), Err(ErrorKind::UnsupportedCriticalHeader), "{json}");
        }
    }

    #[test]
    fn hole05_alg_kid_and_typ_must_be_strings() {
        for json in [
            r#"{"alg":{"HS256":null}}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":null}"#,
            r#"{"kid":"a"}"#,
            r#"{"alg":"HS256","kid":1}"#,
            r#"{"alg":"HS256","typ":{}}"#,
            r#"["HS256"]"#,
            r#"{"alg":"dir","enc":"A128GCM"}"#,
        ] {
            assert_eq!(kind(json), Err(ErrorKind::Malformed), "{json}");
        }
    }

    #[test]
    fn g22_algorithms_are_compared_exactly() {
        for name in ["none", "None", "noNE", "", "hs256", "HS256 ", "HS1"] {
            let header = Header::parse(format!(r#"{{"alg":"{name}"}}"#).as_bytes()).unwrap();
            assert_eq!(header.algorithm, None, "{name}");
        }
    }

    #[test]
    fn g27_typ_is_compared_without_case_and_prefix() {
        assert!(type_matches(None, None));
        assert!(type_matches(None, Some("jwt")));
        assert!(type_matches(None, Some("application/JWT")));
        assert!(!type_matches(None, Some("at+jwt")));
        assert!(type_matches(Some("at+jwt"), Some("AT+JWT")));
        assert!(type_matches(Some("at+jwt"), Some("application/at+jwt")));
        assert!(type_matches(Some("application/at+jwt"), Some("at+jwt")));
        assert!(!type_matches(Some("at+jwt"), Some("JWT")));
        assert!(!type_matches(Some("at+jwt"), None));
        assert!(!type_matches(Some("at+jwt"), Some("application/")));
    }
}
