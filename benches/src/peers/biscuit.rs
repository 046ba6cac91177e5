//! biscuit, on ring.

use std::sync::Arc;

use anyhow::{Result, bail};
use aws_lc_rs::signature::KeyPair;
use biscuit::jwa::SignatureAlgorithm;
use biscuit::jws::{RegisteredHeader, Secret};
use biscuit::{
    ClaimPresenceOptions, ClaimsSet, Empty, JWT, Presence, RegisteredClaims, SingleOrMultiple,
    Validation, ValidationOptions,
};
use jam_core::key::Algorithm;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair,
};

use crate::claims::{AUDIENCE, ISSUER, Private};
use crate::contestant::Contestant;
use crate::subject::{KEY_ID, Subject};

/// Verifies and signs; not with EdDSA.
pub const NAME: &str = "biscuit 0.8";

type Token = JWT<Private, Empty>;

/// Verifies; the options are taken by value, so each call has its own.
pub fn verifier(subject: &Subject) -> Result<Option<Contestant>> {
    let Some(algorithm) = algorithm(subject) else { return Ok(None) };
    let secret = match subject.algorithm {
        Algorithm::HS256 | Algorithm::HS512 => Secret::Bytes(subject.secret()?),
        Algorithm::ES256 | Algorithm::ES384 => Secret::PublicKey(subject.point()?),
        _ => {
            let pair = aws_lc_rs::signature::RsaKeyPair::from_pkcs8(&subject.pkcs8()?)?;
            Secret::PublicKey(pair.public_key().as_ref().to_vec())
        }
    };
    let options = ValidationOptions {
        claim_presence_options: ClaimPresenceOptions {
            expiry: Presence::Required,
            issuer: Presence::Required,
            audience: Presence::Required,
            ..ClaimPresenceOptions::default()
        },
        issuer: Validation::Validate(ISSUER.into()),
        audience: Validation::Validate(AUDIENCE.into()),
        ..ValidationOptions::default()
    };
    Contestant::verifier(NAME, subject, move |token| {
        let token = Token::new_encoded(token).into_decoded(&secret, algorithm)?;
        token.validate(options.clone())?;
        Ok::<_, biscuit::errors::Error>(token)
    })
    .map(Some)
}

/// Signs.
pub fn signer(subject: &Subject) -> Result<Option<Contestant>> {
    let Some(algorithm) = algorithm(subject) else { return Ok(None) };
    let ec = |curve| {
        let pair = EcdsaKeyPair::from_pkcs8(curve, &subject.pkcs8()?, &SystemRandom::new());
        pair.map(|pair| Secret::EcdsaKeyPair(Arc::new(pair))).or_else(|error| bail!("{error}"))
    };
    let secret = match subject.algorithm {
        Algorithm::HS256 | Algorithm::HS512 => Secret::Bytes(subject.secret()?),
        Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING)?,
        Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING)?,
        _ => match RsaKeyPair::from_pkcs8(&subject.pkcs8()?) {
            Ok(pair) => Secret::RsaKeyPair(Arc::new(pair)),
            Err(error) => bail!("{error}"),
        },
    };
    let header =
        RegisteredHeader { algorithm, key_id: Some(KEY_ID.into()), ..RegisteredHeader::default() };
    let token = Token::new_decoded(header.into(), claims(subject)?);
    Contestant::signer(NAME, subject, move || {
        Ok::<_, biscuit::errors::Error>(token.encode(&secret)?.encoded()?.to_string())
    })
    .map(Some)
}

fn algorithm(subject: &Subject) -> Option<SignatureAlgorithm> {
    Some(match subject.algorithm {
        Algorithm::HS256 => SignatureAlgorithm::HS256,
        Algorithm::HS512 => SignatureAlgorithm::HS512,
        Algorithm::RS256 => SignatureAlgorithm::RS256,
        Algorithm::PS256 => SignatureAlgorithm::PS256,
        Algorithm::ES256 => SignatureAlgorithm::ES256,
        Algorithm::ES384 => SignatureAlgorithm::ES384,
        _ => return None,
    })
}

fn claims(subject: &Subject) -> Result<ClaimsSet<Private>> {
    let claims = subject.claims.clone();
    let private = claims.private();
    let registered = RegisteredClaims {
        expiry: Some(i64::try_from(claims.exp)?.into()),
        not_before: Some(i64::try_from(claims.nbf)?.into()),
        issued_at: Some(i64::try_from(claims.iat)?.into()),
        issuer: Some(claims.iss),
        subject: Some(claims.sub),
        audience: Some(SingleOrMultiple::Single(claims.aud)),
        id: Some(claims.jti),
    };
    Ok(ClaimsSet { registered, private })
}
