//! The one door through which keys come in: what it refuses, what it takes, and what it says.
//! The keys under `tests/keys/` were made by OpenSSL for these tests and protect nothing.

use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::{Error, ErrorKind};
use proptest::prelude::*;

const HMAC: [(Algorithm, usize); 3] =
    [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)];

/// Whether this build signs with RSA; the pure-Rust fallback does not.
const SIGNS_RSA: bool = cfg!(feature = "aws_lc_rs");

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("keys/", $name, ".pem"))
    };
}

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

mod secrets {
    use super::*;

    #[test]
    fn g35_a_secret_below_the_hash_size_is_refused() {
        for (algorithm, least) in HMAC {
            let secret = |len: usize| Key::from_secret(algorithm, vec![b'x'; len]);
            assert!(secret(least).is_ok() && secret(least + 1).is_ok() && secret(4096).is_ok());
            for len in [0, 1, least - 1] {
                refuses(secret(len), &format!("at least {least} bytes"));
                refuses(secret(len), &format!("this one has {len}"));
            }
            refuses(secret(4097), "at most 4096 bytes");
            let jwk = |len: usize| format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url(vec![1; len]));
            assert!(Key::from_jwk(Some(algorithm), &jwk(least)).is_ok());
            refuses(Key::from_jwk(Some(algorithm), &jwk(least - 1)), "RFC 7518 3.2");
            refuses(Key::from_jwk(Some(algorithm), &jwk(0)), "this one has 0");
        }
    }

    #[test]
    fn hole07_a_short_secret_names_the_command_that_makes_one() {
        assert_eq!(
            refusal(Key::from_secret(Algorithm::HS256, "my-secret")),
            "a secret for HS256 needs at least 32 bytes (RFC 7518 3.2); this one has 9: \
             `jam keys generate --algorithm HS256` makes one"
        );
    }

    #[test]
    fn base64url_secrets_are_strict() {
        let text = base64url([0xfb; 32]);
        assert!(Key::from_secret_base64url(Algorithm::HS256, &text).is_ok());
        let last_bits = format!("{}{}", &text[..42], if text.ends_with('s') { 't' } else { 's' });
        for bad in [
            format!("{text}="),
            text.replace('-', "+"),
            format!(" {text}"),
            format!("{text}\n"),
            last_bits,
        ] {
            if bad != text {
                let result = Key::from_secret_base64url(Algorithm::HS256, &bad);
                assert!(result.is_err(), "{bad:?}");
            }
        }
        refuses(Key::from_secret_base64url(Algorithm::HS256, "päss"), "base64url");
        refuses(Key::from_secret_base64url(Algorithm::HS256, "c2hvcnQ"), "this one has 5");
    }

    #[test]
    fn hole07_no_kind_of_key_file_is_a_secret() {
        for text in [
            pem!("rsa2048.spki"),
            pem!("rsa2048.public.pkcs1"),
            pem!("rsa2048.pkcs8"),
            pem!("rsa2048.pkcs1"),
            pem!("p256.spki"),
            pem!("p256.sec1"),
            pem!("p521.pkcs8"),
            pem!("ed25519.spki"),
            pem!("ed25519.pkcs8"),
            pem!("certificate"),
            pem!("encrypted.pkcs8"),
        ] {
            let body: Vec<&str> = text.lines().filter(|line| !line.starts_with("-----")).collect();
            for (algorithm, _) in HMAC {
                refuses(Key::from_secret(algorithm, text), "PEM");
                refuses(Key::from_secret(algorithm, format!("\n\n  {text}")), "PEM");
                refuses(Key::from_secret(algorithm, der(text)), "DER");
                refuses(Key::from_secret(algorithm, body.join("\n")), "DER key in base64");
                refuses(Key::from_secret(algorithm, body.concat()), "DER key in base64");
                refuses(Key::from_secret(algorithm, base64url(der(text))), "DER key in base64");
                refuses(Key::from_secret_base64url(algorithm, &base64url(text)), "PEM");
                refuses(Key::from_secret_base64url(algorithm, &base64url(der(text))), "DER");
                let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url(text));
                refuses(Key::from_jwk(Some(algorithm), &jwk), "PEM");
            }
        }
        for (algorithm, _) in HMAC {
            let jwk = jwk(Algorithm::ES256, pem!("p256.spki")).to_string();
            refuses(Key::from_secret(algorithm, &jwk), "JWK");
            refuses(Key::from_secret(algorithm, format!("{{\"keys\":[{jwk}]}}")), "JWK");
            for ssh in [
                "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDJ a@b",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5x9",
            ] {
                refuses(Key::from_secret(algorithm, ssh.repeat(2)), "SSH");
            }
        }
    }

    #[test]
    fn g23_the_bytes_of_a_public_key_are_never_a_secret() {
        for (algorithm, pem) in
            [(Algorithm::ES256, pem!("p256.spki")), (Algorithm::ES384, pem!("p384.spki"))]
        {
            let spki = der(pem);
            let len = if algorithm == Algorithm::ES256 { 65 } else { 97 };
            let point = &spki[spki.len() - len..];
            assert_eq!(point[0], 4);
            for (hmac, _) in HMAC {
                refuses(Key::from_secret(hmac, point), "point of an EC key");
                refuses(Key::from_secret(hmac, &spki), "DER");
                refuses(Key::from_secret_base64url(hmac, &base64url(point)), "point of an EC key");
            }
            // Off the curve it is a secret like any other.
            let mut other = point.to_vec();
            other[64] ^= 1;
            assert!(Key::from_secret(Algorithm::HS512, other).is_ok());
        }
    }

    #[test]
    fn g23_secrets_and_key_pairs_do_not_take_each_others_algorithms() {
        let secret = [b'x'; 64];
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()) {
            refuses(Key::from_secret(algorithm, secret), "takes no secret");
            let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url(secret));
            refuses(Key::from_jwk(Some(algorithm), &jwk), "this JWK holds a secret");
        }
        for (algorithm, _) in HMAC {
            refuses(
                Key::from_pem(algorithm, pem!("rsa2048.spki")),
                "takes a secret and no PEM key",
            );
            refuses(
                Key::from_der(algorithm, &der(pem!("rsa2048.spki"))),
                "takes a secret and no DER key",
            );
            let rsa =
                with(&jwk(Algorithm::RS256, pem!("rsa2048.spki")), "alg", serde_json::Value::Null);
            refuses(Key::from_jwk(Some(algorithm), &rsa), "this JWK holds an RSA key");
        }
    }
}

