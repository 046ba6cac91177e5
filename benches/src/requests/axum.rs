//! axum.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::GetAll;
use axum::http::header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::routing::{MethodRouter, get};
use jam_axum::{Identity, JamLayer, Rejection, Session};
use jam_core::Jam;
use jsonwebtoken::{DecodingKey, Validation, decode};
use tower_layer::Layer;
use tower_service::Service as _;
use tower_sessions::{MemoryStore, SessionManagerLayer};

use super::{
    ANONYMOUS, CONTENT, Credential, EMPTY_LAYER, EXTRACTOR, Entry, Field, GROUND, Headers, NUMBER,
    READ, SESSION_FLOOR, SLIDING, Service, TOKEN, TOKEN_FLOOR, UNTOUCHED, WRITE, axum_bound,
    axum_peers, found, jam, next, now, pair,
};
use crate::claims::Claims;
use crate::peers::jsonwebtoken::{decoding_key, validation};
use crate::request_floor::{Kept, SessionFloor, TokenFloor};
use crate::subject::Subject;

/// tower-sessions over its own memory.
pub(super) const TOWER_SESSIONS: [&str; 2] =
    ["session read, tower-sessions 0.15", "session write, tower-sessions 0.15"];

/// Who runs on axum.
pub(super) fn entries(mut field: Field) -> Result<Vec<Entry>> {
    let bearer = field.bearer();
    let empty = App::new(open().0.layer(tower_layer::Identity::new()));
    field.open(GROUND, open(), &bearer)?;
    field.open(EMPTY_LAYER, empty, &bearer)?;

    field.token(TOKEN_FLOOR, token_floor(&field.subject)?)?;
    field.token(TOKEN, behind(&jam::tokens(&field.subject)?, get(claims)))?;
    field.token(EXTRACTOR, extractor(&field.subject)?)?;

    let (floor, cookies) = field.floor();
    let floor = App::new(Router::new().route("/", get(kept)).with_state(Arc::new(floor)));
    field.read(SESSION_FLOOR, floor, &cookies)?;

    let jam = jam::sessions(jam::THROTTLED)?;
    let cookies = field.begin(behind(&jam, get(first)))?;
    let (reader, writer) = (behind(&jam, get(read)), behind(&jam, get(write)));
    field.sessions([READ, WRITE], reader, writer, &cookies)?;
    field.open(UNTOUCHED, behind(&jam, get(ok)), &cookies)?;
    field.open(ANONYMOUS, behind(&jam, get(ok)), &[])?;
    let jam = jam::sessions(jam::ALWAYS)?;
    let cookies = field.begin(behind(&jam, get(first)))?;
    field.read(SLIDING, behind(&jam, get(read)), &cookies)?;

    let layer = SessionManagerLayer::new(MemoryStore::default());
    let peer = |handler| App::new(Router::new().route("/", handler).layer(layer.clone()));
    let cookies = field.begin(peer(get(tower_first)))?;
    field.sessions(TOWER_SESSIONS, peer(get(tower_read)), peer(get(tower_write)), &cookies)?;
    axum_bound::enter(&mut field)?;
    axum_peers::enter(&mut field)?;
    Ok(field.finish())
}

pub(super) struct App(Router);

impl App {
    /// As `axum::serve` does it: with a state, every layer is applied once and not with each request.
    pub(super) fn new(router: Router) -> Self {
        Self(router.with_state(()))
    }
}

impl Service for App {
    type Request = Request<Body>;
    type Response = Response<Body>;

    fn requests(
        credentials: &[Credential],
    ) -> Result<impl FnMut() -> Self::Request + 'static + use<>> {
        requests(credentials)
    }

    fn call(&mut self, request: Request<Body>) -> Response<Body> {
        match now(self.0.call(request)) {
            Some(Ok(response)) => response,
            _ => waited(),
        }
    }

    fn status(response: &Response<Body>) -> u16 {
        response.status().as_u16()
    }

    fn cookie(response: &Response<Body>) -> Option<String> {
        cookies(response.headers().get_all(SET_COOKIE))
    }
}

