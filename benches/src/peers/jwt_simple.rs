//! jwt-simple on its pure-Rust backend.

use std::collections::HashSet;

use anyhow::{Result, bail};
use jam_core::key::Algorithm;
use jwt_simple::claims::{Audiences, JWTClaims};
use jwt_simple::prelude::*;

use crate::claims::{AUDIENCE, ISSUER, Private};
use crate::contestant::Contestant;
use crate::subject::{KEY_ID, Subject};

/// Verifies and signs.
pub const NAME: &str = "jwt-simple 0.15, pure Rust";

/// Verifies; the options are taken by value, so each call has its own.
pub fn verifier(subject: &Subject) -> Result<Contestant> {
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        time_tolerance: None,
        ..VerificationOptions::default()
    };
    macro_rules! with {
        ($key:expr) => {{
            let key = $key;
            Contestant::verifier(NAME, subject, move |token| {
                key.verify_token::<Private>(token, Some(options.clone()))
            })
        }};
    }
    match subject.algorithm {
        Algorithm::HS256 => with!(HS256Key::from_bytes(&subject.secret()?)),
        Algorithm::HS512 => with!(HS512Key::from_bytes(&subject.secret()?)),
        Algorithm::RS256 => with!(RS256KeyPair::from_pem(&subject.private_pem()?)?.public_key()),
        Algorithm::PS256 => with!(PS256KeyPair::from_pem(&subject.private_pem()?)?.public_key()),
        Algorithm::ES256 => with!(ES256KeyPair::from_pem(&subject.private_pem()?)?.public_key()),
        Algorithm::ES384 => with!(ES384KeyPair::from_pem(&subject.private_pem()?)?.public_key()),
        Algorithm::EdDSA => with!(Ed25519KeyPair::from_pem(&subject.private_pem()?)?.public_key()),
        other => bail!("the tables have no {other}"),
    }
}

/// Signs; the claims are taken by value, so each call has its own.
pub fn signer(subject: &Subject) -> Result<Contestant> {
    let claims = claims(subject);
    macro_rules! with {
        ($key:expr, $method:ident) => {{
            let key = $key.with_key_id(KEY_ID);
            Contestant::signer(NAME, subject, move || key.$method(claims.clone()))
        }};
    }
    let pem = || subject.private_pem();
    match subject.algorithm {
        Algorithm::HS256 => with!(HS256Key::from_bytes(&subject.secret()?), authenticate),
        Algorithm::HS512 => with!(HS512Key::from_bytes(&subject.secret()?), authenticate),
        Algorithm::RS256 => with!(RS256KeyPair::from_pem(&pem()?)?, sign),
        Algorithm::PS256 => with!(PS256KeyPair::from_pem(&pem()?)?, sign),
        Algorithm::ES256 => with!(ES256KeyPair::from_pem(&pem()?)?, sign),
        Algorithm::ES384 => with!(ES384KeyPair::from_pem(&pem()?)?, sign),
        Algorithm::EdDSA => with!(Ed25519KeyPair::from_pem(&pem()?)?, sign),
        other => bail!("the tables have no {other}"),
    }
}

fn claims(subject: &Subject) -> JWTClaims<Private> {
    let claims = subject.claims.clone();
    JWTClaims {
        issued_at: Some(UnixTimeStamp::from_secs(claims.iat)),
        expires_at: Some(UnixTimeStamp::from_secs(claims.exp)),
        invalid_before: Some(UnixTimeStamp::from_secs(claims.nbf)),
        custom: claims.private(),
        issuer: Some(claims.iss),
        subject: Some(claims.sub),
        audiences: Some(Audiences::AsString(claims.aud)),
        jwt_id: Some(claims.jti),
        nonce: None,
    }
}
