//! The file itself: formats, sections, and faults of syntax.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn whole() -> Value {
    json!({
        "other": {"anything": [1, 2.5, null]},
        "jam": {
            "realm": "api",
            "jwt": {
                "issuer": ["https://a.example", "https://b.example"],
                "audience": "api://jam",
                "type": "at+jwt",
                "required_claims": ["sub"],
                "allow_missing_exp": true,
                "leeway_seconds": 30,
                "expires_in_seconds": 900,
                "max_token_bytes": 4096,
                "cache": 0,
                "legacy": [],
                "sources": [
                    {"cookie": "__Host-token"},
                    {"bearer": true},
                    {"header": "X-Token"},
                    {"header": "X-Auth", "scheme": "Token"},
                ],
                "transport": "cookie",
                "cookie": {"name": "__Host-token", "same_site": "strict", "persistent": true, "insecure_dev": false},
                "keys": [
                    {"id": "one", "algorithm": "HS256", "issuer": "https://a.example", "secret": SECRET},
                    {"algorithm": "HS512", "secret_base64url": "A".repeat(86)},
                ],
            },
        },
    })
}

const WHOLE_TOML: &str = r#"
[other]
anything = [1, 2.5, 2026-11-22]

[jam]
realm = "api"

[jam.jwt]
issuer = ["https://a.example", "https://b.example"]
audience = "api://jam"
type = "at+jwt"
required_claims = ["sub"]
allow_missing_exp = true
leeway_seconds = 0x1e
expires_in_seconds = 9_00
max_token_bytes = 4096
cache = 0
legacy = []
sources = [{ cookie = "__Host-token" }, { bearer = true }, { header = "X-Token" }, { header = "X-Auth", scheme = "Token" }]
transport = "cookie"
cookie = { name = "__Host-token", same_site = "strict", persistent = true, insecure_dev = false }

[[jam.jwt.keys]]
id = "one"
algorithm = "HS256"
issuer = "https://a.example"
secret = "0123456789abcdef0123456789abcdef"

[[jam.jwt.keys]]
algorithm = "HS512"
secret_base64url = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"#;

const WHOLE_YAML: &str = r#"
other:
  anything: [1, 2.5, 2026-11-22, off]
