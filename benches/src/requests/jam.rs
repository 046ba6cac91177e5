//! Jam as all frameworks have it.

use std::time::Duration;

use anyhow::Result;
use jam_core::Jam;
use jam_core::session::{MemoryStore, SessionBackend, SessionPolicy};

use crate::subject::Subject;

/// Verifies the subject's tokens.
pub(crate) fn tokens(subject: &Subject) -> Result<Jam> {
    Ok(Jam::builder().jwt(subject.policy()?).build()?)
}

/// Keeps sessions in memory, and records at most that often that one is in use.
pub(crate) fn sessions(touch_interval: Duration) -> Result<Jam> {
    let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(12 * 3600));
    let policy = policy.touch_interval(touch_interval);
    let sessions = SessionBackend::builder(policy, MemoryStore::new());
    Ok(Jam::builder().session(sessions).build()?)
}

/// Once a minute.
pub(crate) const THROTTLED: Duration = Duration::from_secs(60);
/// With each request.
pub(crate) const ALWAYS: Duration = Duration::ZERO;
