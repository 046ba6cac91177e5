//! The middleware that begins and finishes the flow of each request.

use jam_core::Jam;
use jam_core::flow::{Answering, ResponsePatch, Settle};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use crate::sink;
use crate::view::view;

/// Gives every request its [`Flow`](jam_core::flow::Flow) and puts what the flow recorded onto the
/// response. poem calls it a middleware: `.with(JamLayer::new(jam))`.
///
/// Wrap the whole application in it once, outside the guards and outside whatever else reads the
/// flow. A layer inside another one begins a flow of its own, unless it is made of
/// [`Jam::nested`].
///
/// # Errors of the inner endpoint
///
/// A `poem::Error` passes through as it is while the flow has nothing to write. Otherwise it leaves
/// as the response that it stands for, with the flow's headers: an error takes none. So
/// `catch_error` and its kin belong **inside** this layer; outside, they would miss such an error.
#[derive(Clone, Debug)]
pub struct JamLayer(Jam);

impl JamLayer {
    /// A layer that authenticates by `jam`.
    pub fn new(jam: Jam) -> JamLayer {
        JamLayer(jam)
    }
}

impl<E: Endpoint> Middleware<E> for JamLayer {
    type Output = JamEndpoint<E>;

    fn transform(&self, inner: E) -> JamEndpoint<E> {
        JamEndpoint { inner, jam: self.0.clone() }
    }
}

/// An endpoint inside a [`JamLayer`].
#[derive(Clone, Debug)]
pub struct JamEndpoint<E> {
    inner: E,
    jam: Jam,
}

impl<E: Endpoint> Endpoint for JamEndpoint<E> {
    type Output = Response;

    // No `async fn`: it would hold the request, which is large, twice.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        match self.jam.enter(&view(&request)) {
            Ok(entered) => entered.call::<_, Responses>(|| self.inner.call(request)),
            Err(reject) => Answering::refused(Ok(sink::build(&reject.respond()))),
        }
    }
}

/// Answers as poem does.
enum Responses {}

impl<T: IntoResponse> Settle<Result<T>> for Responses {
    type Answer = Result<Response>;

    fn settle(outcome: Result<T>, is_touched: bool) -> Result<Response> {
        match outcome {
            Ok(output) => Ok(output.into_response()),
            // Rendered first: an error that shows the flow's own refusal answers for it.
            Err(error) if is_touched => Ok(error.into_response()),
            Err(error) => Err(error),
        }
    }

    fn apply(patch: ResponsePatch, answer: Result<Response>) -> Result<Response> {
        answer.map(|response| sink::apply(patch, response))
    }
}
