//! The layer around a plain service, without any framework.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::future::{Ready, ready};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE, VARY};
use http::{Request, Response};
use jam_core::Jam;
use jam_core::flow::Flow;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::request::{Found, RequestView};
use jam_core::session::{MemoryStore, SessionBackend, SessionPolicy};
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport};
use jam_tower::{JamLayer, View};
use tower_layer::Layer;
use tower_service::Service;

/// Neither a stream nor an `http_body::Body`: whoever wanted to poll it could not.
#[derive(Debug, PartialEq)]
struct Opaque(String);

impl From<String> for Opaque {
    fn from(text: String) -> Self {
        Opaque(text)
    }
}

type Outcome = Result<Response<Opaque>, &'static str>;

/// A service made of a function; ready when told so.
struct Inner<F> {
    handler: F,
    ready: bool,
}

impl<F: FnMut(&Flow) -> Outcome> Service<Request<()>> for Inner<F> {
    type Response = Response<Opaque>;
    type Error = &'static str;
    type Future = Ready<Outcome>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        if self.ready { Poll::Ready(Err("worn out")) } else { Poll::Pending }
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready((self.handler)(&Flow::current().unwrap()))
    }
}

fn jam() -> Jam {
    let key = Key::from_secret(Algorithm::HS256, [7; 32]).unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap())
        .source(CredentialSource::cookie("__Host-jwt"))
        .source(CredentialSource::bearer())
        .transport(CredentialTransport::cookie(CookieSettings::new("__Host-jwt")));
    Jam::builder().jwt(jwt).build().unwrap()
}

/// A token that this service takes back.
fn token() -> String {
    let jam = jam();
    jam.gen_jwt_token(&jam.make_payload(&serde_json::json!({ "sub": "alice" })).unwrap()).unwrap()
}

async fn call(handler: impl FnMut(&Flow) -> Outcome) -> Outcome {
    let mut service = JamLayer::new(jam()).layer(Inner { handler, ready: true });
    service.call(Request::new(())).await
}

/// An answer with these `Vary` lines after a token was handed out.
async fn vary_beside(lines: &[&'static str]) -> Vec<String> {
    let answer = call(|flow| {
        flow.persist_jwt(&token()).unwrap();
        let mut answer = Response::new(Opaque(String::new()));
        for line in lines {
            answer.headers_mut().append(VARY, line.parse().unwrap());
        }
        Ok(answer)
    });
    let answer = answer.await.unwrap();
    answer.headers().get_all(VARY).iter().map(|v| v.to_str().unwrap().to_lowercase()).collect()
}

#[tokio::test]
async fn a_body_of_any_type_passes_as_it_is() {
    let answer = call(|flow| {
        flow.persist_jwt(&token()).unwrap();
        Ok(Response::new(Opaque("as it is".to_owned())))
    });
    let answer = answer.await.unwrap();
    assert_eq!(answer.body(), &Opaque("as it is".to_owned()));
    assert!(answer.headers()[SET_COOKIE].to_str().unwrap().starts_with("__Host-jwt="));
}

#[tokio::test]
async fn an_error_of_the_inner_service_passes_through() {
    let answer = call(|flow| {
        flow.persist_jwt(&token()).unwrap();
        Err("no answer")
    });
    assert_eq!(answer.await.unwrap_err(), "no answer");
}

#[tokio::test]
async fn what_an_error_leaves_unanswered_is_not_written() {
    let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(3600));
    let sessions = SessionBackend::builder(policy, MemoryStore::new());
    let jam = Jam::builder().session(sessions).build().unwrap();
    let sessions = jam.sessions().unwrap().blocking();
    let created = sessions.create_session("alice").unwrap();
    let handler = |flow: &Flow| -> Outcome {
        flow.session().unwrap().rotate().unwrap();
        Err("too late")
    };
    let mut service = JamLayer::new(jam.clone()).layer(Inner { handler, ready: true });
    let request =
        Request::get("/").header(COOKIE, format!("__Host-session={}", created.id.expose()));
    assert_eq!(service.call(request.body(()).unwrap()).await.unwrap_err(), "too late");
    // A new id would have gone with the answer that there is not.
    assert!(sessions.get_session(&created.id).unwrap().is_some());
}

