//! Keys on their way out: PKCS #8, PEM and JWK.

use base64_simd::URL_SAFE_NO_PAD;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use sec1::EcPrivateKey;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::algorithm::Curve;
use super::material::Material;
use super::{Key, der, pkcs1};

/// PKCS #8 of what signs; `None` for secrets and public keys.
pub(super) fn pkcs8(material: &Material) -> Option<SecretDocument> {
    match material {
        Material::Oct(_) => None,
        Material::Rsa(rsa) => {
            private_info(der::RSA_ENCRYPTION, Some(AnyRef::NULL), rsa.private.as_ref()?)
        }
        Material::Ec(ec) => ec_pkcs8(ec.curve, ec.scalar.as_ref()?, Some(&ec.point)),
        Material::Ed(ed) => ed_pkcs8(ed.seed.as_ref()?),
    }
}

pub(super) fn ec_pkcs8(
    curve: Curve,
    scalar: &[u8],
    point: Option<&[u8]>,
) -> Option<SecretDocument> {
    let oid = match curve {
        Curve::P256 => der::P256,
        Curve::P384 => der::P384,
    };
    let inner = EcPrivateKey { private_key: scalar, parameters: None, public_key: point };
    let inner = SecretDocument::encode_msg(&inner).ok()?;
    private_info(der::EC_PUBLIC_KEY, Some(AnyRef::from(&oid)), inner.as_bytes())
}

pub(super) fn ed_pkcs8(seed: &[u8; 32]) -> Option<SecretDocument> {
    let inner = Zeroizing::new(OctetStringRef::new(seed).and_then(|seed| seed.to_der()).ok()?);
    private_info(der::ED25519, None, &inner)
}

fn private_info(
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    key: &[u8],
) -> Option<SecretDocument> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters };
    let info: PrivateKeyInfoRef<'_> =
        PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key).ok()?);
    SecretDocument::encode_msg(&info).ok()
}

pub(super) fn private_pem(key: &Key) -> Option<Zeroizing<String>> {
    pkcs8(key.material())?.to_pem("PRIVATE KEY", LineEnding::LF).ok()
}

/// The public JWK (RFC 7517 §4); `None` for secrets.
pub(super) fn public_jwk(key: &Key) -> Option<Value> {
    let mut jwk: Map<String, Value> = public_members(key.material())?
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    jwk.insert("use".to_owned(), "sig".into());
    jwk.insert("alg".to_owned(), key.algorithm().as_str().into());
    if let Some(id) = key.id() {
        jwk.insert("kid".to_owned(), id.into());
    }
    Some(Value::Object(jwk))
}

/// The JWK with everything that signs, written by hand so that no unwiped copy is left behind.
pub(super) fn private_jwk(key: &Key) -> Option<Zeroizing<String>> {
    let private = private_members(key.material())?;
    // Long enough for any key: a buffer that grows would leave its old part unwiped.
    let room = private.iter().map(|(_, value)| value.len() + 16).sum::<usize>();
    let mut jwk = Zeroizing::new(String::with_capacity(2 * room + 4096));
    let mut push = |name: &str, value: &str| {
        let before = if jwk.is_empty() { "{" } else { "," };
        jwk.push_str(before);
        for part in ["\"", name, "\":\"", value, "\""] {
            jwk.push_str(part);
        }
    };
    for (name, value) in
        public_members(key.material()).unwrap_or_else(|| vec![("kty", "oct".to_owned())])
    {
        push(name, &value);
    }
    push("use", "sig");
    push("alg", key.algorithm().as_str());
    if let Some(id) = key.id() {
        push("kid", &id.replace('\\', "\\\\").replace('"', "\\\""));
    }
    for (name, value) in &private {
        push(name, value);
    }
    jwk.push('}');
    Some(jwk)
}

fn public_members(material: &Material) -> Option<Vec<(&'static str, String)>> {
    Some(match material {
        Material::Oct(_) => return None,
        Material::Rsa(rsa) => {
            vec![("kty", "RSA".to_owned()), ("n", encode(&rsa.n)), ("e", encode(&rsa.e))]
        }
        Material::Ec(ec) => {
            let (x, y) = ec.point.get(1..)?.split_at_checked(ec.curve.coordinate_len())?;
            let crv = ec.curve.name().to_owned();
            vec![("kty", "EC".to_owned()), ("crv", crv), ("x", encode(x)), ("y", encode(y))]
        }
        Material::Ed(ed) => {
            vec![("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned()), ("x", encode(&ed.x))]
        }
    })
}

fn private_members(material: &Material) -> Option<Vec<(&'static str, Zeroizing<String>)>> {
    let secret = |name, bytes: &[u8]| (name, Zeroizing::new(encode(bytes)));
    Some(match material {
        Material::Oct(bytes) => vec![secret("k", bytes)],
        Material::Rsa(rsa) => {
            let key = pkcs1::PrivateKey::from_der(rsa.private.as_ref()?).ok()?;
            let names = ["d", "p", "q", "dp", "dq", "qi"];
            names.into_iter().zip(key.secrets).map(|(name, bytes)| secret(name, bytes)).collect()
        }
        Material::Ec(ec) => vec![secret("d", ec.scalar.as_ref()?)],
        Material::Ed(ed) => vec![secret("d", &**ed.seed.as_ref()?)],
    })
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}
