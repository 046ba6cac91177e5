use jsonwebtoken::{DecodingKey, EncodingKey};
use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Curve, Family};
use super::{engine, export, refuse, roca};
use crate::Error;

/// Bits of the shortest RSA modulus (RFC 7518 §3.3).
const RSA_MIN_BITS: usize = 2048;

/// The parts of a key, taken out of their format and checked, bound to no algorithm yet.
#[derive(Clone)]
pub(super) enum Material {
    Oct(Zeroizing<Vec<u8>>),
    Rsa(Rsa),
    Ec(Ec),
    Ed(Ed),
}

/// Modulus and exponent as big-endian bytes without leading zeros.
#[derive(Clone)]
pub(super) struct Rsa {
    pub(super) n: Vec<u8>,
    pub(super) e: Vec<u8>,
    /// `RSAPrivateKey` of RFC 8017, in DER.
    pub(super) private: Option<Zeroizing<Vec<u8>>>,
}

#[derive(Clone)]
pub(super) struct Ec {
    pub(super) curve: Curve,
    /// Uncompressed: 0x04, x, y.
    pub(super) point: Vec<u8>,
    pub(super) scalar: Option<Zeroizing<Vec<u8>>>,
}

#[derive(Clone)]
pub(super) struct Ed {
    pub(super) x: [u8; 32],
    pub(super) seed: Option<Zeroizing<[u8; 32]>>,
}

impl Rsa {
    /// Checks size, exponent and origin of the public numbers.
    pub(super) fn new(
        n: &[u8],
        e: &[u8],
        private: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Self, Error> {
        let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        if bits < RSA_MIN_BITS {
            return Err(refuse(format!(
                "this RSA key has {bits} bits, at least {RSA_MIN_BITS} are needed (RFC 7518 3.3): \
                 `jam keys generate --algorithm RS256` makes a new one"
            )));
        }
        if bits > engine::RSA_MAX_BITS {
            return Err(refuse(format!(
                "this RSA key has {bits} bits, the crypto backend takes at most {}: use a shorter \
                 key, or EdDSA",
                engine::RSA_MAX_BITS
            )));
        }
        check_exponent(e)?;
        match roca::examine(n) {
            _ if n.last().is_some_and(|last| last % 2 == 0) => Err(refuse(
                "the modulus of this RSA key is even, so it is no RSA key: export it again",
            )),
            roca::Finding::Divisible => Err(refuse(
                "the modulus of this RSA key has a tiny factor, so anybody can sign with it: \
                 replace it",
            )),
            roca::Finding::Roca => Err(refuse(
                "this RSA key was made by a broken generator (ROCA, CVE-2017-15361) and can be \
                 factored: replace it",
            )),
            roca::Finding::Sound => Ok(Self { n: n.to_vec(), e: e.to_vec(), private }),
        }
    }
}

/// Odd, at least 3 and at most 33 bits, which is what the backends verify with.
fn check_exponent(e: &[u8]) -> Result<(), Error> {
    let value =
        (e.len() <= 5).then(|| e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)));
    match value {
        Some(value) if value % 2 == 1 && (3..1 << 33).contains(&value) => Ok(()),
        _ => Err(refuse(
            "the public exponent of this RSA key must be odd, at least 3 and at most 33 bits \
             long: make a new key with the usual 65537",
        )),
    }
}

impl Ec {
    /// Checks that the point lies on the curve.
    pub(super) fn public(curve: Curve, point: &[u8]) -> Result<Self, Error> {
        if let Some(2 | 3) = point.first() {
            return Err(refuse(
                "the point of this EC key is compressed: `openssl ec -pubin -in FILE -conv_form \
                 uncompressed` writes it in full",
            ));
        }
        if !engine::is_ec_point(curve, point) {
            return Err(refuse(format!(
                "the public part of this key is no point on {}: export the key again",
                curve.name()
            )));
        }
        Ok(Self { curve, point: point.to_vec(), scalar: None })
    }

    /// Derives the point from the scalar and compares it with the one given beside it.
    pub(super) fn private(
        curve: Curve,
        scalar: &[u8],
        given: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let point = (scalar.len() == curve.coordinate_len())
            .then(|| engine::ec_point(curve, scalar))
            .flatten()
            .ok_or_else(|| {
                refuse(format!(
                    "the private part of this EC key must be {} bytes that name a number below \
                     the order of {}, and not zero: export the key again",
                    curve.coordinate_len(),
                    curve.name()
                ))
            })?;
        if given.is_some_and(|given| given != point) {
            return Err(mismatched_halves());
        }
        Ok(Self { curve, point, scalar: Some(Zeroizing::new(scalar.to_vec())) })
    }
}

