//! Extractors: who is calling, and the request's own flow.

use std::ops::Deref;

use jam_core::identity::FromPayload;
use jam_core::{Reject, flow};
use poem::{FromRequest, Request, RequestBody, Result};

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
/// §3.1), and 500 where no [`JamLayer`](crate::JamLayer) wraps the route.
///
/// Take [`MaybeIdentity`] where the caller may be nobody, not poem's `Option<Identity<P>>`: that
/// hides every error, a forgotten layer among them. A bad header that it hides is refused all the
/// same, in place of the handler's answer.
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

impl<'r, P: FromPayload> FromRequest<'r> for Identity<P> {
    async fn from_request(request: &'r Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Identity(flow_of(request)?.identity().await.map_err(Rejection::from)?))
    }
}

/// Whoever is calling, or nobody.
///
/// Nobody is a request without a credential or with a cookie that cannot be used: browsers send
/// stale cookies of themselves. A header is deliberate, so a bad one is refused here too.
///
/// # Errors
///
/// Rejects with 400 or 401 where a header carries a bad credential, and 500 where no
/// [`JamLayer`](crate::JamLayer) wraps the route.
#[derive(Clone, Debug)]
pub struct MaybeIdentity<P: FromPayload>(pub Option<jam_core::Identity<P>>);

impl<P: FromPayload> Deref for MaybeIdentity<P> {
    type Target = Option<jam_core::Identity<P>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'r, P: FromPayload> FromRequest<'r> for MaybeIdentity<P> {
    async fn from_request(request: &'r Request, _: &mut RequestBody) -> Result<Self> {
        Ok(MaybeIdentity(flow_of(request)?.maybe_identity().await.map_err(Rejection::from)?))
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

impl<'r> FromRequest<'r> for Flow {
    async fn from_request(request: &'r Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Flow(flow_of(request)?.clone()))
    }
}

pub(crate) fn flow_of(request: &Request) -> Result<&flow::Flow, Rejection> {
    request.data().ok_or_else(|| Reject::missing_layer(MISSING_LAYER).into())
}
