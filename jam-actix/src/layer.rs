//! The middleware that begins and finishes the flow of each request.

use std::future::{Ready, ready};

use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use futures_util::future::{Either, FutureExt, Map};
use jam_core::Jam;
use jam_core::flow::{Answering, ResponsePatch};

use crate::patched::Patched;
use crate::{Rejection, View, sink};

/// Gives every request its [`Flow`](jam_core::flow::Flow) and puts what the flow recorded onto the response.
///
/// Wrap the `App` in it once, outside the guards and outside whatever else reads the flow. Layers
/// of the same `Jam` may be nested: they share the outermost one's flow.
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
    type Future = Either<
        Ready<Outcome<EitherBody<B>>>,
        Map<Answering<S::Future, Outcome<B>>, fn(Answered<B>) -> Outcome<EitherBody<B>>>,
    >;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let view = View::from(request.request());
        let entered = self.jam.enter(&view);
        // No clone of the request is kept here: actix allows the service one owner of it only.
        match entered {
            Ok(entered) => {
                let answer = entered.call(|| self.inner.call(request), settle);
                Either::Right(answer.map(apply))
            }
            Err(reject) => {
                let answer = request.into_response(sink::build(&reject.respond()));
                Either::Left(ready(Ok(answer.map_into_right_body())))
            }
        }
    }
}

type Outcome<B> = Result<ServiceResponse<B>, Error>;
type Answered<B> = (Outcome<B>, Option<ResponsePatch>);

/// A refusal that is on its way to the client was not swallowed.
fn settle<B>(outcome: Outcome<B>, _: bool) -> Outcome<B> {
    outcome.inspect_err(|error| _ = error.as_error().map(Rejection::handled))
}

fn apply<B>((outcome, patch): Answered<B>) -> Outcome<EitherBody<B>> {
    match (outcome, patch) {
        (outcome, None) => outcome.map(ServiceResponse::map_into_left_body),
        (Ok(response), Some(patch)) => Ok(sink::apply(patch, response)),
        (Err(error), Some(patch)) => Err(Patched::new(error, patch).into()),
    }
}
