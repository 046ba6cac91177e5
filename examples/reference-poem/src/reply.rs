//! The shared answers as poem's responses.

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use reference_handlers::Answer;

/// An [`Answer`] that poem can send.
pub(crate) struct Reply(pub(crate) Answer);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let Answer { status, content_type, headers, body } = self.0;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let response = Response::builder().status(status).content_type(content_type);
        let response = headers
            .into_iter()
            .fold(response, |response, (name, value)| response.header(name, value));
        response.body(body)
    }
}
