//! Keys in DER: SPKI, PKCS #8, PKCS #1 and SEC 1.

use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{self, Decode, DecodeValue, Header, Reader, Sequence};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Curve, Family};
use super::material::{Ec, Ed, Material, Rsa};
use super::{mismatch, pkcs1, refuse};
use crate::Error;

pub(super) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// Where the bytes came from and what they are for; in every message.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    /// "PEM" or "DER".
    pub(super) format: &'static str,
    pub(super) algorithm: Algorithm,
}

/// A reader of one structure: `None` when the bytes are not that structure at all.
pub(super) type Parse = fn(Origin, &[u8]) -> Option<Result<Material, Error>>;

/// Reads whichever structure the bytes are.
pub(super) fn material(algorithm: Algorithm, bytes: &[u8]) -> Result<Material, Error> {
    let origin = Origin { format: "DER", algorithm };
    let structures: [Parse; 5] = [spki, pkcs8, sec1, rsa_public, rsa_private];
    if let Some(found) = structures.iter().find_map(|parse| parse(origin, bytes)) {
        return found;
    }
    Err(refuse(if EncryptedKey::from_der(bytes).is_ok() {
        "this DER key is encrypted: `openssl pkey -inform DER -in FILE -out key.pem` decrypts it, \
         then give the PEM"
    } else if Certificate::from_der(bytes).is_ok() {
        "this DER holds a certificate: `openssl x509 -inform DER -in FILE -pubkey -noout` prints \
         its public key"
    } else {
        "these bytes are no DER key (SPKI, PKCS #8, PKCS #1 or SEC 1): if the file is text, give \
         it as PEM or JWK"
    }))
}

/// Whether the bytes are a key or a certificate in DER, sound or not.
pub(super) fn is_key(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
        && (SubjectPublicKeyInfoRef::from_der(bytes).is_ok()
            || PrivateKeyInfoRef::from_der(bytes).is_ok()
            || EcPrivateKey::from_der(bytes).is_ok()
            || pkcs1::PublicKey::from_der(bytes).is_ok()
            || pkcs1::PrivateKey::from_der(bytes).is_ok()
            || EncryptedKey::from_der(bytes).is_ok()
            || Certificate::from_der(bytes).is_ok())
}

/// `PUBLIC KEY` (RFC 5280 §4.1.2.7).
pub(super) fn spki(origin: Origin, bytes: &[u8]) -> Option<Result<Material, Error>> {
    let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
    let key = info.subject_public_key.as_bytes()?;
    Some(match classify(origin, info.algorithm) {
        Ok(Family::Rsa) => rsa_public(origin, key).unwrap_or_else(|| Err(broken(origin))),
        Ok(Family::Ec(curve)) => Ec::public(curve, key).map(Material::Ec),
        Ok(Family::Ed) => Ed::public(key).map(Material::Ed),
        Ok(Family::Hmac) => Err(broken(origin)),
        Err(error) => Err(error),
    })
}

/// `PRIVATE KEY`: PKCS #8, versions 1 and 2 (RFC 5958 §2).
pub(super) fn pkcs8(origin: Origin, bytes: &[u8]) -> Option<Result<Material, Error>> {
    let info = PrivateKeyInfoRef::from_der(bytes).ok()?;
    let key = info.private_key.as_bytes();
    let public = info.public_key.and_then(|bits| bits.as_bytes());
    Some(match classify(origin, info.algorithm) {
        Ok(Family::Rsa) => rsa_private(origin, key).unwrap_or_else(|| Err(broken(origin))),
        Ok(Family::Ec(curve)) => match EcPrivateKey::from_der(key) {
            Ok(inner) => ec_private(origin, Some(curve), &inner, public),
            Err(_) => Err(broken(origin)),
        },
        Ok(Family::Ed) => match <&OctetStringRef>::from_der(key) {
            Ok(seed) => Ed::private(seed.as_bytes(), public).map(Material::Ed),
            Err(_) => Err(broken(origin)),
        },
        Ok(Family::Hmac) => Err(broken(origin)),
        Err(error) => Err(error),
    })
}

/// `EC PRIVATE KEY` (RFC 5915 §3).
pub(super) fn sec1(origin: Origin, bytes: &[u8]) -> Option<Result<Material, Error>> {
    let key = EcPrivateKey::from_der(bytes).ok()?;
    Some(ec_private(origin, None, &key, None))
}

/// `RSA PUBLIC KEY` (RFC 8017 §A.1.1).
pub(super) fn rsa_public(_: Origin, bytes: &[u8]) -> Option<Result<Material, Error>> {
    let key = pkcs1::PublicKey::from_der(bytes).ok()?;
    Some(Rsa::new(key.n, key.e, None).map(Material::Rsa))
}

