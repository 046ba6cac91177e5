//! `[jwt]`: the policy of tokens, their keys, and how they travel.

use std::path::Path;
use std::time::Duration;

use super::carriage::{self, Carriage, Defaults};
use super::key;
use super::table::{Entry, Table};
use crate::jwt::{JwtBackend, JwtBackendBuilder};
use crate::{Error, ErrorKind};

const KEYS: &[&str] = &[
    "issuer",
    "audience",
    "type",
    "required_claims",
    "allow_missing_exp",
    "leeway_seconds",
    "expires_in_seconds",
    "max_token_bytes",
    "cache",
    "legacy",
    "sources",
    "transport",
    "cookie",
    "keys",
];

const DEFAULTS: Defaults = Defaults { cookie: "__Host-jwt", by_cookie: false, python: None };

/// 136 years: no date that a token names comes near the end of the numbers that hold it.
const MAX_LIFETIME_SECONDS: u64 = u32::MAX as u64;

/// The largest token that can be allowed for. Headers are kilobytes; this leaves room for batches.
const MAX_TOKEN_BYTES: u64 = 1 << 30;

/// The backend as configured; key files are named relative to `folder`.
pub(super) fn backend(entry: Entry, folder: &Path) -> Result<JwtBackendBuilder, Error> {
    let mut table = entry.table(KEYS)?;
    refuse_later(&mut table)?;
    let keys = table.take("keys").ok_or_else(|| {
        table.refuse("no key is configured; add a `keys` list with at least one entry")
    })?;
    let builder = JwtBackend::builder(key::ring(keys, folder)?);
    let builder = claims(builder, &mut table)?;
    let builder = limits(builder, &mut table)?;
    let builder = legacy(builder, &mut table)?;
    let Carriage { sources, transport } = carriage::read(&mut table, &DEFAULTS)?;
    let builder = sources.into_iter().fold(builder, JwtBackendBuilder::source);
    Ok(match transport {
        Some(transport) => builder.transport(transport),
        None => builder,
    })
}

/// Keys that have one value until a later version brings the others.
fn refuse_later(table: &mut Table) -> Result<(), Error> {
    if let Some(cache) = table.take("cache") {
        let refusal = cache
            .refuse_as(ErrorKind::NotAvailable, "a cache of tokens is not available yet; write 0");
        cache.integer(0..=0).map_err(|_| refusal)?;
    }
    Ok(())
}

/// What Python Jam signs in ways of its own.
fn legacy(mut builder: JwtBackendBuilder, table: &mut Table) -> Result<JwtBackendBuilder, Error> {
    type Switch = fn(JwtBackendBuilder) -> JwtBackendBuilder;
    const SWITCHES: [(&str, Switch); 2] =
        [("jam2", JwtBackendBuilder::legacy_jam2), ("jam-pss", JwtBackendBuilder::legacy_jam_pss)];
    if let Some(legacy) = table.take("legacy") {
        for switch in legacy.list("a list")? {
            builder = switch.choice(&SWITCHES)?(builder);
        }
    }
    Ok(builder)
}

fn claims(mut builder: JwtBackendBuilder, table: &mut Table) -> Result<JwtBackendBuilder, Error> {
    if let Some(issuers) = table.take("issuer") {
        builder = issuers.texts()?.into_iter().fold(builder, JwtBackendBuilder::issuer);
    }
    if let Some(audiences) = table.take("audience") {
        builder = audiences.texts()?.into_iter().fold(builder, JwtBackendBuilder::audience);
    }
    if let Some(token_type) = table.take("type") {
        builder = builder.token_type(token_type.text()?);
    }
    if let Some(claims) = table.take("required_claims") {
        for claim in claims.list("a list of claims")? {
            builder = builder.required_claim(claim.text()?);
        }
    }
    Ok(builder)
}

fn limits(mut builder: JwtBackendBuilder, table: &mut Table) -> Result<JwtBackendBuilder, Error> {
    if let Some(allow) = table.take("allow_missing_exp")
        && allow.boolean()?
    {
        builder = builder.allow_missing_exp();
    }
    if let Some(leeway) = table.take("leeway_seconds") {
        builder = builder.leeway(Duration::from_secs(leeway.integer(0..=600)?));
    }
    if let Some(lifetime) = table.take("expires_in_seconds") {
        builder =
            builder.expires_in(Duration::from_secs(lifetime.integer(1..=MAX_LIFETIME_SECONDS)?));
    }
    if let Some(limit) = table.take("max_token_bytes") {
        let limit = limit.integer(1..=MAX_TOKEN_BYTES)?;
        builder = builder.max_token_bytes(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(builder)
}
