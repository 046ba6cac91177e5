//! The shared answers as actix's responses.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, Responder};
use reference_handlers::Answer;

/// An [`Answer`] that actix can send.
pub(crate) struct Reply(pub(crate) Answer);

impl From<Reply> for HttpResponse {
    fn from(Reply(answer): Reply) -> HttpResponse {
        let Answer { status, content_type, headers, body } = answer;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.insert_header((CONTENT_TYPE, content_type));
        for header in headers {
            response.append_header(header);
        }
        response.body(body)
    }
}

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.into()
    }
}
