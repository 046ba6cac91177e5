//! The settings of a session backend, and what contradicts itself in them.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::backend::{Inner, Keeper, SessionBackend};
use super::legacy::LegacySessions;
use super::migration::{Counts, Format, LegacyMode, Migration};
use super::policy::{MaxSessions, Outage, SessionPolicy};
use super::stale::Seen;
use super::watch::Watch;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind};
use crate::source::{CredentialSource, Sources};
use crate::transport::{CookieSettings, CredentialTransport};

/// The cookie of sessions unless told otherwise.
const COOKIE_NAME: &str = "__Host-jam";

/// The settings of a [`SessionBackend`].
#[must_use]
pub struct SessionBackendBuilder {
    keeper: Keeper,
    policy: SessionPolicy,
    clock: Option<Arc<dyn Clock>>,
    sources: Vec<CredentialSource>,
    transport: CredentialTransport,
    clear_site_data: bool,
    legacy: Option<(LegacySessions, LegacyMode)>,
    format: Format,
}

impl SessionBackendBuilder {
    pub(super) fn new(policy: SessionPolicy, keeper: Keeper) -> Self {
        Self {
            keeper,
            policy,
            clock: None,
            sources: Vec::new(),
            transport: CredentialTransport::cookie(CookieSettings::new(COOKIE_NAME)),
            clear_site_data: false,
            legacy: None,
            format: Format::New,
        }
    }

    /// Where a request may carry the credential; again to add another, in the order in which they
    /// are tried. With none, where the transport puts it.
    pub fn source(mut self, source: CredentialSource) -> Self {
        self.sources.push(source);
        self
    }

    /// How the credential is handed to the client; the cookie `__Host-jam`.
    pub fn transport(mut self, transport: CredentialTransport) -> Self {
        self.transport = transport;
        self
    }

    /// Where the time comes from while the backend is used alone; [`SystemClock`]. In a
    /// [`Jam`](crate::Jam), that one's clock counts.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Asks the browser to forget cookies and storage of the site at a logout (`Clear-Site-Data`).
    pub fn clear_site_data(mut self) -> Self {
        self.clear_site_data = true;
        self
    }

    /// **Legacy.** Reads the sessions of a Python service beside its own, and writes the ones or the
    /// others, as the mode says. [`SessionBackend::migration`] counts.
    pub fn legacy(mut self, sessions: LegacySessions, mode: LegacyMode) -> Self {
        self.legacy = Some((sessions, mode));
        self
    }

    /// The backend.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) when the settings contradict each other.
    pub fn build(mut self) -> Result<SessionBackend, Error> {
        self.policy.check()?;
        let refuse = |message| Err(Error::new(ErrorKind::InvalidConfig, message));
        if matches!(self.keeper, Keeper::Python(_)) && self.legacy.is_some() {
            return refuse(
                "sessions move from Python's to one's own: choose another store, or drop `legacy`",
            );
        }
        if !matches!(self.keeper, Keeper::Store(_)) {
            if self.policy.max_sessions != MaxSessions::Unlimited {
                return refuse("stateless sessions are not counted: `max_sessions` needs a store");
            }
            if self.policy.outage != Outage::Deny {
                return refuse("stateless sessions have no store to be down: drop `outage`");
            }
        }
        let transport = self.transport.checked()?;
        if self.sources.is_empty() {
            match transport.own_source() {
                Some(source) => self.sources.push(source),
                None => {
                    return refuse(
                        "a session without a transport never reaches its client: hand it out by a cookie or a header",
                    );
                }
            }
        }
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let sources = Sources::new(self.sources, &transport)?;
        let migration = self
            .legacy
            .map(|(sessions, mode)| -> Result<Migration, Error> {
                let old = old(sessions, &self.policy, &clock)?;
                one_format_a_place(&sources, &transport, &old)?;
                Ok(Migration { old, mode, counts: Counts::default() })
            })
            .transpose()?;
        let seen = match self.policy.outage {
            Outage::ServeStale(_) => Some(Seen::default()),
            Outage::Deny | Outage::Anonymous => None,
        };
        Ok(SessionBackend(Arc::new(Inner {
            keeper: self.keeper,
            policy: self.policy,
            clock,
            sources,
            transport,
            clear_site_data: self.clear_site_data,
            watch: Watch::default(),
            seen,
            last_error: Mutex::new(None),
            format: self.format,
            migration,
        })))
    }

    pub(crate) fn clock_shared(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
}

/// The old sessions: limits and outages are a store's.
fn old(
    sessions: LegacySessions,
    policy: &SessionPolicy,
    clock: &Arc<dyn Clock>,
) -> Result<SessionBackend, Error> {
    let policy = policy.clone().max_sessions(MaxSessions::Unlimited).outage(Outage::Deny);
    let mut builder = SessionBackend::legacy(policy, sessions)?.clock_shared(Arc::clone(clock));
    builder.format = Format::Old;
    builder.build()
}

/// Two formats that share a cookie would overwrite each other.
fn one_format_a_place(
    sources: &Sources,
    transport: &CredentialTransport,
    old: &SessionBackend,
) -> Result<(), Error> {
    let own = transport.own_source().map(|source| source.describe());
    let mine: Vec<_> = sources.describe().into_iter().chain(own).collect();
    match old.sources().describe().into_iter().find(|source| mine.contains(source)) {
        None => Ok(()),
        Some(source) => Err(Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "the old and the new sessions both stand in {source}; give each a place of its own"
            ),
        )),
    }
}

impl fmt::Debug for SessionBackendBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBackendBuilder")
            .field("policy", &self.policy)
            .field("sources", &self.sources)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
