//! **Legacy.** The JWT codec of starlette-session-middleware (`JwtCodecBackend`), which lets PyJWT
//! sign the whole session as a claim set, under HS256, HS384 or HS512.
//!
//! Nothing is added: no `exp`, so that such a token ends only with its secret. But PyJWT judges
//! whatever claims the session's own keys happen to look like, and the middleware drops a session
//! that fails, without a word. The same rules hold here when a session is read; one that Python
//! would drop is not written either:
//!
//! | key of the session | rule |
//! |---|---|
//! | `exp` | a number after now; also text of digits, or a boolean that counts as one |
//! | `nbf`, `iat` | such a number, and not after now |
//! | `aud` | must be empty: `null`, `false`, `0`, `""`, `[]` or `{}` |
//! | `sub`, `jti` | text |
//! | `iss` | text when it is written (Python answers 500 to anything else); not judged when read |
//!
//! The secret has at least the size of the hash (RFC 7518 §3.2); PyJWT merely warns about
//! a shorter one, so a service that has one must change it before a migration.
//!
//! The value goes into a [`StarletteCookie`](super::starlette::StarletteCookie) of the release
//! [`V0`](super::starlette::StarletteRelease::V0), or is sent as a bearer token.

use std::fmt;
use std::time::Duration;

use base64_simd::URL_SAFE_NO_PAD;

use super::json::{self, Fault};
use crate::error::{Error, ErrorKind};
use crate::jwt::JwtBackend;
use crate::key::{Algorithm, Key, KeyRing, MAX_SIGNATURE_LEN};

/// Each token is tried against every secret, so there are only a few.
const MAX_SECRETS: usize = 4;

/// Makes and reads the tokens that hold a whole session.
///
/// ```
/// # use jam_core::python::starlette_jwt::StarletteJwtCodec;
/// # use jam_core::key::Algorithm;
/// # use std::time::Duration;
/// # fn main() -> Result<(), jam_core::Error> {
/// let secret = "a secret of at least 32 bytes, please";
/// let codec = StarletteJwtCodec::new(Algorithm::HS256, [secret])?;
/// let now = Duration::from_secs(1_800_000_000);
/// let token = codec.encode(r#"{"user": "alice"}"#, now)?;
/// assert_eq!(codec.decode(&token, now)?, r#"{"user":"alice"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StarletteJwtCodec {
    jwt: JwtBackend,
}

impl StarletteJwtCodec {
    /// A codec for one to four secrets: the first writes, all read. The middleware knows one only,
    /// so give it the first of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WeakOrInvalidKey`] when the algorithm is no HMAC or a secret is shorter than
    /// its hash, [`ErrorKind::InvalidConfig`] when there is no secret, or more than four.
    pub fn new<S: AsRef<[u8]>>(
        algorithm: Algorithm,
        secrets: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let keys: Vec<Key> = secrets
            .into_iter()
            .map(|secret| Key::from_secret(algorithm, secret))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() || keys.len() > MAX_SECRETS {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("the JWT session codec takes 1 to {MAX_SECRETS} secrets, the newest first"),
            ));
        }
        Ok(Self { jwt: JwtBackend::builder(KeyRing::new(keys)?).build()? })
    }

    /// The token for a session, which is the JSON text of an object; `now` is the time since the
    /// Unix epoch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when the text is no strict JSON object, or a session that
    /// Python would drop; [`ErrorKind::TooLarge`] when the token would not be read back.
    pub fn encode(&self, object: &str, now: Duration) -> Result<String, Error> {
        let json = json::object_compact(object).map_err(Fault::for_writing)?;
        judge(&json, now).and_then(|()| judge_issuer(&json)).map_err(|_| {
            Error::new(
                ErrorKind::InvalidPayload,
                "starlette-session-middleware would not take this session: it has an `aud`, a \
                 `sub`, `jti` or `iss` that is no text, an `exp` in the past, an `nbf` or `iat` in \
                 the future, or one of them that is no time",
            )
        })?;
        let token = self.sign(&json)?;
        let most = self.jwt.verifier().max_token_bytes();
        if token.len() > most {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "this session takes {} bytes as a token, of which no more than {most} are read \
                     back: keep less in it",
                    token.len()
                ),
            ));
        }
        Ok(token)
    }

    /// The claims of JWT are a session here: the signer's own rules for them do not apply.
    fn sign(&self, json: &str) -> Result<String, Error> {
        let keys = self.jwt.keys();
        let key = keys.keys().first().ok_or(ErrorKind::Unavailable)?;
        let header = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, key.algorithm());
        let mut token = URL_SAFE_NO_PAD.encode_to_string(header);
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode_to_string(json));
        let mut signature = [0; MAX_SIGNATURE_LEN];
        let length = key.sign(token.as_bytes(), &mut signature)?;
        let signature = signature.get(..length).ok_or(ErrorKind::Unavailable)?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode_to_string(signature));
        Ok(token)
    }

    /// The session in a token, as the JSON text that was signed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`], or the kind of fault in header, key or signature;
    /// [`ErrorKind::Malformed`] when the claims are no strict JSON object, and the kind of
    /// the claim that makes Python drop the session.
    pub fn decode(&self, token: impl AsRef<[u8]>, now: Duration) -> Result<String, Error> {
        let signed = self.jwt.verifier().verify_signature(token)?;
        let json =
            json::read_object(signed.payload().to_vec()).map_err(|_| ErrorKind::Malformed)?;
        judge(&json, now)?;
        Ok(json)
    }
}

