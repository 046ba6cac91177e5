//! Guards for routes and routers.

use jam_core::fresh::RequireFresh;
use jam_core::guard::Guard;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_tower::GuardLayer;

use crate::MISSING_LAYER;

/// A layer that lets only those in who fulfil `rule`; for `.route_layer(…)` or `.layer(…)`.
///
/// The others get 401 where there is no identity and 403 `insufficient_scope` where there is one
/// without the scopes (RFC 6750 §3.1).
pub fn require_scope(rule: ScopeRule) -> GuardLayer {
    Guard::scope(rule, MISSING_LAYER).into()
}

/// A layer that sends those to the login page who are not logged in; for `.route_layer(…)` or
/// `.layer(…)`.
///
/// It answers 303 with the way back as `next`, and 400 or 401 to a header that carries a bad
/// credential: whoever sets headers is no browser.
pub fn require_login(to: LoginRedirect) -> GuardLayer {
    Guard::login(to, MISSING_LAYER).into()
}

/// A layer that lets only those in who have proven lately who they are; for `.route_layer(…)` or
/// `.layer(…)`.
///
/// The others get 401: bare where there is no identity, and `insufficient_user_authentication`
/// where the login is too long ago or not strong enough (RFC 9470 §3).
pub fn require_fresh(rule: RequireFresh) -> GuardLayer {
    Guard::fresh(rule, MISSING_LAYER).into()
}
