//! The answer of a route as plain data.

use serde::Serialize;

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// A whole response but for what Jam's layer adds to it. Each application translates it into its
/// framework's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// Further headers; names in lower case.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body, complete.
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(body: impl Into<Vec<u8>>) -> Answer {
        Answer { status: 200, content_type: TEXT, headers: Vec::new(), body: body.into() }
    }

    /// Done, with nothing to say (204).
    pub(crate) fn none() -> Answer {
        Answer { status: 204, ..Answer::text("") }
    }

    /// JSON in the order of the value's members; what cannot be written becomes a 500.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Answer {
        match serde_json::to_vec(value) {
            Ok(body) => {
                Answer { status, content_type: "application/json", headers: Vec::new(), body }
            }
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                Answer::error(500, "internal")
            }
        }
    }

    /// `{"error": code}`; codes are plain words, nothing in them needs escaping.
    pub(crate) fn error(status: u16, code: &'static str) -> Answer {
        let body = format!("{{\"error\":\"{code}\"}}").into_bytes();
        Answer { status, content_type: "application/json", headers: Vec::new(), body }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Answer {
        self.headers.push((name, value));
        self
    }
}