impl fmt::Debug for StarletteJwtCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StarletteJwtCodec").field("keys", &self.jwt.keys()).finish()
    }
}

/// PyJWT's judgement of the claims, as the middleware calls it.
fn judge(object: &str, now: Duration) -> Result<(), ErrorKind> {
    let now = i128::from(now.as_secs());
    let mut verdict = Ok(());
    json::members(object, |name, value| {
        if verdict.is_ok() {
            verdict = judge_member(name, value, now);
        }
    })
    .map_err(|_| ErrorKind::Malformed)?;
    verdict
}

/// The one claim that PyJWT judges when it writes.
fn judge_issuer(object: &str) -> Result<(), ErrorKind> {
    let mut verdict = Ok(());
    json::members(object, |name, value| {
        if name == "iss" && !value.starts_with('"') {
            verdict = Err(ErrorKind::MalformedClaim);
        }
    })
    .map_err(|_| ErrorKind::Malformed)?;
    verdict
}

fn judge_member(name: &str, value: &str, now: i128) -> Result<(), ErrorKind> {
    let time = || integer(value).ok_or(ErrorKind::MalformedClaim);
    match name {
        "exp" if time()? <= now => Err(ErrorKind::Expired),
        "nbf" | "iat" if time()? > now => Err(ErrorKind::NotYetValid),
        "aud" if !json::is_falsy(value) => Err(ErrorKind::WrongAudience),
        "sub" | "jti" if !value.starts_with('"') => Err(ErrorKind::MalformedClaim),
        _ => Ok(()),
    }
}

/// What Python's `int(…)` makes of a JSON value; `None` where it raises an error, and for text of
/// other than ASCII digits. Saturates, which changes no comparison with a clock.
fn integer(value: &str) -> Option<i128> {
    match value.as_bytes().first()? {
        b't' => Some(1),
        b'f' => Some(0),
        b'"' => {
            let text: String = serde_json::from_str(value).ok()?;
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| saturating(text))
        }
        b'-' | b'0'..=b'9' => {
            if value.contains(['.', 'e', 'E']) {
                truncated(value.parse().ok()?)
            } else {
                Some(saturating(value))
            }
        }
        _ => None,
    }
}

/// Towards zero, as Python's `int(float)`.
#[allow(clippy::cast_possible_truncation)] // Saturates, and the value is finite.
fn truncated(value: f64) -> Option<i128> {
    value.is_finite().then_some(value.trunc() as i128)
}

