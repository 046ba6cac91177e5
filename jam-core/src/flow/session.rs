//! The session of a request: found at the beginning, opened by the first who asks, written at the
//! end.

mod resolve;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use event_listener::Event;

use super::Flow;
use super::copied::{Copied, Place};
use super::credentials::Credentials;
use crate::audit::Done;
use crate::clock::Budget;
use crate::deferred::Deferred;
use crate::error::{Error, ErrorKind};
use crate::reject::{Reject, RejectKind};
use crate::request::{Found, RequestView};
use crate::session::{Format, Live, Op, Opened, SessionBackend, Written};
use crate::transport::Handover;
use resolve::{open, resolve_now, resolve_waiting};

/// What a request has of a session.
pub(super) struct Slot {
    presented: Credentials<(Format, Presented)>,
    /// How many chunks of the cookie the client holds: more than are written next are deleted.
    chunks: u16,
    budget: Budget,
    base: OnceLock<Base>,
    /// Somebody is asking the store; whoever else wants to know waits for the end of that.
    is_opening: AtomicBool,
    opened: Event,
}

/// The right to ask the store what the session is, until it is dropped.
struct Turn<'s>(&'s Slot);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.is_opening.store(false, Ordering::Release);
        self.0.opened.notify(usize::MAX);
    }
}

/// A credential as a source found it, waiting to be opened.
enum Presented {
    Text(Place),
    Malformed,
    Conflict,
}

/// The session as the request found it.
pub(super) enum Base {
    Absent,
    /// Cookies, and none of them usable.
    Unusable,
    /// A header that carries a bad credential, or a conflict.
    Refused(RejectKind),
    /// The store is down; reads find nobody, writes are refused.
    NobodyKnows,
    Down,
    Live(Live),
}

/// The session as it stands.
pub(crate) enum Standing<'f> {
    /// As the request found it.
    Found(Option<&'f Live>),
    /// After what was written in the midst of the request, and what is recorded on top of it.
    Changed(Option<Live>, Vec<Op>),
}

impl Standing<'_> {
    pub(crate) fn live(&self) -> Option<&Live> {
        match self {
            Self::Found(live) => *live,
            Self::Changed(live, _) => live.as_ref(),
        }
    }

    pub(crate) fn ops(&self) -> &[Op] {
        match self {
            Self::Found(_) => &[],
            Self::Changed(_, ops) => ops,
        }
    }
}

/// What a request does to its session, and what its answer hands out.
#[derive(Default)]
pub(super) struct Work {
    ops: Vec<Op>,
    /// The session after a write in the midst of the request.
    saved: Option<Option<Live>>,
    handovers: Vec<Handover>,
    /// What hands a token out or takes it back.
    pub(super) tokens: Vec<Handover>,
    /// In a migration: the credential of this format has nothing to say any more.
    retired: Option<Format>,
    /// The head of the answer has left, or leaves with what is recorded by now.
    is_committed: bool,
}

impl Slot {
    pub(super) fn new(backend: Option<&SessionBackend>) -> Self {
        Self {
            presented: Credentials::default(),
            chunks: 0,
            budget: backend.map(SessionBackend::budget).unwrap_or_default(),
            base: OnceLock::new(),
            is_opening: AtomicBool::new(false),
            opened: Event::new(),
        }
    }

    /// Walks the sources and copies what they found. Asks no store.
    pub(super) fn sight(
        &mut self,
        backend: &SessionBackend,
        view: &dyn RequestView,
        copied: &mut Copied,
    ) {
        for (format, backend) in backend.formats() {
            backend.sources().sight(view, |_, sighting| {
                let ambient = sighting.ambient;
                // What is no id is no cookie of use either, whatever it consists of.
                let reads_all = ambient && backend.reads_ids();
                let found = if reads_all { sighting.found } else { sighting.judge() };
                let credential = match found {
                    Found::Absent => return,
                    Found::Credential(text) => {
                        let joined = backend.transport().join(view, text);
                        let place = joined.and_then(|joined| copied.keep(&[&joined]));
                        place.map_or(Presented::Malformed, Presented::Text)
                    }
                    Found::Malformed => Presented::Malformed,
                    Found::Conflict => Presented::Conflict,
                };
                self.presented.push((format, credential), ambient);
            });
        }
        let chunks = backend.transport().chunks_in(view);
        self.chunks = u16::try_from(chunks).unwrap_or(u16::MAX);
    }

