use super::*;

#[test]
fn g31_rsa_below_2048_bits_is_refused() {
    for pem in [pem!("rsa1024.spki"), pem!("rsa1024.pkcs8")] {
        refuses(Key::from_pem(Algorithm::RS256, pem), "this RSA key has 1024 bits, at least 2048");
        refuses(Key::from_der(Algorithm::PS256, &der(pem)), "1024 bits");
    }
    let sound = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    let mut n = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(sound["n"].as_str().unwrap()).unwrap();
    n[0] = 0x7f;
    refuses(Key::from_jwk(None, &with(&sound, "n", base64url(n).into())), "2047 bits");
}

#[test]
fn hole14_rsa_above_the_limit_of_the_backend_is_refused() {
    let sound = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    let long = |bytes: usize| with(&sound, "n", base64url(vec![0xff; bytes]).into());
    refuses(Key::from_jwk(None, &long(1025)), "this RSA key has 8200 bits");
    refuses(Key::from_jwk(None, &long(100_000)), "this RSA key has 800000 bits");
}

#[test]
fn hole14_a_bad_exponent_is_refused() {
    let sound = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    for e in [&[1][..], &[2], &[1, 0, 0], &[2, 0, 0, 0, 1], &[3; 6]] {
        refuses(Key::from_jwk(None, &with(&sound, "e", base64url(e).into())), "public exponent");
    }
    assert!(Key::from_jwk(None, &with(&sound, "e", "Aw".into())).is_ok());
    assert!(
        Key::from_jwk(None, &with(&sound, "e", base64url([1, 0xff, 0xff, 0xff, 0xff]).into()))
            .is_ok()
    );
}

#[test]
fn hole06_a_roca_key_is_refused() {
    let sound = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    let roca = with(&sound, "n", include_str!("data/roca.n").trim_end().into());
    refuses(Key::from_jwk(None, &roca), "CVE-2017-15361");
}

#[test]
fn hole14_a_modulus_with_a_tiny_factor_is_refused() {
    let sound = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    let n = |bytes: &[u8]| with(&sound, "n", base64url(bytes).into());
    refuses(Key::from_jwk(None, &n(&[0xfe; 256])), "even");
    refuses(Key::from_jwk(None, &n(&[0xff; 256])), "tiny factor");
}

#[test]
fn hole06_integers_with_a_leading_zero_are_refused() {
    let sound = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
    for name in ["n", "e"] {
        let value =
            base64_simd::URL_SAFE_NO_PAD.decode_to_vec(sound[name].as_str().unwrap()).unwrap();
        let padded = base64url([&[0], &value[..]].concat());
        refuses(Key::from_jwk(None, &with(&sound, name, padded.into())), "zero byte");
        refuses(Key::from_jwk(None, &with(&sound, name, "".into())), "empty");
    }
}

#[test]
fn g34_points_off_the_curve_are_refused() {
    for (algorithm, pem, len) in
        [(Algorithm::ES256, pem!("p256.spki"), 32), (Algorithm::ES384, pem!("p384.spki"), 48)]
    {
        let sound = jwk(algorithm, pem);
        let coordinate = |name: &str, bytes: &[u8]| with(&sound, name, base64url(bytes).into());
        for name in ["x", "y"] {
            let value =
                base64_simd::URL_SAFE_NO_PAD.decode_to_vec(sound[name].as_str().unwrap()).unwrap();
            let mut other = value.clone();
            other[len - 1] ^= 1;
            refuses(Key::from_jwk(None, &coordinate(name, &other)), "no point on");
            refuses(Key::from_jwk(None, &coordinate(name, &vec![0xff; len])), "no point on");
            refuses(Key::from_jwk(None, &coordinate(name, &value[1..])), "must have");
            refuses(
                Key::from_jwk(None, &coordinate(name, &[&[0], &value[..]].concat())),
                "must have",
            );
            refuses(Key::from_jwk(None, &coordinate(name, &[])), "must have");
        }
        let zero: serde_json::Value = base64url(vec![0; len]).into();
        let origin =
            with(&serde_json::from_str(&with(&sound, "x", zero.clone())).unwrap(), "y", zero);
        refuses(Key::from_jwk(None, &origin), "no point on");

        let mut spki = der(pem);
        *spki.last_mut().unwrap() ^= 1;
        refuses(Key::from_der(algorithm, &spki), "no point on");
        let tag = spki.len() - 2 * len - 1;
        *spki.last_mut().unwrap() ^= 1;
        spki[tag] = 6;
        refuses(Key::from_der(algorithm, &spki), "no point on");
    }
}