/// `RSA PRIVATE KEY` (RFC 8017 §A.1.2).
pub(super) fn rsa_private(_: Origin, bytes: &[u8]) -> Option<Result<Material, Error>> {
    let key = pkcs1::PrivateKey::from_der(bytes).ok()?;
    let private = Zeroizing::new(bytes.to_vec());
    Some(Rsa::new(key.public.n, key.public.e, Some(private)).map(Material::Rsa))
}

fn ec_private(
    origin: Origin,
    outer: Option<Curve>,
    key: &EcPrivateKey<'_>,
    public: Option<&[u8]>,
) -> Result<Material, Error> {
    let inner = key.parameters.and_then(|parameters| parameters.named_curve());
    let inner = inner.map(|oid| curve(origin, &oid)).transpose()?;
    let curve = match (outer, inner) {
        (Some(outer), Some(inner)) if outer != inner => return Err(broken(origin)),
        (Some(curve), _) | (None, Some(curve)) => curve,
        (None, None) => {
            return Err(refuse(format!(
                "this {} holds an EC key that does not name its curve: export the key again as \
                 PKCS #8 (`PRIVATE KEY`)",
                origin.format
            )));
        }
    };
    let given = match (key.public_key, public) {
        (Some(one), Some(other)) if one != other => return Err(broken(origin)),
        (one, other) => one.or(other),
    };
    Ec::private(curve, key.private_key, given).map(Material::Ec)
}

/// What kind of key an `AlgorithmIdentifier` names, as long as an algorithm here takes it.
fn classify(origin: Origin, identifier: AlgorithmIdentifierRef<'_>) -> Result<Family, Error> {
    let parameters = identifier.parameters;
    match identifier.oid {
        RSA_ENCRYPTION if parameters.is_none_or(|any| any.is_null()) => Ok(Family::Rsa),
        // RFC 4055 §1.2: without parameters the key is for PSS with any hash.
        RSASSA_PSS if is_pss(origin.algorithm) && parameters.is_none() => Ok(Family::Rsa),
        RSASSA_PSS => {
            Err(mismatch(origin.format, "an RSA key that is restricted to PSS", origin.algorithm))
        }
        EC_PUBLIC_KEY => match parameters.and_then(|any| any.decode_as().ok()) {
            Some(oid) => curve(origin, &oid).map(Family::Ec),
            None => Err(refuse(format!(
                "this {} holds an EC key that does not name its curve: `openssl pkey -in FILE \
                 -ec_param_enc named_curve` writes the name (with `-pubin` for a public key)",
                origin.format
            ))),
        },
        ED25519 if parameters.is_none() => Ok(Family::Ed),
        RSA_ENCRYPTION | ED25519 => Err(broken(origin)),
        other => Err(mismatch(origin.format, foreign_kind(&other.to_string()), origin.algorithm)),
    }
}

fn is_pss(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512)
}

fn curve(origin: Origin, oid: &ObjectIdentifier) -> Result<Curve, Error> {
    match *oid {
        P256 => Ok(Curve::P256),
        P384 => Ok(Curve::P384),
        _ => Err(mismatch(origin.format, foreign_curve(&oid.to_string()), origin.algorithm)),
    }
}

fn foreign_kind(oid: &str) -> &'static str {
    match oid {
        "1.3.101.110" => "an X25519 key (for encryption)",
        "1.3.101.111" => "an X448 key (for encryption)",
        "1.3.101.113" => "an Ed448 key",
        "1.2.840.10040.4.1" => "a DSA key",
        "1.2.840.113549.1.3.1" => "a Diffie-Hellman key (for encryption)",
        _ => "a key of another kind",
    }
}

fn foreign_curve(oid: &str) -> &'static str {
    match oid {
        "1.3.132.0.33" => "an EC P-224 key",
        "1.3.132.0.35" => "an EC P-521 key",
        "1.3.132.0.10" => "an EC secp256k1 key",
        _ => "an EC key on another curve",
    }
}

fn broken(origin: Origin) -> Error {
    refuse(format!(
        "this {} holds a key whose parts contradict each other: export the key again",
        origin.format
    ))
}

/// The outline of `EncryptedPrivateKeyInfo` (RFC 5958 §3).
struct EncryptedKey;

impl<'a> Sequence<'a> for EncryptedKey {}

impl<'a> DecodeValue<'a> for EncryptedKey {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _: Header) -> der::Result<Self> {
        AlgorithmIdentifierRef::decode(reader)?;
        <&OctetStringRef>::decode(reader)?;
        Ok(Self)
    }
}

/// The outline of `Certificate` (RFC 5280 §4.1).
struct Certificate;

impl<'a> Sequence<'a> for Certificate {}

impl<'a> DecodeValue<'a> for Certificate {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _: Header) -> der::Result<Self> {
        AnyRef::decode(reader)?;
        AlgorithmIdentifierRef::decode(reader)?;
        BitStringRef::decode(reader)?;
        Ok(Self)
    }
}
