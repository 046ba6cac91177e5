//! A transport of one's own: a response header that clients of an API store for themselves, with
//! the seconds that it is good for.

use jam_core::transport::CredentialTransport;
use std::time::Duration;

/// `X-Api-Session: sess_…` and `X-Api-Session-Expires-In: N`; an empty value takes it back.
pub(crate) fn prefixed_header() -> CredentialTransport {
    CredentialTransport::custom("x-api-session", persist, || {
        headers(String::new(), Some(Duration::ZERO))
    })
}

fn persist(credential: &str, lifetime: Option<Duration>) -> Vec<(String, String)> {
    headers(format!("sess_{credential}"), lifetime)
}

/// Setting and taking back are one function, so that the second always hits the first.
fn headers(value: String, lifetime: Option<Duration>) -> Vec<(String, String)> {
    let mut headers = vec![("x-api-session".to_owned(), value)];
    if let Some(lifetime) = lifetime {
        let seconds = lifetime.as_secs().to_string();
        headers.push(("x-api-session-expires-in".to_owned(), seconds));
    }
    headers
}
