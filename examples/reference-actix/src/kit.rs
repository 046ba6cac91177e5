//! The routes below `/kit`, by which the conformance kit sees what the adapter does to answers: a
//! scope with a layer of its own, inside the one around everything.

use crate::reply::Reply;
use crate::routes::{admin, at, get, page, upgraded};
use actix_web::body::MessageBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Payload};
use actix_web::{Error, HttpRequest, HttpResponse};
use futures_util::{StreamExt, stream};
use jam_actix::{Flow, Identity, JamLayer, Rejection, Session, require_login, require_scope};
use jam_core::Jam;
use reference_handlers::{Claims, kit as shared, routes};
use std::convert::Infallible;

pub(crate) fn routes(jam: Jam) -> impl HttpServiceFactory {
    let admin = web::scope("/admin")
        .service(at("/here", get().to(admin)))
        .service(at("/there", get().to(admin)))
        .wrap(require_scope(routes::admin_rule()));
    let page = web::scope("/page")
        .service(at("/here", get().to(page)))
        .wrap(require_login(routes::login_page()));
    web::scope("/kit")
        .service(at("/fail", get().to(fail)))
        .service(at("/middleware", get().to(fail).wrap(from_fn(failing))))
        .service(at("/refused", get().to(refused)))
        .service(at("/foreign", get().to(foreign)))
        .service(at("/swallow", get().to(swallow)))
        .service(at("/panic", get().to(panic)))
        // Not for HEAD: actix reads a body that it does not send to its end, and this one has none.
        .service(at("/stream", web::get().to(endless)))
        .service(at("/ws", get().to(guarded_ws)))
        .service(at("/hold", web::post().to(hold)))
        .service(at("/held", get().to(held)))
        .service(at("/release", web::post().to(release)))
        .service(admin)
        .service(page)
        .wrap(JamLayer::new(jam.nested()))
}

async fn fail(flow: Flow) -> Result<Reply, Error> {
    shared::write(&flow);
    Err(ErrorInternalServerError("a handler that fails, on purpose"))
}

/// A middleware of the application's own that fails.
async fn failing<B: MessageBody>(
    flow: Flow,
    _: ServiceRequest,
    _: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    shared::write(&flow);
    Err(ErrorInternalServerError("a middleware that fails, on purpose"))
}

async fn refused(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::refused(&flow).await?))
}

async fn foreign(flow: Flow) -> Reply {
    Reply(shared::foreign(&flow))
}

/// actix makes `None` of the refusal.
async fn swallow(_: Option<Identity<Claims>>) -> Reply {
    Reply(shared::swallow())
}

async fn panic() -> Reply {
    Reply(shared::panic())
}

async fn endless(flow: Flow, _: Identity<Claims>) -> HttpResponse {
    shared::write(&flow);
    let piece = Bytes::from_static(shared::ENDLESS.as_bytes());
    let pieces = stream::repeat(piece).map(Ok::<_, Infallible>);
    HttpResponse::Ok().content_type(routes::STREAM_TYPE).streaming(pieces)
}

async fn guarded_ws(
    flow: Flow,
    _: Identity<Claims>,
    request: HttpRequest,
    body: Payload,
) -> HttpResponse {
    shared::write(&flow);
    upgraded(request, body)
}

async fn hold(session: Session, request: HttpRequest) -> Result<Reply, Rejection> {
    Ok(Reply(shared::hold(&session, request.uri().query()).await?))
}

async fn held(request: HttpRequest) -> Reply {
    Reply(shared::held(request.uri().query()).await)
}

async fn release(request: HttpRequest) -> Reply {
    Reply(shared::release(request.uri().query()))
}