/// The y of the points of small order, without the sign of x: with such a key one signature fits
/// nearly every message.
pub(super) const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

impl Ed {
    /// Checks that the 32 bytes are a canonical point (RFC 8032 §5.1.3), and not one of small order.
    pub(super) fn public(x: &[u8]) -> Result<Self, Error> {
        let x: [u8; 32] = x.try_into().map_err(|_| {
            refuse(format!(
                "an Ed25519 public key has 32 bytes, this one {}: export the key again",
                x.len()
            ))
        })?;
        let mut y = x;
        if let Some(last) = y.last_mut() {
            *last &= 0x7f;
        }
        if SMALL_ORDER.contains(&y) {
            return Err(refuse(
                "this Ed25519 key is a point of small order, for which anybody can forge \
                 signatures: replace it",
            ));
        }
        let key = DecodingKey::from_ed_der(&x);
        if !is_canonical(&y) || engine::Verifier::prepare(Algorithm::EdDSA, &key).is_none() {
            return Err(refuse("these 32 bytes are no Ed25519 public key: export the key again"));
        }
        Ok(Self { x, seed: None })
    }

    /// Derives the public key and compares it with the one given beside the seed.
    pub(super) fn private(seed: &[u8], given: Option<&[u8]>) -> Result<Self, Error> {
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.try_into().map_err(|_| {
            refuse(format!(
                "an Ed25519 private key has 32 bytes, this one {}: export the key again",
                seed.len()
            ))
        })?);
        let x = engine::ed_public(&seed)
            .ok_or_else(|| refuse("the crypto backend refuses this Ed25519 key: make a new one"))?;
        if given.is_some_and(|given| given != x) {
            return Err(mismatched_halves());
        }
        Ok(Self { seed: Some(seed), ..Self::public(&x)? })
    }
}

/// Whether y is below the prime 2^255 - 19, little-endian.
fn is_canonical(y: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = y;
    !(*first >= 0xed && middle.iter().all(|byte| *byte == 0xff) && *last == 0x7f)
}

fn mismatched_halves() -> Error {
    refuse("the public part of this key does not belong to its private part: export the key again")
}

impl Material {
    /// Half a sentence for messages; nothing of the key itself.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Oct(_) => "a secret".to_owned(),
            Self::Rsa(_) => "an RSA key".to_owned(),
            Self::Ec(ec) => format!("an EC {} key", ec.curve.name()),
            Self::Ed(_) => "an Ed25519 key".to_owned(),
        }
    }

    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm.family()) {
            (Self::Oct(_), Family::Hmac)
            | (Self::Rsa(_), Family::Rsa)
            | (Self::Ed(_), Family::Ed) => true,
            (Self::Ec(ec), Family::Ec(curve)) => ec.curve == curve,
            _ => false,
        }
    }

    /// What is left when the key may only verify. A secret is the same thing for both.
    pub(super) fn without_private(mut self) -> Self {
        match &mut self {
            Self::Oct(_) => {}
            Self::Rsa(rsa) => rsa.private = None,
            Self::Ec(ec) => ec.scalar = None,
            Self::Ed(ed) => ed.seed = None,
        }
        self
    }

    /// The engine's form of what verifies.
    pub(super) fn decoding_key(&self) -> DecodingKey {
        match self {
            Self::Oct(secret) => DecodingKey::from_secret(secret),
            Self::Rsa(rsa) => DecodingKey::from_rsa_raw_components(&rsa.n, &rsa.e),
            Self::Ec(ec) => DecodingKey::from_ec_der(&ec.point),
            Self::Ed(ed) => DecodingKey::from_ed_der(&ed.x),
        }
    }

    /// The engine's form of what signs; `None` for a public key.
    pub(super) fn encoding_key(&self) -> Option<EncodingKey> {
        match self {
            Self::Oct(secret) => Some(EncodingKey::from_secret(secret)),
            Self::Rsa(rsa) => rsa.private.as_deref().map(|der| EncodingKey::from_rsa_der(der)),
            Self::Ec(_) => {
                export::pkcs8(self).map(|document| EncodingKey::from_ec_der(document.as_bytes()))
            }
            Self::Ed(_) => {
                export::pkcs8(self).map(|document| EncodingKey::from_ed_der(document.as_bytes()))
            }
        }
    }

    /// Bytes of a signature by this key.
    pub(super) fn signature_len(&self, algorithm: Algorithm) -> usize {
        match self {
            Self::Oct(_) => algorithm.mac_len(),
            Self::Rsa(rsa) => rsa.n.len(),
            Self::Ec(ec) => 2 * ec.curve.coordinate_len(),
            Self::Ed(_) => 64,
        }
    }
}
