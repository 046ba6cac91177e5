//! A source of one's own: `X-Api-Session: sess_…`.

use jam_core::request::Found;
use jam_core::source::CredentialSource;

const PREFIX: &[u8] = b"sess_";

/// The header `X-Api-Session`, whose values say what they are by a prefix. Another prefix is another
/// kind of credential, hence absent.
pub(crate) fn prefixed_header() -> CredentialSource {
    CredentialSource::custom("x-api-session", |view| {
        let (mut lines, mut found) = (0, Found::Absent);
        view.visit_header("x-api-session", &mut |line| {
            lines += 1;
            found = match line.strip_prefix(PREFIX) {
                None => Found::Absent,
                Some([]) => Found::Malformed,
                Some(credential) => Found::Credential(credential),
            };
        });
        // Two lines contradict each other, even where they are equal: no proxy keeps their order.
        if lines > 1 { Found::Conflict } else { found }
    })
}