mod files {
    use super::*;

    /// Every structure and label, each as PEM and as DER.
    #[test]
    fn openssl_keys_of_every_structure_are_taken() {
        for (algorithm, pem, signs) in [
            (Algorithm::RS256, pem!("rsa2048.spki"), false),
            (Algorithm::PS512, pem!("rsa2048.public.pkcs1"), false),
            (Algorithm::RS384, pem!("rsa4096.spki"), false),
            (Algorithm::ES256, pem!("p256.spki"), false),
            (Algorithm::ES384, pem!("p384.spki"), false),
            (Algorithm::EdDSA, pem!("ed25519.spki"), false),
            (Algorithm::ES256, pem!("p256.pkcs8"), true),
            (Algorithm::ES256, pem!("p256.sec1"), true),
            (Algorithm::ES256, pem!("p256.no_public.sec1"), true),
            (Algorithm::ES384, pem!("p384.pkcs8"), true),
            (Algorithm::ES384, pem!("p384.sec1"), true),
            (Algorithm::EdDSA, pem!("ed25519.pkcs8"), true),
        ] {
            for key in [Key::from_pem(algorithm, pem), Key::from_der(algorithm, &der(pem))] {
                let key = key.unwrap();
                assert_eq!((key.algorithm(), key.can_sign(), key.id()), (algorithm, signs, None));
            }
        }
    }

