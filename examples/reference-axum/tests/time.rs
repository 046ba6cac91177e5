//! `--now` sets the clock; tokens are judged by it and by nothing else.

mod support;

use jam_core::jwt;
use support::{CONFIG, Server};

const NOW: u64 = 1_800_000_000;

fn at(now: u64) -> Server {
    Server::start_with(CONFIG, &["--now", &now.to_string()], &[])
}

#[test]
fn a_token_is_issued_at_the_injected_time() {
    let token = at(NOW).token("alice", "wonderland");
    let token = jwt::inspect(&token).unwrap();
    let claims = &token.danger_get().claims;
    let issued = claims["iat"].as_u64().unwrap();
    assert!((NOW..NOW + 600).contains(&issued), "{issued}");
    assert_eq!(claims["exp"].as_u64().unwrap(), issued + 3600);
    assert_eq!((&claims["sub"], &claims["scope"]), (&"alice".into(), &"user".into()));
}

#[test]
fn g25_an_expired_token_is_refused_and_reads_as_nobody_in_a_cookie() {
    let token = at(NOW).token("alice", "wonderland");
    let cookie = format!("__Host-jwt={token}");

    let before = at(NOW + 1800);
    assert_eq!(before.get_as(&token, "/whoami").status, 200);

    // The clock of the first process may have ticked before it issued the token, never back.
    let after = at(NOW + 3600 + 600);
    let answer = after.get_as(&token, "/whoami");
    assert_eq!((answer.status, answer.text()), (401, r#"{"error":"invalid_token"}"#));
    assert_eq!(after.get("/whoami", &[("Cookie", &cookie)]).status, 401);
    assert_eq!(after.get("/maybe", &[("Cookie", &cookie)]).text(), r#"{"user":null}"#);
    assert_eq!(after.get_as(&token, "/maybe").status, 401);
}

#[test]
fn g54_the_client_is_not_told_why() {
    let token = at(NOW).token("alice", "wonderland");
    let other = CONFIG.replace("$JAM_SECRET", "another-secret-that-is-long-enough-for-it");
    let (expired, retired) =
        (at(NOW + 7200), Server::start_with(&other, &["--now", "1800000000"], &[]));
    let expired = expired.get_as(&token, "/whoami");
    let retired = retired.get_as(&token, "/whoami");
    assert_eq!(expired.status, 401);
    assert_eq!(expired.body, retired.body);
    assert_eq!(expired.header("www-authenticate"), retired.header("www-authenticate"));
}