#[test]
fn readiness_is_the_inner_services() {
    let mut context = Context::from_waker(Waker::noop());
    let handler = |_: &Flow| -> Outcome { Err("never called") };
    let mut service = JamLayer::new(jam()).layer(Inner { handler, ready: false });
    assert_eq!(service.poll_ready(&mut context), Poll::Pending);
    let mut service = JamLayer::new(jam()).layer(Inner { handler, ready: true });
    assert_eq!(service.poll_ready(&mut context), Poll::Ready(Err("worn out")));
}

#[tokio::test]
async fn vary_becomes_one_line_that_names_each_header_once() {
    assert_eq!(vary_beside(&[]).await, ["cookie, authorization"]);
    assert_eq!(vary_beside(&["Accept, TE"]).await, ["accept, te, cookie, authorization"]);
    assert_eq!(vary_beside(&["Accept", "COOKIE"]).await, ["accept, cookie, authorization"]);
    assert_eq!(vary_beside(&["*"]).await, ["*"]);
}

#[tokio::test]
async fn g52_a_response_shows_no_token_when_it_is_printed() {
    let canary = token();
    let answer = call(|flow| {
        flow.persist_jwt(&canary).unwrap();
        Ok(Response::new(Opaque(String::new())))
    });
    assert!(!format!("{:?}", answer.await.unwrap()).contains(&canary));
}

/// Posted with a cookie, from a page of this origin.
async fn post_from(origin: &str, to: &str) -> Outcome {
    let request = Request::post(to).header(COOKIE, "__Host-jwt=any").header(ORIGIN, origin);
    let handler = |_: &Flow| -> Outcome { Err("reached") };
    let mut service = JamLayer::new(jam()).layer(Inner { handler, ready: true });
    service.call(request.body(()).unwrap()).await
}

#[tokio::test]
async fn g49_a_cross_site_request_never_reaches_the_inner_service() {
    let answer = post_from("https://evil.example", "https://shop.example/").await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.body(), &Opaque(r#"{"error":"cross_site_request"}"#.to_owned()));
    // HTTP/2 names the host in the target and nowhere else.
    let own = post_from("https://shop.example", "https://shop.example/").await;
    assert_eq!(own.unwrap_err(), "reached");
}

#[tokio::test]
async fn g49_nested_layers_let_a_cross_site_request_in_no_more_than_one() {
    let request = Request::post("/").header(COOKIE, "__Host-jwt=any");
    let request = request.header("sec-fetch-site", "cross-site").body(()).unwrap();
    let handler = |_: &Flow| -> Outcome { Err("reached") };
    let layer = JamLayer::new(jam());
    let mut service = layer.layer(layer.layer(Inner { handler, ready: true }));
    assert_eq!(service.call(request).await.unwrap().status(), 403);
}

#[test]
fn a_view_names_the_authority_that_the_target_names() {
    let authority = |target: &str| {
        let request = Request::get(target).header(HOST, "other.example").body(()).unwrap();
        View::from(&request).authority().map(str::to_owned)
    };
    assert_eq!(authority("https://shop.example:8443/x").unwrap(), "shop.example:8443");
    assert_eq!(authority("/x"), None);
}

#[test]
fn a_view_reads_a_request_and_its_parts_alike() {
    let jam = jam();
    let request = Request::get("/path?query=1").header(COOKIE, "__Host-jwt=found");
    let request = request.body(()).unwrap();
    let view = View::from(&request);
    assert_eq!(jam.find_credential(&view), (0, Found::Credential(b"found")));
    assert_eq!((view.method(), view.path(), view.query()), ("GET", "/path", Some("query=1")));
    let (parts, ()) = request.into_parts();
    let view = View::from(&parts);
    assert_eq!(jam.find_credential(&view), (0, Found::Credential(b"found")));
    assert_eq!((view.method(), view.path(), view.query()), ("GET", "/path", Some("query=1")));
}
