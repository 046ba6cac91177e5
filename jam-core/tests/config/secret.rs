//! No error shows a secret, wherever in the file a user has put it.

use std::error::Error as _;

use super::*;

/// As long as an HS256 secret must be, and base64url too.
const CANARY: &str = "c4n4ry0c4n4ry0c4n4ry0c4n4ry0c4n4ry0c4n4ry0c";

/// Faults of every kind, each with the canary where a user could have put a secret.
fn files_with_a_canary() -> Vec<(&'static str, String)> {
    let mut files: Vec<(&'static str, String)> = vec![
        ("jam.toml", format!("[jam]\nsecret = \"{CANARY}\n")),
        ("jam.toml", format!("[jam]\nsecret = {CANARY}\n")),
        ("jam.toml", format!("[jam]\nsecret = '{CANARY}' '{CANARY}'\n")),
        ("jam.toml", format!("[jam]\n'{CANARY}'\n")),
        ("jam.yaml", format!("jam:\n  secret: \"{CANARY}\n")),
        ("jam.yaml", format!("jam:\n  secret: !{CANARY} {CANARY}\n")),
        ("jam.yaml", format!("jam:\n  secret: *{CANARY}\n")),
        ("jam.yaml", format!("jam:\n  secret: {CANARY}: {CANARY}\n")),
        ("jam.yaml", format!("jam:\n  secret: @{CANARY}\n  a: 1\n")),
        ("jam.yaml", format!("jam:\n  secret: !!int {CANARY}\n")),
        ("jam.yaml", format!("jam:\n  secret: !!binary {CANARY}!\n")),
        ("jam.json", format!("{{\"jam\": {{\"secret\": \"{CANARY}\n\"}}}}")),
        ("jam.json", format!("{{\"jam\": {{\"secret\": {CANARY}}}}}")),
        (
            "jam.json",
            format!("{{\"jam\": {{\"secret\": \"{CANARY}\", \"secret\": \"{CANARY}\"}}}}"),
        ),
        ("jam.json", format!("\"{CANARY}\"")),
        ("jam.toml", format!("jam = '{CANARY}'\n")),
        ("jam.toml", format!("[jam]\nsercet = '{CANARY}'\n")),
        ("jam.toml", format!("[jam]\nrealm = ['{CANARY}']\n")),
        ("jam.toml", format!("[jam]\nrealm = '${{{CANARY}'\n")),
        ("jam.toml", format!("[jam]\nrealm = '${{A:-${CANARY}}}'\n")),
        (
            "jam.toml",
            format!("[jam.session]\nsecrets = ['{CANARY}']\nurl = 'redis://:{CANARY}@host'\n"),
        ),
    ];
    for line in [
        "issuer = [['CANARY']]",
        "allow_missing_exp = 'CANARY'",
        "leeway_seconds = 'CANARY'",
        "cache = 'CANARY'",
        "legacy = ['CANARY']",
        "sources = ['CANARY']",
        "sources = [{ bearer = 'CANARY' }]",
        "transport = 'CANARY'",
        "cookie = { name = 'CANARY' }",
        "transport = 'cookie'\ncookie = { same_site = 'CANARY' }",
        "transport = { header = ['CANARY'] }",
    ] {
        files.push(("jam.toml", format!("[jam.jwt]\n{}\n{KEY}", line.replace("CANARY", CANARY))));
    }
    for line in [
        "store = 'CANARY'",
        "store = 'memory'\nsecrets = ['CANARY']",
        "store = 'sealed'\nsecrets = ['CANARY', 'short']",
        "store = 'signed'\nsecrets = 'CANARY'",
        "url = 'redis://:CANARY@host'",
        "legacy = { store = 'starlette', secrets = ['CANARY'] }",
        "max_sessions = 'CANARY'",
        "outage = 'CANARY'",
        "touch_interval_seconds = 'CANARY'",
    ] {
        let timeouts = "idle_timeout_seconds = 1800\nabsolute_timeout_seconds = 43200";
        let line = line.replace("CANARY", CANARY);
        files.push(("jam.toml", format!("[jam.session]\n{timeouts}\n{line}\n")));
    }
    files.push(("jam.toml", format!("[jam.csrf]\nmode = '{CANARY}'\n")));
    for line in [
        "secret = 'CANARY'",
        "algorithm = 'CANARY'\nsecret = 'CANARY'",
        "algorithms = ['CANARY']\njwks = 'CANARY'",
        "algorithm = 'HS512'\nsecret = 'CANARY'",
        "algorithm = 'RS256'\nsecret = 'CANARY'",
        "algorithm = 'HS256'\nsecret = ['CANARY']",
        "algorithm = 'HS256'\nsecret = { CANARY = 1 }",
        "algorithm = 'HS256'\nsecret = 'CANARY'\nsecret_base64url = 'CANARY'",
        "algorithm = 'HS256'\nsecret = '-----BEGIN PRIVATE KEY-----CANARY'",
        "algorithm = 'HS256'\nsecret_base64url = 'CANARY!'",
        "algorithm = 'HS512'\nsecret_base64url = 'CANARY'",
        "algorithm = 'ES256'\npem = 'CANARY'",
        "algorithm = 'ES256'\npem = \"-----BEGIN CANARY-----\\nCANARY\\n-----END CANARY-----\"",
        "algorithm = 'ES256'\npem = \"-----BEGIN PRIVATE KEY-----\\nCANARY\\n-----END PRIVATE KEY-----\"",
        "algorithm = 'ES256'\npem_file = \"CANARY\\n\"",
        "algorithm = 'ES256'\nder_base64 = 'CANARY!'",
        "algorithm = 'ES256'\nder_base64 = 'CANARY'",
        "jwk = 'CANARY'",
        "jwk = '\"CANARY\"'",
        "jwk = '{\"kty\":\"CANARY\"}'",
        "jwk = '{\"kty\":\"oct\",\"k\":\"CANARY\",\"k\":\"CANARY\"}'",
        "jwk = { kty = 'oct', k = 'CANARY', alg = 'CANARY' }",
        "jwk = { kty = 'oct', k = 'CANARY', alg = 'HS512' }",
        "jwk = { kty = 'oct', k = ['CANARY'], alg = 'HS256' }",
        "algorithm = 'HS256'\njwk = { kty = 'oct', k = 'CANARY', alg = 'HS512' }",
        "jwk = { kty = 'EC', d = 'CANARY', alg = 'ES256' }",
        "algorithms = ['HS256']\njwks = 'CANARY'",
        "algorithms = ['HS512']\njwks = { keys = [{ kty = 'oct', k = 'CANARY' }] }",
        "algorithms = ['HS256']\njwks = { keys = ['CANARY'] }",
        "algorithms = ['HS256']\njwks = { CANARY = 'CANARY' }",
        "id = 'a'\njwk = { kid = 'b', kty = 'oct', k = 'CANARY', alg = 'HS256' }",
        "jwks_url = 'https://user:CANARY@host/'",
        "algorithm = 'HS256'\nsecret = 'CANARY'\nid = \"\\nCANARY\"",
    ] {
        files.push((
            "jam.toml",
            format!("[jam.jwt]\n[[jam.jwt.keys]]\n{}\n", line.replace("CANARY", CANARY)),
        ));
    }
    files
}

#[test]
fn g52_no_error_of_the_configuration_shows_a_secret() {
    for (name, text) in files_with_a_canary() {
        let error = load_at(name, &text, "jam").expect_err(&text);
        let mut shown = format!("{error}\n{error:?}\n{error:#?}\n");
        let mut source = error.source();
        while let Some(cause) = source {
            shown += &format!("{cause}\n{cause:?}\n");
            source = cause.source();
        }
        // The canary repeats itself, so a part of it is found as well.
        assert!(!shown.contains("c4n4ry"), "{text}\n{shown}");
    }
}

#[test]
fn g52_what_was_read_shows_no_secret_either() {
    let jam = with_key(&format!("algorithm = 'HS256'\nsecret = '{CANARY}'")).unwrap();
    let shown = format!("{jam:?}\n{jam:#?}\n{}\n{}", jam.describe(), jam.public_jwks());
    assert!(!shown.contains("c4n4ry"), "{shown}");
}
