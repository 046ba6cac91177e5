//! The contract's routes, with poem's router, extractors and errors.

use crate::kit;
use crate::reply::Reply;
use futures_util::{SinkExt, StreamExt};
use jam_core::Jam;
use jam_poem::{Flow, Identity, MaybeIdentity, Rejection, View, require_login, require_scope};
use poem::error::ReadBodyError;
use poem::http::StatusCode;
use poem::web::websocket::{Message, WebSocket, WebSocketStream};
use poem::{
    Body, EndpointExt, Error, IntoResponse, Request, Response, Result, Route, delete, get, handler,
    post,
};
use reference_handlers::{BodyFault, Claims, MAX_BODY_BYTES, routes as shared};
use std::io;

/// All routes, without the layer that they need around them.
pub fn routes(jam: Jam) -> Route {
    let routes = Route::new()
        .at("/public", get(public))
        .at("/whoami", get(whoami))
        .at("/maybe", get(maybe))
        .at("/admin", get(admin.with(require_scope(shared::admin_rule()))))
        .at("/page", get(page.with(require_login(shared::login_page()))))
        .at("/login", post(login))
        .at("/logout", post(logout))
        .at("/jwks.json", get(jwks))
        .at("/fail", get(fail))
        .at("/stream", get(stream))
        .at("/ws", get(ws))
        .at("/credential", get(credential))
        .at("/debug", get(debug))
        .nest("/kit", kit::routes(jam));
    later(routes)
}

/// Routes whose feature is not there yet.
fn later(routes: Route) -> Route {
    routes
        .at("/elevate", post(not_available_yet))
        .at("/logout-others", post(not_available_yet))
        .at("/logout-all", post(not_available_yet))
        .at("/password", post(not_available_yet))
        .at("/kv", get(not_available_yet).post(not_available_yet))
        .at("/slow-kv", post(not_available_yet))
        .at("/sessions", get(not_available_yet))
        .at("/sessions/:handle", delete(not_available_yet))
        .at("/admin/revoke", post(not_available_yet))
        .at("/token", post(not_available_yet))
        .at("/token/refresh", post(not_available_yet))
        .at("/token/revoke", post(not_available_yet))
}

#[handler]
fn public() -> Reply {
    Reply(shared::public())
}

#[handler]
fn whoami(identity: Identity<Claims>) -> Reply {
    Reply(shared::whoami(&identity))
}

#[handler]
fn maybe(identity: MaybeIdentity<Claims>) -> Reply {
    Reply(shared::maybe(identity.as_ref()))
}

#[handler]
pub(crate) fn admin() -> Reply {
    Reply(shared::admin())
}

#[handler]
pub(crate) fn page() -> Reply {
    Reply(shared::page())
}

#[handler]
async fn login(flow: Flow, body: Body) -> Result<Reply, Rejection> {
    let body = body.into_bytes_limit(MAX_BODY_BYTES).await.map_err(|error| match error {
        ReadBodyError::PayloadTooLarge => BodyFault::TooLarge,
        _ => BodyFault::Invalid,
    });
    Ok(Reply(shared::login(&flow, body.as_deref().map_err(|fault| *fault))?))
}

#[handler]
fn logout(flow: Flow) -> Reply {
    Reply(shared::logout(&flow))
}

#[handler]
fn jwks(flow: Flow) -> Reply {
    Reply(shared::jwks(flow.jam()))
}

#[handler]
fn fail() -> Result<Reply> {
    Err(Error::from_status(StatusCode::INTERNAL_SERVER_ERROR))
}

#[handler]
fn stream() -> Response {
    let pieces = futures_util::stream::iter(shared::STREAM.map(Ok::<_, io::Error>));
    Response::builder().content_type(shared::STREAM_TYPE).body(Body::from_bytes_stream(pieces))
}

#[handler]
fn ws(upgrade: Result<WebSocket>) -> Response {
    upgraded(upgrade)
}

/// A socket that echoes, where the request asks for one.
pub(crate) fn upgraded(upgrade: Result<WebSocket>) -> Response {
    match upgrade {
        Ok(upgrade) => upgrade.on_upgrade(echo).into_response(),
        Err(_) => Reply(shared::no_websocket()).into_response(),
    }
}

/// Sends every message back; pings are answered by poem itself.
async fn echo(mut socket: WebSocketStream) {
    while let Some(Ok(message)) = socket.next().await {
        if matches!(message, Message::Text(_) | Message::Binary(_))
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}

#[handler]
fn credential(flow: Flow, request: &Request) -> Reply {
    let view = View::from(request);
    let (source, found) = flow.jam().find_credential(&view);
    Reply(shared::credential(source, &found))
}

#[handler]
fn debug(flow: Flow) -> Reply {
    Reply(shared::debug(&flow))
}

#[handler]
fn not_available_yet() -> Reply {
    Reply(shared::not_available_yet())
}
