//! Bodies that stream, sockets, and the end of the process.

mod support;

use std::io::{Read, Write};
use support::{CONFIG, Server};

#[test]
fn a_stream_arrives_in_chunks() {
    let server = Server::start(CONFIG);
    let answer = server.get("/stream", &[]);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    answer.is(200, "text/plain; charset=utf-8", "one\ntwo\nthree\n");
    answer.has_no_jam_headers();
}

#[test]
fn a_websocket_echoes_text_and_bytes() {
    let server = Server::start(CONFIG);
    let mut stream = server.connect();
    // The key and its answer are the example of RFC 6455 1.3.
    let head = "GET /ws HTTP/1.1\r\nHost: jam.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{answer}");
    assert!(!answer.contains("set-cookie"), "{answer}");

    for kind in [0x81, 0x82] {
        // A client masks; with a mask of zeros the payload stays readable here.
        stream.write_all(&[kind, 0x85, 0, 0, 0, 0]).unwrap();
        stream.write_all(b"hello").unwrap();
        let mut echo = [0; 7];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!(echo, [kind, 5, b'h', b'e', b'l', b'l', b'o']);
    }
}

#[test]
fn a_plain_request_for_the_websocket_is_a_bad_request() {
    let answer = Server::start(CONFIG).get("/ws", &[]);
    answer.is(400, "application/json", r#"{"error":"invalid_request"}"#);
}

#[test]
#[cfg(unix)]
fn a_process_that_is_told_to_stop_ends_well() {
    let mut server = Server::start(CONFIG);
    assert_eq!(server.get("/public", &[]).status, 200);
    assert_eq!(server.terminate().code(), Some(0));
}
