//! The public vectors of `../shared/vectors`, which are never copied into the project.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::{Path, PathBuf};

use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::{Error, ErrorKind};
use serde_json::Value;

fn vectors(name: &str) -> Option<Vec<Value>> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
        eprintln!("LEFT OUT: {name} is not beside this checkout, so its vectors were NOT run");
        return None;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    Some(file["cases"].as_array().unwrap().clone())
}

fn ring(case: &Value) -> Result<KeyRing, Error> {
    let key = case["key"].to_string();
    let algorithms = case["algs_allowed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().parse())
        .collect::<Result<Vec<Algorithm>, Error>>()?;
    if case["key_kind"] == "jwks" {
        KeyRing::from_jwks(&key, &algorithms)
    } else {
        KeyRing::new([Key::from_jwk(None, &key)?])
    }
}

fn judge(case: &Value) -> Result<(), Error> {
    let jwt = JwtBackend::builder(ring(case)?).build()?;
    let token = case["token"].as_str().unwrap();
    let signed = jwt.verifier().verify_signature(token);
    // A second look must not be judged otherwise.
    let again = jwt.verifier().verify_signature(token);
    assert_eq!(signed.is_ok(), again.is_ok(), "{}", case["id"]);
    signed.map(|_| ())
}

#[test]
fn g34_json_web_signature_vectors_come_out_right() {
    let Some(cases) = vectors("wycheproof_jws.json") else { return };
    assert_eq!(cases.len(), 476);
    let mut wrong = Vec::new();
    for case in &cases {
        let verdict = judge(case);
        let right = match case["jam_expected"].as_str().unwrap() {
            "valid" => verdict.is_ok(),
            "invalid" => verdict.is_err(),
            "either" => true,
            other => panic!("unknown expectation {other}"),
        };
        if !right {
            wrong.push(format!("{} {}: {verdict:?}", case["id"], case["comment"]));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn g33_every_encrypted_token_is_refused_as_malformed() {
    let Some(cases) = vectors("wycheproof_jwe.json") else { return };
    assert_eq!(cases.len(), 173);
    let key = Key::from_secret(Algorithm::HS256, [7; 32]).unwrap();
    let jwt =
        JwtBackend::builder(KeyRing::new([key]).unwrap()).max_token_bytes(1 << 20).build().unwrap();
    for case in &cases {
        let error = jwt.verifier().verify_signature(case["token"].as_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{} {}", case["id"], case["comment"]);
    }
}
