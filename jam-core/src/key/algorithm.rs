use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// A signature algorithm for tokens (RFC 7518 §3.1, RFC 8037 §3.1). A [`Key`](super::Key) has
/// exactly one, and a token is judged by the key's, never by its own header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256; a secret of at least 32 bytes.
    HS256,
    /// HMAC with SHA-384; a secret of at least 48 bytes.
    HS384,
    /// HMAC with SHA-512; a secret of at least 64 bytes.
    HS512,
    /// RSA PKCS #1 v1.5 with SHA-256.
    RS256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    RS384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    RS512,
    /// RSA-PSS with SHA-256 and a salt of 32 bytes.
    PS256,
    /// RSA-PSS with SHA-384 and a salt of 48 bytes.
    PS384,
    /// RSA-PSS with SHA-512 and a salt of 64 bytes.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519; `Ed25519` (RFC 9864) in a header or a JWK means the same.
    EdDSA,
}

/// What kind of key an algorithm takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Hmac,
    Rsa,
    Ec(Curve),
    Ed,
}

/// The curves that an algorithm here signs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Algorithm {
    /// Every algorithm, in the order of RFC 7518.
    pub const ALL: [Self; 12] = [
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];

    /// The name as it is written into headers and JWKs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }

    /// Whether one secret both signs and verifies.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }

    /// The algorithm that a header or a JWK names, matched exactly as RFC 7515 §4.1.1 wants it.
    pub(crate) fn from_header(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDSA),
            _ => Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name),
        }
    }

    /// The same algorithm in the words of the engine.
    pub(crate) const fn to_engine(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::HS256 => jsonwebtoken::Algorithm::HS256,
            Self::HS384 => jsonwebtoken::Algorithm::HS384,
            Self::HS512 => jsonwebtoken::Algorithm::HS512,
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::RS384 => jsonwebtoken::Algorithm::RS384,
            Self::RS512 => jsonwebtoken::Algorithm::RS512,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
            Self::PS384 => jsonwebtoken::Algorithm::PS384,
            Self::PS512 => jsonwebtoken::Algorithm::PS512,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::ES384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::HS256 | Self::HS384 | Self::HS512 => Family::Hmac,
            Self::RS256 | Self::RS384 | Self::RS512 | Self::PS256 | Self::PS384 | Self::PS512 => {
                Family::Rsa
            }
            Self::ES256 => Family::Ec(Curve::P256),
            Self::ES384 => Family::Ec(Curve::P384),
            Self::EdDSA => Family::Ed,
        }
    }

    /// Bytes of an HMAC, and the least that its secret must have (RFC 7518 §3.2); 0 for the others.
    pub(crate) const fn mac_len(self) -> usize {
        match self {
            Self::HS256 => 32,
            Self::HS384 => 48,
            Self::HS512 => 64,
            _ => 0,
        }
    }

    /// What a key must be for this algorithm, as half a sentence.
    pub(super) const fn needs(self) -> &'static str {
        match self {
            Self::HS256 => "a secret of at least 32 bytes",
            Self::HS384 => "a secret of at least 48 bytes",
            Self::HS512 => "a secret of at least 64 bytes",
            Self::ES256 => "an EC P-256 key",
            Self::ES384 => "an EC P-384 key",
            Self::EdDSA => "an Ed25519 key",
            _ => "an RSA key of at least 2048 bits",
        }
    }
}

impl Curve {
    /// The name of RFC 7518 §6.2.1.1.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    /// Bytes of one coordinate, and of the private scalar.
    pub(super) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    /// Bytes of an uncompressed point: 0x04, x, y.
    pub(super) const fn point_len(self) -> usize {
        1 + 2 * self.coordinate_len()
    }

    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::ES256,
            Self::P384 => Algorithm::ES384,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    /// Reads a name exactly as [`as_str`](Algorithm::as_str) writes it, or `Ed25519`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for any other name; `none` is no algorithm.
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::from_header(name).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfig,
                "unknown algorithm: choose one of HS256, HS384, HS512, RS256, RS384, RS512, \
                 PS256, PS384, PS512, ES256, ES384, EdDSA (or Ed25519), in exactly this spelling",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g22_names_are_matched_exactly() {
        for name in [
            "none", "None", "noNE", "", "hs256", "HS256 ", "ES512", "ES256K", "eddsa", "ED25519",
            "RSA1_5",
        ] {
            assert_eq!(Algorithm::from_header(name), None, "{name:?}");
            assert_eq!(name.parse::<Algorithm>().unwrap_err().kind(), ErrorKind::InvalidConfig);
        }
    }

    #[test]
    fn g31_both_spellings_of_ed25519_are_one_algorithm() {
        assert_eq!(Algorithm::from_header("EdDSA"), Some(Algorithm::EdDSA));
        assert_eq!(Algorithm::from_header("Ed25519"), Some(Algorithm::EdDSA));
    }

    #[test]
    fn every_algorithm_reads_its_own_name() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse::<Algorithm>().unwrap(), algorithm);
            assert_eq!(format!("{:?}", algorithm.to_engine()), algorithm.as_str());
        }
    }
}
