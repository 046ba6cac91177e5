//! The rejection of every extractor here.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use jam_core::reject::{Reject, RejectKind};

use crate::sink;

/// The core's [`Reject`] as an actix error.
///
/// Handlers return it too: `session.set("k", &1)?` in one that answers `Result<_, Rejection>`; with
/// `actix_web::Result<_>`, `.map_err(Rejection::from)?`.
#[derive(Clone, Debug)]
pub struct Rejection(Reject);

impl Rejection {
    /// Why.
    pub fn kind(&self) -> &RejectKind {
        self.0.kind()
    }

    /// Says that the handler answers for this refusal itself. Without it, an answer that ignores a
    /// refused header or a store that is down is replaced on the way out.
    pub fn handled(&self) {
        self.0.handled();
    }
}

impl From<Reject> for Rejection {
    fn from(reject: Reject) -> Self {
        Rejection(reject)
    }
}

/// A handler's own failure is a 500, with the reason in the log; what a session or its store refused
/// has an answer of its own.
impl From<jam_core::Error> for Rejection {
    fn from(error: jam_core::Error) -> Self {
        Rejection(error.into())
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    // Whoever asks shows it. A refusal that actix's `Option` swallows is never asked, so the flow
    // remembers it.
    fn error_response(&self) -> HttpResponse {
        sink::build(&self.0.respond())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jam refused the request: {}", self.0)
    }
}

impl std::error::Error for Rejection {}
