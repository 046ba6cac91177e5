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
        refuses(Key::from_pem(algorithm, pem!("rsa2048.spki")), "takes a secret and no PEM key");
        refuses(
            Key::from_der(algorithm, &der(pem!("rsa2048.spki"))),
            "takes a secret and no DER key",
        );
        let rsa =
            with(&jwk(Algorithm::RS256, pem!("rsa2048.spki")), "alg", serde_json::Value::Null);
        refuses(Key::from_jwk(Some(algorithm), &rsa), "this JWK holds an RSA key");
    }
}
