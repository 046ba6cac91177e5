//! The routes below `/kit`, by which the conformance kit sees what the adapter does to answers: a
//! nested router with a layer of its own, inside the one around everything.

use crate::reply::Reply;
use crate::routes::{admin, echo_on, page};
use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{RawQuery, Request};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use jam_axum::{Flow, Identity, JamLayer, Rejection, Session, require_login, require_scope};
use jam_core::Jam;
use reference_handlers::{Claims, kit as shared, routes};
use std::convert::Infallible;

pub(crate) fn routes(jam: Jam) -> Router<Jam> {
    let admin = Router::new()
        .route("/here", get(admin))
        .route("/there", get(admin))
        .route_layer(require_scope(routes::admin_rule()));
    let page =
        Router::new().route("/here", get(page)).route_layer(require_login(routes::login_page()));
    Router::new()
        .route("/fail", get(fail))
        .route("/middleware", get(fail).route_layer(middleware::from_fn(failing)))
        .route("/refused", get(refused))
        .route("/foreign", get(foreign))
        .route("/swallow", get(swallow))
        .route("/panic", get(panic))
        .route("/stream", get(endless))
        .route("/ws", get(guarded_ws))
        .route("/hold", post(hold))
        .route("/held", get(held))
        .route("/release", post(release))
        .nest("/admin", admin)
        .nest("/page", page)
        .layer(JamLayer::new(jam.nested()))
}

async fn fail(flow: Flow) -> Result<Reply, StatusCode> {
    shared::write(&flow);
    Err(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A middleware of the application's own that fails.
async fn failing(flow: Flow, _: Request, _: Next) -> Result<Response, StatusCode> {
    shared::write(&flow);
    Err(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn refused(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::refused(&flow).await?))
}

async fn foreign(flow: Flow) -> Reply {
    Reply(shared::foreign(&flow))
}

/// There is no `Option<Identity<_>>`; whoever wants to, drops the rejection of a `Result`.
async fn swallow(_: Result<Identity<Claims>, Rejection>) -> Reply {
    Reply(shared::swallow())
}

async fn panic() -> Reply {
    Reply(shared::panic())
}

async fn endless(flow: Flow, _: Identity<Claims>) -> Response {
    shared::write(&flow);
    let pieces = stream::repeat(shared::ENDLESS).map(Ok::<_, Infallible>);
    ([(header::CONTENT_TYPE, routes::STREAM_TYPE)], Body::from_stream(pieces)).into_response()
}

async fn guarded_ws(
    flow: Flow,
    _: Identity<Claims>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    shared::write(&flow);
    echo_on(upgrade)
}

async fn hold(session: Session, RawQuery(query): RawQuery) -> Result<Reply, Rejection> {
    Ok(Reply(shared::hold(&session, query.as_deref()).await?))
}

async fn held(RawQuery(query): RawQuery) -> Reply {
    Reply(shared::held(query.as_deref()).await)
}

async fn release(RawQuery(query): RawQuery) -> Reply {
    Reply(shared::release(query.as_deref()))
}