#[test]
fn g34_a_private_scalar_out_of_range_is_refused() {
    let key = Key::from_pem(Algorithm::ES256, pem!("p256.pkcs8")).unwrap();
    let sound: serde_json::Value =
        serde_json::from_str(&key.danger_private_jwk().unwrap()).unwrap();
    for d in [&[0; 32][..], &[0xff; 32], &[7; 31], &[7; 33], &[]] {
        refuses(Key::from_jwk(None, &with(&sound, "d", base64url(d).into())), "not zero");
    }
    refuses(Key::from_jwk(None, &with(&sound, "d", base64url([7; 32]).into())), "does not belong");
}

#[test]
fn hole14_broken_ed25519_keys_are_refused() {
    let sound = jwk(Algorithm::EdDSA, pem!("ed25519.spki"));
    let x = |bytes: &[u8]| Key::from_jwk(None, &with(&sound, "x", base64url(bytes).into()));
    for len in [0, 1, 31, 33, 64] {
        refuses(x(&vec![9; len]), "32 bytes");
    }
    // y = p + 3 is the same point as y = 3, written in a second way.
    let mut again = [0xff; 32];
    again[0] = 0xf0;
    again[31] = 0x7f;
    refuses(x(&again), "no Ed25519 public key");
    refuses(x(&[0xff; 32]), "no Ed25519 public key");
    // y = 2 is on no point.
    let mut no_point = [0; 32];
    no_point[0] = 2;
    refuses(x(&no_point), "no Ed25519 public key");
    let mut small = [0; 32];
    for first in [0, 1] {
        small[0] = first;
        refuses(x(&small), "small order");
        refuses(x(&[&small[..31], &[0x80]].concat()), "small order");
    }
    let mut spki = der(pem!("ed25519.spki"));
    let start = spki.len() - 32;
    spki[start..].copy_from_slice(&small);
    refuses(Key::from_der(Algorithm::EdDSA, &spki), "small order");
}

#[test]
fn g34_halves_that_do_not_belong_together_are_refused() {
    let ed = Key::from_pem(Algorithm::EdDSA, pem!("ed25519.pkcs8")).unwrap();
    let sound: serde_json::Value = serde_json::from_str(&ed.danger_private_jwk().unwrap()).unwrap();
    refuses(Key::from_jwk(None, &with(&sound, "d", base64url([7; 32]).into())), "does not belong");
    refuses(Key::from_jwk(None, &with(&sound, "d", base64url([7; 31]).into())), "32 bytes");

    let mut sec1 = der(pem!("p256.sec1"));
    sec1[10] ^= 1;
    refuses(Key::from_der(Algorithm::ES256, &sec1), "does not belong");
}

#[cfg(feature = "aws_lc_rs")]
#[test]
fn g34_an_rsa_key_whose_numbers_contradict_each_other_is_refused() {
    let sound = private_rsa_jwk();
    assert!(Key::from_jwk(None, &sound.to_string()).unwrap().can_sign());
    for name in ["d", "p", "q", "dp", "dq", "qi"] {
        let mut bytes =
            base64_simd::URL_SAFE_NO_PAD.decode_to_vec(sound[name].as_str().unwrap()).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        refuses(Key::from_jwk(None, &with(&sound, name, base64url(bytes).into())), "contradict");
    }
    let other = jwk(Algorithm::RS256, pem!("rsa_e3.pkcs8"));
    refuses(Key::from_jwk(None, &with(&sound, "n", other["n"].clone())), "contradict");
}

#[cfg(feature = "aws_lc_rs")]
#[test]
fn hole06_half_a_private_rsa_jwk_is_refused() {
    let sound = private_rsa_jwk();
    for name in ["p", "q", "dp", "dq", "qi"] {
        let text = with(&sound, name, serde_json::Value::Null);
        refuses(Key::from_jwk(None, &text), &format!("no `{name}`"));
    }
    refuses(Key::from_jwk(None, &with(&sound, "d", serde_json::Value::Null)), "no `d`");
    refuses(
        Key::from_jwk(None, &with(&sound, "oth", serde_json::json!([]))),
        "more than two primes",
    );
}
