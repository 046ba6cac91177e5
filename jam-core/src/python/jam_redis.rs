//! **Legacy.** Where Python Jam keeps its sessions and its token lists in Redis. Jam 2, 3 and 4
//! share one layout for sessions:
//!
//! ```text
//! HSET    {prefix}:{session_key}  {id}  {json}             prefix "sessions"; id = "{session_key}:{uuid}"
//! HEXPIRE {prefix}:{session_key}  ttl  FIELDS 1  {id}      only with a ttl; Redis 7.4 or Valkey 9
//! ```
//!
//! Encrypted, id and value are each `J$_` and a [`Fernet`] token, and the encrypted id is the
//! field as it stands: encrypting the same id again makes another field.
//!
//! `jam.issue(…, via="session")` of Jam 4 takes one session key for everybody, `auth` unless the
//! configuration names another: all sessions lie in one hash, and clearing it ends them all. Whose
//! session it is stands in the value, as `sub`.
//!
//! What this layout cannot do: the id is a UUID (122 random bits) that stands in the store as the
//! client holds it, so that a dump of the store lets everybody in; two writers overwrite each
//! other; an `HSET` clears the field's end, which has to be set again each time.
//!
//! These are names and values only; commands and connections belong to a store.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::fernet::Fernet;
use super::json::{self, Fault};
use crate::error::{Error, ErrorKind};

/// The longest session id that is looked at, in bytes.
pub const MAX_ID_BYTES: usize = 1024;
/// The longest stored value that is looked at, in bytes.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// What an encrypted id or value begins with.
const MARK: &str = "J$_";
const DEFAULT_PREFIX: &str = "sessions";

/// The names and values of Python Jam's sessions.
///
/// ```
/// # use jam_core::python::jam_redis::JamRedisLayout;
/// # use std::time::Duration;
/// # fn main() -> Result<(), jam_core::Error> {
/// let layout = JamRedisLayout::default();
/// let now = Duration::from_secs(1_800_000_000);
/// let id = layout.new_id("alice", now)?;
/// assert!(id.starts_with("alice:"));
/// // HSET sessions:alice alice:0b0c… {"cart": []}
/// assert_eq!(layout.key("alice")?, "sessions:alice");
/// assert_eq!(layout.encode(r#"{"cart":[]}"#, now)?, r#"{"cart": []}"#);
/// // A request brings the id: HGET sessions:alice alice:0b0c…
/// let session_key = layout.session_key(&id)?;
/// assert_eq!(layout.key(&session_key)?, "sessions:alice");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JamRedisLayout {
    prefix: String,
    fernet: Option<Fernet>,
}

impl Default for JamRedisLayout {
    /// The prefix `sessions`, without encryption.
    fn default() -> Self {
        Self::new(DEFAULT_PREFIX)
    }
}

