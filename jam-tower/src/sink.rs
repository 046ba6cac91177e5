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
        match header.op {
            HeaderOp::Append => append(headers, &header.name, header.value.as_bytes()),
            HeaderOp::Set => set(headers, &header.name, header.value.as_bytes()),
            HeaderOp::MergeList => {
                let lines = headers.get_all(&header.name).iter().map(HeaderValue::as_bytes);
                let merged = header.merged_into(lines);
                set(headers, &header.name, &merged);
            }
        }
    }
}

fn build<B: From<String>>(answer: RejectResponse) -> Response<B> {
    let mut response = Response::new(B::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        append(response.headers_mut(), name, value.as_bytes());
    }
    response
}

fn set(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    headers.remove(name);
    append(headers, name, value);
}

/// The value is marked sensitive, so that `{:?}` of a response shows no cookie and no token.
fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        value.set_sensitive(true);
        headers.append(name, value);
    }
}
