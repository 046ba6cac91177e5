//! How the core's answers become poem responses.

use jam_core::flow::ResponsePatch;
use jam_core::reject::RejectResponse;
use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{HeaderName, HeaderValue};

/// Puts the patch onto the response. Where the patch holds a replacement, nothing of the inner
/// endpoint's answer survives: its headers may tell as much as its body.
pub(crate) fn apply(mut patch: ResponsePatch, response: Response) -> Response {
    let mut response = patch.replacement().as_ref().map_or(response, build);
    jam_tower::put(&patch, response.headers_mut());
    response
}

/// The response of a rejection: status, challenge and JSON body as the core's table has them.
pub(crate) fn build(answer: &RejectResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::builder().status(status).body(answer.body.clone());
    response.headers_mut().extend(answer.headers.iter().filter_map(|(n, v)| parse(n, v)));
    response
}

/// The value is marked sensitive, so that `{:?}` of a response shows no cookie and no token.
fn parse(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some((HeaderName::try_from(name).ok()?, value))
}
