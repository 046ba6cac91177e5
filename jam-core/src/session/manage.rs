//! Sessions from outside of a request: the verbs of the facade.

use std::fmt;
use std::time::Duration;

use super::backend::{Live, SessionBackend};
use super::commit::MAX_ATTEMPTS;
use super::draft::{Authentication, Metadata, Values};
use super::id::{SessionHandle, SessionId};
use super::login::Login;
use super::ops::Op;
use super::page::{Cursor, Page};
use super::policy::MaxSessions;
use super::record::Record;
use super::store::{Owner, Swap};
use crate::audit::{self, Done};
use crate::clock::Budget;
use crate::error::{Error, ErrorKind};

/// A session that was made, and the id for its owner.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The credential. It is shown here once; the store does not know it.
    pub id: SessionId,
    /// What the store keeps.
    pub record: Record,
}

impl NewSession {
    /// The public name of the session.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.id.handle()
    }
}

/// One of a subject's sessions, as a list shows it. Nothing in it authenticates.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// Its public name, by which it is revoked.
    pub handle: SessionHandle,
    /// Whose it is; none for nobody's.
    pub subject: Option<String>,
    /// When it was created, as time since the Unix epoch.
    pub created: Duration,
    /// When it was last seen in use, as recorded.
    pub last_seen: Duration,
    /// When it ends unless it is used.
    pub expires_at: Duration,
    /// When and how its owner logged in.
    pub authentication: Option<Authentication>,
    /// What the application noted about the client.
    pub metadata: Option<Metadata>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl SessionInfo {
    fn of(handle: SessionHandle, record: &Record, current: Option<SessionHandle>) -> Self {
        Self {
            handle,
            subject: record.subject().map(str::to_owned),
            created: record.created(),
            last_seen: record.last_seen(),
            expires_at: record.expires_at(),
            authentication: record.authentication(),
            metadata: record.metadata(),
            is_current: current == Some(handle),
        }
    }
}

/// The verbs of the seeds, and those that a list of sessions needs. All are refused as
/// [`NotSupported`](ErrorKind::NotSupported) where the client keeps the sessions, and fail as
/// [`StoreUnavailable`](ErrorKind::StoreUnavailable) where the store is down.
impl SessionBackend {
    /// Makes a session for a subject: `create_session("alice")`, or with a whole [`Login`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooManySessions`], [`ErrorKind::RecordTooLarge`], [`ErrorKind::InvalidPayload`].
    pub async fn create_session(&self, login: impl Into<Login>) -> Result<NewSession, Error> {
        self.store()?;
        let ops = [Op::Login(Box::new(login.into()))];
        let written = self.write(&ops, None, &self.budget()).await?;
        match written.live {
            Some(Live { id: Some(id), record, .. }) => Ok(NewSession { id, record }),
            _ => Err(ErrorKind::Unavailable.into()),
        }
    }

    /// The session of an id. An id that is unknown, has expired or was rotated finds none. Reading
    /// it does not count as a use.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndecodableRecord`] beside those of all verbs.
    pub async fn get_session(&self, id: &SessionId) -> Result<Option<Record>, Error> {
        Ok(self.find(id, &self.budget()).await?.map(|live| live.record))
    }

