//! What an answer's head is told of a credential.

use super::ResponseHeaders;
use crate::error::{Error, ErrorKind};
use crate::flow::HeaderOp;
use crate::source::is_token;

/// A header that hands out or takes back a credential.
pub(crate) struct Handover {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) op: HeaderOp,
}

impl Handover {
    pub(super) fn cookie(value: String) -> Self {
        Self { name: "set-cookie".to_owned(), value, op: HeaderOp::Append }
    }

    /// An adapter cannot send what is no header: that is an error here, and not silence there.
    pub(super) fn custom(label: &str, headers: ResponseHeaders) -> Result<Vec<Self>, Error> {
        let is_sendable = |(name, value): &(String, String)| {
            is_token(name) && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        };
        if !headers.iter().all(is_sendable) {
            let message = format!("the transport `{label}` made a header that HTTP does not allow");
            tracing::error!(target: "jam", "{message}");
            return Err(Error::new(ErrorKind::InvalidPayload, message));
        }
        let headers = headers.into_iter();
        Ok(headers
            .map(|(name, value)| Self {
                name: name.to_ascii_lowercase(),
                value,
                op: HeaderOp::Append,
            })
            .collect())
    }

    /// Has the browser forget what the site left with it (Clear Site Data §3.1).
    pub(crate) fn clear_site_data() -> Self {
        Self {
            name: "clear-site-data".to_owned(),
            value: r#""cookies", "storage""#.to_owned(),
            op: HeaderOp::Set,
        }
    }
}
