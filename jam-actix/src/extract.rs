//! Extractors: who is calling, the session, and the request's own flow.

use std::ops::Deref;

use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::future::{FutureExt, Map};
use jam_core::deferred::Deferred;
use jam_core::identity::FromPayload;
use jam_core::{Reject, flow, session};

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
/// # Not as an `Option`
///
/// actix makes `None` of every error behind `Option<Identity<P>>`, so a handler would meet a forged
/// token, or a store that is down, as nobody. Ask for [`MaybeIdentity`], which tells them apart.
/// Where an `Option` swallows such a refusal all the same, the layer puts the 400, 401 or 503 in
/// place of the handler's answer.
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

type Answer<T> = Result<T, Reject>;
/// What the flow answers, as the extractor that asked it.
type Asked<T, E> = Map<Deferred<'static, Answer<T>>, fn(Answer<T>) -> Result<E, Rejection>>;

/// Makes an extractor of a newtype: it asks the flow, and dereferences to what that answered.
macro_rules! extractor {
    ($name:ident $(<$payload:ident>)?($inner:ty): $ask:expr) => {
        impl$(<$payload: FromPayload>)? Deref for $name$(<$payload>)? {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl$(<$payload: FromPayload>)? FromRequest for $name$(<$payload>)? {
            type Error = Rejection;
            type Future = Asked<$inner, Self>;

            fn from_request(_: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
                flow::Flow::ask_for(MISSING_LAYER, $ask).map(|asked| Ok(Self(asked?)))
            }
        }
    };
}

extractor!(Identity<P>(jam_core::Identity<P>): flow::Flow::identity);
extractor!(MaybeIdentity<P>(Option<jam_core::Identity<P>>): flow::Flow::maybe_identity);
extractor!(Session(session::Session): |flow| Deferred::ready(flow.session()));
extractor!(Flow(flow::Flow): |flow| Deferred::ready(Ok(flow.clone())));