    /// Changes the values of a session. `change` runs again on the values as they are now whenever
    /// somebody else wrote in between, so nothing is lost.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] for an id that finds none, [`ErrorKind::RecordTooLarge`],
    /// [`ErrorKind::Conflict`] after many lost attempts, and whatever `change` refuses.
    pub async fn update_session(
        &self,
        id: &SessionId,
        change: impl Fn(&mut Values) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Record, Error> {
        let live = self.write_to(id, Op::Values(std::sync::Arc::new(change))).await?;
        Ok(live.record)
    }

    /// Puts a new id in place of an old one, which is refused from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] for an id that finds none.
    pub async fn rotate_session(&self, id: &SessionId) -> Result<SessionId, Error> {
        self.write_to(id, Op::Rotate).await?.id.ok_or_else(|| ErrorKind::Unavailable.into())
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    ///
    /// Those of all verbs.
    pub async fn delete_session(&self, id: &SessionId) -> Result<bool, Error> {
        let budget = self.budget();
        match self.find(id, &budget).await? {
            Some(live) => self.end(live.handle(), Done::Ended, &budget).await,
            None => Ok(false),
        }
    }

    /// Ends all sessions of a subject, and returns how many there were.
    ///
    /// # Errors
    ///
    /// Those of all verbs.
    pub async fn clear_sessions(&self, subject: &str) -> Result<usize, Error> {
        self.end_all(Owner::Subject(subject), None, &self.budget()).await
    }

    /// The live sessions of a subject, those first that were created first.
    ///
    /// # Errors
    ///
    /// Those of all verbs.
    pub async fn sessions_of(&self, subject: &str) -> Result<Vec<SessionInfo>, Error> {
        self.list(subject, None, &self.budget()).await
    }

    /// About `most` of all live sessions, nobody's included: from the beginning, or from where the
    /// page before has ended. For an administrator who looks through them, and [revokes](Self::revoke)
    /// what has to end.
    ///
    /// # Errors
    ///
    /// Those of all verbs; [`NotSupported`](ErrorKind::NotSupported) also by a store that has no
    /// such list.
    pub async fn all_sessions(
        &self,
        from: Option<Cursor>,
        most: usize,
    ) -> Result<Page<SessionInfo>, Error> {
        let budget = self.budget();
        let call = self.call(&budget);
        let page = self.answer(self.store()?.page(call, from, most), &budget).await?;
        let live = page.sessions.iter().filter(|(_, record)| !record.is_expired(call.now));
        let sessions = live.map(|(handle, record)| SessionInfo::of(*handle, record, None));
        Ok(Page { sessions: sessions.collect(), next: page.next })
    }

    /// Ends a session by its public name; whether there was one. Whose it is plays no part: where a
    /// user names it, ask [`revoke_own`](Self::revoke_own).
    ///
    /// # Errors
    ///
    /// Those of all verbs.
    pub async fn revoke(&self, handle: SessionHandle) -> Result<bool, Error> {
        self.store()?;
        self.end(handle, Done::Revoked, &self.budget()).await
    }

    /// Ends one of a subject's own sessions; `false` for a session of anybody else's, as for none.
    ///
    /// # Errors
    ///
    /// Those of all verbs, and [`ErrorKind::Conflict`] after many lost attempts.
    pub async fn revoke_own(&self, subject: &str, handle: SessionHandle) -> Result<bool, Error> {
        self.end_own(subject, handle, &self.budget()).await
    }

    /// Ends all other sessions of the id's subject and gives this one a new id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] for an id that finds none, or nobody's session.
    pub async fn revoke_others(&self, id: &SessionId) -> Result<SessionId, Error> {
        let budget = self.budget();
        let live = self.find(id, &budget).await?.ok_or(ErrorKind::SessionEnded)?;
        let subject = live.record.subject().ok_or_else(super::login::not_logged_in)?.to_owned();
        // The new id first: whoever holds the old one is out before the others are counted. Whoever
        // logs in as another meanwhile gets a new id too, which refuses this one.
        let written = self.write(&[Op::Rotate], Some(&live), &budget).await?;
        let rotated = written.live.and_then(|live| live.id).ok_or(ErrorKind::Unavailable)?;
        self.end_others(&subject, id.handle(), &budget).await?;
        Ok(rotated)
    }

    /// Ends the sessions that rest on one login at another provider, and returns how many there were:
    /// what a back-channel logout asks for (OpenID Connect Back-Channel Logout 1.0 §2.6).
    ///
    /// # Errors
    ///
    /// Those of all verbs.
    pub async fn revoke_by_upstream(&self, issuer: &str, session_id: &str) -> Result<usize, Error> {
        self.end_all(Owner::Upstream { issuer, session_id }, None, &self.budget()).await
    }

    /// Drops expired sessions from the store and returns how many, and has everybody look again who
    /// waits for the end of a session. For a timer of the application's; the adapters offer it as a
    /// line.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StoreUnavailable`].
    pub async fn sweep(&self) -> Result<usize, Error> {
        let Ok(store) = self.store() else { return Ok(0) };
        let swept = store.sweep(self.call(&self.budget())).await;
        self.0.watch.wake_all();
        swept.map_err(|error| self.failed(error))
    }

    /// The same verbs for command lines and batches: they block, and with a memory store need no
    /// runtime.
    #[must_use]
    pub fn blocking(&self) -> super::BlockingSessions {
        super::BlockingSessions::new(self.clone())
    }

    pub(crate) async fn list(
        &self,
        subject: &str,
        current: Option<SessionHandle>,
        budget: &Budget,
    ) -> Result<Vec<SessionInfo>, Error> {
        let call = self.call(budget);
        let listed = self.store()?.list(call, Owner::Subject(subject));
        let mut listed: Vec<SessionInfo> = self
            .answer(listed, budget)
            .await?
            .iter()
            .filter(|(_, record)| !record.is_expired(call.now) && record.subject() == Some(subject))
            .map(|(handle, record)| SessionInfo::of(*handle, record, current))
            .collect();
        listed.sort_by_key(|info| (info.created, info.handle));
        Ok(listed)
    }

    pub(crate) async fn end_all(
        &self,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
        budget: &Budget,
    ) -> Result<usize, Error> {
        let ended = self.store()?.remove_all(self.call(budget), owner, except);
        let ended = self.answer(ended, budget).await?;
        for &handle in &ended {
            self.forget(handle);
            audit::done(Done::Revoked, handle);
        }
        Ok(ended.len())
    }

    /// Ends all sessions of a subject but this one, which is still there afterwards: of two sessions
    /// that end each other at the same moment, one does.
    pub(crate) async fn end_others(
        &self,
        subject: &str,
        this: SessionHandle,
        budget: &Budget,
    ) -> Result<usize, Error> {
        let ended = self.end_all(Owner::Subject(subject), Some(this), budget).await?;
        let loaded = self.answer(self.store()?.load(self.call(budget), this), budget).await?;
        if loaded.is_some_and(|record| record.subject() == Some(subject)) {
            Ok(ended)
        } else {
            Err(ErrorKind::SessionEnded.into())
        }
    }

    /// Ends a session if it is a subject's. It may become another's at any time: it is first put
    /// under an id that nobody has, which fails if anything was written since its owner was read.
    pub(crate) async fn end_own(
        &self,
        subject: &str,
        handle: SessionHandle,
        budget: &Budget,
    ) -> Result<bool, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let call = self.call(budget);
            let record = match self.answer(self.store()?.load(call, handle), budget).await {
                Ok(record) => record,
                // One that cannot be read is nobody's.
                Err(error) if error.kind() == ErrorKind::UndecodableRecord => None,
                Err(error) => return Err(error),
            };
            let Some(record) = record.filter(|record| record.subject() == Some(subject)) else {
                return Ok(false);
            };
            let expected = record.version();
            let mut draft = record.draft();
            draft.version = expected.wrapping_add(1);
            draft.verifier_hash = SessionId::renewed(handle)?.verifier_hash();
            let nobodys = draft.encode(usize::MAX)?;
            let limit = MaxSessions::Unlimited;
            let swap = self.store()?.compare_and_swap(call, handle, expected, nobodys, limit);
            match self.answer(swap, budget).await? {
                Swap::Swapped { .. } => return self.end(handle, Done::Revoked, budget).await,
                Swap::Gone => return Ok(false),
                Swap::Conflict(_) | Swap::TooMany => {}
            }
        }
        Err(ErrorKind::Conflict.into())
    }

