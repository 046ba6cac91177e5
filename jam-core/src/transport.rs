//! How a credential is handed to the client and taken back.

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};
use crate::source::is_token;

/// How a token reaches the client besides the body of an answer.
#[derive(Clone, Debug)]
pub struct CredentialTransport(Kind);

#[derive(Clone, Debug)]
enum Kind {
    None,
    Cookie(CookieSettings),
    Header(String),
}

/// A header that hands out or takes back a credential.
pub(crate) struct Handover {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl CredentialTransport {
    /// Not at all: the application puts the token into the body.
    #[must_use]
    pub fn none() -> Self {
        Self(Kind::None)
    }

    /// In a cookie.
    #[must_use]
    pub fn cookie(settings: CookieSettings) -> Self {
        Self(Kind::Cookie(settings))
    }

    /// In a response header; taking back is the client's own affair.
    #[must_use]
    pub fn header(name: impl Into<String>) -> Self {
        Self(Kind::Header(name.into()))
    }

    pub(crate) fn as_cookie(&self) -> Option<&CookieSettings> {
        match &self.0 {
            Kind::Cookie(cookie) => Some(cookie),
            Kind::None | Kind::Header(_) => None,
        }
    }

    /// Settles the cookie's effective name, and refuses contradictions.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        match self.0 {
            Kind::None => Ok(self),
            Kind::Cookie(cookie) => cookie.checked().map(Self::cookie),
            Kind::Header(name) if is_token(&name) && !name.eq_ignore_ascii_case("set-cookie") => {
                Ok(Self(Kind::Header(name.to_ascii_lowercase())))
            }
            Kind::Header(_) => Err(Error::new(
                ErrorKind::InvalidConfig,
                "the transport's header has a name that HTTP does not allow (RFC 9110 §5.6.2)",
            )),
        }
    }

    /// The header that hands the credential out. `lifetime` is how long it lives, if it ends.
    pub(crate) fn persist(
        &self,
        credential: &str,
        lifetime: Option<Duration>,
    ) -> Result<Option<Handover>, Error> {
        Ok(match &self.0 {
            Kind::None => None,
            Kind::Cookie(cookie) => Some(Handover {
                name: "set-cookie".to_owned(),
                value: cookie.persist(credential, lifetime)?,
            }),
            Kind::Header(name) => {
                Some(Handover { name: name.clone(), value: credential.to_owned() })
            }
        })
    }

    /// The header that takes it back.
    pub(crate) fn clear(&self) -> Option<Handover> {
        let cookie = self.as_cookie()?;
        Some(Handover { name: "set-cookie".to_owned(), value: cookie.clear() })
    }

    pub(crate) fn describe(&self) -> Value {
        match &self.0 {
            Kind::None => json!("none"),
            Kind::Cookie(cookie) => json!({ "cookie": cookie.describe() }),
            Kind::Header(name) => json!({ "header": name }),
        }
    }
}

/// When a browser sends the cookie along with requests from other sites (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Also when a link from elsewhere is followed.
    #[default]
    Lax,
    /// Only from the site itself.
    Strict,
    /// Always; the application must defend itself against forged requests.
    None,
}

impl SameSite {
    fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

/// The one descriptor from which the setting and the removing cookie are both built, so that the
/// second always hits the first.
///
/// Always `Secure`, `HttpOnly` and `Path=/`, never `Domain`: what the prefix `__Host-` stands for
/// (RFC 6265bis §4.1.3.2).
#[derive(Clone, Debug)]
pub struct CookieSettings {
    name: String,
    same_site: SameSite,
    persistent: bool,
    insecure_dev: bool,
}

/// Name and value together, in bytes; browsers drop what is longer (RFC 6265bis §5.6).
const MAX_COOKIE: usize = 4096;
const PREFIXES: [&str; 2] = ["__Host-", "__Secure-"];

impl CookieSettings {
    /// A cookie of this name, which begins with `__Host-` or `__Secure-`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), same_site: SameSite::Lax, persistent: false, insecure_dev: false }
    }

    /// Its `SameSite` attribute; [`SameSite::Lax`].
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Survives the end of the browser's session: adds `Max-Age`, never past the credential's end.
    #[must_use]
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// For development over plain HTTP: drops `Secure` and the name's prefix, and warns in the log.
    #[must_use]
    pub fn insecure_dev(mut self) -> Self {
        self.insecure_dev = true;
        self
    }

    fn checked(mut self) -> Result<Self, Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidConfig, message));
        let name = &self.name;
        if !is_token(name) {
            return invalid(format!(
                "`{}` is no name for a cookie (RFC 6265bis §4.1.1)",
                name.escape_debug()
            ));
        }
        let bare = without_prefix(name);
        if bare.is_empty() {
            return invalid(format!("the cookie name `{name}` is a prefix and nothing else"));
        }
        if bare == name && !self.insecure_dev {
            return invalid(format!(
                "the cookie name `{name}` needs the prefix `__Host-`, which keeps neighbouring subdomains from \
                 planting it; over plain HTTP in development, `insecure_dev` drops the prefix"
            ));
        }
        if self.insecure_dev && self.same_site == SameSite::None {
            return invalid("SameSite=None needs Secure, which `insecure_dev` drops".to_owned());
        }
        if self.insecure_dev {
            tracing::warn!(target: "jam", cookie = bare, "insecure_dev: this cookie travels over plain HTTP");
            self.name = bare.to_owned();
        }
        Ok(self)
    }

    /// The name that a cookie source must read, given the name it was configured with.
    pub(crate) fn source_name(&self, configured: &str) -> Result<&str, Error> {
        if configured == self.name || (self.insecure_dev && without_prefix(configured) == self.name)
        {
            return Ok(&self.name);
        }
        Err(Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "the cookie source reads `{configured}`, but the transport sets `{}`: give both the same name",
                self.name
            ),
        ))
    }

    fn persist(&self, value: &str, lifetime: Option<Duration>) -> Result<String, Error> {
        let length = self.name.len() + value.len();
        if length > MAX_COOKIE {
            return Err(Error::new(
                ErrorKind::CookieTooLarge,
                format!(
                    "the cookie `{}` would take {length} bytes; browsers drop more than {MAX_COOKIE}: \
                     put fewer claims into the token, or hand it out by a header",
                    self.name
                ),
            ));
        }
        let mut cookie = self.attributes(value);
        if let (true, Some(lifetime)) = (self.persistent, lifetime) {
            cookie.push_str(&format!("; Max-Age={}", lifetime.as_secs()));
        }
        Ok(cookie)
    }

    fn clear(&self) -> String {
        self.attributes("") + "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    }

    fn attributes(&self, value: &str) -> String {
        let secure = if self.insecure_dev { "" } else { "; Secure" };
        format!(
            "{}={value}; Path=/{secure}; HttpOnly; SameSite={}",
            self.name,
            self.same_site.as_str()
        )
    }

    fn describe(&self) -> Value {
        json!({
            "name": self.name,
            "same_site": self.same_site.as_str().to_ascii_lowercase(),
            "persistent": self.persistent,
            "insecure_dev": self.insecure_dev,
        })
    }
}

/// Browsers compare the prefixes without case, so a name that differs in case has one too.
fn without_prefix(name: &str) -> &str {
    for prefix in PREFIXES {
        if let Some((head, rest)) = name.split_at_checked(prefix.len())
            && head.eq_ignore_ascii_case(prefix)
        {
            return rest;
        }
    }
    name
}
