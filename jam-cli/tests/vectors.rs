//! The public JWS, JWK and JWE vectors through `jam token verify --jws --input jsonl`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is a failed test"
)]

#[path = "cli/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::Folder;

/// The cases of one file, or nothing, loudly, where the vectors are not beside the checkout.
fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors")).join(file);
    let Ok(text) = fs::read(&path) else {
        eprintln!("LEFT OUT: {file} is not beside the checkout, its cases were NOT run");
        return Vec::new();
    };
    match serde_json::from_slice::<Value>(&text).unwrap()["cases"].take() {
        Value::Array(cases) => cases,
        other => panic!("{file}: `cases` is {other}"),
    }
}

/// The answers to some cases under one configuration, by id. `None`: the configuration was refused.
fn answers(folder: &Folder, keys: &Value, cases: &[&Value]) -> Option<BTreeMap<String, Value>> {
    let config = json!({"jam": {"jwt": {"max_token_bytes": 65536, "keys": keys}}});
    folder.file("jam.json", config.to_string());
    let input: String = cases
        .iter()
        .map(|case| format!("{}\n", json!({"id": case["id"], "token": case["token"]})))
        .collect();
    let run = folder
        .run(&["token", "verify", "--config", "jam.json", "--jws", "--input", "jsonl"], input);
    if run.code == Some(2) {
        let key = run.err.starts_with("jam: weak_or_invalid_key: ");
        run.failed(2, if key { "weak_or_invalid_key" } else { "invalid_config" });
        return None;
    }
    let answers: BTreeMap<_, _> = run
        .answers()
        .into_iter()
        .map(|answer| (answer["id"].as_str().unwrap().to_owned(), answer))
        .collect();
    assert_eq!(answers.len(), cases.len(), "{}", run.err);
    Some(answers)
}

/// The entry of the configuration for the key of a case.
fn entry(case: &Value) -> Value {
    const ALL: [&str; 12] = [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
        "ES384", "EdDSA",
    ];
    let key = &case["key"];
    let allowed = case["algs_allowed"].as_array().unwrap();
    match (case["key_kind"] == "jwks", allowed.as_slice()) {
        (false, [algorithm]) => json!({"algorithm": algorithm, "jwk": key}),
        (false, many) => json!({"algorithms": many, "jwks": {"keys": [key]}}),
        // Nothing is allowed: whatever the reader is open to, the key itself must not let it in.
        (true, []) => json!({"algorithms": ALL, "jwks": key}),
        (true, many) => json!({"algorithms": many, "jwks": key}),
    }
}

#[test]
fn g34_all_signature_vectors_come_out_as_expected() {
    let cases = cases("wycheproof_jws.json");
    let mut groups = BTreeMap::<String, Vec<&Value>>::new();
    for case in &cases {
        groups.entry(entry(case).to_string()).or_default().push(case);
    }
    let folder = Folder::new("vectors-jws");
    let mut wrong = Vec::new();
    for cases in groups.values() {
        let answers = answers(&folder, &json!([entry(cases[0])]), cases);
        for case in cases {
            let answer = answers.as_ref().map(|answers| &answers[case["id"].as_str().unwrap()]);
            let valid = answer.is_some_and(|answer| answer["ok"] == true);
            let fits = match case["jam_expected"].as_str().unwrap() {
                "valid" => valid,
                "invalid" => !valid,
                _ => true,
            };
            if !fits {
                wrong.push(format!("{} {}: {answer:?}", case["id"], case["comment"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn g33_all_encrypted_vectors_are_refused_as_malformed() {
    let cases = cases("wycheproof_jwe.json");
    let folder = Folder::new("vectors-jwe");
    let keys: Vec<Value> = ["HS256", "ES256", "EdDSA"]
        .iter()
        .map(|algorithm| {
            let key = folder.run(&["keys", "generate", "--algorithm", algorithm], "").succeeded();
            json!({"algorithm": algorithm, "jwk": serde_json::from_str::<Value>(&key).unwrap()})
        })
        .collect();
    let answers = answers(&folder, &json!(keys), &cases.iter().collect::<Vec<_>>()).unwrap();
    for (id, answer) in answers {
        assert_eq!(answer["error"], "malformed", "{id}: {answer}");
    }
}
