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
        assert_eq!(Key::generate(Algorithm::RS256).unwrap_err().kind(), ErrorKind::NotAvailable);
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
    for text in [indented, one_line, format!("a comment\n{pem}\n\n"), pem.trim_end().to_owned()] {
        assert!(Key::from_pem(Algorithm::ES256, &text).is_ok(), "{text}");
    }
    assert!(Key::from_pem(Algorithm::ES256, pem!("p256.with_parameters.sec1")).is_ok());
}

#[test]
fn a_pem_of_the_wrong_kind_says_what_to_do() {
    use Algorithm::{ES256, ES384, EdDSA, PS256, RS256};
    for (algorithm, pem, because) in [
        (ES256, pem!("p384.spki"), "this PEM holds an EC P-384 key, ES256 needs an EC P-256 key"),
        (ES384, pem!("p256.pkcs8"), "this PEM holds an EC P-256 key, ES384 needs an EC P-384 key"),
        (ES256, pem!("p521.spki"), "this PEM holds an EC P-521 key, ES256 needs an EC P-256 key"),
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
    refuses(es256("-----BEGIN \u{1b}[31m-----\n-----END \u{1b}[31m-----"), "something unreadable");
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
