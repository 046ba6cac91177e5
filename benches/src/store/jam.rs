//! Jam's store, called as a request calls it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use jam_core::clock::{Clock, SystemClock};
use jam_core::request::RequestView;
use jam_core::session::{
    Call, Inserted, Login, MaxSessions, MemoryStore, Record, SessionBackend, SessionHandle,
    SessionPolicy, SessionStore, Swap,
};

use super::{Id, PAYLOAD, Store};
use crate::requests::now;

const IDLE: Duration = Duration::from_secs(1800);

/// The store, and the record that all sessions are copies of: nobody but core knows its bytes.
pub struct Jam {
    /// The store.
    pub store: MemoryStore,
    call: Call,
    model: Record,
}

impl Jam {
    /// An empty store.
    pub fn new() -> Result<Self> {
        let call = Call { now: SystemClock.now(), time_left: Duration::from_secs(1) };
        Ok(Self { store: MemoryStore::new(), call, model: anonymous()? })
    }

    /// The circumstances of a call when all sessions have expired.
    pub fn afterwards(&self) -> Call {
        Call { now: self.call.now + 2 * IDLE, ..self.call }
    }

    /// The circumstances of a call.
    pub fn call(&self) -> Call {
        self.call
    }
}

impl Store for Jam {
    type Session = Record;

    fn session(&self, _: Id) -> Record {
        let copy = Record::from_bytes(self.model.as_bytes(), self.call.now);
        copy.unwrap_or_else(|_| self.model.clone())
    }

    fn put(&self, id: Id, record: Record) -> bool {
        let handle = SessionHandle::from_bytes(id);
        let inserted = self.store.insert(self.call, handle, record, MaxSessions::Unlimited).now();
        matches!(inserted, Ok(Ok(Inserted::Stored { .. })))
    }

    fn save(&self, id: Id, record: Record) -> bool {
        let (handle, version) = (SessionHandle::from_bytes(id), record.version());
        let limit = MaxSessions::Unlimited;
        let swap = self.store.compare_and_swap(self.call, handle, version, record, limit).now();
        matches!(swap, Ok(Ok(Swap::Swapped { .. })))
    }

    fn load(&self, id: Id) -> bool {
        let found = self.store.load(self.call, SessionHandle::from_bytes(id)).now();
        matches!(found, Ok(Ok(Some(_))))
    }
}

/// Sessions of as many subjects, with their index.
pub fn indexed(sessions: u64) -> Result<SessionBackend> {
    let backend = SessionBackend::builder(policy(), MemoryStore::new()).build()?;
    let blocking = backend.blocking();
    let payload = payload();
    for number in 0..sessions {
        let login = Login::new(format!("user-{number:08}"));
        blocking.create_session(login.value("payload", &payload))?;
    }
    Ok(backend)
}

fn policy() -> SessionPolicy {
    SessionPolicy::new(IDLE, 24 * IDLE)
}

/// A value that takes 120 bytes as JSON.
fn payload() -> String {
    "x".repeat(PAYLOAD - 2)
}

/// A request without a credential.
struct Nobody;

impl RequestView for Nobody {
    fn method(&self) -> &str {
        "POST"
    }
    fn path(&self) -> &str {
        "/"
    }
    fn query(&self) -> Option<&str> {
        None
    }
    fn visit_header<'a>(&'a self, _: &str, _: &mut dyn FnMut(&'a [u8])) {}
}

fn anonymous() -> Result<Record> {
    let refused = |reject| anyhow!("core makes no session: {reject:?}");
    let sessions = SessionBackend::builder(policy(), MemoryStore::new());
    let jam = jam_core::Jam::builder().session(sessions).build()?;
    let session = jam.begin(&Nobody).session().map_err(refused)?;
    session.set("payload", &payload()).map_err(refused)?;
    now(session.save()).context("the memory store waits")?.map_err(refused)?;
    let record = now(session.record()).context("the memory store waits")?.map_err(refused)?;
    record.context("core made no session")
}
