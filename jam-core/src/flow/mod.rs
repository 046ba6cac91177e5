//! One request, from its headers to the patch on its answer.
//!
//! An adapter calls [`Jam::enter`] on the borrowed request and the application
//! [within](Entered::call) it, lets its extractors [ask](Flow::ask) the [`Flow`], and applies the
//! patch that [`Answering`] ends with. A flow that nobody touched changes nothing.

mod caller;
mod copied;
mod credentials;
mod current;
mod patch;
mod session;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock};

use triomphe::ThinArc;

use crate::audit::{self, Refused};
use crate::csrf;
use crate::deferred::Deferred;
use crate::error::Error;
use crate::fresh::RequireFresh;
use crate::identity::{FromPayload, Identity};
use crate::jam::Jam;
use crate::jwt::{RawVerified, Typed};
use crate::redirect::{LocalPath, LoginRedirect};
use crate::reject::{Reject, RejectKind, RejectResponse};
use crate::request::RequestView;
use crate::scope::{ScopeRule, scopes_of};
use crate::session::Session;
use crate::transport::Handover;
pub(crate) use caller::Caller;
use copied::{Copied, Texts};
use credentials::{Credentials, Judged, Token};
pub use current::{Answering, Entered, Settle};
pub use patch::{HeaderOp, PatchHeader, ResponsePatch};
use session::{Slot, Work};

/// What one request carries and what its answer will. Cheap to clone; clones are the same flow.
#[derive(Clone)]
pub struct Flow(ThinArc<Inner, u8>);

/// With the texts that were copied out of the request behind it: nothing borrows the request across
/// an await.
struct Inner {
    jam: Jam,
    /// Verified at most once.
    tokens: Credentials<Token>,
    judged: OnceLock<Judged>,
    /// Of no use without a session backend.
    session: Slot,
    /// A request that another site's page has made a browser send.
    is_forged: bool,
    /// Where a login leads back to is what stands from here on in the texts, behind the credentials.
    target: u32,
    /// [`TOUCHED`], [`LEFT`] or neither: an untouched flow takes no lock on the way out.
    state: AtomicU8,
    answered: AtomicBool,
    /// Made for the first who needs it: every request moves an `Inner`.
    rare: OnceLock<Box<Rare>>,
}

/// Something may have to be written or handed out.
const TOUCHED: u8 = 1;
/// The answer's head has left an untouched flow, and nothing can be recorded any more. Of a flow that
/// was touched before, [`Work`] says so.
const LEFT: u8 = 2;

/// What few requests come to.
#[derive(Default)]
struct Rare {
    work: Mutex<Work>,
    refused: OnceLock<RejectKind>,
    /// The claims of the token that holds, decoded for the first who looks into them.
    opened: OnceLock<RawVerified>,
}

impl Inner {
    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }
}

impl Flow {
    /// Walks the sources and copies what they found. Verifies nothing, asks no store.
    pub(crate) fn begin(jam: &Jam, view: &dyn RequestView) -> Self {
        let mut copied = Copied::default();
        let sessions = jam.session_backend();
        // It is large, and filled in where it stands: each step on its way would move it.
        let mut inner = Inner {
            jam: jam.clone(),
            tokens: Credentials::default(),
            judged: OnceLock::new(),
            session: Slot::new(sessions),
            is_forged: csrf::is_forged(jam.csrf(), view),
            target: 0,
            state: AtomicU8::new(0),
            answered: AtomicBool::new(false),
            rare: OnceLock::new(),
        };
        if let Some(backend) = sessions {
            inner.session.sight(backend, view, &mut copied);
        }
        if let Some(jwt) = jam.jwt_backend() {
            inner.tokens.sight(jwt, view, &mut copied);
        }
        inner.target = copied.len();
        copied.keep_target(view);
        Self(ThinArc::from_header_and_slice(inner, copied.as_bytes()))
    }

    fn inner(&self) -> &Inner {
        &self.0.header.header
    }

