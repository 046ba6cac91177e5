//! jsonwebtoken alone, on aws-lc: whom everybody is compared with.

use std::hint::black_box;

use anyhow::{Context, Result, bail};
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};

use crate::claims::{AUDIENCE, Claims, ISSUER};
use crate::contestant::Contestant;
use crate::subject::{KEY_ID, Subject};

/// Verifies.
pub const DECODE: &str = "`jsonwebtoken::decode`";
/// Signs.
pub const ENCODE: &str = "`jsonwebtoken::encode`";

/// Verifies under the policy that Jam has.
pub fn verifier(subject: &Subject) -> Result<Contestant> {
    let (key, validation) = (decoding_key(subject)?, validation(subject)?);
    Contestant::verifier(DECODE, subject, move |token| decode::<Claims>(token, &key, &validation))
}

/// Signs typed claims.
pub fn signer(subject: &Subject) -> Result<Contestant> {
    let mut header = Header::new(algorithm(subject)?);
    header.kid = Some(KEY_ID.into());
    let key = encoding_key(subject)?;
    let claims = subject.claims.clone();
    Contestant::signer(ENCODE, subject, move || encode(&header, black_box(&claims), &key))
}

/// The policy that Jam has.
pub fn validation(subject: &Subject) -> Result<Validation> {
    let mut validation = Validation::new(algorithm(subject)?);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    Ok(validation)
}

/// The key, in the form that is verified with the least work.
pub fn decoding_key(subject: &Subject) -> Result<DecodingKey> {
    use jam_core::key::Algorithm as A;
    Ok(match subject.algorithm {
        A::HS256 | A::HS512 => DecodingKey::from_secret(&subject.secret()?),
        A::RS256 | A::PS256 => {
            let pair = RsaKeyPair::from_pkcs8(&subject.pkcs8()?)?;
            DecodingKey::from_rsa_der(pair.public_key().as_ref())
        }
        A::ES256 | A::ES384 => DecodingKey::from_ec_der(&subject.point()?),
        A::EdDSA => DecodingKey::from_ed_der(&subject.point()?),
        other => bail!("the tables have no {other}"),
    })
}

fn encoding_key(subject: &Subject) -> Result<EncodingKey> {
    use jam_core::key::Algorithm as A;
    Ok(match subject.algorithm {
        A::HS256 | A::HS512 => EncodingKey::from_secret(&subject.secret()?),
        A::RS256 | A::PS256 => EncodingKey::from_rsa_pem(subject.private_pem()?.as_bytes())?,
        A::ES256 | A::ES384 => EncodingKey::from_ec_pem(subject.private_pem()?.as_bytes())?,
        A::EdDSA => EncodingKey::from_ed_pem(subject.private_pem()?.as_bytes())?,
        other => bail!("the tables have no {other}"),
    })
}

fn algorithm(subject: &Subject) -> Result<jsonwebtoken::Algorithm> {
    let name = subject.algorithm.as_str();
    name.parse().with_context(|| format!("jsonwebtoken does not know {name}"))
}
