//! Keys and values of the section besides the cryptographic keys.

use serde_json::json;

use super::*;

#[test]
fn without_a_jwt_table_there_is_no_jwt_backend() {
    let jam = load("[jam]\nrealm = 'x'\n").unwrap();
    assert_eq!(jam.jwt().unwrap_err().kind(), ErrorKind::NotAvailable);
    load(KEY).unwrap().jwt().unwrap();
}

#[test]
fn a_variable_of_the_process_is_expanded() {
    // Cargo sets this for every test.
    let jam = with_jwt("issuer = 'https://$CARGO_PKG_NAME.example'").unwrap();
    assert!(jam.describe().to_string().contains("https://jam-core.example"));
}

#[test]
fn a_missing_variable_is_named_with_its_key() {
    let message = invalid(with_key("algorithm = 'HS256'\nsecret = '$JAM_TEST_NO_SUCH_VARIABLE'"));
    assert!(message.starts_with("jam.jwt.keys[0].secret: "), "{message}");
    assert!(message.contains("`JAM_TEST_NO_SUCH_VARIABLE` is not set"), "{message}");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    for (loaded, expected) in [
        (load("[jam]\nrelam = 'x'\n"), "jam.relam: unknown key; did you mean `realm`?"),
        (
            load("[jam.sesion]\nstore = 'memory'\n"),
            "jam.sesion: unknown key; did you mean `session`?",
        ),
        (load("[jam.JWT]\n"), "jam.JWT: unknown key; did you mean `jwt`?"),
        (with_jwt("isuer = 'x'"), "jam.jwt.isuer: unknown key; did you mean `issuer`?"),
        (with_jwt("leeway = 3"), "jam.jwt.leeway: unknown key; did you mean `leeway_seconds`?"),
        (with_jwt("aud = 'x'"), "jam.jwt.aud: unknown key; did you mean `audience`?"),
        (
            with_jwt("transport = 'cookie'\ncookie = { samesite = 'lax' }"),
            "jam.jwt.cookie.samesite: unknown key; did you mean `same_site`?",
        ),
        (
            with_jwt("sources = [{ baerer = true }]"),
            "jam.jwt.sources[0].baerer: unknown key; did you mean `bearer`?",
        ),
        (
            with_key("algoritm = 'HS256'\nsecret = 'x'"),
            "jam.jwt.keys[0].algoritm: unknown key; did you mean `algorithm`?",
        ),
    ] {
        assert_eq!(invalid(loaded), expected);
    }
}

#[test]
fn where_no_key_is_near_the_known_ones_are_listed() {
    let message = invalid(load("[jam]\nzzz = 1\n"));
    assert_eq!(
        message,
        "jam.zzz: unknown key; expected `realm`, `jwt`, `session`, `csrf`, `refresh` or `revocation`"
    );
}

#[test]
fn a_hostile_key_name_cannot_break_the_line() {
    let message = invalid(load(&format!("[jam]\n\"a\\n{}\" = 1\n", "b".repeat(1000))));
    assert!(message.starts_with("jam.a\\nbbb") && message.len() < 300, "{message}");
}

#[test]
fn tables_of_later_versions_are_not_available_yet() {
    for (name, what) in [("refresh", "refresh tokens are"), ("revocation", "revocation is")] {
        let message =
            later(load(&format!("{KEY}[jam.{name}]\nstore = '$JAM_TEST_NO_SUCH_VARIABLE'\n")));
        assert!(message.starts_with(&format!("jam.{name}: {what}")), "{message}");
        assert!(message.ends_with("not available yet"), "{message}");
        later(load_at("jam.yaml", &format!("jam:\n  {name}:\n"), "jam"));
    }
}

#[test]
fn legacy_tokens_are_let_in_by_name_only() {
    let in_force = |line| with_jwt(line).unwrap().describe()["jwt"]["legacy"].clone();
    assert_eq!(in_force(""), json!([]));
    assert_eq!(in_force("legacy = ['jam-pss', 'jam2']"), json!(["jam2", "jam-pss"]));
    assert_eq!(
        invalid(with_jwt("legacy = 'jam2'")),
        "jam.jwt.legacy: expected a list, found a string"
    );
    let message = invalid(with_jwt("legacy = ['jam-ps']"));
    assert!(message.starts_with("jam.jwt.legacy[0]: "), "{message}");
    assert!(message.contains("jam-pss"), "{message}");
}

#[test]
fn a_key_of_an_issuer_that_is_not_accepted_is_an_error_at_the_start() {
    let with = |issuers: &str| {
        load(&format!("[jam.jwt]\nissuer = {issuers}\n{KEY}\nissuer = 'https://b.example'\n"))
    };
    let message = invalid(with("['https://a.example']"));
    assert!(message.contains("https://b.example"), "{message}");
    with("['https://a.example', 'https://b.example']").unwrap();
    with("[]").unwrap();
}

