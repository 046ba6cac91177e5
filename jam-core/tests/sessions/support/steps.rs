use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use jam_core::Error;
use jam_core::session::{
    AsyncSessionStore, Call, Inserted, MaxSessions, MemoryStore, OwnedOwner, Record, SessionHandle,
    SessionStore, Swap,
};

use super::Verb;

/// A memory store each of whose calls has to be polled twice: at the first poll it arrives, at the
/// second it is done, in one step. So whoever polls a request decides when its next call is done.
#[derive(Clone, Default)]
pub struct Stepped(Arc<Inner>);

#[derive(Default)]
struct Inner {
    store: MemoryStore,
    done: Mutex<Vec<(Verb, bool)>>,
    taken: AtomicUsize,
    left: Mutex<Vec<Duration>>,
}

impl Stepped {
    /// The calls so far, and whether they did what they were to do; they are forgotten.
    pub fn done(&self) -> Vec<(Verb, bool)> {
        std::mem::take(&mut self.0.done.lock().unwrap())
    }

    pub fn len(&self) -> usize {
        self.0.store.len()
    }

    /// Has so many insertions find their key taken.
    pub fn find_taken(&self, insertions: usize) {
        self.0.taken.store(insertions, Ordering::SeqCst);
    }

    /// The time that each insertion was left.
    pub fn times_left(&self) -> Vec<Duration> {
        self.0.left.lock().unwrap().clone()
    }

    fn log(&self, verb: Verb, succeeded: bool) {
        self.0.done.lock().unwrap().push((verb, succeeded));
    }
}

/// Not ready once.
#[derive(Default)]
struct Arrival(bool);

impl Future for Arrival {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncSessionStore for Stepped {
    async fn load(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        Arrival::default().await;
        let loaded = self.0.store.load(call, handle).await?;
        self.log(Verb::Load, loaded.is_some());
        Ok(loaded)
    }

    async fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Inserted, Error> {
        self.0.left.lock().unwrap().push(call.time_left);
        Arrival::default().await;
        // The clock ticks.
        let arrived = Instant::now();
        while arrived.elapsed().is_zero() {}
        let one_less = |taken: usize| taken.checked_sub(1);
        if self.0.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return Ok(Inserted::Exists);
        }
        let inserted = self.0.store.insert(call, handle, record, limit).await?;
        self.log(Verb::Insert, matches!(inserted, Inserted::Stored { .. }));
        Ok(inserted)
    }

    async fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Swap, Error> {
        Arrival::default().await;
        let swap = self.0.store.compare_and_swap(call, handle, expected, record, limit).await?;
        self.log(Verb::Swap, matches!(swap, Swap::Swapped { .. }));
        Ok(swap)
    }

    async fn touch(&self, call: Call, handle: SessionHandle, record: Record) -> Result<(), Error> {
        Arrival::default().await;
        self.log(Verb::Touch, true);
        self.0.store.touch(call, handle, &record).await
    }

    async fn remove(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        Arrival::default().await;
        let removed = self.0.store.remove(call, handle).await?;
        self.log(Verb::Remove, removed.is_some());
        Ok(removed)
    }

    async fn list(
        &self,
        call: Call,
        owner: OwnedOwner,
    ) -> Result<Vec<(SessionHandle, Record)>, Error> {
        Arrival::default().await;
        self.log(Verb::List, true);
        self.0.store.list(call, owner.as_owner()).await
    }

    async fn remove_all(
        &self,
        call: Call,
        owner: OwnedOwner,
        except: Option<SessionHandle>,
    ) -> Result<Vec<SessionHandle>, Error> {
        Arrival::default().await;
        self.log(Verb::RemoveAll, true);
        self.0.store.remove_all(call, owner.as_owner(), except).await
    }

    async fn sweep(&self, call: Call) -> Result<usize, Error> {
        Arrival::default().await;
        self.log(Verb::Sweep, true);
        self.0.store.sweep(call).await
    }

    fn name(&self) -> &'static str {
        "stepped"
    }

    fn is_durable(&self) -> bool {
        false
    }
}

/// Polls a future to its end.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut poll = |_| match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    };
    (0..1000).find_map(&mut poll).expect("it comes to an end")
}

/// Polls two futures to their ends, in the order in which `order` names the second one; when it is
/// exhausted, or names one that has ended, the first that goes on. `polled` is told who was polled.
/// Answers with the outputs, and for each poll whether it was the second's and whether there was a
/// choice.
pub fn drive<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
    order: &[bool],
    mut polled: impl FnMut(bool),
) -> (A, B, Vec<(bool, bool)>) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut other) = (None, None);
    let mut context = Context::from_waker(Waker::noop());
    let mut taken = Vec::new();
    while one.is_none() || other.is_none() {
        let is_choice = one.is_none() && other.is_none();
        let wants_second = is_choice && order.get(taken.len()).copied().unwrap_or(false);
        let is_second = wants_second || one.is_some();
        taken.push((is_second, is_choice));
        assert!(taken.len() < 1000, "neither comes to an end");
        if is_second {
            if let Poll::Ready(output) = second.as_mut().poll(&mut context) {
                other = Some(output);
            }
        } else if let Poll::Ready(output) = first.as_mut().poll(&mut context) {
            one = Some(output);
        }
        polled(is_second);
    }
    (one.unwrap(), other.unwrap(), taken)
}

/// Runs something under every order there is; it answers with what [`drive`] took. Returns how many
/// there are.
pub fn every_order(mut run: impl FnMut(&[bool]) -> Vec<(bool, bool)>) -> usize {
    let mut order = Vec::new();
    for count in 1.. {
        let taken = run(&order);
        let Some(last) = taken.iter().rposition(|(second, choice)| *choice && !second) else {
            return count;
        };
        order = taken[..last].iter().map(|(second, _)| *second).collect();
        order.push(true);
    }
    unreachable!("there is an end to it")
}
