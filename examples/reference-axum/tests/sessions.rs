//! The routes that are about sessions: each is wired to what it is named after.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Answer, Server};

const JSON: &str = "application/json";
const DONE: &str = r#"{"ok":true}"#;

/// Sessions only, in memory.
const CONFIG: &str = r#"
[jam.session]
idle_timeout_seconds = 1800
absolute_timeout_seconds = 43200
"#;

/// Tokens beside them.
const JWT: &str = r#"
[[jam.jwt.keys]]
algorithm = "HS256"
secret = "0123456789abcdef0123456789abcdef"
"#;

/// `name=value` of the session's cookie that an answer sets.
#[track_caller]
fn cookie(answer: &Answer) -> String {
    let line = answer.header("set-cookie").unwrap();
    let cookie = line.split("; ").next().unwrap();
    assert!(cookie.starts_with("__Host-jam=") && cookie.len() == 54, "{line}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    cookie.to_owned()
}

/// One request as the browser that holds this cookie.
fn send(server: &Server, cookie: &str, method: &str, path: &str, body: &str) -> Answer {
    server.send(method, path, &[("Cookie", cookie)], body.as_bytes())
}

fn whoami(server: &Server, cookie: &str) -> Value {
    send(server, cookie, "GET", "/whoami", "").json()
}

#[test]
fn a_login_is_a_session_until_the_logout() {
    let server = Server::start(CONFIG);
    let login = server.log_in("alice", "wonderland");
    login.is(200, JSON, r#"{"token":null}"#);
    let alice = cookie(&login);
    let who = json!({ "user": "alice", "via": "session", "scopes": ["user"] });
    assert_eq!(whoami(&server, &alice), who);

    let logout = send(&server, &alice, "POST", "/logout", "");
    logout.is(200, JSON, DONE);
    assert!(logout.header("set-cookie").unwrap().starts_with("__Host-jam=;"));
    assert_eq!(send(&server, &alice, "GET", "/whoami", "").status, 401);
}

#[test]
fn elevation_puts_a_new_id_with_a_new_scope_in_place_of_the_old_one() {
    let server = Server::start(CONFIG);
    let alice = cookie(&server.log_in("alice", "wonderland"));
    assert_eq!(send(&server, &alice, "GET", "/admin", "").status, 403);
    let elevated = send(&server, &alice, "POST", "/elevate", "");
    elevated.is(200, JSON, DONE);
    let elevated = cookie(&elevated);
    assert_eq!(send(&server, &elevated, "GET", "/admin", "").status, 200);
    assert_eq!(send(&server, &alice, "GET", "/admin", "").status, 401);
    assert_eq!(server.post("/elevate", "").status, 401);
}

#[test]
fn values_live_in_an_anonymous_session_too() {
    let server = Server::start(CONFIG);
    let written = server.post("/kv", r#"{"k":"cart","v":[1,{"a":2}]}"#);
    written.is(200, JSON, DONE);
    let visitor = cookie(&written);
    send(&server, &visitor, "GET", "/kv?k=cart", "").is(200, JSON, r#"[1,{"a":2}]"#);
    send(&server, &visitor, "GET", "/kv?k=none", "").is(200, JSON, "null");
    send(&server, &visitor, "GET", "/kv", "").is(400, JSON, r#"{"error":"invalid_request"}"#);
    let slow = send(&server, &visitor, "POST", "/slow-kv?ms=1", r#"{"k":"cart","v":7}"#);
    slow.is(200, JSON, DONE);
    send(&server, &visitor, "GET", "/kv?k=cart", "").is(200, JSON, "7");

    let login = r#"{"user":"alice","password":"wonderland"}"#;
    let alice = cookie(&send(&server, &visitor, "POST", "/login", login));
    send(&server, &alice, "GET", "/kv?k=cart", "").is(200, JSON, "7");
}

#[test]
fn a_user_lists_and_ends_his_own_sessions_and_nobody_elses() {
    let server = Server::start(CONFIG);
    let one = cookie(&server.log_in("alice", "wonderland"));
    let two = cookie(&server.log_in("alice", "wonderland"));
    let bob = cookie(&server.log_in("bob", "builder"));
    let listed = send(&server, &one, "GET", "/sessions", "").json();
    let rows = listed.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let other = rows.iter().find(|row| row["current"] == false).unwrap();
    let path = format!("/sessions/{}", other["handle"].as_str().unwrap());

    let refused = r#"{"error":"not_found"}"#;
    send(&server, &bob, "DELETE", &path, "").is(404, JSON, refused);
    send(&server, &one, "DELETE", "/sessions/%ff", "").is(404, JSON, refused);
    assert_eq!(whoami(&server, &two)["user"], "alice");
    let ended = send(&server, &one, "DELETE", &path, "");
    assert_eq!((ended.status, ended.body.len()), (204, 0));
    assert_eq!(send(&server, &two, "GET", "/whoami", "").status, 401);
    send(&server, &one, "DELETE", &path, "").is(404, JSON, refused);
}

#[test]
fn all_other_sessions_of_a_user_end_at_once() {
    let server = Server::start(CONFIG);
    for path in ["/logout-others", "/password"] {
        let here = cookie(&server.log_in("alice", "wonderland"));
        let there = cookie(&server.log_in("alice", "wonderland"));
        let answer = send(&server, &here, "POST", path, "");
        answer.is(200, JSON, DONE);
        for (cookie, status) in [(&cookie(&answer), 200), (&here, 401), (&there, 401)] {
            assert_eq!(send(&server, cookie, "GET", "/whoami", "").status, status, "{path}");
        }
    }
    let here = cookie(&server.log_in("alice", "wonderland"));
    let there = cookie(&server.log_in("alice", "wonderland"));
    send(&server, &here, "POST", "/logout-all", "").is(200, JSON, DONE);
    for cookie in [&here, &there] {
        assert_eq!(send(&server, cookie, "GET", "/whoami", "").status, 401);
    }
}

#[test]
fn an_administrator_ends_the_sessions_of_anybody() {
    let server = Server::start(CONFIG);
    let alice = cookie(&server.log_in("alice", "wonderland"));
    let bob = cookie(&server.log_in("bob", "builder"));
    let whom = r#"{"user":"alice"}"#;
    assert_eq!(send(&server, &alice, "POST", "/admin/revoke", whom).status, 403);
    assert_eq!(whoami(&server, &alice)["user"], "alice");
    send(&server, &bob, "POST", "/admin/revoke", whom).is(200, JSON, DONE);
    assert_eq!(send(&server, &alice, "GET", "/whoami", "").status, 401);
    assert_eq!(whoami(&server, &bob)["user"], "bob");
}

#[test]
fn failures_and_streams_keep_what_was_written() {
    let server = Server::start(CONFIG);
    let failed = server.get("/fail", &[]);
    assert_eq!(failed.status, 500);
    send(&server, &cookie(&failed), "GET", "/kv?k=failed", "").is(200, JSON, "1");

    let stream = server.get("/stream", &[]);
    assert_eq!(stream.text(), "one\ntwo\nthree\n");
    send(&server, &cookie(&stream), "GET", "/kv?k=visits", "").is(200, JSON, "1");
}

#[test]
fn g52_debug_shows_no_id_of_a_session() {
    let server = Server::start(CONFIG);
    let alice = cookie(&server.log_in("alice", "wonderland"));
    let shown = send(&server, &alice, "GET", "/debug", "");
    assert_eq!(shown.status, 200);
    let (_, id) = alice.split_once('=').unwrap();
    // The first half is the public name; the other half is the secret.
    assert!(!shown.text().contains(id) && !shown.text().contains(&id[22..]));
}

#[test]
fn a_token_of_somebody_elses_does_nothing_to_a_session() {
    let server = Server::start(&format!("{CONFIG}{JWT}"));
    let bearer = |user: &str, password: &str| {
        let token = server.log_in(user, password).json()["token"].as_str().unwrap().to_owned();
        format!("Bearer {token}")
    };
    let alice = bearer("alice", "wonderland");
    let bob = cookie(&server.log_in("bob", "builder"));
    let both = |method: &str, path: &str| {
        server.send(method, path, &[("Cookie", &bob), ("Authorization", &alice)], b"")
    };
    for path in ["/elevate", "/password", "/logout-others"] {
        both("POST", path).is(403, JSON, r#"{"error":"session_of_another_subject"}"#);
        // A good token is not called a bad one where a session is asked for.
        let nobody = server.send("POST", path, &[("Authorization", &alice)], b"");
        nobody.is(401, JSON, r#"{"error":"unauthenticated"}"#);
        assert_eq!(nobody.header("www-authenticate"), Some(r#"Bearer realm="jam""#));
    }
    let handle = send(&server, &bob, "GET", "/sessions", "").json()[0]["handle"].clone();
    let path = format!("/sessions/{}", handle.as_str().unwrap());
    assert_eq!(both("DELETE", &path).status, 404);
    both("POST", "/logout-all").is(200, JSON, DONE);
    assert_eq!(whoami(&server, &bob)["user"], "bob");
}

#[test]
fn g52_ids_values_and_passwords_never_show_in_the_log() {
    let server = Server::start_with(CONFIG, &[], &[("RUST_LOG", "trace")]);
    let first = cookie(&server.log_in("alice", "wonderland"));
    let held = r#"{"k":"k","v":"a value of nobody's business"}"#;
    send(&server, &first, "POST", "/kv", held).is(200, JSON, DONE);
    let second = cookie(&send(&server, &first, "POST", "/elevate", ""));
    assert_eq!(send(&server, &first, "GET", "/whoami", "").status, 401);
    let (kept, last) = second.split_at(second.len() - 1);
    let tampered = format!("{kept}{}", if last == "A" { "E" } else { "A" });
    assert_eq!(send(&server, &tampered, "GET", "/whoami", "").status, 401);
    assert_eq!(send(&server, "__Host-jam=no-id-at-all", "GET", "/whoami", "").status, 401);
    assert_eq!(server.log_in("alice", "a-wrong-password").status, 401);
    send(&server, &second, "GET", "/debug", "");
    send(&server, &second, "GET", "/sessions", "");
    send(&server, &second, "POST", "/logout", "").is(200, JSON, DONE);

    let log = server.into_stderr();
    for told in ["logged_in", "rotated_session", "invalid_credentials", "session_ended"] {
        assert!(log.contains(told), "{told} is not told in:\n{log}");
    }
    // Of an id the second half is the secret.
    let halves = [&first, &second].map(|cookie| &cookie["__Host-jam=".len() + 22..]);
    for secret in halves.into_iter().chain([
        "nobody's business",
        "no-id-at-all",
        "wonderland",
        "a-wrong-password",
    ]) {
        assert!(!log.contains(secret), "{secret} shows in:\n{log}");
    }
}
