//! The middleware that begins and finishes the flow of each request.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{Error, HttpMessage};
use futures_util::future::{Either, FutureExt, Join, Then, join};
use jam_core::Jam;
use jam_core::flow::Flow;

use crate::patched::Patched;
use crate::{Rejection, View, sink};

/// Gives every request its [`Flow`] and puts what the flow recorded onto the response.
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
    type Future = Either<Now<B>, Then<Called<S::Future>, Finishing<B>, Finish<B>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let view = View::from(request.request());
        let entered = self.jam.enter(request.extensions().get(), &view);
        let flow = match entered {
            Ok(flow) => flow,
            Err(reject) => {
                let answer = request.into_response(sink::build(&reject.respond()));
                return Either::Left(ready(Ok(answer.map_into_right_body())));
            }
        };
        if let Some(flow) = &flow {
            request.extensions_mut().insert(flow.clone());
        }
        // No clone of the request is kept here: actix allows the service one owner of it only.
        Either::Right(join(self.inner.call(request), ready(flow)).then(finish))
    }
}

type Outcome<B> = Result<ServiceResponse<B>, Error>;
type Now<B> = Ready<Outcome<EitherBody<B>>>;
/// The inner service's future, together with the flow that this layer began.
type Called<F> = Join<F, Ready<Option<Flow>>>;
type Finish<B> = fn((Outcome<B>, Option<Flow>)) -> Finishing<B>;
type Finishing<B> = Either<Now<B>, Pin<Box<dyn Future<Output = Outcome<EitherBody<B>>>>>>;

fn finish<B: 'static>((outcome, flow): (Outcome<B>, Option<Flow>)) -> Finishing<B> {
    // A refusal that is on its way to the client was not swallowed.
    outcome.as_ref().err().and_then(Error::as_error).map(Rejection::handled);
    let Some(flow) = flow.filter(Flow::is_touched) else {
        // The untouched path ends here: no box, no allocation.
        return Either::Left(ready(outcome.map(ServiceResponse::map_into_left_body)));
    };
    Either::Right(Box::pin(async move {
        let patch = flow.finish().await;
        match outcome {
            Ok(response) => Ok(sink::apply(patch, response)),
            Err(error) => Err(Patched::new(error, patch).into()),
        }
    }))
}
