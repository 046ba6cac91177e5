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
    let mut response = HttpResponse::with_body(status(answer), BoxBody::new(answer.body.clone()));
    for (name, value) in answer.headers.iter().filter_map(|(name, value)| parse(name, value)) {
        response.headers_mut().append(name, value);
    }
    response
}

pub(crate) fn status(answer: &RejectResponse) -> StatusCode {
    StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Puts the headers of the patch beside those that are there.
pub(crate) fn put(patch: &ResponsePatch, headers: &mut HeaderMap) {
    for header in patch.headers() {
        let Some((name, value)) = parse(&header.name, &header.value) else { continue };
        match header.op {
            HeaderOp::Append => headers.append(name, value),
            HeaderOp::Set => drop(headers.insert(name, value)),
            HeaderOp::MergeList => merge(headers, name, &value),
        }
    }
}

/// The value is marked sensitive, so that `{:?}` of a response shows no cookie and no token.
fn parse(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::try_from(name).ok()?, value))
}

/// One line with the members already there and those of `value` that are missing.
fn merge(headers: &mut HeaderMap, name: HeaderName, value: &HeaderValue) {
    let mut list: Vec<&[u8]> = Vec::new();
    let lines = headers.get_all(&name).chain([value]).map(HeaderValue::as_bytes);
    for member in lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        let there = |known: &&[u8]| *known == b"*" || known.eq_ignore_ascii_case(member);
        if !member.is_empty() && !list.iter().any(there) {
            list.push(member);
        }
    }
    if let Ok(joined) = HeaderValue::from_bytes(&list.join(&b", "[..])) {
        headers.insert(name, joined);
    }
}
