use std::time::Duration;

use jam_core::clock::ManualClock;
use jam_core::session::{SessionBackend, SessionBackendBuilder, SessionPolicy};
use jam_core::{Jam, JamBuilder};

use super::Probe;
pub use crate::common::NOW;

pub const IDLE: u64 = 1800;
pub const ABSOLUTE: u64 = 43_200;

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn policy() -> SessionPolicy {
    SessionPolicy::new(seconds(IDLE), seconds(ABSOLUTE))
}

/// A Jam at [`NOW`] whose clock and store the test holds too.
pub struct App {
    pub jam: Jam,
    pub clock: ManualClock,
    pub store: Probe,
}

impl App {
    pub fn new() -> Self {
        Self::with_policy(policy())
    }

    pub fn with_policy(policy: SessionPolicy) -> Self {
        Self::with(policy, |sessions| sessions, |jam| jam)
    }

    pub fn with(
        policy: SessionPolicy,
        sessions: impl FnOnce(SessionBackendBuilder) -> SessionBackendBuilder,
        settings: impl FnOnce(JamBuilder) -> JamBuilder,
    ) -> Self {
        let (clock, store) = (ManualClock::new(NOW), Probe::default());
        let backend = sessions(SessionBackend::builder(policy, store.clone()));
        let jam = Jam::builder().clock(clock.clone()).session(backend);
        Self { jam: settings(jam).build().unwrap(), clock, store }
    }

    /// Sets the clock to so many seconds after [`NOW`].
    pub fn at(&self, after: u64) {
        self.clock.set(seconds(NOW + after));
    }
}
