//! How the core's answers become poem responses.

use jam_core::flow::{HeaderOp, ResponsePatch};
use jam_core::reject::RejectResponse;
use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Puts the patch onto the response. Where the patch holds a replacement, nothing of the inner
/// endpoint's answer survives: its headers may tell as much as its body.
pub(crate) fn apply(mut patch: ResponsePatch, response: Response) -> Response {
    let mut response = patch.replacement().as_ref().map_or(response, build);
    for header in patch.headers() {
        let Some((name, value)) = parse(&header.name, &header.value) else { continue };
        let headers = response.headers_mut();
        match header.op {
            HeaderOp::Append => drop(headers.append(name, value)),
            HeaderOp::Set => drop(headers.insert(name, value)),
            HeaderOp::MergeList => merge(headers, name, &value),
        }
    }
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

/// One line with the members already there and those of `value` that are missing.
fn merge(headers: &mut HeaderMap, name: HeaderName, value: &HeaderValue) {
    let mut list: Vec<&[u8]> = Vec::new();
    let lines = headers.get_all(&name).iter().chain([value]).map(HeaderValue::as_bytes);
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
