//! The settings of a session backend, and what contradicts itself in them.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::backend::{Inner, Keeper, SessionBackend};
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

    /// The backend.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) when the settings contradict each other.
    pub fn build(mut self) -> Result<SessionBackend, Error> {
        self.policy.check()?;
        let refuse = |message| Err(Error::new(ErrorKind::InvalidConfig, message));
        if matches!(self.keeper, Keeper::Stateless(_)) {
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
        let seen = match self.policy.outage {
            Outage::ServeStale(_) => Some(Seen::default()),
            Outage::Deny | Outage::Anonymous => None,
        };
        let sources = Sources::new(self.sources, &transport)?;
        Ok(SessionBackend(Arc::new(Inner {
            keeper: self.keeper,
            policy: self.policy,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            sources,
            transport,
            clear_site_data: self.clear_site_data,
            watch: Watch::default(),
            seen,
            last_error: Mutex::new(None),
        })))
    }

    pub(crate) fn clock_shared(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
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
