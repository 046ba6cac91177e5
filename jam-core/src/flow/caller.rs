//! Who is calling, found out by the first who asks.

use serde::de::IgnoredAny;

use super::Flow;
use super::credentials::{Judged, Proven};
use super::session::Base;
use crate::deferred::Deferred;
use crate::error::Error;
use crate::identity::{FromPayload, Identity};
use crate::jwt::{RawVerified, Typed};
use crate::reject::{Reject, RejectKind};
use crate::session::Record;

/// Who is calling, as far as the request has proven it.
pub(crate) enum Caller<'f> {
    Nobody,
    /// Cookies, and none of them usable.
    Unusable,
    Refused(RejectKind),
    Token(ProvenToken<'f>),
    /// A session that somebody is logged in to.
    Session(&'f Record),
    /// The store is down, and whoever need not know goes on without.
    Unknown,
}

/// The token that proves it; opened only for whoever looks into its claims.
#[derive(Clone, Copy)]
pub(crate) struct ProvenToken<'f> {
    flow: &'f Flow,
    proven: &'f Proven,
}

impl<'f> ProvenToken<'f> {
    pub(crate) fn open(self) -> &'f RawVerified {
        let opened = &self.flow.inner().rare().opened;
        opened.get_or_init(|| self.proven.open(self.flow.texts()))
    }
}

impl Flow {
    /// Who is calling, once [`know`](Self::know) is through.
    pub(crate) fn caller(&self) -> Caller<'_> {
        let is_unusable = match self.inner().judged.get() {
            Some(Judged::Proven(proven)) => {
                return Caller::Token(ProvenToken { flow: self, proven });
            }
            Some(Judged::Refused(kind)) => return Caller::Refused(kind.clone()),
            Some(Judged::Unusable) => true,
            Some(Judged::Absent) | None => false,
        };
        match self.base() {
            Some(Base::Live(live)) if live.record.subject().is_some() => {
                Caller::Session(&live.record)
            }
            Some(Base::Refused(kind)) => Caller::Refused(kind.clone()),
            Some(Base::Down) => Caller::Refused(RejectKind::StoreUnavailable),
            Some(Base::NobodyKnows) => Caller::Unknown,
            Some(Base::Unusable) => Caller::Unusable,
            _ if is_unusable => Caller::Unusable,
            _ => Caller::Nobody,
        }
    }

    /// Verifies the token, or loads the session where no token decides. What the first payload type
    /// asked for comes out of the same pass.
    fn judge<P: FromPayload>(&self, first: &mut Typed<P>) -> Deferred<'static, ()> {
        let judged = self.inner().judged.get_or_init(|| match self.inner().jam.jwt_backend() {
            Some(jwt) => self.inner().tokens.judge(jwt, self.texts(), first),
            None => Judged::Absent,
        });
        match judged {
            Judged::Proven(_) | Judged::Refused(_) => Deferred::ready(()),
            Judged::Absent | Judged::Unusable => self.open_session(),
        }
    }

    pub(super) fn know(&self) -> Deferred<'static, ()> {
        self.judge::<IgnoredAny>(&mut None)
    }

    pub(super) fn when_known<P: FromPayload, T: Send + 'static>(
        &self,
        then: impl FnOnce(&Self, Typed<P>) -> T + Send + 'static,
    ) -> Deferred<'static, T> {
        let mut first = None;
        match self.judge(&mut first).now() {
            Ok(()) => Deferred::ready(then(self, first)),
            Err(opening) => {
                let flow = self.clone();
                // Only a session is waited for, and its payload is typed afterwards.
                Deferred::waiting(async move {
                    opening.await;
                    then(&flow, None)
                })
            }
        }
    }

    pub(super) async fn known_caller(&self) -> Result<Caller<'_>, Reject> {
        self.know().await;
        match self.caller() {
            Caller::Refused(kind) => Err(self.remember_refusal(kind)),
            Caller::Unusable => Err(self.reject(RejectKind::InvalidToken)),
            Caller::Unknown => Err(self.reject(RejectKind::StoreUnavailable)),
            caller => Ok(caller),
        }
    }

    /// The caller, whose payload may have been read when the token was verified.
    pub(super) fn typed<P: FromPayload>(
        &self,
        first: Typed<Box<P>>,
    ) -> Result<Option<Identity<P>>, Reject> {
        match first {
            Some(payload) => self.identified(payload),
            None => self.read(),
        }
    }

    fn read<P: FromPayload>(&self) -> Result<Option<Identity<P>>, Reject> {
        let payload = match self.caller() {
            Caller::Nobody => return Ok(None),
            Caller::Unusable => return Err(self.reject(RejectKind::InvalidToken)),
            Caller::Unknown => return Err(self.reject(RejectKind::StoreUnavailable)),
            Caller::Refused(kind) => return Err(self.remember_refusal(kind)),
            Caller::Token(token) => token.open().parse(),
            Caller::Session(record) => crate::session::read_claims(record),
        };
        self.identified(payload)
    }

    fn identified<P>(&self, payload: Result<Box<P>, Error>) -> Result<Option<Identity<P>>, Reject> {
        match payload {
            Ok(payload) => Ok(Some(Identity::new(payload, self.clone()))),
            Err(error) => Err(self.unfit(&error)),
        }
    }

    fn unfit(&self, error: &Error) -> Reject {
        tracing::warn!(target: "jam", %error, "a verified credential does not fit the handler's payload type");
        self.reject(RejectKind::InvalidToken)
    }
}
