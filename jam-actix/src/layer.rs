//! The middleware that begins and finishes the flow of each request.

use std::future::{Ready, ready};

use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use jam_core::Jam;
use jam_core::flow::Answering;

use crate::View;
use crate::sink::{self, Responses};

/// Gives every request its [`Flow`](jam_core::flow::Flow) and puts what the flow recorded onto the
/// response.
///
/// Wrap the `App` in it once, outside the guards and outside whatever else reads the flow. A layer
/// inside another one begins a flow of its own, unless it is made of [`Jam::nested`].
///
/// # Errors of inner middlewares
///
/// An error that an inner middleware returns keeps its own response, with what the flow recorded
/// put onto it. Where something was recorded, `Error::as_error` outside this layer no longer finds
/// the error's own type; its `Display` and its status are the same.
#[derive(Clone, Debug)]
pub struct JamLayer(Jam);

impl JamLayer {
    /// A layer that authenticates by `jam`.
    pub fn new(jam: Jam) -> JamLayer {
        JamLayer(jam)
    }
}

impl<S, B: 'static> Transform<S, ServiceRequest> for JamLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = JamService<S>;
    type InitError = ();
    type Future = Ready<Result<JamService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(JamService { inner, jam: self.0.clone() }))
    }
}

/// A service inside a [`JamLayer`].
#[derive(Clone, Debug)]
pub struct JamService<S> {
    inner: S,
    jam: Jam,
}

impl<S, B: 'static> Service<ServiceRequest> for JamService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Answering<S::Future, Responses>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        // No clone of the request is kept here: actix allows the service one owner of it only.
        match self.jam.enter(&View::from(request.request())) {
            Ok(entered) => entered.call(|| self.inner.call(request)),
            Err(reject) => {
                let answer = request.into_response(sink::build(&reject.respond()));
                Answering::refused(Ok(answer.map_into_right_body()))
            }
        }
    }
}
