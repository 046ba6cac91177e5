//! The routes below `/kit`, by which the conformance kit sees what the adapter does to answers: a
//! nested route with a layer of its own, inside the one around everything.

use crate::reply::Reply;
use crate::routes::{admin, page, upgraded};
use futures_util::{StreamExt, stream};
use jam_core::Jam;
use jam_poem::{
    Flow, Identity, JamEndpoint, JamLayer, Rejection, Session, require_login, require_scope,
};
use poem::http::StatusCode;
use poem::web::websocket::WebSocket;
use poem::{
    Body, EndpointExt, Error, FromRequest, Request, Response, Result, Route, get, handler, post,
};
use reference_handlers::{Claims, kit as shared, routes};
use std::io;

pub(crate) fn routes(jam: Jam) -> JamEndpoint<Route> {
    let admins = Route::new()
        .at("/here", get(admin))
        .at("/there", get(admin))
        .with(require_scope(routes::admin_rule()));
    let pages = Route::new().at("/here", get(page)).with(require_login(routes::login_page()));
    Route::new()
        .at("/fail", get(fail))
        .at("/middleware", get(fail).before(failing))
        .at("/refused", get(refused))
        .at("/foreign", get(foreign))
        .at("/swallow", get(swallow))
        .at("/panic", get(panic))
        .at("/stream", get(endless))
        .at("/ws", get(guarded_ws))
        .at("/hold", post(hold))
        .at("/held", get(held))
        .at("/release", post(release))
        .nest("/admin", admins)
        .nest("/page", pages)
        .with(JamLayer::new(jam.nested()))
}

fn failure() -> Error {
    Error::from_status(StatusCode::INTERNAL_SERVER_ERROR)
}

#[handler]
fn fail(flow: Flow) -> Result<Reply> {
    shared::write(&flow);
    Err(failure())
}

/// A middleware of the application's own that fails.
async fn failing(request: Request) -> Result<Request> {
    let flow = Flow::from_request_without_body(&request).await?;
    shared::write(&flow);
    Err(failure())
}

#[handler]
async fn refused(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::refused(&flow).await?))
}

#[handler]
fn foreign(flow: Flow) -> Reply {
    Reply(shared::foreign(&flow))
}

/// poem's `Option` drops every error of an extractor.
#[handler]
fn swallow(_identity: Option<Identity<Claims>>) -> Reply {
    Reply(shared::swallow())
}

#[handler]
fn panic() -> Reply {
    Reply(shared::panic())
}

#[handler]
fn endless(flow: Flow, _identity: Identity<Claims>) -> Response {
    shared::write(&flow);
    let pieces = stream::repeat(shared::ENDLESS).map(Ok::<_, io::Error>);
    Response::builder().content_type(routes::STREAM_TYPE).body(Body::from_bytes_stream(pieces))
}

#[handler]
fn guarded_ws(flow: Flow, _identity: Identity<Claims>, upgrade: Result<WebSocket>) -> Response {
    shared::write(&flow);
    upgraded(upgrade)
}

#[handler]
async fn hold(session: Session, request: &Request) -> Result<Reply, Rejection> {
    Ok(Reply(shared::hold(&session, request.uri().query()).await?))
}

#[handler]
async fn held(request: &Request) -> Reply {
    Reply(shared::held(request.uri().query()).await)
}

#[handler]
fn release(request: &Request) -> Reply {
    Reply(shared::release(request.uri().query()))
}
