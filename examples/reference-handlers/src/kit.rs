//! What the routes below `/kit` answer: beyond the contract, they show the conformance kit what an
//! adapter does to every kind of answer. The table of these routes stands in `jam-conformance`.
//!
//! Each of them but `swallow`, `panic` and those about a gate [writes](write()) in the one way that
//! there is without a session: it takes the token back.

use crate::gate::Gate;
use crate::sessions::parameter;
use crate::{Answer, BodyFault, Claims, routes};
use jam_core::Reject;
use jam_core::flow::Flow;
use jam_core::session::Session;
use std::sync::Arc;

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

/// `POST /kit/hold?gate=NAME`: loads the session, waits until the gate is opened, and writes.
///
/// # Errors
/// Those of a session.
pub async fn hold(session: &Session, query: Option<&str>) -> Result<Answer, Reject> {
    let Some(gate) = gate(query) else { return Ok(BodyFault::Invalid.into()) };
    session.record().await?;
    gate.hold().await;
    session.set("held", &1)?;
    Ok(routes::done())
}

/// `GET /kit/held?gate=NAME`: answers once a request stands at the gate.
pub async fn held(query: Option<&str>) -> Answer {
    let Some(gate) = gate(query) else { return BodyFault::Invalid.into() };
    gate.held().await;
    routes::done()
}

/// `POST /kit/release?gate=NAME`: opens the gate.
pub fn release(query: Option<&str>) -> Answer {
    let Some(gate) = gate(query) else { return BodyFault::Invalid.into() };
    gate.release();
    routes::done()
}

fn gate(query: Option<&str>) -> Option<Arc<Gate>> {
    Gate::named(parameter(query, "gate")?)
}
