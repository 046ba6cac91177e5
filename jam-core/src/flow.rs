//! One request, from its headers to the patch on its answer.
//!
//! An adapter calls [`Jam::begin`] on the borrowed request, puts the [`Flow`] into the request's
//! extensions, lets its extractors ask it, and applies what [`Flow::finish`] returns. A flow that
//! nobody touched changes nothing.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::identity::{FromPayload, Identity};
use crate::jam::Jam;
use crate::jwt::RawVerified;
use crate::redirect::{LoginRedirect, Wanted};
use crate::reject::{Reject, RejectKind, RejectResponse};
use crate::request::{Found, RequestView};
use crate::scope::ScopeRule;
use crate::source::Sighting;
use crate::transport::Handover;

/// What one request carries and what its answer will. Cheap to clone; clones are the same flow.
#[derive(Clone)]
pub struct Flow(Arc<Inner>);

struct Inner {
    jam: Jam,
    /// Copied out of the request, so that nothing borrows it across an await; verified at most once.
    credentials: Mutex<Credentials>,
    outcome: OnceLock<Outcome>,
    /// Where a login leads back to.
    wanted: Wanted,
    /// Set before `pending` is read on the way out: an untouched flow takes no lock there.
    touched: AtomicBool,
    pending: Mutex<Option<Handover>>,
    refused: OnceLock<RejectKind>,
    answered: AtomicBool,
}

/// What the sources found, in order; one as a rule, which needs no list.
#[derive(Default)]
struct Credentials {
    first: Option<Credential>,
    more: Vec<Credential>,
}

impl Credentials {
    fn push(&mut self, credential: Credential) {
        match &self.first {
            None => self.first = Some(credential),
            Some(_) => self.more.push(credential),
        }
    }
}

/// Something that a source found, waiting to be verified.
struct Credential {
    token: Sighted,
    ambient: bool,
}

enum Sighted {
    Token(Vec<u8>),
    /// Longer than any token may be: refused without having been copied.
    TooLarge,
    Malformed,
    Conflict,
}

/// What became of a request's credentials.
enum Outcome {
    Absent,
    /// Cookies, and none of them usable.
    Unusable,
    /// A header that carries a bad credential, or a conflict.
    Refused(RejectKind),
    Proven(RawVerified),
}

impl Flow {
    /// Walks the sources and copies what they found. Verifies nothing.
    pub(crate) fn begin(jam: &Jam, view: &dyn RequestView) -> Self {
        let mut credentials = Credentials::default();
        if let Some(jwt) = jam.jwt_backend() {
            let longest = jwt.verifier().max_token_bytes();
            jwt.sources.sight(view, |_, Sighting { found, ambient }| {
                let token = match found {
                    Found::Absent => return,
                    Found::Credential(token) if token.len() > longest => Sighted::TooLarge,
                    Found::Credential(token) => Sighted::Token(token.to_vec()),
                    Found::Malformed => Sighted::Malformed,
                    Found::Conflict => Sighted::Conflict,
                };
                credentials.push(Credential { token, ambient });
            });
        }
        Self(Arc::new(Inner {
            jam: jam.clone(),
            credentials: Mutex::new(credentials),
            outcome: OnceLock::new(),
            wanted: Wanted::of(view),
            touched: AtomicBool::new(false),
            pending: Mutex::new(None),
            refused: OnceLock::new(),
            answered: AtomicBool::new(false),
        }))
    }

    /// The identity of the caller, its payload read as `P`. A token is verified once a request,
    /// however often this is asked.
    ///
    /// # Errors
    ///
    /// [`RejectKind::Unauthenticated`] without a credential, [`RejectKind::InvalidToken`] with one
    /// that does not hold, [`RejectKind::InvalidRequest`] when what was sent is no credential.
    pub async fn identity<P: FromPayload>(&self) -> Result<Identity<P>, Reject> {
        self.typed()?.ok_or_else(|| self.reject(RejectKind::Unauthenticated))
    }

    /// The identity of the caller, if there is one. A cookie that cannot be used counts as none; a
    /// header that carries a bad credential is refused.
    ///
    /// # Errors
    ///
    /// [`RejectKind::InvalidToken`] or [`RejectKind::InvalidRequest`] for a bad header.
    pub async fn maybe_identity<P: FromPayload>(&self) -> Result<Option<Identity<P>>, Reject> {
        match self.typed() {
            Err(reject) if self.is_absent(&reject) => Ok(None),
            other => other,
        }
    }

    /// Asks for an identity whose scopes satisfy a rule.
    ///
    /// # Errors
    ///
    /// As [`identity`](Self::identity), and [`RejectKind::InsufficientScope`].
    pub async fn require(&self, rule: &ScopeRule) -> Result<(), Reject> {
        let proven = self.proven()?.ok_or_else(|| self.reject(RejectKind::Unauthenticated))?;
        if rule.is_met_by(&proven.scopes()) {
            return Ok(());
        }
        tracing::info!(target: "jam::audit", outcome = "refused", reason = "insufficient_scope");
        Err(self.reject(RejectKind::InsufficientScope(rule.named())))
    }

