//! warp.

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::sync::Arc;

use anyhow::Result;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, Request, StatusCode};
use jam_core::{Identity, Jam, session};
use jam_warp::{JamLayer, Rejection, identity, recover, session};
use jsonwebtoken::decode;
use tower_layer::Layer;
use tower_service::Service as Tower;
use warp::reply::{Reply, Response};
use warp::{Filter, get, path};
use warp_sessions::{CookieOptions, MemoryStore, SessionWithStore};

use super::axum::{cookies, requests, waited};
use super::{
    ANONYMOUS, CONTENT, Credential, EMPTY_LAYER, EXTRACTOR, Entry, Field, GROUND, NUMBER, READ,
    SESSION_FLOOR, SLIDING, Service, TOKEN, TOKEN_FLOOR, UNTOUCHED, WRITE, found, jam, next, now,
};
use crate::claims::Claims;
use crate::peers::jsonwebtoken::{decoding_key, validation};
use crate::request_floor::{Kept, TokenFloor};

const WARP_SESSIONS: [&str; 2] =
    ["session read, warp-sessions 1.0", "session write, warp-sessions 1.0"];

/// Who runs on warp.
pub(super) fn entries(mut field: Field) -> Result<Vec<Entry>> {
    let bearer = field.bearer();
    let open = || get().and(path::end()).map(|| StatusCode::OK);
    field.open(GROUND, app(open()), &bearer)?;
    let empty = tower_layer::Identity::new().layer(warp::service(open()));
    field.open(EMPTY_LAYER, App(empty), &bearer)?;

    let floor = Arc::new(TokenFloor::new(&field.subject)?);
    let caller = warp::header::value("authorization").and_then(move |value: HeaderValue| {
        ready(floor.caller(Some(value.as_bytes())).ok_or_else(refused))
    });
    let handler = get().and(path::end()).and(caller).map(seen).recover(unauthorized);
    field.token(TOKEN_FLOOR, app(handler))?;
    let jam = jam::tokens(&field.subject)?;
    let claims = identity().map(|claims: Identity<Claims>| {
        black_box(claims.payload());
        StatusCode::OK
    });
    field.token(TOKEN, behind(&jam, get().and(path::end()).and(claims).recover(recover)))?;
    let keys = Arc::new((decoding_key(&field.subject)?, validation(&field.subject)?));
    let decoded = warp::header("authorization").and_then(move |value: String| {
        let claims = value.strip_prefix("Bearer ").and_then(|token| {
            let (key, validation) = &*keys;
            decode::<Claims>(token, key, validation).ok()
        });
        ready(claims.map(|data| data.claims).ok_or_else(refused))
    });
    let handler = get().and(path::end()).and(decoded).map(seen).recover(unauthorized);
    field.token(EXTRACTOR, app(handler))?;

    let (floor, cookies) = field.floor();
    let floor = Arc::new(floor);
    let kept = warp::header::value("cookie").and_then(move |value: HeaderValue| {
        ready(floor.find(Some(value.as_bytes())).ok_or_else(refused))
    });
    let handler = get().and(path::end()).and(kept);
    let handler = handler.map(|session: Arc<Kept>| answer(Some(session.number)));
    field.read(SESSION_FLOOR, app(handler.recover(unauthorized)), &cookies)?;

    let beginner = || get().and(path::end()).and(session()).then(first).recover(recover);
    let reader = || get().and(path::end()).and(session()).then(read).recover(recover);
    let writer = || get().and(path::end()).and(session()).then(write).recover(recover);
    let jam = jam::sessions(jam::THROTTLED)?;
    let cookies = field.begin(behind(&jam, beginner()))?;
    field.sessions([READ, WRITE], behind(&jam, reader()), behind(&jam, writer()), &cookies)?;
    field.open(UNTOUCHED, behind(&jam, open()), &cookies)?;
    field.open(ANONYMOUS, behind(&jam, open()), &[])?;
    let jam = jam::sessions(jam::ALWAYS)?;
    let cookies = field.begin(behind(&jam, beginner()))?;
    field.read(SLIDING, behind(&jam, reader()), &cookies)?;

    let options = CookieOptions { cookie_name: "sid", http_only: true, ..CookieOptions::default() };
    let stored = warp_sessions::request::with_session(MemoryStore::new(), Some(options));
    let stored = get().and(path::end()).and(stored);
    let beginner = stored.clone().and_then(peer_first).untuple_one();
    let reader = stored.clone().and_then(peer_read).untuple_one();
    let writer = stored.and_then(peer_write).untuple_one();
    let beginner = beginner.and_then(warp_sessions::reply::with_session);
    let cookies = field.begin(app(beginner))?;
    let reader = reader.and_then(warp_sessions::reply::with_session);
    let writer = writer.and_then(warp_sessions::reply::with_session);
    field.sessions(WARP_SESSIONS, app(reader), app(writer), &cookies)?;
    Ok(field.finish())
}

