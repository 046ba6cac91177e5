//! `[session]` and `[csrf]`: who keeps sessions, how long they live, how they travel, and who may
//! send requests with them.

use std::time::Duration;

use zeroize::Zeroizing;

use super::carriage::{self, Carriage, Defaults};
use super::table::{Entry, Table, located};
use crate::codec::{SealedCodec, SignedCodec};
use crate::csrf::CsrfPolicy;
use crate::session::{
    MaxSessions, MemoryStore, Outage, SessionBackend, SessionBackendBuilder, SessionPolicy,
    Undecodable,
};
use crate::{Error, ErrorKind};

const KEYS: &[&str] = &[
    "store",
    "url",
    "urls",
    "prefix",
    "secrets",
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

const DEFAULTS: Defaults = Defaults { cookie: "__Host-jam", by_cookie: true };

/// A century: no timeout is longer.
const MAX_SECONDS: u64 = 100 * 366 * 24 * 3600;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Memory,
    Sealed,
    Signed,
    Later,
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
    ("starlette", Store::Later),
    ("starlette-jwt", Store::Later),
    ("jam-redis", Store::Later),
];

/// The backend as configured.
pub(super) fn backend(entry: Entry) -> Result<SessionBackendBuilder, Error> {
    let mut table = entry.table(KEYS)?;
    let policy = policy(&mut table)?;
    let mut builder = keeper(&mut table, policy)?;
    let Carriage { sources, transport } = carriage::read(&mut table, &DEFAULTS)?;
    builder = sources.into_iter().fold(builder, SessionBackendBuilder::source);
    if let Some(transport) = transport {
        builder = builder.transport(transport);
    }
    if carriage::is_on(&mut table, "clear_site_data")? {
        builder = builder.clear_site_data();
    }
    Ok(builder)
}

fn keeper(table: &mut Table, policy: SessionPolicy) -> Result<SessionBackendBuilder, Error> {
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
    if let Some(legacy) = table.take("legacy") {
        return Err(legacy.refuse_as(ErrorKind::NotAvailable, "migration is not available yet"));
    }
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
    let secrets = table.take("secrets");
    if store == Store::Memory {
        return match secrets {
            Some(secrets) => Err(secrets
                .refuse("a store needs no secrets; drop them, or choose `sealed` or `signed`")),
            None => Ok(SessionBackend::builder(policy, MemoryStore::new())),
        };
    }
    let secrets = secrets.ok_or_else(|| {
        table.refuse("the client keeps these sessions: add `secrets`, at least one")
    })?;
    let path = secrets.path().to_owned();
    let secrets = secrets
        .filled_list("a list of secrets", "the first writes, all read")?
        .into_iter()
        .map(Entry::secret)
        .collect::<Result<Vec<Zeroizing<String>>, Error>>()?;
    let secrets = secrets.iter().map(|secret| secret.as_bytes());
    let weak = |error| located(&path, error);
    Ok(if store == Store::Sealed {
        SessionBackend::stateless(policy, SealedCodec::new(secrets).map_err(weak)?)
    } else {
        SessionBackend::stateless(policy, SignedCodec::new(secrets).map_err(weak)?)
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
