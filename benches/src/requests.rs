//! What authentication adds to a request: axum, in process, a GET with an HS256 bearer token.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::routing::get;
use hmac::{Hmac, KeyInit};
use jam_axum::{Identity, JamLayer};
use jam_core::Jam;
use jam_core::key::Algorithm;
use jsonwebtoken::{DecodingKey, Validation, decode};
use tower_layer::Layer;
use tower_service::Service;

use crate::claims::Claims;
use crate::contestant::Contestant;
use crate::count::{Counts, path};
use crate::goals::{self, VERIFY_ALLOCATIONS};
use crate::peers::jsonwebtoken::{decoding_key, validation};
use crate::race::{Effort, Race};
use crate::request_floor::{Caller, Floor};
use crate::subject::Subject;
use crate::table::{Table, at_most, cell, count_at_most, figures};

/// The name of the table where allocations are counted.
pub const TABLE: &str = "requests";
/// The handler alone.
pub const GROUND: &str = "no authentication";
/// The handler behind the floor.
pub const FLOOR: &str = "hand-written (the floor)";
/// The handler behind Jam.
pub const JAM: &str = "**Jam** `JamLayer`, `Identity<P>`";
/// A handler that asks Jam nothing, for a request without a credential.
pub const ANONYMOUS: &str = "**Jam** `JamLayer`, anonymous and untouched";
/// A layer that does nothing: what axum itself takes for one.
pub const EMPTY_LAYER: &str = "an empty layer";
/// The handler behind a usual extractor.
pub const EXTRACTOR: &str = "hand-written `jsonwebtoken::decode` extractor";
/// An untouched request after the inner service has answered.
pub const WAY_OUT: &str = "**Jam**, anonymous and untouched, on the way out";

/// Everybody, in the order of the table.
pub fn contestants() -> Result<Vec<Contestant>> {
    let subject = Subject::new(Algorithm::HS256)?;
    let open = || Router::new().route("/", get(async || StatusCode::OK));
    Ok(vec![
        Contestant::prepared(GROUND, request(Some(&subject.token))?, serve(open())),
        guarded(FLOOR, &subject, floor(&subject)?)?,
        guarded(JAM, &subject, behind_jam(&subject)?)?,
        guarded(EXTRACTOR, &subject, extractor(&subject)?)?,
        Contestant::prepared(
            EMPTY_LAYER,
            request(Some(&subject.token))?,
            serve(open().layer(tower_layer::Identity::new())),
        ),
        Contestant::prepared(
            ANONYMOUS,
            request(None)?,
            serve(open().layer(JamLayer::new(jam(&subject)?))),
        ),
    ])
}

/// The table.
pub fn table(effort: Effort, counts: &Counts) -> Result<Table> {
    let race = Race::run(&mut contestants()?, effort);
    let allocations = |name: &str, ground: &str| {
        let own = if [FLOOR, JAM, EXTRACTOR].contains(&name) { VERIFY_ALLOCATIONS } else { 0 };
        let count = |name| counts.get(&path(TABLE, "", name));
        Some(count(name)? - count(ground)? - own)
    };
    let mut table = Table::new("", ["CPU ns", "× the floor's", "allocations beside the payload's"]);
    let mut row = |label: &str, name: &str, ground: &str| {
        let added = race.difference(name, ground).map(|added| format!("{:.0}", added.middle));
        let ratio = race.added_ratio([name, ground], [FLOOR, GROUND]);
        let count = allocations(name, ground);
        let (ratio, count) = if name == JAM {
            (
                ratio.map(|ratio| at_most(goals::REQUEST_OVER_FLOOR, ratio)),
                count.map(|count| count_at_most(goals::REQUEST_ALLOCATIONS, count)),
            )
        } else {
            (ratio.map(|ratio| figures(ratio.middle)), count.map(|count| count.to_string()))
        };
        table.row(label, [cell(added), cell(ratio), cell(count)]);
    };
    for name in race.names() {
        row(name, name, GROUND);
    }
    row("**Jam** beyond an empty layer", JAM, EMPTY_LAYER);
    row("**Jam**, anonymous and untouched, beyond an empty layer", ANONYMOUS, EMPTY_LAYER);
    let way_out = counts.get(&path(TABLE, "", WAY_OUT)).map(|count| count_at_most(0, count));
    table.row(WAY_OUT, [cell(None), cell(None), cell(way_out)]);
    Ok(table)
}

