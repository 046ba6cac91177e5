//! What an unverified token says. Nothing that guards a request accepts it.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::claims;
use crate::error::{Error, ErrorKind};

/// Data that nobody has vouched for (RFC 8725 §3.11 names what comes of trusting it).
///
/// It has no `Deref` and no conversion to the verified types; reading it takes a call whose name
/// says what it is.
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    /// The data, forged or not.
    pub fn danger_get(&self) -> &T {
        &self.0
    }

    /// The data, forged or not.
    pub fn danger_into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Unverified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified(..)")
    }
}

/// Header and claims of a token as JSON.
pub struct Inspected {
    /// The JOSE header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

/// The longest token that [`inspect`] looks at, in bytes.
const MAX_INSPECTED: usize = 1 << 20;

/// Decodes a token for a person to look at. Neither signature nor claims are judged.
///
/// # Errors
///
/// [`ErrorKind::TooLarge`] past a mebibyte, [`ErrorKind::Malformed`] when it is no compact token
/// with a JSON header and a JSON object as payload.
pub fn inspect(token: impl AsRef<[u8]>) -> Result<Unverified<Inspected>, Error> {
    let token = token.as_ref();
    if token.len() > MAX_INSPECTED {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "a token of more than a mebibyte is not looked at",
        ));
    }
    let mut segments = token.split(|&byte| byte == b'.');
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some(header), Some(payload), Some(_), None) => {
            Ok(Unverified(Inspected { header: decode(header)?, claims: decode(payload)? }))
        }
        _ => Err(ErrorKind::Malformed.into()),
    }
}

fn decode(segment: &[u8]) -> Result<Value, ErrorKind> {
    let json = URL_SAFE_NO_PAD.decode_to_vec(segment).map_err(|_| ErrorKind::Malformed)?;
    let text = std::str::from_utf8(&json).map_err(|_| ErrorKind::Malformed)?;
    claims::scan(text)?;
    serde_json::from_str(text).map_err(|_| ErrorKind::Malformed)
}
