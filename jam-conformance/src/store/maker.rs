//! Records to be stored: made by core itself on a scratch store, since nobody else knows their
//! bytes.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jam_core::clock::ManualClock;
use jam_core::request::RequestView;
use jam_core::session::{
    Call, Login, MaxSessions, MemoryStore, Record, Session, SessionBackend, SessionHandle,
    SessionPolicy, SessionStore, Upstream,
};
use jam_core::transport::CredentialTransport;
use jam_core::{Jam, Reject};

use super::case::Fault;

/// When the cases begin.
const START: Duration = Duration::from_secs(1_800_000_000);
/// How long a session lives without being used.
pub(super) const IDLE: u64 = 600;
/// How long a session lives.
pub(super) const ABSOLUTE: u64 = 3600;
const HEADER: &str = "session";

/// So many seconds after the beginning.
pub(super) fn at(seconds: u64) -> Duration {
    START + Duration::from_secs(seconds)
}

/// A session as core makes it.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) handle: SessionHandle,
    record: Record,
    credential: String,
}

impl Made {
    /// A record of its own: clones share when they were last seen.
    pub(super) fn record(&self) -> Result<Record, Fault> {
        copy(&self.record)
    }

    pub(super) fn version(&self) -> u32 {
        self.record.version()
    }

    /// The same session under the next version, changed at a time. Does nothing to this one, so
    /// that several may be made of it.
    pub(super) fn next(&self, now: Duration, change: impl Change) -> Result<Self, Fault> {
        let scratch = MemoryStore::new();
        let call = Call { now, time_left: Duration::from_secs(1) };
        let put = scratch.insert(call, self.handle, self.record()?, MaxSessions::Unlimited);
        let _ = ready(put)??;
        make(scratch, now, &self.credential, change)
    }
}

/// What is done to a session.
pub(super) trait Change: FnOnce(&Session) -> Result<(), Reject> {}

impl<F: FnOnce(&Session) -> Result<(), Reject>> Change for F {}

/// A session of nobody's, made at a time.
pub(super) fn anonymous(now: Duration) -> Result<Made, Fault> {
    make(MemoryStore::new(), now, "", |session| session.set("made", &true))
}

/// A session of a subject's, made at a time.
pub(super) fn session(now: Duration, login: impl Into<Login>) -> Result<Made, Fault> {
    let login = login.into();
    make(MemoryStore::new(), now, "", |session| session.login(login))
}

/// A session that rests on a login elsewhere.
pub(super) fn upstream(
    now: Duration,
    subject: &str,
    issuer: &str,
    session_id: &str,
) -> Result<Made, Fault> {
    session(now, resting_on(subject, issuer, session_id))
}

/// A login that rests on one elsewhere.
pub(super) fn resting_on(subject: &str, issuer: &str, session_id: &str) -> Login {
    let (issuer, session_id) = (issuer.to_owned(), session_id.to_owned());
    Login::new(subject).upstream(Upstream { issuer, session_id, auth_time: START }, None)
}

pub(super) fn copy(record: &Record) -> Result<Record, Fault> {
    Ok(Record::from_bytes(record.as_bytes(), record.last_seen())?)
}

/// A request with a credential in a header, or without one.
struct Asked<'r>(&'r str);

impl RequestView for Asked<'_> {
    fn method(&self) -> &str {
        "POST"
    }
    fn path(&self) -> &str {
        "/"
    }
    fn query(&self) -> Option<&str> {
        None
    }
    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        if name == HEADER && !self.0.is_empty() {
            visit(self.0.as_bytes());
        }
    }
}

fn make(
    scratch: MemoryStore,
    now: Duration,
    credential: &str,
    change: impl Change,
) -> Result<Made, Fault> {
    let clock = ManualClock::default();
    clock.set(now);
    let policy = SessionPolicy::new(Duration::from_secs(IDLE), Duration::from_secs(ABSOLUTE));
    let sessions =
        SessionBackend::builder(policy, scratch).transport(CredentialTransport::header(HEADER));
    let jam = Jam::builder().clock(clock).session(sessions).build()?;
    let flow = jam.begin(&Asked(credential));
    let refused = |reject: Reject| Fault::new(format!("core refuses to make it: {reject:?}"));
    let session = flow.session().map_err(refused)?;
    change(&session).map_err(refused)?;
    ready(session.save())?.map_err(refused)?;
    let record = ready(session.record())?.map_err(refused)?;
    let handle = ready(session.handle())?.map_err(refused)?;
    let patch = ready(flow.finish())?;
    let issued = patch.headers().find(|header| header.name == HEADER);
    let credential = issued.map_or_else(|| credential.to_owned(), |header| header.value.clone());
    let (handle, record) =
        handle.zip(record).ok_or_else(|| Fault::new("core made no session of it"))?;
    Ok(Made { handle, record, credential })
}

/// The scratch store never waits.
fn ready<T>(future: impl Future<Output = T>) -> Result<T, Fault> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err(Fault::new("the memory store waits")),
    }
}
