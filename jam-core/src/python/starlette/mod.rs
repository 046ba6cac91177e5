//! **Legacy.** The cookie of Starlette's `SessionMiddleware`, byte for byte; the signer codec of
//! starlette-session-middleware is the same.
//!
//! ```text
//! payload = base64(json)                     standard alphabet, padded; json as `json.dumps` writes it
//! ts      = base64url(unix seconds)          big endian, no leading zero bytes, no padding
//! key     = SHA1("itsdangerous.Signer" ‖ "signer" ‖ secret)
//! sig     = base64url(HMAC_SHA1(key, payload ‖ "." ‖ ts))
//! cookie  = payload "." ts "." sig
//! ```
//!
//! The session lives in the cookie: its owner can read it, nothing can revoke it before it is too
//! old, and whoever holds the secret can forge it. HMAC-SHA1 is used here and nowhere else in Jam.
//!
//! [`StarletteCodec`] makes and reads the value, [`StarletteCookie`] the `Set-Cookie` header around
//! it, [`Snapshot`](super::json::Snapshot) tells whether there is anything to send.

mod cookie;

use std::fmt;
use std::time::Duration;

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

pub use cookie::{StarletteCookie, StarletteCookieBuilder, StarletteRelease};

use super::json::{self, Fault};
use crate::error::{Error, ErrorKind};

/// The longest cookie value that is looked at, in bytes. Browsers keep no more than 4096.
pub const MAX_VALUE_BYTES: usize = 8192;

/// Each cookie is tried against every secret, so there are only a few.
const MAX_SECRETS: usize = 4;
/// Bytes of an HMAC-SHA1.
const TAG_LEN: usize = 20;
/// Bytes of the longest timestamp: it was packed into 64 bits.
const MAX_TIMESTAMP_LEN: usize = 8;

/// Makes and reads the values of Starlette's session cookie.
///
/// ```
/// # use jam_core::python::starlette::StarletteCodec;
/// # use jam_core::ErrorKind;
/// # use std::time::Duration;
/// # fn main() -> Result<(), jam_core::Error> {
/// let codec = StarletteCodec::new(["the new secret", "the old secret"])?;
/// let now = Duration::from_secs(1_800_000_000);
/// let hour = Duration::from_secs(3600);
/// let cookie = codec.encode(r#"{"user":"alice"}"#, now)?;
///
/// assert_eq!(codec.decode(&cookie, Some(hour), now + hour)?, r#"{"user": "alice"}"#);
/// let late = codec.decode(&cookie, Some(hour), now + hour + Duration::from_secs(1));
/// assert_eq!(late.unwrap_err().kind(), ErrorKind::Expired);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StarletteCodec {
    keys: Vec<Hmac<Sha1>>,
}