    /// Asks for an identity of any kind, and sends people without one to the login page.
    ///
    /// # Errors
    ///
    /// [`RejectKind::LoginRequired`]; a bad header is refused as by [`identity`](Self::identity).
    pub async fn require_login(&self, login: &LoginRedirect) -> Result<(), Reject> {
        let proven = match self.proven() {
            Err(reject) if self.is_absent(&reject) => None,
            other => other?,
        };
        match proven {
            Some(_) => Ok(()),
            None => Err(self
                .reject(RejectKind::LoginRequired(login.location(self.0.wanted.path().as_ref())))),
        }
    }

    /// Hands a token out by the configured transport, together with the answer of this request.
    /// Without a transport nothing happens: the token goes into the body then.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CookieTooLarge`], and the token kinds of [`ErrorKind`] when the token is not
    /// one that this service would accept back.
    pub fn persist_jwt(&self, token: &str) -> Result<(), Error> {
        let jwt = self.0.jam.jwt()?;
        let verified = jwt.verifier().verify_raw(token)?;
        let now = self.0.jam.clock().now();
        let lifetime = verified.expires_at().map(|exp| exp.since_epoch().saturating_sub(now));
        self.hand_over(jwt.transport.persist(token, lifetime)?);
        Ok(())
    }

    /// Takes the token back: clears the cookie that the transport set.
    pub fn clear_jwt(&self) {
        if let Some(jwt) = self.0.jam.jwt_backend() {
            self.hand_over(jwt.transport.clear());
        }
    }

    /// Whether [`finish`](Self::finish) has anything to say. If not, the answer leaves unchanged.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.0.touched.load(Ordering::Acquire) || self.unanswered().is_some()
    }

    /// What has to change on the answer. To be called once, when the answer's head is ready.
    pub async fn finish(&self) -> ResponsePatch {
        // A refusal that nobody showed to the client was swallowed, by a framework's `Option` or
        // by an `.ok()`: a forged token must not read as anonymous.
        if let Some(kind) = self.unanswered() {
            tracing::warn!(target: "jam", "a refused credential was ignored by the handler; its answer is replaced");
            let refusal = self.reject(kind.clone()).respond();
            return ResponsePatch { replacement: Some(refusal), headers: Vec::new() };
        }
        let pending = self.0.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let headers = pending.map_or_else(Vec::new, |Handover { name, value }| {
            vec![
                PatchHeader { name, value, op: HeaderOp::Append },
                PatchHeader::new("cache-control", "no-store", HeaderOp::Set),
                PatchHeader::new("vary", self.0.jam.vary(), HeaderOp::MergeList),
            ]
        });
        ResponsePatch { replacement: None, headers }
    }

    /// The Jam that began this flow.
    #[must_use]
    pub fn jam(&self) -> &Jam {
        &self.0.jam
    }

    pub(crate) fn mark_answered(&self) {
        self.0.answered.store(true, Ordering::Release);
    }

    fn unanswered(&self) -> Option<&RejectKind> {
        self.0.refused.get().filter(|_| !self.0.answered.load(Ordering::Acquire))
    }

    fn hand_over(&self, handover: Option<Handover>) {
        if let Some(handover) = handover {
            *self.0.pending.lock().unwrap_or_else(PoisonError::into_inner) = Some(handover);
            self.0.touched.store(true, Ordering::Release);
        }
    }

    fn reject(&self, kind: RejectKind) -> Reject {
        Reject::new(kind, self)
    }

    /// A cookie that cannot be used is absent for whoever does not insist on an identity.
    fn is_absent(&self, reject: &Reject) -> bool {
        *reject.kind() == RejectKind::InvalidToken
            && !matches!(self.0.outcome.get(), Some(Outcome::Refused(_)))
    }

    /// What verified, for an identity of this flow.
    pub(crate) fn verified(&self) -> Option<&RawVerified> {
        match self.0.outcome.get() {
            Some(Outcome::Proven(raw)) => Some(raw),
            _ => None,
        }
    }

    fn proven(&self) -> Result<Option<&RawVerified>, Reject> {
        match self.0.outcome.get_or_init(|| self.resolve::<serde::de::IgnoredAny>().0) {
            Outcome::Absent => Ok(None),
            Outcome::Unusable => Err(self.reject(RejectKind::InvalidToken)),
            Outcome::Refused(kind) => {
                // Remembered until somebody shows it to the client.
                self.0.refused.get_or_init(|| kind.clone());
                Err(self.reject(kind.clone()))
            }
            Outcome::Proven(raw) => Ok(Some(raw)),
        }
    }

    fn typed<P: FromPayload>(&self) -> Result<Option<Identity<P>>, Reject> {
        let mut first = None;
        self.0.outcome.get_or_init(|| {
            let (outcome, payload) = self.resolve::<P>();
            first = payload;
            outcome
        });
        let Some(raw) = self.proven()? else { return Ok(None) };
        match first.unwrap_or_else(|| raw.parse()) {
            Ok(payload) => Ok(Some(Identity::new(payload, self.clone()))),
            Err(error) => {
                tracing::warn!(target: "jam", %error, "a verified credential does not fit the handler's payload type");
                Err(self.reject(RejectKind::InvalidToken))
            }
        }
    }

    /// Verifies the credentials in order until one holds or one decides. The payload is typed in
    /// the same pass for the first who asks.
    fn resolve<P: FromPayload>(&self) -> (Outcome, Option<Result<P, Error>>) {
        let credentials =
            std::mem::take(&mut *self.0.credentials.lock().unwrap_or_else(PoisonError::into_inner));
        let mut outcome = Outcome::Absent;
        for Credential { token, ambient } in credentials.first.into_iter().chain(credentials.more) {
            let refusal = match self.verify(token) {
                Ok((raw, payload)) => return (Outcome::Proven(raw), Some(payload)),
                Err(refusal) => refusal,
            };
            if !ambient || refusal == Refusal::Conflict {
                let kind = if refusal == Refusal::Invalid {
                    RejectKind::InvalidToken
                } else {
                    RejectKind::InvalidRequest
                };
                return (Outcome::Refused(kind), None);
            }
            outcome = Outcome::Unusable;
        }
        (outcome, None)
    }

    fn verify<P: FromPayload>(
        &self,
        token: Sighted,
    ) -> Result<(RawVerified, Result<P, Error>), Refusal> {
        let token = match token {
            Sighted::Token(token) => token,
            Sighted::TooLarge => return Err(audit(ErrorKind::TooLarge, Refusal::Invalid)),
            Sighted::Malformed => return Err(audit(ErrorKind::Malformed, Refusal::NoCredential)),
            Sighted::Conflict => return Err(audit(ErrorKind::Malformed, Refusal::Conflict)),
        };
        let jwt = self.0.jam.jwt().map_err(|error| audit(error.kind(), Refusal::Invalid))?;
        match jwt.verifier().verify_and_keep::<P>(token) {
            Ok(verified) => {
                tracing::debug!(target: "jam::audit", outcome = "accepted", via = "jwt");
                Ok(verified)
            }
            Err(error) => Err(audit(error.kind(), Refusal::Invalid)),
        }
    }
}

