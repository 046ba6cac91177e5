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
    put(&patch, response.headers_mut());
    response
}

/// Puts the headers of a patch onto an answer. A replacement that it holds is to be taken first.
pub fn put(patch: &ResponsePatch, headers: &mut HeaderMap) {
    for header in patch.headers() {
        let lines = headers.get_all(&header.name).iter().map(HeaderValue::as_bytes);
        let Some((name, value)) = parse(&header.name, &header.beside(lines)) else { continue };
        match header.op {
            HeaderOp::Append => _ = headers.append(name, value),
            HeaderOp::Set | HeaderOp::MergeList => _ = headers.insert(name, value),
        }
    }
}

fn build<B: From<String>>(answer: RejectResponse) -> Response<B> {
    let mut response = Response::new(B::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers.iter();
    response
        .headers_mut()
        .extend(headers.filter_map(|(name, value)| parse(name, value.as_bytes())));
    response
}

/// The value is marked sensitive, so that `{:?}` of a response shows no cookie and no token.
fn parse(name: &str, value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::try_from(name).ok()?, value))
}
