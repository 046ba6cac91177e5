//! Keys, in each of their forms.

use std::error::Error as _;

use jam_core::key::{Algorithm, Key};
use serde_json::{Value, json};

use super::*;

fn jwk(algorithm: Algorithm, id: &str) -> Value {
    let key = Key::generate(algorithm).unwrap().with_id(id).unwrap();
    serde_json::from_str(&key.danger_private_jwk().unwrap()).unwrap()
}

#[test]
fn an_entry_holds_exactly_one_key() {
    let message = invalid(with_key("algorithm = 'HS256'"));
    assert!(
        message.starts_with("jam.jwt.keys[0]: the key itself is missing; give one of `secret`,"),
        "{message}"
    );
    let message = invalid(with_key("algorithm = 'HS256'\nsecret = 'a'\npem = 'b'"));
    assert_eq!(
        message,
        "jam.jwt.keys[0]: `secret` and `pem` are two keys; give each an entry of its own"
    );
}

#[test]
fn a_single_key_has_one_algorithm_and_a_set_a_list() {
    let message = invalid(with_key("secret = 'a'"));
    assert!(message.starts_with("jam.jwt.keys[0]: `algorithm` is missing"), "{message}");
    let message = invalid(with_key("algorithms = ['HS256']\nsecret = 'a'"));
    assert!(
        message.starts_with("jam.jwt.keys[0].algorithms: a list is for a key set"),
        "{message}"
    );
    let message = invalid(with_key("algorithm = 'RS256'\njwks = '{}'"));
    assert!(
        message.starts_with("jam.jwt.keys[0].algorithm: a key set has a list instead"),
        "{message}"
    );
    let message = invalid(with_key("jwks = '{}'"));
    assert!(message.starts_with("jam.jwt.keys[0]: `algorithms` is missing"), "{message}");
    let message = invalid(with_key("algorithms = []\njwks = '{}'"));
    assert!(message.starts_with("jam.jwt.keys[0].algorithms: the list is empty"), "{message}");
    let message = invalid(with_key("id = 'a'\nalgorithms = ['ES256']\njwks = '{}'"));
    assert!(
        message.starts_with("jam.jwt.keys[0].id: the members of a key set have ids of their own"),
        "{message}"
    );
}

#[test]
fn an_unknown_algorithm_is_answered_with_the_known_ones() {
    for name in ["HS265", "none", "", "hs256"] {
        let message = invalid(with_key(&format!("algorithm = '{name}'\nsecret = '{SECRET}'")));
        assert!(message.starts_with("jam.jwt.keys[0].algorithm: "), "{message}");
    }
    let message = invalid(with_key("algorithms = ['ES256', 'RS265']\njwks = '{}'"));
    assert!(
        message.starts_with(
            "jam.jwt.keys[0].algorithms[1]: no algorithm of this name; expected `HS256`,"
        ),
        "{message}"
    );
    assert!(message.ends_with("did you mean `RS256`?"), "{message}");
}

#[test]
fn a_weak_key_keeps_its_kind_and_gains_its_path() {
    let error = with_key("algorithm = 'HS256'\nsecret = 'short'").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WeakOrInvalidKey);
    let source = error.source().expect("the key's own error").to_string();
    assert_eq!(error.to_string(), format!("jam.jwt.keys[0].secret: {source}"));
    let message = refused(
        load(&format!("{KEY}[[jam.jwt.keys]]\nalgorithm = 'HS256'\nsecret = ''")),
        ErrorKind::WeakOrInvalidKey,
    );
    assert!(message.starts_with("jam.jwt.keys[1].secret: "), "{message}");
}

