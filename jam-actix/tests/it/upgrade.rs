//! Answers that go on after their head: streams and WebSockets.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes, Data, Payload, ServiceConfig};
use actix_web::{App, Error, HttpRequest, HttpResponse};
use actix_ws::Message;
use futures_util::future::{Either, select};
use futures_util::stream::poll_fn;
use jam_actix::{Flow, Identity, JamLayer, Rejection, Session};
use tokio::sync::mpsc::{self, Receiver};

use crate::store::sessions;
use crate::wire::{self, Wire};
use crate::{COOKIE, User, alice, bearer, forged, jam, session_of};

type Source = Data<Mutex<Option<Receiver<&'static str>>>>;

async fn stream(flow: Flow, source: Source) -> HttpResponse {
    flow.persist_jwt(&alice()).unwrap();
    let mut source = source.lock().unwrap().take().unwrap();
    HttpResponse::Ok().streaming(poll_fn(move |context| {
        source
            .poll_recv(context)
            .map(|chunk| chunk.map(|chunk| Ok::<_, Infallible>(Bytes::from(chunk))))
    }))
}

#[actix_web::test]
async fn the_head_of_a_stream_does_not_wait_for_its_body() {
    let (chunks, source) = mpsc::channel::<&'static str>(1);
    let (jam, source) = (jam(), Source::from(Arc::new(Mutex::new(Some(source)))));
    let server = serve!(
        App::new()
            .app_data(source.clone())
            .route("/stream", web::get().to(stream))
            .wrap(JamLayer::new(jam.clone()))
    );
    let mut wire = Wire::open(server).await;
    wire.send("GET", "/stream", &[]).await;

    // Nothing has been sent into the stream yet, and still the whole head is there.
    let head = wire.head().await.unwrap();
    assert_eq!(head.status, 200);
    assert!(head.one("set-cookie").starts_with(COOKIE));
    for chunk in ["one", "two"] {
        chunks.send(chunk).await.unwrap();
        assert_eq!(wire.bytes(8).await, format!("3\r\n{chunk}\r\n").into_bytes());
    }
}

async fn echo(
    user: Identity<User>,
    flow: Flow,
    request: HttpRequest,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    flow.persist_jwt(&alice()).unwrap();
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(Message::Text(text))) = messages.recv().await {
            let _ = session.text(format!("{}: {text}", user.name)).await;
        }
    });
    Ok(response)
}

async fn opens_for_anybody(
    user: Option<Identity<User>>,
    request: HttpRequest,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    assert!(user.is_none());
    Ok(actix_ws::handle(&request, body)?.0)
}

fn sockets(config: &mut ServiceConfig) {
    config.route("/ws", web::get().to(echo)).route("/any", web::get().to(opens_for_anybody));
}

/// Opens a WebSocket with this token and hands over the head of the answer.
async fn open(path: &str, token: &str) -> (Wire, wire::Answer) {
    let mut wire = Wire::open(wire::serve(jam(), sockets)).await;
    let mut handshake = wire::handshake();
    handshake.push(bearer(token));
    wire.send("GET", path, &handshake).await;
    let head = wire.head().await.unwrap();
    (wire, head)
}

#[actix_web::test]
async fn a_websocket_upgrades_with_our_cookie_and_knows_its_user() {
    let (mut wire, head) = open("/ws", &alice()).await;
    assert_eq!(head.status, 101);
    // The example of RFC 6455 §1.3.
    assert_eq!(head.one("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(head.one("set-cookie").starts_with(COOKIE));

    // A final text frame of two bytes under a mask of zeros (RFC 6455 §5.2), then its echo.
    wire.write(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await;
    assert_eq!(wire.bytes(11).await, b"\x81\x09alice: hi");
}

#[actix_web::test]
async fn a_websocket_with_a_forged_token_is_never_opened() {
    for path in ["/ws", "/any"] {
        let (_, head) = open(path, &forged()).await;
        assert_eq!(head.status, 401, "{path}");
        assert!(head.challenge().contains("error=\"invalid_token\""), "{head:?}");
        assert!(head.all("set-cookie").is_empty());
    }
}

async fn streams_a_session(session: Session) -> Result<HttpResponse, Rejection> {
    session.set("color", "blue")?;
    // Never ends, and never says anything.
    let body = futures_util::stream::pending::<Result<Bytes, Infallible>>();
    Ok(HttpResponse::Ok().streaming(body))
}

/// Writes before the upgrade, then whatever is said, at once; closes when the session has ended.
async fn notes(
    session: Session,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, Error> {
    session.set("opened", &true).map_err(Rejection::from)?;
    let detached = session.detached().await.map_err(Rejection::from)?.unwrap();
    let (response, mut socket, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        let mut ended = pin!(detached.ended());
        while let Either::Left((Some(Ok(Message::Text(text))), _)) =
            select(pin!(messages.recv()), &mut ended).await
        {
            detached.set("said", &*text).await.unwrap();
            let _ = socket.text(text).await;
        }
        let _ = socket.close(None).await;
    });
    Ok(response)
}

async fn said(session: Session) -> Result<String, Rejection> {
    let opened: Option<bool> = session.get("opened").await?;
    let said: Option<String> = session.get("said").await?;
    Ok(format!("{opened:?} {said:?}"))
}

async fn logout(session: Session) -> Result<&'static str, Rejection> {
    session.destroy()?;
    Ok("bye")
}

fn with_sessions(config: &mut ServiceConfig) {
    config
        .route("/stream", web::get().to(streams_a_session))
        .route("/notes", web::get().to(notes))
        .route("/said", web::get().to(said))
        .route("/logout", web::post().to(logout));
}

#[actix_web::test]
async fn the_head_of_a_stream_hands_the_session_out() {
    let mut wire = Wire::open(wire::serve(sessions().0, with_sessions)).await;
    wire.send("GET", "/stream", &[]).await;
    let head = wire.head().await.unwrap();
    assert_eq!((head.status, head.one("cache-control")), (200, "no-store"));
    session_of(&head);
}

#[actix_web::test]
async fn a_websocket_hands_the_session_out_writes_to_it_and_closes_when_it_ends() {
    let server = wire::serve(sessions().0, with_sessions);
    let mut wire = Wire::open(server).await;
    wire.send("GET", "/notes", &wire::handshake()).await;
    let head = wire.head().await.unwrap();
    assert_eq!(head.status, 101);
    let session = session_of(&head);

    wire.write(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await;
    assert_eq!(wire.bytes(4).await, b"\x81\x02hi");
    let answer = wire::get(server, "/said", &[session.clone()]).await;
    assert_eq!(answer.body, r#"Some(true) Some("hi")"#);

    let answer = wire::fetch(server, "POST", "/logout", &[session]).await.unwrap();
    assert_eq!(answer.body, "bye");
    // A final close frame (RFC 6455 §5.5.1).
    assert_eq!(wire.bytes(1).await, b"\x88");
}
