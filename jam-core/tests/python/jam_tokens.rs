use std::collections::BTreeMap;
use std::time::Duration;

use jam_core::ErrorKind;
use jam_core::clock::ManualClock;
use jam_core::jwt::{JwtBackend, JwtBackendBuilder};
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::python::json::dumps;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{Case, Verdict, answer, cases};

/// The claims of a JSON object, each as text.
type Claims = BTreeMap<String, Box<RawValue>>;

fn backend(key: Key, now: Duration) -> JwtBackendBuilder {
    JwtBackend::builder(KeyRing::new([key]).unwrap()).clock(ManualClock::new(now.as_secs()))
}

/// The key that verifies, under the id that the case names.
fn public_key(case: &Case) -> Key {
    let key = case.get("key");
    let key = match key.get("secret").and_then(Value::as_str) {
        // The only one of Jam's algorithms that we do not have is judged by a key of another.
        Some(secret) if case.text("algorithm") == "ES512" => {
            Key::from_secret(Algorithm::HS256, secret)
        }
        Some(secret) => Key::from_secret(case.text("algorithm").parse().unwrap(), secret),
        None => {
            let pem = key["public_pem"].as_str().unwrap();
            Key::from_pem(case.text("algorithm").parse().unwrap(), pem)
        }
    };
    match case.option("kid") {
        None => key.unwrap(),
        Some(id) => key.unwrap().with_id(id).unwrap(),
    }
}

#[test]
fn tokens_of_jam_verify_as_they_are_and_bad_ones_are_refused_for_the_right_reason() {
    let Some(cases) = cases("jam_token") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let settings = case.get("settings");
        let mut builder = backend(public_key(case), case.now());
        if let Some(audience) = settings.get("audience").and_then(Value::as_str) {
            builder = builder.audience(audience);
        }
        if let Some(issuer) = settings.get("issuer").and_then(Value::as_str) {
            builder = builder.issuer(issuer);
        }
        if settings.get("allow_missing_exp").is_some() {
            builder = builder.allow_missing_exp();
        }
        builder = match settings.get("legacy").and_then(Value::as_str) {
            Some("jam2") => builder.legacy_jam2(),
            Some("jam-pss") => builder.legacy_jam_pss(),
            Some(other) => panic!("no such switch: {other}"),
            None => builder,
        };
        let jwt = builder.build().unwrap();
        let read = jwt.verifier().verify::<Box<RawValue>>(case.bytes("token"));
        let error = read.as_ref().err().map(|error| error.kind().as_str());
        if case.option("error") == Some("any") {
            verdict.equal(case, error.is_some(), true);
            continue;
        }
        verdict.equal(case, error, case.option("error"));
        let claims = read.ok().map(|read| dumps(read.payload.get()).unwrap());
        verdict.equal(case, claims.as_deref(), case.option("claims"));
    }
}

#[test]
fn payloads_have_jams_claims() {
    let Some(cases) = cases("jam_payload") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let key = Key::from_secret(Algorithm::HS256, [7; 32]).unwrap();
        let jwt = backend(key, case.now()).build().unwrap();
        let data: Claims = serde_json::from_str(case.text("data")).unwrap();
        let mut payload = jwt.payload();
        if let Some(lifetime) = case.seconds("expires_in") {
            payload = payload.expires_in(lifetime);
        }
        let payload = serde_json::to_string(&payload.data(&data).build().unwrap()).unwrap();
        verdict.equal(case, claims(&payload, &data), claims(case.text("claims"), &data));
    }
}

/// The claims, with times in whole seconds, and a random id as nothing but that.
fn claims(object: &str, data: &Claims) -> BTreeMap<String, String> {
    let claims: Claims = serde_json::from_str(object).unwrap();
    let comparable = |(name, value): (String, Box<RawValue>)| {
        let text = match name.as_str() {
            "jti" if !data.contains_key("jti") => {
                let id = uuid::Uuid::parse_str(value.get().trim_matches('"')).unwrap();
                format!("uuid of version {}", id.get_version_num())
            }
            "exp" | "iat" => value.get().split('.').next().unwrap().to_owned(),
            _ => dumps(value.get()).unwrap(),
        };
        (name, text)
    };
    claims.into_iter().map(comparable).collect()
}

#[test]
fn tokens_are_written_for_jam_to_read() {
    let Some(cases) = cases("jam_key") else { return };
    let now = Duration::from_secs(1_735_689_600);
    let mut answers = Vec::new();
    for case in &cases {
        let algorithm: Algorithm = case.text("algorithm").parse().unwrap();
        let key = match case.get("key").get("secret").and_then(Value::as_str) {
            Some(secret) => Key::from_secret(algorithm, secret),
            None => Key::from_pem(algorithm, case.get("key")["private_pem"].as_str().unwrap()),
        };
        let key = match key {
            Ok(key) => key,
            // Without a C compiler there is no RSA signing.
            Err(error) => {
                let why = (error.kind(), cfg!(feature = "aws_lc_rs"));
                assert_eq!(why, (ErrorKind::NotAvailable, false), "{algorithm}");
                continue;
            }
        };
        let jwt = backend(key, now).build().unwrap();
        for data in [json!({}), json!({ "sub": "alice", "scope": "a b", "n": [1, 2.5, "é😀"] })]
        {
            let payload = jwt.payload().data(&data).build().unwrap();
            answers.push(json!({
                "jam": case.get("jam"), "algorithm": algorithm.as_str(), "key": case.get("key"),
                "now": now.as_secs(), "token": jwt.sign(&payload).unwrap(),
                "claims": serde_json::to_string(&payload).unwrap(),
            }));
        }
    }
    answer("jam_token", &answers);
}