#[test]
fn keys_of_later_versions_are_not_available_yet() {
    let message = later(with_jwt("cache = 100"));
    assert_eq!(message, "jam.jwt.cache: a cache of tokens is not available yet; write 0");
    later(with_jwt("cache = true"));
    with_jwt("cache = '0'").unwrap();
    for line in [
        "jwks_url = 'https://a.example/jwks'",
        "allow_http = true",
        "allow_private = true",
        "refresh_seconds = 1",
        "min_interval_seconds = 1",
        "max_age_seconds = 1",
        "timeout_ms = 1",
        "max_bytes = 1",
    ] {
        let message = later(with_key(&format!("algorithms = ['RS256']\n{line}")));
        let name = line.split(' ').next().unwrap();
        assert!(message.starts_with(&format!("jam.jwt.keys[0].{name}: ")), "{message}");
        assert!(message.contains("not available yet"), "{message}");
    }
}

#[test]
fn a_wrong_type_is_named_with_what_is_expected() {
    for (loaded, expected) in [
        (load("[jam]\nrealm = 1\n"), "jam.realm: expected a string, found a number"),
        (load("[jam]\njwt = []\n"), "jam.jwt: expected a table, found a list"),
        (
            with_jwt("issuer = 1"),
            "jam.jwt.issuer: expected a string or a list of strings, found a number",
        ),
        (
            with_jwt("audience = ['a', true]"),
            "jam.jwt.audience[1]: expected a string, found true or false",
        ),
        (with_jwt("type = {}"), "jam.jwt.type: expected a string, found a table"),
        (
            with_jwt("required_claims = 'sub'"),
            "jam.jwt.required_claims: expected a list of claims, found a string",
        ),
        (
            with_jwt("allow_missing_exp = 1"),
            "jam.jwt.allow_missing_exp: expected true or false, found a number",
        ),
        (
            with_jwt("allow_missing_exp = 'yes'"),
            "jam.jwt.allow_missing_exp: expected true or false",
        ),
        (
            with_jwt("leeway_seconds = []"),
            "jam.jwt.leeway_seconds: expected an integer from 0 to 600, found a list",
        ),
        (
            with_jwt("sources = { bearer = true }"),
            "jam.jwt.sources: expected a list of sources, found a table",
        ),
        (with_jwt("sources = ['bearer']"), "jam.jwt.sources[0]: expected a table, found a string"),
        (
            with_jwt("transport = 'cookie'\ncookie = '__Host-jwt'"),
            "jam.jwt.cookie: expected a table, found a string",
        ),
        (
            load("[jam.jwt]\nkeys = {}"),
            "jam.jwt.keys: expected a list of tables (in TOML `[[...]]`), found a table",
        ),
        (
            with_key("algorithm = 'HS256'\nsecret = 12"),
            "jam.jwt.keys[0].secret: expected a string (in quotes), found a number",
        ),
        (
            with_key("algorithm = 256\nsecret = 'x'"),
            "jam.jwt.keys[0].algorithm: expected a string, found a number",
        ),
        (
            with_key("jwk = 1"),
            "jam.jwt.keys[0].jwk: expected a table, or a string that holds JSON, found a number",
        ),
        (
            with_key("algorithms = 'RS256'\njwks = '{}'"),
            "jam.jwt.keys[0].algorithms: expected a list of algorithms, found a string",
        ),
    ] {
        assert_eq!(invalid(loaded), expected);
    }
    let message = invalid(load_at("jam.yaml", "jam:\n  jwt:\n    issuer:\n", "jam"));
    assert_eq!(message, "jam.jwt: no key is configured; add a `keys` list with at least one entry");
    let message = invalid(load_at("jam.yaml", "jam:\n  realm:\n", "jam"));
    assert_eq!(message, "jam.realm: expected a string, found nothing (null)");
}

#[test]
fn a_number_outside_its_range_is_refused() {
    for (line, range) in [
        ("leeway_seconds = 601", "0 to 600"),
        ("leeway_seconds = -1", "0 to 600"),
        ("leeway_seconds = 1.0", "0 to 600"),
        ("leeway_seconds = '601'", "0 to 600"),
        ("leeway_seconds = '1s'", "0 to 600"),
        ("leeway_seconds = ''", "0 to 600"),
        ("expires_in_seconds = 0", "1 to 4294967295"),
        ("expires_in_seconds = 4294967296", "1 to 4294967295"),
        ("max_token_bytes = 0", "1 to 1073741824"),
    ] {
        let name = line.split(' ').next().unwrap();
        assert_eq!(
            invalid(with_jwt(line)),
            format!("jam.jwt.{name}: expected an integer from {range}")
        );
    }
    for line in
        ["leeway_seconds = 600", "expires_in_seconds = 1", "expires_in_seconds = 4294967295"]
    {
        with_jwt(line).unwrap();
    }
}

