//! A store of sessions that has to be waited for and can be down, and a `Jam` on top of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use jam_core::clock::ManualClock;
use jam_core::session::{
    AsyncSessionStore, Call, Inserted, MaxSessions, MemoryStore, OwnedOwner, Record,
    SessionBackend, SessionHandle, SessionPolicy, SessionStore, Swap,
};
use jam_core::{Error, ErrorKind, Jam};
use tokio::sync::Notify;

/// A memory store that answers a turn later, or not at all. Clones are the same store.
#[derive(Clone, Default)]
pub(crate) struct Switched(Arc<Inner>);

#[derive(Default)]
struct Inner {
    memory: MemoryStore,
    is_down: AtomicBool,
    calls: AtomicUsize,
    swept: Notify,
}

impl Switched {
    pub(crate) fn switch_off(&self) {
        self.0.is_down.store(true, Ordering::Relaxed);
    }

    pub(crate) fn switch_on(&self) {
        self.0.is_down.store(false, Ordering::Relaxed);
    }

    /// How many calls there were so far.
    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.memory.len()
    }

    /// Waits for the next sweep, failed or not.
    pub(crate) async fn swept(&self) {
        self.0.swept.notified().await;
    }

    async fn turn(&self) -> Result<&MemoryStore, Error> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        if self.0.is_down.load(Ordering::Relaxed) {
            return Err(ErrorKind::StoreUnavailable.into());
        }
        Ok(&self.0.memory)
    }
}

impl AsyncSessionStore for Switched {
    async fn load(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        self.turn().await?.load(call, handle).await
    }

    async fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Inserted, Error> {
        self.turn().await?.insert(call, handle, record, limit).await
    }

    async fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Swap, Error> {
        self.turn().await?.compare_and_swap(call, handle, expected, record, limit).await
    }

    async fn touch(&self, call: Call, handle: SessionHandle, record: Record) -> Result<(), Error> {
        self.turn().await?.touch(call, handle, &record).await
    }

    async fn remove(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        self.turn().await?.remove(call, handle).await
    }

    async fn list(
        &self,
        call: Call,
        owner: OwnedOwner,
    ) -> Result<Vec<(SessionHandle, Record)>, Error> {
        self.turn().await?.list(call, owner.as_owner()).await
    }

    async fn remove_all(
        &self,
        call: Call,
        owner: OwnedOwner,
        except: Option<SessionHandle>,
    ) -> Result<Vec<SessionHandle>, Error> {
        self.turn().await?.remove_all(call, owner.as_owner(), except).await
    }

    async fn sweep(&self, call: Call) -> Result<usize, Error> {
        let swept = match self.turn().await {
            Ok(memory) => memory.sweep(call).await,
            Err(error) => Err(error),
        };
        self.0.swept.notify_one();
        swept
    }

    fn name(&self) -> &'static str {
        "switched"
    }

    fn is_durable(&self) -> bool {
        false
    }
}

/// When the clock of these tests starts.
const START: u64 = 1_800_000_000;

/// The idle timeout of the sessions of these tests.
pub(crate) const IDLE: Duration = Duration::from_secs(1800);

/// Sessions alone, in a memory store that is never waited for.
pub(crate) fn sessions() -> (Jam, ManualClock) {
    sessions_in(MemoryStore::new())
}

/// Sessions alone, in this store, by a clock that stands still.
pub(crate) fn sessions_in(store: impl SessionStore + 'static) -> (Jam, ManualClock) {
    let clock = ManualClock::new(START);
    let policy = SessionPolicy::new(IDLE, Duration::from_secs(12 * 3600));
    let jam = Jam::builder().session(SessionBackend::builder(policy, store)).clock(clock.clone());
    (jam.build().unwrap(), clock)
}
