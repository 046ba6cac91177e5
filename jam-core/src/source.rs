//! Where a request carries its credential: `Authorization`, another header, a cookie, or a place
//! of the application's own.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};
use crate::request::{Found, RequestView};
use crate::transport::CredentialTransport;

/// One place in which a credential may stand.
///
/// Sources are tried in order and the first one present decides. Headers are deliberate: what one
/// carries is never overruled by a later source, however bad it is. Cookies are ambient: one that
/// cannot be used counts as absent, so the next source is tried.
#[derive(Clone)]
pub struct CredentialSource(Kind);

#[derive(Clone)]
enum Kind {
    Header { name: String, scheme: Option<String> },
    Cookie { name: String },
    Custom { label: &'static str, find: Arc<CustomFn> },
}

type CustomFn = dyn for<'a> Fn(&'a dyn RequestView) -> Found<'a> + Send + Sync;

impl CredentialSource {
    /// `Authorization: Bearer <token>` (RFC 6750 §2.1).
    #[must_use]
    pub fn bearer() -> Self {
        Self::header("authorization").with_scheme("Bearer")
    }

    /// A header whose whole value is the token, unless a [scheme](Self::with_scheme) is added.
    #[must_use]
    pub fn header(name: impl AsRef<str>) -> Self {
        Self(Kind::Header { name: name.as_ref().to_ascii_lowercase(), scheme: None })
    }

    /// For a header: the token stands behind this scheme, compared without case (RFC 9110 §11.1).
    #[must_use]
    pub fn with_scheme(mut self, with: impl Into<String>) -> Self {
        if let Kind::Header { scheme, .. } = &mut self.0 {
            *scheme = Some(with.into());
        }
        self
    }

    /// A cookie; its name is compared with case.
    #[must_use]
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(Kind::Cookie { name: name.into() })
    }

    /// A place that the function looks at. What it finds is treated as deliberate, like a header.
    /// `label` names it in [`describe`](crate::Jam::describe).
    ///
    /// Mind that a credential in a query string ends up in logs and in `Referer` (RFC 9700 §4.3.2).
    pub fn custom(
        label: &'static str,
        find: impl for<'a> Fn(&'a dyn RequestView) -> Found<'a> + Send + Sync + 'static,
    ) -> Self {
        Self(Kind::Custom { label, find: Arc::new(find) })
    }

    /// Looks at one request. Nothing is allocated.
    #[must_use]
    pub fn find<'a>(&self, view: &'a dyn RequestView) -> Found<'a> {
        let ambient = self.is_ambient();
        Sighting { found: self.look(view), ambient, judged: self.judges() }.judge()
    }

    /// The same, before the characters of what was found are judged.
    fn look<'a>(&self, view: &'a dyn RequestView) -> Found<'a> {
        match &self.0 {
            Kind::Header { name, scheme } => find_header(view, name, scheme.as_deref()),
            Kind::Cookie { name } => find_cookie(view, name),
            Kind::Custom { find, .. } => find(view),
        }
    }

    /// Whether browsers send it by themselves.
    fn is_ambient(&self) -> bool {
        matches!(self.0, Kind::Cookie { .. })
    }

    /// Whether what it finds is judged already.
    fn judges(&self) -> bool {
        matches!(self.0, Kind::Custom { .. })
    }

    pub(crate) fn describe(&self) -> Value {
        match &self.0 {
            Kind::Header { name, scheme: Some(scheme) }
                if name == "authorization" && scheme.eq_ignore_ascii_case("bearer") =>
            {
                json!({ "bearer": true })
            }
            Kind::Header { name, scheme: None } => json!({ "header": name }),
            Kind::Header { name, scheme } => json!({ "header": name, "scheme": scheme }),
            Kind::Cookie { name } => json!({ "cookie": name }),
            Kind::Custom { label, .. } => json!({ "custom": label }),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let valid = match &self.0 {
            Kind::Header { name, scheme } => {
                is_token(name) && scheme.as_deref().is_none_or(is_token) && name != "cookie"
            }
            Kind::Cookie { name } => is_token(name),
            Kind::Custom { .. } => true,
        };
        if valid {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "the credential source {} has a name or scheme that HTTP does not allow \
                 (RFC 9110 §5.6.2: letters, digits and !#$%&'*+-.^_`|~)",
                self.describe()
            ),
        ))
    }
}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialSource({})", self.describe())
    }
}

/// A `token` of RFC 9110 §5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_tchar)
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn find_header<'a>(view: &'a dyn RequestView, name: &str, scheme: Option<&str>) -> Found<'a> {
    let (mut lines, mut value): (usize, &'a [u8]) = (0, b"");
    view.visit_header(name, &mut |line| {
        lines += 1;
        value = line;
    });
    let value = trim(value);
    match (lines, scheme) {
        // Several lines cannot be joined into one credential, equal or not (RFC 9110 §5.3).
        (2.., _) => Found::Conflict,
        (0, _) => Found::Absent,
        _ if value.is_empty() => Found::Absent,
        (_, None) => Found::Credential(value),
        (_, Some(scheme)) => behind_scheme(value, scheme),
    }
}

/// `credentials = auth-scheme 1*SP token68` (RFC 9110 §11.4).
fn behind_scheme<'a>(value: &'a [u8], scheme: &str) -> Found<'a> {
    let Some((found, rest)) = value.split_at_checked(scheme.len()) else { return Found::Absent };
    // Most write it as it is registered.
    if found != scheme.as_bytes() && !found.eq_ignore_ascii_case(scheme.as_bytes()) {
        return Found::Absent;
    }
    match rest {
        [b' ', rest @ ..] => {
            let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
            match rest.get(spaces..) {
                Some(token @ [_, ..]) => Found::Credential(token),
                _ => Found::Malformed,
            }
        }
        // A longer scheme.
        [byte, ..] if is_tchar(*byte) => Found::Absent,
        _ => Found::Malformed,
    }
}

