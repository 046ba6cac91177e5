//! The mutants of `reference-actix`.

use crate::{Fault, begin, finish};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpResponse};
use jam_actix::View;
use jam_core::Jam;
use jam_core::reject::RejectResponse;
use std::process::ExitCode;

/// The reference application inside the broken layer.
pub fn run(fault: Fault) -> ExitCode {
    reference_handlers::run(|jam, listener| {
        let ours = jam.clone();
        let app = move || {
            let layer = ours.clone();
            App::new()
                .configure(reference_actix::routes(ours.clone()))
                .wrap(from_fn(move |request, next| broken(request, next, layer.clone(), fault)))
        };
        reference_actix::serve(app, jam, listener)
    })
}

async fn broken<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    jam: Jam,
    fault: Fault,
) -> Result<ServiceResponse, Error> {
    let flow = match begin(fault, &jam, &View::from(request.request())) {
        Ok(flow) => flow,
        Err(refusal) => return Ok(request.into_response(respond(refusal))),
    };
    match flow.clone().scope(async { next.call(request).await }).await {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            let status = response.status().as_u16();
            let refusal = finish(fault, &flow, status, response.headers_mut()).await;
            Ok(match refusal {
                Some(refusal) => response.into_response(respond(refusal)),
                None => response,
            })
        }
        Err(error) => {
            let mut response = HttpResponse::from_error(error);
            let status = response.status().as_u16();
            let refusal = finish(fault, &flow, status, response.headers_mut()).await;
            let response = refusal.map_or(response, respond);
            Err(InternalError::from_response("an inner middleware failed", response).into())
        }
    }
}

fn respond(refusal: RejectResponse) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status).unwrap_or_default();
    let mut response = HttpResponse::build(status);
    for header in refusal.headers {
        response.append_header(header);
    }
    response.body(refusal.body)
}