impl StarletteCodec {
    /// A codec for one to four secrets: the first writes, all read. Starlette knows one only, so
    /// give it the first of them.
    ///
    /// A secret is what `SessionMiddleware(secret_key=…)` was given, as UTF-8. (A `bytes` object
    /// there counts as its spelling, `b'…'`, which is a common mistake and has to be repeated
    /// here.)
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WeakOrInvalidKey`] when a secret is empty, [`ErrorKind::InvalidConfig`] when
    /// there is none, or more than four.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let keys: Vec<_> =
            secrets.into_iter().map(|secret| derive(secret.as_ref())).collect::<Result<_, _>>()?;
        if keys.is_empty() || keys.len() > MAX_SECRETS {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("Starlette's cookie takes 1 to {MAX_SECRETS} secrets, the newest first"),
            ));
        }
        Ok(Self { keys })
    }

    /// The cookie value for a session, which is the JSON text of an object; `now` is the time
    /// since the Unix epoch.
    ///
    /// Python never writes an empty session: it clears the cookie instead.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when the text is no strict JSON object,
    /// [`ErrorKind::CookieTooLarge`] when the value would be longer than [`MAX_VALUE_BYTES`].
    pub fn encode(&self, object: &str, now: Duration) -> Result<String, Error> {
        let json = json::object(object).map_err(Fault::for_writing)?;
        let mut value = STANDARD.encode_to_string(json);
        value.push('.');
        value.push_str(&timestamp(now.as_secs()));
        let key = self.keys.first().ok_or(ErrorKind::Unavailable)?;
        let tag = key.clone().chain_update(&value).finalize().into_bytes();
        value.push('.');
        value.push_str(&URL_SAFE_NO_PAD.encode_to_string(tag));
        if value.len() > MAX_VALUE_BYTES {
            return Err(Error::new(
                ErrorKind::CookieTooLarge,
                format!(
                    "this session takes {} bytes as a cookie, of which no more than \
                     {MAX_VALUE_BYTES} are read back: keep less in it",
                    value.len()
                ),
            ));
        }
        Ok(value)
    }

    /// The session in a cookie value, as the JSON text that was signed.
    ///
    /// With `max_age` (whole seconds), a value exactly that old is still good, and one from the
    /// future is refused. `None` judges no time at all, as Starlette's `max_age=None`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`], [`ErrorKind::Malformed`], [`ErrorKind::BadSignature`],
    /// [`ErrorKind::Expired`] or [`ErrorKind::NotYetValid`].
    pub fn decode(
        &self,
        value: impl AsRef<[u8]>,
        max_age: Option<Duration>,
        now: Duration,
    ) -> Result<String, Error> {
        self.decode_with_time(value.as_ref(), max_age, now).map(|(text, _)| text)
    }

    /// The same, and when it was signed, as time since the Unix epoch.
    pub(crate) fn decode_with_time(
        &self,
        value: &[u8],
        max_age: Option<Duration>,
        now: Duration,
    ) -> Result<(String, Duration), Error> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(ErrorKind::TooLarge.into());
        }
        let parts = Parts::split(value).ok_or(ErrorKind::Malformed)?;
        let tag = URL_SAFE_NO_PAD.decode_to_vec(parts.tag).map_err(|_| ErrorKind::Malformed)?;
        if tag.len() != TAG_LEN || !self.signed(parts.message, &tag) {
            return Err(ErrorKind::BadSignature.into());
        }
        let signed_at = seconds(parts.timestamp).ok_or(ErrorKind::Malformed)?;
        if let Some(max_age) = max_age {
            let age = now.as_secs().checked_sub(signed_at).ok_or(ErrorKind::NotYetValid)?;
            if age > max_age.as_secs() {
                return Err(ErrorKind::Expired.into());
            }
        }
        let json = STANDARD.decode_to_vec(parts.payload).map_err(|_| ErrorKind::Malformed)?;
        let text = json::read_object(json).map_err(|_| ErrorKind::Malformed)?;
        Ok((text, Duration::from_secs(signed_at)))
    }

    /// Whether one of the secrets signed the message. All are tried, each in constant time.
    fn signed(&self, message: &[u8], tag: &[u8]) -> bool {
        self.keys.iter().fold(false, |found, key| {
            found | key.clone().chain_update(message).verify_slice(tag).is_ok()
        })
    }
}

impl fmt::Debug for StarletteCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StarletteCodec").field("secrets", &self.keys.len()).finish()
    }
}

/// itsdangerous' key derivation `django-concat` under its default salt.
fn derive(secret: &[u8]) -> Result<Hmac<Sha1>, Error> {
    if secret.is_empty() {
        return Err(Error::new(
            ErrorKind::WeakOrInvalidKey,
            "a secret of Starlette's cookie is empty: anybody could sign sessions",
        ));
    }
    let digest = Sha1::new().chain_update("itsdangerous.Signer").chain_update("signer");
    let key = Zeroizing::new(<[u8; TAG_LEN]>::from(digest.chain_update(secret).finalize()));
    Hmac::new_from_slice(&*key).map_err(|_| ErrorKind::Unavailable.into())
}

/// The parts of a cookie value.
struct Parts<'v> {
    /// What the tag signs: payload, dot, timestamp.
    message: &'v [u8],
    payload: &'v [u8],
    timestamp: &'v [u8],
    tag: &'v [u8],
}

impl<'v> Parts<'v> {
    fn split(value: &'v [u8]) -> Option<Self> {
        let second = memchr::memrchr(b'.', value)?;
        let message = value.get(..second)?;
        let first = memchr::memrchr(b'.', message)?;
        Some(Self {
            message,
            payload: message.get(..first)?,
            timestamp: message.get(first + 1..)?,
            tag: value.get(second + 1..)?,
        })
    }
}

fn timestamp(seconds: u64) -> String {
    let bytes = seconds.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    URL_SAFE_NO_PAD.encode_to_string(bytes.get(start..).unwrap_or_default())
}

