use base64_simd::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Folder, Run};

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file(
        "jam.toml",
        "[[jam.jwt.keys]]\nalgorithm = \"HS256\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n",
    );
    folder
}

fn make(folder: &Folder) -> String {
    folder.run(&["token", "make", "--claims", "{}"], "").succeeded()
}

fn verify(folder: &Folder, input: impl AsRef<[u8]>) -> Run {
    folder.run(&["token", "verify", "--input", "jsonl"], input)
}

fn refused(subject: &str, value: &Value, kind: &str) -> Value {
    json!({subject: value, "ok": false, "error": kind})
}

#[test]
fn ids_are_echoed_as_compact_json_in_input_order() {
    let folder = folder("jsonl-ids");
    let token = make(&folder);
    let ids = [
        r#""a\u0000b\"""#,
        "7",
        "null",
        "true",
        "1.50e400",
        "123456789012345678901234567890",
        r#"{"k":[1,"x y"]}"#,
        "[]",
    ];
    let mut input = String::new();
    for id in ids {
        let spaced = id.replace(':', " : ").replace('[', "[ ");
        input.push_str(&format!(
            "{{ \"token\":\"{token}\",\"more\":[{{}}], \"id\" : {spaced} }}\r\n"
        ));
    }
    let run = verify(&folder, input);
    assert_eq!(run.code, Some(0), "{run:?}");
    for (line, id) in run.out.lines().zip(ids) {
        assert!(
            line.starts_with(&format!("{{\"id\":{id},\"ok\":true,\"alg\":\"HS256\",\"kid\":null,")),
            "{line}"
        );
    }
    assert_eq!(run.out.lines().count(), ids.len());
}

#[test]
fn a_line_that_is_no_record_is_malformed_by_id_or_by_line() {
    let folder = folder("jsonl-malformed");
    let token = make(&folder);
    let mut input = Vec::new();
    let mut expected = Vec::new();
    let by_line = [
        "",
        "null",
        "[1,\"x\"]",
        "not json",
        &format!("{{\"token\":\"{token}\"}}"),
        &format!("{{\"id\":1,\"id\":2,\"token\":\"{token}\"}}"),
        &format!("\u{feff}{{\"id\":1,\"token\":\"{token}\"}}"),
    ];
    for (number, line) in (1..).zip(by_line) {
        input.extend_from_slice(line.as_bytes());
        input.push(b'\n');
        expected.push(refused("line", &json!(number), "malformed"));
    }
    let by_id = [
        &b"{\"id\":1}"[..],
        b"{\"id\":1,\"token\":null}",
        b"{\"id\":1,\"token\":{\"token\":\"x\"}}",
        b"{\"id\":1,\"token\":\"unfinished",
        b"{\"id\":1,\"token\":\"\xff\xfe\"}",
        b"{\"id\":1,\"token\":\"raw\0NUL\"}",
        b"{\"id\":1,\"token\":\"\\ud800\"}",
        b"{\"id\":1,\"token\":\"\\udc00\\ud800\"}",
        b"{\"id\":1,\"token\":\"a.b.c\\u0000\"}",
        b"{\"id\":1,\"token\":\"a.b.c\\n\"}",
        b"{\"id\":1,\"token\":\"\"}",
        &[&b"{\"id\":1,\"x\":\"\xff\",\"token\":\""[..], token.as_bytes(), b"\"}"].concat(),
    ];
    for line in by_id {
        input.extend_from_slice(line);
        input.push(b'\n');
        expected.push(refused("id", &json!(1), "malformed"));
    }
    let run = verify(&folder, input);
    assert_eq!(run.answers(), expected);
    assert_eq!(run.code, Some(1));
}

