//! `jam keys generate | public`.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use jam_core::ErrorKind;
use jam_core::key::{Algorithm, Key, KeyRing};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::args::{Format, Generate, Public};
use crate::failure::{self, Failure};

/// Bytes of key text that are read.
const LONGEST_INPUT: u64 = 1024 * 1024;

pub(crate) fn generate(args: &Generate) -> Result<ExitCode, Failure> {
    let mut key = Key::generate(args.algorithm)?;
    if let Some(id) = &args.id {
        key = key.with_id(id)?;
    }
    let text = match args.format {
        Format::Jwk => key.danger_private_jwk(),
        Format::Pem => key.danger_private_pem(),
    };
    let text = text.ok_or_else(|| {
        Failure::usage(format!(
            "{} is symmetric and has no PEM form: use `--format jwk`",
            args.algorithm
        ))
    })?;
    if args.format == Format::Pem && args.id.is_some() {
        let _ = writeln!(
            io::stderr(),
            "jam: a PEM holds no id: write it into the configuration, beside the key"
        );
    }
    failure::print(text.trim_end().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn public(args: &Public) -> Result<ExitCode, Failure> {
    // Room for all of it at once: a growing buffer would leave copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    io::stdin().lock().take(LONGEST_INPUT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST_INPUT {
        return Err(bad_key("stdin holds more than a mebibyte, which no set of keys does"));
    }
    let text = std::str::from_utf8(&text)
        .map_err(|_| bad_key("stdin holds no text: give a JWK, a JWK set or a PEM"))?
        .trim_ascii();
    let keys =
        if text.starts_with('{') { from_json(text, args)? } else { vec![from_pem(text, args)?] };
    if keys.is_empty() {
        return Err(Failure::not_found(
            "nothing public here: symmetric keys have no public half and are never published, and \
             an empty set has no keys",
        ));
    }
    let set = KeyRing::new(keys)?.public_jwks();
    failure::print(format!("{set:#}").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Deserialize)]
struct Set<'a> {
    #[serde(borrow)]
    keys: Option<Vec<&'a RawValue>>,
}

/// The members of a JWK that say what kind of key it is.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    kty: Cow<'a, str>,
    #[serde(borrow)]
    alg: Option<Cow<'a, str>>,
    #[serde(borrow)]
    crv: Option<Cow<'a, str>>,
}

/// The asymmetric keys of a JWK or a JWK set.
fn from_json(text: &str, args: &Public) -> Result<Vec<Key>, Failure> {
    let set: Set<'_> = serde_json::from_str(text)
        .map_err(|_| bad_key("stdin starts like JSON but is no JWK and no JWK set"))?;
    let Some(members) = set.keys else {
        return Ok(from_jwk(text, args, "the JWK")?.into_iter().collect());
    };
    let mut keys = Vec::new();
    for (index, member) in members.iter().enumerate() {
        keys.extend(from_jwk(member.get(), args, &format!("keys[{index}]"))?);
    }
    Ok(keys)
}

/// `None` for a symmetric key.
fn from_jwk(text: &str, args: &Public, place: &str) -> Result<Option<Key>, Failure> {
    let kind: Kind<'_> = serde_json::from_str(text)
        .map_err(|_| bad_key(format!("{place}: no JWK: `kty`, `alg` and `crv` are strings")))?;
    if kind.kty == "oct" {
        let _ = writeln!(io::stderr(), "jam: {place}: symmetric, left out");
        return Ok(None);
    }
    let algorithm = match (&kind.alg, kind.crv.as_deref()) {
        (Some(_), _) => None,
        (None, Some("P-256")) => Some(Algorithm::ES256),
        (None, Some("P-384")) => Some(Algorithm::ES384),
        (None, Some("Ed25519")) => Some(Algorithm::EdDSA),
        (None, _) => args.algorithm,
    };
    if algorithm.is_none() && kind.alg.is_none() && kind.kty == "RSA" {
        return Err(unnamed(place));
    }
    let key = Key::from_jwk(algorithm, text)
        .map_err(|error| Failure::of(error.kind(), format!("{place}: {error}")))?;
    Ok(Some(key))
}

/// The curve names the algorithm; nothing names RSA's.
fn from_pem(text: &str, args: &Public) -> Result<Key, Failure> {
    if text.is_empty() {
        return Err(bad_key("stdin is empty: give a JWK, a JWK set or a PEM"));
    }
    let key = match args.algorithm {
        Some(algorithm) => Key::from_pem(algorithm, text)?,
        None => [Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA]
            .into_iter()
            .find_map(|algorithm| Key::from_pem(algorithm, text).ok())
            .ok_or_else(|| match Key::from_pem(Algorithm::RS256, text) {
                Ok(_) => unnamed("the PEM"),
                Err(error) => error.into(),
            })?,
    };
    Ok(match &args.id {
        Some(id) => key.with_id(id)?,
        None => key,
    })
}

fn unnamed(place: &str) -> Failure {
    Failure::usage(format!(
        "{place}: an RSA key that does not name its algorithm: add `--algorithm RS256` or another of \
         RS256/384/512, PS256/384/512"
    ))
}

fn bad_key(message: impl Into<Cow<'static, str>>) -> Failure {
    Failure::of(ErrorKind::WeakOrInvalidKey, message)
}
