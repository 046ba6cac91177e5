//! `[session]` and `[csrf]`: who keeps sessions, how long they live, how they travel, and who may
//! send requests with them.

use std::time::Duration;

use zeroize::Zeroizing;

use super::carriage::{self, Carriage, Defaults};
use super::table::{Entry, Table, located};
use crate::codec::{SealedCodec, SignedCodec};
use crate::csrf::CsrfPolicy;
use crate::key::Algorithm;
use crate::session::{
    LegacyMode, LegacySessions, MaxSessions, MemoryStore, Outage, SessionBackend,
    SessionBackendBuilder, SessionPolicy, Undecodable,
};
use crate::{Error, ErrorKind};

const KEYS: &[&str] = &[
    "store",
    "url",
    "urls",
    "prefix",
    "secrets",
    "algorithm",
    "subject",
    "legacy",
    "idle_timeout_seconds",
    "absolute_timeout_seconds",
    "touch_interval_seconds",
    "fresh_seconds",
    "max_sessions",
    "max_record_bytes",
    "undecodable",
    "outage",
    "store_timeout_ms",
    "sources",
    "transport",
    "cookie",
    "clear_site_data",
];

const DEFAULTS: Defaults = Defaults { cookie: "__Host-jam", by_cookie: true, python: None };

/// A century: no timeout is longer.
const MAX_SECONDS: u64 = 100 * 366 * 24 * 3600;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Memory,
    Sealed,
    Signed,
    Python(Python),
    Later,
}

/// Whose sessions a Python service shares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Python {
    Starlette,
    StarletteJwt,
}

const STORES: [(&str, Store); 11] = [
    ("memory", Store::Memory),
    ("sealed", Store::Sealed),
    ("signed", Store::Signed),
    ("sqlite", Store::Later),
    ("postgres", Store::Later),
    ("mysql", Store::Later),
    ("redis", Store::Later),
    ("redis-cluster", Store::Later),
    ("starlette", Store::Python(Python::Starlette)),
    ("starlette-jwt", Store::Python(Python::StarletteJwt)),
    ("jam-redis", Store::Later),
];

/// Those that may stand beside another one.
const LEGACY_STORES: [(&str, Option<Python>); 3] = [
    ("starlette", Some(Python::Starlette)),
    ("starlette-jwt", Some(Python::StarletteJwt)),
    ("jam-redis", None),
];

/// The backend as configured.
pub(super) fn backend(entry: Entry) -> Result<SessionBackendBuilder, Error> {
    let mut table = entry.table(KEYS)?;
    let policy = policy(&mut table)?;
    let idle = policy.idle;
    let (mut builder, is_python) = keeper(&mut table, policy)?;
    if let Some(entry) = table.take("legacy") {
        if is_python {
            return Err(entry.refuse(
                "sessions move from Python's to one's own: choose another `store`, or drop the key",
            ));
        }
        let (sessions, mode) = legacy(entry, idle)?;
        builder = builder.legacy(sessions, mode);
    }
    let defaults = Defaults { python: is_python.then_some(idle), ..DEFAULTS };
    let Carriage { sources, transport } = carriage::read(&mut table, &defaults)?;
    builder = sources.into_iter().fold(builder, SessionBackendBuilder::source);
    if let Some(transport) = transport {
        builder = builder.transport(transport);
    }
    if carriage::is_on(&mut table, "clear_site_data")? {
        builder = builder.clear_site_data();
    }
    Ok(builder)
}

