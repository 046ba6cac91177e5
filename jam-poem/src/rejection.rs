//! The rejection of every extractor and guard here.

use std::fmt;

use jam_core::reject::{Reject, RejectKind};
use poem::Response;
use poem::error::ResponseError;
use poem::http::StatusCode;

use crate::sink;

/// The core's [`Reject`] as an error that becomes a [`poem::Error`] by `?`.
///
/// Handlers return it too: `session.set("k", &1)?` in one that answers `Result<_, Rejection>`; with
/// `poem::Result<_>`, `.map_err(Rejection::from)?`.
#[derive(Clone, Debug)]
pub struct Rejection(Reject);

impl Rejection {
    /// Why.
    pub fn kind(&self) -> &RejectKind {
        self.0.kind()
    }

    /// Says that the application answers for this refusal itself. Without it, an answer that
    /// ignores a refused header or a store that is down is replaced on the way out. Downcast a
    /// `poem::Error` to get here.
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
    fn status(&self) -> StatusCode {
        self.as_response().status()
    }

    // Whoever asks shows it. A refusal that poem's `Option` swallows is never asked, so the flow
    // remembers it.
    fn as_response(&self) -> Response {
        sink::build(&self.0.respond())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jam refused the request: {}", self.0)
    }
}

impl std::error::Error for Rejection {}