/// A service that lets the good token in and nothing else.
fn guarded(name: &'static str, subject: &Subject, router: Router) -> Result<Contestant> {
    let mut serve = serve(router);
    let status = serve(request(Some(&subject.token))?()).status();
    ensure!(status == StatusCode::OK, "{name} answers {status} to the good token");
    let nobody = serve(request(None)?()).status();
    ensure!(nobody == StatusCode::UNAUTHORIZED, "{name} answers {nobody} to nobody");
    for (kind, token) in &subject.refused {
        let status = serve(request(Some(token))?()).status();
        ensure!(status == StatusCode::UNAUTHORIZED, "{name} answers {status} to {kind} token");
    }
    Ok(Contestant::prepared(name, request(Some(&subject.token))?, serve))
}

/// A request as a server hands it on: the values share the buffer they were read into.
fn request(token: Option<&str>) -> Result<impl FnMut() -> Request<Body> + use<>> {
    let token = token.map(|token| HeaderValue::try_from(format!("Bearer {token}"))).transpose()?;
    Ok(move || {
        let mut request = Request::new(Body::empty());
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static("api.example"));
        headers.insert(USER_AGENT, HeaderValue::from_static("bench"));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(token) = &token {
            headers.insert(AUTHORIZATION, token.clone());
        }
        request
    })
}

/// Calls the service to the end; nothing here ever waits.
fn serve(mut router: Router) -> impl FnMut(Request<Body>) -> Response<Body> {
    move |request| match now(pin!(router.call(request))) {
        Some(Ok(response)) => response,
        _ => Response::default(),
    }
}

fn now<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn floor(subject: &Subject) -> Result<Router> {
    let (header, _) = subject.token.split_once('.').context("no token")?;
    let key = Hmac::new_from_slice(&subject.secret()?)?;
    let floor = Floor { key, header: format!("{header}.") };
    let handler = async |Caller(claims): Caller| {
        black_box(&claims);
        StatusCode::OK
    };
    Ok(Router::new().route("/", get(handler)).with_state(Arc::new(floor)))
}

fn jam(subject: &Subject) -> Result<Jam> {
    Ok(Jam::builder().jwt(subject.policy()?).build()?)
}

fn behind_jam(subject: &Subject) -> Result<Router> {
    let handler = async |claims: Identity<Claims>| {
        black_box(claims.payload());
        StatusCode::OK
    };
    Ok(Router::new().route("/", get(handler)).layer(JamLayer::new(jam(subject)?)))
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

fn extractor(subject: &Subject) -> Result<Router> {
    let state = Arc::new((decoding_key(subject)?, validation(subject)?));
    let handler = async |Decoded(claims): Decoded| {
        black_box(&claims);
        StatusCode::OK
    };
    Ok(Router::new().route("/", get(handler)).with_state(state))
}

/// An anonymous request that asks Jam nothing, in two steps: into the inner service, and out of it.
pub struct Untouched {
    service: Guarded,
    request: Option<Request<()>>,
    answer: Option<<Guarded as Service<Request<()>>>::Future>,
}

type Guarded = <JamLayer as Layer<Silent>>::Service;

/// Answers nothing.
struct Silent;

impl Service<Request<()>> for Silent {
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
        let subject = Subject::new(Algorithm::HS256)?;
        let service = JamLayer::new(jam(&subject)?).layer(Silent);
        Ok(Self { service, request: Some(Request::default()), answer: None })
    }

    /// The way in.
    pub fn call(&mut self) {
        self.answer = self.request.take().map(|request| self.service.call(request));
    }

    /// The way out.
    pub fn poll(&mut self) {
        black_box(self.answer.as_mut().and_then(|answer| now(Pin::new(answer))));
    }
}