#[test]
fn empty_texts_and_lists_are_refused_where_they_would_open_or_close_everything() {
    for (line, key, advice) in [
        ("issuer = ''", "issuer", "the string is empty"),
        ("audience = ['']", "audience[0]", "the string is empty"),
        ("type = ''", "type", "the string is empty"),
        ("required_claims = ['']", "required_claims[0]", "the string is empty"),
        ("sources = []", "sources", "the list is empty; without a source nothing can authenticate"),
        ("sources = [{ cookie = '' }]", "sources[0].cookie", "the string is empty"),
        ("transport = { header = '' }", "transport.header", "the string is empty"),
        ("transport = 'cookie'\ncookie = { name = '' }", "cookie.name", "the string is empty"),
    ] {
        let message = invalid(with_jwt(line));
        assert!(message.starts_with(&format!("jam.jwt.{key}: {advice}")), "{message}");
    }
    // The defaults may be written out.
    with_jwt("issuer = []\naudience = []\nrequired_claims = []\nlegacy = []\ncache = 0").unwrap();
    assert_eq!(invalid(load("[jam.jwt]\nkeys = []")), "jam.jwt.keys: the list is empty; add a key");
    assert!(invalid(load("[jam.jwt]\n")).starts_with("jam.jwt: no key is configured"));
    with_jwt("required_claims = []").unwrap();
}

#[test]
fn a_source_has_one_kind() {
    for line in [
        "{}",
        "{ scheme = 'Token' }",
        "{ bearer = true, cookie = 'a' }",
        "{ bearer = true, scheme = 'Token' }",
        "{ cookie = 'a', header = 'b' }",
        "{ cookie = 'a', scheme = 'b' }",
    ] {
        let message = invalid(with_jwt(&format!("sources = [{{ header = 'X' }}, {line}]")));
        assert!(message.starts_with("jam.jwt.sources[1]: expected { bearer = true }"), "{message}");
    }
    let message = invalid(with_jwt("sources = [{ bearer = false }]"));
    assert!(message.starts_with("jam.jwt.sources[0].bearer: expected true"), "{message}");
}

#[test]
fn the_same_source_twice_is_refused() {
    for lines in [
        "{ bearer = true }, { header = 'X' }, { bearer = true }",
        "{ cookie = 'a' }, { cookie = 'b' }, { cookie = 'a' }",
        "{ header = 'X-Token' }, { cookie = 'a' }, { header = 'x-token' }",
        "{ bearer = true }, { cookie = 'a' }, { header = 'authorization', scheme = 'bearer' }",
    ] {
        let message = invalid(with_jwt(&format!("sources = [{lines}]")));
        assert!(message.contains("twice"), "{message}");
    }
    with_jwt("sources = [{ cookie = 'a' }, { cookie = 'A' }, { header = 'X', scheme = 'A' }, { header = 'X', scheme = 'B' }]").unwrap();
}

#[test]
fn a_transport_is_one_of_three() {
    for line in [
        "transport = 'none'",
        "transport = { header = 'X-Token' }",
        "sources = [{ cookie = '__Host-jwt' }]\ntransport = 'cookie'",
        "sources = [{ cookie = '__Host-jwt' }]\ntransport = 'cookie'\ncookie = {}",
        "sources = [{ cookie = '__Host-a' }]\ntransport = 'cookie'\ncookie = { name = '__Host-a', same_site = 'strict' }",
    ] {
        with_jwt(line).unwrap();
    }
    let message = invalid(with_jwt("transport = 'cokie'"));
    assert_eq!(message, "jam.jwt.transport: expected `none` or `cookie`; did you mean `cookie`?");
    let message = invalid(with_jwt("transport = 1"));
    assert_eq!(
        message,
        "jam.jwt.transport: expected \"none\", \"cookie\" or { header = \"NAME\" }"
    );
    invalid(with_jwt("transport = {}"));
    let message = invalid(with_jwt("transport = { haeder = 'x' }"));
    assert_eq!(message, "jam.jwt.transport.haeder: unknown key; did you mean `header`?");
}

#[test]
fn cookie_settings_without_the_cookie_transport_contradict() {
    for line in ["", "transport = 'none'\n", "transport = { header = 'X' }\n"] {
        let message = invalid(with_jwt(&format!("{line}cookie = {{ persistent = true }}")));
        assert!(
            message.starts_with("jam.jwt.cookie: cookie settings need `transport = \"cookie\"`"),
            "{message}"
        );
    }
    let message = invalid(with_jwt("transport = 'cookie'\ncookie = { same_site = 'lux' }"));
    assert!(
        message.starts_with(
            "jam.jwt.cookie.same_site: expected `lax`, `strict` or `none`; did you mean `lax`?"
        ),
        "{message}"
    );
}
