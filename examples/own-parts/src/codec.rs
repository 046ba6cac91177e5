//! A codec of one's own: PASETO v4.local instead of Jam's sealed tokens.

use jam_core::codec::TokenCodec;
use jam_core::{Error, ErrorKind};
use pasetors::Local;
use pasetors::keys::{Generate, SymmetricKey};
use pasetors::token::UntrustedToken;
use pasetors::version4::{LocalToken, V4};

/// Names what the key is used for, so that its tokens are good for nothing else.
const PURPOSE: &[u8] = b"own-parts session";

/// Sessions in PASETO tokens (v4.local: XChaCha20 and BLAKE2b).
pub struct Paseto(SymmetricKey<V4>);

impl Paseto {
    /// With a new random key.
    ///
    /// # Errors
    ///
    /// Without random numbers.
    pub fn generate() -> Result<Paseto, Error> {
        SymmetricKey::generate().map(Paseto).map_err(|_| ErrorKind::Unavailable.into())
    }
}

impl TokenCodec for Paseto {
    fn encode(&self, json: &str) -> Result<String, Error> {
        LocalToken::encrypt(&self.0, json.as_bytes(), None, Some(PURPOSE))
            .map_err(|_| ErrorKind::Unavailable.into())
    }

    fn decode(&self, token: &[u8]) -> Result<String, Error> {
        let text = std::str::from_utf8(token).map_err(|_| ErrorKind::Malformed)?;
        let untrusted =
            UntrustedToken::<Local, V4>::try_from(text).map_err(|_| ErrorKind::Malformed)?;
        let trusted = LocalToken::decrypt(&self.0, &untrusted, None, Some(PURPOSE))
            .map_err(|_| ErrorKind::BadSignature)?;
        Ok(trusted.payload().to_owned())
    }

    fn name(&self) -> &'static str {
        "paseto-v4-local"
    }
}
