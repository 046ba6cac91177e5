//! The layer that begins and finishes the flow of each request.

use std::task::{Context, Poll};

use http::{Request, Response};
use jam_core::Jam;
use jam_core::flow::{Answering, ResponsePatch, Settle};
use tower_layer::Layer;
use tower_service::Service;

use crate::sink;
use crate::view::View;

/// Gives every request its [`Flow`](jam_core::flow::Flow) and puts what the flow recorded onto the
/// response.
///
/// A request that a page of another site made a browser send along with its cookies is answered
/// here with 403 and never reaches the inner service; `JamBuilder::csrf` says which count as such.
///
/// Wrap the whole application in it once, outside the guards and outside whatever else reads the
/// flow. A layer inside another one begins a flow of its own, unless it is made of
/// [`Jam::nested`].
///
/// # Errors of the inner service
///
/// An `Err` of the inner service passes through unchanged. It holds no response to put a header
/// on, so what the flow recorded is dropped: turn errors into responses inside this layer (axum
/// does) where it must not be lost.
#[derive(Clone, Debug)]
pub struct JamLayer {
    jam: Jam,
}

impl JamLayer {
    /// A layer that authenticates by `jam`.
    pub fn new(jam: Jam) -> JamLayer {
        JamLayer { jam }
    }
}

impl<S> Layer<S> for JamLayer {
    type Service = JamService<S>;

    fn layer(&self, inner: S) -> JamService<S> {
        JamService { inner, jam: self.jam.clone() }
    }
}

/// A service inside a [`JamLayer`].
#[derive(Clone, Debug)]
pub struct JamService<S> {
    inner: S,
    jam: Jam,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for JamService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: From<String>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = JamFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.jam.enter(&View::from(&request)) {
            Ok(entered) => entered.call(|| self.inner.call(request)),
            Err(reject) => Answering::refused(Ok(sink::respond(reject))),
        }
    }
}

/// The response of a [`JamService`]: the inner one's own, unless the flow was touched.
pub type JamFuture<F> = Answering<F, Responses>;

/// Answers with `http` 1.
pub enum Responses {}

impl<B: From<String>, E> Settle<Result<Response<B>, E>> for Responses {
    type Answer = Result<Response<B>, E>;

    fn settle(outcome: Self::Answer, _: bool) -> Self::Answer {
        outcome
    }

    fn has_head(answer: &Self::Answer) -> bool {
        answer.is_ok()
    }

    fn apply(patch: ResponsePatch, answer: Self::Answer) -> Self::Answer {
        answer.map(|response| sink::apply(patch, response))
    }
}
