use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use jam_core::deferred::Deferred;
use jam_core::session::{
    Call, Cursor, Inserted, MaxSessions, MemoryStore, Owner, Page, Record, SessionHandle,
    SessionStore, StoreFuture, Swap,
};
use jam_core::{Error, ErrorKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Load,
    Insert,
    Swap,
    Touch,
    Remove,
    List,
    RemoveAll,
    Sweep,
}

type Hook = Box<dyn FnOnce() + Send>;

/// The memory store, and what a test wants to know of it or do to it.
#[derive(Clone, Default)]
pub struct Probe(Arc<Inner>);

#[derive(Default)]
struct Inner {
    store: MemoryStore,
    calls: Mutex<Vec<Verb>>,
    is_down: AtomicBool,
    garbled: Mutex<HashSet<SessionHandle>>,
    written: Mutex<Vec<(SessionHandle, Vec<u8>)>>,
    /// To be run ahead of the call that is so many away.
    hook: Mutex<Option<(usize, Hook)>>,
    /// To be run when the next record has been loaded and not yet been handed out.
    loaded: Mutex<Option<Hook>>,
}

impl Probe {
    /// The calls so far; they are forgotten.
    pub fn calls(&self) -> Vec<Verb> {
        std::mem::take(&mut self.0.calls.lock().unwrap())
    }

    pub fn set_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Makes a record unreadable.
    pub fn garble(&self, handle: SessionHandle) {
        self.0.garbled.lock().unwrap().insert(handle);
    }

    /// Has something happen ahead of a call, counted from 0.
    pub fn before(&self, call: usize, hook: impl FnOnce() + Send + 'static) {
        *self.0.hook.lock().unwrap() = Some((call, Box::new(hook)));
    }

    /// Has something happen while the answer of the next load is on its way.
    pub fn after_load(&self, hook: impl FnOnce() + Send + 'static) {
        *self.0.loaded.lock().unwrap() = Some(Box::new(hook));
    }

    /// Whether what [`before`](Self::before) was given did not happen; it will not any more.
    pub fn is_waiting(&self) -> bool {
        self.0.hook.lock().unwrap().take().is_some()
    }

    pub fn len(&self) -> usize {
        self.0.store.len()
    }

    /// All keys and records that were ever written.
    pub fn dump(&self) -> Vec<(SessionHandle, Vec<u8>)> {
        self.0.written.lock().unwrap().clone()
    }

    fn enter(&self, verb: Verb) -> Result<(), Error> {
        self.0.calls.lock().unwrap().push(verb);
        let due = {
            let mut hook = self.0.hook.lock().unwrap();
            match hook.as_mut() {
                Some((0, _)) => hook.take(),
                Some((away, _)) => {
                    *away -= 1;
                    None
                }
                None => None,
            }
        };
        if let Some((_, hook)) = due {
            hook();
        }
        if self.0.is_down.load(Ordering::SeqCst) {
            return Err(ErrorKind::StoreUnavailable.into());
        }
        Ok(())
    }

    fn note(&self, handle: SessionHandle, record: &Record) {
        self.0.written.lock().unwrap().push((handle, record.as_bytes().to_vec()));
    }
}

macro_rules! enter {
    ($self:ident, $verb:expr) => {
        if let Err(error) = $self.enter($verb) {
            return Deferred::ready(Err(error));
        }
    };
}

impl SessionStore for Probe {
    fn load(&self, call: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>> {
        enter!(self, Verb::Load);
        if self.0.garbled.lock().unwrap().contains(&handle) {
            return Deferred::ready(Err(ErrorKind::UndecodableRecord.into()));
        }
        let loaded = self.0.store.load(call, handle);
        let hook = self.0.loaded.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
        loaded
    }

    fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Inserted> {
        enter!(self, Verb::Insert);
        self.note(handle, &record);
        self.0.store.insert(call, handle, record, limit)
    }

    fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Swap> {
        enter!(self, Verb::Swap);
        self.note(handle, &record);
        self.0.store.compare_and_swap(call, handle, expected, record, limit)
    }

    fn touch(&self, call: Call, handle: SessionHandle, record: &Record) -> StoreFuture<'_, ()> {
        enter!(self, Verb::Touch);
        self.0.store.touch(call, handle, record)
    }

    fn remove(&self, call: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>> {
        enter!(self, Verb::Remove);
        self.0.store.remove(call, handle)
    }

    fn list(&self, call: Call, owner: Owner<'_>) -> StoreFuture<'_, Vec<(SessionHandle, Record)>> {
        enter!(self, Verb::List);
        self.0.store.list(call, owner)
    }

    fn remove_all(
        &self,
        call: Call,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
    ) -> StoreFuture<'_, Vec<SessionHandle>> {
        enter!(self, Verb::RemoveAll);
        self.0.store.remove_all(call, owner, except)
    }

    fn page(
        &self,
        call: Call,
        from: Option<Cursor>,
        most: usize,
    ) -> StoreFuture<'_, Page<(SessionHandle, Record)>> {
        enter!(self, Verb::List);
        self.0.store.page(call, from, most)
    }

    fn sweep(&self, call: Call) -> StoreFuture<'_, usize> {
        enter!(self, Verb::Sweep);
        self.0.store.sweep(call)
    }

    fn name(&self) -> &'static str {
        "probe"
    }

    fn is_durable(&self) -> bool {
        false
    }
}
