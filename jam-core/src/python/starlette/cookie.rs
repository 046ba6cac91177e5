//! `Set-Cookie` as Python writes it.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::source::is_token;
use crate::transport::SameSite;

/// Name and value together, in bytes; browsers drop what is longer (RFC 6265bis §5.6).
const MAX_COOKIE: usize = 4096;
/// Starlette's default: two weeks.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Whose spelling of the header is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StarletteRelease {
    /// Starlette before 1.0, and starlette-session-middleware: a `max_age` of 0 writes no
    /// `Max-Age`.
    V0,
    /// Starlette 1: a `max_age` of 0 writes `Max-Age=0`.
    #[default]
    V1,
}

/// The `Set-Cookie` header of Starlette's `SessionMiddleware`, to the byte.
///
/// **Legacy**: a plain name, `Secure` only when asked for, and the attributes of the Python
/// service, so that each of the two services overwrites and clears the cookie of the other.
///
/// ```
/// use jam_core::python::starlette::StarletteCookie;
///
/// # fn main() -> Result<(), jam_core::Error> {
/// let cookie = StarletteCookie::builder("session").https_only().build()?;
/// assert_eq!(
///     cookie.persist("data")?,
///     "session=data; path=/; Max-Age=1209600; httponly; samesite=lax; secure"
/// );
/// assert_eq!(
///     cookie.clear(),
///     "session=null; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax; secure"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StarletteCookie {
    name: String,
    path: String,
    max_age: Option<Duration>,
    release: StarletteRelease,
    flags: String,
}

impl StarletteCookie {
    /// Starts with the name: `session` unless the service chose another.
    pub fn builder(name: impl Into<String>) -> StarletteCookieBuilder {
        StarletteCookieBuilder {
            name: name.into(),
            path: "/".to_owned(),
            domain: None,
            max_age: Some(DEFAULT_MAX_AGE),
            same_site: SameSite::Lax,
            https_only: false,
            partitioned: false,
            release: StarletteRelease::default(),
        }
    }

    /// The name, under which the cookie is also read.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The header that hands the cookie out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CookieTooLarge`] when name and value take more than 4096 bytes: Python sends
    /// such a cookie, and the browser drops it in silence. [`ErrorKind::InvalidPayload`] when the
    /// value has a character that no codec writes and no cookie may hold (RFC 6265bis §4.1.1).
    pub fn persist(&self, value: &str) -> Result<String, Error> {
        self.persist_for(value, self.max_age)
    }

    /// The same with another `Max-Age`.
    pub(crate) fn persist_for(
        &self,
        value: &str,
        max_age: Option<Duration>,
    ) -> Result<String, Error> {
        let length = self.name.len() + value.len();
        if length > MAX_COOKIE {
            return Err(Error::new(
                ErrorKind::CookieTooLarge,
                format!(
                    "the session cookie would take {length} bytes; browsers drop more than \
                     {MAX_COOKIE}: keep less in the session"
                ),
            ));
        }
        if !value.bytes().all(is_cookie_octet) {
            return Err(Error::new(
                ErrorKind::InvalidPayload,
                "a cookie value holds no space, quote, comma, semicolon or backslash, and nothing \
                 beyond ASCII: give it what the codec made",
            ));
        }
        Ok(format!("{}={value}; {}", self.name, self.attributes(max_age)))
    }

    /// What stands behind name and value.
    pub(crate) fn attributes(&self, max_age: Option<Duration>) -> String {
        let Self { path, release, flags, .. } = self;
        // Before 1.0, Python asks whether the number is true.
        let seconds = max_age
            .map(|age| age.as_secs())
            .filter(|seconds| *seconds != 0 || *release == StarletteRelease::V1);
        let max_age = seconds.map_or(String::new(), |seconds| format!("Max-Age={seconds}; "));
        format!("path={path}; {max_age}{flags}")
    }

    /// `max_age` as configured.
    pub(crate) fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// The header that takes it back.
    #[must_use]
    pub fn clear(&self) -> String {
        let Self { name, path, flags, .. } = self;
        format!("{name}=null; path={path}; expires=Thu, 01 Jan 1970 00:00:00 GMT; {flags}")
    }
}

/// RFC 6265bis §4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// The arguments of `SessionMiddleware`, by their names and with their defaults.
#[derive(Clone, Debug)]
#[must_use]
pub struct StarletteCookieBuilder {
    name: String,
    path: String,
    domain: Option<String>,
    max_age: Option<Duration>,
    same_site: SameSite,
    https_only: bool,
    partitioned: bool,
    release: StarletteRelease,
}

