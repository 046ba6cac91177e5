//! Peers of Jam on axum that know more than sessions, or build on an older axum.

use std::convert::Infallible;
use std::hint::black_box;

use anyhow::{Context, Result};
use axum::Router;
use axum::http::header::SET_COOKIE;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{MethodRouter, get};
use axum_0_7::body::Body;

use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId};
use axum_session::{Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use jwt_authorizer::{IntoLayer, JwtAuthorizer, JwtClaims, Validation};
use tokio::runtime::Builder;
use tower_service::Service as _;
use tower_sessions_0_14::{MemoryStore, SessionManagerLayer};

use super::axum::{App, answer, cookies, requests, waited};
use super::{CONTENT, Credential, Field, NUMBER, Service, next, now};
use crate::claims::{AUDIENCE, Claims, ISSUER};

/// Users by session, on tower-sessions 0.14.
const AXUM_LOGIN: &str = "session read, axum-login 0.18";
const AXUM_SESSION: [&str; 2] =
    ["session read, axum_session 0.22", "session write, axum_session 0.22"];
/// The ground of jwt-authorizer.
const AXUM_0_7: &str = "no authentication, axum 0.7";
const JWT_AUTHORIZER: &str = "token, jwt-authorizer 0.15 (axum 0.7)";

/// Adds them.
pub(super) fn enter(field: &mut Field) -> Result<()> {
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    let layer = AuthManagerLayerBuilder::new(Users, sessions).build();
    let peer =
        |handler: MethodRouter| App::new(Router::new().route("/", handler).layer(layer.clone()));
    let cookies = field.begin(peer(get(login)))?;
    field.read(AXUM_LOGIN, peer(get(user)), &cookies)?;

    // Its layer spawns a task that drops what has expired; it never runs here.
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let inside = runtime.enter();
    let store = now(SessionStore::<SessionNullPool>::new(None, SessionConfig::default()));
    let layer = SessionLayer::new(store.context("axum_session waits")??);
    let peer =
        |handler: MethodRouter| App::new(Router::new().route("/", handler).layer(layer.clone()));
    let cookies = field.begin(peer(get(first)))?;
    field.sessions(AXUM_SESSION, peer(get(read)), peer(get(write)), &cookies)?;
    drop(inside);

    field.on(AXUM_0_7);
    let route = |handler| axum_0_7::Router::new().route("/", handler);
    let bearer = field.bearer();
    field.open(AXUM_0_7, Older::new(route(axum_0_7::routing::get(ok))), &bearer)?;
    let validation = Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]).nbf(true).leeway(0);
    let secret = String::from_utf8(field.subject.secret()?)?;
    let authorizer = JwtAuthorizer::<Claims>::from_secret(&secret).validation(validation).build();
    let layer = now(authorizer).context("jwt-authorizer waits")??.into_layer();
    let guarded = route(axum_0_7::routing::get(claims)).layer(layer);
    field.token(JWT_AUTHORIZER, Older::new(guarded))
}

/// Users, all of them known: reading one costs nothing here.
#[derive(Clone, Debug)]
struct Users;

#[derive(Clone, Debug)]
struct User(u64);

impl AuthUser for User {
    type Id = u64;

    fn id(&self) -> u64 {
        self.0
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"2b7e151628aed2a6abf7158809cf4f3c"
    }
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<User>, Infallible> {
        Ok(None)
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, Infallible> {
        Ok(Some(User(*id)))
    }
}

async fn user(session: AuthSession<Users>) -> StatusCode {
    answer(session.user.map(|user| user.0))
}

async fn login(mut session: AuthSession<Users>) -> StatusCode {
    match session.login(&User(next())).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn first(session: Session<SessionNullPool>) -> StatusCode {
    for (name, value) in CONTENT {
        session.set(name, value);
    }
    write(session).await
}

async fn read(session: Session<SessionNullPool>) -> StatusCode {
    answer(session.get(NUMBER))
}

async fn write(session: Session<SessionNullPool>) -> StatusCode {
    session.set(NUMBER, next());
    StatusCode::OK
}

/// A service of axum 0.7.
struct Older(axum_0_7::Router);

impl Older {
    fn new(router: axum_0_7::Router) -> Self {
        Self(router.with_state(()))
    }
}

impl Service for Older {
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

async fn ok() -> StatusCode {
    StatusCode::OK
}

async fn claims(JwtClaims(claims): JwtClaims<Claims>) -> StatusCode {
    black_box(&claims);
    StatusCode::OK
}