/// Who keeps the sessions, and whether a Python service shares them.
fn keeper(
    table: &mut Table,
    policy: SessionPolicy,
) -> Result<(SessionBackendBuilder, bool), Error> {
    let store = match table.take("store") {
        Some(store) => {
            let later = store.refuse_as(ErrorKind::NotAvailable, "this store is not available yet");
            match store.choice(&STORES)? {
                Store::Later => return Err(later),
                store => store,
            }
        }
        None => Store::Memory,
    };
    for key in ["url", "urls"] {
        if let Some(url) = table.take(key) {
            return Err(
                url.refuse("this store has no server; drop the key, or choose another store")
            );
        }
    }
    if let Some(prefix) = table.take("prefix") {
        prefix.text()?;
    }
    if let Store::Python(python) = store {
        let backend = SessionBackend::legacy(policy, pythons(table, python)?);
        return Ok((backend.map_err(|error| located(table.path(), error))?, true));
    }
    for key in ["algorithm", "subject"] {
        if let Some(entry) = table.take(key) {
            return Err(entry.refuse(
                "this belongs to the sessions of a Python service; drop the key, or move it to `legacy`",
            ));
        }
    }
    let secrets = table.take("secrets");
    if store == Store::Memory {
        return match secrets {
            Some(secrets) => Err(secrets
                .refuse("a store needs no secrets; drop them, or choose `sealed` or `signed`")),
            None => Ok((SessionBackend::builder(policy, MemoryStore::new()), false)),
        };
    }
    let Secrets { path, secrets } = self::secrets(table, secrets)?;
    let secrets = secrets.iter().map(|secret| secret.as_bytes());
    let weak = |error| located(&path, error);
    let builder = if store == Store::Sealed {
        SessionBackend::stateless(policy, SealedCodec::new(secrets).map_err(weak)?)
    } else {
        SessionBackend::stateless(policy, SignedCodec::new(secrets).map_err(weak)?)
    };
    Ok((builder, false))
}

struct Secrets {
    path: String,
    secrets: Vec<Zeroizing<String>>,
}

fn secrets(table: &Table, secrets: Option<Entry>) -> Result<Secrets, Error> {
    let secrets = secrets.ok_or_else(|| {
        table.refuse("the client keeps these sessions: add `secrets`, at least one")
    })?;
    let path = secrets.path().to_owned();
    let secrets = secrets
        .filled_list("a list of secrets", "the first writes, all read")?
        .into_iter()
        .map(Entry::secret)
        .collect::<Result<_, Error>>()?;
    Ok(Secrets { path, secrets })
}

/// `legacy`: the sessions of a Python service beside one's own.
fn legacy(entry: Entry, idle: Duration) -> Result<(LegacySessions, LegacyMode), Error> {
    let mut table = entry.table(&["store", "secrets", "algorithm", "subject", "mode", "cookie"])?;
    let store = table
        .take("store")
        .ok_or_else(|| table.refuse("`store` is missing: \"starlette\" or \"starlette-jwt\""))?;
    let later = store.refuse_as(ErrorKind::NotAvailable, "this store is not available yet");
    let python = store.choice(&LEGACY_STORES)?.ok_or(later)?;
    let mode = table.take("mode").ok_or_else(|| {
        table.refuse(
            "`mode` is missing: \"write_old\" while the Python service still has to know everybody, \
             \"write_new\" afterwards",
        )
    })?;
    let mode =
        mode.choice(&[("write_old", LegacyMode::WriteOld), ("write_new", LegacyMode::WriteNew)])?;
    let sessions = pythons(&mut table, python)?;
    Ok((sessions.cookie(carriage::pythons(table.take("cookie"), idle)?), mode))
}

/// `secrets`, `algorithm` and `subject`.
fn pythons(table: &mut Table, python: Python) -> Result<LegacySessions, Error> {
    let secrets = table.take("secrets");
    let Secrets { path, secrets } = self::secrets(table, secrets)?;
    let secrets = secrets.iter().map(|secret| secret.as_bytes());
    let algorithm = table.take("algorithm");
    let sessions = match (python, algorithm) {
        (Python::Starlette, Some(algorithm)) => {
            return Err(algorithm.refuse("Starlette's signer has one only: drop the key"));
        }
        (Python::Starlette, None) => LegacySessions::starlette(secrets),
        (Python::StarletteJwt, algorithm) => {
            let hmacs = [
                ("HS256", Algorithm::HS256),
                ("HS384", Algorithm::HS384),
                ("HS512", Algorithm::HS512),
            ];
            let algorithm = algorithm.map_or(Ok(Algorithm::HS256), |name| name.choice(&hmacs))?;
            LegacySessions::starlette_jwt(algorithm, secrets)
        }
    };
    let sessions = sessions.map_err(|error| located(&path, error))?;
    Ok(match table.take("subject") {
        Some(members) => sessions.subject(members.texts()?),
        None => sessions,
    })
}

