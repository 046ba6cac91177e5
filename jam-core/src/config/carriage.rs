//! How a token travels: the sources it is found in, and the transport that hands it out.

use super::table::{Entry, Table};
use crate::Error;
use crate::jwt::JwtBackendBuilder;
use crate::source::CredentialSource;
use crate::transport::{CookieSettings, CredentialTransport, SameSite};

/// The cookie of a JWT unless told otherwise.
const COOKIE_NAME: &str = "__Host-jwt";

const SOURCE_SHAPE: &str = "expected { bearer = true }, { cookie = \"NAME\" }, { header = \"NAME\" } or { header = \"NAME\", scheme = \"WORD\" }";
const TRANSPORT_SHAPE: &str = "expected \"none\", \"cookie\" or { header = \"NAME\" }";

/// Reads `sources`, `transport` and `cookie`.
pub(super) fn apply(
    mut builder: JwtBackendBuilder,
    table: &mut Table,
) -> Result<JwtBackendBuilder, Error> {
    if let Some(sources) = table.take("sources") {
        for entry in
            sources.filled_list("a list of sources", "without a source nothing can authenticate")?
        {
            builder = builder.source(source(entry)?);
        }
    }
    if let Some(transport) = transport(table)? {
        builder = builder.transport(transport);
    }
    Ok(builder)
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

fn transport(table: &mut Table) -> Result<Option<CredentialTransport>, Error> {
    let cookie = table.take("cookie");
    let transport = match table.take("transport") {
        None => None,
        Some(entry) if entry.is_table() => {
            let mut table = entry.table(&["header"])?;
            let header = table.take("header").ok_or_else(|| table.refuse(TRANSPORT_SHAPE))?;
            Some(CredentialTransport::header(header.text()?))
        }
        Some(entry) if entry.is_string() => {
            if entry.choice(&[("none", false), ("cookie", true)])? {
                return Ok(Some(CredentialTransport::cookie(settings(cookie)?)));
            }
            Some(CredentialTransport::none())
        }
        Some(entry) => return Err(entry.refuse(TRANSPORT_SHAPE)),
    };
    match cookie {
        Some(cookie) => Err(cookie
            .refuse("cookie settings need `transport = \"cookie\"`; add it, or drop this table")),
        None => Ok(transport),
    }
}

fn settings(cookie: Option<Entry>) -> Result<CookieSettings, Error> {
    let mut table = match cookie {
        Some(entry) => entry.table(&["name", "same_site", "persistent", "insecure_dev"])?,
        None => return Ok(CookieSettings::new(COOKIE_NAME)),
    };
    let name = table.take("name").map(Entry::text).transpose()?;
    let mut settings = CookieSettings::new(name.unwrap_or_else(|| COOKIE_NAME.to_owned()));
    if let Some(same_site) = table.take("same_site") {
        let words =
            [("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];
        settings = settings.same_site(same_site.choice(&words)?);
    }
    if let Some(persistent) = table.take("persistent")
        && persistent.boolean()?
    {
        settings = settings.persistent();
    }
    if let Some(insecure_dev) = table.take("insecure_dev")
        && insecure_dev.boolean()?
    {
        settings = settings.insecure_dev();
    }
    Ok(settings)
}
