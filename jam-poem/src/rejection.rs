//! The rejection of every extractor and guard here.

use std::fmt;
use std::sync::LazyLock;

use jam_core::reject::{Reject, RejectKind, RejectResponse};
use poem::Response;
use poem::error::ResponseError;
use poem::http::StatusCode;

use crate::sink;

/// The core's [`Reject`] as an error that becomes a [`poem::Error`] by `?`.
///
/// Handlers return it too: `flow.require(&rule).await?` in one that answers `Result<_, Rejection>`;
/// with `poem::Result<_>`, `.map_err(Rejection::from)?`.
pub struct Rejection {
    kind: RejectKind,
    // The core renders a refusal by value, once it is shown; poem asks for the response of an error
    // by reference. One that poem's `Option` swallows is never rendered, so the flow remembers it.
    answer: LazyLock<RejectResponse, Box<dyn FnOnce() -> RejectResponse + Send>>,
}

impl Rejection {
    /// Why.
    pub fn kind(&self) -> &RejectKind {
        &self.kind
    }

    /// Says that the application answers for this refusal itself. Without it, an answer that
    /// ignores a refused header is replaced on the way out. Downcast a `poem::Error` to get here.
    pub fn handled(self) {
        LazyLock::force(&self.answer);
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
    fn status(&self) -> StatusCode {
        self.as_response().status()
    }

    fn as_response(&self) -> Response {
        sink::build(&self.answer)
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
