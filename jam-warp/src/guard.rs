//! Guards for routes and groups of routes.

use jam_core::fresh::RequireFresh;
use jam_core::guard::Guard;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use warp::Filter;

use crate::MISSING_LAYER;
use crate::rejection::refuse;

/// A filter that lets only those pass who fulfil `rule`, and extracts nothing.
///
/// The others are rejected with 401 where there is no identity and 403 `insufficient_scope` where
/// there is one without the scopes (RFC 6750 §3.1).
///
/// It guards what is `.and(…)`ed behind it, one route or a whole group, and belongs behind the path
/// of both: `warp::path("admin").and(require_scope(rule)).and(users.or(reports))`.
pub fn require_scope(
    rule: ScopeRule,
) -> impl Filter<Extract = (), Error = warp::Rejection> + Clone {
    guarded(Guard::scope(rule, MISSING_LAYER))
}

/// A filter that sends those to the login page who are not logged in, and extracts nothing.
///
/// It rejects with 303 and the way back as `next`, and with 400 or 401 where a header carries a bad
/// credential: whoever sets headers is no browser. It stands where [`require_scope`] does.
pub fn require_login(
    to: LoginRedirect,
) -> impl Filter<Extract = (), Error = warp::Rejection> + Clone {
    guarded(Guard::login(to, MISSING_LAYER))
}

/// A filter that lets only those pass who have proven lately who they are, and extracts nothing.
///
/// The others are rejected with 401: bare where there is no identity, and
/// `insufficient_user_authentication` where the login is too long ago or not strong enough (RFC 9470
/// §3). It stands where [`require_scope`] does.
pub fn require_fresh(
    rule: RequireFresh,
) -> impl Filter<Extract = (), Error = warp::Rejection> + Clone {
    guarded(Guard::fresh(rule, MISSING_LAYER))
}

fn guarded(guard: Guard) -> impl Filter<Extract = (), Error = warp::Rejection> + Clone {
    let admit = move || {
        let guard = guard.clone();
        async move { guard.admit().await.map_err(refuse) }
    };
    warp::any().and_then(admit).untuple_one()
}
