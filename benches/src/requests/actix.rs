//! actix-web.

use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::sync::Arc;

use actix_http::Request;
use actix_identity::{Identity as PeerIdentity, IdentityMiddleware};
use actix_session::SessionMiddleware;
use actix_session::storage::CookieSessionStore;
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::dev::{Payload, Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorUnauthorized;
use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, COOKIE, HOST, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT,
};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Data, get};
use actix_web::{App as Application, Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use actix_web::{Route, dev};
use actix_web_httpauth::extractors::bearer::BearerAuth;
use actix_web_httpauth::middleware::HttpAuthentication;
use anyhow::{Context, Result};
use jam_actix::{Identity, JamLayer, Rejection, Session};
use jam_core::Jam;
use jsonwebtoken::{DecodingKey, Validation, decode};

use super::{
    ANONYMOUS, CONTENT, Credential, EMPTY_LAYER, EXTRACTOR, Entry, Field, GROUND, Headers, NUMBER,
    READ, SESSION_FLOOR, SLIDING, Service, TOKEN, TOKEN_FLOOR, UNTOUCHED, WRITE, found, jam, next,
    now, pair,
};
use crate::claims::Claims;
use crate::peers::jsonwebtoken::{decoding_key, validation};
use crate::request_floor::{Kept, SessionFloor, TokenFloor};

/// actix-session, whose sessions are in their encrypted cookies.
const ACTIX_SESSION: [&str; 2] =
    ["session read, actix-session 0.11 (cookie)", "session write, actix-session 0.11 (cookie)"];
/// The same with an identity in it.
const ACTIX_IDENTITY: &str = "session read, actix-identity 0.9 (cookie)";
/// The bearer's middleware, with jsonwebtoken behind it.
const HTTPAUTH: &str = "token, actix-web-httpauth 0.8 and `jsonwebtoken::decode`";

/// Who runs on actix-web.
pub(super) fn entries(mut field: Field) -> Result<Vec<Entry>> {
    let bearer = field.bearer();
    let open = || Application::new().route("/", get().to(ok));
    field.open(GROUND, app(init_service(open()))?, &bearer)?;
    let empty = open().wrap_fn(|request, inner| inner.call(request));
    field.open(EMPTY_LAYER, app(init_service(empty))?, &bearer)?;

    let floor = Data::new(TokenFloor::new(&field.subject)?);
    field.token(TOKEN_FLOOR, app(init_service(route(get().to(caller)).app_data(floor)))?)?;
    field.token(TOKEN, behind(&jam::tokens(&field.subject)?, get().to(claims))?)?;
    let keys = Data::new((decoding_key(&field.subject)?, validation(&field.subject)?));
    field.token(EXTRACTOR, app(init_service(route(get().to(decoded)).app_data(keys.clone())))?)?;
    let auth = HttpAuthentication::bearer(move |request: ServiceRequest, bearer: BearerAuth| {
        ready(admitted(&keys, request, &bearer))
    });
    field.token(HTTPAUTH, app(init_service(route(get().to(noted)).wrap(auth)))?)?;

    let (floor, cookies) = field.floor();
    let floor = route(get().to(kept)).app_data(Data::new(floor));
    field.read(SESSION_FLOOR, app(init_service(floor))?, &cookies)?;

    let jam = jam::sessions(jam::THROTTLED)?;
    let (reader, writer) = (behind(&jam, get().to(read))?, behind(&jam, get().to(write))?);
    let cookies = field.begin(behind(&jam, get().to(first))?)?;
    field.sessions([READ, WRITE], reader, writer, &cookies)?;
    field.open(UNTOUCHED, behind(&jam, get().to(ok))?, &cookies)?;
    field.open(ANONYMOUS, behind(&jam, get().to(ok))?, &[])?;
    let jam = jam::sessions(jam::ALWAYS)?;
    let cookies = field.begin(behind(&jam, get().to(first))?)?;
    field.read(SLIDING, behind(&jam, get().to(read))?, &cookies)?;

    let key = Key::generate();
    let layer = || SessionMiddleware::new(CookieSessionStore::default(), key.clone());
    let peer = |handler| app(init_service(route(handler).wrap(layer())));
    let cookies = field.begin(peer(get().to(peer_first))?)?;
    let (reader, writer) = (peer(get().to(peer_read))?, peer(get().to(peer_write))?);
    field.sessions(ACTIX_SESSION, reader, writer, &cookies)?;
    let peer = |handler| {
        app(init_service(route(handler).wrap(IdentityMiddleware::default()).wrap(layer())))
    };
    let cookies = field.begin(peer(get().to(peer_login))?)?;
    field.read(ACTIX_IDENTITY, peer(get().to(peer_identity))?, &cookies)?;
    Ok(field.finish())
}

struct App<S>(S);

impl<S, B> Service for App<S>
where
    S: dev::Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Request = Request;
    type Response = Result<ServiceResponse<B>, HttpResponse>;

    fn requests(
        credentials: &[Credential],
    ) -> Result<impl FnMut() -> Request + 'static + use<S, B>> {
        let mut credentials = Headers::<HeaderValue>::new(credentials)?;
        Ok(move || {
            let request = TestRequest::get()
                .insert_header((HOST, HeaderValue::from_static("api.example")))
                .insert_header((USER_AGENT, HeaderValue::from_static("bench")))
                .insert_header((ACCEPT, HeaderValue::from_static("*/*")));
            match credentials.next() {
                Some((name, value)) => request.insert_header((name, value.clone())).to_request(),
                None => request.to_request(),
            }
        })
    }

    fn call(&mut self, request: Request) -> Self::Response {
        match now(self.0.call(request)) {
            Some(answer) => answer.map_err(|error| error.error_response()),
            None => Err(HttpResponse::GatewayTimeout().finish()),
        }
    }

    fn status(response: &Self::Response) -> u16 {
        match response {
            Ok(response) => response.status().as_u16(),
            Err(response) => response.status().as_u16(),
        }
    }

    fn cookie(response: &Self::Response) -> Option<String> {
        let headers = response.as_ref().ok()?.headers();
        headers.get(SET_COOKIE)?.to_str().ok().map(pair)
    }
}