/// Why one credential was refused, as far as the answer differs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NoCredential,
    Conflict,
    Invalid,
}

/// One event for each refused credential. What looks forged rather than stale is a warning.
fn audit(kind: ErrorKind, refusal: Refusal) -> Refusal {
    let stale = matches!(
        kind,
        ErrorKind::Expired | ErrorKind::NotYetValid | ErrorKind::UnknownKey | ErrorKind::Revoked
    );
    if stale {
        tracing::info!(target: "jam::audit", outcome = "refused", reason = kind.as_str());
    } else {
        tracing::warn!(target: "jam::audit", outcome = "refused", reason = kind.as_str());
    }
    refusal
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0.outcome.get() {
            None => "not looked at",
            Some(Outcome::Absent) => "absent",
            Some(Outcome::Unusable) => "unusable",
            Some(Outcome::Refused(_)) => "refused",
            Some(Outcome::Proven(_)) => "proven",
        };
        f.debug_struct("Flow")
            .field("identity", &state)
            .field("touched", &self.is_touched())
            .finish()
    }
}

/// What an adapter does to the answer.
#[derive(Debug)]
#[must_use = "a patch that is not applied loses the credential it hands out"]
pub struct ResponsePatch {
    replacement: Option<RejectResponse>,
    headers: Vec<PatchHeader>,
}

impl ResponsePatch {
    /// An answer to be sent instead of the handler's, of which nothing remains.
    pub fn replacement(&mut self) -> Option<RejectResponse> {
        self.replacement.take()
    }

    /// Headers to put on the answer, in order.
    pub fn headers(&self) -> impl Iterator<Item = &PatchHeader> {
        self.headers.iter()
    }
}

/// One header of a [`ResponsePatch`].
pub struct PatchHeader {
    /// The name, in lower case.
    pub name: String,
    /// The value, visible ASCII.
    pub value: String,
    /// How it meets what the handler set.
    pub op: HeaderOp,
}

impl PatchHeader {
    fn new(name: &str, value: &str, op: HeaderOp) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), op }
    }
}

impl fmt::Debug for PatchHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchHeader")
            .field("name", &self.name)
            .field("op", &self.op)
            .finish_non_exhaustive()
    }
}

/// How a header meets what the handler set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderOp {
    /// Beside whatever is there.
    Append,
    /// In place of whatever is there.
    Set,
    /// The handler's list, extended by the members it lacks (`Vary`).
    MergeList,
}
