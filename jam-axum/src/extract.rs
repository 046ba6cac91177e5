//! Extractors: who is calling, the session, and the request's own flow.

use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use jam_core::flow;
use jam_core::identity::FromPayload;
use jam_core::reject::Reject;
use jam_core::session;

use crate::{MISSING_LAYER, Rejection};

/// Whoever is calling, with the payload `P`; a request without a usable credential never reaches
/// the handler.
///
/// It dereferences to the core's [`Identity`](jam_core::Identity) and through it to `P`. The
/// credential is verified once a request, however many extractors ask.
///
/// # Errors
///
/// Rejects with 401 and a bare challenge where there is no credential, 401 `invalid_token` where it
/// fails verification, 400 `invalid_request` where a header holds no credential at all (RFC 6750
/// §3.1), 503 where the store of sessions is down, and 500 where no [`JamLayer`](crate::JamLayer)
/// wraps the route.
///
/// `Option<Identity<P>>` is deliberately no extractor: it would read a forged token as nobody.
/// [`MaybeIdentity`] tells the two apart.
// The bound stands on the struct so that the compiler names a wrong `P` where a signature says it,
// instead of calling the whole handler unfit.
#[derive(Clone, Debug)]
pub struct Identity<P: FromPayload>(pub jam_core::Identity<P>);

impl<P: FromPayload> Deref for Identity<P> {
    type Target = jam_core::Identity<P>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Send + Sync, P: FromPayload> FromRequestParts<S> for Identity<P> {
    type Rejection = Rejection;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Identity(ask(flow::Flow::identity)?.await?))
    }
}

/// Whoever is calling, or nobody.
///
/// Nobody is a request without a credential or with a cookie that cannot be used: browsers send
/// stale cookies of themselves. A header is deliberate, so a bad one is refused here too.
///
/// # Errors
///
/// Rejects with 400 or 401 where a header carries a bad credential, 503 where the store of sessions
/// is down, and 500 where no [`JamLayer`](crate::JamLayer) wraps the route.
#[derive(Clone, Debug)]
pub struct MaybeIdentity<P: FromPayload>(pub Option<jam_core::Identity<P>>);

impl<P: FromPayload> Deref for MaybeIdentity<P> {
    type Target = Option<jam_core::Identity<P>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Send + Sync, P: FromPayload> FromRequestParts<S> for MaybeIdentity<P> {
    type Rejection = Rejection;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(MaybeIdentity(ask(flow::Flow::maybe_identity)?.await?))
    }
}

/// The request's session: of whoever is logged in, or an anonymous one.
///
/// It dereferences to the core's [`Session`](jam_core::session::Session). Extracting it asks no
/// store; what a handler records is written when its answer leaves, an error included.
///
/// # Errors
///
/// Rejects with 500 where no [`JamLayer`](crate::JamLayer) wraps the route, and 501 where its `Jam`
/// has no session backend.
#[derive(Clone, Debug)]
pub struct Session(pub session::Session);

impl Deref for Session {
    type Target = session::Session;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Session(ask(flow::Flow::session)??))
    }
}

/// The request's flow, for handlers that log in and out: `persist_jwt`, `clear_jwt`, `require`.
///
/// It dereferences to the core's [`Flow`](jam_core::flow::Flow).
///
/// # Errors
///
/// Rejects with 500 where no [`JamLayer`](crate::JamLayer) wraps the route.
#[derive(Clone, Debug)]
pub struct Flow(pub flow::Flow);

impl Deref for Flow {
    type Target = flow::Flow;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Flow {
    type Rejection = Rejection;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Flow(ask(flow::Flow::clone)?))
    }
}

fn ask<T>(ask: impl FnOnce(&flow::Flow) -> T) -> Result<T, Reject> {
    flow::Flow::ask(MISSING_LAYER, ask)
}