    #[test]
    fn private_rsa_keys_sign_where_the_backend_can() {
        for (algorithm, pem) in [
            (Algorithm::RS256, pem!("rsa2048.pkcs8")),
            (Algorithm::PS384, pem!("rsa2048.pkcs1")),
            (Algorithm::RS512, pem!("rsa_e3.pkcs8")),
            (Algorithm::PS256, pem!("rsa_pss.pkcs8")),
        ] {
            for key in [Key::from_pem(algorithm, pem), Key::from_der(algorithm, &der(pem))] {
                if SIGNS_RSA {
                    assert!(key.unwrap().can_sign());
                } else {
                    let error = key.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::NotAvailable);
                    assert!(error.to_string().contains("RUSTSEC-2023-0071"), "{error}");
                }
            }
        }
        if !SIGNS_RSA {
            assert_eq!(
                Key::generate(Algorithm::RS256).unwrap_err().kind(),
                ErrorKind::NotAvailable
            );
        }
    }

    #[test]
    fn all_forms_of_one_key_are_the_same_key() {
        let public = |algorithm, pem| jwk(algorithm, pem);
        let of = public(Algorithm::ES256, pem!("p256.spki"));
        for pem in [pem!("p256.pkcs8"), pem!("p256.sec1"), pem!("p256.no_public.sec1")] {
            assert_eq!(public(Algorithm::ES256, pem), of);
        }
        let of = public(Algorithm::RS256, pem!("rsa2048.spki"));
        assert_eq!(public(Algorithm::RS256, pem!("rsa2048.public.pkcs1")), of);
        let of = public(Algorithm::EdDSA, pem!("ed25519.spki"));
        assert_eq!(public(Algorithm::EdDSA, pem!("ed25519.pkcs8")), of);
    }

    #[test]
    fn blanks_and_a_block_of_parameters_do_no_harm() {
        let pem = pem!("p256.pkcs8");
        let indented: String = pem.lines().map(|line| format!("    {line}\r\n")).collect();
        let one_line = pem.replacen("-----\n", "-----", 1).replace('\n', " ");
        for text in [indented, one_line, format!("a comment\n{pem}\n\n"), pem.trim_end().to_owned()]
        {
            assert!(Key::from_pem(Algorithm::ES256, &text).is_ok(), "{text}");
        }
        assert!(Key::from_pem(Algorithm::ES256, pem!("p256.with_parameters.sec1")).is_ok());
    }

    #[test]
    fn a_pem_of_the_wrong_kind_says_what_to_do() {
        use Algorithm::{ES256, ES384, EdDSA, PS256, RS256};
        for (algorithm, pem, because) in [
            (
                ES256,
                pem!("p384.spki"),
                "this PEM holds an EC P-384 key, ES256 needs an EC P-256 key",
            ),
            (
                ES384,
                pem!("p256.pkcs8"),
                "this PEM holds an EC P-256 key, ES384 needs an EC P-384 key",
            ),
            (
                ES256,
                pem!("p521.spki"),
                "this PEM holds an EC P-521 key, ES256 needs an EC P-256 key",
            ),
            (ES384, pem!("p521.pkcs8"), "this PEM holds an EC P-521 key"),
            (ES256, pem!("p521.sec1"), "this PEM holds an EC P-521 key"),
            (ES256, pem!("k256.spki"), "this PEM holds an EC secp256k1 key"),
            (ES256, pem!("k256.sec1"), "this PEM holds an EC secp256k1 key"),
            (ES256, pem!("rsa2048.spki"), "this PEM holds an RSA key, ES256 needs"),
            (RS256, pem!("p256.spki"), "RS256 needs an RSA key of at least 2048 bits"),
            (RS256, pem!("ed25519.pkcs8"), "this PEM holds an Ed25519 key"),
            (EdDSA, pem!("ed448.pkcs8"), "this PEM holds an Ed448 key, EdDSA needs an Ed25519 key"),
            (EdDSA, pem!("x25519.pkcs8"), "this PEM holds an X25519 key (for encryption)"),
            (RS256, pem!("dsa.pkcs8"), "this PEM holds a DSA key"),
            (RS256, pem!("rsa_pss.pkcs8"), "an RSA key that is restricted to PSS, RS256 needs"),
            (PS256, pem!("rsa_pss_restricted.pkcs8"), "an RSA key that is restricted to PSS"),
            (ES256, pem!("p256.compressed.spki"), "-conv_form uncompressed"),
            (ES256, pem!("p256.explicit.spki"), "-ec_param_enc named_curve"),
            (ES256, pem!("certificate"), "`openssl x509 -in FILE -pubkey -noout`"),
            (ES256, pem!("request"), "`openssl req -in FILE -pubkey -noout`"),
            (ES256, pem!("encrypted.pkcs8"), "`openssl pkey -in FILE -out key.pem` decrypts"),
            (ES256, pem!("encrypted.sec1"), "`openssl pkey -in FILE -out key.pem` decrypts"),
            (EdDSA, pem!("openssh"), "`ssh-keygen -p -m PKCS8 -f FILE`"),
        ] {
            refuses(Key::from_pem(algorithm, pem), because);
        }
    }

    #[test]
    fn what_is_no_pem_says_what_it_is() {
        let es256 = |text: &str| Key::from_pem(Algorithm::ES256, text);
        refuses(es256(""), "empty");
        refuses(es256(" \n"), "empty");
        refuses(es256("hello"), "-----BEGIN PUBLIC KEY-----");
        refuses(es256(&jwk(Algorithm::ES256, pem!("p256.spki")).to_string()), "this is a JWK");
        refuses(es256("ssh-ed25519 AAAA a@b"), "`ssh-keygen -e -m PKCS8 -f FILE`");
        refuses(Key::from_pem(Algorithm::ES256, der(pem!("p256.spki"))), "this is a DER key");
        refuses(Key::from_pem(Algorithm::ES256, [0xff; 40]), "no PEM key");
        refuses(es256(&format!("{0}{0}", pem!("p256.spki"))), "2 blocks");
        refuses(es256(&pem!("p256.spki").replace("END PUBLIC", "END PRIVATE")), "no end line");
        refuses(es256(&pem!("p256.spki").replace('\n', "\\n")), "two characters");
        refuses(es256(&pem!("p256.spki").replacen("MF", "M!", 1)), "base64 of this PEM is broken");
        refuses(es256(&pem!("p256.spki").replace("PUBLIC", "PRIVATE")), "says `PRIVATE KEY`");
        refuses(es256(&pem!("p256.spki").replace("PUBLIC KEY", "FANCY KEY")), "says `FANCY KEY`");
        refuses(
            es256("-----BEGIN \u{1b}[31m-----\n-----END \u{1b}[31m-----"),
            "something unreadable",
        );
        refuses(
            es256("-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----"),
            "no PEM key",
        );
    }

    #[test]
    fn what_is_no_der_key_says_what_it_is() {
        let es256 = |bytes: &[u8]| Key::from_der(Algorithm::ES256, bytes);
        refuses(es256(b""), "no DER key");
        refuses(es256(pem!("p256.spki").as_bytes()), "give it as PEM");
        refuses(es256(&der(pem!("certificate"))), "certificate");
        refuses(es256(&der(pem!("encrypted.pkcs8"))), "encrypted");
        let sound = der(pem!("p256.pkcs8"));
        refuses(es256(&[&sound[..], &[0]].concat()), "no DER key");
        refuses(es256(&sound[..sound.len() - 1]), "no DER key");
    }
}