fn policy(table: &mut Table) -> Result<SessionPolicy, Error> {
    let mut timeout = |key: &str| match table.take(key) {
        Some(entry) => entry.integer(1..=MAX_SECONDS).map(Duration::from_secs),
        None => Err(table.refuse(format!("`{key}` is missing; a session needs both timeouts"))),
    };
    let idle = timeout("idle_timeout_seconds")?;
    let mut policy = SessionPolicy::new(idle, timeout("absolute_timeout_seconds")?);
    if let Some(interval) = table.take("touch_interval_seconds") {
        policy = policy.touch_interval(Duration::from_secs(interval.integer(0..=MAX_SECONDS)?));
    }
    if let Some(fresh) = table.take("fresh_seconds") {
        policy = policy.fresh_for(Duration::from_secs(fresh.integer(1..=MAX_SECONDS)?));
    }
    if let Some(limit) = table.take("max_sessions") {
        policy = policy.max_sessions(max_sessions(limit)?);
    }
    if let Some(bytes) = table.take("max_record_bytes") {
        let bytes = bytes.integer(256..=1 << 30)?;
        policy = policy.max_record_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if let Some(undecodable) = table.take("undecodable") {
        let words = [
            ("deny", Undecodable::Deny),
            ("drop_key", Undecodable::DropKey),
            ("fresh_session", Undecodable::FreshSession),
        ];
        policy = policy.undecodable(undecodable.choice(&words)?);
    }
    if let Some(outage_entry) = table.take("outage") {
        policy = policy.outage(outage(outage_entry)?);
    }
    if let Some(timeout) = table.take("store_timeout_ms") {
        policy = policy.store_timeout(Duration::from_millis(timeout.integer(1..=600_000)?));
    }
    Ok(policy)
}

fn max_sessions(entry: Entry) -> Result<MaxSessions, Error> {
    const SHAPE: &str =
        "expected \"unlimited\", { evict_oldest = N }, { evict_idlest = N } or { reject = N }";
    if entry.is_string() {
        return entry.choice(&[("unlimited", MaxSessions::Unlimited)]);
    }
    if !entry.is_table() {
        return Err(entry.refuse(SHAPE));
    }
    let mut table = entry.table(&["evict_oldest", "evict_idlest", "reject"])?;
    let number =
        |entry: Entry| entry.integer(1..=1 << 20).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    match (table.take("evict_oldest"), table.take("evict_idlest"), table.take("reject")) {
        (Some(limit), None, None) => number(limit).map(MaxSessions::EvictOldest),
        (None, Some(limit), None) => number(limit).map(MaxSessions::EvictIdlest),
        (None, None, Some(limit)) => number(limit).map(MaxSessions::Reject),
        _ => Err(table.refuse(SHAPE)),
    }
}

fn outage(entry: Entry) -> Result<Outage, Error> {
    const SHAPE: &str = "expected \"deny\", \"anonymous\" or { serve_stale_seconds = N }";
    if entry.is_string() {
        return entry.choice(&[("deny", Outage::Deny), ("anonymous", Outage::Anonymous)]);
    }
    if !entry.is_table() {
        return Err(entry.refuse(SHAPE));
    }
    let mut table = entry.table(&["serve_stale_seconds"])?;
    let window = table.take("serve_stale_seconds").ok_or_else(|| table.refuse(SHAPE))?;
    Ok(Outage::ServeStale(Duration::from_secs(window.integer(1..=MAX_SECONDS)?)))
}

/// `[csrf]`.
pub(super) fn csrf(entry: Entry) -> Result<CsrfPolicy, Error> {
    let mut table = entry.table(&["mode", "trusted_origins"])?;
    let mut policy = match table.take("mode") {
        Some(mode) => {
            match mode.choice(&[("on", Some(false)), ("strict", Some(true)), ("off", None)])? {
                Some(false) => CsrfPolicy::on(),
                Some(true) => CsrfPolicy::strict(),
                None => CsrfPolicy::danger_off(),
            }
        }
        None => CsrfPolicy::on(),
    };
    if let Some(origins) = table.take("trusted_origins") {
        for origin in origins.list("a list of origins")? {
            policy = policy.trusted_origin(origin.text()?);
        }
    }
    Ok(policy)
}
