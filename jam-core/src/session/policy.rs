//! How long sessions live, how many there may be, and what happens when a store is down.

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};

/// What holds for the sessions of an application. There is none without an idle **and** an absolute
/// timeout (OWASP ASVS 5.0, 7.3.1 and 7.3.2).
#[derive(Clone, Debug)]
#[must_use]
pub struct SessionPolicy {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    touch_interval: Option<Duration>,
    pub(crate) fresh_for: Duration,
    pub(crate) max_sessions: MaxSessions,
    pub(crate) max_record_bytes: usize,
    pub(crate) undecodable: Undecodable,
    pub(crate) outage: Outage,
    pub(crate) store_timeout: Duration,
}

/// How many sessions one subject may have at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaxSessions {
    /// As many as he likes.
    #[default]
    Unlimited,
    /// So many; the next login is refused.
    Reject(usize),
    /// So many; the next login ends the one that was created first.
    EvictOldest(usize),
    /// So many; the next login ends the one that was not used for the longest time.
    EvictIdlest(usize),
}

impl MaxSessions {
    /// The number, where there is one.
    #[must_use]
    pub fn limit(self) -> Option<usize> {
        match self {
            Self::Unlimited => None,
            Self::Reject(limit) | Self::EvictOldest(limit) | Self::EvictIdlest(limit) => {
                Some(limit)
            }
        }
    }

    fn describe(self) -> Value {
        match self {
            Self::Unlimited => json!("unlimited"),
            Self::Reject(limit) => json!({ "reject": limit }),
            Self::EvictOldest(limit) => json!({ "evict_oldest": limit }),
            Self::EvictIdlest(limit) => json!({ "evict_idlest": limit }),
        }
    }
}

/// What becomes of a record, or of a value in it, that cannot be read: written by another version,
/// or as another type. Never a 500.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undecodable {
    /// The request is refused, as with an unknown session.
    #[default]
    Deny,
    /// A value reads as absent and is dropped at the next write. A whole record counts as no session.
    DropKey,
    /// The session counts as none; the next write begins a fresh one.
    FreshSession,
}

impl Undecodable {
    fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::DropKey => "drop_key",
            Self::FreshSession => "fresh_session",
        }
    }
}

/// What a request meets when the store does not answer. Writes, logins and logouts are 503 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outage {
    /// 503 with `Retry-After`, for whatever asks about a session or an identity with a usable cookie.
    #[default]
    Deny,
    /// Sessions that this process has read are served so long after the store last confirmed them.
    ServeStale(Duration),
    /// Reads find nobody. Whatever insists on an identity is 503: a 401 would have clients throw away
    /// what they hold.
    Anonymous,
}

impl Outage {
    fn describe(self) -> Value {
        match self {
            Self::Deny => json!("deny"),
            Self::ServeStale(window) => json!({ "serve_stale_seconds": window.as_secs() }),
            Self::Anonymous => json!("anonymous"),
        }
    }
}

/// A record's field for it holds 32 bits of seconds.
const LONGEST_IDLE: Duration = Duration::from_secs(u32::MAX as u64);
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

impl SessionPolicy {
    /// Sessions end `idle` after they were last seen, and `absolute` after they were created or
    /// logged into, whatever happens in between. Both in whole seconds.
    pub fn new(idle: Duration, absolute: Duration) -> Self {
        Self {
            idle,
            absolute,
            touch_interval: None,
            fresh_for: Duration::from_secs(300),
            max_sessions: MaxSessions::Unlimited,
            max_record_bytes: 65_536,
            undecodable: Undecodable::Deny,
            outage: Outage::Deny,
            store_timeout: Duration::from_millis(250),
        }
    }

    /// How often a session in use is written down as such, at the most; 60 s, or a third of the idle
    /// timeout where that is less. A session may end that much earlier than its idle timeout says,
    /// never later. Less than half of the idle timeout.
    pub fn touch_interval(mut self, interval: Duration) -> Self {
        self.touch_interval = Some(interval);
        self
    }

    /// How long after a login it counts as fresh where a guard names no time of its own; 5 minutes.
    pub fn fresh_for(mut self, age: Duration) -> Self {
        self.fresh_for = age;
        self
    }

    /// How many sessions a subject may have; unlimited.
    pub fn max_sessions(mut self, limit: MaxSessions) -> Self {
        self.max_sessions = limit;
        self
    }

    /// The largest record that is written, in bytes; 65 536.
    pub fn max_record_bytes(mut self, bytes: usize) -> Self {
        self.max_record_bytes = bytes;
        self
    }

    /// What becomes of what cannot be read; [`Undecodable::Deny`].
    pub fn undecodable(mut self, policy: Undecodable) -> Self {
        self.undecodable = policy;
        self
    }

    /// What a request meets when the store is down; [`Outage::Deny`].
    pub fn outage(mut self, policy: Outage) -> Self {
        self.outage = policy;
        self
    }

    /// How long all store calls of one request may take together; 250 ms.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.store_timeout = timeout;
        self
    }

    /// The touch interval in force.
    pub(crate) fn touch_every(&self) -> Duration {
        self.touch_interval.unwrap_or_else(|| Duration::from_secs(60).min(self.idle / 3))
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |message: &'static str| Err(Error::new(ErrorKind::InvalidConfig, message));
        if self.idle < Duration::from_secs(1) || self.idle > LONGEST_IDLE {
            return refuse(
                "the idle timeout of sessions must be one second at least, 136 years at most",
            );
        }
        if self.absolute < Duration::from_secs(1) || self.absolute > LONGEST {
            return refuse(
                "the absolute timeout of sessions must be one second at least, 100 years at most",
            );
        }
        if self.idle.subsec_nanos() != 0 || self.absolute.subsec_nanos() != 0 {
            return refuse("the timeouts of sessions are whole seconds");
        }
        if self.touch_every().saturating_mul(2) >= self.idle {
            return refuse(
                "the touch interval must be less than half of the idle timeout: otherwise sessions in use expire",
            );
        }
        if self.max_sessions.limit() == Some(0) {
            return refuse("`max_sessions` of 0 would let nobody in; allow one session at least");
        }
        if self.max_record_bytes < 256 {
            return refuse("`max_record_bytes` below 256 holds no login");
        }
        if self.store_timeout.is_zero() {
            return refuse("a store timeout of 0 gives no store the time to answer");
        }
        if matches!(self.outage, Outage::ServeStale(window) if window.is_zero()) {
            return refuse("`serve_stale_seconds` of 0 serves nothing; `deny` says so");
        }
        if self.absolute < self.idle {
            tracing::warn!(target: "jam", "the absolute timeout of sessions is shorter than the idle timeout, which never comes into play");
        }
        Ok(())
    }

    /// The policy in force as JSON.
    pub(crate) fn describe(&self) -> Value {
        let stale = match self.outage {
            Outage::ServeStale(window) => window.as_secs(),
            Outage::Deny | Outage::Anonymous => 0,
        };
        json!({
            "idle_timeout_seconds": self.idle.as_secs(),
            "absolute_timeout_seconds": self.absolute.as_secs(),
            "touch_interval_seconds": self.touch_every().as_secs_f64(),
            "fresh_seconds": self.fresh_for.as_secs(),
            "renewal": "idle timeout from each recorded use; the absolute end never moves",
            "max_sessions": self.max_sessions.describe(),
            "max_record_bytes": self.max_record_bytes,
            "undecodable": self.undecodable.as_str(),
            "outage": self.outage.describe(),
            "store_timeout_ms": self.store_timeout.as_millis() as u64,
            "cache_seconds": stale,
        })
    }
}