#[test]
fn every_form_of_a_key_is_read() {
    let folder = folder();
    let key = Key::generate(Algorithm::ES256).unwrap();
    let pem = key.danger_private_pem().unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let private: Value = serde_json::from_str(&key.danger_private_jwk().unwrap()).unwrap();
    let set = json!({"keys": [jwk(Algorithm::EdDSA, "ed"), jwk(Algorithm::ES384, "es")]});
    std::fs::create_dir(folder.join("keys")).unwrap();
    std::fs::write(folder.join("keys/es256.pem"), pem.as_bytes()).unwrap();
    std::fs::write(folder.join("es256.json"), private.to_string()).unwrap();
    std::fs::write(folder.join("set.json"), set.to_string()).unwrap();
    let absolute = folder.join("es256.json");
    for entry in [
        json!({"algorithm": "HS256", "secret": SECRET}),
        json!({"algorithm": "HS256", "secret_base64url": "A".repeat(43)}),
        json!({"algorithm": "ES256", "pem": pem.as_str()}),
        json!({"algorithm": "ES256", "pem_file": "keys/es256.pem"}),
        json!({"algorithm": "ES256", "der_base64": base64}),
        json!({"algorithm": "ES256", "jwk": private}),
        json!({"algorithm": "ES256", "jwk": private.to_string()}),
        json!({"algorithm": "ES256", "jwk_file": "es256.json"}),
        json!({"algorithm": "ES256", "jwk_file": absolute.to_str().unwrap()}),
        json!({"algorithms": ["ES384", "EdDSA"], "jwks": set, "issuer": "https://a.example"}),
        json!({"algorithms": ["ES384", "Ed25519"], "jwks": set.to_string()}),
        json!({"algorithms": ["ES384", "EdDSA"], "jwks_file": "set.json"}),
    ] {
        let path = folder.join("jam.json");
        std::fs::write(&path, json!({"jam": {"jwt": {"keys": [entry]}}}).to_string()).unwrap();
        let jam = Jam::from_config(&path, "jam").unwrap_or_else(|error| panic!("{entry}: {error}"));
        let ring = jam.jwt().unwrap().keys();
        assert_eq!(
            ring.keys().len(),
            if entry.get("algorithms").is_some() { 2 } else { 1 },
            "{entry}"
        );
        for key in ring.keys() {
            assert_eq!(key.issuer(), entry.get("issuer").and_then(Value::as_str));
        }
        let token = jam
            .gen_jwt_token(
                &jam.make_payload(&json!({"sub": "alice", "iss": "https://a.example"})).unwrap(),
            )
            .unwrap();
        assert_eq!(jam.verify_jwt_token::<Value>(&token).unwrap().payload["sub"], "alice");
    }
}

#[test]
fn a_jwk_brings_its_algorithm_and_id_along() {
    let folder = folder();
    let load = |entry: Value| {
        let path = folder.join("jam.json");
        std::fs::write(&path, json!({"jam": {"jwt": {"keys": [entry]}}}).to_string()).unwrap();
        Jam::from_config(&path, "jam")
    };
    let id = |jam: Jam| jam.jwt().unwrap().keys().keys()[0].id().map(str::to_owned);
    let mut key = jwk(Algorithm::ES256, "own");
    key["alg"] = json!("ES256");
    assert_eq!(id(load(json!({"jwk": key})).unwrap()).as_deref(), Some("own"));
    assert_eq!(id(load(json!({"jwk": key, "id": "own"})).unwrap()).as_deref(), Some("own"));
    let message = invalid(load(json!({"jwk": key, "id": "other"})));
    assert!(
        message.starts_with("jam.jwt.keys[0]: `id` and the `kid` inside the JWK differ"),
        "{message}"
    );
    let error = load(json!({"jwk": key, "algorithm": "ES384"})).unwrap_err();
    assert!(error.to_string().starts_with("jam.jwt.keys[0].jwk: "), "{error}");
    key.as_object_mut().unwrap().remove("kid");
    assert_eq!(id(load(json!({"jwk": key})).unwrap()), None);
    assert_eq!(id(load(json!({"jwk": key, "id": "given"})).unwrap()).as_deref(), Some("given"));
    let error = load(json!({"jwk": key, "id": "line\nbreak"})).unwrap_err();
    assert!(error.to_string().starts_with("jam.jwt.keys[0].id: "), "{error}");
}

#[test]
fn two_keys_of_one_id_are_refused_at_the_list() {
    let key = format!("[[jam.jwt.keys]]\nid = 'a'\nalgorithm = 'HS256'\nsecret = '{SECRET}'\n");
    let error = load(&format!("{key}{key}")).unwrap_err();
    assert!(error.to_string().starts_with("jam.jwt.keys: "), "{error}");
}

#[test]
fn a_key_file_that_cannot_be_read_is_named() {
    for name in ["pem_file", "jwk_file"] {
        let error = with_key(&format!("algorithm = 'ES256'\n{name} = 'no/such.file'")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("jam.jwt.keys[0].{name}: cannot read `")),
            "{message}"
        );
        assert!(message.contains("no/such.file`: ") && message.contains("os error"), "{message}");
    }
    refused(with_key("algorithms = ['ES256']\njwks_file = 'no/such.file'"), ErrorKind::Io);
}

#[test]
fn a_key_that_stands_in_place_of_a_path_is_not_shown() {
    for value in ["-----BEGIN PRIVATE KEY-----\\ncanary", "{\\\"k\\\":\\\"canary\\\"}"] {
        for name in ["pem_file", "jwk_file"] {
            let message = invalid(with_key(&format!("algorithm = 'ES256'\n{name} = \"{value}\"")));
            assert!(
                message.starts_with(&format!("jam.jwt.keys[0].{name}: expected a file's path")),
                "{message}"
            );
            assert!(!message.contains("canary"), "{message}");
        }
    }
}
