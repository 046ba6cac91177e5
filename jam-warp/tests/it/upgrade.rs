//! Answers that go on after their head: streams and WebSockets.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use futures_util::stream::poll_fn;
use futures_util::{SinkExt, StreamExt};
use jam_warp::{Flow, Identity, flow, identity, recover};
use tokio::sync::mpsc;
use warp::ws::{Message, WebSocket, Ws};
use warp::{Filter, Reply};

use crate::wire::{self, Wire};
use crate::{COOKIE, User, alice, bearer, forged, jam};

#[tokio::test]
async fn the_head_of_a_stream_does_not_wait_for_its_body() {
    let (chunks, receiver) = mpsc::channel::<&'static str>(1);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let stream = move |flow: Flow| {
        flow.persist_jwt(&alice()).unwrap();
        let mut receiver = receiver.lock().unwrap().take().unwrap();
        warp::reply::stream(poll_fn(move |context| {
            receiver.poll_recv(context).map(|chunk| chunk.map(Ok::<_, Infallible>))
        }))
    };
    let stream = warp::path!("stream").and(flow()).map(stream);
    let mut wire = Wire::open(wire::serve(stream, jam()).await).await;
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

fn echo(user: Identity<User>, flow: Flow, upgrade: Ws) -> impl Reply {
    flow.persist_jwt(&alice()).unwrap();
    upgrade.on_upgrade(async move |mut socket: WebSocket| {
        while let Some(Ok(message)) = socket.next().await {
            let Ok(text) = message.to_str() else { return };
            let _ = socket.send(Message::text(format!("{}: {text}", user.name))).await;
        }
    })
}

/// Opens a WebSocket with this token and hands over the head of the answer.
async fn open(token: &str) -> (Wire, wire::Answer) {
    let echo = warp::path!("ws").and(identity()).and(flow()).and(warp::ws()).map(echo);
    let mut wire = Wire::open(wire::serve(echo.recover(recover), jam()).await).await;
    let handshake = [
        ("connection", "Upgrade".to_owned()),
        ("upgrade", "websocket".to_owned()),
        ("sec-websocket-version", "13".to_owned()),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
        bearer(token),
    ];
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
