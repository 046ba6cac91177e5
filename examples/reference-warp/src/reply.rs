//! The shared answers as warp's replies.

use reference_handlers::Answer;
use warp::http::{Response, StatusCode, header};
use warp::reply;

/// An [`Answer`] that warp can send.
pub(crate) struct Reply(pub(crate) Answer);

impl warp::Reply for Reply {
    fn into_response(self) -> reply::Response {
        let Answer { status, content_type, headers, body } = self.0;
        let mut response =
            Response::builder().status(status).header(header::CONTENT_TYPE, content_type);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        match response.body(body) {
            Ok(response) => response.into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
