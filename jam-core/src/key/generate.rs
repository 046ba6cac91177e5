//! New keys from the operating system's random numbers.

use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Curve, Family};
use super::material::{Ec, Ed, Material};
use super::{der, engine};
use crate::{Error, ErrorKind};

pub(super) fn material(algorithm: Algorithm) -> Result<Material, Error> {
    match algorithm.family() {
        Family::Hmac => Ok(Material::Oct(random(algorithm.mac_len())?)),
        Family::Rsa => der::material(algorithm, &engine::generate_rsa()?),
        Family::Ec(curve) => ec(curve),
        Family::Ed => Ed::private(&random(32)?, None).map(Material::Ed),
    }
}

/// Draws until the number is below the order of the curve, so that none is likelier than another.
/// Fewer than one draw in 2^32 fails.
fn ec(curve: Curve) -> Result<Material, Error> {
    for _ in 0..8 {
        if let Ok(key) = Ec::private(curve, &random(curve.coordinate_len())?, None) {
            return Ok(Material::Ec(key));
        }
    }
    Err(ErrorKind::Unavailable.into())
}

fn random(len: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    getrandom::fill(&mut bytes).map_err(|_| ErrorKind::Unavailable)?;
    Ok(bytes)
}
