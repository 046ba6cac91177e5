//! The sixteen holes and the token properties, against the public API.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{NOW, SECRET, backend, encode, forge, sign, token};
use jam_core::clock::ManualClock;
use jam_core::jwt::{JwtBackend, JwtVerifier, inspect};
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::Value;

const LATER: u64 = NOW + 60;

fn kind(verifier: &JwtVerifier, token: &str) -> Result<(), ErrorKind> {
    let typed = verifier.verify::<Value>(token).map(|_| ()).map_err(|error| error.kind());
    let raw = verifier.verify_raw(token).map(|_| ()).map_err(|error| error.kind());
    let borrowed = verifier
        .verify_borrowed::<Value>(token, &mut Vec::new())
        .map(|_| ())
        .map_err(|error| error.kind());
    assert_eq!(typed, raw, "typed and raw differ");
    assert_eq!(typed, borrowed, "typed and borrowed differ");
    typed
}

fn claims(verifier: &JwtVerifier, claims: &str) -> Result<(), ErrorKind> {
    kind(verifier, &token(claims))
}

fn strict() -> JwtVerifier {
    backend().build().unwrap().verifier().clone()
}

fn with_exp(rest: &str) -> String {
    format!(r#"{{"exp":{LATER}{rest}}}"#)
}

#[test]
fn a_token_of_our_own_is_read_back() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Claims {
        sub: String,
        exp: u64,
        iat: u64,
        jti: String,
        iss: String,
        aud: String,
        nested: Vec<u8>,
    }
    let jwt = backend().issuer("https://a").audience("api").build().unwrap();
    let payload = jwt.payload().subject("alice").claim("nested", &[1, 2]).build().unwrap();
    let token = jwt.sign(&payload).unwrap();
    let claims = jwt.verifier().verify::<Claims>(&token).unwrap();
    assert_eq!(claims.sub, "alice");
    assert_eq!((claims.iat, claims.exp), (NOW, NOW + 3600));
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), ("https://a", "api"));
    assert_eq!(claims.jti.len(), 36);
    assert_eq!(claims.nested, [1, 2]);
    assert_eq!(claims.expires_at().unwrap().since_epoch(), Duration::from_secs(NOW + 3600));
}

#[test]
fn data_is_laid_over_the_claims_that_every_token_has() {
    #[derive(serde::Serialize)]
    struct Data {
        user: u32,
        exp: u64,
    }
    let jwt = backend().build().unwrap();
    let payload = jwt.payload().data(&Data { user: 7, exp: 5 }).build().unwrap();
    assert_eq!(payload.get("exp"), Some("5"));
    assert_eq!(payload.get("user"), Some("7"));
    let names: Vec<&str> = payload_names(&payload);
    assert_eq!(names, ["jti", "iat", "exp", "user"]);
    let error = jwt.payload().data(&[1, 2]).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
}

fn payload_names(payload: &jam_core::jwt::Payload) -> Vec<&'static str> {
    let text = serde_json::to_string(payload).unwrap();
    let mut names: Vec<_> = ["jti", "iat", "exp", "user"]
        .into_iter()
        .map(|name| (text.find(&format!("\"{name}\":")).unwrap(), name))
        .collect();
    names.sort_unstable();
    names.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn hole01_crit_and_b64_are_refused_though_the_signature_holds() {
    for header in [r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, r#"{"alg":"HS256","b64":true}"#] {
        let token = forge(header, with_exp(""));
        assert_eq!(kind(&strict(), &token), Err(ErrorKind::UnsupportedCriticalHeader));
    }
}

