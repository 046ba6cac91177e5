//! Layers that let a request through, or answer in its place.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use jam_core::fresh::RequireFresh;
use jam_core::guard::Guard;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use tower_layer::Layer;
use tower_service::Service;

use crate::sink::respond;

const MISSING_LAYER: &str = "wrap the whole service in `jam_tower::JamLayer::new(jam)`, outside \
                             every guard";

/// Lets only those requests through that fulfil a [`Guard`]; the others never reach the inner service.
///
/// It asks the flow of a [`JamLayer`](crate::JamLayer) further out. Without one every request is
/// answered with 500 and the fix.
#[derive(Clone, Debug)]
pub struct GuardLayer(Guard);

impl GuardLayer {
    /// Lets through whoever fulfils the scope rule: 401 without an identity, 403 without the scopes.
    pub fn scope(rule: ScopeRule) -> GuardLayer {
        Guard::scope(rule, MISSING_LAYER).into()
    }

    /// Lets through whoever is logged in and sends the others to the login page with 303; a header
    /// that carries a bad credential is refused with 400 or 401.
    pub fn login(to: LoginRedirect) -> GuardLayer {
        Guard::login(to, MISSING_LAYER).into()
    }

    /// Lets through whoever has proven lately who he is: 401 without an identity, and 401
    /// `insufficient_user_authentication` where the login is too long ago or not strong enough
    /// (RFC 9470 §3).
    pub fn fresh(rule: RequireFresh) -> GuardLayer {
        Guard::fresh(rule, MISSING_LAYER).into()
    }
}

impl From<Guard> for GuardLayer {
    fn from(guard: Guard) -> Self {
        Self(guard)
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService { inner, guard: self.0.clone() }
    }
}

/// A service inside a [`GuardLayer`].
#[derive(Clone, Debug)]
pub struct GuardService<S> {
    inner: S,
    guard: Guard,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for GuardService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ReqBody: Send + 'static,
    ResBody: From<String>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ResBody>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let guard = self.guard.clone();
        // The service that was polled ready goes into the future; its clone waits its own turn.
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match guard.admit().await {
                Ok(()) => ready.call(request).await,
                Err(reject) => Ok(respond(reject)),
            }
        })
    }
}