struct App<S>(S);

impl<S> Service for App<S>
where
    S: Tower<Request<String>, Response = Response, Error = Infallible> + 'static,
{
    type Request = Request<String>;
    type Response = Response;

    fn requests(
        credentials: &[Credential],
    ) -> Result<impl FnMut() -> Self::Request + 'static + use<S>> {
        requests(credentials)
    }

    fn call(&mut self, request: Request<String>) -> Response {
        match now(self.0.call(request)) {
            Some(Ok(response)) => response,
            None => waited(),
        }
    }

    fn status(response: &Response) -> u16 {
        response.status().as_u16()
    }

    fn cookie(response: &Response) -> Option<String> {
        cookies(response.headers().get_all(SET_COOKIE))
    }
}

fn app<F>(
    filter: F,
) -> App<impl Tower<Request<String>, Response = Response, Error = Infallible> + use<F>>
where
    F: Filter<Extract: Reply> + Clone + Send + Sync + 'static,
    F::Error: Into<warp::Rejection>,
{
    App(warp::service(filter))
}

fn behind<F>(
    jam: &Jam,
    filter: F,
) -> App<impl Tower<Request<String>, Response = Response, Error = Infallible> + use<F>>
where
    F: Filter<Extract: Reply> + Clone + Send + Sync + 'static,
{
    App(JamLayer::new(jam.clone()).layer(warp::service(filter)))
}

fn seen(claims: Claims) -> StatusCode {
    black_box(&claims);
    StatusCode::OK
}

async fn first(session: session::Session) -> Result<StatusCode, Rejection> {
    for (name, value) in CONTENT {
        session.set(name, value)?;
    }
    write(session).await
}

async fn read(session: session::Session) -> Result<StatusCode, Rejection> {
    Ok(answer(session.get(NUMBER).await?))
}

async fn write(session: session::Session) -> Result<StatusCode, Rejection> {
    session.set(NUMBER, &next())?;
    Ok(StatusCode::OK)
}

type Stored = SessionWithStore<MemoryStore>;

async fn peer_first(mut stored: Stored) -> Result<(StatusCode, Stored), warp::Rejection> {
    for (name, value) in CONTENT {
        stored.session.insert(name, value).map_err(|_| refused())?;
    }
    peer_write(stored).await
}

async fn peer_read(stored: Stored) -> Result<(StatusCode, Stored), warp::Rejection> {
    Ok((answer(stored.session.get(NUMBER)), stored))
}

async fn peer_write(mut stored: Stored) -> Result<(StatusCode, Stored), warp::Rejection> {
    stored.session.insert(NUMBER, next()).map_err(|_| refused())?;
    Ok((StatusCode::OK, stored))
}

fn answer(number: Option<u64>) -> StatusCode {
    if found(number) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

#[derive(Debug)]
struct Refused;

impl warp::reject::Reject for Refused {}

fn refused() -> warp::Rejection {
    warp::reject::custom(Refused)
}

async fn unauthorized(_: warp::Rejection) -> Result<StatusCode, Infallible> {
    Ok(StatusCode::UNAUTHORIZED)
}