jam:
  realm: api
  jwt:
    issuer: [https://a.example, https://b.example]
    audience: api://jam
    type: at+jwt
    required_claims: [sub]
    allow_missing_exp: true
    leeway_seconds: 30
    expires_in_seconds: 900
    max_token_bytes: 4096
    cache: 0
    legacy: []
    sources:
      - cookie: __Host-token
      - bearer: true
      - header: X-Token
      - { header: X-Auth, scheme: Token }
    transport: cookie
    cookie: { name: __Host-token, same_site: strict, persistent: true, insecure_dev: false }
    keys:
      - id: one
        algorithm: HS256
        issuer: https://a.example
        secret: 0123456789abcdef0123456789abcdef
      - algorithm: HS512
        secret_base64url: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
"#;

#[test]
fn the_three_formats_say_the_same() {
    let expected = load_at("jam.json", &whole().to_string(), "jam").unwrap().describe();
    for (name, text) in [
        ("jam.toml", WHOLE_TOML.to_owned()),
        ("jam.yaml", WHOLE_YAML.to_owned()),
        ("jam.yml", WHOLE_YAML.to_owned()),
        ("JAM.TOML", WHOLE_TOML.to_owned()),
        ("bom.toml", format!("\u{feff}{WHOLE_TOML}")),
    ] {
        assert_eq!(load_at(name, &text, "jam").unwrap().describe(), expected, "{name}");
    }
    for part in ["https://b.example", "api://jam", "at+jwt", "900", "4096", "__Host-token", "HS512"]
    {
        assert!(expected.to_string().contains(part), "{part} is missing from {expected}");
    }
    assert!(!expected.to_string().contains(SECRET));
}

#[test]
fn a_section_may_be_nested() {
    let text = KEY.replace("jam.jwt", "services.auth.jam.jwt");
    load_at("app.toml", &text, "services.auth.jam").unwrap();
    let message = invalid(load_at(
        "app.toml",
        &format!("[services.auth.jam.jwt]\nisuer = 'x'\n{text}"),
        "services.auth.jam",
    ));
    assert_eq!(message, "services.auth.jam.jwt.isuer: unknown key; did you mean `issuer`?");
}

#[test]
fn a_missing_section_is_named_with_those_that_exist() {
    let text = "title = 'x'\n[jamm]\n[app]\n[services.auth]\n";
    let message = invalid(load(text));
    assert!(
        message.ends_with(
            "no section `jam`; did you mean `jamm`? the file has `app`, `jamm` and `services`"
        ),
        "{message}"
    );
    let message = invalid(load_at("jam.toml", text, "services.jam"));
    assert!(
        message.ends_with("no section `services.jam`; `services` has `services.auth`"),
        "{message}"
    );
    let message = invalid(load("# nothing\n"));
    assert!(message.ends_with("no section `jam`; the file has none: add `[jam]`"), "{message}");
    invalid(load_at("jam.toml", text, ""));
    invalid(load_at("jam.toml", text, "services..auth"));
}

#[test]
fn what_is_no_table_is_no_section() {
    assert_eq!(invalid(load("jam = 1\n")), "jam: expected a table, found a number");
    let message = invalid(load_at("jam.toml", "jam = 'x'\n", "jam.jwt"));
    assert!(message.ends_with("`jam` is a string, no section"), "{message}");
    let message = invalid(load_at("jam.json", "[]", "jam"));
    assert!(message.ends_with("expected a table of sections, found a list"), "{message}");
    invalid(load_at("jam.yaml", "", "jam"));
}

#[test]
fn another_extension_is_refused_with_those_that_exist() {
    for name in ["jam.ini", "jam", "jam.toml.bak"] {
        let message = invalid(load_at(name, WHOLE_TOML, "jam"));
        assert!(message.ends_with("the name must end in .toml, .yaml, .yml or .json"), "{message}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_io_error_that_names_it() {
    let message = refused(Jam::from_config(folder().join("absent.toml"), "jam"), ErrorKind::Io);
    assert!(message.contains("absent.toml") && message.contains("os error"), "{message}");
    let own_folder = folder();
    std::fs::create_dir(own_folder.join("folder.toml")).unwrap();
    refused(Jam::from_config(own_folder.join("folder.toml"), "jam"), ErrorKind::Io);
}

#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    let text = format!("[jam]\n#{}\n", "x".repeat(2 << 20));
    let message = refused(load(&text), ErrorKind::Io);
    assert!(message.contains("larger than 1048576 bytes"), "{message}");
}

#[test]
fn a_file_that_does_not_parse_is_answered_with_line_and_column() {
    for (name, text, place) in [
        ("jam.toml", "[jam]\nrealm = 'é' x\n", "line 2, column 13: "),
        ("jam.toml", "[jam]\nrealm = 'a'\nrealm = 'b'\n", "line 3, column 1: duplicate key"),
        ("jam.toml", "[jam]\nx = 99999999999999999999\n", "line 2, column 5: this integer"),
        ("jam.toml", "[jam]\nx = [1.0, nan]\n", "line 2, column 11: this number is not finite"),
        ("jam.toml", "[jam]\nx = inf\n", "line 2, column 5: this number is not finite"),
        (
            "jam.yaml",
            "jam:\n  realm: a\n  realm: b\n",
            "line 3, column 3: a key stands here for the second time",
        ),
        ("jam.yaml", "jam:\n  realm: .nan\n", "line 2, column 10: this number is not finite"),
        ("jam.yaml", "jam:\n  realm: 1e999\n", "line 2, column 10: this number is not finite"),
        ("jam.yaml", "jam:\n  realm: *a\n", "line 2, column 10: this alias has no anchor"),
        ("jam.yaml", "jam:\n  realm: !x a\n", "line 2, column 13: tags are not known"),
        ("jam.yaml", "jam:\n  realm: [a\n", "this is no valid YAML"),
        ("jam.yaml", "jam: {}\n---\njam: {}\n", "a second document"),
        ("jam.json", "{\"jam\":\n {\"realm\": 'a'}}", "line 2, column 12: this is no valid JSON"),
        ("jam.json", "{\"jam\": {\"realm\": 1e999}}", "this is no valid JSON"),
        (
            "jam.json",
            "{\"jam\": {\"realm\": \"a\", \"realm\": \"b\"}}",
            "an object names a member twice",
        ),
        ("jam.json", "{\"jam\": {}} x", "this is no valid JSON"),
    ] {
        let message = invalid(load_at(name, text, "jam"));
        assert!(message.contains(place), "{text}: {message}");
    }
    let folder = folder();
    std::fs::write(folder.join("jam.toml"), b"[jam]\nrealm = '\xff'\n").unwrap();
    assert!(invalid(Jam::from_config(folder.join("jam.toml"), "jam")).contains("not UTF-8"));
}

#[test]
fn a_file_that_is_nested_too_deeply_is_refused() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let block: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let bomb = (1..60).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        format!("{text}a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1)
    });
    for (name, text) in [
        ("jam.toml", format!("jam = {nested}")),
        ("jam.yaml", format!("jam: {nested}")),
        ("jam.yaml", block),
        ("jam.yaml", bomb),
        ("jam.json", format!("{{\"jam\": {nested}}}")),
        ("jam.json", format!("{{\"jam\": {}{}}}", "[".repeat(100), "]".repeat(100))),
    ] {
        let message = invalid(load_at(name, &text, "jam"));
        assert!(message.len() < 400, "{message}");
    }
}

/// A change of one place of a text: what stood there goes, `put` comes.
fn changed(text: &str, at: usize, cut: usize, put: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % (chars.len() + 1);
    let end = (at + cut).min(chars.len());
    chars[..at].iter().copied().chain(put.chars()).chain(chars[end..].iter().copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_file_with_small_faults_is_read_or_refused_and_never_panics(
        format in 0..3_usize,
        changes in proptest::collection::vec(
            (any::<usize>(), 0..12_usize, r#"(\PC|[\[\]{}"'=:,.$#&*!|>\n \t\-]|\$\{|true|null|[0-9]){0,3}"#), 1..5),
    ) {
        let json = serde_json::to_string_pretty(&whole()).unwrap();
        let (name, text) = [("jam.toml", WHOLE_TOML), ("jam.yaml", WHOLE_YAML), ("jam.json", &json)][format];
        let text = changes.iter().fold(text.to_owned(), |text, (at, cut, put)| changed(&text, *at, *cut, put));
        if let Err(error) = load_at(name, &text, "jam") {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
