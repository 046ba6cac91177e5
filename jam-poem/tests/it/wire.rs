//! A server on loopback and a client that shows the bytes as they are.

use std::net::SocketAddr;

use poem::listener::TcpAcceptor;
use poem::{Endpoint, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves the application on a free port until the test's runtime ends.
pub(crate) async fn serve(app: impl Endpoint + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app));
    address
}

/// One request to an application of its own server.
pub(crate) async fn get(
    app: impl Endpoint + 'static,
    path: &str,
    headers: &[(&str, String)],
) -> Answer {
    fetch(serve(app).await, path, headers).await.expect("the server answers")
}

/// One request on one connection; `None` where the server closes it without an answer.
pub(crate) async fn fetch(
    server: SocketAddr,
    path: &str,
    headers: &[(&str, String)],
) -> Option<Answer> {
    exchange(server, "GET", path, headers).await
}

/// The same with POST, for a server that answers it.
pub(crate) async fn post(server: SocketAddr, path: &str, headers: &[(&str, String)]) -> Answer {
    exchange(server, "POST", path, headers).await.expect("the server answers")
}

async fn exchange(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
) -> Option<Answer> {
    let mut wire = Wire::open(server).await;
    let mut all = vec![("connection", "close".to_owned())];
    all.extend_from_slice(headers);
    wire.send(method, path, &all).await;
    let mut answer = wire.head().await?;
    answer.body = wire.rest().await;
    Some(answer)
}

/// What asks for a WebSocket, with the key of the example in RFC 6455 §1.3.
pub(crate) fn handshake() -> Vec<(&'static str, String)> {
    [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// Status, header lines in order, and the body as it was on the wire.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// All values under a lower-case name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    }

    /// The only value under a lower-case name; empty where there is none.
    pub(crate) fn one(&self, name: &str) -> &str {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} is there more than once: {all:?}");
        all.first().copied().unwrap_or_default()
    }

    pub(crate) fn challenge(&self) -> &str {
        self.one("www-authenticate")
    }

    /// Without the one line that the clock decides.
    pub(crate) fn dateless(mut self) -> Answer {
        self.headers.retain(|(name, _)| name != "date");
        self
    }
}

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(server: SocketAddr) -> Wire {
        Wire { stream: TcpStream::connect(server).await.unwrap(), unread: Vec::new() }
    }

    pub(crate) async fn send_get(&mut self, path: &str, headers: &[(&str, String)]) {
        self.send("GET", path, headers).await;
    }

    async fn send(&mut self, method: &str, path: &str, headers: &[(&str, String)]) {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// The head of the answer, without waiting for a byte of its body.
    pub(crate) async fn head(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if !self.read_some().await {
                return None;
            }
        };
        let head = String::from_utf8(self.unread.drain(..end + 4).collect()).unwrap();
        let (status, lines) = head.trim_end().split_once("\r\n").unwrap();
        let headers = lines.lines().map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Some(Answer {
            status: status.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: headers.collect(),
            body: String::new(),
        })
    }

    /// Exactly so many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            assert!(self.read_some().await, "the connection ended early");
        }
        self.unread.drain(..count).collect()
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn rest(&mut self) -> String {
        while self.read_some().await {}
        String::from_utf8(std::mem::take(&mut self.unread)).unwrap()
    }

    async fn read_some(&mut self) -> bool {
        self.stream.read_buf(&mut self.unread).await.unwrap_or(0) > 0
    }
}
