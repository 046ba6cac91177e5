//! A store to be tried, with verbs that wait where they stand.

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use jam_core::session::{
    Call, Inserted, MaxSessions, OwnedOwner, Owner, Record, SessionHandle, SessionStore, Swap,
};
use jam_core::{Error, ErrorKind};

use super::Job;
use super::case::{Fault, ensure};
use super::maker::Made;

pub(super) type BlockOn = dyn Fn(Job) + Send + Sync;
pub(super) type Answer<T> = Result<T, Error>;

/// Waits for a future by the means of the store's author.
pub(super) fn wait<T: Send + 'static>(
    block_on: &Arc<BlockOn>,
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, Fault> {
    let (sender, receiver) = mpsc::channel();
    block_on(Box::pin(async move { _ = sender.send(future.await) }));
    receiver.try_recv().map_err(|_| Fault::new("`block_on` came back before its future had ended"))
}

/// A store and how to wait for it. Clones are the same store.
#[derive(Clone)]
pub(super) struct Stage {
    store: Arc<dyn SessionStore>,
    block_on: Arc<BlockOn>,
}

/// More than any store needs.
const TIME: Duration = Duration::from_secs(30);

fn call(now: Duration) -> Call {
    Call { now, time_left: TIME }
}

impl Stage {
    pub(super) fn new(store: Arc<dyn SessionStore>, block_on: Arc<BlockOn>) -> Self {
        Self { store, block_on }
    }

    pub(super) fn try_load(
        &self,
        now: Duration,
        handle: SessionHandle,
    ) -> Result<Answer<Option<Record>>, Fault> {
        let store = Arc::clone(&self.store);
        wait(&self.block_on, async move { store.load(call(now), handle).await })
    }

    pub(super) fn try_insert(
        &self,
        now: Duration,
        made: &Made,
        limit: MaxSessions,
    ) -> Result<Answer<Inserted>, Fault> {
        let (store, handle, record) = (Arc::clone(&self.store), made.handle, made.record()?);
        wait(&self.block_on, async move { store.insert(call(now), handle, record, limit).await })
    }

    pub(super) fn try_swap(
        &self,
        now: Duration,
        expected: u32,
        made: &Made,
        limit: MaxSessions,
    ) -> Result<Answer<Swap>, Fault> {
        let (store, handle, record) = (Arc::clone(&self.store), made.handle, made.record()?);
        let swap =
            async move { store.compare_and_swap(call(now), handle, expected, record, limit).await };
        wait(&self.block_on, swap)
    }

    pub(super) fn try_touch(
        &self,
        now: Duration,
        handle: SessionHandle,
        record: Record,
    ) -> Result<Answer<()>, Fault> {
        let store = Arc::clone(&self.store);
        wait(&self.block_on, async move { store.touch(call(now), handle, &record).await })
    }

    pub(super) fn try_remove(
        &self,
        now: Duration,
        handle: SessionHandle,
    ) -> Result<Answer<Option<Record>>, Fault> {
        let store = Arc::clone(&self.store);
        wait(&self.block_on, async move { store.remove(call(now), handle).await })
    }

    pub(super) fn try_list(
        &self,
        now: Duration,
        owner: Owner<'_>,
    ) -> Result<Answer<Vec<(SessionHandle, Record)>>, Fault> {
        let (store, owner) = (Arc::clone(&self.store), OwnedOwner::from(owner));
        wait(&self.block_on, async move { store.list(call(now), owner.as_owner()).await })
    }

    pub(super) fn try_remove_all(
        &self,
        now: Duration,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
    ) -> Result<Answer<Vec<SessionHandle>>, Fault> {
        let (store, owner) = (Arc::clone(&self.store), OwnedOwner::from(owner));
        let remove = async move { store.remove_all(call(now), owner.as_owner(), except).await };
        wait(&self.block_on, remove)
    }

    /// All sessions, in pages of a size; a session that is on two of them is there once.
    pub(super) fn pages(
        &self,
        now: Duration,
        most: usize,
    ) -> Result<BTreeSet<SessionHandle>, Fault> {
        let (mut all, mut from) = (BTreeSet::new(), None);
        // A store that goes in circles never ends.
        for _ in 0..1000 {
            let store = Arc::clone(&self.store);
            let page = async move { store.page(call(now), from, most).await };
            let page = wait(&self.block_on, page)??;
            all.extend(page.sessions.iter().map(|(handle, _)| *handle));
            match page.next {
                None => return Ok(all),
                next => from = next,
            }
        }
        Err(Fault::new("the pages have no end"))
    }

    pub(super) fn try_sweep(&self, now: Duration) -> Result<Answer<usize>, Fault> {
        let store = Arc::clone(&self.store);
        wait(&self.block_on, async move { store.sweep(call(now)).await })
    }

