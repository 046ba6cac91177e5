//! Jam as all frameworks have it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use jam_core::Jam;
use jam_core::clock::{Clock, SystemClock};
use jam_core::session::{MemoryStore, SessionBackend, SessionPolicy};

use crate::subject::Subject;

/// Verifies the subject's tokens.
pub(crate) fn tokens(subject: &Subject) -> Result<Jam> {
    Ok(Jam::builder().jwt(subject.policy()?).build()?)
}

/// Keeps sessions in memory, and verifies tokens beside them.
pub(crate) fn sessions(clock: impl Clock + 'static) -> Result<Jam> {
    // So long that none ends under a clock in a hurry.
    let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(3_000_000_000));
    let sessions = SessionBackend::builder(policy, MemoryStore::new());
    Ok(Jam::builder().clock(clock).session(sessions).build()?)
}

/// The machine's clock, and a little more than the touch interval further each time: whoever finds
/// a session under it records that it is in use, and a session that was not ends soon.
#[derive(Default)]
pub(crate) struct Hurried(AtomicU64);

impl Clock for Hurried {
    fn now(&self) -> Duration {
        let ahead = self.0.fetch_add(61, Ordering::Relaxed);
        SystemClock.now() + Duration::from_secs(ahead)
    }
}
