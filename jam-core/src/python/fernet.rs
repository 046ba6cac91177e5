//! **Legacy.** Fernet, with which Python Jam encrypts its sessions: AES-128 in CBC mode, then
//! HMAC-SHA-256.
//!
//! ```text
//! token = base64url(0x80 ‖ unix seconds (8) ‖ IV (16) ‖ AES-CBC(PKCS #7) ‖ HMAC (32))    with '=' padding
//! key   = base64url(HMAC key (16) ‖ AES key (16))                                       with '=' padding
//! ```
//!
//! The HMAC is checked, in constant time, before anything is decrypted. The time in a token is not
//! judged, because Python Jam asks for no `ttl` either: what ends a session is the store.

use std::fmt;
use std::time::Duration;

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64_simd::URL_SAFE;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};

const VERSION: u8 = 0x80;
const KEY_LEN: usize = 32;
const IV_LEN: usize = 16;
/// Bytes before the ciphertext: version, time, IV.
const HEAD_LEN: usize = 1 + 8 + IV_LEN;
const TAG_LEN: usize = 32;

/// A Fernet key.
///
/// ```
/// # use jam_core::python::fernet::Fernet;
/// # use std::time::Duration;
/// # fn main() -> Result<(), jam_core::Error> {
/// let fernet = Fernet::from_key("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")?;
/// let token = fernet.encrypt(b"hello", Duration::from_secs(1_800_000_000))?;
/// assert_eq!(fernet.decrypt(&token)?, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Fernet {
    mac: Hmac<Sha256>,
    cipher: Zeroizing<[u8; 16]>,
}

impl Fernet {
    /// Reads a key as Python's `Fernet.generate_key()` writes it: 44 characters of base64url.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WeakOrInvalidKey`] for any other text.
    pub fn from_key(key: impl AsRef<[u8]>) -> Result<Self, Error> {
        let refused = || {
            Error::new(
                ErrorKind::WeakOrInvalidKey,
                "a Fernet key is 32 bytes in base64url with padding, 44 characters together: give \
                 the value of `session_aes_secret` as it is",
            )
        };
        let bytes = URL_SAFE.decode_to_vec(key.as_ref()).map(Zeroizing::new);
        let bytes = bytes.ok().filter(|bytes| bytes.len() == KEY_LEN).ok_or_else(refused)?;
        let (mac, cipher) = bytes.split_first_chunk::<16>().ok_or_else(refused)?;
        let cipher = Zeroizing::new(<[u8; 16]>::try_from(cipher).map_err(|_| refused())?);
        let mac = Hmac::new_from_slice(mac).map_err(|_| refused())?;
        Ok(Self { mac, cipher })
    }

    /// Encrypts; `now` is the time since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the operating system gives no random numbers.
    pub fn encrypt(&self, plaintext: &[u8], now: Duration) -> Result<String, Error> {
        let mut iv = [0; IV_LEN];
        getrandom::fill(&mut iv).map_err(|_| ErrorKind::Unavailable)?;
        Ok(self.encrypt_with(plaintext, now, &iv))
    }

    fn encrypt_with(&self, plaintext: &[u8], now: Duration, iv: &[u8; IV_LEN]) -> String {
        let cipher = cbc::Encryptor::<Aes128>::new((&*self.cipher).into(), iv.into());
        let ciphertext = cipher.encrypt_padded_vec::<Pkcs7>(plaintext);
        let mut token = Vec::with_capacity(HEAD_LEN + ciphertext.len() + TAG_LEN);
        token.push(VERSION);
        token.extend_from_slice(&now.as_secs().to_be_bytes());
        token.extend_from_slice(iv);
        token.extend_from_slice(&ciphertext);
        let tag = self.mac.clone().chain_update(&token).finalize().into_bytes();
        token.extend_from_slice(&tag);
        URL_SAFE.encode_to_string(token)
    }

