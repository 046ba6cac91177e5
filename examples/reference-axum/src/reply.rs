//! The shared answers as axum's responses.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use reference_handlers::Answer;

/// An [`Answer`] that axum can send.
pub(crate) struct Reply(pub(crate) Answer);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let Answer { status, content_type, headers, body } = self.0;
        let mut response =
            Response::builder().status(status).header(header::CONTENT_TYPE, content_type);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response
            .body(Body::from(body))
            .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}
