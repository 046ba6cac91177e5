//! Requests that a page of another site makes a browser send, along with the cookies of this one.

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};
use crate::request::{Found, RequestView};
use crate::source::CredentialSource;

/// What is asked of requests that carry a cookie of Jam's and may change something: an unsafe method
/// (RFC 9110 §9.2.1), or the upgrade to a WebSocket.
///
/// Browsers say where a request comes from: in `Sec-Fetch-Site`, and in `Origin`. One that comes from
/// another origin, a sibling subdomain included, is refused with 403 before it reaches the
/// application. Without a cookie there is nothing to abuse, so tokens in headers are exempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct CsrfPolicy {
    mode: Mode,
    trusted: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    On,
    Strict,
    Off,
}

impl CsrfPolicy {
    /// The default: a request that says nothing about where it comes from is let in, since clients
    /// that are no browsers say nothing.
    pub fn on() -> Self {
        Self::default()
    }

    /// A request that says nothing about where it comes from is refused too.
    pub fn strict() -> Self {
        Self { mode: Mode::Strict, trusted: Vec::new() }
    }

    /// No protection: any site can act in the name of a logged-in user, but for what `SameSite`
    /// keeps out.
    pub fn danger_off() -> Self {
        Self { mode: Mode::Off, trusted: Vec::new() }
    }

    /// Another origin whose pages may send requests, such as `https://shop.example`; again to add
    /// another.
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted.push(origin.into().to_ascii_lowercase());
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidConfig, message));
        if self.mode == Mode::Off && !self.trusted.is_empty() {
            return invalid(
                "with the protection off every origin is trusted: drop the list".to_owned(),
            );
        }
        for origin in &self.trusted {
            // A pattern would be taken for a name that no origin has.
            if Origin::parse(origin).is_none() || origin.contains('*') {
                return invalid(format!(
                    "`{}` is no origin: write scheme and host, such as `https://shop.example`, without a path",
                    origin.escape_debug()
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn describe(&self) -> Value {
        let mode = match self.mode {
            Mode::On => "on",
            Mode::Strict => "strict",
            Mode::Off => "off",
        };
        json!({ "mode": mode, "trusted_origins": self.trusted })
    }
}

/// The policy together with the cookies that it protects.
#[derive(Clone, Debug)]
pub(crate) struct CsrfGuard {
    policy: CsrfPolicy,
    cookies: Vec<CredentialSource>,
}

impl CsrfGuard {
    /// Without a cookie or with the policy off there is nothing to look at.
    pub(crate) fn new(policy: CsrfPolicy, cookies: Vec<CredentialSource>) -> Option<Self> {
        (policy.mode != Mode::Off && !cookies.is_empty()).then_some(Self { policy, cookies })
    }
}

pub(crate) fn is_forged(guard: Option<&CsrfGuard>, view: &dyn RequestView) -> bool {
    let Some(CsrfGuard { policy, cookies }) = guard else { return false };
    if !may_change_something(view) {
        return false;
    }
    // A planted second cookie, or one that cannot be used, still is one.
    if cookies.iter().all(|cookie| cookie.find(view) == Found::Absent) {
        return false;
    }
    let (site, origin) = (Said::by(view, "sec-fetch-site"), Said::by(view, "origin"));
    if matches!(site, Said::Several) || matches!(origin, Said::Several) {
        return true;
    }
    if let Said::Once(origin) = origin {
        let Some(origin) = std::str::from_utf8(origin).ok().and_then(Origin::parse) else {
            return true;
        };
        if policy.trusted.iter().filter_map(|trusted| Origin::parse(trusted)).any(|o| o == origin) {
            return false;
        }
        if !is_own(&origin, view) {
            return true;
        }
    }
    match site {
        // `none`: typed in by the user.
        Said::Once(site) => !matches!(site, b"same-origin" | b"none"),
        _ => matches!(origin, Said::Nothing) && policy.mode == Mode::Strict,
    }
}

fn may_change_something(view: &dyn RequestView) -> bool {
    if !matches!(view.method(), "GET" | "HEAD" | "OPTIONS" | "TRACE") {
        return true;
    }
    const PROTOCOL: &[u8] = b"websocket";
    let mut upgrades = false;
    view.visit_header("upgrade", &mut |line| {
        // Frameworks differ in what they take for it: by version, in a list, or as part of a word.
        upgrades |= line.windows(PROTOCOL.len()).any(|word| word.eq_ignore_ascii_case(PROTOCOL));
    });
    upgrades
}

enum Said<'a> {
    Nothing,
    Once(&'a [u8]),
    /// No browser does; nobody can say which one a proxy went by.
    Several,
}

impl<'a> Said<'a> {
    fn by(view: &'a dyn RequestView, name: &str) -> Self {
        let mut said = Self::Nothing;
        view.visit_header(name, &mut |line| {
            said = match said {
                Self::Nothing => Self::Once(line.trim_ascii()),
                Self::Once(_) | Self::Several => Self::Several,
            };
        });
        said
    }
}

/// Whether an origin is the host that the request was sent to. The scheme plays no part but for its
/// own port: behind a proxy that speaks TLS nobody here knows it.
fn is_own(origin: &Origin<'_>, view: &dyn RequestView) -> bool {
    let host = match (view.authority(), Said::by(view, "host")) {
        (Some(authority), _) => Some(authority),
        (None, Said::Once(host)) => std::str::from_utf8(host).ok(),
        (None, Said::Nothing | Said::Several) => None,
    };
    host.is_some_and(|host| origin.authority.eq_ignore_ascii_case(origin.without_port(host)))
}

/// An origin as `Origin` spells it (RFC 6454 §6.2).
struct Origin<'a> {
    scheme: &'a str,
    /// Host and port, the latter only where it is not the scheme's own.
    authority: &'a str,
    own_port: &'static str,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_scheme = !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let is_host =
            authority.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#@\\".contains(&byte));
        let own_port = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => ":443",
            "http" | "ws" => ":80",
            _ => "",
        };
        let mut origin = Self { scheme, authority, own_port };
        origin.authority = origin.without_port(authority);
        (is_scheme && is_host && !origin.authority.is_empty()).then_some(origin)
    }

    fn without_port<'h>(&self, host: &'h str) -> &'h str {
        host.strip_suffix(self.own_port).unwrap_or(host)
    }
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.authority.eq_ignore_ascii_case(other.authority)
    }
}
