//! The mutants of `reference-warp`.

use crate::{Fault, begin, finish};
use ::warp::http::Request;
use ::warp::hyper::body::Incoming;
use ::warp::reply::Response;
use jam_core::Jam;
use jam_core::reject::RejectResponse;
use jam_warp::{Server, View};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};
use tower_service::Service;

/// The reference application inside the broken layer.
pub fn run(fault: Fault) -> ExitCode {
    reference_handlers::run(|jam, listener| {
        let inner = ::warp::service(reference_warp::routes(jam.clone()));
        let app = Server::new(Broken { inner, jam: jam.clone(), fault });
        reference_warp::serve(app, jam, listener)
    })
}

#[derive(Clone)]
struct Broken<S> {
    inner: S,
    jam: Jam,
    fault: Fault,
}

impl<S> Service<Request<Incoming>> for Broken<S>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (jam, fault) = (self.jam.clone(), self.fault);
        let flow = match begin(fault, &jam, &View::from(&request)) {
            Ok(flow) => flow,
            Err(refusal) => return Box::pin(async { Ok(respond(refusal)) }),
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = flow.clone().scope(answer).await?;
            let status = response.status().as_u16();
            let refusal = finish(fault, &flow, status, response.headers_mut()).await;
            Ok(refusal.map_or(response, respond))
        })
    }
}

fn respond(refusal: RejectResponse) -> Response {
    let mut response = warp::http::Response::builder().status(refusal.status);
    for (name, value) in refusal.headers {
        response = response.header(name, value);
    }
    response.body(refusal.body.into()).unwrap_or_default()
}
