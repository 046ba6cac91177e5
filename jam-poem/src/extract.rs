//! Extractors: who is calling, the session, and the request's own flow.

use std::ops::Deref;

use jam_core::deferred::Deferred;
use jam_core::identity::FromPayload;
use jam_core::{flow, session};
use poem::{FromRequest, Request, RequestBody, Result};

use crate::{MISSING_LAYER, Rejection};

/// Whoever is calling, with the payload `P`; a request without a usable credential never reaches
/// the handler.
///
/// It dereferences to the core's [`Identity`](jam_core::Identity) and through it to `P`. A token is
/// verified and a session is loaded once a request, however many extractors ask.
///
/// # Errors
///
/// Rejects with 401 and a bare challenge where there is no credential, 401 `invalid_token` where it
/// does not hold, 400 `invalid_request` where a header holds no credential at all (RFC 6750 §3.1),
/// 503 where the store of sessions is down, and 500 where no [`JamLayer`](crate::JamLayer) wraps
/// the route.
///
/// Take [`MaybeIdentity`] where the caller may be nobody, not poem's `Option<Identity<P>>`: that
/// hides every error, a store that is down and a forgotten layer among them. A bad header or an
/// outage that it hides is refused all the same, in place of the handler's answer.
// The bound stands on the struct so that the compiler names a wrong `P` where a signature says it,
// instead of calling the whole handler unfit.
#[derive(Clone, Debug)]
pub struct Identity<P: FromPayload>(pub jam_core::Identity<P>);

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

/// The session of this request, of whoever is logged in or of nobody yet: `get`, `set`, `update`,
/// `login`, `rotate`, `destroy`. Nothing is read from the store before a method asks.
///
/// It dereferences to the core's [`Session`](jam_core::session::Session).
///
/// # Errors
///
/// Rejects with 501 where the `Jam` has no session backend, and with 500 where no
/// [`JamLayer`](crate::JamLayer) wraps the route. Its methods refuse for themselves.
#[derive(Clone, Debug)]
pub struct Session(pub session::Session);

/// The request's flow, for handlers that hand tokens out and take them back: `persist_jwt`,
/// `clear_jwt`, `require`.
///
/// It dereferences to the core's [`Flow`](jam_core::flow::Flow).
///
/// # Errors
///
/// Rejects with 500 where no [`JamLayer`](crate::JamLayer) wraps the route.
#[derive(Clone, Debug)]
pub struct Flow(pub flow::Flow);

/// Makes an extractor of a newtype: it asks the flow, and dereferences to what that answered.
macro_rules! extractor {
    ($name:ident $(<$payload:ident>)?($inner:ty): $ask:expr) => {
        impl$(<$payload: FromPayload>)? Deref for $name$(<$payload>)? {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl<'r $(, $payload: FromPayload)?> FromRequest<'r> for $name$(<$payload>)? {
            async fn from_request(_: &'r Request, _: &mut RequestBody) -> Result<Self> {
                Ok(Self(flow::Flow::ask_for(MISSING_LAYER, $ask).await.map_err(Rejection::from)?))
            }
        }
    };
}

extractor!(Identity<P>(jam_core::Identity<P>): flow::Flow::identity);
extractor!(MaybeIdentity<P>(Option<jam_core::Identity<P>>): flow::Flow::maybe_identity);
extractor!(Session(session::Session): |flow| Deferred::ready(flow.session()));
extractor!(Flow(flow::Flow): |flow| Deferred::ready(Ok(flow.clone())));
