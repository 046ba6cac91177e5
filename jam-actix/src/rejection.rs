//! The rejection of every extractor here.

use std::fmt;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use jam_core::reject::{Reject, RejectKind, RejectResponse};

use crate::sink;

/// The core's [`Reject`] as an actix error.
///
/// Handlers return it too: `flow.require(&rule).await?` in one that answers `Result<_, Rejection>`;
/// with `actix_web::Result<_>`, `.map_err(Rejection::from)?`.
pub struct Rejection {
    kind: RejectKind,
    // The core gives a response for the refusal itself, once it is shown; actix asks a borrowed
    // error. One that actix's `Option` swallows is never asked, so the flow remembers it.
    answer: LazyLock<RejectResponse, Box<dyn FnOnce() -> RejectResponse + Send>>,
}

impl Rejection {
    /// Why.
    pub fn kind(&self) -> &RejectKind {
        &self.kind
    }

    /// Says that the handler answers for this refusal itself. Without it, an answer that ignores a
    /// refused header is replaced on the way out.
    pub fn handled(self) {
        self.answer();
    }

    /// The answer; from now on the refusal counts as shown.
    pub(crate) fn answer(&self) -> &RejectResponse {
        &self.answer
    }
}

impl From<Reject> for Rejection {
    fn from(reject: Reject) -> Self {
        let kind = reject.kind().clone();
        Rejection { kind, answer: LazyLock::new(Box::new(|| reject.respond())) }
    }
}

/// A handler's own failure is a 500; the reason goes to the log.
impl From<jam_core::Error> for Rejection {
    fn from(error: jam_core::Error) -> Self {
        Reject::from(error).into()
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        sink::status(self.answer())
    }

    fn error_response(&self) -> HttpResponse {
        sink::build(self.answer())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejection").field(&self.kind).finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jam refused the request: {:?}", self.kind)
    }
}

impl std::error::Error for Rejection {}
