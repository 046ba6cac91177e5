//! Every route of the contract's table: status, body and headers as they go over the wire.

mod support;

use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use serde_json::json;
use support::{CONFIG, Server};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

#[test]
fn public_answers_everyone_and_never_looks_at_a_credential() {
    let server = Server::start(CONFIG);
    let forged = [("Authorization", "Bearer forged"), ("Cookie", "__Host-jwt=forged")];
    for headers in [&[][..], &forged] {
        let answer = server.get("/public", headers);
        answer.is(200, TEXT, "public");
        answer.has_no_jam_headers();
    }
}

#[test]
fn whoami_names_the_user_how_it_was_proven_and_his_scopes() {
    let server = Server::start(CONFIG);
    let alice = server.token("alice", "wonderland");
    let answer = server.get_as(&alice, "/whoami");
    answer.is(200, JSON, r#"{"user":"alice","via":"jwt","scopes":["user"]}"#);
    answer.has_no_jam_headers();

    let bob = server.token("bob", "builder");
    let cookie = format!("theme=dark; __Host-jwt={bob}");
    let answer = server.get("/whoami", &[("Cookie", &cookie)]);
    answer.is(200, JSON, r#"{"user":"bob","via":"jwt","scopes":["user","admin"]}"#);
    answer.has_no_jam_headers();
}

#[test]
fn a_payload_without_a_subject_names_its_user_claim() {
    let server = Server::start(CONFIG);
    let key = Key::from_secret(Algorithm::HS256, support::SECRET).unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap()).build().unwrap();
    for (claims, user) in [
        (json!({ "user": "carol" }), r#""carol""#),
        (json!({ "user": 7 }), "7"),
        (json!({ "user": "carol", "sub": "dave" }), r#""dave""#),
        (json!({}), "null"),
    ] {
        let token = jwt.sign(&jwt.payload().data(&claims).build().unwrap()).unwrap();
        let expected = format!(r#"{{"user":{user},"via":"jwt","scopes":[]}}"#);
        server.get_as(&token, "/whoami").is(200, JSON, &expected);
        server.get_as(&token, "/maybe").is(200, JSON, &format!(r#"{{"user":{user}}}"#));
    }
}

#[test]
fn g62_no_credential_gets_a_bare_challenge_and_a_bad_one_invalid_token() {
    let server = Server::start(CONFIG);
    let answer = server.get("/whoami", &[]);
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="tests""#));
    answer.is(401, JSON, r#"{"error":"unauthenticated"}"#);

    let token = server.token("alice", "wonderland");
    let forged = format!("{}.Zm9yZ2Vk", token.rsplit_once('.').unwrap().0);
    for (name, value) in [
        ("Authorization", format!("Bearer {forged}")),
        ("Authorization", "Bearer no-token-at-all".to_owned()),
        ("Cookie", format!("__Host-jwt={forged}")),
    ] {
        let answer = server.get("/whoami", &[(name, &value)]);
        answer.is(401, JSON, r#"{"error":"invalid_token"}"#);
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some(r#"Bearer realm="tests", error="invalid_token""#));
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[test]
fn maybe_reads_an_unusable_cookie_as_nobody_and_refuses_a_bad_header() {
    let server = Server::start(CONFIG);
    let token = server.token("alice", "wonderland");
    let nobody = r#"{"user":null}"#;
    server.get("/maybe", &[]).is(200, JSON, nobody);
    server.get("/maybe", &[("Authorization", "Basic YTpi")]).is(200, JSON, nobody);
    for cookie in ["__Host-jwt=stale", "__Host-jwt=not one word", "__Host-jwt="] {
        let answer = server.get("/maybe", &[("Cookie", cookie)]);
        answer.is(200, JSON, nobody);
        answer.has_no_jam_headers();
    }
    server.get_as(&token, "/maybe").is(200, JSON, r#"{"user":"alice"}"#);
    server.get_as("forged", "/maybe").is(401, JSON, r#"{"error":"invalid_token"}"#);
    for (name, value) in
        [("Authorization", "Bearer two words"), ("Cookie", "__Host-jwt=a; __Host-jwt=b")]
    {
        server.get("/maybe", &[(name, value)]).is(400, JSON, r#"{"error":"invalid_request"}"#);
    }
}

#[test]
fn g63_several_authorization_lines_are_refused_wherever_identity_is_asked_for() {
    let server = Server::start(CONFIG);
    let bearer = format!("Bearer {}", server.token("alice", "wonderland"));
    let twice = [("Authorization", bearer.as_str()), ("Authorization", bearer.as_str())];
    for path in ["/whoami", "/maybe", "/admin", "/page"] {
        server.get(path, &twice).is(400, JSON, r#"{"error":"invalid_request"}"#);
    }
}

#[test]
fn admin_needs_its_scope() {
    let server = Server::start(CONFIG);
    assert_eq!(server.get("/admin", &[]).status, 401);
    let answer = server.get_as(&server.token("alice", "wonderland"), "/admin");
    answer.is(403, JSON, r#"{"error":"insufficient_scope"}"#);
    let challenge = answer.header("www-authenticate");
    let expected = r#"Bearer realm="tests", error="insufficient_scope", scope="admin""#;
    assert_eq!(challenge, Some(expected));
    server.get_as(&server.token("bob", "builder"), "/admin").is(200, TEXT, "admin");
}

#[test]
fn page_sends_those_without_a_login_there_and_remembers_the_way_back() {
    let server = Server::start(CONFIG);
    for headers in [&[][..], &[("Cookie", "__Host-jwt=stale")]] {
        let answer = server.get("/page?tab=1&x=%2F", headers);
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), Some("/login?next=/page%3Ftab%3D1%26x%3D%252F"));
        assert_eq!(answer.header("set-cookie"), None);
    }
    server.get_as(&server.token("alice", "wonderland"), "/page").is(200, TEXT, "page");
    assert_eq!(server.get_as("forged", "/page").status, 401);
}

#[test]
fn login_hands_the_token_out_in_the_body_and_in_the_cookie() {
    let server = Server::start(CONFIG);
    let answer = server.log_in("alice", "wonderland");
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    answer.is(200, JSON, &format!(r#"{{"token":"{token}"}}"#));
    let cookie = format!("__Host-jwt={token}; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(attributes(answer.header("set-cookie").unwrap()), attributes(&cookie));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("vary"), Some("Authorization, Cookie"));
}

/// The pair, then the attributes in any order.
fn attributes(cookie: &str) -> Vec<&str> {
    let mut parts = cookie.split("; ");
    let pair = parts.next();
    let mut attributes: Vec<_> = parts.collect();
    attributes.sort_unstable();
    pair.into_iter().chain(attributes).collect()
}

#[test]
fn login_with_a_transport_of_none_sets_no_cookie_and_with_a_header_sets_that() {
    let none = CONFIG.replace("transport = \"cookie\"\ncookie = { name = \"__Host-jwt\" }", "");
    let answer = Server::start(&none).log_in("alice", "wonderland");
    assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let header = none.replace("[jam.jwt]", "[jam.jwt]\ntransport = { header = \"X-Token\" }");
    let answer = Server::start(&header).log_in("alice", "wonderland");
    assert_eq!(answer.header("x-token"), answer.json()["token"].as_str());
    assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
}

#[test]
fn without_a_jwt_backend_nobody_logs_in_and_nobody_is_known() {
    let server = Server::start("[jam]\nrealm = \"tests\"\n");
    server.log_in("alice", "wonderland").is(501, JSON, r#"{"error":"not available yet"}"#);
    assert_eq!(server.get_as("a.b.c", "/whoami").status, 401);
    server.get("/jwks.json", &[]).is(200, JSON, r#"{"keys":[]}"#);
}

#[test]
fn a_failed_login_sets_no_cookie_and_carries_no_challenge() {
    let server = Server::start(CONFIG);
    for (user, password) in [("alice", "builder"), ("nobody", "wonderland"), ("alice", "")] {
        let answer = server.log_in(user, password);
        answer.is(401, JSON, r#"{"error":"invalid_credentials"}"#);
        assert_eq!(answer.header("www-authenticate"), None);
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[test]
fn login_asks_for_no_identity_so_a_bad_credential_is_no_hindrance() {
    let server = Server::start(CONFIG);
    let body = br#"{"user":"alice","password":"wonderland"}"#;
    for header in [("Cookie", "__Host-jwt=stale"), ("Authorization", "Bearer forged")] {
        assert_eq!(server.send("POST", "/login", &[header], body).status, 200);
    }
}

#[test]
fn a_login_body_that_is_no_strict_json_object_is_refused() {
    let server = Server::start(CONFIG);
    for body in ["", "[]", "null", r#"["alice","wonderland"]"#, r#"{"user":"alice"}"#, "user=alice"]
    {
        let answer = server.post("/login", body);
        answer.is(400, JSON, r#"{"error":"invalid_request"}"#);
        answer.has_no_jam_headers();
    }
    let long = format!(r#"{{"user":"alice","password":"{}"}}"#, "x".repeat(1024 * 1024));
    server.post("/login", &long).is(413, JSON, r#"{"error":"too_large"}"#);
}

#[test]
fn logout_removes_the_cookie_that_login_set() {
    let server = Server::start(CONFIG);
    let token = server.token("alice", "wonderland");
    let cookie = format!("__Host-jwt={token}");
    for headers in [&[("Cookie", cookie.as_str())][..], &[], &[("Authorization", "Bearer forged")]]
    {
        let answer = server.send("POST", "/logout", headers, b"");
        answer.is(200, JSON, r#"{"ok":true}"#);
        let removed = attributes(answer.header("set-cookie").unwrap());
        assert_eq!(removed[0], "__Host-jwt=");
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=0"] {
            assert!(removed.contains(&attribute), "{attribute}: {removed:?}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn the_public_key_set_is_cacheable_and_never_shows_a_symmetric_key() {
    let server = Server::start(CONFIG);
    let answer = server.get("/jwks.json", &[]);
    answer.is(200, JSON, r#"{"keys":[]}"#);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("set-cookie"), None);

    let key = Key::generate(Algorithm::EdDSA).unwrap();
    let pem = support::TempFile::new("key.pem", &key.danger_private_pem().unwrap());
    let server = Server::start(&format!(
        "[jam.jwt]\nkeys = [{{ id = \"a\", algorithm = \"EdDSA\", pem_file = \"{}\" }}]",
        pem.path()
    ));
    let keys = server.get("/jwks.json", &[]).json();
    let published = keys["keys"][0].as_object().unwrap();
    assert_eq!((&published["kty"], &published["kid"]), (&"OKP".into(), &"a".into()));
    assert!(!published.contains_key("d"));
    assert_eq!(server.get_as(&server.token("bob", "builder"), "/whoami").status, 200);
}

#[test]
fn a_failing_handler_answers_with_the_frameworks_own_error() {
    let answer = Server::start(CONFIG).get("/fail", &[]);
    assert_eq!(answer.status, 500);
    answer.has_no_jam_headers();
}

#[test]
fn routes_of_later_features_say_so_and_are_never_ignored() {
    let server = Server::start(CONFIG);
    for path in ["/token", "/token/refresh", "/token/revoke"] {
        let answer = server.post(path, "");
        answer.is(501, JSON, r#"{"error":"not available yet"}"#);
        answer.has_no_jam_headers();
    }
}

#[test]
fn routes_of_sessions_say_so_where_none_are_configured() {
    let server = Server::start(CONFIG);
    for (method, path) in [
        ("POST", "/elevate"),
        ("POST", "/logout-others"),
        ("POST", "/password"),
        ("POST", "/kv"),
        ("GET", "/kv?k=a"),
        ("POST", "/slow-kv?ms=500"),
        ("GET", "/sessions"),
        ("DELETE", "/sessions/some-handle"),
    ] {
        let answer = server.send(method, path, &[], b"");
        answer.is(501, JSON, r#"{"error":"not_supported"}"#);
        answer.has_no_jam_headers();
    }
}

#[test]
fn the_frameworks_own_404_and_405_leave_as_they_are() {
    let server = Server::start(CONFIG);
    for (method, path, status) in
        [("GET", "/nowhere", 404), ("POST", "/admin", 405), ("DELETE", "/page", 405)]
    {
        let answer = server.send(method, path, &[("Authorization", "Bearer forged")], b"");
        assert_eq!(answer.status, status, "{method} {path}");
        answer.has_no_jam_headers();
    }
}
