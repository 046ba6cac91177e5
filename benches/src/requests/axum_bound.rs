//! The least that a layer and an extractor can take: the layer keeps what the request carries in its
//! extensions, since a handler may not see the headers any more, and the extractor does the floor's
//! work on that. Of a session it also asks what Jam promises: the verifier by its hash, and the end.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderName};
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tower_layer::Layer;
use tower_service::Service;

use super::axum::{App, answer};
use super::{Credential, Field, next};
use crate::claims::Claims;
use crate::request_floor::TokenFloor;
use crate::store;

/// A token.
pub(super) const TOKEN: &str = "token, the floor behind a layer";
/// A session.
pub(super) const READ: &str = "session, the floor behind a layer, its verifier and end asked";

pub(super) fn enter(field: &mut Field) -> Result<()> {
    let app = |router: Router, header| App::new(router.layer(Keep { header }));
    let floor = Arc::new(TokenFloor::new(&field.subject)?);
    let caller = async |Caller(claims): Caller| {
        std::hint::black_box(&claims);
        StatusCode::OK
    };
    field.token(
        TOKEN,
        app(Router::new().route("/", get(caller)).with_state(floor), AUTHORIZATION),
    )?;

    let sessions = Sessions::default();
    let cookies: Vec<_> = (0..field.count()).map(|number| sessions.begin(number)).collect();
    let read = async |Found(session): Found| answer(serde_json::from_str(&session.number).ok());
    let router = Router::new().route("/", get(read)).with_state(Arc::new(sessions));
    field.read(READ, app(router, COOKIE), &cookies)
}

/// Keeps a header aside.
#[derive(Clone)]
struct Keep {
    header: HeaderName,
}

impl<S> Layer<S> for Keep {
    type Service = Keeping<S>;

    fn layer(&self, inner: S) -> Keeping<S> {
        Keeping { inner, header: self.header.clone() }
    }
}

#[derive(Clone)]
struct Keeping<S> {
    inner: S,
    header: HeaderName,
}

type Kept = Arc<[u8]>;

impl<S: Service<Request<Body>>> Service<Request<Body>> for Keeping<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        if let Some(value) = request.headers().get(&self.header) {
            let kept = Kept::from(value.as_bytes());
            request.extensions_mut().insert(kept);
        }
        self.inner.call(request)
    }
}

struct Caller(Claims);

impl FromRequestParts<Arc<TokenFloor>> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        floor: &Arc<TokenFloor>,
    ) -> Result<Self, StatusCode> {
        let kept = parts.extensions.get::<Kept>().map(|kept| &**kept);
        floor.caller(kept).map(Caller).ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// By the first half of their ids.
#[derive(Default)]
struct Sessions(RwLock<HashMap<[u8; 16], Arc<Session>>>);

struct Session {
    number: String,
    /// Of the second half.
    hash: [u8; 32],
    ends: u64,
}

impl Sessions {
    fn begin(&self, number: u64) -> Credential {
        let (selector, verifier) = (store::id(2 * number), store::id(2 * number + 1));
        let session = Session {
            number: next().to_string(),
            hash: Sha256::digest(verifier).into(),
            ends: u64::MAX,
        };
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(selector, Arc::new(session));
        let id = URL_SAFE_NO_PAD.encode_to_string([selector, verifier].concat());
        Credential::cookie(&format!("session={id}"))
    }

    fn find(&self, cookies: &[u8]) -> Option<Arc<Session>> {
        let cookies = str::from_utf8(cookies).ok()?;
        let id = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="))?;
        let mut room = [0; 32];
        let room = base64_simd::Out::from_slice(&mut room);
        let id = URL_SAFE_NO_PAD.decode(id.as_bytes().get(..43)?, room).ok()?;
        let (selector, verifier) = id.split_first_chunk()?;
        let sessions = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(selector)?.clone();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let is_good = session.hash[..] == Sha256::digest(verifier)[..] && now < session.ends;
        is_good.then_some(session)
    }
}

struct Found(Arc<Session>);

impl FromRequestParts<Arc<Sessions>> for Found {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        sessions: &Arc<Sessions>,
    ) -> Result<Self, StatusCode> {
        let kept = parts.extensions.get::<Kept>();
        kept.and_then(|kept| sessions.find(kept)).map(Found).ok_or(StatusCode::UNAUTHORIZED)
    }
}
