//! The contract's routes, with poem's router, extractors and errors.

use crate::kit;
use crate::reply::Reply;
use futures_util::{SinkExt, StreamExt, stream as streams};
use jam_core::Jam;
use jam_poem::{
    Flow, Identity, MaybeIdentity, Rejection, Session, require_login, require_scope, view,
};
use poem::error::ReadBodyError;
use poem::http::{StatusCode, Uri};
use poem::web::websocket::{Message, WebSocket, WebSocketStream};
use poem::{
    Body, EndpointExt, Error, FromRequest, IntoResponse, Request, RequestBody, Response, Result,
    Route, delete, get, handler, post,
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
    later(sessions(routes))
}

/// The routes that are about sessions.
fn sessions(routes: Route) -> Route {
    routes
        .at("/elevate", post(elevate))
        .at("/logout-others", post(logout_others))
        .at("/logout-all", post(logout_all))
        .at("/password", post(password))
        .at("/kv", get(kv_read).post(kv_write))
        .at("/slow-kv", post(slow_kv))
        .at("/sessions", get(list))
        .at("/sessions/:handle", delete(end_session))
        .at("/admin/revoke", post(admin_revoke))
}

/// Routes whose feature is not there yet.
fn later(routes: Route) -> Route {
    routes
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

type Answered = Result<Reply, Rejection>;

/// The body of a request, up to the contract's limit.
struct Given(Result<Vec<u8>, BodyFault>);

impl<'r> FromRequest<'r> for Given {
    async fn from_request(request: &'r Request, body: &mut RequestBody) -> Result<Self> {
        let body = Body::from_request(request, body).await?;
        let read = body.into_bytes_limit(MAX_BODY_BYTES).await;
        Ok(Given(read.map(Vec::from).map_err(|error| match error {
            ReadBodyError::PayloadTooLarge => BodyFault::TooLarge,
            _ => BodyFault::Invalid,
        })))
    }
}

impl Given {
    fn as_ref(&self) -> Result<&[u8], BodyFault> {
        self.0.as_deref().map_err(|fault| *fault)
    }
}

#[handler]
async fn login(flow: Flow, body: Given) -> Answered {
    Ok(Reply(shared::login(&flow, body.as_ref()).await?))
}

#[handler]
async fn logout(flow: Flow) -> Answered {
    Ok(Reply(shared::logout(&flow).await?))
}

#[handler]
async fn elevate(session: Session) -> Answered {
    Ok(Reply(shared::elevate(&session).await?))
}

#[handler]
async fn logout_others(session: Session) -> Answered {
    Ok(Reply(shared::logout_others(&session).await?))
}

#[handler]
async fn logout_all(flow: Flow) -> Answered {
    Ok(Reply(shared::logout_all(&flow).await?))
}

#[handler]
async fn password(session: Session) -> Answered {
    Ok(Reply(shared::password(&session).await?))
}

#[handler]
async fn kv_read(session: Session, request: &Request) -> Answered {
    Ok(Reply(shared::kv_read(&session, request.uri().query()).await?))
}

#[handler]
async fn kv_write(session: Session, body: Given) -> Answered {
    Ok(Reply(shared::kv_write(&session, body.as_ref()).await?))
}

#[handler]
async fn slow_kv(session: Session, request: &Request, body: Given) -> Answered {
    let (query, body) = (request.uri().query(), body.as_ref());
    let sleep = tokio::time::sleep; // tidy-allow: it is slow-kv
    Ok(Reply(shared::slow_kv(&session, query, body, sleep).await?))
}

#[handler]
async fn list(session: Session) -> Answered {
    Ok(Reply(shared::sessions(&session).await?))
}

#[handler]
async fn end_session(session: Session, uri: &Uri) -> Answered {
    Ok(Reply(shared::end_session(&session, uri.path()).await?))
}

#[handler]
async fn admin_revoke(flow: Flow, body: Given) -> Answered {
    Ok(Reply(shared::admin_revoke(&flow, body.as_ref()).await?))
}

#[handler]
fn jwks(flow: Flow) -> Reply {
    Reply(shared::jwks(flow.jam()))
}

#[handler]
async fn fail(flow: Flow) -> Result<Reply> {
    shared::fail(&flow).await.map_err(Rejection::from)?;
    Err(Error::from_status(StatusCode::INTERNAL_SERVER_ERROR))
}

#[handler]
async fn stream(flow: Flow) -> Result<Response, Rejection> {
    shared::visit(&flow).await?;
    let pieces = Body::from_bytes_stream(streams::iter(shared::STREAM.map(Ok::<_, io::Error>)));
    Ok(Response::builder().content_type(shared::STREAM_TYPE).body(pieces))
}

#[handler]
async fn ws(flow: Flow, upgrade: Result<WebSocket>) -> Result<Response, Rejection> {
    shared::visit(&flow).await?;
    Ok(upgraded(upgrade))
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
    let view = view(request);
    let (source, found) = flow.jam().find_credential(&view);
    Reply(shared::credential(source, &found))
}

#[handler]
async fn debug(flow: Flow) -> Answered {
    Ok(Reply(shared::debug(&flow).await?))
}

#[handler]
fn not_available_yet() -> Reply {
    Reply(shared::not_available_yet())
}
