use serde_json::{Value, json};

use crate::support::Folder;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn config(id: &str, algorithm: &str, secret: &str, policy: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("id = \"{id}\"\n") };
    format!(
        "[jam.jwt]\n{policy}\n[[jam.jwt.keys]]\n{id}algorithm = \"{algorithm}\"\nsecret = \"{secret}\"\n"
    )
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file("jam.toml", config("1", "HS256", SECRET, ""));
    folder
}

fn make(folder: &Folder, claims: &str, more: &[&str]) -> String {
    folder.run(&[&["token", "make", "--claims", claims], more].concat(), "").succeeded()
}

#[test]
fn a_good_token_is_answered_with_algorithm_key_and_claims() {
    let folder = folder("verify-good");
    let token = make(&folder, r#"{"b":{"x":[1.50,"é"]},"jti":"j"}"#, &["--now", "1000"]);
    let arguments = ["token", "verify", "--now", "1001"];
    let expected = concat!(
        r#"{"line":1,"ok":true,"alg":"HS256","kid":"1","claims":"#,
        r#"{"b":{"x":[1.5,"é"]},"exp":4600,"iat":1000,"jti":"j"}}"#
    );
    let expected: Value = serde_json::from_str(expected).unwrap();
    for run in [
        folder.run(&[&arguments[..], &[&token]].concat(), ""),
        folder.run(&[&arguments[..], &["--input", "lines", &token]].concat(), ""),
        folder.run(&arguments, &token),
        folder.run(&arguments, format!("{token}\n")),
        folder.run(&arguments, format!("{token}\r\n")),
    ] {
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.out.starts_with(r#"{"line":1,"ok":true,"alg":"HS256","kid":"1","claims":{"#));
        assert_eq!(run.answers(), std::slice::from_ref(&expected));
        assert!(run.err.starts_with("jam: 1 tokens, 1 ok, 0 refused, "), "{run:?}");
        assert!(run.err.trim_end().ends_with(" tokens/s"), "{run:?}");
    }
}

#[test]
fn every_refusal_is_named_and_exits_with_1() {
    let folder = folder("verify-kinds");
    folder.file("other.toml", config("1", "HS256", &SECRET.replace('0', "x"), ""));
    folder.file("nobody.toml", config("2", "HS256", SECRET, ""));
    folder.file("hs512.toml", config("1", "HS512", &SECRET.repeat(2), ""));
    folder.file("typed.toml", config("1", "HS256", SECRET, "type = \"at+jwt\""));
    folder.file("claim.toml", config("1", "HS256", SECRET, "required_claims = [\"tenant\"]"));
    folder.file("issuer.toml", config("1", "HS256", SECRET, "issuer = \"me\""));
    folder.file("audience.toml", config("1", "HS256", SECRET, "audience = \"me\""));
    let plain = make(&folder, "{}", &["--now", "1000"]);
    let foreign = make(&folder, r#"{"iss":"you","aud":"you"}"#, &["--now", "1000"]);
    let later = make(&folder, r#"{"nbf":2000}"#, &["--now", "1000"]);
    for (file, token, now, kind) in [
        ("other.toml", &plain, "1000", "bad_signature"),
        ("nobody.toml", &plain, "1000", "unknown_key"),
        ("hs512.toml", &plain, "1000", "disallowed_alg"),
        ("typed.toml", &plain, "1000", "wrong_type"),
        ("claim.toml", &plain, "1000", "missing_claim"),
        ("jam.toml", &plain, "4600", "expired"),
        ("jam.toml", &later, "1999", "not_yet_valid"),
        ("issuer.toml", &foreign, "1000", "wrong_issuer"),
        ("jam.toml", &foreign, "1000", "wrong_audience"),
        ("jam.toml", &"abc".to_owned(), "1000", "malformed"),
        ("jam.toml", &"a".repeat(8193), "1000", "too_large"),
    ] {
        let run = folder.run(&["token", "verify", "--config", file, "--now", now], token);
        assert_eq!(run.answers(), [json!({"line": 1, "ok": false, "error": kind})], "{file}");
        assert_eq!(run.code, Some(1));
        assert!(
            run.err.starts_with(&format!("jam: 1 tokens, 0 ok, 1 refused ({kind}: 1), ")),
            "{run:?}"
        );
        assert!(!run.err.contains(token.as_str()) && !run.err.contains(SECRET), "{run:?}");
    }
}

#[test]
fn lines_are_bytes_and_are_not_trimmed() {
    let folder = folder("verify-lines");
    let good = make(&folder, "{}", &[]);
    let mut input = Vec::new();
    for line in [
        good.as_bytes(),
        b"",
        &[good.as_bytes(), b" "].concat(),
        &[b"\t", good.as_bytes()].concat(),
        &[good.as_bytes(), b"\0"].concat(),
        b"\xff\xfe.\xff.\xff",
        &[good.as_bytes(), b"\r"].concat(),
        &[good.as_bytes(), b"\r\r"].concat(),
        "\u{feff}".as_bytes(),
    ] {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    input.extend_from_slice(&[good.as_bytes(), b"\r"].concat());
    let run = folder.run(&["token", "verify"], input);
    let verdicts: Vec<bool> = run.answers().iter().map(|answer| answer["ok"] == true).collect();
    assert_eq!(
        verdicts,
        [true, false, false, false, false, false, true, false, false, false],
        "{run:?}"
    );
    assert!(run.err.starts_with("jam: 10 tokens, 2 ok, 8 refused (malformed: 8), "), "{run:?}");
    let numbers =
        run.answers().iter().map(|answer| answer["line"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
}

#[test]
fn no_input_is_no_token_and_one_newline_is_one() {
    let folder = folder("verify-none");
    let none = folder.run(&["token", "verify"], "");
    assert!(none.err.starts_with("jam: 0 tokens, 0 ok, 0 refused, "), "{none:?}");
    assert_eq!(none.succeeded(), "");
    let newline = folder.run(&["token", "verify"], "\n");
    assert_eq!(newline.answers(), [json!({"line": 1, "ok": false, "error": "malformed"})]);
}

/// RFC 7515 appendix A.1: its payload holds line breaks, and its key has no id.
#[test]
fn line_breaks_in_the_claims_do_not_break_the_answer() {
    let folder = Folder::new("verify-breaks");
    let key =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    folder.file(
        "jam.toml",
        config("", "HS256", key, "issuer = \"joe\"").replace("secret", "secret_base64url"),
    );
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let run = folder.run(&["token", "verify", "--now", "1300819379"], &token);
    assert_eq!(
        run.succeeded(),
        r#"{"line":1,"ok":true,"alg":"HS256","kid":null,"claims":{"iss":"joe","exp":1300819380,"http://example.com/is_root":true}}"#
    );
    let run = folder.run(&["token", "verify", "--jws", "--now", "1400000000"], &token);
    assert_eq!(
        run.succeeded(),
        format!(r#"{{"line":1,"ok":true,"alg":"HS256","kid":null,"payload":"{payload}"}}"#)
    );
    folder
        .run(&["token", "verify", "--now", "1300819380"], &token)
        .answers()
        .remove(0)
        .get("error")
        .unwrap();
}

#[test]
fn separators_outside_ascii_are_escaped() {
    let folder = folder("verify-separators");
    let token = make(&folder, "{\"s\":\"a\u{2028}b\u{2029}c\u{85}d\u{e9}\"}", &[]);
    let out = folder.run(&["token", "verify"], token).succeeded();
    assert!(out.contains(r#""s":"a\u2028b\u2029c\u0085dé""#), "{out}");
}

#[test]
fn quiet_prints_the_summary_only() {
    let folder = folder("verify-quiet");
    let token = make(&folder, "{}", &[]);
    let run = folder.run(&["token", "verify", "--quiet"], format!("{token}\nabc\n\n{token}"));
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{run:?}");
    assert!(run.err.starts_with("jam: 4 tokens, 2 ok, 2 refused (malformed: 2), "), "{run:?}");
    assert_eq!(run.err.lines().count(), 1, "{run:?}");
}

#[test]
fn logs_name_no_token() {
    let folder = folder("verify-logs");
    let token = make(&folder, "{}", &[]);
    let forged = format!("{token}AAAA");
    let mut command = folder.command(&["token", "verify"]);
    let run = crate::support::run(
        command.env("RUST_LOG", "trace"),
        format!("{token}\n{forged}\n").as_bytes(),
    );
    assert_eq!(run.code, Some(1));
    let signature = token.rsplit('.').next().unwrap();
    assert!(!run.err.contains(signature) && !run.err.contains(SECRET), "{run:?}");
}
