//! How a credential travels: the sources it is found in, and the transport that hands it out.

use super::table::{Entry, Table};
use crate::Error;
use crate::source::CredentialSource;
use crate::transport::{CookieSettings, CredentialTransport, SameSite};

const SOURCE_SHAPE: &str = "expected { bearer = true }, { cookie = \"NAME\" }, { header = \"NAME\" } or { header = \"NAME\", scheme = \"WORD\" }";

/// What a kind of credential does unless told otherwise.
pub(super) struct Defaults {
    /// The name of its cookie.
    pub(super) cookie: &'static str,
    /// Whether it is handed out by a cookie, or not at all.
    pub(super) by_cookie: bool,
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
            return Ok(Some(CredentialTransport::cookie(settings(cookie, defaults)?)));
        }
        None => None,
        Some(entry) if entry.is_table() => {
            let mut table = entry.table(&["header"])?;
            let header = table.take("header").ok_or_else(|| table.refuse(shape))?;
            Some(CredentialTransport::header(header.text()?))
        }
        Some(entry) if entry.is_string() => {
            if entry.choice(words)? {
                return Ok(Some(CredentialTransport::cookie(settings(cookie, defaults)?)));
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

fn settings(cookie: Option<Entry>, defaults: &Defaults) -> Result<CookieSettings, Error> {
    let Some(entry) = cookie else { return Ok(CookieSettings::new(defaults.cookie)) };
    let mut table = entry.table(&["name", "same_site", "persistent", "insecure_dev", "chunked"])?;
    let name = table.take("name").map(Entry::text).transpose()?;
    let mut settings = CookieSettings::new(name.unwrap_or_else(|| defaults.cookie.to_owned()));
    if let Some(same_site) = table.take("same_site") {
        let words =
            [("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];
        settings = settings.same_site(same_site.choice(&words)?);
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
