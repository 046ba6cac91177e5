//! Requests that a page of another site makes a browser send, along with the cookie of this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jam_poem::{JamLayer, Rejection, Session};
use poem::web::Data;
use poem::web::websocket::WebSocket;
use poem::{Endpoint, EndpointExt, IntoResponse, Route, get, handler, post};

use crate::wire::{self, Wire};
use crate::{session_of, store};

type Calls = Arc<AtomicUsize>;

#[handler]
async fn set(session: Session, calls: Data<&Calls>) -> Result<&'static str, Rejection> {
    calls.fetch_add(1, Ordering::Relaxed);
    session.set("color", "blue")?;
    Ok("set")
}

#[handler]
fn socket(calls: Data<&Calls>, upgrade: WebSocket) -> impl IntoResponse {
    calls.fetch_add(1, Ordering::Relaxed);
    upgrade.on_upgrade(async |_| ())
}

fn app(calls: &Calls) -> impl Endpoint + 'static {
    Route::new()
        .at("/ws", get(socket))
        .at("/*any", post(set))
        .data(Arc::clone(calls))
        .with(JamLayer::new(store::sessions().0))
}

fn from(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

#[tokio::test]
async fn g49_a_request_of_another_site_never_reaches_the_application() {
    let calls = Calls::default();
    let server = wire::serve(app(&calls)).await;
    let session = session_of(&wire::post(server, "/set", &[]).await);
    assert_eq!(calls.swap(0, Ordering::Relaxed), 1);

    for said in [
        from("sec-fetch-site", "cross-site"),
        from("sec-fetch-site", "same-site"),
        from("origin", "https://evil.example"),
        from("origin", "null"),
    ] {
        let answer = wire::post(server, "/set", &[session.clone(), said.clone()]).await;
        assert_eq!(answer.status, 403, "{said:?}");
        assert_eq!(answer.body, r#"{"error":"cross_site_request"}"#);
        assert_eq!(answer.one("content-type"), "application/json");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn g49_a_request_of_this_site_or_without_our_cookie_is_let_in() {
    let calls = Calls::default();
    let server = wire::serve(app(&calls)).await;
    let session = session_of(&wire::post(server, "/set", &[]).await);
    for headers in [
        vec![session.clone()],
        vec![session.clone(), from("sec-fetch-site", "same-origin")],
        vec![session.clone(), from("origin", "http://localhost")],
        vec![from("sec-fetch-site", "cross-site"), from("origin", "https://evil.example")],
    ] {
        let answer = wire::post(server, "/set", &headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "set"), "{headers:?}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn g49_the_target_in_absolute_form_counts_more_than_the_host_header() {
    let server = wire::serve(app(&Calls::default())).await;
    let session = session_of(&wire::post(server, "/set", &[]).await);
    for (origin, status) in [("http://shop.example", 200), ("http://localhost", 403)] {
        let headers = [session.clone(), from("origin", origin)];
        let answer = wire::post(server, "http://shop.example/set", &headers).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

#[tokio::test]
async fn g49_a_websocket_is_opened_for_this_site_only() {
    let calls = Calls::default();
    let server = wire::serve(app(&calls)).await;
    let session = session_of(&wire::post(server, "/set", &[]).await);
    for (origin, status) in [("https://evil.example", 403), ("http://localhost", 101)] {
        let mut wire = Wire::open(server).await;
        let mut headers = wire::handshake();
        headers.extend([session.clone(), from("origin", origin)]);
        wire.send_get("/ws", &headers).await;
        assert_eq!(wire.head().await.unwrap().status, status, "{origin}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2, "the write and the socket of this site");
}
