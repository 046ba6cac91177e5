//! What a store of sessions promises.

use std::future::Future;
use std::time::Duration;

use super::id::SessionHandle;
use super::page::{Cursor, Page};
use super::policy::MaxSessions;
use super::record::Record;
use crate::deferred::Deferred;
use crate::error::{Error, ErrorKind};

/// The answer of a store: there already, or to be waited for.
pub type StoreFuture<'a, T> = Deferred<'a, Result<T, Error>>;

/// The circumstances of a call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The time since the Unix epoch. It decides what has expired; a server's own clock does not.
    pub now: Duration,
    /// What is left of the request's time for its store calls. A store that has waited so long gives
    /// up and answers [`StoreUnavailable`](crate::ErrorKind::StoreUnavailable).
    pub time_left: Duration,
}

/// Whose sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// A subject's.
    Subject(&'a str),
    /// Those that rest on one login at another provider: its `iss` and `sid`.
    Upstream {
        /// `iss`.
        issuer: &'a str,
        /// `sid`.
        session_id: &'a str,
    },
}

impl Owner<'_> {
    /// Whether a record is one of theirs.
    #[must_use]
    pub fn owns(&self, record: &Record) -> bool {
        match *self {
            Owner::Subject(subject) => record.subject() == Some(subject),
            Owner::Upstream { issuer, session_id } => record
                .upstream()
                .is_some_and(|login| login.issuer == issuer && login.session_id == session_id),
        }
    }
}

/// What became of an insertion.
#[derive(Debug)]
#[must_use]
pub enum Inserted {
    /// It is stored; these were ended to make room for it.
    Stored {
        /// The sessions that [`MaxSessions`] ended.
        evicted: Vec<SessionHandle>,
    },
    /// There is a record under that key; it was left alone.
    Exists,
    /// The subject has as many sessions as he may.
    TooMany,
}

/// What became of a compare-and-swap.
#[derive(Debug)]
#[must_use]
pub enum Swap {
    /// The new record is stored; these were ended to make room for it.
    Swapped {
        /// The sessions that [`MaxSessions`] ended.
        evicted: Vec<SessionHandle>,
    },
    /// Another version is stored; nothing was changed.
    Conflict(Record),
    /// There is no such session, or it has expired; nothing was created.
    Gone,
    /// The subject has as many sessions as he may; nothing was changed.
    TooMany,
}

