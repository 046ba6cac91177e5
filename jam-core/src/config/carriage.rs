//! How a credential travels: the sources it is found in, and the transport that hands it out.

use std::time::Duration;

use super::table::{Entry, Table, located};
use crate::Error;
use crate::python::starlette::StarletteCookie;
use crate::source::CredentialSource;
use crate::transport::{CookieSettings, CredentialTransport, SameSite};

/// Starlette's `session_cookie`.
const PYTHON_COOKIE: &str = "session";

const SOURCE_SHAPE: &str = "expected { bearer = true }, { cookie = \"NAME\" }, { header = \"NAME\" } or { header = \"NAME\", scheme = \"WORD\" }";

/// What a kind of credential does unless told otherwise.
pub(super) struct Defaults {
    /// The name of its cookie.
    pub(super) cookie: &'static str,
    /// Whether it is handed out by a cookie, or not at all.
    pub(super) by_cookie: bool,
    /// The `Max-Age` of a cookie with the attributes of a Python service.
    pub(super) python: Option<Duration>,
}

/// `sources`, `transport` and `cookie`, as far as they are there.
pub(super) struct Carriage {
    pub(super) sources: Vec<CredentialSource>,
    pub(super) transport: Option<CredentialTransport>,
}

/// Reads `sources`, `transport` and `cookie`.
pub(super) fn read(table: &mut Table, defaults: &Defaults) -> Result<Carriage, Error> {
    let mut sources = Vec::new();
    if let Some(list) = table.take("sources") {
        for entry in
            list.filled_list("a list of sources", "without a source nothing can authenticate")?
        {
            sources.push(source(entry)?);
        }
    }
    Ok(Carriage { sources, transport: transport(table, defaults)? })
}

fn source(entry: Entry) -> Result<CredentialSource, Error> {
    let mut table = entry.table(&["bearer", "cookie", "header", "scheme"])?;
    let parts =
        (table.take("bearer"), table.take("cookie"), table.take("header"), table.take("scheme"));
    match parts {
        (Some(bearer), None, None, None) => {
            let refusal =
                bearer.refuse("expected true; to do without it, leave the whole entry out");
            if bearer.boolean()? { Ok(CredentialSource::bearer()) } else { Err(refusal) }
        }
        (None, Some(cookie), None, None) => Ok(CredentialSource::cookie(cookie.text()?)),
        (None, None, Some(header), None) => Ok(CredentialSource::header(header.text()?)),
        (None, None, Some(header), Some(scheme)) => {
            Ok(CredentialSource::header(header.text()?).with_scheme(scheme.text()?))
        }
        _ => Err(table.refuse(SOURCE_SHAPE)),
    }
}

fn transport(table: &mut Table, defaults: &Defaults) -> Result<Option<CredentialTransport>, Error> {
    let words: &[(&str, bool)] =
        if defaults.by_cookie { &[("cookie", true)] } else { &[("none", false), ("cookie", true)] };
    let shape = if defaults.by_cookie {
        "expected \"cookie\" or { header = \"NAME\" }"
    } else {
        "expected \"none\", \"cookie\" or { header = \"NAME\" }"
    };
    let cookie = table.take("cookie");
    let transport = match table.take("transport") {
        None if defaults.by_cookie => {
            return by_cookie(cookie, defaults).map(Some);
        }
        None => None,
        Some(entry) if entry.is_table() => {
            let mut table = entry.table(&["header"])?;
            let header = table.take("header").ok_or_else(|| table.refuse(shape))?;
            Some(CredentialTransport::header(header.text()?))
        }
        Some(entry) if entry.is_string() => {
            if entry.choice(words)? {
                return by_cookie(cookie, defaults).map(Some);
            }
            Some(CredentialTransport::none())
        }
        Some(entry) => return Err(entry.refuse(shape)),
    };
    match cookie {
        Some(cookie) => Err(cookie
            .refuse("cookie settings need `transport = \"cookie\"`; add it, or drop this table")),
        None => Ok(transport),
    }
}

fn by_cookie(cookie: Option<Entry>, defaults: &Defaults) -> Result<CredentialTransport, Error> {
    match defaults.python {
        Some(max_age) => pythons(cookie, max_age).map(CredentialTransport::starlette),
        None => settings(cookie, defaults).map(CredentialTransport::cookie),
    }
}

/// The cookie of a Python service, which lasts unless told otherwise.
pub(super) fn pythons(cookie: Option<Entry>, max_age: Duration) -> Result<StarletteCookie, Error> {
    let path = cookie.as_ref().map(|entry| entry.path().to_owned());
    let mut table = match cookie {
        Some(entry) => Some(entry.table(&[
            "name",
            "same_site",
            "persistent",
            "insecure_dev",
            "path",
            "domain",
            "https_only",
            "partitioned",
        ])?),
        None => None,
    };
    let mut take = |key| table.as_mut().and_then(|table| table.take(key));
    let name = take("name").map(Entry::text).transpose()?;
    let name = name.unwrap_or_else(|| PYTHON_COOKIE.to_owned());
    let mut cookie = StarletteCookie::builder(name).max_age(max_age);
    if let Some(entry) = take("same_site") {
        cookie = cookie.same_site(same_site(entry)?);
    }
    if !take("persistent").map_or(Ok(true), Entry::boolean)? {
        cookie = cookie.without_max_age();
    }
    if let Some(path) = take("path") {
        cookie = cookie.path(path.text()?);
    }
    if let Some(domain) = take("domain") {
        cookie = cookie.domain(domain.text()?);
    }
    let https_only = take("https_only").map_or(Ok(false), Entry::boolean)?;
    if https_only {
        cookie = cookie.https_only();
    }
    if let Some(entry) = take("insecure_dev") {
        let refusal = entry.refuse("`https_only` asks for the `Secure` that this drops");
        // Python's cookie is not secure unless told otherwise: nothing is left to drop.
        if entry.boolean()? && https_only {
            return Err(refusal);
        }
    }
    if take("partitioned").map_or(Ok(false), Entry::boolean)? {
        cookie = cookie.partitioned();
    }
    cookie.build().map_err(|error| match &path {
        Some(path) => located(path, error),
        None => error,
    })
}

fn same_site(entry: Entry) -> Result<SameSite, Error> {
    entry.choice(&[("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)])
}

fn settings(cookie: Option<Entry>, defaults: &Defaults) -> Result<CookieSettings, Error> {
    let Some(entry) = cookie else { return Ok(CookieSettings::new(defaults.cookie)) };
    let mut table = entry.table(&["name", "same_site", "persistent", "insecure_dev", "chunked"])?;
    let name = table.take("name").map(Entry::text).transpose()?;
    let mut settings = CookieSettings::new(name.unwrap_or_else(|| defaults.cookie.to_owned()));
    if let Some(entry) = table.take("same_site") {
        settings = settings.same_site(same_site(entry)?);
    }
    if is_on(&mut table, "persistent")? {
        settings = settings.persistent();
    }
    if is_on(&mut table, "insecure_dev")? {
        settings = settings.insecure_dev();
    }
    if is_on(&mut table, "chunked")? {
        settings = settings.chunked();
    }
    Ok(settings)
}

/// A switch that is off unless told otherwise.
pub(super) fn is_on(table: &mut Table, key: &str) -> Result<bool, Error> {
    table.take(key).map_or(Ok(false), Entry::boolean)
}
