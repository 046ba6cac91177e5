//! Writing: plan on the record as it was read, compare and swap, and on a conflict plan again on the
//! record as it is now.

use std::borrow::Cow;
use std::time::Duration;

use zeroize::Zeroizing;

use super::backend::{Keeper, Live, SessionBackend};
use super::id::{SessionHandle, SessionId};
use super::migration::Format;
use super::ops::{Op, Plan};
use super::record::Record;
use super::stateless;
use super::store::{Inserted, StoreFuture, Swap};
use crate::audit::{self, Done};
use crate::clock::Budget;
use crate::codec::TokenCodec;
use crate::error::{Error, ErrorKind};

/// Every lost attempt is a write of somebody else that went through, so this many in a row mean that
/// a session is hammered and not that this writer is unlucky: of 64 threads that do nothing else each
/// loses 63 attempts of 64, and all of these in one case of ten million. Where the store is waited
/// for, the time of the request ends it first.
pub(super) const MAX_ATTEMPTS: usize = 1024;

/// What writing came to.
pub(crate) struct Written {
    /// A credential to hand out.
    pub(crate) issued: Option<Issued>,
    /// The client's credential is to be taken back.
    pub(crate) cleared: bool,
    /// The session afterwards.
    pub(crate) live: Option<Live>,
}

/// A credential and how long it is good for.
pub(crate) struct Issued {
    pub(crate) text: Zeroizing<String>,
    pub(crate) lifetime: Duration,
    /// Asked to last, whatever the cookie's settings say.
    pub(crate) remembered: bool,
    pub(crate) format: Format,
}

impl SessionBackend {
    /// Applies operations to a session, or to none, and writes what they come to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] when the session is gone or has another id by now: nothing was
    /// written, and nothing is ever brought back. [`ErrorKind::Conflict`], [`ErrorKind::RecordTooLarge`],
    /// [`ErrorKind::TooManySessions`], [`ErrorKind::StoreUnavailable`], and what an operation itself
    /// refuses: nothing was written either.
    pub(crate) async fn write(
        &self,
        ops: &[Op],
        base: Option<&Live>,
        budget: &Budget,
    ) -> Result<Written, Error> {
        let written = self.write_repeatedly(ops, base, budget).await;
        if let Err(error) = &written {
            audit::write_refused(error.kind());
        }
        written
    }

    /// A base of another format is only begun from: it is not this backend's to end.
    pub(super) async fn write_repeatedly(
        &self,
        ops: &[Op],
        base: Option<&Live>,
        budget: &Budget,
    ) -> Result<Written, Error> {
        let foreign = base.filter(|live| live.format != self.0.format);
        let mut current = base.filter(|_| foreign.is_none()).map(Cow::Borrowed);
        for _ in 0..MAX_ATTEMPTS {
            let Step { ends, logs_in, next } = self.step(ops, current.as_deref(), foreign)?;
            let attempt = match (next, &current) {
                (Next::Done(written), live) => {
                    if let (true, Some(live)) = (ends, live) {
                        self.end(live.handle(), Done::Ended, budget).await?;
                    }
                    return Ok(written);
                }
                (Next::Begun(record, id), _) => self.begin(record, id, logs_in, budget).await?,
                (Next::Version(record, renewed), Some(live)) => {
                    self.go_on(record, live, renewed, budget).await?
                }
                (Next::Version(..), None) => Attempt::Lost,
            };
            current = match attempt {
                Attempt::Written(written) => {
                    if let (true, Some(live)) = (logs_in, &written.live) {
                        audit::done(Done::LoggedIn, live.handle());
                    }
                    return Ok(written);
                }
                Attempt::Again(live) => live.map(Cow::Owned),
                // It goes on under another id, if at all, and was to be over.
                Attempt::Lost if ends => {
                    if let Some(live) = current {
                        self.end(live.handle(), Done::Ended, budget).await?;
                    }
                    None
                }
                // Whoever has just proved who he is gets a session, whatever became of the old one.
                Attempt::Lost if logs_in => None,
                Attempt::Lost => return Err(ErrorKind::SessionEnded.into()),
            };
        }
        Err(Error::new(
            ErrorKind::Conflict,
            format!("the session was written by others {MAX_ATTEMPTS} times in a row"),
        ))
    }

