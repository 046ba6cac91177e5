use super::*;
use serde_json::{Value, json};

fn es256() -> Value {
    jwk(Algorithm::ES256, pem!("p256.spki"))
}

#[test]
fn hole06_a_jwk_for_another_purpose_is_refused() {
    let sound = es256();
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!("")),
        ("use", json!("SIG")),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!([])),
        ("key_ops", json!(["verify", "encrypt"])),
        ("key_ops", json!(["sign"])),
    ] {
        refusal(Key::from_jwk(None, &with(&sound, name, value)));
    }
    let rsa: Value = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    let bare: Value = serde_json::from_str(&with(&rsa, "alg", Value::Null)).unwrap();
    refuses(Key::from_jwk(None, &with(&bare, "use", json!("enc"))), "not for signatures");
    let no_use: Value = serde_json::from_str(&with(&sound, "use", Value::Null)).unwrap();
    refuses(
        Key::from_jwk(None, &with(&no_use, "key_ops", json!(["encrypt"]))),
        "not for signatures",
    );
    refuses(
        Key::from_jwk(None, &with(&no_use, "key_ops", json!(["verify", "wrapKey"]))),
        "one purpose",
    );
    refuses(Key::from_jwk(None, &with(&no_use, "key_ops", json!(["sign"]))), "no private part");
    refuses(Key::from_jwk(None, &with(&no_use, "key_ops", json!(["verify", "verify"]))), "twice");
    assert!(Key::from_jwk(None, &with(&no_use, "key_ops", json!(["verify"]))).is_ok());
    assert!(Key::from_jwk(None, &with(&sound, "key_ops", json!(["verify"]))).is_ok());
    assert!(Key::from_jwk(None, &no_use.to_string()).is_ok());
}

#[test]
fn hole05_members_of_another_type_are_refused() {
    for name in ["kty", "crv", "alg", "use", "kid", "x", "y"] {
        for value in [json!(1), json!({"EC": null}), json!(["EC"]), json!(true)] {
            refuses(
                Key::from_jwk(None, &with(&es256(), name, value)),
                &format!("`{name}` of this JWK must be a string"),
            );
        }
        let null = es256().to_string().replacen('{', &format!("{{\"{name}\":null,"), 1);
        assert!(Key::from_jwk(None, &null).is_err());
    }
    for value in [json!("verify"), json!({}), json!([1]), json!([["verify"]]), json!([null])] {
        refuses(
            Key::from_jwk(None, &with(&es256(), "key_ops", value)),
            "`key_ops` of this JWK must be",
        );
    }
}

#[test]
fn g30_alg_kty_and_crv_agree_or_the_key_is_refused() {
    let sound = es256();
    refuses(
        Key::from_jwk(Some(Algorithm::ES384), &sound.to_string()),
        "for ES256 and not for ES384",
    );
    refuses(
        Key::from_jwk(None, &with(&sound, "alg", json!("ES384"))),
        "an EC P-256 key, ES384 needs",
    );
    refuses(
        Key::from_jwk(None, &with(&sound, "alg", json!("RS256"))),
        "an EC P-256 key, RS256 needs",
    );
    refuses(
        Key::from_jwk(None, &with(&sound, "alg", json!("HS256"))),
        "an EC P-256 key, HS256 needs",
    );
    for alg in ["none", "es256", "ES512", "ES521", "RSA1_5", "A256GCM", ""] {
        refuses(
            Key::from_jwk(None, &with(&sound, "alg", json!(alg))),
            "no algorithm that is supported",
        );
    }
    refuses(Key::from_jwk(None, &with(&sound, "crv", json!("P-384"))), "must have 48 bytes");
    refuses(
        Key::from_jwk(None, &with(&sound, "crv", json!("P-521"))),
        "an EC P-521 key, ES256 needs",
    );
    refuses(Key::from_jwk(None, &with(&sound, "kty", json!("RSA"))), "lacks `n`");
    refuses(Key::from_jwk(None, &with(&sound, "kty", json!("oct"))), "a secret");
    refuses(Key::from_jwk(None, &with(&sound, "kty", json!("AKP"))), "another kind");
    let ed = jwk(Algorithm::EdDSA, pem!("ed25519.spki"));
    refuses(
        Key::from_jwk(None, &with(&ed, "crv", json!("X25519"))),
        "a key on X25519, EdDSA needs",
    );
    refuses(Key::from_jwk(None, &with(&ed, "crv", json!("Ed448"))), "a key on Ed448");
}