/// Requests without a body, for whoever is built on `http` 1.
pub(super) fn requests<B: Default>(
    credentials: &[Credential],
) -> Result<impl FnMut() -> Request<B> + use<B>> {
    let mut credentials = Headers::<HeaderValue>::new(credentials)?;
    Ok(move || {
        let mut request = Request::new(B::default());
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

/// The cookies that are set, as the next request carries them.
pub(super) fn cookies(set: GetAll<'_, HeaderValue>) -> Option<String> {
    let pairs: Vec<String> = set.iter().filter_map(|set| set.to_str().ok().map(pair)).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

/// In place of an answer that is not there at once; no contestant passes with it.
pub(super) fn waited<B: Default>() -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    response
}

fn open() -> App {
    App::new(Router::new().route("/", get(ok)))
}

fn behind(jam: &Jam, handler: MethodRouter) -> App {
    App::new(Router::new().route("/", handler).layer(JamLayer::new(jam.clone())))
}

async fn ok() -> StatusCode {
    StatusCode::OK
}

async fn claims(claims: Identity<Claims>) -> StatusCode {
    black_box(claims.payload());
    StatusCode::OK
}

async fn first(session: Session) -> Result<StatusCode, Rejection> {
    for (name, value) in CONTENT {
        session.set(name, value)?;
    }
    write(session).await
}

async fn read(session: Session) -> Result<StatusCode, Rejection> {
    Ok(answer(session.get(NUMBER).await?))
}

async fn write(session: Session) -> Result<StatusCode, Rejection> {
    session.set(NUMBER, &next())?;
    Ok(StatusCode::OK)
}

async fn tower_first(session: tower_sessions::Session) -> Result<StatusCode, StatusCode> {
    for (name, value) in CONTENT {
        session.insert(name, value).await.map_err(failed)?;
    }
    tower_write(session).await
}

async fn tower_read(session: tower_sessions::Session) -> Result<StatusCode, StatusCode> {
    Ok(answer(session.get(NUMBER).await.map_err(failed)?))
}

async fn tower_write(session: tower_sessions::Session) -> Result<StatusCode, StatusCode> {
    session.insert(NUMBER, next()).await.map_err(failed)?;
    Ok(StatusCode::OK)
}

pub(super) fn answer(number: Option<u64>) -> StatusCode {
    if found(number) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

fn failed<E>(_: E) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

/// Whoever is calling.
struct Caller(Claims);

impl FromRequestParts<Arc<TokenFloor>> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        floor: &Arc<TokenFloor>,
    ) -> Result<Self, StatusCode> {
        let header = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        floor.caller(header).map(Caller).ok_or(StatusCode::UNAUTHORIZED)
    }
}

fn token_floor(subject: &Subject) -> Result<App> {
    let handler = async |Caller(claims): Caller| {
        black_box(&claims);
        StatusCode::OK
    };
    let state = Arc::new(TokenFloor::new(subject)?);
    Ok(App::new(Router::new().route("/", get(handler)).with_state(state)))
}

/// The caller's session.
struct Found(Arc<Kept>);

impl FromRequestParts<Arc<SessionFloor>> for Found {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        floor: &Arc<SessionFloor>,
    ) -> Result<Self, StatusCode> {
        let header = parts.headers.get(COOKIE).map(HeaderValue::as_bytes);
        floor.find(header).map(Found).ok_or(StatusCode::UNAUTHORIZED)
    }
}

async fn kept(Found(session): Found) -> StatusCode {
    answer(Some(session.number))
}

/// What most services write.
struct Decoded(Claims);

impl FromRequestParts<Arc<(DecodingKey, Validation)>> for Decoded {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<(DecodingKey, Validation)>,
    ) -> Result<Self, StatusCode> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or(StatusCode::UNAUTHORIZED)?;
        let (key, validation) = &**state;
        let data = decode(token, key, validation).map_err(|_| StatusCode::UNAUTHORIZED)?;
        Ok(Decoded(data.claims))
    }
}

fn extractor(subject: &Subject) -> Result<App> {
    let state = Arc::new((decoding_key(subject)?, validation(subject)?));
    let handler = async |Decoded(claims): Decoded| {
        black_box(&claims);
        StatusCode::OK
    };
    Ok(App::new(Router::new().route("/", get(handler)).with_state(state)))
}

/// An anonymous request that asks Jam nothing, in two steps: into the inner service, and out of it.
pub struct Untouched {
    service: Guarded,
    request: Option<Request<()>>,
    answer: Option<<Guarded as tower_service::Service<Request<()>>>::Future>,
}

type Guarded = <JamLayer as Layer<Silent>>::Service;

/// Answers nothing.
struct Silent;

impl tower_service::Service<Request<()>> for Silent {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::default()))
    }
}

impl Untouched {
    /// A request that is ready to go in.
    pub fn new() -> Result<Self> {
        let service = JamLayer::new(jam::sessions(jam::THROTTLED)?).layer(Silent);
        Ok(Self { service, request: Some(Request::default()), answer: None })
    }

    /// The way in.
    pub fn call(&mut self) {
        self.answer = self.request.take().map(|request| self.service.call(request));
    }

    /// The way out.
    pub fn poll(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        black_box(self.answer.as_mut().map(|answer| Pin::new(answer).poll(&mut context)));
    }
}