impl JamRedisLayout {
    /// `redis_sessions_key` of the Python configuration (`sessions_path` in Jam 2), without
    /// encryption.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), fernet: None }
    }

    /// `is_session_crypt` with its `session_aes_secret`.
    #[must_use]
    pub fn encrypted(mut self, fernet: Fernet) -> Self {
        self.fernet = Some(fernet);
        self
    }

    /// The key of the hash that holds all sessions of a session key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when the session key contains a colon: Python cuts an id at
    /// its first colon, and would never find such a session again.
    pub fn key(&self, session_key: &str) -> Result<String, Error> {
        if session_key.contains(':') {
            return Err(Error::new(
                ErrorKind::InvalidPayload,
                "a session key with a colon in it cannot be read back by Python: use another \
                 character",
            ));
        }
        Ok(format!("{}:{session_key}", self.prefix))
    }

    /// A new id, which is also the field in the hash; `now` is the time since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when the session key contains a colon or makes an id longer
    /// than [`MAX_ID_BYTES`]; [`ErrorKind::Unavailable`] when the operating system gives no random
    /// numbers.
    pub fn new_id(&self, session_key: &str, now: Duration) -> Result<String, Error> {
        self.key(session_key)?;
        let id = self.wrap(format!("{session_key}:{}", Uuid::new_v4()), now)?;
        if id.len() > MAX_ID_BYTES {
            return Err(Error::new(
                ErrorKind::InvalidPayload,
                format!("this session key makes an id of more than {MAX_ID_BYTES} bytes"),
            ));
        }
        Ok(id)
    }

    /// The session key in an id from outside. It says where to look, not that there is anything.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`], [`ErrorKind::Malformed`], or with encryption
    /// [`ErrorKind::BadSignature`].
    pub fn session_key(&self, id: impl AsRef<[u8]>) -> Result<String, Error> {
        let id = id.as_ref();
        if id.len() > MAX_ID_BYTES {
            return Err(ErrorKind::TooLarge.into());
        }
        let id = String::from_utf8(self.unwrap(id)?).map_err(|_| ErrorKind::Malformed)?;
        match id.split_once(':') {
            Some((session_key, rest)) if !rest.is_empty() => Ok(session_key.to_owned()),
            _ => Err(ErrorKind::Malformed.into()),
        }
    }

    /// The value for a session, which is the JSON text of an object; `now` is the time since the
    /// Unix epoch. Members keep their order, as Jam 2 writes them; Jam 3 and 4 sort them, and all
    /// read any order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when the text is no strict JSON object or makes a value
    /// longer than [`MAX_VALUE_BYTES`]; [`ErrorKind::Unavailable`] when the operating system gives
    /// no random numbers.
    pub fn encode(&self, object: &str, now: Duration) -> Result<String, Error> {
        let value = self.wrap(json::object(object).map_err(Fault::for_writing)?, now)?;
        if value.len() > MAX_VALUE_BYTES {
            return Err(Error::new(
                ErrorKind::InvalidPayload,
                format!("this session takes more than the {MAX_VALUE_BYTES} bytes that are read"),
            ));
        }
        Ok(value)
    }

    /// The session in a stored value, as the JSON text that was written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`], [`ErrorKind::Malformed`], or with encryption
    /// [`ErrorKind::BadSignature`].
    pub fn decode(&self, value: impl AsRef<[u8]>) -> Result<String, Error> {
        let value = value.as_ref();
        if value.len() > MAX_VALUE_BYTES {
            return Err(ErrorKind::TooLarge.into());
        }
        json::read_object(self.unwrap(value)?).map_err(|_| ErrorKind::Malformed.into())
    }

    fn wrap(&self, plain: String, now: Duration) -> Result<String, Error> {
        match &self.fernet {
            None => Ok(plain),
            Some(fernet) => Ok(format!("{MARK}{}", fernet.encrypt(plain.as_bytes(), now)?)),
        }
    }

    fn unwrap(&self, stored: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.fernet {
            None => Ok(stored.to_vec()),
            Some(fernet) => {
                fernet.decrypt(stored.strip_prefix(MARK.as_bytes()).ok_or(ErrorKind::Malformed)?)
            }
        }
    }
}

impl fmt::Debug for JamRedisLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JamRedisLayout")
            .field("prefix", &self.prefix)
            .field("encrypted", &self.fernet.is_some())
            .finish()
    }
}

/// The names of Python Jam's token lists, black or white. A listed token has an entry, with or
/// without an end.
///
/// ```
/// # use jam_core::python::jam_redis::JamTokenList;
/// assert_eq!(JamTokenList::jam2().key("a.b.c"), "a.b.c");
/// assert_eq!(JamTokenList::default().key("a.b.c"), "jwt_list:a.b.c");
/// assert!(JamTokenList::default().is_listed(Some(JamTokenList::VALUE.as_bytes())));
/// ```
#[derive(Clone, Debug)]
pub struct JamTokenList {
    prefix: Option<String>,
}

impl Default for JamTokenList {
    /// Jam 3 and 4 with their default prefix, `jwt_list`.
    fn default() -> Self {
        Self::new("jwt_list")
    }
}

impl JamTokenList {
    /// What an entry holds. All versions take anything but empty text.
    pub const VALUE: &'static str = "1";

