//! poem.

use std::hint::black_box;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow};
use jam_core::Jam;
use jam_poem::{Identity, JamLayer, Rejection, Session};
use jsonwebtoken::{DecodingKey, Validation, decode};
use poem::http::HeaderValue;
use poem::http::StatusCode;
use poem::http::header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use poem::session::{CookieConfig, MemoryStorage, ServerSession};
use poem::{
    Endpoint, EndpointExt, FromRequest, Middleware, Request, RequestBody, Response, Route, get,
    handler,
};
use poem_openapi::auth::Bearer;
use poem_openapi::{OpenApi, OpenApiService, SecurityScheme};
use tokio::runtime::Builder;

use super::{
    ANONYMOUS, CONTENT, Credential, EMPTY_LAYER, EXTRACTOR, Entry, Field, GROUND, Headers, NUMBER,
    READ, SESSION_FLOOR, SLIDING, Service, TOKEN, TOKEN_FLOOR, UNTOUCHED, WRITE, found, jam, next,
    now, pair,
};
use crate::claims::Claims;
use crate::peers::jsonwebtoken::{decoding_key, validation};
use crate::request_floor::{Kept, SessionFloor, TokenFloor};

/// poem's own sessions.
const SERVER_SESSION: [&str; 2] =
    ["session read, poem `ServerSession`", "session write, poem `ServerSession`"];
/// The ground of poem-openapi.
const OPENAPI: &str = "no authentication, poem-openapi 5.1";
/// poem-openapi's own security scheme.
const BEARER: &str = "token, poem-openapi 5.1 `Bearer` and `jsonwebtoken::decode`";

/// Who runs on poem.
pub(super) fn entries(mut field: Field) -> Result<Vec<Entry>> {
    let bearer = field.bearer();
    field.open(GROUND, app(get(ok)), &bearer)?;
    field.open(EMPTY_LAYER, App(Route::new().at("/", get(ok)).with(Empty)), &bearer)?;

    let again = || anyhow!("poem's floors are made once a process");
    TOKENS.set(TokenFloor::new(&field.subject)?).map_err(|_| again())?;
    field.token(TOKEN_FLOOR, app(get(floored)))?;
    field.token(TOKEN, behind(&jam::tokens(&field.subject)?, get(caller)))?;
    let keys = Arc::new((decoding_key(&field.subject)?, validation(&field.subject)?));
    field.token(EXTRACTOR, App(Route::new().at("/", get(decoded)).data(keys.clone())))?;

    let (floor, cookies) = field.floor();
    SESSIONS.set(floor).map_err(|_| again())?;
    field.read(SESSION_FLOOR, app(get(kept)), &cookies)?;

    let jam = jam::sessions(jam::THROTTLED)?;
    let cookies = field.begin(behind(&jam, get(first)))?;
    let (reader, writer) = (behind(&jam, get(read)), behind(&jam, get(write)));
    field.sessions([READ, WRITE], reader, writer, &cookies)?;
    field.open(UNTOUCHED, behind(&jam, get(ok)), &cookies)?;
    field.open(ANONYMOUS, behind(&jam, get(ok)), &[])?;
    let jam = jam::sessions(jam::ALWAYS)?;
    let cookies = field.begin(behind(&jam, get(first)))?;
    field.read(SLIDING, behind(&jam, get(read)), &cookies)?;

    // Its memory spawns a task that drops what has expired; it never runs here.
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let layer = runtime
        .block_on(async { ServerSession::new(CookieConfig::default(), MemoryStorage::new()) });
    let reader = App(layer.transform(Route::new().at("/", get(peer_read))));
    let writer = App(layer.transform(Route::new().at("/", get(peer_write))));
    let cookies = field.begin(App(layer.transform(Route::new().at("/", get(peer_first)))))?;
    field.sessions(SERVER_SESSION, reader, writer, &cookies)?;

    field.on(OPENAPI);
    let open = OpenApiService::new(Open, "bench", "1").data(keys.clone());
    field.open(OPENAPI, App(Route::new().nest("/", open)), &bearer)?;
    let guarded = OpenApiService::new(Guarded, "bench", "1").data(keys);
    field.token(BEARER, App(Route::new().nest("/", guarded)))?;
    Ok(field.finish())
}

struct App<E>(E);

impl<E: Endpoint + 'static> Service for App<E> {
    type Request = Request;
    type Response = Response;

    fn requests(credentials: &[Credential]) -> Result<impl FnMut() -> Request + 'static + use<E>> {
        let mut credentials = Headers::<HeaderValue>::new(credentials)?;
        Ok(move || {
            let mut request = Request::default();
            let headers = request.headers_mut();
            headers.insert(HOST, HeaderValue::from_static("api.example"));
            headers.insert(USER_AGENT, HeaderValue::from_static("bench"));
            headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
            if let Some((name, value)) = credentials.next() {
                headers.insert(name, value.clone());
            }
            request
        })
    }

    fn call(&mut self, request: Request) -> Response {
        let waited = || Response::builder().status(StatusCode::GATEWAY_TIMEOUT).finish();
        now(self.0.get_response(request)).unwrap_or_else(waited)
    }

    fn status(response: &Response) -> u16 {
        response.status().as_u16()
    }

    fn cookie(response: &Response) -> Option<String> {
        response.headers().get(SET_COOKIE)?.to_str().ok().map(pair)
    }
}

