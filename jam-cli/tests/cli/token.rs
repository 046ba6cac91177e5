use serde_json::{Value, json};

use crate::support::Folder;

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file(
        "jam.toml",
        "[jam.jwt]\nissuer = \"me\"\naudience = \"you\"\nexpires_in_seconds = 60\n\
         [[jam.jwt.keys]]\nid = \"1\"\nalgorithm = \"HS256\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n",
    );
    folder
}

fn inspect(folder: &Folder, token: &str) -> Value {
    serde_json::from_str(&folder.run(&["token", "inspect"], token).succeeded()).unwrap()
}

#[test]
fn made_tokens_have_the_standard_claims_under_the_given_ones() {
    let folder = folder("token-make");
    let made = folder.run(
        &["token", "make", "--claims", "{\"user\":{\"n\":1},\"iss\":\"me too\"}", "--now", "1000"],
        "",
    );
    let shown = inspect(&folder, &made.succeeded());
    assert_eq!(shown["unverified"], true);
    assert_eq!(shown["header"], json!({"alg": "HS256", "kid": "1", "typ": "JWT"}));
    let claims = &shown["claims"];
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1000), &json!(1060)));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("me too"), &json!("you")));
    assert_eq!(claims["user"], json!({"n": 1}));
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
}

#[test]
fn subject_lifetime_and_claims_come_from_options_files_and_stdin() {
    let folder = folder("token-make-from");
    let options = ["--subject", "alice", "--expires-in", "5", "--now", "1000"];
    folder.file("claims.json", "{\"a\": 1}\n");
    for (source, stdin) in [("{\"a\":1}", ""), ("@claims.json", ""), ("-", "{\"a\":1}")] {
        let arguments = [&["token", "make", "--claims", source], &options[..]].concat();
        let claims = inspect(&folder, &folder.run(&arguments, stdin).succeeded());
        let claims = &claims["claims"];
        assert_eq!(
            (&claims["sub"], &claims["exp"], &claims["a"]),
            (&json!("alice"), &json!(1005), &json!(1))
        );
    }
}

#[test]
fn claims_that_cannot_be_signed_are_bad_usage() {
    let folder = folder("token-make-bad");
    for claims in ["[1]", "7", "{", "", "not json"] {
        let run = folder.run(&["token", "make", "--claims", claims], "");
        run.failed(2, "invalid_payload");
    }
    for twice in [
        "{\"a\":1,\"a\":2}",
        "{\"x\":{\"a\":1,\"a\":2}}",
        "{\"x\":{\"$serde_json::private::RawValue\":\"7\"}}",
    ] {
        folder.run(&["token", "make", "--claims", twice], "").failed(2, "invalid_payload");
    }
    folder
        .run(&["token", "make", "--claims", "{\"exp\":\"soon\"}"], "")
        .failed(2, "malformed_claim");
    let run = folder.run(&["token", "make", "--claims", "@nowhere.json"], "");
    run.failed(2, "io");
    assert!(run.err.contains("nowhere.json"), "{run:?}");
}

#[test]
fn claims_are_signed_as_they_are_written() {
    let folder = folder("token-make-as-written");
    let written = "{\"a\":12345678901234567890123,\"b\":1e5}";
    let made = folder.run(&["token", "make", "--claims", written], "").succeeded();
    let verified = folder.run(&["token", "verify"], made).succeeded();
    assert!(verified.contains("\"a\":12345678901234567890123,\"b\":1e5"), "{verified}");
}

#[test]
fn g25_far_dates_are_judged_by_a_far_clock() {
    let folder = folder("token-far");
    let far = ["--now", "25000000000"];
    let make = [&["token", "make", "--claims", "{\"exp\":20000000000}"], &far[..]].concat();
    let made = folder.run(&make, "").succeeded();
    assert_eq!(inspect(&folder, &made)["claims"]["iat"], 25_000_000_000_u64);
    let run = folder.run(&[&["token", "verify"], &far[..]].concat(), made);
    assert!(run.out.contains("\"expired\""), "{run:?}");
}

#[test]
fn what_a_terminal_acts_upon_is_shown_as_an_escape() {
    let folder = Folder::new("token-inspect-hidden");
    // {"alg":"none"} and a claim with U+202E, U+009B and DEL.
    let token = "eyJhbGciOiJub25lIn0.eyJ1c2VyIjoi4oCuwpt_In0.";
    let shown = folder.run(&["token", "inspect"], token).succeeded();
    assert!(shown.contains("\"\\u202e\\u009b\\u007f\""), "{shown}");
}

#[test]
fn inspect_needs_no_configuration_and_shows_what_nobody_vouches_for() {
    let folder = Folder::new("token-inspect");
    let token = "eyJhbGciOiJub25lIn0.eyJ1c2VyIjoibWFsbG9yeSJ9.";
    for input in [format!("{token}\n"), format!("{token}\r\n"), token.to_owned()] {
        assert_eq!(inspect(&folder, &input)["claims"], json!({"user": "mallory"}));
    }
    let run = folder.run(&["token", "inspect", token], "");
    assert!(run.out.starts_with("{\n  \"unverified\": true,"), "{run:?}");
}

#[test]
fn what_cannot_be_inspected_exits_with_1() {
    let folder = Folder::new("token-inspect-bad");
    for token in [
        "",
        "abc",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.eyJ1c2VyIjoibWFsbG9yeSJ9",
        " e30.e30.",
        "e30.Zm9v.",
    ] {
        let run = folder.run(&["token", "inspect"], token);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{token:?}: {run:?}");
    }
    folder.run(&["token", "inspect"], "a".repeat(2_000_000)).failed(1, "too_large");
}