    /// Jam 3 and 4 with the `prefix` of their configuration.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: Some(prefix.into()) }
    }

    /// Jam 2, and the deprecated `jam.jwt` of Jam 3: the token itself is the key.
    #[must_use]
    pub fn jam2() -> Self {
        Self { prefix: None }
    }

    /// The key of a token's entry.
    #[must_use]
    pub fn key<'t>(&self, token: &'t str) -> Cow<'t, str> {
        match &self.prefix {
            None => Cow::Borrowed(token),
            Some(prefix) => Cow::Owned(format!("{prefix}:{token}")),
        }
    }

    /// Whether what `GET` answered for that key lists the token.
    #[must_use]
    pub fn is_listed(&self, value: Option<&[u8]>) -> bool {
        match self.prefix {
            None => value.is_some_and(|value| !value.is_empty()),
            Some(_) => value.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

    fn layouts() -> [JamRedisLayout; 2] {
        let plain = JamRedisLayout::default();
        [plain.clone(), plain.encrypted(Fernet::from_key(KEY).unwrap())]
    }

    #[test]
    fn ids_and_values_are_read_back() {
        for layout in layouts() {
            for session_key in ["alice", "", "josé 1"] {
                let id = layout.new_id(session_key, NOW).unwrap();
                assert_eq!(layout.session_key(&id).unwrap(), session_key);
                assert_ne!(layout.new_id(session_key, NOW).unwrap(), id);
            }
            let value = layout.encode(r#"{"z":1,"a":2.50}"#, NOW).unwrap();
            assert_eq!(layout.decode(&value).unwrap(), r#"{"z": 1, "a": 2.5}"#);
        }
    }

    #[test]
    fn a_session_key_with_a_colon_is_refused() {
        for layout in layouts() {
            assert_eq!(layout.key("a:b").unwrap_err().kind(), ErrorKind::InvalidPayload);
            assert_eq!(layout.new_id("a:b", NOW).unwrap_err().kind(), ErrorKind::InvalidPayload);
        }
    }

    #[test]
    fn plain_values_are_refused_where_encrypted_ones_are_expected_and_the_reverse() {
        let [plain, encrypted] = layouts();
        let kind = |result: Result<String, Error>| result.unwrap_err().kind();
        assert_eq!(kind(encrypted.session_key("alice:1")), ErrorKind::Malformed);
        assert_eq!(kind(encrypted.decode("{}")), ErrorKind::Malformed);
        assert_eq!(
            kind(plain.session_key(encrypted.new_id("alice", NOW).unwrap())),
            ErrorKind::Malformed
        );
        assert_eq!(kind(plain.decode(encrypted.encode("{}", NOW).unwrap())), ErrorKind::Malformed);
        let other = JamRedisLayout::default()
            .encrypted(Fernet::from_key(format!("{}=", "A".repeat(43))).unwrap());
        let id = encrypted.new_id("alice", NOW).unwrap();
        assert_eq!(kind(other.session_key(id)), ErrorKind::BadSignature);
    }

    #[test]
    fn hole12_what_is_too_long_is_refused_unread_and_never_written() {
        for layout in layouts() {
            let long = "x".repeat(MAX_ID_BYTES);
            let error = layout.session_key(format!("{long}:1")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            assert_eq!(layout.new_id(&long, NOW).unwrap_err().kind(), ErrorKind::InvalidPayload);
            let error = layout.decode(vec![b' '; MAX_VALUE_BYTES + 1]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            let object = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_VALUE_BYTES));
            assert_eq!(layout.encode(&object, NOW).unwrap_err().kind(), ErrorKind::InvalidPayload);
        }
    }

    #[test]
    fn ids_without_their_two_halves_are_malformed() {
        for id in ["", "alice", "alice:"] {
            let error = JamRedisLayout::default().session_key(id).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{id:?}");
        }
        let error = JamRedisLayout::default().session_key(b"\xff:1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }

    #[test]
    fn an_empty_entry_lists_a_token_only_where_presence_counts() {
        assert!(!JamTokenList::jam2().is_listed(Some(b"")));
        assert!(JamTokenList::default().is_listed(Some(b"")));
        for list in [JamTokenList::jam2(), JamTokenList::default()] {
            assert!(list.is_listed(Some(b"2026-01-01 00:00:00")));
            assert!(!list.is_listed(None));
        }
    }

    #[test]
    fn g52_nothing_secret_is_printed() {
        let [_, encrypted] = layouts();
        let printed = format!("{encrypted:?}");
        assert_eq!(printed, r#"JamRedisLayout { prefix: "sessions", encrypted: true }"#);
    }
}
