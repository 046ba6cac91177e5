//! The mutants of `reference-poem`.

use crate::{Fault, begin, finish};
use jam_core::Jam;
use jam_core::reject::RejectResponse;
use jam_poem::view;
use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt, Error, IntoResponse, Request, Response, Result};
use std::process::ExitCode;
use std::sync::Arc;

/// The reference application inside the broken layer.
pub fn run(fault: Fault) -> ExitCode {
    reference_handlers::run(|jam, listener| {
        let routes = reference_poem::routes(jam.clone());
        let layer = jam.clone();
        let app = routes.around(move |inner, request| broken(inner, request, layer.clone(), fault));
        reference_poem::serve(app, jam, listener)
    })
}

async fn broken<E: Endpoint>(
    inner: Arc<E>,
    request: Request,
    jam: Jam,
    fault: Fault,
) -> Result<Response> {
    let flow = match begin(fault, &jam, &view(&request)) {
        Ok(flow) => flow,
        Err(refusal) => return Ok(respond(refusal)),
    };
    let answer = flow.clone().scope(inner.call(request)).await.map(IntoResponse::into_response);
    let mut response = answer.unwrap_or_else(Error::into_response);
    let status = response.status().as_u16();
    Ok(finish(fault, &flow, status, response.headers_mut()).await.map_or(response, respond))
}

fn respond(refusal: RejectResponse) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or_default();
    let mut response = Response::builder().status(status);
    for (name, value) in refusal.headers {
        response = response.header(name, value);
    }
    response.body(refusal.body)
}