    /// Decrypts. The caller bounds the length of what comes from outside.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when the token has not the form, [`ErrorKind::BadSignature`] when
    /// another key made it or somebody changed it.
    pub fn decrypt(&self, token: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
        let token = URL_SAFE.decode_to_vec(token.as_ref()).map_err(|_| ErrorKind::Malformed)?;
        if token.first() != Some(&VERSION) {
            return Err(ErrorKind::Malformed.into());
        }
        let (signed, tag) = token.split_last_chunk::<TAG_LEN>().ok_or(ErrorKind::Malformed)?;
        self.mac
            .clone()
            .chain_update(signed)
            .verify_slice(tag)
            .map_err(|_| ErrorKind::BadSignature)?;
        let (head, ciphertext) =
            signed.split_first_chunk::<HEAD_LEN>().ok_or(ErrorKind::Malformed)?;
        let iv = head.last_chunk::<IV_LEN>().ok_or(ErrorKind::Malformed)?;
        // Whoever gets here holds the key, so that wrong padding betrays nothing to anybody.
        cbc::Decryptor::<Aes128>::new((&*self.cipher).into(), iv.into())
            .decrypt_padded_vec::<Pkcs7>(ciphertext)
            .map_err(|_| ErrorKind::Malformed.into())
    }
}

impl fmt::Debug for Fernet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fernet(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Fernet specification.
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

    fn kind(token: impl AsRef<[u8]>) -> Result<Vec<u8>, ErrorKind> {
        Fernet::from_key(KEY).unwrap().decrypt(token).map_err(|error| error.kind())
    }

    #[test]
    fn the_example_of_the_specification_is_made_and_read() {
        let iv = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let at = Duration::from_secs(499_162_800);
        let fernet = Fernet::from_key(KEY).unwrap();
        assert_eq!(fernet.encrypt_with(b"hello", at, &iv), TOKEN);
        assert_eq!(kind(TOKEN).as_deref(), Ok(&b"hello"[..]));
    }

    #[test]
    fn every_length_survives_and_no_two_tokens_are_alike() {
        let fernet = Fernet::from_key(KEY).unwrap();
        for length in 0..50 {
            let plaintext = vec![7; length];
            let token = fernet.encrypt(&plaintext, Duration::ZERO).unwrap();
            assert_ne!(token, fernet.encrypt(&plaintext, Duration::ZERO).unwrap());
            assert_eq!(kind(token).unwrap(), plaintext);
        }
    }

    #[test]
    fn g21_any_flipped_bit_and_any_missing_end_is_refused() {
        for position in 0..TOKEN.len() {
            for bit in 0..8 {
                let mut bad = TOKEN.as_bytes().to_vec();
                bad[position] ^= 1 << bit;
                assert!(kind(bad).is_err(), "byte {position}, bit {bit}");
            }
            assert!(kind(&TOKEN[..position]).is_err(), "{position} bytes");
        }
    }

    #[test]
    fn what_was_signed_but_cannot_be_decrypted_is_malformed() {
        let fernet = Fernet::from_key(KEY).unwrap();
        let sign = |message: &[u8]| {
            let tag = fernet.mac.clone().chain_update(message).finalize().into_bytes();
            URL_SAFE.encode_to_string([message, tag.as_slice()].concat())
        };
        let head = [&[VERSION][..], &[0; HEAD_LEN - 1]].concat();
        for rest in [&b""[..], &[0; 15], &[0; 16], &[0; 17]] {
            let message = [&head, rest].concat();
            assert_eq!(kind(sign(&message)), Err(ErrorKind::Malformed), "{} bytes", rest.len());
        }
        assert_eq!(kind(sign(&[VERSION, 1])), Err(ErrorKind::Malformed));
        assert_eq!(kind(sign(&[0x81; 60])), Err(ErrorKind::Malformed));
    }

    #[test]
    fn keys_of_any_other_form_are_refused() {
        for key in ["", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4", "AAAA", &"A".repeat(48)] {
            assert_eq!(Fernet::from_key(key).unwrap_err().kind(), ErrorKind::WeakOrInvalidKey);
        }
    }

    #[test]
    fn g52_nothing_secret_is_printed() {
        assert_eq!(format!("{:?}", Fernet::from_key(KEY).unwrap()), "Fernet(..)");
    }
}