#[test]
fn a_token_with_any_added_character_is_refused() {
    let folder = folder("jsonl-characters");
    let token = make(&folder);
    let mut input = String::new();
    for added in ["\0", " ", "\n", "\r\n", "\t", "=", "\u{2028}", "é", "\u{1F36F}", "\u{7f}", "."]
    {
        for text in [
            format!("{added}{token}"),
            format!("{token}{added}"),
            token.replacen('.', &format!("{added}."), 1),
        ] {
            input.push_str(&json!({"id": added, "token": text}).to_string());
            input.push('\n');
        }
    }
    let run = verify(&folder, &input);
    let answers = run.answers();
    assert_eq!(answers.len(), input.lines().count());
    for answer in answers {
        assert_eq!(
            (&answer["ok"], &answer["error"]),
            (&json!(false), &json!("malformed")),
            "{answer}"
        );
    }
}

#[test]
fn escapes_of_a_good_token_are_undone() {
    let folder = folder("jsonl-escapes");
    let token = make(&folder).replace('.', "\\u002e");
    let run = verify(&folder, format!("{{\"id\":\"x\",\"token\":\"{token}\"}}"));
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn huge_deep_and_wide_tokens_are_refused_and_the_next_is_judged() {
    let folder = folder("jsonl-huge");
    let good = make(&folder);
    let header = URL_SAFE_NO_PAD.encode_to_string(r#"{"alg":"HS256"}"#);
    let claims = |json: String| format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode_to_string(json));
    let deep = claims(format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200)));
    let wide: Vec<_> = (0..10_000).map(|n| format!("\"c{n}\":{n}")).collect();
    let wide = claims(format!("{{{}}}", wide.join(",")));
    let huge = "A".repeat(10 << 20);
    let mut input = String::new();
    for (id, token) in [("deep", &deep), ("wide", &wide), ("huge", &huge), ("good", &good)] {
        input.push_str(&format!("{{\"id\":\"{id}\",\"token\":\"{token}\"}}\n"));
    }
    let answers = verify(&folder, input).answers();
    assert_eq!(answers[0]["ok"], false);
    assert!(
        ["malformed", "too_large"].contains(&answers[0]["error"].as_str().unwrap()),
        "{answers:?}"
    );
    assert_eq!(answers[1], refused("id", &json!("wide"), "too_large"));
    assert_eq!(answers[2], refused("id", &json!("huge"), "too_large"));
    assert_eq!(answers[3]["ok"], true);
}

#[test]
fn deep_json_beside_the_token_does_no_harm() {
    let folder = folder("jsonl-deep");
    let token = make(&folder);
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let run = verify(&folder, format!("{{\"id\":{deep},\"x\":{deep},\"token\":\"{token}\"}}\n"));
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.starts_with(&format!("{{\"id\":{deep},\"ok\":true,")));
}

#[test]
fn a_line_past_the_limit_is_too_large_by_its_number_wherever_it_ends() {
    let folder = folder("jsonl-limit");
    let token = make(&folder);
    let limit = 64 << 20;
    let record = format!("{{\"id\":1,\"token\":\"{token}\"}}");
    let mut input = Vec::new();
    for length in [limit, limit + 1, limit + 300_000] {
        input.extend_from_slice(record.as_bytes());
        input.resize(input.len() + length - record.len(), b' ');
        input.push(b'\n');
    }
    input.extend_from_slice(record.as_bytes());
    let answers = verify(&folder, input).answers();
    assert_eq!(answers[0]["ok"], true);
    assert_eq!(answers[1], refused("line", &json!(2), "too_large"));
    assert_eq!(answers[2], refused("line", &json!(3), "too_large"));
    assert_eq!((&answers[3]["id"], &answers[3]["ok"]), (&json!(1), &json!(true)));
}

#[test]
fn an_id_that_is_too_long_to_repeat_is_malformed_by_line() {
    let folder = folder("jsonl-long-id");
    let token = make(&folder);
    let run =
        verify(&folder, format!("{{\"id\":\"{}\",\"token\":\"{token}\"}}", "x".repeat(70_000)));
    assert_eq!(run.answers(), [refused("line", &json!(1), "malformed")]);
}
