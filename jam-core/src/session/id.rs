//! Session ids: a selector, by which the store finds the record, and a verifier, which it never
//! sees.

use std::fmt;

use base64_simd::{Out, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::error::{Error, ErrorKind};

const HALF: usize = 16;
const WHOLE: usize = 2 * HALF;
/// The length of an id as text.
const TEXT: usize = 43;

/// The key of a session's record: 128 random bits, no secret. Its text is the public handle by
/// which sessions are listed and revoked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionHandle([u8; HALF]);

impl SessionHandle {
    /// The raw key, for a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; HALF] {
        &self.0
    }

    /// A key that a store has kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; HALF]) -> Self {
        Self(bytes)
    }

    /// Reads the text of a handle: 22 characters of base64url (RFC 4648 §5), in their one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        decode::<HALF>(text.as_bytes()).map(Self)
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode_to_string(self.0))
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHandle({self})")
    }
}

/// What the client holds: selector and verifier, 128 random bits each, 43 characters of base64url
/// together. Whoever knows it *is* the session, so it has no `Display` and no `PartialEq`, and its
/// `Debug` shows nothing.
#[derive(Clone)]
pub struct SessionId {
    handle: SessionHandle,
    verifier: Verifier,
}

#[derive(Clone, Zeroize)]
#[zeroize(drop)]
struct Verifier([u8; HALF]);

impl SessionId {
    /// A new id out of the operating system's random numbers.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut bytes = [0; HALF];
        random(&mut bytes)?;
        Self::renewed(SessionHandle(bytes))
    }

    /// A new verifier under the same selector.
    pub(crate) fn renewed(handle: SessionHandle) -> Result<Self, Error> {
        let mut verifier = Verifier([0; HALF]);
        random(&mut verifier.0)?;
        Ok(Self { handle, verifier })
    }

    /// Reads an id: 43 characters of base64url (RFC 4648 §5) in their one spelling. Anything else is
    /// no id, and no store is asked about it.
    #[must_use]
    pub fn parse(text: impl AsRef<[u8]>) -> Option<Self> {
        let mut bytes = decode::<WHOLE>(text.as_ref())?;
        let (handle, verifier) = bytes.split_at(HALF);
        let id = Self {
            handle: SessionHandle(handle.try_into().ok()?),
            verifier: Verifier(verifier.try_into().ok()?),
        };
        bytes.zeroize();
        Some(id)
    }

    /// The text that the client is given. It authenticates: hand it to its owner and nobody else.
    #[must_use]
    pub fn expose(&self) -> String {
        let mut bytes = [0; WHOLE];
        let (handle, verifier) = bytes.split_at_mut(HALF);
        handle.copy_from_slice(&self.handle.0);
        verifier.copy_from_slice(&self.verifier.0);
        let text = URL_SAFE_NO_PAD.encode_to_string(bytes);
        bytes.zeroize();
        text
    }

    /// The public half.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.handle
    }

    pub(crate) fn verifier_hash(&self) -> VerifierHash {
        let digest = Sha256::digest(self.verifier.0);
        let mut hash = [0; HALF];
        hash.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        VerifierHash(hash)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId([redacted])")
    }
}

/// The first 128 bits of the SHA-256 of a verifier: what a store keeps. From it nobody gets back to
/// the verifier, which is as random as it is long.
#[derive(Clone, Copy)]
pub(crate) struct VerifierHash(pub(crate) [u8; HALF]);

impl VerifierHash {
    pub(crate) fn matches(self, other: Self) -> bool {
        // Two words instead of sixteen bytes, each behind a barrier of its own.
        let differs = u128::from_ne_bytes(self.0) ^ u128::from_ne_bytes(other.0);
        ((differs >> 64) as u64 | differs as u64).ct_eq(&0).into()
    }
}

fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(ErrorKind::Unavailable, "the operating system gives no random numbers")
            .with_source(error)
    })
}

fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() > TEXT || text.len() != URL_SAFE_NO_PAD.encoded_length(N) {
        return None;
    }
    let mut bytes = [0; N];
    // Bits beyond the last byte must be zero: one id has one spelling.
    URL_SAFE_NO_PAD.decode(text, Out::from_slice(&mut bytes)).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g06_an_id_is_256_random_bits_half_of_them_the_secret_verifier() {
        let (one, other) = (SessionId::generate().unwrap(), SessionId::generate().unwrap());
        assert_eq!(one.expose().len(), TEXT);
        assert_ne!(one.handle(), other.handle());
        assert_ne!(one.verifier.0, other.verifier.0);
        let renewed = SessionId::renewed(one.handle()).unwrap();
        assert_eq!(renewed.handle(), one.handle());
        assert!(!renewed.verifier_hash().matches(one.verifier_hash()));
    }

    #[test]
    fn g68_only_the_one_spelling_of_32_bytes_is_an_id() {
        let text = SessionId::generate().unwrap().expose();
        let id = SessionId::parse(&text).unwrap();
        assert_eq!(id.expose(), text);
        let last = text.as_bytes()[42];
        // The last character carries four bits; its two low bits must be zero.
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let place = alphabet.iter().position(|&byte| byte == last).unwrap();
        let loose = format!("{}{}", &text[..42], char::from(alphabet[place | 1]));
        for bad in [
            String::new(),
            text[..42].to_owned(),
            format!("{text}A"),
            format!("{text}="),
            text.replace(&text[..1], "+"),
            text.replace(&text[..1], " "),
            loose,
            "ä".repeat(21) + "a",
            "A".repeat(10_000),
        ] {
            assert!(SessionId::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn g52_debug_shows_the_handle_and_never_the_verifier() {
        let id = SessionId::generate().unwrap();
        assert_eq!(format!("{id:?}"), "SessionId([redacted])");
        assert!(!id.expose().contains(&format!("{:?}", id.handle())));
    }

    #[test]
    fn a_handle_reads_its_own_text_back() {
        let handle = SessionId::generate().unwrap().handle();
        assert_eq!(SessionHandle::parse(&handle.to_string()), Some(handle));
        assert_eq!(SessionHandle::parse("short"), None);
        assert_eq!(SessionHandle::parse(&SessionId::generate().unwrap().expose()), None);
    }
}