impl StarletteCookieBuilder {
    /// `path`; `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// `domain`; none. starlette-session-middleware has no such argument.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// `max_age`, in whole seconds; two weeks.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// `max_age=None`: the cookie ends with the browser's session.
    pub fn without_max_age(mut self) -> Self {
        self.max_age = None;
        self
    }

    /// `same_site`; [`SameSite::Lax`].
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// `https_only=True`: adds `secure`.
    pub fn https_only(mut self) -> Self {
        self.https_only = true;
        self
    }

    /// `partitioned=True`, which Starlette 1 knows.
    pub fn partitioned(mut self) -> Self {
        self.partitioned = true;
        self
    }

    /// Whose spelling is followed; [`StarletteRelease::V1`].
    pub fn release(mut self, release: StarletteRelease) -> Self {
        self.release = release;
        self
    }

    /// The cookie.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] when the name, the path or the domain could not stand in the
    /// header, or when `SameSite=None` or `Partitioned` comes without `https_only`: browsers drop
    /// such a cookie, although Python sends it.
    pub fn build(self) -> Result<StarletteCookie, Error> {
        let invalid = |message: &'static str| Err(Error::new(ErrorKind::InvalidConfig, message));
        if !is_token(&self.name) {
            return invalid("the session cookie has a name that RFC 6265bis §4.1.1 does not allow");
        }
        let plain =
            |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';');
        if !plain(&self.path) || !self.domain.as_deref().is_none_or(plain) {
            return invalid(
                "path and domain of the session cookie are printable ASCII without `;`",
            );
        }
        if !self.https_only && (self.same_site == SameSite::None || self.partitioned) {
            return invalid(
                "SameSite=None and Partitioned need `https_only`: browsers drop the cookie otherwise",
            );
        }
        let flags = self.flags();
        let Self { name, path, max_age, release, .. } = self;
        Ok(StarletteCookie { name, path, max_age, release, flags })
    }

    fn flags(&self) -> String {
        let mut flags = String::from("httponly; samesite=");
        flags.push_str(match self.same_site {
            SameSite::Lax => "lax",
            SameSite::Strict => "strict",
            SameSite::None => "none",
        });
        if self.https_only {
            flags.push_str("; secure");
        }
        if let Some(domain) = &self.domain {
            flags.push_str("; domain=");
            flags.push_str(domain);
        }
        if self.partitioned {
            flags.push_str("; partitioned");
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(builder: StarletteCookieBuilder) -> ErrorKind {
        builder.build().unwrap_err().kind()
    }

    #[test]
    fn only_the_older_release_hides_a_max_age_of_zero() {
        let builder = StarletteCookie::builder("s").max_age(Duration::ZERO);
        let v0 = builder.clone().release(StarletteRelease::V0).build().unwrap();
        assert_eq!(v0.persist("x").unwrap(), "s=x; path=/; httponly; samesite=lax");
        let v1 = builder.build().unwrap();
        assert_eq!(v1.persist("x").unwrap(), "s=x; path=/; Max-Age=0; httponly; samesite=lax");
    }

    #[test]
    fn nothing_gets_out_of_its_attribute() {
        assert_eq!(kind(StarletteCookie::builder("a b")), ErrorKind::InvalidConfig);
        assert_eq!(kind(StarletteCookie::builder("")), ErrorKind::InvalidConfig);
        assert_eq!(kind(StarletteCookie::builder("s").path("/; secure")), ErrorKind::InvalidConfig);
        assert_eq!(kind(StarletteCookie::builder("s").domain("a\r\nb")), ErrorKind::InvalidConfig);
        let cookie = StarletteCookie::builder("s").build().unwrap();
        for value in ["a; domain=b", "a\r\nb: c", "a b", "\"a\"", "é"] {
            assert_eq!(cookie.persist(value).unwrap_err().kind(), ErrorKind::InvalidPayload);
        }
    }

    #[test]
    fn g45_same_site_none_needs_secure() {
        let none = StarletteCookie::builder("s").same_site(SameSite::None);
        assert_eq!(kind(none.clone()), ErrorKind::InvalidConfig);
        let cookie = none.https_only().without_max_age().build().unwrap();
        assert_eq!(cookie.persist("x").unwrap(), "s=x; path=/; httponly; samesite=none; secure");
        assert_eq!(kind(StarletteCookie::builder("s").partitioned()), ErrorKind::InvalidConfig);
    }

    #[test]
    fn g48_a_cookie_that_browsers_drop_is_an_error() {
        let cookie = StarletteCookie::builder("session").build().unwrap();
        assert!(cookie.persist(&"x".repeat(4089)).is_ok());
        let error = cookie.persist(&"x".repeat(4090)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CookieTooLarge);
    }
}
