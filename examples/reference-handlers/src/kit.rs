//! What the routes below `/kit` answer: beyond the contract, they show the conformance kit what an
//! adapter does to every kind of answer. The table of these routes stands in `jam-conformance`.
//!
//! Each of them but `swallow` and `panic` [writes](write()), the only way that there is without a
//! session: it takes the token back.

use crate::{Answer, Claims, routes};
use jam_core::Reject;
use jam_core::flow::Flow;

/// Records something that has to reach the client.
pub fn write(flow: &Flow) {
    flow.clear_jwt();
}

/// `GET /kit/refused`: writes, and then asks who calls.
///
/// # Errors
/// The refusal of whoever has no usable credential.
pub async fn refused(flow: &Flow) -> Result<Answer, Reject> {
    write(flow);
    let identity = flow.identity::<Claims>().await?;
    Ok(routes::whoami(&identity))
}

/// `GET /kit/foreign`: headers of the handler's own beside those of Jam.
pub fn foreign(flow: &Flow) -> Answer {
    write(flow);
    Answer::text("foreign")
        .with_header("set-cookie", "theme=dark; Path=/")
        .with_header("set-cookie", "lang=en; Path=/")
        .with_header("vary", "Accept-Encoding, cookie")
        .with_header("cache-control", "private")
}

/// `GET /kit/swallow`, whose handler takes an identity by the framework's own `Option` or `Result`
/// and drops the error.
pub fn swallow() -> Answer {
    Answer::text("swallowed").with_header("set-cookie", "theme=dark; Path=/")
}

/// `GET /kit/panic`.
#[expect(clippy::panic, reason = "it is what the route is for")]
pub fn panic() -> Answer {
    panic!("a handler that panics, on purpose")
}

/// What `GET /kit/stream` repeats without an end, behind an identity and a [`write()`].
pub const ENDLESS: &str = "more\n";
