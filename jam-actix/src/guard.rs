//! Middlewares that let a request through, or answer in its place.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use jam_core::fresh::RequireFresh;
use jam_core::guard::Guard;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;

use crate::{MISSING_LAYER, sink};

/// A middleware that lets only those in who fulfil `rule`; for the `.wrap(…)` of a route, a
/// resource, a scope or the `App`.
///
/// The others get 401 where there is no identity and 403 `insufficient_scope` where there is one
/// without the scopes (RFC 6750 §3.1).
pub fn require_scope(rule: ScopeRule) -> GuardLayer {
    GuardLayer(Guard::scope(rule, MISSING_LAYER))
}

/// A middleware that sends those to the login page who are not logged in; for the `.wrap(…)` of a
/// route, a resource, a scope or the `App`.
///
/// It answers 303 with the way back as `next`, and 400 or 401 to a header that carries a bad
/// credential: whoever sets headers is no browser.
pub fn require_login(to: LoginRedirect) -> GuardLayer {
    GuardLayer(Guard::login(to, MISSING_LAYER))
}

/// A middleware that lets only those in whose login is not long ago, and by the methods of `rule`
/// ("sudo mode"); for the `.wrap(…)` of a route, a resource, a scope or the `App`.
///
/// The others get 401: without an identity as everywhere, with one
/// `insufficient_user_authentication`, and what a login would have to be like (RFC 9470 §3).
pub fn require_fresh(rule: RequireFresh) -> GuardLayer {
    GuardLayer(Guard::fresh(rule, MISSING_LAYER))
}

/// Lets only those requests through that fulfil a rule; the others never reach the inner service.
///
/// It asks the flow of a [`JamLayer`](crate::JamLayer) further out. Without one every request
/// is answered with 500 and the fix.
#[derive(Clone, Debug)]
pub struct GuardLayer(Guard);

impl<S, B> Transform<S, ServiceRequest> for GuardLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = GuardService<S>;
    type InitError = ();
    type Future = Ready<Result<GuardService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(GuardService { inner: Rc::new(inner), guard: self.0.clone() }))
    }
}

/// A service inside a [`GuardLayer`].
#[derive(Debug)]
pub struct GuardService<S> {
    inner: Rc<S>,
    guard: Guard,
}

impl<S, B> Service<ServiceRequest> for GuardService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (inner, guard) = (Rc::clone(&self.inner), self.guard.clone());
        Box::pin(async move {
            match guard.admit().await {
                Ok(()) => Ok(inner.call(request).await?.map_into_left_body()),
                Err(reject) => {
                    let answer = sink::build(&reject.respond());
                    Ok(request.into_response(answer).map_into_right_body())
                }
            }
        })
    }
}
