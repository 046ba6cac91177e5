//! The rejection of every extractor here.

use axum_core::response::{IntoResponse, Response};
use jam_core::reject::Reject;

/// The core's [`Reject`] as an axum response.
///
/// Handlers return it too: `flow.require(&rule).await?` in one that answers `Result<_, Rejection>`.
#[derive(Debug)]
pub struct Rejection(pub Reject);

impl From<Reject> for Rejection {
    fn from(reject: Reject) -> Self {
        Rejection(reject)
    }
}

/// A handler's own failure is a 500; the reason goes to the log.
impl From<jam_core::Error> for Rejection {
    fn from(error: jam_core::Error) -> Self {
        Rejection(error.into())
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        jam_tower::respond(self.0)
    }
}
