//! What a verifier asks of a token besides its signature.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::key::Legacy;

/// The longest leeway: ten minutes. More would not be clock skew.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(600);
/// The longest token unless told otherwise, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 8192;

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) issuers: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) token_type: Option<String>,
    pub(crate) required_claims: Vec<String>,
    pub(crate) allow_missing_exp: bool,
    pub(crate) leeway: Duration,
    pub(crate) expires_in: Duration,
    pub(crate) max_token_bytes: usize,
    pub(crate) legacy: Legacy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            audiences: Vec::new(),
            token_type: None,
            required_claims: Vec::new(),
            allow_missing_exp: false,
            leeway: Duration::ZERO,
            expires_in: Duration::from_secs(3600),
            max_token_bytes: MAX_TOKEN_BYTES,
            legacy: Legacy::default(),
        }
    }
}

impl Policy {
    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let invalid = |message| Err(Error::new(ErrorKind::InvalidConfig, message));
        if self.leeway > MAX_LEEWAY {
            return invalid("the leeway is for clocks that differ a little: 600 seconds at most");
        }
        if self.expires_in.is_zero() {
            return invalid(
                "tokens must live for at least a second; set `expires_in` to more than 0",
            );
        }
        if self.max_token_bytes == 0 {
            return invalid("`max_token_bytes` must leave room for a token; the default is 8192");
        }
        if self.required_claims.len() > 64 {
            return invalid("at most 64 claims can be required");
        }
        let texts = self.issuers.iter().chain(&self.audiences).chain(&self.required_claims);
        if texts.chain(&self.token_type).any(String::is_empty) {
            return invalid("an issuer, audience, token type or required claim is an empty text");
        }
        Ok(())
    }

    /// The bit of a required claim's name; 0 for any other.
    pub(crate) fn required_bit(&self, name: &str) -> u64 {
        self.required_claims.iter().position(|required| required == name).map_or(0, |n| 1 << n)
    }

    pub(crate) fn required_bits(&self) -> u64 {
        self.required_claims.iter().fold(0, |bits, name| bits | self.required_bit(name))
    }
}