    /// Takes a session out of the store; whether there was a live one.
    pub(crate) async fn end(
        &self,
        handle: SessionHandle,
        why: Done,
        budget: &Budget,
    ) -> Result<bool, Error> {
        let call = self.call(budget);
        let removed = self.answer(self.store()?.remove(call, handle), budget).await;
        // Known to be over here, whatever the store says to it.
        self.forget(handle);
        let was_live = match removed {
            Ok(removed) => removed.is_some_and(|record| !record.is_expired(call.now)),
            // Gone as well, and nobody can tell whether it had expired.
            Err(error) if error.kind() == ErrorKind::UndecodableRecord => true,
            Err(error) => return Err(error),
        };
        if was_live {
            audit::done(why, handle);
        }
        Ok(was_live)
    }

    /// The session of an id, without counting that as a use.
    pub(super) async fn find(
        &self,
        id: &SessionId,
        budget: &Budget,
    ) -> Result<Option<Live>, Error> {
        let call = self.call(budget);
        let loaded = self.answer(self.store()?.load(call, id.handle()), budget).await?;
        let record = loaded.filter(|record| {
            id.verifier_hash().matches(record.verifier_hash()) && !record.is_expired(call.now)
        });
        Ok(record.map(|record| self.held(id.clone(), record)))
    }

    async fn write_to(&self, id: &SessionId, op: Op) -> Result<Live, Error> {
        let budget = self.budget();
        let live = self.find(id, &budget).await?.ok_or(ErrorKind::SessionEnded)?;
        let written = self.write(&[op], Some(&live), &budget).await?;
        written.live.ok_or_else(|| ErrorKind::SessionEnded.into())
    }
}

impl fmt::Display for SessionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}