    /// What operations come to on a session as it is now: for the store to write, or written already
    /// where the client keeps it. Waits for nobody, so that what it is made of need not be kept while
    /// the store is waited for.
    fn step(
        &self,
        ops: &[Op],
        current: Option<&Live>,
        foreign: Option<&Live>,
    ) -> Result<Step, Error> {
        let (now, policy) = (self.now(), self.policy());
        let (mut current, base) = (current, current.or(foreign));
        let mut plan = Plan::of(ops, base.map(|live| &live.record), policy, now)?;
        // A store says so itself. What the client keeps is over all the same, however lately the
        // request began.
        let is_over = |live: &Live| live.id.is_none() && live.record.is_expired(now);
        if base.is_some_and(is_over) && plan.draft.is_some() && !plan.ends {
            if !plan.logs_in {
                return Err(ErrorKind::SessionEnded.into());
            }
            plan = Plan::of(ops, None, policy, now)?;
            current = None;
        }
        match &self.0.keeper {
            Keeper::Store(_) => {}
            _ if foreign.is_some() => {
                if plan.logs_in {
                    audit::done_by_client(Done::LoggedIn);
                }
                return self.write_elsewhere(plan).map(Step::done);
            }
            Keeper::Stateless(codec) => {
                let written = self.write_stateless(codec.as_ref(), plan, current, false);
                return written.map(Step::done);
            }
            Keeper::Python(python) => {
                return self.write_python(python, plan, current, false).map(Step::done);
            }
        }
        let Plan { draft, ends, rotates, logs_in } = plan;
        let next = match (draft, current) {
            (None, _) => Next::Done(Written { issued: None, cleared: ends, live: None }),
            (Some(mut draft), None) => {
                let id = SessionId::generate()?;
                draft.version = 1;
                draft.last_seen = now;
                draft.verifier_hash = id.verifier_hash();
                Next::Begun(draft.encode(policy.max_record_bytes)?, id)
            }
            (Some(mut draft), Some(live)) => {
                draft.version = live.record.version().wrapping_add(1);
                draft.last_seen = now;
                let mut renewed = None;
                if rotates || ends {
                    let id = SessionId::renewed(live.handle())?;
                    draft.verifier_hash = id.verifier_hash();
                    renewed = Some(Renewed { id, ends, logs_in });
                }
                Next::Version(draft.encode(policy.max_record_bytes)?, renewed)
            }
        };
        Ok(Step { ends, logs_in, next })
    }

    /// A new session under a new id.
    async fn begin(
        &self,
        record: Record,
        id: SessionId,
        logs_in: bool,
        budget: &Budget,
    ) -> Result<Attempt, Error> {
        let limit = self.policy().max_sessions;
        let inserted = self.store()?.insert(self.call(budget), id.handle(), record.clone(), limit);
        match self.answer(inserted, budget).await? {
            Inserted::Stored { evicted } => {
                self.evicted(evicted);
                if !logs_in {
                    audit::done(Done::Created, id.handle());
                }
                let issued = Some(self.issue(&id, &record));
                let live = Some(self.held(id, record));
                Ok(Attempt::Written(Written { issued, cleared: false, live }))
            }
            // 128 random bits met twice: draw again.
            Inserted::Exists => Ok(Attempt::Again(None)),
            Inserted::TooMany => Err(ErrorKind::TooManySessions.into()),
        }
    }

    /// The next version of a session; under a new id where there is a rotation, which may have
    /// something to be told.
    async fn go_on(
        &self,
        record: Record,
        live: &Live,
        renewed: Option<Renewed>,
        budget: &Budget,
    ) -> Result<Attempt, Error> {
        if record.says_the_same(&live.record) {
            return self.confirm(live, budget).await;
        }
        let id = live.id.as_ref().ok_or(ErrorKind::Unavailable)?;
        let (handle, expected) = (id.handle(), live.record.version());
        let limit = self.policy().max_sessions;
        let call = self.call(budget);
        let swap = self.store()?.compare_and_swap(call, handle, expected, record.clone(), limit);
        match self.answer(swap, budget).await? {
            Swap::Swapped { evicted } => {
                self.evicted(evicted);
                let issued = renewed.as_ref().map(|renewed| {
                    renewed.told().iter().for_each(|told| audit::done(*told, handle));
                    self.forget(handle);
                    self.issue(&renewed.id, &record)
                });
                let id = renewed.map_or_else(|| id.clone(), |renewed| renewed.id);
                let live = Some(self.held(id, record));
                Ok(Attempt::Written(Written { issued, cleared: false, live }))
            }
            Swap::Conflict(now) if now.verifier_hash().matches(live.record.verifier_hash()) => {
                let id = live.id.clone();
                Ok(Attempt::Again(Some(self.held(id, now))))
            }
            Swap::Conflict(_) => Ok(Attempt::Lost),
            Swap::Gone => {
                self.forget(handle);
                Ok(Attempt::Lost)
            }
            Swap::TooMany => Err(ErrorKind::TooManySessions.into()),
        }
    }

    /// What is to be written is there already; or it was, before somebody else came.
    async fn confirm(&self, live: &Live, budget: &Budget) -> Result<Attempt, Error> {
        let (call, handle) = (self.call(budget), live.handle());
        let loaded = self.answer(self.store()?.load(call, handle), budget).await?;
        let Some(now) = loaded.filter(|record| !record.is_expired(call.now)) else {
            self.forget(handle);
            return Ok(Attempt::Lost);
        };
        if !now.verifier_hash().matches(live.record.verifier_hash()) {
            return Ok(Attempt::Lost);
        }
        let is_the_same = now.version() == live.record.version();
        let live = Some(self.held(live.id.clone(), now));
        Ok(if is_the_same {
            Attempt::Written(Written { issued: None, cleared: false, live })
        } else {
            Attempt::Again(live)
        })
    }

