//! What only the inside can see: signatures of prepared keys. The door is tested from outside, in
//! `tests/keys/`.

use base64_simd::STANDARD;

use super::*;

const RSA: &str = include_str!("../../tests/keys/data/rsa2048.spki.pem");
const P256: &str = include_str!("../../tests/keys/data/p256.spki.pem");
const P384: &str = include_str!("../../tests/keys/data/p384.spki.pem");
const ED: &str = include_str!("../../tests/keys/data/ed25519.spki.pem");

/// The algorithms that this build signs with.
fn signing() -> impl Iterator<Item = Algorithm> {
    let signs = |algorithm: &Algorithm| {
        cfg!(feature = "aws_lc_rs") || algorithm.family() != algorithm::Family::Rsa
    };
    Algorithm::ALL.into_iter().filter(signs)
}

fn sign(key: &Key, message: &[u8]) -> Vec<u8> {
    let mut out = [0; MAX_SIGNATURE_LEN];
    let len = key.sign(message, &mut out).unwrap();
    assert_eq!(len, key.signature_len());
    out[..len].to_vec()
}

fn bytes(base64: &str) -> Vec<u8> {
    STANDARD.decode_to_vec(base64.trim_end()).unwrap()
}

#[test]
fn a_generated_key_survives_every_format_it_is_written_in() {
    for algorithm in signing() {
        let key = Key::generate(algorithm).unwrap().with_id("a \"quoted\\\" id").unwrap();
        let signature = sign(&key, b"jam");

        let private = Key::from_jwk(None, &key.danger_private_jwk().unwrap()).unwrap();
        assert_eq!((private.id(), private.algorithm()), (key.id(), algorithm));
        assert!(private.verify(b"jam", &signature), "{algorithm}");
        assert!(key.verify(b"other", &sign(&private, b"other")), "{algorithm}");
        assert!(!key.verify(b"another", &sign(&private, b"other")), "{algorithm}");

        if algorithm.is_symmetric() {
            assert!(key.public_jwk().is_none() && key.danger_private_pem().is_none());
            continue;
        }
        let pem = Key::from_pem(algorithm, key.danger_private_pem().unwrap().as_bytes()).unwrap();
        assert!(pem.can_sign() && key.verify(b"pem", &sign(&pem, b"pem")), "{algorithm}");
        assert_eq!(pem.public_jwk().unwrap()["kty"], key.public_jwk().unwrap()["kty"]);

        let public =
            Key::from_jwk(Some(algorithm), &key.public_jwk().unwrap().to_string()).unwrap();
        assert!(public.verify(b"jam", &signature), "{algorithm}");
        assert!(!public.can_sign() && public.danger_private_jwk().is_none());
        assert!(public.danger_private_pem().is_none());
        assert_eq!(public.public_jwk(), key.public_jwk());
        let refusal = public.sign(b"jam", &mut [0; MAX_SIGNATURE_LEN]).unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::WeakOrInvalidKey);
    }
}

#[test]
fn g21_every_flipped_bit_and_every_other_length_is_refused() {
    for algorithm in signing() {
        let key = Key::generate(algorithm).unwrap();
        let good = sign(&key, b"jam");
        assert!(key.verify(b"jam", &good), "{algorithm}");
        for bit in (0..good.len() * 8).step_by(7) {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify(b"jam", &bad), "{algorithm}, bit {bit}");
        }
        for len in [0, 1, good.len() / 2, good.len() - 1] {
            assert!(!key.verify(b"jam", &good[..len]), "{algorithm}, {len} bytes");
        }
        assert!(!key.verify(b"jam", &[&good[..], &[0]].concat()), "{algorithm}");
        assert!(!key.verify(b"jam", &[&[0], &good[..]].concat()), "{algorithm}");
        assert!(!key.verify(b"", &good), "{algorithm}");
    }
}

#[test]
fn signatures_of_openssl_verify() {
    for (algorithm, pem, signature) in [
        (Algorithm::RS256, RSA, include_str!("../../tests/keys/data/rs256.sig")),
        (Algorithm::PS256, RSA, include_str!("../../tests/keys/data/ps256.salt_digest.sig")),
        (Algorithm::ES256, P256, include_str!("../../tests/keys/data/es256.sig")),
        (Algorithm::ES384, P384, include_str!("../../tests/keys/data/es384.sig")),
        (Algorithm::EdDSA, ED, include_str!("../../tests/keys/data/eddsa.sig")),
    ] {
        let key = Key::from_pem(algorithm, pem).unwrap();
        assert!(key.verify(b"jam", &bytes(signature)), "{algorithm}");
        assert!(!key.verify(b"jem", &bytes(signature)), "{algorithm}");
    }
}