    fn texts(&self) -> Texts<'_> {
        Texts(&self.0.slice)
    }

    /// Whether the request may go on to the application. To be asked once, before it does.
    ///
    /// # Errors
    ///
    /// [`RejectKind::CrossSite`] for one that a page of another site has made a browser send along
    /// with its cookies.
    pub fn admit(&self) -> Result<(), Reject> {
        if self.inner().is_forged {
            audit::refused(Refused::CrossSite);
            return Err(self.reject(RejectKind::CrossSite));
        }
        Ok(())
    }

    /// The identity of the caller, its payload read as `P`. A token is verified and a session is
    /// loaded once a request, however often this is asked. Ready at once unless a store is waited for.
    ///
    /// # Errors
    ///
    /// [`RejectKind::Unauthenticated`] without a credential, [`RejectKind::InvalidToken`] with one
    /// that does not hold, [`RejectKind::InvalidRequest`] when what was sent is no credential,
    /// [`RejectKind::StoreUnavailable`] when the store is down.
    pub fn identity<P: FromPayload>(&self) -> Deferred<'static, Result<Identity<P>, Reject>> {
        self.when_known(|flow, first: Typed<Box<P>>| match flow.typed(first)? {
            Some(identity) => Ok(identity),
            None => Err(flow.reject(RejectKind::Unauthenticated)),
        })
    }

    /// The identity of the caller, if there is one. A cookie that cannot be used counts as none; a
    /// header that carries a bad credential is refused.
    ///
    /// # Errors
    ///
    /// [`RejectKind::InvalidToken`] or [`RejectKind::InvalidRequest`] for a bad header,
    /// [`RejectKind::StoreUnavailable`] when the store is down.
    pub fn maybe_identity<P: FromPayload>(
        &self,
    ) -> Deferred<'static, Result<Option<Identity<P>>, Reject>> {
        self.when_known(|flow, first: Typed<Box<P>>| match flow.caller() {
            Caller::Unusable | Caller::Unknown => Ok(None),
            _ => flow.typed(first),
        })
    }

    /// Asks for an identity whose scopes satisfy a rule.
    ///
    /// # Errors
    ///
    /// As [`identity`](Self::identity), and [`RejectKind::InsufficientScope`].
    pub async fn require(&self, rule: &ScopeRule) -> Result<(), Reject> {
        let met = match self.known_caller().await? {
            Caller::Token(token) => rule.is_met_by(&token.open().scopes()),
            Caller::Session(record) => {
                rule.is_met_by(&scopes_of(record.claims_json().unwrap_or_default()))
            }
            _ => return Err(self.reject(RejectKind::Unauthenticated)),
        };
        if met {
            return Ok(());
        }
        audit::refused(Refused::InsufficientScope);
        Err(self.reject(RejectKind::InsufficientScope(rule.named())))
    }

    /// Asks for an identity of any kind, and sends people without one to the login page.
    ///
    /// # Errors
    ///
    /// [`RejectKind::LoginRequired`]; a bad header is refused as by [`identity`](Self::identity).
    pub async fn require_login(&self, login: &LoginRedirect) -> Result<(), Reject> {
        self.know().await;
        match self.caller() {
            Caller::Token(_) | Caller::Session(_) => Ok(()),
            Caller::Refused(kind) => Err(self.remember_refusal(kind)),
            Caller::Unknown => Err(self.reject(RejectKind::StoreUnavailable)),
            Caller::Nobody | Caller::Unusable => {
                let target = self.texts().get(&(self.inner().target..self.texts().len()));
                let next = std::str::from_utf8(target).ok().and_then(LocalPath::parse);
                Err(self.reject(RejectKind::LoginRequired(login.location(next.as_ref()))))
            }
        }
    }

    /// Asks for an identity that was proven lately, and by certain methods.
    ///
    /// # Errors
    ///
    /// As [`identity`](Self::identity), and [`RejectKind::StepUp`] (RFC 9470).
    pub async fn require_fresh(&self, rule: &RequireFresh) -> Result<(), Reject> {
        let now = self.inner().jam.clock().now();
        let default = self.inner().jam.session_backend().map(|backend| backend.policy().fresh_for);
        let is_met = match self.known_caller().await? {
            Caller::Token(token) => {
                rule.is_met_by_claims(token.open().payload_json(), now, default)
            }
            Caller::Session(record) => rule.is_met_by_record(record, now, default),
            _ => return Err(self.reject(RejectKind::Unauthenticated)),
        };
        if is_met {
            return Ok(());
        }
        audit::refused(Refused::NotFresh);
        Err(self.reject(RejectKind::StepUp(rule.wanted(default))))
    }

    /// The session of this request: of whoever is logged in, or an anonymous one.
    ///
    /// # Errors
    ///
    /// [`RejectKind::NotSupported`] without a session backend.
    pub fn session(&self) -> Result<Session, Reject> {
        Session::of(self)
    }

    /// Hands a token out by the configured transport, together with the answer of this request.
    /// Without a transport nothing happens: the token goes into the body then.
    ///
    /// # Errors
    ///
    /// [`CookieTooLarge`](crate::ErrorKind::CookieTooLarge);
    /// [`Committed`](crate::ErrorKind::Committed) once the head of the answer has left; and the token
    /// kinds of [`ErrorKind`](crate::ErrorKind) when the token is not one that this service would accept back.
    pub fn persist_jwt(&self, token: &str) -> Result<(), Error> {
        let jwt = self.inner().jam.jwt()?;
        let verified = jwt.verifier().verify_raw(token)?;
        let now = self.inner().jam.clock().now();
        let lifetime = verified.expires_at().map(|exp| exp.since_epoch().saturating_sub(now));
        self.hand_over(jwt.transport.persist(token, lifetime, false, 0)?)
    }

    /// Takes the token back: clears the cookie that the transport set. Once the head of the answer
    /// has left it is too late, which the log is told.
    pub fn clear_jwt(&self) {
        if let Some(jwt) = self.inner().jam.jwt_backend()
            && let Err(error) = self.hand_over(jwt.transport.clear(0))
        {
            tracing::warn!(target: "jam", %error, "a token is not taken back");
        }
    }

    /// Whether [`finish`](Self::finish) has anything to say. If not, the answer leaves unchanged.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.has_record() || self.unanswered().is_some()
    }

    /// What has to change on the answer. To be called once, when the answer's head is ready. What
    /// was recorded of the session is written now; where that fails, the answer says so in place of
    /// the handler's.
    pub async fn finish(&self) -> ResponsePatch {
        // A refusal that nobody showed to the client was swallowed, by a framework's `Option` or
        // by an `.ok()`: a forged token must not read as anonymous.
        if let Some(kind) = self.unanswered() {
            tracing::warn!(target: "jam", "a refused credential was ignored by the handler; its answer is replaced");
            self.drop_recorded();
            let replacement = self.reject(kind.clone()).respond();
            return self.instead(replacement, self.saved_handovers());
        }
        let mut handovers = match self.commit_session().await {
            Ok(handovers) => handovers,
            Err(error) => {
                tracing::info!(target: "jam", kind = error.kind().as_str(), "the session was not written; the answer says so");
                return self.instead(self.refuse(error).respond(), self.saved_handovers());
            }
        };
        handovers.append(&mut self.work().tokens);
        ResponsePatch { replacement: None, headers: self.headers_of(handovers) }
    }

    /// An answer in place of the handler's. What was saved before is written, and without its
    /// credential the client would be locked out.
    fn instead(&self, replacement: RejectResponse, saved: Vec<Handover>) -> ResponsePatch {
        ResponsePatch { replacement: Some(replacement), headers: self.headers_of(saved) }
    }

    fn headers_of(&self, handovers: Vec<Handover>) -> Vec<PatchHeader> {
        let mut headers: Vec<PatchHeader> = handovers
            .into_iter()
            .map(|Handover { name, value, op }| PatchHeader { name, value, op })
            .collect();
        if !headers.is_empty() {
            headers.push(PatchHeader::new("cache-control", "no-store", HeaderOp::Set));
            headers.push(PatchHeader::new("vary", self.inner().jam.vary(), HeaderOp::MergeList));
        }
        headers
    }

    /// The Jam that began this flow.
    #[must_use]
    pub fn jam(&self) -> &Jam {
        &self.inner().jam
    }

    pub(crate) fn mark_answered(&self) {
        self.inner().answered.store(true, Ordering::Release);
    }

    fn unanswered(&self) -> Option<&RejectKind> {
        let kind = self.inner().rare.get()?.refused.get()?;
        (!self.inner().answered.load(Ordering::Acquire)).then_some(kind)
    }

    /// What hands a token out or takes it back; the last word counts.
    fn hand_over(&self, handovers: Vec<Handover>) -> Result<(), Error> {
        if handovers.is_empty() {
            return Ok(());
        }
        self.change(|work| work.tokens = handovers)
    }

    fn has_record(&self) -> bool {
        self.inner().state.load(Ordering::Acquire) & TOUCHED != 0
    }

    /// Whether the answer's head may still tell something of it.
    fn touch(&self) -> bool {
        self.inner().state.fetch_or(TOUCHED, Ordering::AcqRel) & LEFT == 0
    }

    /// The answer's head leaves, unless it has something to tell. Whoever keeps the flow in a stream
    /// or a task learns that he comes too late.
    fn leave(&self) -> bool {
        if self.is_touched() {
            return false;
        }
        // Nobody else has it, nobody will record anything: no need to say so.
        if ThinArc::strong_count(&self.0) == 1 {
            return true;
        }
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        self.inner().state.compare_exchange(0, LEFT, success, failure).is_ok()
    }

    /// The answer's head has left, or there never was one.
    fn drop_recorded(&self) {
        if !self.leave() {
            self.close();
        }
    }

    pub(crate) fn reject(&self, kind: RejectKind) -> Reject {
        Reject::new(kind, self)
    }

    /// An error as a refusal of this request.
    pub(crate) fn refuse(&self, error: Error) -> Reject {
        Reject::of(error, Some(self))
    }

    /// Remembered until somebody shows it to the client.
    fn remember_refusal(&self, kind: RejectKind) -> Reject {
        self.inner().rare().refused.get_or_init(|| kind.clone());
        self.reject(kind)
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = match (self.inner().judged.get(), self.caller()) {
            (None, _) => "not looked at",
            (_, Caller::Nobody) => "absent",
            (_, Caller::Unusable) => "unusable",
            (_, Caller::Refused(_)) => "refused",
            (_, Caller::Unknown) => "unknown",
            (_, Caller::Token(_) | Caller::Session(_)) => "proven",
        };
        f.debug_struct("Flow")
            .field("identity", &identity)
            .field("touched", &self.is_touched())
            .finish()
    }
}