    /// Writes what a plan on a session of another format comes to into a credential of this one,
    /// which the client keeps. Silent: who moves a session tells what was done to it.
    pub(super) fn write_elsewhere(&self, plan: Plan) -> Result<Written, Error> {
        match &self.0.keeper {
            Keeper::Store(_) => Err(ErrorKind::Unavailable.into()),
            Keeper::Stateless(codec) => self.write_stateless(codec.as_ref(), plan, None, true),
            Keeper::Python(python) => self.write_python(python, plan, None, true),
        }
    }

    fn write_stateless(
        &self,
        codec: &dyn TokenCodec,
        plan: Plan,
        base: Option<&Live>,
        moves: bool,
    ) -> Result<Written, Error> {
        let Some(draft) = plan.draft else {
            if plan.ends && !moves {
                audit::done_by_client(Done::Ended);
            }
            return Ok(Written { issued: None, cleared: plan.ends, live: None });
        };
        let record = draft.encode(self.policy().max_record_bytes)?;
        record.touch(self.now());
        let unchanged = base.filter(|base| {
            !plan.ends && !plan.rotates && !base.touch_due && record.says_the_same(&base.record)
        });
        if unchanged.is_some() {
            return Ok(Written { issued: None, cleared: false, live: unchanged.cloned() });
        }
        let issued = Some(Issued {
            text: Zeroizing::new(codec.encode(&stateless::to_json(&record)?)?),
            lifetime: record.absolute_end().saturating_sub(self.now()),
            remembered: record.is_remembered(),
            format: self.0.format,
        });
        if plan.ends && !moves {
            audit::done_by_client(Done::Ended);
        }
        match (plan.logs_in, plan.rotates, base.is_none() || plan.ends) {
            _ if moves => {}
            (true, ..) => audit::done_by_client(Done::LoggedIn),
            (_, _, true) => audit::done_by_client(Done::Created),
            (_, true, _) => audit::done_by_client(Done::Rotated),
            _ => {}
        }
        let live = Some(self.held(None, record));
        Ok(Written { issued, cleared: false, live })
    }

    fn issue(&self, id: &SessionId, record: &Record) -> Issued {
        Issued {
            text: Zeroizing::new(id.expose()),
            lifetime: record.absolute_end().saturating_sub(self.now()),
            remembered: record.is_remembered(),
            format: self.0.format,
        }
    }

    fn evicted(&self, handles: Vec<SessionHandle>) {
        for handle in handles {
            self.forget(handle);
            audit::done(Done::Evicted, handle);
        }
    }

    /// Waits for a store, on the time of the request: it runs from the first call that waits.
    pub(super) async fn answer<T>(
        &self,
        answer: StoreFuture<'_, T>,
        budget: &Budget,
    ) -> Result<T, Error> {
        in_time(answer, budget).await.map_err(|error| self.failed(error))
    }

    /// Notes a store's failure; what the caller learns is its kind and the way out.
    pub(super) fn failed(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::StoreUnavailable {
            self.note(error);
            return ErrorKind::StoreUnavailable.into();
        }
        error
    }
}

/// The same, as the store says it. Once the time is used up nothing more is asked, and whoever wants
/// to know is told that the store is down.
pub(super) async fn in_time<T>(answer: StoreFuture<'_, T>, budget: &Budget) -> Result<T, Error> {
    match answer.now() {
        Ok(answered) => answered,
        Err(waiting) => {
            budget.start();
            if budget.left().is_zero() {
                return Err(Error::new(
                    ErrorKind::StoreUnavailable,
                    "the time that a request has for its store calls is used up",
                ));
            }
            waiting.await
        }
    }
}

/// One attempt, before the store is asked.
struct Step {
    /// The session that there was is over.
    ends: bool,
    logs_in: bool,
    next: Next,
}

impl Step {
    fn done(written: Written) -> Self {
        Self { ends: false, logs_in: false, next: Next::Done(written) }
    }
}

enum Next {
    /// There is nothing left to write.
    Done(Written),
    /// Under its new id.
    Begun(Record, SessionId),
    /// Under the id that it has, or under a new one.
    Version(Record, Option<Renewed>),
}

/// The new id of a session.
struct Renewed {
    id: SessionId,
    /// It is another session, under the same selector: that one ends and the other begins is one
    /// step, or none.
    ends: bool,
    logs_in: bool,
}

impl Renewed {
    /// A login is told as such, by whoever wrote it, and not as the new id that comes with it.
    fn told(&self) -> &'static [Done] {
        match (self.ends, self.logs_in) {
            (true, true) => &[Done::Ended],
            (true, false) => &[Done::Ended, Done::Created],
            (false, true) => &[],
            (false, false) => &[Done::Rotated],
        }
    }
}

enum Attempt {
    Written(Written),
    /// Somebody else wrote first: again, on this.
    Again(Option<Live>),
    /// The session is over, or goes on under an id that is not ours.
    Lost,
}

impl Live {
    /// What the store calls it; of no meaning where the client keeps the record.
    pub(crate) fn handle(&self) -> SessionHandle {
        self.id.as_ref().map_or(SessionHandle::from_bytes([0; 16]), SessionId::handle)
    }
}