    pub(super) fn load(
        &self,
        now: Duration,
        handle: SessionHandle,
    ) -> Result<Option<Record>, Fault> {
        Ok(self.try_load(now, handle)??)
    }

    /// Stores a session, and answers with those that were ended for it.
    pub(super) fn put(
        &self,
        now: Duration,
        made: &Made,
        limit: MaxSessions,
    ) -> Result<Vec<SessionHandle>, Fault> {
        match self.try_insert(now, made, limit)?? {
            Inserted::Stored { evicted } => Ok(evicted),
            other => Err(Fault::new(format!("a new session is not stored: {other:?}"))),
        }
    }

    /// Stores a session without a limit.
    pub(super) fn keep(&self, now: Duration, made: &Made) -> Result<(), Fault> {
        let evicted = self.put(now, made, MaxSessions::Unlimited)?;
        ensure!(evicted.is_empty(), "an insertion without a limit ended {evicted:?}");
        Ok(())
    }

    pub(super) fn swap(
        &self,
        now: Duration,
        expected: u32,
        made: &Made,
        limit: MaxSessions,
    ) -> Result<Swap, Fault> {
        Ok(self.try_swap(now, expected, made, limit)??)
    }

    /// Puts the next version of a session in the place of a version.
    pub(super) fn replace(&self, now: Duration, before: &Made, after: &Made) -> Result<(), Fault> {
        let swap = self.swap(now, before.version(), after, MaxSessions::Unlimited)?;
        let is_right = matches!(&swap, Swap::Swapped { evicted } if evicted.is_empty());
        ensure!(is_right, "the expected version is there and {swap:?} comes of it");
        Ok(())
    }

    /// Touches a session as it is stored.
    pub(super) fn touch(&self, now: Duration, handle: SessionHandle) -> Result<(), Fault> {
        let loaded = self.load(now, handle)?;
        let record = loaded.ok_or_else(|| Fault::new("a live session is not found"))?;
        Ok(self.try_touch(now, handle, record)??)
    }

    pub(super) fn remove(
        &self,
        now: Duration,
        handle: SessionHandle,
    ) -> Result<Option<Record>, Fault> {
        Ok(self.try_remove(now, handle)??)
    }

    pub(super) fn list(
        &self,
        now: Duration,
        owner: Owner<'_>,
    ) -> Result<BTreeSet<SessionHandle>, Fault> {
        let listed = self.try_list(now, owner)??;
        for (handle, record) in &listed {
            ensure!(owner.owns(record), "the list of {owner:?} has a session of another's");
            ensure!(!record.is_expired(now), "the list of {owner:?} has an expired session");
            let loaded = self.load(now, *handle)?;
            ensure!(loaded.is_some(), "the list of {owner:?} has a session that is not found");
        }
        let handles: BTreeSet<_> = listed.iter().map(|(handle, _)| *handle).collect();
        ensure!(handles.len() == listed.len(), "the list of {owner:?} has a session twice");
        Ok(handles)
    }

    pub(super) fn remove_all(
        &self,
        now: Duration,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
    ) -> Result<BTreeSet<SessionHandle>, Fault> {
        let removed = self.try_remove_all(now, owner, except)??;
        let handles: BTreeSet<_> = removed.iter().copied().collect();
        ensure!(handles.len() == removed.len(), "`remove_all` names a session twice");
        Ok(handles)
    }

    pub(super) fn sweep(&self, now: Duration) -> Result<usize, Fault> {
        Ok(self.try_sweep(now)??)
    }

    /// What is stored under a key is this, to the byte.
    pub(super) fn holds(&self, now: Duration, made: &Made) -> Result<(), Fault> {
        let Some(record) = self.load(now, made.handle)? else {
            return Err(Fault::new("a live session is not found"));
        };
        let expected = made.record()?;
        ensure!(record.as_bytes() == expected.as_bytes(), "another record is stored: {record:?}");
        Ok(())
    }

    pub(super) fn lacks(&self, now: Duration, handle: SessionHandle) -> Result<(), Fault> {
        let loaded = self.load(now, handle)?;
        ensure!(loaded.is_none(), "a session that is over is found: {loaded:?}");
        Ok(())
    }

    /// Does something on as many threads at once, and answers with what comes of it.
    pub(super) fn race<T: Send>(
        &self,
        threads: usize,
        run: impl Fn(usize, &Self) -> Result<T, Fault> + Sync,
    ) -> Result<Vec<T>, Fault> {
        let (barrier, run) = (Barrier::new(threads), &run);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|n| {
                    let (stage, barrier) = (self.clone(), &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        run(n, &stage)
                    })
                })
                .collect();
            let results = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            results.collect()
        })
    }
}

/// The kind of a failure, or that there was none.
pub(super) fn kind<T>(answer: &Answer<T>) -> Option<ErrorKind> {
    answer.as_ref().err().map(Error::kind)
}