mod strength {
    use super::*;

    #[test]
    fn g31_rsa_below_2048_bits_is_refused() {
        for pem in [pem!("rsa1024.spki"), pem!("rsa1024.pkcs8")] {
            refuses(
                Key::from_pem(Algorithm::RS256, pem),
                "this RSA key has 1024 bits, at least 2048",
            );
            refuses(Key::from_der(Algorithm::PS256, &der(pem)), "1024 bits");
        }
        let sound = jwk(Algorithm::RS256, pem!("rsa2048.spki"));
        let mut n =
            base64_simd::URL_SAFE_NO_PAD.decode_to_vec(sound["n"].as_str().unwrap()).unwrap();
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
            refuses(
                Key::from_jwk(None, &with(&sound, "e", base64url(e).into())),
                "public exponent",
            );
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
        let roca = with(&sound, "n", include_str!("keys/roca.n").trim_end().into());
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
                let value = base64_simd::URL_SAFE_NO_PAD
                    .decode_to_vec(sound[name].as_str().unwrap())
                    .unwrap();
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
        refuses(
            Key::from_jwk(None, &with(&sound, "d", base64url([7; 32]).into())),
            "does not belong",
        );
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
        let sound: serde_json::Value =
            serde_json::from_str(&ed.danger_private_jwk().unwrap()).unwrap();
        refuses(
            Key::from_jwk(None, &with(&sound, "d", base64url([7; 32]).into())),
            "does not belong",
        );
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
            refuses(
                Key::from_jwk(None, &with(&sound, name, base64url(bytes).into())),
                "contradict",
            );
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
}

mod jwks {
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
        refuses(
            Key::from_jwk(None, &with(&no_use, "key_ops", json!(["verify", "verify"]))),
            "twice",
        );
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
        assert_eq!(
            Key::from_jwk(Some(Algorithm::PS384), &rsa).unwrap().algorithm(),
            Algorithm::PS384
        );
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
}

mod rings {
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
        let ring =
            set(&[edited(es("a"), "use", json!("enc")), es("a")], &[Algorithm::ES256]).unwrap();
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
        refuses(
            set(&members, &[Algorithm::RS256]),
            "key 2 of the set: this JWK has no `alg` and none",
        );
    }

    #[test]
    fn hole06_one_weak_member_refuses_the_whole_set() {
        let rs256 = [Algorithm::RS256, Algorithm::ES256];
        for bad in [
            edited(rsa("b"), "e", json!("AQ")),
            edited(rsa("b"), "n", include_str!("keys/roca.n").trim_end().into()),
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
        refuses(
            KeyRing::from_jwks(r#"{"keys":{}}"#, &es256),
            "`keys` of this JWK must be an array",
        );
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
    fn g23_no_random_secret_is_taken_for_another_key(secret in prop::collection::vec(any::<u8>(), 64..=128)) {
        prop_assert!(Key::from_secret(Algorithm::HS512, &secret).is_ok());
    }
}
