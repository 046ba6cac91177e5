//! Requests that a page of another site makes a browser send, along with the cookie of this one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpRequest, HttpResponse};
use jam_actix::{JamLayer, Rejection, Session};

use crate::wire::{self, Wire};
use crate::{session_of, store};

type Calls = Data<AtomicUsize>;

async fn set(session: Session, calls: Calls) -> Result<&'static str, Rejection> {
    calls.fetch_add(1, Ordering::Relaxed);
    session.set("color", "blue")?;
    Ok("set")
}

async fn socket(
    calls: Calls,
    request: HttpRequest,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    calls.fetch_add(1, Ordering::Relaxed);
    Ok(actix_ws::handle(&request, body)?.0)
}

fn serve(calls: &Arc<AtomicUsize>) -> SocketAddr {
    let (jam, calls) = (store::sessions().0, Data::from(Arc::clone(calls)));
    serve!(
        App::new()
            .app_data(calls.clone())
            .route("/set", web::post().to(set))
            .route("/ws", web::get().to(socket))
            .default_service(web::to(set))
            .wrap(JamLayer::new(jam.clone()))
    )
}

fn from(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

#[actix_web::test]
async fn g49_a_request_of_another_site_never_reaches_the_application() {
    let calls = Arc::default();
    let server = serve(&calls);
    let first = wire::fetch(server, "POST", "/set", &[]).await.unwrap();
    let session = session_of(&first);
    assert_eq!(calls.swap(0, Ordering::Relaxed), 1);

    for said in [
        from("sec-fetch-site", "cross-site"),
        from("sec-fetch-site", "same-site"),
        from("origin", "https://evil.example"),
        from("origin", "null"),
    ] {
        for path in ["/set", "/nowhere"] {
            let headers = [session.clone(), said.clone()];
            let answer = wire::fetch(server, "POST", path, &headers).await.unwrap();
            assert_eq!(answer.status, 403, "{said:?}");
            assert_eq!(answer.body, r#"{"error":"cross_site_request"}"#);
            assert_eq!(answer.one("content-type"), "application/json");
            assert!(answer.all("set-cookie").is_empty());
        }
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[actix_web::test]
async fn g49_a_request_of_this_site_or_without_our_cookie_is_let_in() {
    let calls = Arc::default();
    let server = serve(&calls);
    let session = session_of(&wire::fetch(server, "POST", "/set", &[]).await.unwrap());
    for headers in [
        vec![session.clone()],
        vec![session.clone(), from("sec-fetch-site", "same-origin")],
        vec![session.clone(), from("origin", "http://localhost")],
        vec![from("sec-fetch-site", "cross-site"), from("origin", "https://evil.example")],
    ] {
        let answer = wire::fetch(server, "POST", "/set", &headers).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "set"), "{headers:?}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}

#[actix_web::test]
async fn g49_the_target_in_absolute_form_counts_more_than_the_host_header() {
    let server = serve(&Arc::default());
    let session = session_of(&wire::fetch(server, "POST", "/set", &[]).await.unwrap());
    for (origin, status) in [("http://shop.example", 200), ("http://localhost", 403)] {
        let headers = [session.clone(), from("origin", origin)];
        let answer = wire::fetch(server, "POST", "http://shop.example/set", &headers).await;
        assert_eq!(answer.unwrap().status, status, "{origin}");
    }
}

#[actix_web::test]
async fn g49_a_websocket_is_opened_for_this_site_only() {
    let calls = Arc::default();
    let server = serve(&calls);
    let session = session_of(&wire::fetch(server, "POST", "/set", &[]).await.unwrap());
    for (origin, status) in [("https://evil.example", 403), ("http://localhost", 101)] {
        let mut wire = Wire::open(server).await;
        let mut headers = wire::handshake();
        headers.extend([session.clone(), from("origin", origin)]);
        wire.send("GET", "/ws", &headers).await;
        assert_eq!(wire.head().await.unwrap().status, status, "{origin}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2, "the write and the socket of this site");
}
