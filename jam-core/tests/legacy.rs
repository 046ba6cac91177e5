//! Tokens that Python Jam signs in ways of its own, made here without Python.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{NOW, encode};
use hmac::{Hmac, KeyInit, Mac};
use jam_core::ErrorKind;
use jam_core::clock::ManualClock;
use jam_core::jwt::{JwtBackend, JwtBackendBuilder};
use jam_core::key::{Algorithm, Key, KeyRing};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

const SECRET: &[u8] = &[7; 64];

fn message(algorithm: Algorithm) -> String {
    let header = format!(r#"{{"typ":"jwt","alg":"{algorithm}"}}"#);
    format!("{}.{}", encode(header), encode(format!(r#"{{"user":1,"exp":{}.5}}"#, NOW + 60)))
}

fn backend(keys: impl IntoIterator<Item = Key>) -> JwtBackendBuilder {
    JwtBackend::builder(KeyRing::new(keys).unwrap()).clock(ManualClock::new(NOW))
}

fn verify(backend: JwtBackendBuilder, token: &str) -> Result<(), ErrorKind> {
    let jwt = backend.build().unwrap();
    let verified = jwt.verifier().verify::<Value>(token).map(drop).map_err(|error| error.kind());
    // Again, with a header that is known by now.
    assert_eq!(jwt.verifier().verify_raw(token).map(drop).map_err(|error| error.kind()), verified);
    verified
}

macro_rules! hmac {
    ($hash:ty, $message:expr) => {{
        let mut mac = Hmac::<$hash>::new_from_slice(SECRET).unwrap();
        mac.update($message.as_bytes());
        format!("{}.{}", $message, encode(mac.finalize().into_bytes()))
    }};
}

#[test]
fn what_jam2_calls_hs512_is_read_behind_its_switch_alone() {
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let message = message(algorithm);
        let token = hmac!(Sha256, message);
        let key = Key::from_secret(algorithm, SECRET).unwrap();
        let with = || backend([key.clone()]);
        assert_eq!(verify(with(), &token), Err(ErrorKind::BadSignature));
        assert_eq!(verify(with().legacy_jam_pss(), &token), Err(ErrorKind::BadSignature));
        assert_eq!(verify(with().legacy_jam2(), &token), Ok(()));
        // Beside the switch, what is signed as it says is still read, and nothing else.
        let (sha384, sha512) = (hmac!(Sha384, message), hmac!(Sha512, message));
        let own =
            if algorithm == Algorithm::HS384 { [&sha384, &sha512] } else { [&sha512, &sha384] };
        assert_eq!(verify(with().legacy_jam2(), own[0]), Ok(()));
        assert_eq!(verify(with().legacy_jam2(), own[1]), Err(ErrorKind::BadSignature));
    }
}

#[test]
fn the_switch_changes_neither_the_label_nor_what_is_written() {
    let hs256 = hmac!(Sha256, message(Algorithm::HS256));
    let hs512 = hmac!(Sha512, message(Algorithm::HS256));
    let key = Key::from_secret(Algorithm::HS512, SECRET).unwrap();
    let legacy = || backend([key.clone()]).legacy_jam2().legacy_jam_pss();
    for token in [hs256, hs512] {
        assert_eq!(verify(legacy(), &token), Err(ErrorKind::DisallowedAlg));
    }
    let jwt = legacy().build().unwrap();
    let token = jwt.sign(&jwt.payload().build().unwrap()).unwrap();
    assert_eq!(verify(backend([key.clone()]), &token), Ok(()));
}

#[test]
fn the_switch_stays_on_when_keys_are_replaced() {
    let jwt = backend([Key::generate(Algorithm::HS256).unwrap()]).legacy_jam2().build().unwrap();
    let token = hmac!(Sha256, message(Algorithm::HS512));
    assert!(jwt.verifier().verify::<Value>(&token).is_err());
    jwt.replace_keys(KeyRing::new([Key::from_secret(Algorithm::HS512, SECRET).unwrap()]).unwrap());
    jwt.verifier().verify::<Value>(&token).unwrap();
}

/// RSA signing is there with aws-lc alone; with the other library, the tests against Python prove it.
#[cfg(feature = "aws_lc_rs")]
mod rsa {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        self, KeyPair, RsaEncoding, RsaKeyPair, RsaPssSaltLength, RsaSignatureEncoding,
    };

    use super::*;

    fn signed(pair: &RsaKeyPair, encoding: &'static dyn RsaEncoding, message: &str) -> String {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", encode(signature))
    }

    fn public(pair: &RsaKeyPair, algorithm: Algorithm) -> Key {
        Key::from_der(algorithm, pair.public_key().as_der().unwrap().as_ref()).unwrap()
    }

    #[test]
    fn what_jam2_calls_rs512_is_read_behind_its_switch_alone() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        for algorithm in [Algorithm::RS384, Algorithm::RS512] {
            let token = signed(&pair, &signature::RSA_PKCS1_SHA256, &message(algorithm));
            let with = || backend([public(&pair, algorithm)]);
            assert_eq!(verify(with(), &token), Err(ErrorKind::BadSignature));
            assert_eq!(verify(with().legacy_jam2(), &token), Ok(()));
        }
    }

    #[test]
    fn the_longest_salt_is_read_behind_its_switch_alone() {
        static LONGEST: RsaSignatureEncoding =
            signature::RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);
        static SHORT: RsaSignatureEncoding =
            signature::RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(20));
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let with = || backend([public(&pair, Algorithm::PS256)]);
        let token = |encoding| signed(&pair, encoding, &message(Algorithm::PS256));
        let longest = token(&LONGEST);
        assert_eq!(verify(with(), &longest), Err(ErrorKind::BadSignature));
        assert_eq!(verify(with().legacy_jam2(), &longest), Err(ErrorKind::BadSignature));
        assert_eq!(verify(with().legacy_jam_pss(), &longest), Ok(()));
        assert_eq!(verify(with().legacy_jam_pss(), &token(&signature::RSA_PSS_SHA256)), Ok(()));
        assert_eq!(
            verify(with().legacy_jam_pss(), &token(&SHORT)),
            Err(ErrorKind::BadSignature),
            "any other length stays refused"
        );
    }
}