fn app<S>(service: impl Future<Output = S>) -> Result<App<S>> {
    now(service).map(App).context("actix-web waits")
}

fn route(
    handler: Route,
) -> Application<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    >,
> {
    Application::new().route("/", handler)
}

fn behind(jam: &Jam, handler: Route) -> Result<impl Service + use<>> {
    app(init_service(route(handler).wrap(JamLayer::new(jam.clone()))))
}

async fn ok() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn claims(claims: Identity<Claims>) -> HttpResponse {
    black_box(claims.payload());
    HttpResponse::Ok().finish()
}

async fn first(session: Session) -> Result<HttpResponse, Rejection> {
    for (name, value) in CONTENT {
        session.set(name, value)?;
    }
    write(session).await
}

async fn read(session: Session) -> Result<HttpResponse, Rejection> {
    Ok(answer(session.get(NUMBER).await?))
}

async fn write(session: Session) -> Result<HttpResponse, Rejection> {
    session.set(NUMBER, &next())?;
    Ok(HttpResponse::Ok().finish())
}

async fn peer_first(session: actix_session::Session) -> Result<HttpResponse, Error> {
    for (name, value) in CONTENT {
        session.insert(name, value)?;
    }
    peer_write(session).await
}

async fn peer_read(session: actix_session::Session) -> Result<HttpResponse, Error> {
    Ok(answer(session.get(NUMBER)?))
}

async fn peer_write(session: actix_session::Session) -> Result<HttpResponse, Error> {
    session.insert(NUMBER, next())?;
    Ok(HttpResponse::Ok().finish())
}

async fn peer_login(request: HttpRequest) -> Result<HttpResponse, Error> {
    PeerIdentity::login(&request.extensions(), next().to_string()).map_err(ErrorUnauthorized)?;
    Ok(HttpResponse::Ok().finish())
}

async fn peer_identity(identity: PeerIdentity) -> Result<HttpResponse, Error> {
    let id = identity.id().map_err(ErrorUnauthorized)?;
    Ok(answer(id.parse().ok()))
}

fn answer(number: Option<u64>) -> HttpResponse {
    if found(number) { HttpResponse::Ok().finish() } else { HttpResponse::Unauthorized().finish() }
}

fn header(request: &HttpRequest, name: HeaderName) -> Option<&HeaderValue> {
    request.headers().get(name)
}

/// Whoever is calling.
struct Caller(Claims);

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let authorization = header(request, AUTHORIZATION).map(HeaderValue::as_bytes);
        let floor = request.app_data::<Data<TokenFloor>>();
        let claims = floor.and_then(|floor| floor.caller(authorization));
        ready(claims.map(Caller).ok_or_else(|| ErrorUnauthorized("")))
    }
}

async fn caller(Caller(claims): Caller) -> HttpResponse {
    black_box(&claims);
    HttpResponse::Ok().finish()
}

/// The caller's session.
struct Found(Arc<Kept>);

impl FromRequest for Found {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let cookies = header(request, COOKIE).map(HeaderValue::as_bytes);
        let floor = request.app_data::<Data<SessionFloor>>();
        let session = floor.and_then(|floor| floor.find(cookies));
        ready(session.map(Found).ok_or_else(|| ErrorUnauthorized("")))
    }
}

async fn kept(Found(session): Found) -> HttpResponse {
    answer(Some(session.number))
}

type Keys = Data<(DecodingKey, Validation)>;

/// What most services write.
struct Decoded(Claims);

impl FromRequest for Decoded {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let authorization = header(request, AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let data = token.zip(request.app_data::<Keys>()).and_then(|(token, keys)| {
            let (key, validation) = &***keys;
            decode(token, key, validation).ok()
        });
        ready(data.map(|data| Decoded(data.claims)).ok_or_else(|| ErrorUnauthorized("")))
    }
}

async fn decoded(Decoded(claims): Decoded) -> HttpResponse {
    black_box(&claims);
    HttpResponse::Ok().finish()
}

fn admitted(
    keys: &Keys,
    request: ServiceRequest,
    bearer: &BearerAuth,
) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    let (key, validation) = &***keys;
    match decode::<Claims>(bearer.token(), key, validation) {
        Ok(data) => {
            request.extensions_mut().insert(data.claims);
            Ok(request)
        }
        Err(_) => Err((ErrorUnauthorized(""), request)),
    }
}

async fn noted(request: HttpRequest) -> HttpResponse {
    black_box(request.extensions().get::<Claims>());
    HttpResponse::Ok().finish()
}
