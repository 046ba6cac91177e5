//! The crypto behind the keys: chosen when the crate is built, and handed to whoever needs it by
//! name. The engine's own process-wide default is never asked; with two crypto features in one
//! build, or none, it panics.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::EllipticCurve;

use super::algorithm::Curve;
use super::export;

#[cfg(feature = "aws_lc_rs")]
mod aws;
#[cfg(feature = "aws_lc_rs")]
mod mac;
#[cfg(feature = "aws_lc_rs")]
use aws as backend;

#[cfg(not(feature = "aws_lc_rs"))]
mod rust;
#[cfg(not(feature = "aws_lc_rs"))]
use rust as backend;

pub(super) use backend::{RSA_MAX_BITS, Signer, Verifier, generate_rsa};

/// Whether the bytes are an uncompressed point of the curve (SEC 1 §2.3.3).
pub(super) fn is_ec_point(curve: Curve, bytes: &[u8]) -> bool {
    bytes.len() == curve.point_len()
        && bytes.first() == Some(&4)
        && Verifier::prepare(curve.algorithm(), &DecodingKey::from_ec_der(bytes)).is_some()
}

/// The uncompressed point that belongs to a private scalar of the curve's length; `None` for zero
/// and for what is not below the order of the curve.
pub(super) fn ec_point(curve: Curve, scalar: &[u8]) -> Option<Vec<u8>> {
    let document = export::ec_pkcs8(curve, scalar, None)?;
    let derive = backend::PROVIDER.key_utils.ec_pub_components_from_private_key;
    let (_, x, y) = derive(document.as_bytes(), curve.algorithm().to_engine()).ok()?;
    Some([&[4], x.as_slice(), y.as_slice()].concat())
}

/// The public key that belongs to an Ed25519 seed.
pub(super) fn ed_public(seed: &[u8; 32]) -> Option<[u8; 32]> {
    let document = export::ed_pkcs8(seed)?;
    let derive = backend::PROVIDER.key_utils.ed_pub_components_from_private_key;
    derive(document.as_bytes(), &EllipticCurve::Ed25519).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use crate::key::{Algorithm, Key, MAX_SIGNATURE_LEN};

    /// With two crypto features in one build, or none, the engine panics when its process-wide
    /// provider is first asked for. It can be installed as long as nobody has asked.
    #[test]
    fn hole15_the_process_wide_provider_is_never_asked() {
        for algorithm in [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA] {
            let key = Key::generate(algorithm).unwrap();
            let again = Key::from_jwk(None, &key.danger_private_jwk().unwrap()).unwrap();
            let mut out = [0; MAX_SIGNATURE_LEN];
            let length = again.sign(b"message", &mut out).unwrap();
            assert!(key.verify(b"message", &out[..length]));
        }
        assert!(super::backend::PROVIDER.install_default().is_ok());
    }
}
