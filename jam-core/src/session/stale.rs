//! Sessions that this process has seen, for a policy that serves them while the store is down.

use std::time::Duration;

use dashmap::DashMap;

use super::id::SessionHandle;
use super::record::Record;

/// As many as are remembered; beyond that the memory is cleared and begins anew, which costs a
/// request in an outage its answer, not more.
const MOST: usize = 100_000;

#[derive(Default)]
pub(super) struct Seen(DashMap<SessionHandle, (Record, Duration)>);

impl Seen {
    pub(super) fn confirm(&self, handle: SessionHandle, record: &Record, now: Duration) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(handle, (record.clone(), now));
    }

    /// A record that the store confirmed within the window.
    pub(super) fn recall(
        &self,
        handle: SessionHandle,
        now: Duration,
        window: Duration,
    ) -> Option<Record> {
        let entry = self.0.get(&handle)?;
        let (record, confirmed) = entry.value();
        (now.saturating_sub(*confirmed) <= window).then(|| record.clone())
    }

    pub(super) fn forget(&self, handle: SessionHandle) {
        self.0.remove(&handle);
    }
}