#[test]
fn g31_a_jwk_may_spell_ed25519_either_way() {
    let ed = jwk(Algorithm::EdDSA, pem!("ed25519.spki"));
    for alg in ["EdDSA", "Ed25519"] {
        let key = Key::from_jwk(Some(Algorithm::EdDSA), &with(&ed, "alg", json!(alg))).unwrap();
        assert_eq!(key.algorithm(), Algorithm::EdDSA);
    }
}

#[test]
fn a_jwk_without_alg_takes_the_only_algorithm_that_fits() {
    let without = |jwk: &Value| with(jwk, "alg", Value::Null);
    assert_eq!(Key::from_jwk(None, &without(&es256())).unwrap().algorithm(), Algorithm::ES256);
    let ed = jwk(Algorithm::EdDSA, pem!("ed25519.spki"));
    assert_eq!(Key::from_jwk(None, &without(&ed)).unwrap().algorithm(), Algorithm::EdDSA);
    let rsa = without(&jwk(Algorithm::RS256, pem!("rsa2048.spki")));
    refuses(Key::from_jwk(None, &rsa), "more than one algorithm fits");
    assert_eq!(Key::from_jwk(Some(Algorithm::PS384), &rsa).unwrap().algorithm(), Algorithm::PS384);
    let p521 = with(&serde_json::from_str(&without(&es256())).unwrap(), "crv", json!("P-521"));
    refuses(Key::from_jwk(None, &p521), "none of the algorithms");
}

#[test]
fn hole13_a_jwk_that_two_parsers_read_differently_is_refused() {
    let text = es256().to_string();
    refuses(Key::from_jwk(None, &text.replacen('{', r#"{"kty":"oct","#, 1)), "twice");
    refuses(Key::from_jwk(None, &text.replacen('{', r#"{"\u006bty":"oct","#, 1)), "twice");
    refuses(Key::from_jwk(None, &text.replacen('{', r#"{"x5c":{"a":1,"a":2},"#, 1)), "twice");
    for bad in [
        "",
        "{",
        "nonsense",
        &format!("{text}x"),
        &format!("\u{feff}{text}"),
        &text.replace('}', ",}"),
    ] {
        refuses(Key::from_jwk(None, bad), "no JSON");
    }
    for other in ["[]", "\"EC\"", "1", "null", &format!("[{text}]")] {
        refuses(Key::from_jwk(None, other), "JSON object");
    }
    refuses(Key::from_jwk(None, "{}"), "lacks `kty`");
}

#[test]
fn g24_members_that_point_elsewhere_are_not_looked_at() {
    let mut jwk = es256();
    for name in ["x5u", "x5c", "x5t", "jku", "ext", "iat"] {
        jwk[name] = json!({"of": "no interest"});
    }
    assert!(Key::from_jwk(None, &jwk.to_string()).is_ok());
}

#[test]
fn g39_key_ids_are_short_and_printable() {
    let key = Key::generate(Algorithm::EdDSA).unwrap();
    for id in ["", "a\n", "a\0", "\u{7f}", "é", &"x".repeat(257)] {
        refuses(key.clone().with_id(id), "printable ASCII");
        refuses(Key::from_jwk(None, &with(&es256(), "kid", json!(id))), "printable ASCII");
    }
    for id in ["1", "bilbo.baggins@hobbiton.example", "a b/c+d=\"\\", &"x".repeat(256)] {
        assert_eq!(key.clone().with_id(id).unwrap().id(), Some(id));
        let read = Key::from_jwk(None, &with(&es256(), "kid", json!(id))).unwrap();
        assert_eq!(read.id(), Some(id));
        assert_eq!(read.public_jwk().unwrap()["kid"], id);
    }
}
