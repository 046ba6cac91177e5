use serde_json::{Value, json};

use crate::support::Folder;

const ALGORITHMS: [&str; 12] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES384", "EdDSA",
];

/// The fallback crypto makes no RSA keys.
fn generates(algorithm: &str) -> bool {
    cfg!(feature = "aws_lc_rs") || !(algorithm.starts_with('R') || algorithm.starts_with('P'))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_algorithm_goes_from_generation_to_a_verified_token() {
    let folder = Folder::new("keys-all");
    for algorithm in ALGORITHMS.into_iter().filter(|algorithm| generates(algorithm)) {
        let key = folder.run(&["keys", "generate", "--algorithm", algorithm, "--id", "k\"1"], "");
        let key = key.succeeded();
        assert_eq!((&json(&key)["alg"], &json(&key)["kid"]), (&json!(algorithm), &json!("k\"1")));
        folder.file("key.json", &key);
        folder.file("jam.toml", "[[jam.jwt.keys]]\njwk_file = \"key.json\"\n");
        let token = folder.run(&["token", "make", "--claims", "{}"], "").succeeded();
        let verified = folder.run(&["token", "verify"], &token);
        assert_eq!(verified.code, Some(0), "{algorithm}: {verified:?}");
        let answer = verified.answers().remove(0);
        assert_eq!((&answer["alg"], &answer["kid"]), (&json!(algorithm), &json!("k\"1")));
    }
}

#[test]
fn a_public_set_verifies_what_the_private_key_signed() {
    let folder = Folder::new("keys-public");
    for algorithm in ["ES256", "EdDSA"] {
        let key = folder.run(&["keys", "generate", "--algorithm", algorithm, "--id", "1"], "");
        let key = key.succeeded();
        let set = folder.run(&["keys", "public"], &key).succeeded();
        assert!(
            json(&set)["keys"][0].get("d").is_none()
                && !set.contains(json(&key)["d"].as_str().unwrap())
        );
        assert_eq!(json(&folder.run(&["keys", "public"], &set).succeeded()), json(&set));

        folder.file("key.json", &key);
        folder.file("set.json", &set);
        folder.file("jam.toml", "[[jam.jwt.keys]]\njwk_file = \"key.json\"\n");
        folder.file(
            "public.toml",
            format!("[[jam.jwt.keys]]\njwks_file = \"set.json\"\nalgorithms = [\"{algorithm}\"]\n"),
        );
        let token = folder.run(&["token", "make", "--claims", "{}"], "").succeeded();
        folder.run(&["token", "verify", "--config", "public.toml"], &token).succeeded();
        // A public key signs nothing.
        let refused =
            folder.run(&["token", "make", "--claims", "{}", "--config", "public.toml"], "");
        refused.failed(2, "weak_or_invalid_key");
    }
}

#[test]
fn pems_of_curves_are_known_by_their_curve_and_an_rsa_pem_needs_its_algorithm() {
    let folder = Folder::new("keys-pem");
    for algorithm in ["ES256", "ES384", "EdDSA", "PS256"].into_iter().filter(|a| generates(a)) {
        let pem =
            folder.run(&["keys", "generate", "--algorithm", algorithm, "--format", "pem"], "");
        let pem = pem.succeeded();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"), "{algorithm}");
        let named = folder.run(&["keys", "public", "--algorithm", algorithm, "--id", "7"], &pem);
        let named = json(&named.succeeded());
        assert_eq!(
            (&named["keys"][0]["alg"], &named["keys"][0]["kid"]),
            (&json!(algorithm), &json!("7"))
        );
        let unnamed = folder.run(&["keys", "public"], &pem);
        if algorithm == "PS256" {
            unnamed.failed(2, "bad_usage");
            assert!(unnamed.err.contains("--algorithm RS256"), "{unnamed:?}");
        } else {
            assert_eq!(json(&unnamed.succeeded())["keys"][0]["alg"], algorithm);
        }
    }
}

#[test]
fn symmetric_keys_are_never_published() {
    let folder = Folder::new("keys-symmetric");
    let secret = folder.run(&["keys", "generate", "--algorithm", "HS256"], "").succeeded();
    let private = folder.run(&["keys", "generate", "--algorithm", "ES256"], "").succeeded();
    let set = |keys: &[&str]| format!("{{\"keys\":[{}]}}", keys.join(","));
    for text in [secret.clone(), set(&[&secret]), set(&[])] {
        folder.run(&["keys", "public"], text).code.filter(|code| *code == 1).unwrap();
    }
    let mixed = folder.run(&["keys", "public"], set(&[&secret, &private]));
    assert!(mixed.err.contains("keys[0]: symmetric"), "{mixed:?}");
    let k = json(&secret)["k"].as_str().unwrap().to_owned();
    assert!(!mixed.out.contains(&k) && !mixed.err.contains(&k), "{mixed:?}");
    assert_eq!(json(&mixed.succeeded())["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_no_usable_key_is_refused_with_2() {
    let folder = Folder::new("keys-bad");
    let key =
        folder.run(&["keys", "generate", "--algorithm", "ES256", "--id", "1"], "").succeeded();
    let x = json(&key)["x"].as_str().unwrap().to_owned();
    for text in [
        String::new(),
        "hello".to_owned(),
        "{}".to_owned(),
        "{\"keys\":{}}".to_owned(),
        "{\"kty\":1}".to_owned(),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
        key.replace(&x, "AAAA"),
        key.replace("ES256", "ES384"),
        format!("{{\"keys\":[{key},{key}]}}"),
    ] {
        folder.run(&["keys", "public"], &text).failed(2, "weak_or_invalid_key");
    }
    folder.run(&["keys", "public"], b"\xff\xfe").failed(2, "weak_or_invalid_key");
}

#[test]
fn a_symmetric_key_has_no_pem_and_an_id_is_printable() {
    let folder = Folder::new("keys-generate-bad");
    let pem = folder.run(&["keys", "generate", "--algorithm", "HS256", "--format", "pem"], "");
    pem.failed(2, "bad_usage");
    assert!(pem.err.contains("--format jwk"), "{pem:?}");
    let id = folder.run(&["keys", "generate", "--algorithm", "HS256", "--id", "a\tb"], "");
    assert_eq!((id.code, id.out.as_str()), (Some(2), ""), "{id:?}");
}

#[test]
fn both_spellings_of_ed25519_are_taken_and_a_pem_drops_the_id_loudly() {
    let folder = Folder::new("keys-ed25519");
    let arguments = ["keys", "generate", "--algorithm", "Ed25519", "--id", "x", "--format", "pem"];
    let run = folder.run(&arguments, "");
    assert!(run.err.contains("a PEM holds no id"), "{run:?}");
    run.succeeded();
}
