//! The layer that begins and finishes the flow of each request.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::task::{self, Context, Poll};

use http::{Request, Response};
use jam_core::Jam;
use jam_core::flow::Flow;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::sink;
use crate::view::View;

/// Gives every request its [`Flow`] and puts what the flow recorded onto the response.
///
/// A request that a page of another site made a browser send along with its cookies is answered
/// here with 403 and never reaches the inner service; `JamBuilder::csrf` says which count as such.
///
/// Wrap the whole application in it once, outside the guards and outside whatever else reads the
/// flow. Layers of the same `Jam` may be nested: they share the outermost one's flow.
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
    ResBody: From<String> + Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = JamFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.jam.enter(request.extensions().get(), &View::from(&request)) {
            Ok(flow) => {
                if let Some(flow) = &flow {
                    request.extensions_mut().insert(flow.clone());
                }
                let inner = Some(self.inner.call(request));
                JamFuture { inner, flow, last: Box::pin(pending()) }
            }
            Err(reject) => {
                let last = Box::pin(ready(sink::respond(reject)));
                JamFuture { inner: None, flow: None, last }
            }
        }
    }
}

pin_project! {
    /// The response of a [`JamService`]: the inner one's own, unless the flow was touched.
    pub struct JamFuture<F, B> {
        // None where the request was not let in, and once it has answered.
        #[pin]
        inner: Option<F>,
        flow: Option<Flow>,
        // What comes then. At first nothing, which has no size and so no allocation.
        last: Pin<Box<dyn Future<Output = Response<B>> + Send>>,
    }
}

impl<F, B, E> Future for JamFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<String> + Send + 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some(inner) = this.inner.as_mut().as_pin_mut() {
            let response = task::ready!(inner.poll(context))?;
            this.inner.set(None);
            // The untouched path ends here, without an allocation.
            let Some(flow) = this.flow.take().filter(Flow::is_touched) else {
                return Poll::Ready(Ok(response));
            };
            *this.last = Box::pin(async move { sink::apply(flow.finish().await, response) });
        }
        this.last.as_mut().poll(context).map(Ok)
    }
}
