//! The session of a request, as a handler holds it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backend::{Live, SessionBackend};
use super::detached::DetachedSession;
use super::draft::write_value;
use super::id::SessionHandle;
use super::login::Login;
use super::manage::SessionInfo;
use super::ops::{Op, Plan};
use super::policy::Undecodable;
use super::record::{Record, read_value};
use crate::clock::Budget;
use crate::flow::Flow;
use crate::reject::Reject;

/// The session of this request. Nothing is read before something is asked, and nothing is written
/// before the answer leaves, or [`save`](Self::save) says so: a request that touches nothing costs
/// nothing. Clones are the same session.
///
/// Without a usable credential it is anonymous and empty, and begins to exist with the first value
/// that is set. What a handler has recorded is written whatever it answers, an error included.
///
/// # Errors
///
/// All methods that change something fail as [`Committed`](crate::reject::RejectKind::Committed) once
/// the head of the answer has left; streams and sockets go on with [`detached`](Self::detached). All
/// that read fail where a header carries a bad credential, or the store is down.
///
/// # What is recorded
///
/// [`get`](Self::get) shows a value as it will be. All else that is read, [`subject`](Self::subject)
/// above all, is what was found or last [saved](Self::save): a login that is only recorded may still
/// be refused.
#[derive(Clone)]
pub struct Session {
    /// Of a Jam that has a session backend.
    flow: Flow,
}

impl Session {
    pub(crate) fn of(flow: &Flow) -> Result<Self, Reject> {
        flow.session_backend()?;
        Ok(Self { flow: flow.clone() })
    }

    fn backend(&self) -> Result<&SessionBackend, Reject> {
        self.flow.session_backend()
    }

    /// The backend, for what only a store can do.
    fn storing_backend(&self) -> Result<&SessionBackend, Reject> {
        let backend = self.backend()?;
        backend.store().map_err(|error| self.flow.refuse(error))?;
        Ok(backend)
    }