#[test]
fn hole02_registered_claims_of_the_wrong_type_are_refused() {
    let verifier = strict();
    for rest in [
        r#","aud":1"#,
        r#","aud":[1]"#,
        r#","aud":{}"#,
        r#","aud":null"#,
        r#","iss":{}"#,
        r#","iss":null"#,
        r#","sub":1"#,
        r#","sub":["a"]"#,
        r#","jti":1"#,
        r#","iat":"now""#,
        r#","nbf":"0""#,
        r#","nbf":true"#,
        r#","iat":null"#,
        r#","nbf":[]"#,
    ] {
        assert_eq!(claims(&verifier, &with_exp(rest)), Err(ErrorKind::MalformedClaim), "{rest}");
    }
    for exp in ["\"1\"", "null", "{}", "[]", "true", "-1", "-0.5", "1e400", "253402300800", "-0"] {
        assert_eq!(
            claims(&verifier, &format!(r#"{{"exp":{exp}}}"#)),
            Err(ErrorKind::MalformedClaim),
            "{exp}"
        );
    }
    // Not JSON numbers at all.
    for exp in ["NaN", "01", "+1", ".5", "0x10", "1_0"] {
        assert_eq!(
            claims(&verifier, &format!(r#"{{"exp":{exp}}}"#)),
            Err(ErrorKind::Malformed),
            "{exp}"
        );
    }
}

#[test]
fn hole02_a_configured_audience_issuer_or_subject_is_required() {
    let audience = backend().audience("api").build().unwrap();
    assert_eq!(claims(audience.verifier(), &with_exp("")), Err(ErrorKind::MissingClaim));
    let issuer = backend().issuer("a").build().unwrap();
    assert_eq!(claims(issuer.verifier(), &with_exp("")), Err(ErrorKind::MissingClaim));
    let subject = backend().required_claim("sub").required_claim("tenant").build().unwrap();
    assert_eq!(
        claims(subject.verifier(), &with_exp(r#","sub":"a""#)),
        Err(ErrorKind::MissingClaim)
    );
    assert_eq!(claims(subject.verifier(), &with_exp(r#","sub":"a","tenant":null"#)), Ok(()));
}

#[test]
fn hole03_an_issuer_that_is_an_array_is_refused() {
    let issuer = backend().issuer("a").build().unwrap();
    assert_eq!(
        claims(issuer.verifier(), &with_exp(r#","iss":["a"]"#)),
        Err(ErrorKind::MalformedClaim)
    );
    assert_eq!(claims(issuer.verifier(), &with_exp(r#","iss":"a""#)), Ok(()));
    assert_eq!(claims(issuer.verifier(), &with_exp(r#","iss":"\u0061""#)), Ok(()));
    assert_eq!(claims(issuer.verifier(), &with_exp(r#","iss":"b""#)), Err(ErrorKind::WrongIssuer));
}

#[test]
fn hole04_the_payload_must_be_an_object() {
    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Positional {
        sub: String,
        exp: u64,
    }
    let verifier = strict();
    let array = token(&format!(r#"["alice",{LATER}]"#));
    assert_eq!(
        verifier.verify::<Positional>(&array).err().map(|e| e.kind()),
        Some(ErrorKind::Malformed)
    );
    for payload in ["[]", "null", "1", "\"a\"", "true", "", " ", "{}{}", "{} x", "\u{feff}{}"] {
        assert_eq!(claims(&verifier, payload), Err(ErrorKind::Malformed), "{payload:?}");
    }
}

#[test]
fn hole05_an_algorithm_that_is_no_string_is_refused() {
    let token = forge(r#"{"alg":{"HS256":null}}"#, with_exp(""));
    assert_eq!(kind(&strict(), &token), Err(ErrorKind::Malformed));
}

#[test]
fn hole08_the_second_of_expiry_is_expired_and_fractions_count() {
    let clock = ManualClock::new(NOW);
    let verifier = backend().clock(clock.clone()).build().unwrap().verifier().clone();
    assert_eq!(claims(&verifier, &format!(r#"{{"exp":{NOW}}}"#)), Err(ErrorKind::Expired));
    assert_eq!(claims(&verifier, &format!(r#"{{"exp":{}}}"#, NOW + 1)), Ok(()));
    assert_eq!(claims(&verifier, &format!(r#"{{"exp":{NOW}.5}}"#)), Ok(()));
    assert_eq!(claims(&verifier, &format!(r#"{{"exp":{NOW}.00000000001}}"#)), Ok(()));
    assert_eq!(claims(&verifier, r#"{"exp":1.7e9}"#), Err(ErrorKind::Expired));
    clock.advance(Duration::from_millis(500));
    assert_eq!(claims(&verifier, &format!(r#"{{"exp":{NOW}.5}}"#)), Err(ErrorKind::Expired));
    assert_eq!(claims(&verifier, &format!(r#"{{"exp":{NOW}.500001}}"#)), Ok(()));
}

#[test]
fn hole09_leeway_is_bounded_and_never_wraps() {
    let error = backend().leeway(Duration::from_secs(601)).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let early =
        backend().leeway(Duration::from_secs(600)).clock(ManualClock::new(0)).build().unwrap();
    assert_eq!(claims(early.verifier(), r#"{"exp":1,"nbf":600}"#), Ok(()));
    assert_eq!(claims(early.verifier(), r#"{"exp":1,"nbf":601}"#), Err(ErrorKind::NotYetValid));
    let late = backend().leeway(Duration::from_secs(600)).build().unwrap();
    assert_eq!(claims(late.verifier(), r#"{"exp":253402300799}"#), Ok(()));
    assert_eq!(claims(late.verifier(), &format!(r#"{{"exp":{}}}"#, NOW - 599)), Ok(()));
    assert_eq!(
        claims(late.verifier(), &format!(r#"{{"exp":{}}}"#, NOW - 600)),
        Err(ErrorKind::Expired)
    );
}

#[test]
fn hole10_defaults_are_strict() {
    let verifier = strict();
    assert_eq!(claims(&verifier, "{}"), Err(ErrorKind::MissingClaim));
    assert_eq!(claims(&verifier, &format!(r#"{{"exp":{}}}"#, NOW - 1)), Err(ErrorKind::Expired));
    assert_eq!(
        claims(&verifier, &with_exp(&format!(r#","nbf":{}"#, NOW + 1))),
        Err(ErrorKind::NotYetValid)
    );
    assert_eq!(claims(&verifier, &with_exp(r#","aud":"x""#)), Err(ErrorKind::WrongAudience));
    assert_eq!(claims(&verifier, &with_exp(r#","aud":[]"#)), Err(ErrorKind::WrongAudience));
}

#[test]
fn g26_a_missing_exp_is_refused_unless_it_was_allowed() {
    let lenient = backend().allow_missing_exp().build().unwrap();
    assert_eq!(claims(lenient.verifier(), "{}"), Ok(()));
    assert_eq!(claims(&strict(), "{}"), Err(ErrorKind::MissingClaim));
    let jwt = backend().build().unwrap();
    let error = jwt.signer().sign(&serde_json::json!({ "sub": "a" })).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    assert!(error.to_string().contains("sign_without_expiry"));
    let endless = jwt.sign(&jwt.payload().without_expiry().build().unwrap()).unwrap();
    assert_eq!(kind(lenient.verifier(), &endless), Ok(()));
}

#[test]
fn hole11_and_g27_the_type_is_judged() {
    let plain = strict();
    let access = backend().token_type("at+jwt").build().unwrap();
    let with_type = |typ: &str| forge(format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#), with_exp(""));
    let untyped = forge(r#"{"alg":"HS256"}"#, with_exp(""));
    assert_eq!(kind(&plain, &untyped), Ok(()));
    assert_eq!(kind(&plain, &with_type("jwt")), Ok(()));
    assert_eq!(kind(&plain, &with_type("at+jwt")), Err(ErrorKind::WrongType));
    assert_eq!(kind(access.verifier(), &with_type("application/AT+jwt")), Ok(()));
    assert_eq!(kind(access.verifier(), &with_type("JWT")), Err(ErrorKind::WrongType));
    assert_eq!(kind(access.verifier(), &untyped), Err(ErrorKind::WrongType));
    let minted = access.sign(&access.payload().build().unwrap()).unwrap();
    assert_eq!(kind(access.verifier(), &minted), Ok(()));
    assert_eq!(kind(&plain, &minted), Err(ErrorKind::WrongType));
}

#[test]
fn hole12_size_depth_and_count_are_bounded() {
    let verifier = strict();
    let long = format!(r#"{{"exp":{LATER},"x":"{}"}}"#, "a".repeat(8192));
    assert_eq!(claims(&verifier, &long), Err(ErrorKind::TooLarge));
    let deep = with_exp(&format!(r#","x":{}{}"#, "[".repeat(200), "]".repeat(200)));
    assert_eq!(claims(&verifier, &deep), Err(ErrorKind::Malformed));
    let wide = backend().max_token_bytes(1 << 20).build().unwrap();
    let many: String = (0..10_000).map(|n| format!(r#","c{n}":0"#)).collect();
    assert_eq!(claims(wide.verifier(), &with_exp(&many)), Err(ErrorKind::TooLarge));
    let nul = with_exp(",\"x\":\"\0\"");
    assert_eq!(claims(&verifier, &nul), Err(ErrorKind::Malformed));
    assert_eq!(kind(&verifier, "\0.\0.\0"), Err(ErrorKind::Malformed));
}

#[test]
fn hole13_duplicate_names_are_refused_in_header_and_claims() {
    let verifier = strict();
    for payload in [
        with_exp(&format!(r#","exp":{LATER}"#)),
        with_exp(r#","x":1,"x":2"#),
        with_exp(r#","x":1,"\u0078":2"#),
        with_exp(r#","n":{"a":1,"a":2}"#),
        with_exp(r#","n":[{"a":1},{"a":1,"a":1}]"#),
        // What serde_json would read as the document in the string.
        with_exp(r#","n":{"$serde_json::private::RawValue":"{\"a\":1,\"a\":1}"}"#),
    ] {
        assert_eq!(claims(&verifier, &payload), Err(ErrorKind::Malformed), "{payload}");
    }
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","x":{"$serde_json::private::RawValue":"{\"a\":1,\"a\":1}"}}"#,
    ] {
        assert_eq!(kind(&verifier, &forge(header, with_exp(""))), Err(ErrorKind::Malformed));
    }
    // A number that no float holds is nobody's business where nobody reads it.
    let header = r#"{"alg":"HS256","x":1e400}"#;
    assert_eq!(kind(&verifier, &forge(header, with_exp(""))), Ok(()));
}

#[test]
fn hole16_the_first_fault_in_order_is_named() {
    let verifier = backend().issuer("a").audience("b").build().unwrap();
    let verifier = verifier.verifier();
    let bad_signature = |token: &str| {
        let (message, _) = token.rsplit_once('.').unwrap();
        format!("{message}.{}", encode([0; 32]))
    };
    // Broken JSON behind a bad signature is broken JSON; so it is behind a critical header.
    assert_eq!(kind(verifier, &bad_signature(&token("{"))), Err(ErrorKind::Malformed));
    assert_eq!(
        kind(verifier, &forge(r#"{"alg":"HS256","crit":[]}"#, "[]")),
        Err(ErrorKind::Malformed)
    );
    assert_eq!(
        kind(verifier, &forge(r#"{"alg":"none","crit":[]}"#, "{}")),
        Err(ErrorKind::UnsupportedCriticalHeader)
    );
    assert_eq!(
        kind(verifier, &forge(r#"{"alg":"none","kid":"x"}"#, "{}")),
        Err(ErrorKind::DisallowedAlg)
    );
    assert_eq!(
        kind(verifier, &forge(r#"{"alg":"HS256","kid":"x"}"#, "{}")),
        Err(ErrorKind::UnknownKey)
    );
    assert_eq!(
        kind(verifier, &bad_signature(&forge(r#"{"alg":"HS256","typ":"x"}"#, "{}"))),
        Err(ErrorKind::BadSignature)
    );
    assert_eq!(
        kind(verifier, &forge(r#"{"alg":"HS256","typ":"x"}"#, r#"{"exp":""}"#)),
        Err(ErrorKind::WrongType)
    );
    assert_eq!(claims(verifier, r#"{"aud":1}"#), Err(ErrorKind::MalformedClaim));
    assert_eq!(claims(verifier, r#"{"exp":1,"iss":"x"}"#), Err(ErrorKind::MissingClaim));
    assert_eq!(
        claims(verifier, r#"{"exp":1,"nbf":9999999999,"iss":"x","aud":"x"}"#),
        Err(ErrorKind::Expired)
    );
    assert_eq!(
        claims(verifier, r#"{"exp":9999999999,"nbf":9999999999,"iss":"x","aud":"x"}"#),
        Err(ErrorKind::NotYetValid)
    );
    assert_eq!(claims(verifier, &with_exp(r#","iss":"x","aud":"x""#)), Err(ErrorKind::WrongIssuer));
    assert_eq!(
        claims(verifier, &with_exp(r#","iss":"a","aud":"x""#)),
        Err(ErrorKind::WrongAudience)
    );
    assert_eq!(claims(verifier, &with_exp(r#","iss":"a","aud":["x","b"]"#)), Ok(()));
}

#[test]
fn g21_any_flipped_bit_is_refused() {
    let verifier = strict();
    let good = token(&with_exp(r#","sub":"alice""#)).into_bytes();
    assert!(verifier.verify_raw(&good).is_ok());
    for position in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[position] ^= 1 << bit;
            assert!(verifier.verify_raw(&bad).is_err(), "byte {position}, bit {bit}");
        }
    }
}

#[test]
fn g22_none_and_its_spellings_are_refused() {
    for alg in ["none", "None", "NONE", "noNE", "", "HS255", "hs256", "HS256 "] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        let unsigned = format!("{}.{}.", encode(&header), encode(with_exp("")));
        assert_eq!(kind(&strict(), &unsigned), Err(ErrorKind::DisallowedAlg), "{alg}");
        assert_eq!(
            kind(&strict(), &forge(&header, with_exp(""))),
            Err(ErrorKind::DisallowedAlg),
            "{alg}"
        );
    }
}

#[test]
fn g24_only_kid_selects_a_key() {
    let other = Key::from_secret(Algorithm::HS256, [7; 32]).unwrap().with_id("other").unwrap();
    let named = Key::from_secret(Algorithm::HS256, SECRET).unwrap().with_id("ours").unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([other, named]).unwrap())
        .clock(ManualClock::new(NOW))
        .build()
        .unwrap();
    let with = |header: &str| kind(jwt.verifier(), &forge(header, with_exp("")));
    assert_eq!(with(r#"{"alg":"HS256","kid":"ours"}"#), Ok(()));
    assert_eq!(with(r#"{"alg":"HS256","kid":"other"}"#), Err(ErrorKind::BadSignature));
    assert_eq!(with(r#"{"alg":"HS256","kid":"our"}"#), Err(ErrorKind::UnknownKey));
    assert_eq!(with(r#"{"alg":"HS256"}"#), Err(ErrorKind::UnknownKey));
    let jwk = encode(SECRET);
    let embedded = format!(
        r#"{{"alg":"HS256","kid":"other","jwk":{{"kty":"oct","k":"{jwk}"}},"jku":"https://evil.example"}}"#
    );
    assert_eq!(with(&embedded), Err(ErrorKind::BadSignature));
}

#[test]
fn g30_a_key_verifies_its_own_algorithm_only() {
    let hs512 = Key::from_secret(Algorithm::HS512, [7; 64]).unwrap().with_id("a").unwrap();
    let hs256 = Key::from_secret(Algorithm::HS256, SECRET).unwrap().with_id("b").unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([hs512, hs256]).unwrap()).build().unwrap();
    let crossed = forge(r#"{"alg":"HS256","kid":"a"}"#, with_exp(""));
    assert_eq!(kind(jwt.verifier(), &crossed), Err(ErrorKind::DisallowedAlg));
}

#[test]
fn g58_without_kid_at_most_four_keys_are_tried() {
    let ring = |ours: usize| {
        let keys = (0..6_u8).map(|n| {
            let secret = if usize::from(n) == ours { SECRET.to_vec() } else { vec![n; 32] };
            Key::from_secret(Algorithm::HS256, secret).unwrap()
        });
        JwtBackend::builder(KeyRing::new(keys).unwrap())
            .clock(ManualClock::new(NOW))
            .build()
            .unwrap()
    };
    assert_eq!(claims(ring(3).verifier(), &with_exp("")), Ok(()));
    assert_eq!(claims(ring(4).verifier(), &with_exp("")), Err(ErrorKind::BadSignature));
}

#[test]
fn g58_a_ring_is_replaced_without_a_restart() {
    let jwt = backend().build().unwrap();
    let token = token(&with_exp(""));
    assert_eq!(kind(jwt.verifier(), &token), Ok(()));
    let new = Key::from_secret(Algorithm::HS256, [9; 32]).unwrap().with_id("new").unwrap();
    jwt.replace_keys(KeyRing::new([new.clone(), common::key()]).unwrap());
    assert_eq!(kind(jwt.verifier(), &token), Ok(()));
    let minted = jwt.sign(&jwt.payload().build().unwrap()).unwrap();
    assert_eq!(jwt.verifier().verify_raw(&minted).unwrap().key().id(), Some("new"));
    jwt.replace_keys(KeyRing::new([new]).unwrap());
    assert_eq!(kind(jwt.verifier(), &token), Err(ErrorKind::UnknownKey));
    assert_eq!(kind(jwt.verifier(), &minted), Ok(()));
}

#[test]
fn g28_audiences_must_meet() {
    let verifier = backend().audience("a").audience("b").build().unwrap();
    let verifier = verifier.verifier();
    assert_eq!(claims(verifier, &with_exp(r#","aud":"b""#)), Ok(()));
    assert_eq!(claims(verifier, &with_exp(r#","aud":["x","a"]"#)), Ok(()));
    assert_eq!(claims(verifier, &with_exp(r#","aud":"ab""#)), Err(ErrorKind::WrongAudience));
    assert_eq!(claims(verifier, &with_exp(r#","aud":[]"#)), Err(ErrorKind::WrongAudience));
    assert_eq!(claims(verifier, &with_exp("")), Err(ErrorKind::MissingClaim));
}

#[test]
fn g29_with_several_audiences_the_claims_must_name_theirs() {
    let jwt = backend().audience("a").audience("b").build().unwrap();
    let error = jwt.signer().sign(&serde_json::json!({ "exp": LATER })).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    // A payload made by the backend names the first.
    let payload = jwt.payload().build().unwrap();
    assert_eq!(payload.get("aud"), Some(r#""a""#));
    assert!(jwt.sign(&payload).is_ok());
    let both = jwt.payload().audience("b").audience("c").build().unwrap();
    assert_eq!(both.get("aud"), Some(r#"["b","c"]"#));
}

#[test]
fn g38_a_key_signs_for_its_own_issuer_only() {
    let a =
        Key::from_secret(Algorithm::HS256, SECRET).unwrap().with_id("a").unwrap().with_issuer("A");
    let b =
        Key::from_secret(Algorithm::HS256, [7; 32]).unwrap().with_id("b").unwrap().with_issuer("B");
    let jwt = JwtBackend::builder(KeyRing::new([a, b]).unwrap())
        .issuer("A")
        .issuer("B")
        .clock(ManualClock::new(NOW))
        .build()
        .unwrap();
    let by_a = |claims: &str| kind(jwt.verifier(), &forge(r#"{"alg":"HS256","kid":"a"}"#, claims));
    assert_eq!(by_a(&with_exp(r#","iss":"A""#)), Ok(()));
    assert_eq!(by_a(&with_exp(r#","iss":"B""#)), Err(ErrorKind::WrongIssuer));
    assert_eq!(by_a(&with_exp("")), Err(ErrorKind::MissingClaim));
    // What such a key signs names its issuer, whatever else is configured.
    let b_only = Key::from_secret(Algorithm::HS256, [7; 32]).unwrap().with_issuer("B");
    let jwt = JwtBackend::builder(KeyRing::new([b_only]).unwrap()).build().unwrap();
    let minted = jwt.sign(&jwt.payload().build().unwrap()).unwrap();
    assert_eq!(kind(jwt.verifier(), &minted), Ok(()));
}

#[test]
fn g42_bytes_outside_the_alphabet_are_refused() {
    let good = token(&with_exp(""));
    let verifier = strict();
    for bad in [
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\n"),
        format!("{good}="),
        good.replacen('.', "=.", 1),
        good.replacen('e', "é", 1),
        good.replace('.', ".."),
        format!("{good}.{good}"),
        format!(".{good}"),
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        "a.b.c.d.e".into(),
        r#"{"payload":"e30","signatures":[]}"#.into(),
        format!("Bearer {good}"),
    ] {
        assert_eq!(kind(&verifier, &bad), Err(ErrorKind::Malformed), "{bad}");
    }
    // base64url with bits that no byte has (RFC 4648 §3.5).
    let (message, signature) = good.rsplit_once('.').unwrap();
    let last = signature.chars().last().unwrap();
    let twin = char::from(u8::try_from(last).unwrap() + 1);
    let noncanonical = format!("{message}.{}{twin}", &signature[..signature.len() - 1]);
    assert_eq!(kind(&verifier, &noncanonical), Err(ErrorKind::Malformed));
}

#[test]
fn g33_an_encrypted_token_is_no_signed_one() {
    let jwe = format!("{}.a.b.c.d", encode(r#"{"alg":"dir","enc":"A256GCM"}"#));
    assert_eq!(kind(&strict(), &jwe), Err(ErrorKind::Malformed));
    let three = forge(r#"{"alg":"HS256","enc":"A256GCM"}"#, with_exp(""));
    assert_eq!(kind(&strict(), &three), Err(ErrorKind::Malformed));
}

#[test]
fn g04_unverified_claims_come_in_a_wrapper() {
    let inspected = inspect(token(r#"{"sub":"a"}"#)).unwrap();
    assert_eq!(inspected.danger_get().claims["sub"], "a");
    assert_eq!(format!("{inspected:?}"), "Unverified(..)");
    assert_eq!(inspect("a.b").unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(inspect(token("[]")).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn claims_that_do_not_fit_the_payload_type_never_mask_an_expiry() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Strange {
        missing: String,
    }
    let verifier = strict();
    let expired = token(&format!(r#"{{"exp":{}}}"#, NOW - 1));
    assert_eq!(verifier.verify::<Strange>(&expired).unwrap_err().kind(), ErrorKind::Expired);
    let error = verifier.verify::<Strange>(token(&with_exp(""))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MalformedClaim);
    assert!(error.to_string().contains("missing field `missing`"), "{error}");
}

#[test]
fn no_payload_type_hides_claims_from_the_verifier() {
    use serde_json::value::RawValue;
    use std::collections::{BTreeMap, HashMap};

    #[derive(Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: HashMap<String, Value>,
    }
    #[derive(Deserialize)]
    struct Newtype(BTreeMap<String, Value>);
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        One { sub: String },
    }
    #[derive(Deserialize)]
    #[allow(dead_code)]
    enum Tagged {
        #[serde(rename = "exp")]
        Exp(u64),
    }
    #[derive(Deserialize)]
    struct Raw<'a> {
        #[serde(borrow)]
        exp: &'a RawValue,
    }

    let verifier = strict();
    let good = token(&with_exp(r#","sub":"a""#));
    let old = token(&format!(r#"{{"exp":{},"sub":"a"}}"#, NOW - 1));
    let expired = |result: Option<Error>| assert_eq!(result.unwrap().kind(), ErrorKind::Expired);

    assert_eq!(verifier.verify::<Flat>(&good).unwrap().rest["sub"], "a");
    expired(verifier.verify::<Flat>(&old).err());
    assert_eq!(verifier.verify::<Newtype>(&good).unwrap().0["sub"], "a");
    expired(verifier.verify::<Newtype>(&old).err());
    let Either::One { sub } = verifier.verify::<Either>(&good).unwrap().payload;
    assert_eq!(sub, "a");
    expired(verifier.verify::<Either>(&old).err());
    let only_old = token(&format!(r#"{{"exp":{}}}"#, NOW - 1));
    expired(verifier.verify::<Tagged>(&only_old).err());
    expired(verifier.verify::<Option<Value>>(&old).err());
    expired(verifier.verify::<serde::de::IgnoredAny>(&old).err());
    expired(verifier.verify::<()>(&old).err());
    assert!(verifier.verify::<Box<RawValue>>(&good).unwrap().get().contains("sub"));
    expired(verifier.verify::<Box<RawValue>>(&old).err());
    let mut buffer = Vec::new();
    assert_eq!(
        verifier.verify_borrowed::<Raw<'_>>(&good, &mut buffer).unwrap().exp.get(),
        LATER.to_string()
    );
}

#[test]
fn a_signature_longer_than_any_is_refused() {
    let message = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(with_exp("")));
    let long = format!("{message}.{}", encode([1; 2000]));
    assert_eq!(kind(&strict(), &long), Err(ErrorKind::BadSignature));
    let broken = format!("{message}.{}!", encode([1; 2000]));
    assert_eq!(kind(&strict(), &broken), Err(ErrorKind::Malformed));
    assert_eq!(kind(&strict(), &sign(&message)), Ok(()));
}

#[test]
fn scopes_are_read_alike_from_their_three_claims() {
    let verifier = strict();
    let scopes = |rest: &str| {
        let raw = verifier.verify_raw(token(&with_exp(rest))).unwrap();
        raw.scopes().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(scopes(r#","scope":"read  write""#), ["read", "write"]);
    assert_eq!(scopes(r#","permissions":["a b","c"]"#), ["a b", "c"]);
    assert_eq!(
        scopes(r#","scopes":["a"],"scope":"b\u0020c","permissions":"d""#),
        ["b", "c", "a", "d"]
    );
    assert_eq!(scopes(r#","scope":1,"scopes":{},"permissions":[1]"#), Vec::<String>::new());
    assert_eq!(scopes(""), Vec::<String>::new());
}

#[test]
fn g52_nothing_secret_is_printed() {
    let jwt = backend().build().unwrap();
    let token = token(&with_exp(r#","sub":"canary-subject""#));
    let raw = jwt.verifier().verify_raw(&token).unwrap();
    let bytes = jwt.verifier().verify_signature(&token).unwrap();
    let payload = jwt.payload().subject("canary-subject").build().unwrap();
    let printed =
        format!("{jwt:?} {raw:?} {bytes:?} {payload:?} {:?} {:?}", jwt.signer(), jwt.verifier());
    for secret in ["0123456789abcdef", "canary-subject", token.rsplit('.').next().unwrap()] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
