//! The contract's routes, with axum's router, extractors and errors.

use crate::kit;
use crate::reply::Reply;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use jam_axum::{Flow, Identity, MaybeIdentity, Rejection, View, require_login, require_scope};
use jam_core::Jam;
use reference_handlers::{BodyFault, Claims, MAX_BODY_BYTES, routes as shared};
use std::convert::Infallible;

/// All routes, without the layer that they need around them.
pub fn routes(jam: Jam) -> Router {
    Router::new()
        .route("/public", get(public))
        .route("/whoami", get(whoami))
        .route("/maybe", get(maybe))
        .route("/admin", get(admin).route_layer(require_scope(shared::admin_rule())))
        .route("/page", get(page).route_layer(require_login(shared::login_page())))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/jwks.json", get(jwks))
        .route("/fail", get(fail))
        .route("/stream", get(stream))
        .route("/ws", get(ws))
        .route("/credential", get(credential))
        .route("/debug", get(debug))
        .nest("/kit", kit::routes(jam.clone()))
        .merge(later())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(jam)
}

/// Routes whose feature is not there yet.
fn later() -> Router<Jam> {
    Router::new()
        .route("/elevate", post(not_available_yet))
        .route("/logout-others", post(not_available_yet))
        .route("/logout-all", post(not_available_yet))
        .route("/password", post(not_available_yet))
        .route("/kv", get(not_available_yet).post(not_available_yet))
        .route("/slow-kv", post(not_available_yet))
        .route("/sessions", get(not_available_yet))
        .route("/sessions/{handle}", delete(not_available_yet))
        .route("/admin/revoke", post(not_available_yet))
        .route("/token", post(not_available_yet))
        .route("/token/refresh", post(not_available_yet))
        .route("/token/revoke", post(not_available_yet))
}

async fn public() -> Reply {
    Reply(shared::public())
}

async fn whoami(identity: Identity<Claims>) -> Reply {
    Reply(shared::whoami(&identity))
}

async fn maybe(identity: MaybeIdentity<Claims>) -> Reply {
    Reply(shared::maybe(identity.as_ref()))
}

pub(crate) async fn admin() -> Reply {
    Reply(shared::admin())
}

pub(crate) async fn page() -> Reply {
    Reply(shared::page())
}

async fn login(flow: Flow, body: Result<Bytes, BytesRejection>) -> Result<Reply, Rejection> {
    let body = body.as_deref().map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => BodyFault::TooLarge,
        _ => BodyFault::Invalid,
    });
    Ok(Reply(shared::login(&flow, body)?))
}

async fn logout(flow: Flow) -> Reply {
    Reply(shared::logout(&flow))
}

async fn jwks(State(jam): State<Jam>) -> Reply {
    Reply(shared::jwks(&jam))
}

pub(crate) async fn fail() -> Result<Reply, StatusCode> {
    Err(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn stream() -> Response {
    let pieces = futures_util::stream::iter(shared::STREAM.map(Ok::<_, Infallible>));
    let content_type = [(header::CONTENT_TYPE, shared::STREAM_TYPE)];
    (content_type, Body::from_stream(pieces)).into_response()
}

pub(crate) async fn ws(upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> Response {
    match upgrade {
        Ok(upgrade) => upgrade.on_upgrade(echo),
        Err(_) => Reply(shared::no_websocket()).into_response(),
    }
}

/// Sends every message back; pings are answered by axum itself.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_) | Message::Binary(_))
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}

async fn credential(State(jam): State<Jam>, request: Request) -> Reply {
    let view = View::from(&request);
    let (source, found) = jam.find_credential(&view);
    Reply(shared::credential(source, &found))
}

async fn debug(flow: Flow) -> Reply {
    Reply(shared::debug(&flow))
}

async fn not_available_yet() -> Reply {
    Reply(shared::not_available_yet())
}
