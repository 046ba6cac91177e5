//! Filters: who is calling, the session, and the request's own flow.

use std::convert::Infallible;
use std::net::SocketAddr;

use jam_core::Identity;
use jam_core::flow::Flow;
use jam_core::identity::FromPayload;
use jam_core::session::Session;
use warp::Filter;

use crate::MISSING_LAYER;
use crate::rejection::refuse;
use crate::server::PeerAddr;

/// What [`maybe_identity`] extracts: whoever is calling, or nobody.
pub type MaybeIdentity<P> = Option<Identity<P>>;

/// Extracts whoever is calling, with the payload `P`; a request without a usable credential is
/// rejected.
///
/// The credential is verified once a request, however many filters ask. Write the path in front of
/// it: `warp::path("me").and(identity())`.
///
/// # Errors
///
/// Rejects with 401 and a bare challenge where there is no credential, 401 `invalid_token` where it
/// fails verification, 400 `invalid_request` where a header holds no credential at all (RFC 6750
/// §3.1), 503 where the store of sessions is down, and 500 where no [`JamLayer`](crate::JamLayer)
/// wraps the routes.
pub fn identity<P: FromPayload>()
-> impl Filter<Extract = (Identity<P>,), Error = warp::Rejection> + Copy {
    warp::any().and_then(async || ask(Flow::identity)?.await.map_err(refuse))
}

/// Extracts whoever is calling, or nobody.
///
/// Nobody is a request without a credential or with a cookie that cannot be used: browsers send
/// stale cookies of themselves. A header is deliberate, so a bad one is rejected here too.
///
/// # Errors
///
/// Rejects with 400 or 401 where a header carries a bad credential, 503 where the store of sessions
/// is down, and 500 where no [`JamLayer`](crate::JamLayer) wraps the routes.
pub fn maybe_identity<P: FromPayload>()
-> impl Filter<Extract = (MaybeIdentity<P>,), Error = warp::Rejection> + Copy {
    warp::any().and_then(async || ask(Flow::maybe_identity)?.await.map_err(refuse))
}

/// Extracts the request's session: of whoever is logged in, or an anonymous one.
///
/// Extracting it asks no store; what a handler records is written when its answer leaves, whatever
/// that is.
///
/// # Errors
///
/// Rejects with 500 where no [`JamLayer`](crate::JamLayer) wraps the routes, and 501 where its `Jam`
/// has no session backend.
pub fn session() -> impl Filter<Extract = (Session,), Error = warp::Rejection> + Copy {
    warp::any().and_then(async || ask(Flow::session)?.map_err(refuse))
}

/// Extracts the request's flow, for handlers that log in and out: `persist_jwt`, `clear_jwt`,
/// `require`.
///
/// # Errors
///
/// Rejects with 500 where no [`JamLayer`](crate::JamLayer) wraps the routes.
pub fn flow() -> impl Filter<Extract = (Flow,), Error = warp::Rejection> + Copy {
    warp::any().and_then(async || ask(Flow::clone))
}

fn ask<T>(ask: impl FnOnce(&Flow) -> T) -> Result<T, warp::Rejection> {
    Flow::ask(MISSING_LAYER, ask).map_err(refuse)
}

/// Extracts the address of the connection's other end; `None` where another server than
/// [`serve`](crate::serve) has put no [`PeerAddr`] into the request.
///
/// `warp::addr::remote()` knows the addresses of warp's own server only, so it is `None` here.
pub fn peer_addr() -> impl Filter<Extract = (Option<SocketAddr>,), Error = Infallible> + Copy {
    warp::ext::optional().map(|peer: Option<PeerAddr>| peer.map(|PeerAddr(address)| address))
}
