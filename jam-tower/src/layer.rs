//! The layer that begins and finishes the flow of each request.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use jam_core::Jam;
use jam_core::flow::{Answering, Settled};
use pin_project_lite::pin_project;
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
        let answer = match self.jam.enter(&View::from(&request)) {
            Ok(entered) => entered.call(|| self.inner.call(request), settle),
            Err(reject) => Answering::refused(Ok(sink::respond(reject))),
        };
        JamFuture { answer }
    }
}

pin_project! {
    /// The response of a [`JamService`]: the inner one's own, unless the flow was touched.
    #[derive(Debug)]
    pub struct JamFuture<F: Future> {
        #[pin]
        answer: Answering<F, F::Output>,
    }
}

fn settle<T, E>(outcome: Result<T, E>, _: bool) -> Settled<Result<T, E>> {
    if outcome.is_ok() { Settled::Answered(outcome) } else { Settled::Failed(outcome) }
}

impl<F, B, E> Future for JamFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<String>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().answer.poll(context).map(|(outcome, patch)| match patch {
            Some(patch) => outcome.map(|response| sink::apply(patch, response)),
            None => outcome,
        })
    }
}
