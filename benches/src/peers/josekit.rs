//! josekit, on OpenSSL.

use std::hint::black_box;

use anyhow::{Result, bail};
use jam_core::key::Algorithm;
use josekit::jwk::Jwk;
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use serde_json::Value;

use crate::claims::{AUDIENCE, Claims, ISSUER};
use crate::contestant::Contestant;
use crate::subject::{KEY_ID, Subject};

/// Verifies and signs.
pub const NAME: &str = "josekit 0.10";

/// Verifies into the library's map, then types it.
pub fn verifier(subject: &Subject) -> Result<Contestant> {
    let key = || jwk(&subject.public_jwk()?);
    let verifier: Box<dyn JwsVerifier> = match subject.algorithm {
        Algorithm::HS256 => Box::new(jws::HS256.verifier_from_bytes(subject.secret()?)?),
        Algorithm::HS512 => Box::new(jws::HS512.verifier_from_bytes(subject.secret()?)?),
        Algorithm::RS256 => Box::new(jws::RS256.verifier_from_jwk(&key()?)?),
        Algorithm::PS256 => Box::new(jws::PS256.verifier_from_jwk(&key()?)?),
        Algorithm::ES256 => Box::new(jws::ES256.verifier_from_jwk(&key()?)?),
        Algorithm::ES384 => Box::new(jws::ES384.verifier_from_jwk(&key()?)?),
        Algorithm::EdDSA => Box::new(jws::EdDSA.verifier_from_jwk(&key()?)?),
        other => bail!("the tables have no {other}"),
    };
    let mut validator = JwtPayloadValidator::new();
    validator.set_issuer(ISSUER);
    validator.set_audience(AUDIENCE);
    Contestant::verifier(NAME, subject, move |token| -> Result<Claims> {
        let (payload, _) = jwt::decode_with_verifier(token, &*verifier)?;
        validator.validate(&payload)?;
        Ok(serde_json::from_value(Value::Object(payload.into()))?)
    })
}

/// Makes the library's map of typed claims, then signs it.
pub fn signer(subject: &Subject) -> Result<Contestant> {
    let key = || jwk(subject.private_jwk());
    let signer: Box<dyn JwsSigner> = match subject.algorithm {
        Algorithm::HS256 => Box::new(jws::HS256.signer_from_bytes(subject.secret()?)?),
        Algorithm::HS512 => Box::new(jws::HS512.signer_from_bytes(subject.secret()?)?),
        Algorithm::RS256 => Box::new(jws::RS256.signer_from_jwk(&key()?)?),
        Algorithm::PS256 => Box::new(jws::PS256.signer_from_jwk(&key()?)?),
        Algorithm::ES256 => Box::new(jws::ES256.signer_from_jwk(&key()?)?),
        Algorithm::ES384 => Box::new(jws::ES384.signer_from_jwk(&key()?)?),
        Algorithm::EdDSA => Box::new(jws::EdDSA.signer_from_jwk(&key()?)?),
        other => bail!("the tables have no {other}"),
    };
    let mut header = JwsHeader::new();
    header.set_token_type("JWT");
    header.set_key_id(KEY_ID);
    let claims = subject.claims.clone();
    Contestant::signer(NAME, subject, move || -> Result<String> {
        let Value::Object(map) = serde_json::to_value(black_box(&claims))? else {
            bail!("the claims are no object");
        };
        Ok(jwt::encode_with_signer(&JwtPayload::from_map(map)?, &header, &*signer)?)
    })
}

fn jwk(jwk: &Value) -> Result<Jwk> {
    Ok(Jwk::from_bytes(serde_json::to_vec(jwk)?)?)
}