fn saturating(digits: &str) -> i128 {
    let end = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
    digits.parse().unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn codec() -> StarletteJwtCodec {
        StarletteJwtCodec::new(Algorithm::HS256, [[7; 32]]).unwrap()
    }

    fn written(object: &str) -> Result<String, ErrorKind> {
        codec().encode(object, NOW).map_err(|error| error.kind())
    }

    #[test]
    fn a_whole_session_is_the_claim_set_and_nothing_is_added() {
        let token = written(r#"{"user": "José", "n": 1e16}"#).unwrap();
        let read = codec().decode(&token, NOW).unwrap();
        assert_eq!(read, r#"{"user":"Jos\u00e9","n":1e+16}"#);
        assert_eq!(codec().decode(written("{}").unwrap(), NOW).unwrap(), "{}");
    }

    #[test]
    fn what_python_would_drop_is_neither_read_nor_written() {
        for (object, kind) in [
            (r#"{"aud":"x"}"#, ErrorKind::WrongAudience),
            (r#"{"aud":[[]]}"#, ErrorKind::WrongAudience),
            (r#"{"aud":1e-9}"#, ErrorKind::WrongAudience),
            (r#"{"sub":1}"#, ErrorKind::MalformedClaim),
            (r#"{"sub":null}"#, ErrorKind::MalformedClaim),
            (r#"{"jti":[]}"#, ErrorKind::MalformedClaim),
            (r#"{"exp":1800000000}"#, ErrorKind::Expired),
            (r#"{"exp":1800000000.9}"#, ErrorKind::Expired),
            (r#"{"exp":true}"#, ErrorKind::Expired),
            (r#"{"exp":"1800000000"}"#, ErrorKind::Expired),
            (r#"{"exp":"soon"}"#, ErrorKind::MalformedClaim),
            (r#"{"exp":null}"#, ErrorKind::MalformedClaim),
            (r#"{"nbf":1800000001}"#, ErrorKind::NotYetValid),
            (r#"{"iat":99999999999999999999999999999999999999999999}"#, ErrorKind::NotYetValid),
            (r#"{"iat":{}}"#, ErrorKind::MalformedClaim),
        ] {
            assert_eq!(judge(object, NOW), Err(kind), "{object}");
            assert_eq!(written(object), Err(ErrorKind::InvalidPayload), "{object}");
        }
        for object in [
            r#"{"aud":[ ]}"#,
            r#"{"aud":0.0,"sub":"","jti":""}"#,
            r#"{"exp":1800000001,"nbf":1800000000.9,"iat":1800000000}"#,
            r#"{"exp":" +1800000001 ","iat":false,"nbf":-1e300}"#,
            r#"{"iss":1,"user":{"aud":1,"exp":0}}"#,
        ] {
            assert_eq!(judge(object, NOW), Ok(()), "{object}");
        }
    }

    #[test]
    fn an_issuer_that_is_no_text_is_read_but_not_written() {
        assert_eq!(judge(r#"{"iss":1}"#, NOW), Ok(()));
        assert_eq!(written(r#"{"iss":1}"#), Err(ErrorKind::InvalidPayload));
        assert!(written(r#"{"iss":"a"}"#).is_ok());
    }

    #[test]
    fn g35_short_secrets_and_foreign_algorithms_are_refused() {
        let kind = |algorithm, secrets: &[&[u8]]| {
            StarletteJwtCodec::new(algorithm, secrets).unwrap_err().kind()
        };
        assert_eq!(kind(Algorithm::HS512, &[&[7; 63]]), ErrorKind::WeakOrInvalidKey);
        assert_eq!(kind(Algorithm::ES256, &[&[7; 64]]), ErrorKind::WeakOrInvalidKey);
        assert_eq!(kind(Algorithm::HS256, &[]), ErrorKind::InvalidConfig);
        assert_eq!(kind(Algorithm::HS256, &[&[7; 32][..]; 5]), ErrorKind::InvalidConfig);
    }

    #[test]
    fn the_first_secret_writes_and_all_read() {
        let both = StarletteJwtCodec::new(Algorithm::HS256, [[8; 32], [7; 32]]).unwrap();
        assert!(both.decode(written("{}").unwrap(), NOW).is_ok());
        let new = both.encode("{}", NOW).unwrap();
        assert_eq!(codec().decode(new, NOW).unwrap_err().kind(), ErrorKind::BadSignature);
    }

    #[test]
    fn hole12_a_session_too_long_to_be_read_is_not_written() {
        let object = format!(r#"{{"a":"{}"}}"#, "x".repeat(7000));
        assert_eq!(written(&object), Err(ErrorKind::TooLarge));
    }

    #[test]
    fn g52_nothing_secret_is_printed() {
        let codec = StarletteJwtCodec::new(Algorithm::HS256, [[b'k'; 32]]).unwrap();
        assert!(!format!("{codec:?}").contains("kkkk"));
    }
}