fn seconds(timestamp: &[u8]) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(timestamp).ok()?;
    (bytes.len() <= MAX_TIMESTAMP_LEN)
        .then(|| bytes.iter().fold(0, |seconds, byte| (seconds << 8) | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_735_689_600);
    const COOKIE: &str = "eyJ1c2VyIjogMX0=.Z3SFgA.5kciP425uVCupc8Q-kGTvt_FTAo";

    fn codec() -> StarletteCodec {
        StarletteCodec::new(["starlette-secret"]).unwrap()
    }

    fn kind(value: impl AsRef<[u8]>, max_age: Option<u64>, now: u64) -> Result<String, ErrorKind> {
        let max_age = max_age.map(Duration::from_secs);
        codec().decode(value, max_age, Duration::from_secs(now)).map_err(|error| error.kind())
    }

    #[test]
    fn the_known_cookie_is_made_and_read() {
        assert_eq!(codec().encode(r#" {"user" :1}"#, NOW).unwrap(), COOKIE);
        assert_eq!(kind(COOKIE, None, 0).as_deref(), Ok(r#"{"user": 1}"#));
    }

    #[test]
    fn age_is_judged_at_both_ends_and_only_with_a_max_age() {
        let signed = NOW.as_secs();
        assert!(kind(COOKIE, Some(10), signed).is_ok());
        assert!(kind(COOKIE, Some(10), signed + 10).is_ok());
        assert_eq!(kind(COOKIE, Some(10), signed + 11), Err(ErrorKind::Expired));
        assert_eq!(kind(COOKIE, Some(10), signed - 1), Err(ErrorKind::NotYetValid));
        assert!(kind(COOKIE, Some(0), signed).is_ok());
        assert!(kind(COOKIE, None, signed - 1).is_ok());
    }

    #[test]
    fn timestamps_have_any_length_up_to_eight_bytes() {
        for (seconds, spelled) in [(0, ""), (1, "AQ"), (255, "_w"), (u64::MAX, "__________8")] {
            assert_eq!(timestamp(seconds), spelled);
            assert_eq!(super::seconds(spelled.as_bytes()), Some(seconds));
        }
        assert_eq!(super::seconds(b"AQEBAQEBAQEB"), None);
        let first = codec().encode("{}", Duration::ZERO).unwrap();
        assert!(first.starts_with("e30=.."), "{first}");
        assert_eq!(kind(first, Some(0), 0).as_deref(), Ok("{}"));
    }

    #[test]
    fn g21_any_flipped_bit_is_refused() {
        for position in 0..COOKIE.len() {
            for bit in 0..8 {
                let mut bad = COOKIE.as_bytes().to_vec();
                bad[position] ^= 1 << bit;
                assert!(kind(bad, None, 0).is_err(), "byte {position}, bit {bit}");
            }
        }
    }

    #[test]
    fn the_first_secret_writes_and_all_read() {
        let both = StarletteCodec::new(["new", "starlette-secret"]).unwrap();
        assert_eq!(both.decode(COOKIE, None, NOW).unwrap(), r#"{"user": 1}"#);
        let new = both.encode("{}", NOW).unwrap();
        assert!(StarletteCodec::new(["new"]).unwrap().decode(&new, None, NOW).is_ok());
        assert_eq!(kind(new, None, 0), Err(ErrorKind::BadSignature));
    }

    #[test]
    fn no_secret_an_empty_one_and_too_many_are_refused() {
        let kind = |secrets: &[&str]| StarletteCodec::new(secrets).unwrap_err().kind();
        assert_eq!(kind(&[]), ErrorKind::InvalidConfig);
        assert_eq!(kind(&["a", ""]), ErrorKind::WeakOrInvalidKey);
        assert_eq!(kind(&["a"; 5]), ErrorKind::InvalidConfig);
    }

    #[test]
    fn hole12_a_long_value_is_refused_unread_and_never_written() {
        let huge = format!("{}{COOKIE}", "e".repeat(MAX_VALUE_BYTES));
        assert_eq!(kind(huge, None, 0), Err(ErrorKind::TooLarge));
        let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_VALUE_BYTES));
        let error = codec().encode(&text, NOW).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CookieTooLarge);
        assert_eq!(codec().encode("[]", NOW).unwrap_err().kind(), ErrorKind::InvalidPayload);
    }

    #[test]
    fn what_was_signed_but_is_no_session_is_malformed() {
        let key = derive(b"starlette-secret").unwrap();
        let sign = |message: &str| {
            let tag = key.clone().chain_update(message).finalize().into_bytes();
            format!("{message}.{}", URL_SAFE_NO_PAD.encode_to_string(tag))
        };
        for message in [
            "e30=.!",
            "e30=.AQEBAQEBAQEB",
            "e30.Z3SFgA",
            "e30=",
            "e30",
            "",
            ".Z3SFgA",
            "W10=.Z3SFgA",
            "bnVsbA==.Z3SFgA",
            "eyJhIjpOYU59.Z3SFgA",
            "_w==.Z3SFgA",
            "e30=.e30=.Z3SFgA",
        ] {
            assert_eq!(kind(sign(message), None, 0), Err(ErrorKind::Malformed), "{message}");
        }
        assert_eq!(kind(sign("e30=.Z3SFgA"), None, 0).as_deref(), Ok("{}"));
    }

    #[test]
    fn g52_nothing_secret_is_printed() {
        let printed = format!("{:?}", StarletteCodec::new(["canary"]).unwrap());
        assert_eq!(printed, "StarletteCodec { secrets: 1 }");
    }
}
