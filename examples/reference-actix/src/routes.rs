//! The contract's routes, with actix's resources, extractors and errors.

use crate::kit;
use crate::reply::Reply;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::{StatusCode, Uri};
use actix_web::web::{self, Bytes, Payload, PayloadConfig, ServiceConfig, ThinData};
use actix_web::{Error, HttpRequest, HttpResponse, Resource, Route, guard, rt};
use actix_ws::{AggregatedMessage, MessageStream};
use futures_util::stream;
use jam_actix::{
    Flow, Identity, MaybeIdentity, Rejection, Session, View, require_login, require_scope,
};
use jam_core::Jam;
use reference_handlers::{BodyFault, Claims, MAX_BODY_BYTES, routes as shared};
use std::convert::Infallible;

/// All routes, without the layer that they need around them.
pub fn routes(jam: Jam) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(PayloadConfig::new(MAX_BODY_BYTES))
            .app_data(ThinData(jam.clone()))
            .service(at("/public", get().to(public)))
            .service(at("/whoami", get().to(whoami)))
            .service(at("/maybe", get().to(maybe)))
            .service(at("/admin", get().to(admin).wrap(require_scope(shared::admin_rule()))))
            .service(at("/page", get().to(page).wrap(require_login(shared::login_page()))))
            .service(at("/login", web::post().to(login)))
            .service(at("/logout", web::post().to(logout)))
            .configure(sessions)
            .service(at("/jwks.json", get().to(jwks)))
            .service(at("/fail", get().to(fail)))
            .service(at("/stream", get().to(stream)))
            .service(at("/ws", get().to(ws)))
            .service(at("/credential", get().to(credential)))
            .service(at("/debug", get().to(debug)))
            .service(kit::routes(jam))
            .configure(later);
    }
}

/// The routes that are about sessions.
fn sessions(config: &mut ServiceConfig) {
    config
        .service(at("/elevate", web::post().to(elevate)))
        .service(at("/logout-others", web::post().to(logout_others)))
        .service(at("/logout-all", web::post().to(logout_all)))
        .service(at("/password", web::post().to(password)))
        .service(at("/kv", get().to(kv_read)).route(web::post().to(kv_write)))
        .service(at("/slow-kv", web::post().to(slow_kv)))
        .service(at("/sessions", get().to(list)))
        .service(at("/sessions/{handle}", web::delete().to(end_session)))
        .service(at("/admin/revoke", web::post().to(admin_revoke)));
}

/// Routes whose feature is not there yet.
fn later(config: &mut ServiceConfig) {
    let later = |path| at(path, web::post().to(not_available_yet));
    config
        .service(later("/token"))
        .service(later("/token/refresh"))
        .service(later("/token/revoke"));
}

/// A resource of one route; it answers other methods with 405.
pub(crate) fn at(path: &str, route: Route) -> Resource {
    web::resource(path).route(route)
}

/// GET, and HEAD like it: actix leaves HEAD to the application.
pub(crate) fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
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

type Answered = Result<Reply, Rejection>;

/// A body of the contract's, as actix has read it.
type Body = Result<Bytes, Error>;

fn given(body: &Body) -> Result<&[u8], BodyFault> {
    body.as_deref().map_err(|error| match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => BodyFault::TooLarge,
        _ => BodyFault::Invalid,
    })
}

async fn login(flow: Flow, body: Body) -> Answered {
    Ok(Reply(shared::login(&flow, given(&body)).await?))
}

async fn logout(flow: Flow) -> Answered {
    Ok(Reply(shared::logout(&flow).await?))
}

async fn elevate(session: Session) -> Answered {
    Ok(Reply(shared::elevate(&session).await?))
}

async fn logout_others(session: Session) -> Answered {
    Ok(Reply(shared::logout_others(&session).await?))
}

async fn logout_all(flow: Flow) -> Answered {
    Ok(Reply(shared::logout_all(&flow).await?))
}

async fn password(session: Session) -> Answered {
    Ok(Reply(shared::password(&session).await?))
}

async fn kv_read(session: Session, request: HttpRequest) -> Answered {
    Ok(Reply(shared::kv_read(&session, request.uri().query()).await?))
}

async fn kv_write(session: Session, body: Body) -> Answered {
    Ok(Reply(shared::kv_write(&session, given(&body)).await?))
}

async fn slow_kv(session: Session, request: HttpRequest, body: Body) -> Answered {
    let (query, body) = (request.uri().query(), given(&body));
    let sleep = rt::time::sleep; // tidy-allow: it is slow-kv
    Ok(Reply(shared::slow_kv(&session, query, body, sleep).await?))
}

async fn list(session: Session) -> Answered {
    Ok(Reply(shared::sessions(&session).await?))
}

async fn end_session(session: Session, uri: Uri) -> Answered {
    Ok(Reply(shared::end_session(&session, uri.path()).await?))
}

async fn admin_revoke(flow: Flow, body: Body) -> Answered {
    Ok(Reply(shared::admin_revoke(&flow, given(&body)).await?))
}

async fn jwks(ThinData(jam): ThinData<Jam>) -> Reply {
    Reply(shared::jwks(&jam))
}

async fn fail(flow: Flow) -> Result<Reply, Error> {
    shared::fail(&flow).await.map_err(Rejection::from)?;
    Err(ErrorInternalServerError("a handler that fails, on purpose"))
}

async fn stream(flow: Flow) -> Result<HttpResponse, Rejection> {
    shared::visit(&flow).await?;
    let pieces =
        shared::STREAM.map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes())));
    Ok(HttpResponse::Ok().content_type(shared::STREAM_TYPE).streaming(stream::iter(pieces)))
}

async fn ws(flow: Flow, request: HttpRequest, body: Payload) -> Result<HttpResponse, Rejection> {
    shared::visit(&flow).await?;
    Ok(upgraded(request, body))
}

/// A socket that echoes, where the request asks for one.
pub(crate) fn upgraded(request: HttpRequest, body: Payload) -> HttpResponse {
    match actix_ws::handle(&request, body) {
        Ok((response, session, messages)) => {
            rt::spawn(echo(session, messages));
            response
        }
        Err(_) => Reply(shared::no_websocket()).into(),
    }
}

/// Sends every message back.
async fn echo(mut session: actix_ws::Session, messages: MessageStream) {
    let mut messages = messages.aggregate_continuations();
    while let Some(Ok(message)) = messages.recv().await {
        let sent = match message {
            AggregatedMessage::Text(text) => session.text(text).await,
            AggregatedMessage::Binary(bytes) => session.binary(bytes).await,
            AggregatedMessage::Ping(bytes) => session.pong(&bytes).await,
            AggregatedMessage::Pong(_) => Ok(()),
            AggregatedMessage::Close(reason) => {
                let _ = session.close(reason).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn credential(ThinData(jam): ThinData<Jam>, request: HttpRequest) -> Reply {
    let view = View::from(&request);
    let (source, found) = jam.find_credential(&view);
    Reply(shared::credential(source, &found))
}

async fn debug(flow: Flow) -> Answered {
    Ok(Reply(shared::debug(&flow).await?))
}

async fn not_available_yet() -> Reply {
    Reply(shared::not_available_yet())
}
