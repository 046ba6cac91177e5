//! From a refusal to a rejection, and from there to the answer.

use std::fmt;

use jam_core::reject::Reject;
use warp::reply::Response;

/// The core's [`Reject`] as a reply.
///
/// Handlers behind `.then(…)` return it: `flow.require(&rule).await?` in one that answers
/// `Result<_, Rejection>` ends the request. Handlers behind `.and_then(…)` answer
/// `Result<_, warp::Rejection>`, into which it converts; then warp tries the routes that are left.
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

impl warp::Reply for Rejection {
    fn into_response(self) -> Response {
        jam_tower::respond(self.0)
    }
}

impl From<Rejection> for warp::Rejection {
    fn from(Rejection(reject): Rejection) -> Self {
        refuse(reject)
    }
}

pub(crate) fn refuse(reject: Reject) -> warp::Rejection {
    warp::reject::custom(Refused(reject))
}

/// A refusal on its way through warp.
struct Refused(Reject);

impl warp::reject::Reject for Refused {}

/// Stands in the body of warp's own 500 where nobody recovers.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; add `.recover(jam_warp::recover)` behind the last route", self.0)
    }
}

/// Answers what Jam's filters reject; for `.recover(jam_warp::recover)` behind the last route.
///
/// # Errors
///
/// Hands every other rejection on, to a `recover` of your own or to warp.
pub async fn recover(rejection: warp::Rejection) -> Result<Response, warp::Rejection> {
    refusal(&rejection).map(jam_tower::respond).ok_or(rejection)
}

/// The refusal in a rejection, for a `recover` of your own: `None` where the rejection is not Jam's.
///
/// Answer with [`Rejection`], or in your own words after [`Reject::handled`].
pub fn refusal(rejection: &warp::Rejection) -> Option<Reject> {
    rejection.find().map(|Refused(reject)| reject.clone())
}