    /// A value, as it is after what was recorded so far; absent where it was never set.
    ///
    /// # Errors
    ///
    /// Those above; and where the value is of another type, what
    /// [`SessionPolicy::undecodable`](super::SessionPolicy::undecodable) says.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Reject> {
        match self.read(name, |json| json.map(read_value).transpose()).await? {
            Ok(value) => Ok(value),
            Err(error) => match self.backend()?.undecodable() {
                Undecodable::Deny => Err(self.flow.refuse(error)),
                Undecodable::DropKey => self.remove(name).map(|()| None),
                Undecodable::FreshSession => self.destroy().map(|()| None),
            },
        }
    }

    /// Sets a value. Of two requests that set the same one the later commit wins.
    ///
    /// # Errors
    ///
    /// Those above; a value that cannot be written as JSON.
    pub fn set<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), Reject> {
        let json = write_value(value).map_err(|error| self.flow.refuse(error))?;
        self.flow.record(Op::Set { name: name.to_owned(), json })
    }

    /// Sets a value unless somebody else changes it before this request is through; then nothing of
    /// this request is written, and it is answered with 409, or [`save`](Self::save) says so.
    ///
    /// # Errors
    ///
    /// Those above.
    pub async fn set_if_unchanged<T: Serialize + ?Sized>(
        &self,
        name: &str,
        value: &T,
    ) -> Result<(), Reject> {
        let json = write_value(value).map_err(|error| self.flow.refuse(error))?;
        let text = |json: &[u8]| std::str::from_utf8(json).ok().map(str::to_owned);
        let before = self.read(name, |json| json.and_then(text)).await?;
        self.flow.record(Op::Expect { name: name.to_owned(), json: before })?;
        self.flow.record(Op::Set { name: name.to_owned(), json })
    }

    /// Takes a value out. One that is not there does not begin a session.
    ///
    /// # Errors
    ///
    /// Those above.
    pub fn remove(&self, name: &str) -> Result<(), Reject> {
        self.flow.record(Op::Remove { name: name.to_owned() })
    }

    /// Makes the new value out of the old one, when the session is written. `change` runs again on
    /// the value as it is then whenever somebody else wrote in between, so it must be repeatable.
    ///
    /// # Errors
    ///
    /// Those above; a value that is of another type refuses the write.
    pub fn update<T, F>(&self, name: &str, change: F) -> Result<(), Reject>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let apply = move |json: Option<&str>| {
            let before = json.map(read_value).transpose()?;
            write_value(&change(before)).map(Some)
        };
        self.flow.record(Op::Update { name: name.to_owned(), apply: Arc::new(apply) })
    }

    /// Logs a subject in, under a new id: `login("alice")`, or with a whole [`Login`]. What an
    /// anonymous session holds is kept, what another subject left is not. Logging the same one in
    /// again does not move the session's absolute end.
    ///
    /// # Errors
    ///
    /// Those above.
    pub fn login(&self, login: impl Into<Login>) -> Result<(), Reject> {
        self.flow.record(Op::Login(Box::new(login.into())))
    }

    /// Adds scopes to whoever is logged in, under a new id: the old one never had them.
    ///
    /// # Errors
    ///
    /// Those above; the write is refused with 401 where nobody is logged in.
    pub fn grant<S: Into<String>>(
        &self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<(), Reject> {
        self.flow.record(Op::Grant(scopes.into_iter().map(Into::into).collect()))
    }

    /// Gives the session a new id; the old one is refused from then on.
    ///
    /// # Errors
    ///
    /// Those above.
    pub fn rotate(&self) -> Result<(), Reject> {
        self.flow.record(Op::Rotate)
    }

    /// Ends the session and takes the credential back from the client. What is set afterwards begins
    /// another session.
    ///
    /// # Errors
    ///
    /// Those above.
    pub fn destroy(&self) -> Result<(), Reject> {
        self.flow.record(Op::Destroy)
    }

    /// Writes what is recorded so far, now, for a handler that wants to know how it went. Its
    /// credential still leaves with the answer.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`](crate::reject::RejectKind::InvalidToken) when the session was ended or given
    /// another id meanwhile, [`Conflict`](crate::reject::RejectKind::Conflict),
    /// [`TooLarge`](crate::reject::RejectKind::TooLarge),
    /// [`TooManySessions`](crate::reject::RejectKind::TooManySessions),
    /// [`StoreUnavailable`](crate::reject::RejectKind::StoreUnavailable). Nothing was written then,
    /// and what was recorded is forgotten.
    pub async fn save(&self) -> Result<(), Reject> {
        self.flow.save_session().await
    }

    /// The flow of the request.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Who is logged in to it; a token that the request carries besides plays no part.
    ///
    /// # Errors
    ///
    /// Those above.
    pub async fn subject(&self) -> Result<Option<String>, Reject> {
        Ok(self.live().await?.and_then(|live| live.record.subject().map(str::to_owned)))
    }

    /// Whose session it is, for what only its owner may do. Where a request carries a token besides,
    /// that may be of somebody else: compare.
    ///
    /// # Errors
    ///
    /// Those above, and 401 where nobody is logged in to it.
    pub async fn require_subject(&self) -> Result<String, Reject> {
        let subject = self.subject().await?;
        subject.ok_or_else(|| self.flow.nobody())
    }

    /// The record as it was read or last saved; none while there is no session.
    ///
    /// # Errors
    ///
    /// Those above.
    pub async fn record(&self) -> Result<Option<Record>, Reject> {
        Ok(self.live().await?.map(|live| live.record))
    }

    /// The public name of the session; none while there is no session, or where the client keeps it.
    ///
    /// # Errors
    ///
    /// Those above.
    pub async fn handle(&self) -> Result<Option<SessionHandle>, Reject> {
        Ok(self.live().await?.filter(|live| live.id.is_some()).map(|live| live.handle()))
    }

    /// The live sessions of whoever is logged in, this one marked; none for nobody.
    ///
    /// # Errors
    ///
    /// Those above; [`NotSupported`](crate::reject::RejectKind::NotSupported) where the client keeps
    /// the sessions.
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, Reject> {
        let backend = self.storing_backend()?;
        let Some(live) = self.live().await? else { return Ok(Vec::new()) };
        self.must_be_kept(&live)?;
        let Some(subject) = live.record.subject() else { return Ok(Vec::new()) };
        let listed = backend.list(subject, Some(live.handle()), self.budget()?).await;
        listed.map_err(|error| self.flow.refuse(error))
    }

    /// Ends another session of whoever is logged in, now; `false` for one of anybody else's, as for
    /// none.
    ///
    /// # Errors
    ///
    /// As [`sessions`](Self::sessions), and 401 where nobody is logged in.
    pub async fn revoke(&self, handle: SessionHandle) -> Result<bool, Reject> {
        let (live, subject) = self.logged_in().await?;
        self.must_be_kept(&live)?;
        let revoked = self.backend()?.end_own(&subject, handle, self.budget()?).await;
        revoked.map_err(|error| self.flow.refuse(error))
    }

    /// Ends all other sessions of whoever is logged in, now, and gives this one a new id.
    ///
    /// # Errors
    ///
    /// As [`revoke`](Self::revoke).
    pub async fn revoke_others(&self) -> Result<usize, Reject> {
        self.logged_in().await?;
        // The new id first: whoever holds the old one is out before the others are counted.
        self.rotate()?;
        self.save().await?;
        let (live, subject) = self.logged_in().await?;
        self.must_be_kept(&live)?;
        let ended = self.backend()?.end_others(&subject, live.handle(), self.budget()?).await;
        ended.inspect_err(|error| self.flow.forget_ended(error)).map_err(|e| self.flow.refuse(e))
    }

    /// For streams and sockets, which outlive the answer: the same session, written at once. What is
    /// recorded so far is saved first, and one that a store is to take over is moved into it. None
    /// where there is no session.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save); [`NotSupported`](crate::reject::RejectKind::NotSupported) where the
    /// client keeps the session: there is no answer left to give it a new one.
    pub async fn detached(&self) -> Result<Option<DetachedSession>, Reject> {
        let backend = self.storing_backend()?;
        if self.live().await?.is_some_and(|live| backend.moves_into_store(live.format)) {
            self.rotate()?;
        }
        self.save().await?;
        let live = self.live().await?;
        live.as_ref().map(|live| self.must_be_kept(live)).transpose()?;
        let id = live.and_then(|live| live.id);
        Ok(id.map(|id| DetachedSession::new(backend.clone(), id)))
    }

    /// In a migration, a session in the old format may stand beside a store.
    fn must_be_kept(&self, live: &Live) -> Result<(), Reject> {
        let kept = self.backend()?.of_format(live.format).store();
        kept.map(|_| ()).map_err(|error| self.flow.refuse(error))
    }

    /// The time of this request for its store calls.
    fn budget(&self) -> Result<&Budget, Reject> {
        self.flow.session_budget()
    }

    async fn live(&self) -> Result<Option<Live>, Reject> {
        self.flow.open_session().await;
        Ok(self.flow.session_standing()?.live().cloned())
    }

    async fn logged_in(&self) -> Result<(Live, String), Reject> {
        self.storing_backend()?;
        let live = self.live().await?;
        let found = live.and_then(|live| {
            let subject = live.record.subject()?.to_owned();
            Some((live, subject))
        });
        found.ok_or_else(|| self.flow.nobody())
    }

    /// Shows a value as JSON text, where it lies.
    async fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(Option<&[u8]>) -> T,
    ) -> Result<T, Reject> {
        self.flow.open_session().await;
        let standing = self.flow.session_standing()?;
        let record = standing.live().map(|live| &live.record);
        let ops = standing.ops();
        if ops.is_empty() {
            return Ok(read(record.and_then(|record| record.json(name))));
        }
        let backend = self.backend()?;
        let plan = Plan::of(ops, record, backend.policy(), backend.now());
        let draft = plan.map_err(|error| self.flow.refuse(error))?.draft;
        Ok(read(draft.as_ref().and_then(|draft| draft.values.json(name))))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("flow", &self.flow).finish_non_exhaustive()
    }
}
