//! What is secret stays out of `/debug`, out of refusals and out of the log.

mod support;

use support::{CONFIG, SECRET, Server};

#[test]
fn g52_secrets_tokens_and_passwords_never_show_in_debug_answers_or_the_log() {
    let server = Server::start_with(CONFIG, &[], &[("RUST_LOG", "trace")]);
    let token = server.token("alice", "wonderland");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let claims = signed.split_once('.').unwrap().1;
    let forged = format!("{signed}.Zm9yZ2VkLWJ5LXRoZS10ZXN0");
    let bearer = format!("Bearer {token}");
    let cookie = format!("__Host-jwt={token}");

    let mut seen = String::new();
    let answers = [
        server.log_in("alice", "a-wrong-password"),
        server.get("/debug", &[("Authorization", &bearer), ("Cookie", &cookie)]),
        server.get("/debug", &[("Cookie", &cookie)]),
        server.get_as(&token, "/whoami"),
        server.get_as(&token, "/admin"),
        server.get_as(&forged, "/whoami"),
        server.get_as("a-malformed-token", "/maybe"),
        server.get("/whoami", &[("Authorization", "Bearer not one word")]),
        server.get("/whoami", &[("Cookie", &format!("__Host-jwt={forged}"))]),
        server.get("/page", &[("Cookie", &format!("{cookie}; __Host-jwt=a-second-cookie"))]),
        server.send("POST", "/logout", &[("Cookie", &cookie)], b""),
    ];
    for answer in answers {
        let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        seen.extend(headers);
        seen += answer.text();
    }
    let log = server.into_stderr();
    assert!(log.contains("bad_signature"), "the reason goes to the log: {log}");
    assert!(seen.contains("HS256"), "/debug shows the configuration: {seen}");
    seen += &log;

    let as_list = format!("{:?}", SECRET.as_bytes());
    for secret in [
        SECRET,
        as_list.trim_matches(['[', ']']),
        &token,
        signature,
        claims,
        &forged,
        "Zm9yZ2VkLWJ5LXRoZS10ZXN0",
        "wonderland",
        "a-wrong-password",
        "a-malformed-token",
        "not one word",
        "a-second-cookie",
    ] {
        assert!(!seen.contains(secret), "{secret} shows in:\n{seen}");
    }
}

#[test]
fn a_refusal_is_logged_with_its_reason_at_debug_level() {
    let server = Server::start_with(CONFIG, &[], &[("RUST_LOG", "debug")]);
    assert_eq!(server.get_as("a.b.c", "/whoami").status, 401);
    assert!(server.into_stderr().contains("malformed"));
}
