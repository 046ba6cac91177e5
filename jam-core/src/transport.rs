//! How a credential is handed to the client and taken back.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::chunk;
use crate::error::{Error, ErrorKind};
use crate::flow::HeaderOp;
use crate::python::starlette::StarletteCookie;
use crate::request::RequestView;
use crate::source::{CredentialSource, is_token};
pub(crate) use handover::Handover;

mod handover;

/// How a token reaches the client besides the body of an answer.
#[derive(Clone, Debug)]
pub struct CredentialTransport(Kind);

#[derive(Clone)]
enum Kind {
    None,
    Cookie(CookieSettings),
    Starlette(StarletteCookie),
    Header(String),
    Custom { label: &'static str, persist: Arc<PersistFn>, clear: Arc<ClearFn> },
}

type PersistFn = dyn Fn(&str, Option<Duration>) -> ResponseHeaders + Send + Sync;
type ClearFn = dyn Fn() -> ResponseHeaders + Send + Sync;

/// Names and values of response headers, in order. They are added beside whatever is there.
pub type ResponseHeaders = Vec<(String, String)>;

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Cookie(cookie) => f.debug_tuple("Cookie").field(cookie).finish(),
            Self::Starlette(cookie) => f.debug_tuple("Starlette").field(cookie).finish(),
            Self::Header(name) => f.debug_tuple("Header").field(name).finish(),
            Self::Custom { label, .. } => f.debug_tuple("Custom").field(label).finish(),
        }
    }
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

    /// **Legacy.** In the cookie of a Python service, with its attributes: a plain name, and `Secure`
    /// only when asked for.
    #[must_use]
    pub fn starlette(cookie: StarletteCookie) -> Self {
        Self(Kind::Starlette(cookie))
    }

    /// In a response header; taking back is the client's own affair.
    #[must_use]
    pub fn header(name: impl Into<String>) -> Self {
        Self(Kind::Header(name.into()))
    }

    /// In a way of the application's own: `persist` makes the headers that hand a credential out,
    /// given how long it lives, and `clear` those that take it back. Both are made from one
    /// description, or the second misses the first. `label` names it in
    /// [`describe`](crate::Jam::describe).
    ///
    /// What a cookie of one's own lacks, this type's cookies have: `HttpOnly`, `Secure`, a prefix.
    pub fn custom(
        label: &'static str,
        persist: impl Fn(&str, Option<Duration>) -> ResponseHeaders + Send + Sync + 'static,
        clear: impl Fn() -> ResponseHeaders + Send + Sync + 'static,
    ) -> Self {
        Self(Kind::Custom { label, persist: Arc::new(persist), clear: Arc::new(clear) })
    }

    pub(crate) fn as_cookie(&self) -> Option<&CookieSettings> {
        match &self.0 {
            Kind::Cookie(cookie) => Some(cookie),
            Kind::None | Kind::Starlette(_) | Kind::Header(_) | Kind::Custom { .. } => None,
        }
    }

    /// The name that a cookie source must read, given the name it was configured with.
    pub(crate) fn source_name<'a>(&'a self, configured: &'a str) -> Result<&'a str, Error> {
        match &self.0 {
            Kind::Cookie(cookie) => cookie.source_name(configured),
            Kind::Starlette(cookie) if cookie.name() != configured => {
                Err(two_names(configured, cookie.name()))
            }
            _ => Ok(configured),
        }
    }

    /// Settles the cookie's effective name, and refuses contradictions.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        match self.0 {
            Kind::None | Kind::Starlette(_) | Kind::Custom { .. } => Ok(self),
            Kind::Cookie(cookie) => cookie.checked().map(Self::cookie),
            Kind::Header(name) => {
                let name = name.to_ascii_lowercase();
                let refuse = |message: String| Err(Error::new(ErrorKind::InvalidConfig, message));
                if !is_token(&name) {
                    return refuse(
                        "the transport's header has a name that HTTP does not allow (RFC 9110 §5.6.2)"
                            .to_owned(),
                    );
                }
                if RESERVED.contains(&&*name) {
                    return refuse(format!(
                        "the transport's header `{name}` has a meaning of its own in answers and cannot hand a credential out: \
                         choose another, such as `X-Session`"
                    ));
                }
                Ok(Self(Kind::Header(name)))
            }
        }
    }

    /// The headers that hand the credential out. `lifetime` is how long it lives, if it ends; one
    /// that was asked to last outlives the browser's session in any case. `chunks` is how many chunks
    /// of the cookie the client holds.
    pub(crate) fn persist(
        &self,
        credential: &str,
        lifetime: Option<Duration>,
        lasts: bool,
        chunks: usize,
    ) -> Result<Vec<Handover>, Error> {
        Ok(match &self.0 {
            Kind::None => Vec::new(),
            Kind::Cookie(cookie) => {
                let cookies = cookie.persist(credential, lifetime, lasts, chunks)?;
                cookies.into_iter().map(Handover::cookie).collect()
            }
            Kind::Starlette(cookie) => {
                let age = cookie.max_age().map(|age| lifetime.map_or(age, |most| age.min(most)));
                let age = if lasts { lifetime } else { age };
                vec![Handover::cookie(cookie.persist_for(credential, age)?)]
            }
            Kind::Header(name) => vec![Handover {
                name: name.clone(),
                value: credential.to_owned(),
                op: HeaderOp::Set,
            }],
            Kind::Custom { label, persist, .. } => {
                Handover::custom(label, persist(credential, lifetime))?
            }
        })
    }

    /// The headers that take it back.
    pub(crate) fn clear(&self, chunks: usize) -> Vec<Handover> {
        if let Kind::Custom { label, clear, .. } = &self.0 {
            return Handover::custom(label, clear()).unwrap_or_default();
        }
        if let Kind::Starlette(cookie) = &self.0 {
            return vec![Handover::cookie(cookie.clear())];
        }
        let Some(cookie) = self.as_cookie() else { return Vec::new() };
        let names = (0..chunks.max(1)).map(|index| chunk::name(&cookie.name, index));
        names.map(|name| Handover::cookie(cookie.clear(&name))).collect()
    }

    /// The place that this and another transport both write, chunks included.
    pub(crate) fn collides_with(&self, other: &Self) -> Option<String> {
        let (mine, theirs) = (self.cookie_name(), other.cookie_name());
        if let (Some(mine), Some(theirs)) = (mine, theirs) {
            let is_chunk = |name: &str, of: &Self| {
                let cookie = of.as_cookie().filter(|cookie| cookie.chunked);
                cookie.is_some_and(|cookie| chunk::is_chunk(name, &cookie.name))
            };
            let collide = mine == theirs || is_chunk(mine, other) || is_chunk(theirs, self);
            return collide.then(|| format!("the cookie `{mine}`"));
        }
        match (&self.0, &other.0) {
            (Kind::Header(mine), Kind::Header(theirs)) if mine.eq_ignore_ascii_case(theirs) => {
                Some(format!("the header `{mine}`"))
            }
            _ => None,
        }
    }

    fn cookie_name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Cookie(cookie) => Some(&cookie.name),
            Kind::Starlette(cookie) => Some(cookie.name()),
            Kind::None | Kind::Header(_) | Kind::Custom { .. } => None,
        }
    }

    /// Where a request carries what this hands out.
    pub(crate) fn own_source(&self) -> Option<CredentialSource> {
        match &self.0 {
            Kind::Header(name) => Some(CredentialSource::header(name)),
            _ => self.cookie_name().map(CredentialSource::cookie),
        }
    }

    /// How many chunks of its cookie a request carries.
    pub(crate) fn chunks_in(&self, view: &dyn RequestView) -> usize {
        match self.as_cookie() {
            Some(cookie) if cookie.chunked => chunk::count(view, &cookie.name),
            _ => 0,
        }
    }

    /// The whole credential, out of what a source has found; none when chunks are missing.
    pub(crate) fn join<'a>(
        &self,
        view: &'a dyn RequestView,
        found: &'a [u8],
    ) -> Option<Cow<'a, [u8]>> {
        match self.as_cookie() {
            Some(cookie) if cookie.chunked => chunk::join(view, &cookie.name, found),
            _ => Some(Cow::Borrowed(found)),
        }
    }

    pub(crate) fn describe(&self) -> Value {
        match &self.0 {
            Kind::None => json!("none"),
            Kind::Cookie(cookie) => json!({ "cookie": cookie.describe() }),
            Kind::Starlette(cookie) => json!({ "cookie": {
                "name": cookie.name(),
                "attributes": cookie.attributes(cookie.max_age()),
            } }),
            Kind::Header(name) => json!({ "header": name }),
            Kind::Custom { label, .. } => json!({ "custom": label }),
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
    chunked: bool,
}

/// Headers that frame an answer, rule it, or say what it is.
const RESERVED: [&str; 20] = [
    "cache-control",
    "clear-site-data",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "host",
    "keep-alive",
    "location",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
];

/// Name and value together, in bytes; browsers drop what is longer (RFC 6265bis §5.6).
pub(crate) const MAX_COOKIE: usize = 4096;
const PREFIXES: [&str; 2] = ["__Host-", "__Secure-"];

impl CookieSettings {
    /// A cookie of this name, which begins with `__Host-` or `__Secure-`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            same_site: SameSite::Lax,
            persistent: false,
            insecure_dev: false,
            chunked: false,
        }
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

    /// Spreads what is longer than a cookie may be over several, named `NAME`, `NAME.1`, …, eight at
    /// the most. Browsers and servers have limits of their own on all cookies together.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
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
        if bare != name && !PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            return invalid(format!(
                "the cookie name `{name}` has a prefix in another case, which older browsers do not know \
                 for one: write `__Host-` or `__Secure-`"
            ));
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

    fn source_name(&self, configured: &str) -> Result<&str, Error> {
        if configured == self.name || (self.insecure_dev && without_prefix(configured) == self.name)
        {
            return Ok(&self.name);
        }
        Err(two_names(configured, &self.name))
    }

    fn persist(
        &self,
        value: &str,
        lifetime: Option<Duration>,
        lasts: bool,
        chunks: usize,
    ) -> Result<Vec<String>, Error> {
        let length = self.name.len() + value.len();
        let values = match (length > MAX_COOKIE, self.chunked) {
            (false, true) if chunk::looks_split(value) => chunk::split(&self.name, value)?,
            (false, _) => vec![value.to_owned()],
            (true, true) => chunk::split(&self.name, value)?,
            (true, false) => {
                return Err(Error::new(
                    ErrorKind::CookieTooLarge,
                    format!(
                        "the cookie `{}` would take {length} bytes; browsers drop more than {MAX_COOKIE}: \
                         put less into it, spread it with `chunked`, or hand it out by a header",
                        self.name
                    ),
                ));
            }
        };
        let max_age = lifetime.filter(|_| self.persistent || lasts);
        let max_age = max_age.map(|age| format!("; Max-Age={}", age.as_secs()));
        let stale = values.len()..chunks;
        let set = values.iter().enumerate().map(|(index, value)| {
            self.attributes(&chunk::name(&self.name, index), value)
                + max_age.as_deref().unwrap_or_default()
        });
        let cleared = stale.map(|index| self.clear(&chunk::name(&self.name, index)));
        Ok(set.chain(cleared).collect())
    }

    fn clear(&self, name: &str) -> String {
        self.attributes(name, "") + "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    }

    fn attributes(&self, name: &str, value: &str) -> String {
        let secure = if self.insecure_dev { "" } else { "; Secure" };
        format!("{name}={value}; Path=/{secure}; HttpOnly; SameSite={}", self.same_site.as_str())
    }

    fn describe(&self) -> Value {
        json!({
            "name": self.name,
            "same_site": self.same_site.as_str().to_ascii_lowercase(),
            "persistent": self.persistent,
            "insecure_dev": self.insecure_dev,
            "chunked": self.chunked,
        })
    }
}

fn two_names(configured: &str, name: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!(
            "the cookie source reads `{configured}`, but the transport sets `{name}`: give both the same name"
        ),
    )
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
