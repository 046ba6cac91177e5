//! A store of sessions as a database is one: it never answers at once, and can be down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jam_core::session::{
    AsyncSessionStore, Call, Inserted, MaxSessions, MemoryStore, OwnedOwner, Record, SessionHandle,
    SessionStore, Swap,
};
use jam_core::{Error, ErrorKind};

/// The memory store behind a door. Clones are the same store.
#[derive(Clone, Default)]
pub(crate) struct Remote(Arc<Inner>);

#[derive(Default)]
struct Inner {
    memory: MemoryStore,
    is_down: AtomicBool,
    calls: AtomicUsize,
}

impl Remote {
    pub(crate) fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::Relaxed);
    }

    /// How often it was asked for anything so far.
    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// How many sessions it holds, expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.0.memory.len()
    }

    async fn memory(&self) -> Result<&MemoryStore, Error> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        if self.0.is_down.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::StoreUnavailable, "switched off by the test"));
        }
        Ok(&self.0.memory)
    }
}

impl AsyncSessionStore for Remote {
    async fn load(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        self.memory().await?.load(call, handle).await
    }

    async fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Inserted, Error> {
        self.memory().await?.insert(call, handle, record, limit).await
    }

    async fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Swap, Error> {
        self.memory().await?.compare_and_swap(call, handle, expected, record, limit).await
    }

    async fn touch(&self, call: Call, handle: SessionHandle, record: Record) -> Result<(), Error> {
        self.memory().await?.touch(call, handle, &record).await
    }

    async fn remove(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        self.memory().await?.remove(call, handle).await
    }

    async fn list(
        &self,
        call: Call,
        owner: OwnedOwner,
    ) -> Result<Vec<(SessionHandle, Record)>, Error> {
        self.memory().await?.list(call, owner.as_owner()).await
    }

    async fn remove_all(
        &self,
        call: Call,
        owner: OwnedOwner,
        except: Option<SessionHandle>,
    ) -> Result<Vec<SessionHandle>, Error> {
        self.memory().await?.remove_all(call, owner.as_owner(), except).await
    }

    async fn sweep(&self, call: Call) -> Result<usize, Error> {
        self.memory().await?.sweep(call).await
    }

    fn name(&self) -> &'static str {
        "remote"
    }

    fn is_durable(&self) -> bool {
        false
    }
}
