//! An error that carries a patch.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{Error, HttpResponse, ResponseError};
use jam_core::flow::ResponsePatch;
use jam_core::reject::RejectResponse;

use crate::sink;

/// An inner middleware's error, on whose response the patch is put once actix asks for it: an error
/// holds no response yet, and the patch must not be lost.
#[derive(Debug)]
pub(crate) struct Patched {
    error: Error,
    replacement: Option<RejectResponse>,
    patch: ResponsePatch,
}

impl Patched {
    pub(crate) fn new(error: Error, mut patch: ResponsePatch) -> Patched {
        Patched { error, replacement: patch.replacement(), patch }
    }
}

impl fmt::Display for Patched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Patched {
    fn status_code(&self) -> StatusCode {
        match &self.replacement {
            Some(answer) => sink::build(answer).status(),
            None => self.error.as_response_error().status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response =
            self.replacement.as_ref().map_or_else(|| self.error.error_response(), sink::build);
        sink::put(&self.patch, response.headers_mut());
        response
    }
}
