//! The server around the routes: peers, HTTP/2, and a stop that loses no answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jam_warp::{Identity, flow, identity, peer_addr, recover};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use warp::Filter;
use warp::http::Request;
use warp::hyper::client::conn::http2;

use crate::wire::{self, Wire};
use crate::{COOKIE, User, alice, bearer, cookie, jam};

#[tokio::test]
async fn a_handler_knows_the_peer_where_warps_own_filter_does_not() {
    let peers = |ours: Option<SocketAddr>, warps: Option<SocketAddr>| {
        assert_eq!(warps, None);
        ours.map_or_else(String::new, |peer| peer.to_string())
    };
    let server = wire::serve(peer_addr().and(warp::addr::remote()).map(peers), jam()).await;
    let mut wire = Wire::open(server).await;
    let me = wire.address();
    assert_eq!(me.ip(), Ipv4Addr::LOCALHOST);
    // Both requests of one connection.
    for _ in 0..2 {
        wire.send_get("/", &[]).await;
        let head = wire.head().await.unwrap();
        let length = head.one("content-length").parse().unwrap();
        assert_eq!(wire.bytes(length).await, me.to_string().into_bytes());
    }
}

#[tokio::test]
async fn http_2_with_prior_knowledge_is_spoken_too() {
    let whoami = |user: Identity<User>, flow: jam_warp::Flow| {
        flow.persist_jwt(&alice()).unwrap();
        user.name.clone()
    };
    let panics = warp::path!("panic").map(|| -> String { panic!("the handler's own fault") });
    let routes = panics.or(identity().and(flow()).map(whoami)).recover(recover);
    let server = wire::serve(routes, jam()).await;
    let stream = TokioIo::new(TcpStream::connect(server).await.unwrap());
    let (mut client, connection) =
        http2::handshake::<_, _, String>(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);

    let uri = |path: &str| format!("http://{server}{path}");
    let mut ask = async |path: &str, headers: &[(&str, String)]| {
        let mut request = Request::get(uri(path));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        client.send_request(request.body(String::new()).unwrap()).await
    };
    assert_eq!(ask("/", &[]).await.unwrap().status(), 401);
    assert!(ask("/panic", &[]).await.is_err());
    // The same connection, with the cookie crumbs of RFC 9113 §8.2.3.
    let (name, value) = cookie(&alice());
    let answer = ask("/", &[(name, "theme=dark".to_owned()), (name, value)]).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["set-cookie"].to_str().unwrap().starts_with(COOKIE));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "alice");
}

#[tokio::test]
async fn a_stop_lets_requests_in_flight_end_and_takes_no_new_ones() {
    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let notify = (Arc::clone(&entered), Arc::clone(&go_on));
    let slow = identity().then(move |user: Identity<User>| {
        let (entered, go_on) = notify.clone();
        async move {
            entered.notify_one();
            go_on.notified().await;
            user.name.clone()
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { _ = stopped.await };
    let server = jam_warp::serve(slow, jam()).graceful(stopped);
    let server = tokio::spawn(server.run_on(listener));

    let mut idle = Wire::open(address).await;
    let mut busy = Wire::open(address).await;
    busy.send_get("/", &[bearer(&alice())]).await;
    entered.notified().await;
    stop.send(()).unwrap();
    // The idle connection is closed, so the signal has been seen.
    assert!(idle.head().await.is_none());
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!server.is_finished());

    go_on.notify_one();
    let head = busy.head().await.unwrap();
    assert_eq!((head.status, head.one("connection")), (200, "close"));
    assert_eq!(busy.bytes(5).await, b"alice");
    server.await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_and_no_panic() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = jam_warp::serve(warp::any().map(|| "in"), jam());
    let error = server.run(taken.local_addr().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
