//! The contract's routes, with axum's router, extractors and errors.

use crate::kit;
use crate::reply::Reply;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{self, IntoResponse, Response};
use axum::routing::{delete, get, post};
use jam_axum::{
    Flow, Identity, MaybeIdentity, Rejection, Session, View, require_login, require_scope,
};
use jam_core::Jam;
use reference_handlers::{BodyFault, Claims, MAX_BODY_BYTES, routes as shared};
use std::convert::Infallible;
use tokio::time;

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
        .merge(sessions())
        .merge(later())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(jam)
}

fn sessions() -> Router<Jam> {
    Router::new()
        .route("/elevate", post(elevate))
        .route("/logout-others", post(logout_others))
        .route("/logout-all", post(logout_all))
        .route("/password", post(password))
        .route("/kv", get(kv_read).post(kv_write))
        .route("/slow-kv", post(slow_kv))
        .route("/sessions", get(list))
        .route("/sessions/{handle}", delete(end_session))
        .route("/admin/revoke", post(admin_revoke))
}

/// Routes whose feature is not there yet.
fn later() -> Router<Jam> {
    Router::new()
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

/// What axum hands over of a body, in the shared parser's terms.
fn given(body: &Result<Bytes, BytesRejection>) -> Result<&[u8], BodyFault> {
    body.as_deref().map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => BodyFault::TooLarge,
        _ => BodyFault::Invalid,
    })
}

async fn login(flow: Flow, body: Result<Bytes, BytesRejection>) -> Result<Reply, Rejection> {
    Ok(Reply(shared::login(&flow, given(&body)).await?))
}

async fn elevate(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::elevate(&session).await?))
}

async fn logout(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::logout(&flow).await?))
}

async fn logout_others(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::logout_others(&session).await?))
}

async fn logout_all(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::logout_all(&flow).await?))
}

async fn password(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::password(&session).await?))
}

async fn kv_write(
    session: Session,
    body: Result<Bytes, BytesRejection>,
) -> Result<Reply, Rejection> {
    Ok(Reply(shared::kv_write(&session, given(&body)).await?))
}

async fn kv_read(session: Session, RawQuery(query): RawQuery) -> Result<Reply, Rejection> {
    Ok(Reply(shared::kv_read(&session, query.as_deref()).await?))
}

async fn slow_kv(
    session: Session,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Reply, Rejection> {
    let sleep = time::sleep; // tidy-allow: the wait that the route is for
    Ok(Reply(shared::slow_kv(&session, query.as_deref(), given(&body), sleep).await?))
}

async fn list(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::sessions(&session).await?))
}

async fn end_session(session: Session, uri: Uri) -> Result<Reply, Rejection> {
    Ok(Reply(shared::end_session(&session, uri.path()).await?))
}

async fn admin_revoke(flow: Flow, body: Result<Bytes, BytesRejection>) -> Result<Reply, Rejection> {
    Ok(Reply(shared::admin_revoke(&flow, given(&body)).await?))
}

async fn jwks(State(jam): State<Jam>) -> Reply {
    Reply(shared::jwks(&jam))
}

async fn fail(flow: Flow) -> response::Result<Reply> {
    shared::fail(&flow).await.map_err(Rejection)?;
    Err(StatusCode::INTERNAL_SERVER_ERROR.into())
}

async fn stream(flow: Flow) -> Result<impl IntoResponse, Rejection> {
    shared::visit(&flow).await?;
    let pieces = futures_util::stream::iter(shared::STREAM.map(Ok::<_, Infallible>));
    let content_type = [(header::CONTENT_TYPE, shared::STREAM_TYPE)];
    Ok((content_type, Body::from_stream(pieces)))
}

async fn ws(
    flow: Flow,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Rejection> {
    shared::visit(&flow).await?;
    Ok(echo_on(upgrade))
}

pub(crate) fn echo_on(upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>) -> Response {
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

async fn debug(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::debug(&flow).await?))
}

async fn not_available_yet() -> Reply {
    Reply(shared::not_available_yet())
}
