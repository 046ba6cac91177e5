//! `GET /credential`: what the configured sources find, in their order.

mod support;

use support::{CONFIG, Server};

fn found(server: &Server, headers: &[(&str, &str)]) -> String {
    let answer = server.get("/credential", headers);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    answer.has_no_jam_headers();
    answer.text().to_owned()
}

fn credential(source: usize, value: &str) -> String {
    format!(r#"{{"outcome":"credential","source":{source},"value":"{value}"}}"#)
}

const ABSENT: &str = r#"{"outcome":"absent"}"#;
const MALFORMED: &str = r#"{"outcome":"malformed"}"#;
const CONFLICT: &str = r#"{"outcome":"conflict"}"#;

#[test]
fn the_first_source_that_is_present_decides() {
    let server = Server::start(CONFIG);
    let bearer = ("Authorization", "Bearer from-the-header");
    let cookie = ("Cookie", "a=b; __Host-jwt=from-the-cookie");
    assert_eq!(found(&server, &[]), ABSENT);
    assert_eq!(found(&server, &[bearer]), credential(0, "from-the-header"));
    assert_eq!(found(&server, &[cookie]), credential(1, "from-the-cookie"));
    assert_eq!(found(&server, &[cookie, bearer]), credential(0, "from-the-header"));

    let swapped = CONFIG.replace(
        "[{ bearer = true }, { cookie = \"__Host-jwt\" }]",
        "[{ cookie = \"__Host-jwt\" }, { bearer = true }]",
    );
    let server = Server::start(&swapped);
    assert_eq!(found(&server, &[cookie, bearer]), credential(0, "from-the-cookie"));
    assert_eq!(found(&server, &[bearer]), credential(1, "from-the-header"));
}

#[test]
fn another_scheme_and_an_empty_value_count_as_absent() {
    let server = Server::start(CONFIG);
    assert_eq!(found(&server, &[("Authorization", "Basic YTpi")]), ABSENT);
    assert_eq!(found(&server, &[("Cookie", "__Host-jwt=")]), ABSENT);
    assert_eq!(found(&server, &[("Authorization", "bearer any-case")]), credential(0, "any-case"));
}

#[test]
fn g63_a_header_is_never_rescued_and_duplicates_of_a_cookie_conflict_unless_equal() {
    let server = Server::start(CONFIG);
    let cookie = ("Cookie", "__Host-jwt=good");
    assert_eq!(found(&server, &[("Authorization", "Bearer two words"), cookie]), MALFORMED);
    let (one, other) = (("Authorization", "Bearer one"), ("Authorization", "Bearer other"));
    for lines in [[one, one], [one, other]] {
        assert_eq!(found(&server, &lines), CONFLICT);
    }
    assert_eq!(found(&server, &[("Cookie", "__Host-jwt=x; __Host-jwt=x")]), credential(1, "x"));
    assert_eq!(found(&server, &[("Cookie", "__Host-jwt=x; __Host-jwt=y")]), CONFLICT);
    assert_eq!(found(&server, &[cookie, ("Cookie", "__Host-jwt=other")]), CONFLICT);
}

#[test]
fn g46_a_cookie_name_in_another_case_is_not_read() {
    let server = Server::start(CONFIG);
    assert_eq!(found(&server, &[("Cookie", "__host-jwt=x; __HOST-JWT=y")]), ABSENT);
}

#[test]
fn g50_a_token_in_the_query_is_not_read() {
    let server = Server::start(CONFIG);
    let token = server.token("alice", "wonderland");
    for name in ["token", "access_token", "jwt"] {
        assert_eq!(server.get(&format!("/credential?{name}={token}"), &[]).text(), ABSENT);
        assert_eq!(server.get(&format!("/whoami?{name}={token}"), &[]).status, 401);
    }
}

#[test]
fn a_header_source_takes_the_value_after_its_scheme() {
    let sources = "[{ header = \"X-Token\" }, { header = \"X-Auth\", scheme = \"Token\" }]";
    let server = Server::start(
        &CONFIG.replace("[{ bearer = true }, { cookie = \"__Host-jwt\" }]", sources).replace(
            "transport = \"cookie\"\ncookie = { name = \"__Host-jwt\" }",
            "transport = { header = \"X-Token\" }",
        ),
    );
    assert_eq!(found(&server, &[("x-token", "plain")]), credential(0, "plain"));
    assert_eq!(found(&server, &[("X-Auth", "Token behind")]), credential(1, "behind"));
    let token = server.token("alice", "wonderland");
    assert_eq!(server.get("/whoami", &[("X-Auth", &format!("Token {token}"))]).status, 200);
}
