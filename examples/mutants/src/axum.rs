//! The mutants of `reference-axum`.

use crate::{Fault, begin, finish};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use jam_axum::View;
use jam_core::Jam;
use jam_core::reject::RejectResponse;
use std::process::ExitCode;

/// The reference application inside the broken layer.
pub fn run(fault: Fault) -> ExitCode {
    reference_handlers::run(|jam, listener| {
        reference_axum::serve(app(jam.clone(), fault), jam, listener)
    })
}

fn app(jam: Jam, fault: Fault) -> Router {
    let layer = middleware::from_fn_with_state((jam.clone(), fault), broken);
    reference_axum::routes(jam).layer(layer)
}

async fn broken(
    State((jam, fault)): State<(Jam, Fault)>,
    request: Request,
    next: Next,
) -> Response {
    let flow = match begin(fault, &jam, &View::from(&request)) {
        Ok(flow) => flow,
        Err(refusal) => return respond(refusal),
    };
    let mut response = flow.clone().scope(next.run(request)).await;
    let status = response.status().as_u16();
    finish(fault, &flow, status, response.headers_mut()).await.map_or(response, respond)
}

fn respond(refusal: RejectResponse) -> Response {
    let mut response = Response::builder().status(refusal.status);
    for (name, value) in refusal.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(refusal.body)).unwrap_or_default()
}
