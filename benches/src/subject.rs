//! One key, one good token, and the tokens that nobody may accept.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64_simd::URL_SAFE_NO_PAD;
use jam_core::jwt::{JwtBackend, JwtBackendBuilder};
use jam_core::key::{Algorithm, Key, KeyRing};
use serde_json::Value;

use crate::claims::{AUDIENCE, Claims, ISSUER};

/// The algorithms of the tables.
pub const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::HS256,
    Algorithm::HS512,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// `kid` of every token.
pub const KEY_ID: &str = "2026-11-bench";

/// What one column of the tables is about.
pub struct Subject {
    /// The algorithm of the key.
    pub algorithm: Algorithm,
    /// What the good token says.
    pub claims: Claims,
    /// The good token, as Jam signs it.
    pub token: String,
    /// Tokens to be refused, and why.
    pub refused: Vec<(&'static str, String)>,
    key: Key,
    private: Value,
}

impl Subject {
    /// A new key and its tokens.
    pub fn new(algorithm: Algorithm) -> Result<Self> {
        Self::of(algorithm, Key::generate(algorithm)?)
    }

    /// The same for HS256, with a secret that is text: some libraries take no other.
    pub fn textual() -> Result<Self> {
        let random = Self::new(Algorithm::HS256)?.secret()?;
        let text = URL_SAFE_NO_PAD.encode_to_string(random);
        Self::of(Algorithm::HS256, Key::from_secret(Algorithm::HS256, text)?)
    }

    fn of(algorithm: Algorithm, key: Key) -> Result<Self> {
        let key = key.with_id(KEY_ID)?;
        let private = key.danger_private_jwk().context("a new key has no private part")?;
        let claims = Claims::at(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
        let anyone = JwtBackend::builder(KeyRing::new([key.clone()])?).build()?;
        let sign = |claims: &Claims| anyone.signer().sign(claims);
        let token = sign(&claims)?;
        ensure!(serde_json::to_string(&claims)?.len() == 280, "the payload has not 280 bytes");
        ensure!(algorithm != Algorithm::HS256 || token.len() == 485, "the token has not 485 bytes");
        let now = claims.iat + 10;
        let refused = vec![
            ("an expired", sign(&Claims { exp: now - 5, ..claims.clone() })?),
            ("a premature", sign(&Claims { nbf: now + 60, ..claims.clone() })?),
            ("a foreign issuer's", sign(&Claims { iss: "x".into(), ..claims.clone() })?),
            ("a foreign audience's", sign(&Claims { aud: "x".into(), ..claims.clone() })?),
            ("a forged", forged(&token)?),
        ];
        let private = serde_json::from_str(&private)?;
        Ok(Self { algorithm, claims, token, refused, key, private })
    }

    /// The policy that every contestant has, over the key.
    pub fn policy(&self) -> Result<JwtBackendBuilder> {
        let builder = JwtBackend::builder(KeyRing::new([self.key.clone()])?);
        Ok(builder.issuer(ISSUER).audience(AUDIENCE))
    }

    /// Jam under that policy.
    pub fn backend(&self) -> Result<JwtBackend> {
        Ok(self.policy()?.build()?)
    }

    /// The private key, or the secret, as a JWK.
    pub fn private_jwk(&self) -> &Value {
        &self.private
    }

    /// The public key as a JWK.
    pub fn public_jwk(&self) -> Result<Value> {
        self.key.public_jwk().context("a secret has no public key")
    }

    /// The private key as PKCS #8 in PEM.
    pub fn private_pem(&self) -> Result<String> {
        let pem = self.key.danger_private_pem().context("a secret has no PEM")?;
        Ok(pem.to_string())
    }

    /// The private key as bare PKCS #8.
    pub fn pkcs8(&self) -> Result<Vec<u8>> {
        Ok(pem::parse(self.private_pem()?)?.into_contents())
    }

    /// The secret.
    pub fn secret(&self) -> Result<Vec<u8>> {
        self.private_member("k")
    }

    /// The public point, uncompressed for the NIST curves.
    pub fn point(&self) -> Result<Vec<u8>> {
        match self.algorithm {
            Algorithm::EdDSA => self.private_member("x"),
            _ => Ok([&[4], &*self.private_member("x")?, &*self.private_member("y")?].concat()),
        }
    }

    /// What was signed, and the signature.
    pub fn parts(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        let (message, signature) = self.token.rsplit_once('.').context("no token")?;
        Ok((message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode_to_vec(signature)?))
    }

    /// A member of the private JWK, decoded.
    pub fn private_member(&self, name: &str) -> Result<Vec<u8>> {
        let text = self.private.get(name).and_then(Value::as_str);
        let text = text.with_context(|| format!("the JWK has no `{name}`"))?;
        Ok(URL_SAFE_NO_PAD.decode_to_vec(text)?)
    }
}

/// The same token with one bit of its signature turned.
fn forged(token: &str) -> Result<String> {
    let (message, signature) = token.rsplit_once('.').context("no token")?;
    let mut signature = URL_SAFE_NO_PAD.decode_to_vec(signature)?;
    *signature.last_mut().context("no signature")? ^= 1;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode_to_string(signature)))
}
