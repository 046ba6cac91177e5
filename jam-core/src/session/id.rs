//! Session ids: a selector, by which the store finds the record, and a verifier, which it never
//! sees.

use std::fmt;

use base64_simd::{Out, URL_SAFE_NO_PAD};
use sha2::block_api::compress256;
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
        let mut bytes = [0; HALF];
        decode(text.as_bytes(), &mut bytes)?;
        Some(Self(bytes))
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

/// In words: each is wiped by a write of its own.
#[derive(Clone, Zeroize)]
#[zeroize(drop)]
struct Verifier([u64; 2]);

impl Verifier {
    fn from_bytes(bytes: [u8; HALF]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self([(both >> 64) as u64, both as u64])
    }

    fn to_bytes(&self) -> [u8; HALF] {
        let [high, low] = self.0.map(u128::from);
        (high << 64 | low).to_be_bytes()
    }
}

impl SessionId {
    /// A new id out of the operating system's random numbers.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut bytes = [0; HALF];
        random(&mut bytes)?;
        Self::renewed(SessionHandle(bytes))
    }

    /// A new verifier under the same selector.
    pub(crate) fn renewed(handle: SessionHandle) -> Result<Self, Error> {
        let mut bytes = [0; HALF];
        random(&mut bytes)?;
        let verifier = Verifier::from_bytes(bytes);
        bytes.zeroize();
        Ok(Self { handle, verifier })
    }

    /// Reads an id: 43 characters of base64url (RFC 4648 §5) in their one spelling. Anything else is
    /// no id, and no store is asked about it.
    #[must_use]
    #[inline]
    pub fn parse(text: impl AsRef<[u8]>) -> Option<Self> {
        let mut bytes = [0; WHOLE];
        decode(text.as_ref(), &mut bytes)?;
        let (handle, verifier) = bytes.split_first_chunk()?;
        let verifier = Verifier::from_bytes(*verifier.first_chunk()?);
        let id = Self { handle: SessionHandle(*handle), verifier };
        bytes.zeroize();
        Some(id)
    }

    /// The text that the client is given. It authenticates: hand it to its owner and nobody else.
    #[must_use]
    pub fn expose(&self) -> String {
        let mut bytes = [0; WHOLE];
        let (handle, verifier) = bytes.split_at_mut(HALF);
        handle.copy_from_slice(&self.handle.0);
        verifier.copy_from_slice(&self.verifier.to_bytes());
        let text = URL_SAFE_NO_PAD.encode_to_string(bytes);
        bytes.zeroize();
        text
    }

    /// The public half.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.handle
    }

    /// One block of SHA-256 (FIPS 180-4 §5.1.1): the message, a one bit, zeros, and how many bits
    /// the message has. A hasher that takes messages of any length spends as much again on that.
    pub(crate) fn verifier_hash(&self) -> VerifierHash {
        let mut block = [0; 64];
        let (message, padding) = block.split_at_mut(HALF);
        message.copy_from_slice(&self.verifier.to_bytes());
        if let [one, .., length] = padding {
            (*one, *length) = (0x80, 8 * HALF as u8);
        }
        let mut state = INITIAL_STATE;
        compress256(&mut state, &[block]);
        let mut hash = [0; HALF];
        hash.as_chunks_mut()
            .0
            .iter_mut()
            .zip(state)
            .for_each(|(to, from)| *to = from.to_be_bytes());
        VerifierHash(hash)
    }
}

/// Of SHA-256 (FIPS 180-4 §5.3.3).
const INITIAL_STATE: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

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

/// Fills `bytes` exactly.
fn decode(text: &[u8], bytes: &mut [u8]) -> Option<()> {
    if text.len() > TEXT || text.len() != URL_SAFE_NO_PAD.encoded_length(bytes.len()) {
        return None;
    }
    // Bits beyond the last byte must be zero: one id has one spelling.
    URL_SAFE_NO_PAD.decode(text, Out::from_slice(bytes)).ok()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn g06_an_id_is_256_random_bits_half_of_them_the_secret_verifier() {
        let (one, other) = (SessionId::generate().unwrap(), SessionId::generate().unwrap());
        assert_eq!(one.expose().len(), TEXT);
        assert_ne!(one.handle(), other.handle());
        assert_ne!(one.verifier.0, other.verifier.0);
        let digest = Sha256::digest(one.verifier.to_bytes());
        assert_eq!(one.verifier_hash().0, digest[..HALF]);
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
