//! Answers that go on after their head: streams and WebSockets.

use std::io;
use std::sync::{Arc, Mutex};

use futures_util::stream::poll_fn;
use futures_util::{SinkExt, StreamExt};
use jam_poem::{Flow, Identity, JamLayer, Rejection, Session};
use poem::web::Data;
use poem::web::websocket::{Message, WebSocket};
use poem::{Body, EndpointExt, IntoResponse, Route, get, handler, post};
use tokio::sync::mpsc;

use crate::store::sessions;
use crate::wire::{self, Wire};
use crate::{COOKIE, User, alice, bearer, forged, jam, session_of};

type Chunks = Arc<Mutex<Option<mpsc::Receiver<&'static str>>>>;

#[handler]
async fn stream(flow: Flow, chunks: Data<&Chunks>) -> Body {
    flow.persist_jwt(&alice()).unwrap();
    let mut chunks = chunks.lock().unwrap().take().unwrap();
    Body::from_bytes_stream(poll_fn(move |context| {
        chunks.poll_recv(context).map(|chunk| chunk.map(Ok::<_, io::Error>))
    }))
}

#[tokio::test]
async fn the_head_of_a_stream_does_not_wait_for_its_body() {
    let (chunks, receiver) = mpsc::channel(1);
    let receiver: Chunks = Arc::new(Mutex::new(Some(receiver)));
    let app = Route::new().at("/stream", get(stream)).data(receiver).with(JamLayer::new(jam()));
    let mut wire = Wire::open(wire::serve(app).await).await;
    wire.send_get("/stream", &[]).await;

    // Nothing has been sent into the stream yet, and still the whole head is there.
    let head = wire.head().await.unwrap();
    assert_eq!(head.status, 200);
    assert!(head.one("set-cookie").starts_with(COOKIE));
    for chunk in ["one", "two"] {
        chunks.send(chunk).await.unwrap();
        assert_eq!(wire.bytes(8).await, format!("3\r\n{chunk}\r\n").into_bytes());
    }
}

#[handler]
async fn echo(user: Identity<User>, flow: Flow, upgrade: WebSocket) -> impl IntoResponse {
    flow.persist_jwt(&alice()).unwrap();
    upgrade.on_upgrade(async move |mut socket| {
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            let _ = socket.send(Message::text(format!("{}: {text}", user.name))).await;
        }
    })
}

/// Opens a WebSocket with this token and hands over the head of the answer.
async fn open(token: &str) -> (Wire, wire::Answer) {
    let app = Route::new().at("/ws", get(echo)).with(JamLayer::new(jam()));
    let mut wire = Wire::open(wire::serve(app).await).await;
    let mut handshake = wire::handshake();
    handshake.push(bearer(token));
    wire.send_get("/ws", &handshake).await;
    let head = wire.head().await.unwrap();
    (wire, head)
}

#[tokio::test]
async fn a_websocket_upgrades_with_our_cookie_and_knows_its_user() {
    let (mut wire, head) = open(&alice()).await;
    assert_eq!(head.status, 101);
    // The example of RFC 6455 §1.3.
    assert_eq!(head.one("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(head.one("set-cookie").starts_with(COOKIE));

    // A final text frame of two bytes under a mask of zeros (RFC 6455 §5.2), then its echo.
    wire.write(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await;
    assert_eq!(wire.bytes(11).await, b"\x81\x09alice: hi");
}

#[tokio::test]
async fn a_websocket_with_a_forged_token_is_never_opened() {
    let (_, head) = open(&forged()).await;
    assert_eq!(head.status, 401);
    assert!(head.challenge().contains("error=\"invalid_token\""), "{head:?}");
    assert!(head.all("set-cookie").is_empty());
}

#[handler]
async fn streams_a_session(session: Session) -> Result<Body, Rejection> {
    session.set("color", "blue")?;
    // Never ends, and never says anything.
    Ok(Body::from_bytes_stream(futures_util::stream::pending::<io::Result<&'static str>>()))
}

/// Writes before the upgrade, then whatever is said, at once; closes when the session has ended.
#[handler]
async fn notes(session: Session, upgrade: WebSocket) -> Result<impl IntoResponse, Rejection> {
    session.set("opened", &true)?;
    let detached = session.detached().await?.unwrap();
    Ok(upgrade.on_upgrade(async move |mut socket| {
        loop {
            let message = tokio::select! {
                () = detached.ended() => break,
                message = socket.next() => message,
            };
            let Some(Ok(Message::Text(text))) = message else { break };
            detached.set("said", &text).await.unwrap();
            let _ = socket.send(Message::text(text)).await;
        }
        let _ = socket.send(Message::close()).await;
    }))
}

#[handler]
async fn said(session: Session) -> Result<String, Rejection> {
    let opened: Option<bool> = session.get("opened").await?;
    let said: Option<String> = session.get("said").await?;
    Ok(format!("{opened:?} {said:?}"))
}

#[handler]
async fn logout(session: Session) -> Result<&'static str, Rejection> {
    session.destroy()?;
    Ok("bye")
}

async fn serve_with_sessions() -> std::net::SocketAddr {
    let app = Route::new()
        .at("/stream", get(streams_a_session))
        .at("/notes", get(notes))
        .at("/said", get(said))
        .at("/logout", post(logout));
    wire::serve(app.with(JamLayer::new(sessions().0))).await
}

#[tokio::test]
async fn the_head_of_a_stream_hands_the_session_out() {
    let mut wire = Wire::open(serve_with_sessions().await).await;
    wire.send_get("/stream", &[]).await;
    let head = wire.head().await.unwrap();
    assert_eq!((head.status, head.one("cache-control")), (200, "no-store"));
    session_of(&head);
}

#[tokio::test]
async fn a_websocket_hands_the_session_out_writes_to_it_and_closes_when_it_ends() {
    let server = serve_with_sessions().await;
    let mut wire = Wire::open(server).await;
    wire.send_get("/notes", &wire::handshake()).await;
    let head = wire.head().await.unwrap();
    assert_eq!(head.status, 101);
    let session = session_of(&head);

    wire.write(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await;
    assert_eq!(wire.bytes(4).await, b"\x81\x02hi");
    let answer = wire::fetch(server, "/said", &[session.clone()]).await.unwrap();
    assert_eq!(answer.body, r#"Some(true) Some("hi")"#);

    assert_eq!(wire::post(server, "/logout", &[session]).await.body, "bye");
    // A final close frame (RFC 6455 §5.5.1).
    assert_eq!(wire.bytes(1).await, b"\x88");
}