/// RFC 7518 §3.5: the salt is as long as the digest, and the mask uses the same hash.
#[test]
fn g31_pss_takes_no_other_salt_and_no_other_hash() {
    let key = Key::from_pem(Algorithm::PS256, RSA).unwrap();
    for (name, signature) in [
        ("no salt", include_str!("../../tests/keys/data/ps256.salt_none.sig")),
        ("20 bytes", include_str!("../../tests/keys/data/ps256.salt_twenty.sig")),
        ("maximum", include_str!("../../tests/keys/data/ps256.salt_max.sig")),
        ("MGF1 with SHA-1", include_str!("../../tests/keys/data/ps256.mgf1_sha1.sig")),
        ("PKCS #1 v1.5", include_str!("../../tests/keys/data/rs256.sig")),
    ] {
        assert!(!key.verify(b"jam", &bytes(signature)), "{name}");
    }
    let other = Key::from_pem(Algorithm::PS512, RSA).unwrap();
    let digest = include_str!("../../tests/keys/data/ps256.salt_digest.sig");
    assert!(!other.verify(b"jam", &bytes(digest)));
}

#[test]
fn g34_ecdsa_signatures_out_of_range_are_refused() {
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let key = Key::from_pem(Algorithm::ES256, P256).unwrap();
    let good = bytes(include_str!("../../tests/keys/data/es256.sig"));
    let (r, s) = good.split_at(32);
    for (name, r, s) in [
        ("both zero", &[0; 32][..], &[0; 32][..]),
        ("r zero", &[0; 32], s),
        ("s zero", r, &[0; 32]),
        ("r the order", &order, s),
        ("s the order", r, &order),
        ("all ones", &[0xff; 32], &[0xff; 32]),
    ] {
        assert!(!key.verify(b"jam", &[r, s].concat()), "{name}");
    }
    // The DER form of the very same numbers is no JWS signature.
    let der = [&[0x30, 68, 2, 32][..], r, &[2, 32], s].concat();
    assert!(!key.verify(b"jam", &der));
}

#[test]
fn g34_an_ed25519_signature_has_one_form_only() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = Key::from_pem(Algorithm::EdDSA, ED).unwrap();
    let mut signature = bytes(include_str!("../../tests/keys/data/eddsa.sig"));
    let mut carry = 0_u16;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry as u8;
        carry >>= 8;
    }
    assert!(!key.verify(b"jam", &signature), "s plus the order");
}

#[test]
fn g30_a_signature_counts_for_the_algorithm_of_its_key_alone() {
    let secret = [7; 64];
    for (one, other) in [(Algorithm::HS256, Algorithm::HS384), (Algorithm::HS384, Algorithm::HS512)]
    {
        let (one, other) = (Key::from_secret(one, secret), Key::from_secret(other, secret));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(!other.verify(b"jam", &sign(&one, b"jam")));
        assert!(!one.verify(b"jam", &sign(&other, b"jam")));
    }
    let key = Key::from_pem(Algorithm::RS512, RSA).unwrap();
    assert!(!key.verify(b"jam", &bytes(include_str!("../../tests/keys/data/rs256.sig"))));
}

/// RFC 4231 §4.4 has a 20-byte key, too short for the door; RFC 7515 §A.1 has one of 64 bytes.
#[test]
fn the_hmac_of_rfc_7515_verifies() {
    let jwk = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
    let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                   eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let key = Key::from_jwk(Some(Algorithm::HS256), jwk).unwrap();
    let signature = secret::decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert!(key.verify(message.as_bytes(), &signature));
    assert_eq!(sign(&key, message.as_bytes()), *signature);
}

#[test]
fn an_operation_that_key_ops_leaves_out_is_left_out() {
    let key = Key::generate(Algorithm::ES256).unwrap();
    let jwk = key.danger_private_jwk().unwrap();
    let with = |operations: &str| jwk.replace("{", &format!("{{\"key_ops\":{operations},"));
    assert!(Key::from_jwk(None, &with(r#"["sign"]"#)).unwrap().can_sign());
    assert!(Key::from_jwk(None, &with(r#"["verify","sign"]"#)).unwrap().can_sign());
    let verifying = Key::from_jwk(None, &with(r#"["verify"]"#)).unwrap();
    assert!(!verifying.can_sign() && verifying.danger_private_jwk().is_none());
    assert!(verifying.verify(b"jam", &sign(&key, b"jam")));
}

/// The two halves of RFC 8725 §3.2: a nonce from the message alone, or one that randomness cannot
/// spoil.
#[test]
fn g31_ecdsa_and_eddsa_stand_on_more_than_a_random_nonce() {
    let key = Key::generate(Algorithm::EdDSA).unwrap();
    assert_eq!(sign(&key, b"jam"), sign(&key, b"jam"));
    let key = Key::generate(Algorithm::ES256).unwrap();
    let deterministic = sign(&key, b"jam") == sign(&key, b"jam");
    assert_eq!(deterministic, cfg!(not(feature = "aws_lc_rs")));
}

/// The table of small orders is right, says the library that computes it.
#[cfg(feature = "aws_lc_rs")]
#[test]
fn hole14_the_table_of_small_orders_is_complete() {
    let mut weak = 0;
    for y in material::SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut point = y;
            point[31] |= sign;
            if let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&point) {
                assert!(key.is_weak());
                weak += 1;
            }
        }
    }
    // Eight points; the two with x = 0 also decode with the sign that RFC 8032 forbids them.
    assert_eq!(weak, 10);
}
