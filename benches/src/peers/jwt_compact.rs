//! jwt-compact, with ed25519-dalek and the RustCrypto crates.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Duration, Utc};
use jwt_compact::alg::{
    Ed25519, Es256, Hs256, Hs256Key, Hs512, Hs512Key, Rsa, RsaPrivateKey, RsaPublicKey,
};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{AlgorithmExt, Claims, Header, TimeOptions, UntrustedToken};

use crate::claims::{AUDIENCE, ISSUER, Strings};
use crate::contestant::Contestant;
use crate::subject::{KEY_ID, Subject};

/// Verifies and signs; not on P-384.
pub const NAME: &str = "jwt-compact 0.8";

type SigningKey<A> = <A as jwt_compact::Algorithm>::SigningKey;
type VerifyingKey<A> = <A as jwt_compact::Algorithm>::VerifyingKey;

/// Verifies.
pub fn verifier(subject: &Subject) -> Result<Option<Contestant>> {
    use jam_core::key::Algorithm as A;
    let public = || anyhow::Ok(serde_json::to_string(&subject.public_jwk()?)?);
    let found = match subject.algorithm {
        A::HS256 => verify(Hs256, Hs256Key::new(subject.secret()?), subject),
        A::HS512 => verify(Hs512, Hs512Key::new(subject.secret()?), subject),
        A::RS256 => verify(Rsa::rs256(), RsaPublicKey::try_from(&jwk(&public()?)?)?, subject),
        A::PS256 => verify(Rsa::ps256(), RsaPublicKey::try_from(&jwk(&public()?)?)?, subject),
        A::ES256 => verify(Es256, VerifyingKey::<Es256>::try_from(&jwk(&public()?)?)?, subject),
        A::EdDSA => verify(Ed25519, VerifyingKey::<Ed25519>::try_from(&jwk(&public()?)?)?, subject),
        _ => return Ok(None),
    };
    found.map(Some)
}

/// Signs.
pub fn signer(subject: &Subject) -> Result<Option<Contestant>> {
    use jam_core::key::Algorithm as A;
    let private = || anyhow::Ok(serde_json::to_string(subject.private_jwk())?);
    let found = match subject.algorithm {
        A::HS256 => sign(Hs256, Hs256Key::new(subject.secret()?), subject),
        A::HS512 => sign(Hs512, Hs512Key::new(subject.secret()?), subject),
        A::RS256 => sign(Rsa::rs256(), RsaPrivateKey::try_from(&jwk(&private()?)?)?, subject),
        A::PS256 => sign(Rsa::ps256(), RsaPrivateKey::try_from(&jwk(&private()?)?)?, subject),
        A::ES256 => sign(Es256, SigningKey::<Es256>::try_from(&jwk(&private()?)?)?, subject),
        A::EdDSA => sign(Ed25519, SigningKey::<Ed25519>::try_from(&jwk(&private()?)?)?, subject),
        _ => return Ok(None),
    };
    found.map(Some)
}

fn jwk(text: &str) -> Result<JsonWebKey<'_>> {
    serde_json::from_str(text).context("jwt-compact does not read the JWK")
}

/// The library judges the dates; issuer and audience are the caller's.
fn verify<A>(algorithm: A, key: A::VerifyingKey, subject: &Subject) -> Result<Contestant>
where
    A: AlgorithmExt + 'static,
{
    let time = TimeOptions::from_leeway(Duration::zero());
    Contestant::verifier(NAME, subject, move |token| -> Result<Claims<Strings>> {
        let token = UntrustedToken::new(token)?;
        let token = algorithm.validator::<Strings>(&key).validate(&token)?;
        let (_, claims) = token.into_parts();
        claims.validate_expiration(&time)?.validate_maturity(&time)?;
        ensure!(claims.custom.iss == ISSUER && claims.custom.aud == AUDIENCE, "not for us");
        Ok(claims)
    })
}

fn sign<A>(algorithm: A, key: A::SigningKey, subject: &Subject) -> Result<Contestant>
where
    A: AlgorithmExt + 'static,
{
    let date = |seconds: u64| DateTime::<Utc>::from_timestamp(i64::try_from(seconds).ok()?, 0);
    let mut claims = Claims::new(subject.claims.strings());
    claims.expiration = date(subject.claims.exp);
    claims.not_before = date(subject.claims.nbf);
    claims.issued_at = date(subject.claims.iat);
    let header = Header::empty().with_key_id(KEY_ID);
    Contestant::signer(NAME, subject, move || algorithm.token(&header, black_box(&claims), &key))
}
