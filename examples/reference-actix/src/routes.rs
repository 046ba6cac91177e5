//! The contract's routes, with actix's resources, extractors and errors.

use crate::kit;
use crate::reply::Reply;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Payload, PayloadConfig, ServiceConfig, ThinData};
use actix_web::{Error, HttpRequest, HttpResponse, Resource, Route, guard, rt};
use actix_ws::{AggregatedMessage, MessageStream, Session};
use futures_util::stream;
use jam_actix::{Flow, Identity, MaybeIdentity, Rejection, View, require_login, require_scope};
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

/// Routes whose feature is not there yet.
fn later(config: &mut ServiceConfig) {
    let later = |route: Route| route.to(not_available_yet);
    config
        .service(at("/elevate", later(web::post())))
        .service(at("/logout-others", later(web::post())))
        .service(at("/logout-all", later(web::post())))
        .service(at("/password", later(web::post())))
        .service(at("/kv", later(get())).route(later(web::post())))
        .service(at("/slow-kv", later(web::post())))
        .service(at("/sessions", later(get())))
        .service(at("/sessions/{handle}", later(web::delete())))
        .service(at("/admin/revoke", later(web::post())))
        .service(at("/token", later(web::post())))
        .service(at("/token/refresh", later(web::post())))
        .service(at("/token/revoke", later(web::post())));
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

async fn login(flow: Flow, body: Result<Bytes, Error>) -> Result<Reply, Rejection> {
    let body = body.as_deref().map_err(|error| match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => BodyFault::TooLarge,
        _ => BodyFault::Invalid,
    });
    Ok(Reply(shared::login(&flow, body)?))
}

async fn logout(flow: Flow) -> Reply {
    Reply(shared::logout(&flow))
}

async fn jwks(ThinData(jam): ThinData<Jam>) -> Reply {
    Reply(shared::jwks(&jam))
}

async fn fail() -> Result<Reply, Error> {
    Err(ErrorInternalServerError("a handler that fails, on purpose"))
}

async fn stream() -> HttpResponse {
    let pieces =
        shared::STREAM.map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes())));
    HttpResponse::Ok().content_type(shared::STREAM_TYPE).streaming(stream::iter(pieces))
}

pub(crate) async fn ws(request: HttpRequest, body: Payload) -> HttpResponse {
    match actix_ws::handle(&request, body) {
        Ok((response, session, messages)) => {
            rt::spawn(echo(session, messages));
            response
        }
        Err(_) => Reply(shared::no_websocket()).into(),
    }
}

/// Sends every message back.
async fn echo(mut session: Session, messages: MessageStream) {
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

async fn debug(flow: Flow) -> Reply {
    Reply(shared::debug(&flow))
}

async fn not_available_yet() -> Reply {
    Reply(shared::not_available_yet())
}
