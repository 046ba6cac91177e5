use super::*;
use serde_json::{Value, json};

fn es(id: &str) -> Value {
    let mut jwk = jwk(Algorithm::ES256, pem!("p256.spki"));
    jwk["kid"] = id.into();
    jwk
}

fn rsa(id: &str) -> Value {
    let mut jwk = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    jwk["kid"] = id.into();
    jwk
}

fn edited(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn set(keys: &[Value], algorithms: &[Algorithm]) -> Result<KeyRing, Error> {
    KeyRing::from_jwks(&json!({ "keys": keys }).to_string(), algorithms)
}

fn ids(ring: &KeyRing) -> Vec<Option<&str>> {
    ring.keys().iter().map(Key::id).collect()
}

#[test]
fn hole06_two_keys_of_one_id_are_refused() {
    let key = |id| Key::generate(Algorithm::EdDSA).unwrap().with_id(id).unwrap();
    refuses(KeyRing::new([key("a"), key("b"), key("a")]), "two keys have the id `a`");
    refuses(KeyRing::new([]), "at least one key");
    let nameless = || Key::generate(Algorithm::HS256).unwrap();
    assert_eq!(KeyRing::new([nameless(), nameless(), key("a")]).unwrap().keys().len(), 3);
    refuses(
        set(&[es("a"), rsa("a")], &[Algorithm::ES256, Algorithm::RS256]),
        "two keys have the id `a`",
    );
}

#[test]
fn hole06_a_set_of_secrets_and_public_keys_is_refused() {
    let secret = json!({"kty": "oct", "alg": "HS256", "k": base64url([1; 32]), "kid": "s"});
    let both = [Algorithm::HS256, Algorithm::ES256];
    for algorithms in [&both[..], &both[..1], &both[1..]] {
        refuses(set(&[secret.clone(), es("a")], algorithms), "mixes secrets");
    }
    assert_eq!(set(&[secret], &both).unwrap().keys().len(), 1);
}

#[test]
fn members_for_something_else_are_passed_over() {
    let others = [
        edited(es("enc"), "use", json!("enc")),
        edited(es("other alg"), "alg", json!("ES384")),
        edited(es("unknown alg"), "alg", json!("ES521")),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "new"}),
        json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "key_ops": ["deriveKey"]}),
        es("mine"),
    ];
    let ring = set(&others, &[Algorithm::ES256]).unwrap();
    assert_eq!(ids(&ring), [Some("mine")]);
    refuses(set(&others[..5], &[Algorithm::ES256]), "no key of this JWK set");
    refuses(set(&[], &[Algorithm::ES256]), "no key of this JWK set");
    refuses(set(&[es("a")], &[]), "no key of this JWK set");
    // One id twice is no matter when only one of the two is a candidate.
    let ring = set(&[edited(es("a"), "use", json!("enc")), es("a")], &[Algorithm::ES256]).unwrap();
    assert_eq!(ids(&ring), [Some("a")]);
}

#[test]
fn a_member_without_alg_takes_the_listed_one_that_fits() {
    let bare = |mut jwk: Value| {
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    };
    let members = [bare(rsa("r")), bare(es("e"))];
    let ring = set(&members, &[Algorithm::ES384, Algorithm::PS256, Algorithm::ES256]).unwrap();
    let algorithms: Vec<Algorithm> = ring.keys().iter().map(Key::algorithm).collect();
    assert_eq!(algorithms, [Algorithm::PS256, Algorithm::ES256]);
    let twice = [Algorithm::RS256, Algorithm::RS256, Algorithm::ES256];
    assert_eq!(set(&members, &twice).unwrap().keys().len(), 2);
    refuses(
        set(&members, &[Algorithm::RS256, Algorithm::PS256, Algorithm::ES256]),
        "key 1 of the set",
    );
    refuses(set(&members, &[Algorithm::RS256]), "key 2 of the set: this JWK has no `alg` and none");
}

#[test]
fn hole06_one_weak_member_refuses_the_whole_set() {
    let rs256 = [Algorithm::RS256, Algorithm::ES256];
    for bad in [
        edited(rsa("b"), "e", json!("AQ")),
        edited(rsa("b"), "n", include_str!("data/roca.n").trim_end().into()),
        edited(es("b"), "x", es("b")["y"].clone()),
        edited(es("b"), "kty", json!({"EC": null})),
        edited(es("b"), "use", json!(1)),
        edited(es("b"), "kid", json!("\n")),
        edited(es("b"), "key_ops", json!(["verify", "encrypt"])),
        json!("EC"),
        json!({}),
    ] {
        refusal(set(&[es("a"), bad], &rs256));
    }
}

#[test]
fn what_is_no_set_says_so() {
    let es256 = [Algorithm::ES256];
    refuses(KeyRing::from_jwks(&es("a").to_string(), &es256), "is this a single JWK?");
    refuses(KeyRing::from_jwks(r#"{"keys":{}}"#, &es256), "`keys` of this JWK must be an array");
    refuses(KeyRing::from_jwks("[]", &es256), "JSON object");
    refuses(KeyRing::from_jwks("", &es256), "no JSON");
    let twice = json!({ "keys": [es("a")] }).to_string().replacen('{', r#"{"keys":[],"#, 1);
    refuses(KeyRing::from_jwks(&twice, &es256), "twice");
}

#[test]
fn the_public_set_holds_no_secret_and_no_private_part() {
    let secret = Key::generate(Algorithm::HS256).unwrap().with_id("s").unwrap();
    let pair = Key::generate(Algorithm::ES256).unwrap().with_id("e").unwrap();
    let jwks = KeyRing::new([secret, pair.clone()]).unwrap().public_jwks();
    assert_eq!(jwks, json!({ "keys": [pair.public_jwk().unwrap()] }));
    let mut names: Vec<&String> = jwks["keys"][0].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    let ring = KeyRing::from_jwks(&jwks.to_string(), &[Algorithm::ES256]).unwrap();
    assert!(!ring.keys()[0].can_sign());
}
