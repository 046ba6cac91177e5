//! Guards for endpoints and routes.

use jam_core::fresh::RequireFresh;
use jam_core::guard::Guard;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use poem::{Endpoint, Middleware, Request, Result};

use crate::{MISSING_LAYER, Rejection};

/// A middleware that lets only those in who fulfil `rule`; `.with(…)` on an endpoint or a `Route`.
///
/// The others get 401 where there is no identity and 403 `insufficient_scope` where there is one
/// without the scopes (RFC 6750 §3.1).
pub fn require_scope(rule: ScopeRule) -> GuardLayer {
    GuardLayer(Guard::scope(rule, MISSING_LAYER))
}

/// A middleware that sends those to the login page who are not logged in; `.with(…)` on an endpoint
/// or a `Route`.
///
/// It answers 303 with the way back as `next`, and 400 or 401 to a header that carries a bad
/// credential: whoever sets headers is no browser.
pub fn require_login(to: LoginRedirect) -> GuardLayer {
    GuardLayer(Guard::login(to, MISSING_LAYER))
}

/// A middleware that lets only those in whose login is not long ago, and by the methods of `rule`
/// ("sudo mode"); `.with(…)` on an endpoint or a `Route`.
///
/// The others get 401: without an identity as everywhere, with one
/// `insufficient_user_authentication`, and what a login would have to be like (RFC 9470 §3).
pub fn require_fresh(rule: RequireFresh) -> GuardLayer {
    GuardLayer(Guard::fresh(rule, MISSING_LAYER))
}

/// Lets only those requests through that fulfil a rule; the others never reach the inner endpoint.
///
/// It asks the flow of a [`JamLayer`](crate::JamLayer) further out. Without one every request is
/// refused with 500 and the fix.
#[derive(Clone, Debug)]
pub struct GuardLayer(Guard);

impl<E: Endpoint> Middleware<E> for GuardLayer {
    type Output = GuardEndpoint<E>;

    fn transform(&self, inner: E) -> GuardEndpoint<E> {
        GuardEndpoint { inner, guard: self.0.clone() }
    }
}

/// An endpoint inside a [`GuardLayer`].
#[derive(Clone, Debug)]
pub struct GuardEndpoint<E> {
    inner: E,
    guard: Guard,
}

impl<E: Endpoint> Endpoint for GuardEndpoint<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> Result<E::Output> {
        self.guard.admit().await.map_err(Rejection::from)?;
        self.inner.call(request).await
    }
}
