//! How the core's answers become actix responses.

use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{Error, HttpResponse};
use jam_core::flow::{HeaderOp, ResponsePatch, Settle};
use jam_core::reject::RejectResponse;

use crate::Rejection;
use crate::patched::Patched;

/// Answers as actix does.
pub enum Responses {}

impl<B> Settle<Result<ServiceResponse<B>, Error>> for Responses {
    type Answer = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn settle(outcome: Result<ServiceResponse<B>, Error>, _: bool) -> Self::Answer {
        // A refusal that is on its way to the client was not swallowed.
        let outcome = outcome.inspect_err(|error| _ = error.as_error().map(Rejection::handled));
        outcome.map(ServiceResponse::map_into_left_body)
    }

    /// Where the patch holds a replacement, nothing of the inner service's answer survives: its
    /// headers may tell as much as its body.
    fn apply(mut patch: ResponsePatch, answer: Self::Answer) -> Self::Answer {
        let mut response = match answer {
            Ok(response) => response,
            Err(error) => return Err(Patched::new(error, patch).into()),
        };
        if let Some(answer) = patch.replacement() {
            response = response.into_response(build(&answer)).map_into_right_body();
        }
        put(&patch, response.headers_mut());
        Ok(response)
    }
}

/// The response of a rejection: status, challenge and JSON body as the core's table has them.
pub(crate) fn build(answer: &RejectResponse) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::with_body(status, BoxBody::new(answer.body.clone()));
    for (name, value) in answer.headers.iter().filter_map(|(n, v)| parse(n, v.as_bytes())) {
        response.headers_mut().append(name, value);
    }
    response
}

/// Puts the headers of the patch beside those that are there.
pub(crate) fn put(patch: &ResponsePatch, headers: &mut HeaderMap) {
    for header in patch.headers() {
        let lines = headers.get_all(&header.name).map(HeaderValue::as_bytes);
        let Some((name, value)) = parse(&header.name, &header.beside(lines)) else { continue };
        match header.op {
            HeaderOp::Append => headers.append(name, value),
            HeaderOp::Set | HeaderOp::MergeList => _ = headers.insert(name, value),
        }
    }
}

/// The value is marked sensitive, so that `{:?}` of a response shows no cookie and no token.
fn parse(name: &str, value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::try_from(name).ok()?, value))
}