fn app(handler: impl Endpoint + 'static) -> App<Route> {
    App(Route::new().at("/", handler))
}

fn behind<E: Endpoint + 'static>(jam: &Jam, handler: E) -> App<impl Endpoint + use<E>> {
    App(Route::new().at("/", handler).with(JamLayer::new(jam.clone())))
}

/// A middleware that does nothing.
struct Empty;

struct EmptyEndpoint<E>(E);

impl<E: Endpoint> Middleware<E> for Empty {
    type Output = EmptyEndpoint<E>;

    fn transform(&self, inner: E) -> EmptyEndpoint<E> {
        EmptyEndpoint(inner)
    }
}

impl<E: Endpoint> Endpoint for EmptyEndpoint<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> poem::Result<E::Output> {
        self.0.call(request).await
    }
}

#[handler]
fn ok() -> StatusCode {
    StatusCode::OK
}

#[handler]
async fn caller(claims: Identity<Claims>) -> StatusCode {
    black_box(claims.payload());
    StatusCode::OK
}

#[handler]
async fn first(session: Session) -> Result<StatusCode, Rejection> {
    for (name, value) in CONTENT {
        session.set(name, value)?;
    }
    session.set(NUMBER, &next())?;
    Ok(StatusCode::OK)
}

#[handler]
async fn read(session: Session) -> Result<StatusCode, Rejection> {
    Ok(answer(session.get(NUMBER).await?))
}

#[handler]
async fn write(session: Session) -> Result<StatusCode, Rejection> {
    session.set(NUMBER, &next())?;
    Ok(StatusCode::OK)
}

#[handler]
async fn peer_first(session: &poem::session::Session) -> StatusCode {
    for (name, value) in CONTENT {
        session.set(name, value);
    }
    session.set(NUMBER, next());
    StatusCode::OK
}

#[handler]
async fn peer_read(session: &poem::session::Session) -> StatusCode {
    answer(session.get(NUMBER))
}

#[handler]
async fn peer_write(session: &poem::session::Session) -> StatusCode {
    session.set(NUMBER, next());
    StatusCode::OK
}

fn answer(number: Option<u64>) -> StatusCode {
    if found(number) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

/// The floors, where an extractor finds them at no cost: poem's own `Data` takes an allocation.
static TOKENS: OnceLock<TokenFloor> = OnceLock::new();
static SESSIONS: OnceLock<SessionFloor> = OnceLock::new();

/// Whoever is calling.
struct Caller(Claims);

impl<'a> FromRequest<'a> for Caller {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let authorization = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let claims = TOKENS.get().and_then(|floor| floor.caller(authorization));
        claims.map(Caller).ok_or_else(|| poem::Error::from_status(StatusCode::UNAUTHORIZED))
    }
}

#[handler]
async fn floored(Caller(claims): Caller) -> StatusCode {
    black_box(&claims);
    StatusCode::OK
}

/// The caller's session.
struct Found(Arc<Kept>);

impl<'a> FromRequest<'a> for Found {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let cookies = request.headers().get(COOKIE).map(HeaderValue::as_bytes);
        let session = SESSIONS.get().and_then(|floor| floor.find(cookies));
        session.map(Found).ok_or_else(|| poem::Error::from_status(StatusCode::UNAUTHORIZED))
    }
}

#[handler]
async fn kept(Found(session): Found) -> StatusCode {
    answer(Some(session.number))
}

type Keys = Arc<(DecodingKey, Validation)>;

/// What most services write.
struct Decoded(Claims);

impl<'a> FromRequest<'a> for Decoded {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        let claims = token.and_then(|token| decoded_by(request, token));
        claims.map(Decoded).ok_or_else(|| poem::Error::from_status(StatusCode::UNAUTHORIZED))
    }
}

#[handler]
async fn decoded(Decoded(claims): Decoded) -> StatusCode {
    black_box(&claims);
    StatusCode::OK
}

fn decoded_by(request: &Request, token: &str) -> Option<Claims> {
    let (key, validation) = &**request.data::<Keys>()?;
    Some(decode(token, key, validation).ok()?.claims)
}

struct Open;

#[OpenApi]
impl Open {
    #[oai(path = "/", method = "get")]
    async fn answer(&self) {}
}

struct Guarded;

#[OpenApi]
impl Guarded {
    #[oai(path = "/", method = "get")]
    async fn answer(&self, Token(claims): Token) {
        black_box(&claims);
    }
}

#[derive(SecurityScheme)]
#[oai(ty = "bearer", checker = "checked")]
struct Token(Claims);

async fn checked(request: &Request, bearer: Bearer) -> Option<Claims> {
    decoded_by(request, &bearer.token)
}
