//! How the core's answers become actix responses.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use jam_core::flow::{HeaderOp, ResponsePatch};
use jam_core::reject::RejectResponse;

/// Puts the patch onto the response. Where the patch holds a replacement, nothing of the inner
/// service's answer survives: its headers may tell as much as its body.
pub(crate) fn apply<B>(
    mut patch: ResponsePatch,
    response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B>> {
    let mut response = match patch.replacement() {
        Some(answer) => response.into_response(build(&answer)).map_into_right_body(),
        None => response.map_into_left_body(),
    };
    put(&patch, response.headers_mut());
    response
}

/// The response of a rejection: status, challenge and JSON body as the core's table has them.
pub(crate) fn build(answer: &RejectResponse) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::with_body(status, BoxBody::new(answer.body.clone()));
    for (name, value) in answer.headers.iter().filter_map(|(name, value)| parse(name, value)) {
        response.headers_mut().append(name, value);
    }
    response
}

/// Puts the headers of the patch beside those that are there.
pub(crate) fn put(patch: &ResponsePatch, headers: &mut HeaderMap) {
    for header in patch.headers() {
        let Some((name, value)) = parse(&header.name, &header.value) else { continue };
        match header.op {
            HeaderOp::Append => headers.append(name, value),
            HeaderOp::Set => drop(headers.insert(name, value)),
            HeaderOp::MergeList => {
                let merged = header.merged_into(headers.get_all(&name).map(HeaderValue::as_bytes));
                let merged = HeaderValue::from_bytes(&merged);
                drop(headers.insert(name, merged.unwrap_or(value)));
            }
        }
    }
}

/// The value is marked sensitive, so that `{:?}` of a response shows no cookie and no token.
fn parse(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::try_from(name).ok()?, value))
}