/// `b64token` (RFC 6750 §2.1).
pub(crate) fn is_credential(value: &[u8]) -> bool {
    let padding = value.iter().rev().take_while(|&&byte| byte == b'=').count();
    let token = value.get(..value.len().saturating_sub(padding)).unwrap_or_default();
    !token.is_empty() && all(token, is_b64token)
}

fn is_b64token(byte: u8) -> bool {
    ((byte | 0x20).wrapping_sub(b'a') < 26)
        | (byte.wrapping_sub(b'0') < 10)
        | (byte == b'-')
        | (byte == b'.')
        | (byte == b'_')
        | (byte == b'~')
        | (byte == b'+')
        | (byte == b'/')
}

/// One cookie out of all `Cookie` lines; HTTP/2 splits them (RFC 9113 §8.2.3).
fn find_cookie<'a>(view: &'a dyn RequestView, name: &str) -> Found<'a> {
    let (mut found, mut is_conflict) = (None, false);
    view.visit_header("cookie", &mut |line| {
        let mut rest = line;
        while !rest.is_empty() {
            let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let (pair, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
            rest = after.get(1..).unwrap_or_default();
            let value = trim(pair).strip_prefix(name.as_bytes()).and_then(|v| v.strip_prefix(b"="));
            if let Some(value @ [_, ..]) = value {
                // Equal duplicates are one; different ones are a conflict, whichever of them a
                // neighbouring subdomain planted.
                is_conflict |= *found.get_or_insert(value) != value;
            }
        }
    });
    match found {
        _ if is_conflict => Found::Conflict,
        Some(value) => Found::Credential(value),
        None => Found::Absent,
    }
}

/// `cookie-value` (RFC 6265bis §4.1.1): octets, or octets in quotes, which belong to the value.
fn is_cookie_value(value: &[u8]) -> bool {
    let octets =
        value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(value);
    all(octets, is_cookie_octet)
}

/// Sixteen bytes at a time without an early exit, the last ones twice where they are fewer: a few
/// vector instructions, as long as `is_good` does not branch.
fn all(bytes: &[u8], is_good: impl Fn(u8) -> bool) -> bool {
    let are_good = |some: &[u8]| some.iter().fold(true, |good, &byte| good & is_good(byte));
    match bytes.last_chunk::<16>() {
        Some(last) => bytes.chunks_exact(16).all(are_good) && are_good(last),
        None => are_good(bytes),
    }
}

/// Visible ASCII but for quotes, comma, semicolon and backslash.
fn is_cookie_octet(byte: u8) -> bool {
    (byte.wrapping_sub(0x21) < 0x5e)
        & (byte != b'"')
        & (byte != b',')
        & (byte != b';')
        & (byte != b'\\')
}

/// Without optional white space at the ends (RFC 9110 §5.6.3).
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The ordered sources of a backend, checked.
#[derive(Clone, Debug)]
pub(crate) struct Sources(Arc<[CredentialSource]>);

/// A credential that a source found, and whether it is ambient.
pub(crate) struct Sighting<'a> {
    pub(crate) found: Found<'a>,
    pub(crate) ambient: bool,
    /// Whether it is known to consist of what a credential may consist of. A token that is verified
    /// shows that by itself, as an id does.
    pub(crate) judged: bool,
}

impl<'a> Sighting<'a> {
    pub(crate) fn judge(self) -> Found<'a> {
        let Found::Credential(value) = self.found else { return self.found };
        let good =
            self.judged || if self.ambient { is_cookie_value(value) } else { is_credential(value) };
        if good { self.found } else { Found::Malformed }
    }
}

impl Sources {
    /// Checks names, duplicates, and that a cookie source reads what the transport sets.
    pub(crate) fn new(
        mut sources: Vec<CredentialSource>,
        transport: &CredentialTransport,
    ) -> Result<Self, Error> {
        for source in &mut sources {
            if let Kind::Cookie { name } = &mut source.0 {
                *name = transport.source_name(name)?.to_owned();
            }
        }
        let mut described = Vec::new();
        for source in &sources {
            source.check()?;
            let name = source.describe();
            if described.contains(&name) {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    format!("the credential source {name} is listed twice; once is enough"),
                ));
            }
            described.push(name);
        }
        Ok(Self(sources.into()))
    }

    /// What each source finds, in order, up to and including the first that decides.
    pub(crate) fn sight<'a>(
        &self,
        view: &'a dyn RequestView,
        mut see: impl FnMut(usize, Sighting<'a>),
    ) {
        for (index, source) in self.0.iter().enumerate() {
            let found = source.look(view);
            let ambient = source.is_ambient();
            if found == Found::Absent {
                continue;
            }
            see(index, Sighting { found, ambient, judged: source.judges() });
            // A conflict is refused even among cookies: nobody can say which one is meant.
            if !ambient || found == Found::Conflict {
                return;
            }
        }
    }

    pub(crate) fn describe(&self) -> Vec<Value> {
        self.0.iter().map(CredentialSource::describe).collect()
    }

    /// Those that read a cookie.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = &CredentialSource> {
        self.0.iter().filter(|source| source.is_ambient())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The headers that an answer depends on, as `Vary` names them.
    pub(crate) fn vary(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for source in self.0.iter() {
            let name = match &source.0 {
                Kind::Header { name, .. } if name == "authorization" => "Authorization",
                Kind::Header { name, .. } => name,
                Kind::Cookie { .. } => "Cookie",
                Kind::Custom { .. } => continue,
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
