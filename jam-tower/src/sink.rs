//! How the core's answers become `http` responses.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use jam_core::flow::{HeaderOp, ResponsePatch};
use jam_core::reject::{Reject, RejectResponse};

/// The response of a rejection: status, challenge and JSON body as the core's table has them.
pub fn respond<B: From<String>>(reject: Reject) -> Response<B> {
    build(reject.respond())
}

/// Puts the patch onto the response. Where the patch holds a replacement, nothing of the inner
/// service's answer survives: its headers may tell as much as its body.
pub(crate) fn apply<B: From<String>>(
    mut patch: ResponsePatch,
    response: Response<B>,
) -> Response<B> {
    let mut response = patch.replacement().map_or(response, build);
    for header in patch.headers() {
        let Some((name, value)) = parse(&header.name, &header.value) else { continue };
        match header.op {
            HeaderOp::Append => {
                response.headers_mut().append(name, value);
            }
            HeaderOp::Set => {
                response.headers_mut().insert(name, value);
            }
            HeaderOp::MergeList => merge(response.headers_mut(), name, &value),
        }
    }
    response
}

fn build<B: From<String>>(answer: RejectResponse) -> Response<B> {
    let mut response = Response::new(B::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Some((name, value)) = parse(name, &value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The value is marked sensitive, so that `{:?}` of a response shows no cookie and no token.
fn parse(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name).ok()?;
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// One line with the members already there and those of `value` that are missing.
fn merge(headers: &mut HeaderMap, name: HeaderName, value: &HeaderValue) {
    let mut list: Vec<&[u8]> = Vec::new();
    for member in headers.get_all(&name).iter().chain([value]).flat_map(members) {
        if !list.iter().any(|known| *known == b"*" || known.eq_ignore_ascii_case(member)) {
            list.push(member);
        }
    }
    if let Ok(joined) = HeaderValue::from_bytes(&list.join(&b", "[..])) {
        headers.insert(name, joined);
    }
}

fn members(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|m| !m.is_empty())
}