    /// Waits for a turn; none once the session is open.
    async fn turn(&self) -> Option<Turn<'_>> {
        loop {
            if !self.is_opening.swap(true, Ordering::AcqRel) {
                let turn = Turn(self);
                return self.base.get().is_none().then_some(turn);
            }
            let opened = self.opened.listen();
            // It may have ended before anybody listened.
            if self.is_opening.load(Ordering::Acquire) {
                opened.await;
            }
        }
    }

    fn carries(&self, format: Format) -> bool {
        self.presented.iter().any(|((presented, _), _)| *presented == format)
    }
}

fn lock(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    // What is in there is whole between any two statements that touch it.
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Flow {
    pub(super) fn work(&self) -> MutexGuard<'_, Work> {
        lock(&self.inner().rare().work)
    }

    /// Records something, unless it comes too late.
    pub(super) fn change(&self, change: impl FnOnce(&mut Work)) -> Result<(), Error> {
        let mut work = self.work();
        if work.is_committed || !self.touch() {
            return Err(ErrorKind::Committed.into());
        }
        change(&mut work);
        Ok(())
    }

    /// Nothing can be recorded any more, and what is recorded is dropped.
    pub(super) fn close(&self) {
        let mut work = self.work();
        work.is_committed = true;
        work.ops.clear();
    }

    pub(super) fn slot(&self) -> Option<(&SessionBackend, &Slot)> {
        Some((self.inner().jam.session_backend()?, &self.inner().session))
    }

    /// The session as the request found it, once [`open_session`](Self::open_session) is through.
    pub(super) fn base(&self) -> Option<&Base> {
        self.inner().session.base.get()
    }

    /// Opens the session, once a request. Ready at once where the store is.
    pub(crate) fn open_session(&self) -> Deferred<'static, ()> {
        let Some((backend, slot)) = self.slot() else { return Deferred::ready(()) };
        if slot.base.get().is_some() {
            return Deferred::ready(());
        }
        match resolve_now(backend, slot, self.texts()) {
            Ok(base) => {
                self.found(backend, slot, base);
                Deferred::ready(())
            }
            Err(waiting) => {
                let flow = self.clone();
                Deferred::waiting(async move {
                    let Some((backend, slot)) = flow.slot() else { return };
                    // Extractors may wait side by side; one of them asks for all.
                    if let Some(_turn) = slot.turn().await {
                        let base = resolve_waiting(backend, slot, flow.texts(), waiting).await;
                        flow.found(backend, slot, base);
                    }
                })
            }
        }
    }

    #[inline]
    fn found(&self, backend: &SessionBackend, slot: &Slot, base: Base) {
        if let Base::Live(live) = &base {
            backend.count_read(live.format);
        }
        // By reference: the cell moves its function several times.
        let mut base = Some(base);
        let base = slot.base.get_or_init(|| base.take().unwrap_or(Base::Absent));
        if matches!(base, Base::Live(live) if live.touch_due) {
            self.touch();
        }
    }

    /// What is left of the request's time for its store calls.
    pub(crate) fn session_budget(&self) -> Result<&Budget, Reject> {
        Ok(&self.session_slot()?.1.budget)
    }

    /// Records an operation, to be written when the answer leaves.
    pub(crate) fn record(&self, op: Op) -> Result<(), Reject> {
        self.session_slot()?;
        self.change(|work| work.ops.push(op)).map_err(|error| self.refuse(error))
    }

    /// The session as it stands, once [`open_session`](Self::open_session) is through.
    ///
    /// # Errors
    ///
    /// A header that carries a bad credential, and a store that is down.
    #[inline]
    pub(crate) fn session_standing(&self) -> Result<Standing<'_>, Reject> {
        // An untouched flow has recorded nothing and takes no lock.
        if self.has_record() {
            return self.session_changed();
        }
        self.session_found().map(Standing::Found)
    }

    fn session_changed(&self) -> Result<Standing<'_>, Reject> {
        let Some(rare) = self.inner().rare.get() else {
            return self.session_found().map(Standing::Found);
        };
        let work = lock(&rare.work);
        let live = match &work.saved {
            Some(saved) => saved.clone(),
            None => self.session_found()?.cloned(),
        };
        Ok(Standing::Changed(live, work.ops.clone()))
    }

    #[inline]
    fn session_found(&self) -> Result<Option<&Live>, Reject> {
        match self.base() {
            Some(Base::Live(live)) => Ok(Some(live)),
            Some(Base::Refused(kind)) => Err(self.remember_refusal(kind.clone())),
            Some(Base::Down) => Err(self.remember_refusal(RejectKind::StoreUnavailable)),
            Some(Base::Absent | Base::Unusable | Base::NobodyKnows) | None => Ok(None),
        }
    }

    /// Writes what is recorded so far.
    ///
    /// # Errors
    ///
    /// Those of [`SessionBackend::write_request`]; what was recorded is dropped then.
    pub(crate) async fn save_session(&self) -> Result<(), Reject> {
        self.session_slot()?;
        self.write_session(false).await.map_err(|error| self.refuse(error))
    }

    /// The same at the end of the request; afterwards nothing can be recorded any more.
    pub(super) async fn commit_session(&self) -> Result<Vec<Handover>, Error> {
        self.write_session(true).await?;
        Ok(self.saved_handovers())
    }

    /// What the client is to be told of the writes that went through.
    pub(super) fn saved_handovers(&self) -> Vec<Handover> {
        let rare = self.inner().rare.get();
        rare.map(|rare| std::mem::take(&mut lock(&rare.work).handovers)).unwrap_or_default()
    }

    async fn write_session(&self, is_last: bool) -> Result<(), Error> {
        let written = self.write_recorded(is_last).await;
        written.inspect_err(|error| self.forget_ended(error))
    }

    /// Where the session was ended meanwhile, what was to be told of it is void: the client keeps
    /// what it has, and learns from the answer that it is over.
    pub(crate) fn forget_ended(&self, error: &Error) {
        if error.kind() == ErrorKind::SessionEnded {
            self.work().handovers.clear();
        }
    }

    async fn write_recorded(&self, is_last: bool) -> Result<(), Error> {
        let (ops, saved) = {
            let mut work = self.work();
            work.is_committed |= is_last;
            (std::mem::take(&mut work.ops), work.saved.clone())
        };
        let Some((backend, slot)) = self.slot() else { return Ok(()) };
        if ops.is_empty() && !is_last {
            return Ok(());
        }
        let touch_due = matches!(self.base(), Some(Base::Live(live)) if live.touch_due);
        if ops.is_empty() && !(touch_due && saved.is_none()) {
            return Ok(());
        }
        let base = match saved {
            Some(saved) => saved,
            None => self.base_for_writing(&ops).await?,
        };
        let written = match backend.write_request(&ops, base.as_ref(), &slot.budget).await {
            // That a session was in use is worth noting, and no more than that.
            Err(_) if ops.is_empty() => return Ok(()),
            written => written?,
        };
        if backend.migrates() {
            self.retire(backend, slot, &ops, base.as_ref(), &written).await?;
        }
        let handovers = self.handovers(backend, slot, &ops, &written)?;
        let mut work = self.work();
        work.saved = Some(written.live);
        if let Some(handovers) = handovers {
            work.handovers = handovers;
        }
        Ok(())
    }

    /// In a migration, a login, a logout and a move leave the client with one credential at most: what
    /// it sent in the format that is not written has nothing to say any more.
    async fn retire(
        &self,
        backend: &SessionBackend,
        slot: &Slot,
        ops: &[Op],
        base: Option<&Live>,
        written: &Written,
    ) -> Result<(), Error> {
        let now = written.live.as_ref().map(|live| live.format);
        let before = base.map(|live| live.format);
        let is_moved = now.is_some() && before.is_some() && now != before;
        let decides = ops.iter().any(|op| matches!(op, Op::Login(_) | Op::Destroy));
        if !is_moved && !decides {
            return Ok(());
        }
        let Some(other) = now.or(before).map(Format::other) else { return Ok(()) };
        self.work().retired = Some(other);
        // The base was moved or ended; whatever else a store keeps for this client ends with it.
        let Some(before) = before else { return Ok(()) };
        let presented = slot.presented.iter();
        for ((format, presented), is_ambient) in presented {
            if *format == before || !backend.keeps(*format) {
                continue;
            }
            let Ok(opening) = open(backend, slot, self.texts(), *format, presented, *is_ambient)
            else {
                continue;
            };
            match opening.await {
                Opened::Live(live) => {
                    let store = backend.of_format(*format);
                    _ = store.end(live.handle(), Done::Ended, &slot.budget).await?;
                }
                Opened::Down | Opened::NobodyKnows => {
                    return Err(ErrorKind::StoreUnavailable.into());
                }
                Opened::Unusable | Opened::Dropped => {}
            }
        }
        Ok(())
    }

    async fn base_for_writing(&self, ops: &[Op]) -> Result<Option<Live>, Error> {
        self.open_session().await;
        match self.base() {
            Some(Base::Live(live)) => Ok(Some(live.clone())),
            Some(Base::Down | Base::NobodyKnows) => Err(ErrorKind::StoreUnavailable.into()),
            // A login needs no old credential; whatever else is written belongs to the one given.
            Some(Base::Refused(RejectKind::InvalidToken))
                if !ops.iter().any(|op| matches!(op, Op::Login(_))) =>
            {
                Err(ErrorKind::SessionEnded.into())
            }
            Some(Base::Refused(RejectKind::InvalidRequest)) => Err(ErrorKind::Malformed.into()),
            Some(Base::Refused(_) | Base::Absent | Base::Unusable) | None => Ok(None),
        }
    }

    /// What the client is told; none: what it was to be told before holds.
    fn handovers(
        &self,
        backend: &SessionBackend,
        slot: &Slot,
        ops: &[Op],
        written: &Written,
    ) -> Result<Option<Vec<Handover>>, Error> {
        let retired = self.work().retired.filter(|format| slot.carries(*format));
        let retired =
            retired.map(|format| backend.of_format(format).transport().clear(slot.chunks.into()));
        if let Some(issued) = &written.issued {
            let lifetime = Some(issued.lifetime);
            let transport = backend.of_format(issued.format).transport();
            let mut handed =
                transport.persist(&issued.text, lifetime, issued.remembered, slot.chunks.into())?;
            handed.extend(retired.into_iter().flatten());
            return Ok(Some(handed));
        }
        if written.cleared {
            let cleared = backend.formats().map(|(_, backend)| backend.transport());
            let mut handovers: Vec<Handover> =
                cleared.flat_map(|transport| transport.clear(slot.chunks.into())).collect();
            if backend.clears_site_data() {
                handovers.push(Handover::clear_site_data());
            }
            return Ok(Some(handovers));
        }
        // Made and ended within one request: the client never hears of it.
        let ended = ops.iter().any(|op| matches!(op, Op::Destroy)) && written.live.is_none();
        Ok(ended.then(Vec::new))
    }

    /// The refusal of whoever would have to be logged in.
    pub(crate) fn nobody(&self) -> Reject {
        match self.base() {
            Some(Base::Unusable) => self.reject(RejectKind::InvalidToken),
            Some(Base::NobodyKnows) => self.reject(RejectKind::StoreUnavailable),
            _ => self.reject(RejectKind::Unauthenticated),
        }
    }

    /// The session backend.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAvailable`] without one.
    pub(crate) fn session_backend(&self) -> Result<&SessionBackend, Reject> {
        Ok(self.session_slot()?.0)
    }

    fn session_slot(&self) -> Result<(&SessionBackend, &Slot), Reject> {
        self.slot().ok_or_else(|| {
            let missing = self.inner().jam.sessions().err();
            self.refuse(missing.unwrap_or_else(|| ErrorKind::NotAvailable.into()))
        })
    }
}
