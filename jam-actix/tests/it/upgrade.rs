//! Answers that go on after their head: streams and WebSockets.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes, Data, Payload, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse};
use actix_ws::Message;
use futures_util::stream::poll_fn;
use jam_actix::{Flow, Identity, JamLayer};
use tokio::sync::mpsc::{self, Receiver};

use crate::wire::{self, Wire};
use crate::{COOKIE, User, alice, bearer, forged, jam};

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
    let handshake = [
        ("connection", "Upgrade".to_owned()),
        ("upgrade", "websocket".to_owned()),
        ("sec-websocket-version", "13".to_owned()),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
        bearer(token),
    ];
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
