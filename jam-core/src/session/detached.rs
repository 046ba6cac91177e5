//! A session beyond its request: in streams and sockets.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backend::{Live, SessionBackend};
use super::draft::write_value;
use super::id::{SessionHandle, SessionId};
use super::ops::Op;
use super::record::{Record, read_value};
use crate::clock::Budget;
use crate::error::{Error, ErrorKind};

/// The session that a stream or a socket was opened with. Each call reads or writes at once, under
/// the same promises as those of a [`Session`](super::Session).
///
/// It holds the id that the session had then. Once that does not authenticate any more, because the
/// session has ended or was given a new id (by a login as somebody else, for instance), every call
/// is refused as [`SessionEnded`](ErrorKind::SessionEnded).
#[derive(Clone)]
pub struct DetachedSession {
    backend: SessionBackend,
    id: SessionId,
}

impl DetachedSession {
    pub(super) fn new(backend: SessionBackend, id: SessionId) -> Self {
        Self { backend, id }
    }

    /// A value, as it is now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`], [`ErrorKind::StoreUnavailable`],
    /// [`ErrorKind::UndecodableRecord`].
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        self.record().await?.get(name)
    }

    /// The record, as it is now.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn record(&self) -> Result<Record, Error> {
        Ok(self.live(&self.backend.budget()).await?.record)
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`ErrorKind::RecordTooLarge`].
    pub async fn set<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), Error> {
        self.write(Op::Set { name: name.to_owned(), json: write_value(value)? }).await
    }

    /// Takes a value out.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        self.write(Op::Remove { name: name.to_owned() }).await
    }

    /// Makes the new value out of the old one; `change` runs again whenever somebody else wrote in
    /// between.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn update<T, F>(&self, name: &str, change: F) -> Result<(), Error>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let apply = move |json: Option<&str>| {
            let before = json.map(read_value).transpose()?;
            write_value(&change(before)).map(Some)
        };
        self.write(Op::Update { name: name.to_owned(), apply: Arc::new(apply) }).await
    }

    /// Ends the session. The client's credential is refused from now on; nothing can take it back.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn destroy(&self) -> Result<(), Error> {
        self.write(Op::Destroy).await
    }

    /// The public name of the session.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.id.handle()
    }

    /// Ends when the session has ended, was revoked or was given a new id: then close the socket.
    ///
    /// What this process does is noticed at once. What has expired, or was ended by another process,
    /// is noticed at the next [`sweep`](SessionBackend::sweep). A store that is down ends nothing.
    pub async fn ended(&self) {
        let watching = self.backend.0.watch.begin(self.id.handle());
        loop {
            let changed = watching.listen();
            match self.live(&self.backend.budget()).await {
                Err(error) if is_end(error.kind()) => return,
                Ok(_) | Err(_) => changed.await,
            }
        }
    }

    async fn live(&self, budget: &Budget) -> Result<Live, Error> {
        let found = self.backend.find(&self.id, budget).await?;
        found.ok_or_else(|| ErrorKind::SessionEnded.into())
    }

    async fn write(&self, op: Op) -> Result<(), Error> {
        let budget = self.backend.budget();
        let live = self.live(&budget).await?;
        self.backend.write(&[op], Some(&live), &budget).await.map(drop)
    }
}

/// Whatever else a store answers is a failure of its own.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::SessionEnded | ErrorKind::UndecodableRecord)
}

impl fmt::Debug for DetachedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedSession").field("handle", &self.handle()).finish_non_exhaustive()
    }
}
