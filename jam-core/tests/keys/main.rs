//! The one door through which keys come in: what it refuses, what it takes, and what it says.
//! The keys under `data/` were made by OpenSSL for these tests and protect nothing.

// Helpers outside of `#[test]` functions may fail as loudly as those.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::{Error, ErrorKind};
use proptest::prelude::*;

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("data/", $name, ".pem"))
    };
}

mod files;
mod jwks;
mod rings;
mod secrets;
mod strength;

const HMAC: [(Algorithm, usize); 3] =
    [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)];

/// Whether this build signs with RSA; the pure-Rust fallback does not.
const SIGNS_RSA: bool = cfg!(feature = "aws_lc_rs");

/// The message of a refusal, which says both what is wrong and what to do.
#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::WeakOrInvalidKey, "{error}");
    error.to_string()
}

#[track_caller]
fn refuses<T: std::fmt::Debug>(result: Result<T, Error>, because: &str) {
    let message = refusal(result);
    assert!(message.contains(because), "{message:?} does not say {because:?}");
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64_simd::STANDARD.decode_to_vec(body).unwrap()
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// The public JWK of a PEM key, ready to be spoiled.
fn jwk(algorithm: Algorithm, pem: &str) -> serde_json::Value {
    Key::from_pem(algorithm, pem).unwrap().public_jwk().unwrap()
}

/// The same JWK with one member set, or removed with `null`.
fn with(jwk: &serde_json::Value, name: &str, value: serde_json::Value) -> String {
    let mut jwk = jwk.clone();
    let members = jwk.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    jwk.to_string()
}

#[cfg(feature = "aws_lc_rs")]
fn private_rsa_jwk() -> serde_json::Value {
    let key = Key::from_pem(Algorithm::RS256, pem!("rsa2048.pkcs8")).unwrap();
    serde_json::from_str(&key.danger_private_jwk().unwrap()).unwrap()
}

/// Everything in a key that nobody may see, in the forms it could appear in.
fn traces(key: &Key) -> Vec<String> {
    let jwk: serde_json::Value = serde_json::from_str(&key.danger_private_jwk().unwrap()).unwrap();
    let names = ["k", "d", "p", "q", "dp", "dq", "qi", "n", "x", "y"];
    names.iter().filter_map(|name| jwk[name].as_str()).map(|value| value[..20].to_owned()).collect()
}

#[test]
fn g52_debug_shows_nothing_of_a_key() {
    for algorithm in Algorithm::ALL {
        let Ok(key) = Key::generate(algorithm) else { continue };
        let key = key.with_id("an id").unwrap().with_issuer("https://issuer.example");
        let shown = format!("{key:?}");
        for part in ["an id", algorithm.as_str(), "https://issuer.example", "can_sign: true"] {
            assert!(shown.contains(part), "{shown}");
        }
        let ring = format!("{:#?}", KeyRing::new([key.clone()]).unwrap());
        for trace in traces(&key) {
            assert!(!shown.contains(&trace) && !ring.contains(&trace), "{shown}");
        }
        assert!(shown.len() < 160, "{shown}");
    }
}

#[test]
fn g52_refusals_show_nothing_of_a_key() {
    let secret = "correct horse battery";
    let errors = [
        Key::from_secret(Algorithm::HS256, secret),
        Key::from_secret_base64url(Algorithm::HS256, &format!("{secret}!")),
        Key::from_jwk(Some(Algorithm::HS256), &format!(r#"{{"kty":"oct","k":"{secret}"}}"#)),
        Key::from_jwk(Some(Algorithm::HS256), &format!(r#"{{"kty":"oct","k":["{secret}"]}}"#)),
        Key::from_jwk(
            Some(Algorithm::HS256),
            &format!(r#"{{"kty":"oct","k":"","key_ops":"{secret}"}}"#),
        ),
        Key::from_pem(Algorithm::ES256, secret),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("horse"), "{error:?}");
    }
}

#[test]
fn ids_and_issuers_stay_with_their_clone() {
    let key = Key::generate(Algorithm::HS256).unwrap();
    let named = key.clone().with_id("a").unwrap().with_issuer("i");
    assert_eq!((key.id(), key.issuer()), (None, None));
    assert_eq!((named.id(), named.issuer()), (Some("a"), Some("i")));
}

/// Strings that look like keys: pieces of real ones, cut and joined.
fn almost_keys() -> impl Strategy<Value = Vec<u8>> {
    let real: Vec<Vec<u8>> = [
        pem!("rsa2048.spki"),
        pem!("p256.pkcs8"),
        pem!("p256.sec1"),
        pem!("ed25519.pkcs8"),
        pem!("certificate"),
    ]
    .iter()
    .flat_map(|pem| [pem.as_bytes().to_vec(), der(pem)])
    .chain([jwk(Algorithm::EdDSA, pem!("ed25519.spki")).to_string().into_bytes()])
    .collect();
    let edit = (any::<prop::sample::Index>(), any::<u8>());
    (prop::sample::select(real), prop::collection::vec(edit, 0..4), any::<prop::sample::Index>())
        .prop_map(|(mut bytes, edits, end)| {
            for (index, byte) in edits {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(end.index(bytes.len()) + bytes.len() / 2);
            bytes
        })
}

fn admit_everywhere(algorithm: Algorithm, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let results = [
        Key::from_secret(algorithm, bytes),
        Key::from_secret_base64url(algorithm, &text),
        Key::from_pem(algorithm, bytes),
        Key::from_der(algorithm, bytes),
        Key::from_jwk(Some(algorithm), &text),
        Key::from_jwk(None, &text),
    ];
    for error in results.into_iter().filter_map(Result::err) {
        let known = [ErrorKind::WeakOrInvalidKey, ErrorKind::NotAvailable];
        assert!(known.contains(&error.kind()) && error.to_string().contains(':'), "{error}");
    }
    let _ = KeyRing::from_jwks(&text, &[algorithm]);
    let _ = KeyRing::from_jwks(&format!("{{\"keys\":[{text}]}}"), &Algorithm::ALL);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_panic_at_the_door(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        algorithm in prop::sample::select(&Algorithm::ALL[..]),
    ) {
        admit_everywhere(algorithm, &bytes);
    }

    #[test]
    fn no_almost_key_panics_at_the_door(
        bytes in almost_keys(),
        algorithm in prop::sample::select(&Algorithm::ALL[..]),
    ) {
        admit_everywhere(algorithm, &bytes);
    }

    #[test]
    fn no_jwk_panics_at_the_door(
        kty in prop::sample::select(&["oct", "RSA", "EC", "OKP"][..]),
        crv in prop::sample::select(&["P-256", "P-384", "Ed25519", "X25519"][..]),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 9),
        algorithm in prop::sample::select(&Algorithm::ALL[..]),
    ) {
        let mut jwk = serde_json::json!({"kty": kty, "crv": crv});
        for (name, part) in ["k", "n", "e", "x", "y", "d", "p", "q", "dp"].iter().zip(&parts) {
            if part.len() % 3 > 0 {
                jwk[*name] = base64url(part).into();
            }
        }
        admit_everywhere(algorithm, jwk.to_string().as_bytes());
    }

    #[test]
    fn g23_no_random_secret_is_taken_for_another_key(
        secret in prop::collection::vec(any::<u8>(), 64..=128),
    ) {
        prop_assert!(Key::from_secret(Algorithm::HS512, &secret).is_ok());
    }
}
