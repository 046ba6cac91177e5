//! Sessions that go on after the head of the answer: in streams and WebSockets.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use futures_util::stream::unfold;
use jam_axum::{JamLayer, Rejection, Session, sweep_every};
use jam_core::Jam;
use jam_core::clock::ManualClock;
use jam_core::session::{DetachedSession, SessionId};
use tokio::sync::mpsc;
use tokio::time;

use crate::session::{clock, id, jam};
use crate::store::Remote;
use crate::wire::{self, Wire};

/// A Jam whose store waits, and its clock.
fn remote() -> (Jam, ManualClock) {
    let clock = clock();
    (jam(Remote::default(), &clock), clock)
}

/// The session of a handler that has just logged alice in.
async fn alice(session: Session) -> Result<DetachedSession, Rejection> {
    session.login("alice")?;
    Ok(session.detached().await?.expect("alice has one"))
}

async fn socket(session: Session, upgrade: WebSocketUpgrade) -> Result<Response, Rejection> {
    let session = alice(session).await?;
    Ok(upgrade.on_upgrade(async move |mut socket: WebSocket| {
        loop {
            let message = tokio::select! {
                message = socket.recv() => message,
                () = session.ended() => break,
            };
            let Some(Ok(Message::Text(text))) = message else { return };
            session.set("said", text.as_str()).await.unwrap();
            let said = session.get::<String>("said").await.unwrap();
            let _ = socket.send(said.unwrap().into()).await;
        }
        let _ = socket.send(Message::Close(None)).await;
    }))
}

/// Opens the WebSocket and hands over the head of the answer.
async fn open(jam: Jam) -> (Wire, wire::Answer) {
    let app = Router::new().route("/ws", get(socket)).layer(JamLayer::new(jam));
    let mut wire = Wire::open(wire::serve(app).await).await;
    let handshake = [
        ("connection", "Upgrade".to_owned()),
        ("upgrade", "websocket".to_owned()),
        ("sec-websocket-version", "13".to_owned()),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
    ];
    wire.send_get("/ws", &handshake).await;
    let head = wire.head().await.unwrap();
    assert_eq!(head.status, 101, "{head:?}");
    (wire, head)
}

/// Says something, which the socket writes into the session and reads back.
async fn say_hi(wire: &mut Wire) {
    // A final text frame of two bytes under a mask of zeros (RFC 6455 §5.2), then its echo.
    wire.write(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await;
    assert_eq!(wire.bytes(4).await, b"\x81\x02hi");
}

/// A close frame without a reason.
const CLOSED: &[u8] = &[0x88, 0];

#[tokio::test]
async fn a_websocket_after_a_login_carries_the_cookie_and_writes_into_the_session() {
    let (jam, _) = remote();
    let (mut wire, head) = open(jam.clone()).await;
    let id = SessionId::parse(id(&head)).unwrap();
    assert_eq!(head.one("cache-control"), "no-store");
    say_hi(&mut wire).await;
    let record = jam.get_session(&id).await.unwrap().unwrap();
    assert_eq!(record.subject(), Some("alice"));
    assert_eq!(record.get::<String>("said").unwrap().unwrap(), "hi");
}

#[tokio::test]
async fn g10_a_websocket_ends_with_its_session() {
    let (jam, _) = remote();
    let (mut wire, _) = open(jam.clone()).await;
    say_hi(&mut wire).await;
    assert_eq!(jam.clear_sessions("alice").await.unwrap(), 1);
    assert_eq!(wire.bytes(2).await, CLOSED);
}

// The runtime's clock stands still and jumps to the next timer whenever nothing else is to do.
#[tokio::test(start_paused = true)]
async fn g08_a_sweep_ends_the_websocket_of_a_session_that_has_expired() {
    let (jam, clock) = remote();
    tokio::spawn(sweep_every(jam.clone(), Duration::from_secs(60)));
    let (mut wire, _) = open(jam).await;
    say_hi(&mut wire).await;
    clock.advance(Duration::from_secs(1801));
    assert_eq!(wire.bytes(2).await, CLOSED);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_drops_what_has_expired_and_outlives_a_store_that_is_down() {
    let (store, clock) = (Remote::default(), clock());
    let jam = jam(store.clone(), &clock);
    jam.create_session("alice").await.unwrap();
    tokio::spawn(sweep_every(jam, Duration::ZERO));
    let rounds = async || {
        for _ in 0..10 {
            time::advance(Duration::from_millis(1)).await;
            tokio::task::yield_now().await;
        }
    };
    rounds().await;
    assert_eq!(store.len(), 1);
    clock.advance(Duration::from_secs(1801));
    store.set_down(true);
    let before = store.calls();
    rounds().await;
    assert!(store.calls() > before + 1);
    assert_eq!(store.len(), 1);
    store.set_down(false);
    rounds().await;
    assert_eq!(store.len(), 0);
}

#[tokio::test]
async fn a_stream_after_a_session_write_carries_the_cookie_and_goes_on_writing() {
    let (jam, _) = remote();
    let (chunks, receiver) = mpsc::channel::<&'static str>(1);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let stream = async move |session: Session| {
        let session = alice(session).await?;
        let receiver = receiver.lock().unwrap().take().unwrap();
        let pieces = unfold((session, receiver), async |(session, mut receiver)| {
            let piece = receiver.recv().await?;
            session.set("sent", piece).await.unwrap();
            Some((Ok::<_, Infallible>(piece), (session, receiver)))
        });
        Ok::<_, Rejection>(Body::from_stream(Box::pin(pieces)))
    };
    let app = Router::new().route("/stream", get(stream)).layer(JamLayer::new(jam.clone()));
    let mut wire = Wire::open(wire::serve(app).await).await;
    wire.send_get("/stream", &[]).await;

    // Nothing has been sent into the stream yet, and still the whole head is there.
    let head = wire.head().await.unwrap();
    let id = SessionId::parse(id(&head)).unwrap();
    for chunk in ["one", "two"] {
        chunks.send(chunk).await.unwrap();
        assert_eq!(wire.bytes(8).await, format!("3\r\n{chunk}\r\n").into_bytes());
        let record = jam.get_session(&id).await.unwrap().unwrap();
        assert_eq!(record.get::<String>("sent").unwrap().unwrap(), chunk);
    }
}
