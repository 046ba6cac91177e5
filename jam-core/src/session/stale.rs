//! Sessions that this process has seen, for a policy that serves them while the store is down.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dashmap::DashMap;

use super::id::SessionHandle;
use super::record::Record;

/// As many as are remembered; beyond that the memory is cleared and begins anew, which costs a
/// request in an outage its answer, not more.
const MOST: usize = 100_000;

#[derive(Default)]
pub(super) struct Seen {
    sessions: DashMap<SessionHandle, Seeing>,
    /// Goes up with each end.
    turn: AtomicU64,
    /// What was asked before this turn is not remembered: the ends since then are forgotten.
    cleared: AtomicU64,
    clearing: Mutex<()>,
}

struct Seeing {
    /// The record and when the store confirmed it; none for a session that is over.
    confirmed: Option<(Record, Duration)>,
    /// When it was over last.
    ended: u64,
}

/// Taken before the store is asked, so that an answer is told from what has happened since.
#[derive(Clone, Copy)]
pub(super) struct Asked(u64);

impl Seen {
    pub(super) fn ask(&self) -> Asked {
        Asked(self.turn.load(Ordering::SeqCst))
    }

    /// The store has answered with this record; if the session was ended meanwhile it stays so.
    pub(super) fn confirm(
        &self,
        asked: Asked,
        handle: SessionHandle,
        record: &Record,
        now: Duration,
    ) {
        if self.sessions.len() >= MOST {
            self.clear();
        }
        let mut seeing =
            self.sessions.entry(handle).or_insert(Seeing { confirmed: None, ended: 0 });
        if asked.0 >= seeing.ended && asked.0 >= self.cleared.load(Ordering::SeqCst) {
            seeing.confirmed = Some((record.clone(), now));
        }
    }

    /// A record that the store confirmed within the window.
    pub(super) fn recall(
        &self,
        handle: SessionHandle,
        now: Duration,
        window: Duration,
    ) -> Option<Record> {
        let seeing = self.sessions.get(&handle)?;
        let (record, confirmed) = seeing.confirmed.as_ref()?;
        (now.saturating_sub(*confirmed) <= window).then(|| record.clone())
    }

    /// The session is over, or goes on under another id.
    pub(super) fn end(&self, handle: SessionHandle) {
        let ended = self.next_turn();
        self.sessions.insert(handle, Seeing { confirmed: None, ended });
    }

    /// The store does not know the session. Of one that was not seen here nothing is remembered:
    /// strangers ask for as many as they like.
    pub(super) fn miss(&self, handle: SessionHandle) {
        if let Some(mut seeing) = self.sessions.get_mut(&handle) {
            *seeing = Seeing { confirmed: None, ended: self.next_turn() };
        }
    }

    fn clear(&self) {
        let _one_at_a_time = self.clearing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sessions.len() >= MOST {
            // Nothing is confirmed while the ends that would speak against it are being dropped.
            self.cleared.store(u64::MAX, Ordering::SeqCst);
            self.sessions.clear();
            self.cleared.store(self.next_turn(), Ordering::SeqCst);
        }
    }

    fn next_turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::SeqCst) + 1
    }
}