/// Keeps records by their [`SessionHandle`]. Object-safe; authors of stores that wait for something
/// write [`AsyncSessionStore`] instead.
///
/// # The contract
///
/// - **Not found** and **expired** are the same: `None`, [`Swap::Gone`], or not counted. Expiry is
///   judged by the record's own [`is_expired`](Record::is_expired) at [`Call::now`]; a server's
///   time-to-live only collects garbage, and must not strike earlier.
/// - **Undecodable** bytes are [`UndecodableRecord`](crate::ErrorKind::UndecodableRecord), not `None`
///   and not a failure of the store. They escape no revocation: `remove` takes them out and says so
///   by that error, `remove_all` takes them out with the others, `list` passes over them.
/// - **Repeated removal** is `None`, no error.
/// - **A failure of the store** is [`StoreUnavailable`](crate::ErrorKind::StoreUnavailable), never
///   "not found". A call that failed has done everything or nothing.
/// - `insert` never overwrites. `compare_and_swap` and `touch` never create: whatever has been
///   removed stays removed.
/// - Each verb is one step for all others: of two swaps with the same expected version one is
///   [`Swap::Swapped`]; of two removals one returns the record; `remove_all` leaves nothing behind
///   that was stored before it began, and what is stored after it began either falls to it or is
///   strictly later.
/// - The limit of sessions counts the live ones of the record's subject, and holds under races. For a
///   swap it is asked only where the subject changes.
///
/// `jam-conformance` proves it for any store.
pub trait SessionStore: Send + Sync {
    /// The live record under a key.
    fn load(&self, call: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>>;

    /// Stores a record under a key that is not taken.
    fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Inserted>;

    /// Replaces the live record under a key if its version is `expected`.
    fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Swap>;

    /// Records that a session is in use: moves its `last_seen` to [`Call::now`], if it is still
    /// there and has not expired, and never back. `record` is what [`load`](Self::load) returned.
    fn touch(&self, call: Call, handle: SessionHandle, record: &Record) -> StoreFuture<'_, ()>;

    /// Takes a record out, live or not.
    fn remove(&self, call: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>>;

    /// The live sessions of an owner, in no order, in time that grows with their number.
    fn list(&self, call: Call, owner: Owner<'_>) -> StoreFuture<'_, Vec<(SessionHandle, Record)>>;

    /// Takes all sessions of an owner out, but for one, and returns the keys of those that were live.
    /// Where that one is no live session of the owner's any more, nothing is taken out: who ends the
    /// others must still be there himself.
    fn remove_all(
        &self,
        call: Call,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
    ) -> StoreFuture<'_, Vec<SessionHandle>>;

    /// About `most` of all live sessions, from the beginning or from where a page has ended. Every
    /// session that is there from the first page to the last is on one of them; a store without an
    /// order may show one twice.
    ///
    /// A store that cannot do this leaves it as it is:
    /// [`NotSupported`](crate::ErrorKind::NotSupported).
    fn page(
        &self,
        call: Call,
        from: Option<Cursor>,
        most: usize,
    ) -> StoreFuture<'_, Page<(SessionHandle, Record)>> {
        let _ = (call, from, most);
        Deferred::ready(Err(not_paged()))
    }

    /// Drops what has expired, and returns how many. For whoever owns a timer; nothing depends on it
    /// but memory.
    fn sweep(&self, call: Call) -> StoreFuture<'_, usize>;

    /// What it is called in [`describe`](crate::Jam::describe) and in the configuration.
    fn name(&self) -> &'static str;

    /// Whether sessions are still there after a restart, and seen by other processes.
    fn is_durable(&self) -> bool;
}

/// A [`SessionStore`] whose verbs wait: written with `async fn`, and a [`SessionStore`] by that.
///
/// The [contract](SessionStore#the-contract) is the same.
pub trait AsyncSessionStore: Send + Sync {
    /// As [`SessionStore::load`].
    fn load(
        &self,
        call: Call,
        handle: SessionHandle,
    ) -> impl Future<Output = Result<Option<Record>, Error>> + Send;

    /// As [`SessionStore::insert`].
    fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> impl Future<Output = Result<Inserted, Error>> + Send;

    /// As [`SessionStore::compare_and_swap`].
    fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> impl Future<Output = Result<Swap, Error>> + Send;

    /// As [`SessionStore::touch`].
    fn touch(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// As [`SessionStore::remove`].
    fn remove(
        &self,
        call: Call,
        handle: SessionHandle,
    ) -> impl Future<Output = Result<Option<Record>, Error>> + Send;

    /// As [`SessionStore::list`].
    fn list(
        &self,
        call: Call,
        owner: OwnedOwner,
    ) -> impl Future<Output = Result<Vec<(SessionHandle, Record)>, Error>> + Send;

    /// As [`SessionStore::remove_all`].
    fn remove_all(
        &self,
        call: Call,
        owner: OwnedOwner,
        except: Option<SessionHandle>,
    ) -> impl Future<Output = Result<Vec<SessionHandle>, Error>> + Send;

    /// As [`SessionStore::page`].
    fn page(
        &self,
        call: Call,
        from: Option<Cursor>,
        most: usize,
    ) -> impl Future<Output = Result<Page<(SessionHandle, Record)>, Error>> + Send {
        let _ = (call, from, most);
        std::future::ready(Err(not_paged()))
    }

    /// As [`SessionStore::sweep`].
    fn sweep(&self, call: Call) -> impl Future<Output = Result<usize, Error>> + Send;

    /// As [`SessionStore::name`].
    fn name(&self) -> &'static str;

    /// As [`SessionStore::is_durable`].
    fn is_durable(&self) -> bool;
}

fn not_paged() -> Error {
    Error::new(ErrorKind::NotSupported, "this store lists the sessions of one owner only")
}

/// An [`Owner`] that may be kept across an await.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedOwner {
    /// A subject's.
    Subject(String),
    /// Those that rest on one login at another provider.
    Upstream {
        /// `iss`.
        issuer: String,
        /// `sid`.
        session_id: String,
    },
}

impl OwnedOwner {
    /// The same, borrowed.
    #[must_use]
    pub fn as_owner(&self) -> Owner<'_> {
        match self {
            Self::Subject(subject) => Owner::Subject(subject),
            Self::Upstream { issuer, session_id } => Owner::Upstream { issuer, session_id },
        }
    }
}

impl From<Owner<'_>> for OwnedOwner {
    fn from(owner: Owner<'_>) -> Self {
        match owner {
            Owner::Subject(subject) => Self::Subject(subject.to_owned()),
            Owner::Upstream { issuer, session_id } => {
                Self::Upstream { issuer: issuer.to_owned(), session_id: session_id.to_owned() }
            }
        }
    }
}

impl<S: AsyncSessionStore> SessionStore for S {
    fn load(&self, call: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>> {
        Deferred::waiting(AsyncSessionStore::load(self, call, handle))
    }

    fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Inserted> {
        Deferred::waiting(AsyncSessionStore::insert(self, call, handle, record, limit))
    }

    fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Swap> {
        let swap = AsyncSessionStore::compare_and_swap(self, call, handle, expected, record, limit);
        Deferred::waiting(swap)
    }

    fn touch(&self, call: Call, handle: SessionHandle, record: &Record) -> StoreFuture<'_, ()> {
        Deferred::waiting(AsyncSessionStore::touch(self, call, handle, record.clone()))
    }

    fn remove(&self, call: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>> {
        Deferred::waiting(AsyncSessionStore::remove(self, call, handle))
    }

    fn list(&self, call: Call, owner: Owner<'_>) -> StoreFuture<'_, Vec<(SessionHandle, Record)>> {
        Deferred::waiting(AsyncSessionStore::list(self, call, owner.into()))
    }

    fn remove_all(
        &self,
        call: Call,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
    ) -> StoreFuture<'_, Vec<SessionHandle>> {
        Deferred::waiting(AsyncSessionStore::remove_all(self, call, owner.into(), except))
    }

    fn page(
        &self,
        call: Call,
        from: Option<Cursor>,
        most: usize,
    ) -> StoreFuture<'_, Page<(SessionHandle, Record)>> {
        Deferred::waiting(AsyncSessionStore::page(self, call, from, most))
    }

    fn sweep(&self, call: Call) -> StoreFuture<'_, usize> {
        Deferred::waiting(AsyncSessionStore::sweep(self, call))
    }

    fn name(&self) -> &'static str {
        AsyncSessionStore::name(self)
    }

    fn is_durable(&self) -> bool {
        AsyncSessionStore::is_durable(self)
    }
}
