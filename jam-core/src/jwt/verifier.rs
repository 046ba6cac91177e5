//! Verification: framing, header, key, signature, claims, in that order and each before the next.

use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64_simd::{Out, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::claims::{self, Observer, Typed};
use super::header::{Header, Proven, type_matches};
use super::policy::Policy;
use super::raw::RawVerified;
use super::signer::encode_header;
use crate::clock::{Clock, NumericDate};
use crate::error::{Error, ErrorKind};
use crate::key::{Algorithm, Key, KeyRing, MAX_SIGNATURE_LEN};

/// Payloads up to this many bytes are decoded on the stack.
const STACK_PAYLOAD: usize = 1024;
/// Keys without an id that a token without `kid` is tried against.
const MAX_TRIALS: usize = 4;

/// Verifies signed tokens (JWS compact serialization, RFC 7515 §7.1) against a key ring and a policy.
///
/// Built by [`JwtBackend::builder`](super::JwtBackend::builder). Cheap to clone; clones share the
/// key ring, so a rotation reaches all of them.
#[derive(Clone)]
pub struct JwtVerifier {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) keys: ArcSwap<Keys>,
    pub(super) policy: Policy,
    pub(super) clock: Arc<dyn Clock>,
}

/// A key ring with what was proven under it and the header it signs with; replaced together.
pub(super) struct Keys {
    pub(super) ring: KeyRing,
    proven: Proven,
    signed_header: String,
}

impl Keys {
    pub(super) fn new(ring: KeyRing, policy: &Policy) -> Self {
        let ring = ring.with_legacy(policy.legacy);
        let signed_header = encode_header(ring.signing(), policy.token_type.as_deref());
        Self { ring, proven: Proven::default(), signed_header }
    }

    /// The header segment of new tokens, encoded.
    pub(super) fn signed_header(&self) -> &str {
        &self.signed_header
    }
}

/// A token whose signature verified, in its parts.
struct Signed<'t> {
    key: Key,
    payload: &'t [u8],
}

impl JwtVerifier {
    /// Verifies a token and reads its claims as `P`, in one pass.
    ///
    /// # Errors
    ///
    /// One of the token kinds of [`ErrorKind`]; where several faults meet, the first in that order.
    pub fn verify<P: DeserializeOwned>(
        &self,
        token: impl AsRef<[u8]>,
    ) -> Result<Verified<P>, Error> {
        let token = token.as_ref();
        let Signed { key, payload } = self.signature(token, Scope::Token)?;
        let mut typed = None;
        let expires_at = with_decoded(payload, |payload| self.claims(payload, &key, &mut typed))?;
        verified(typed, key, expires_at)
    }

    /// Verifies a token and reads claims that borrow from `buffer`, which is overwritten. With a
    /// buffer that is used again, nothing is allocated for claims without escapes.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn verify_borrowed<'b, P: Deserialize<'b>>(
        &self,
        token: impl AsRef<[u8]>,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Verified<P>, Error> {
        let signed = self.signature(token.as_ref(), Scope::Token)?;
        buffer.clear();
        URL_SAFE_NO_PAD.decode_append(signed.payload, buffer).map_err(|_| ErrorKind::Malformed)?;
        let mut typed = None;
        let expires_at = self.claims(buffer, &signed.key, &mut typed)?;
        verified(typed, signed.key, expires_at)
    }

    /// Verifies a token and keeps its payload as it is, to be typed later.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn verify_raw(&self, token: impl AsRef<[u8]>) -> Result<RawVerified, Error> {
        let token = token.as_ref();
        let signed = self.signature(token, Scope::Token)?;
        let payload =
            URL_SAFE_NO_PAD.decode_to_vec(signed.payload).map_err(|_| ErrorKind::Malformed)?;
        let payload = String::from_utf8(payload).map_err(|_| ErrorKind::Malformed)?;
        let mut observer = self.observer(&signed.key);
        claims::judge(&payload, &mut observer, self.shared.clock.now())?;
        let expires_at = observer.expires_at();
        Ok(RawVerified::new(payload, signed.key, expires_at))
    }

    /// Verifies header, key and signature alone. The payload may be any bytes; no claim is judged.
    ///
    /// # Errors
    ///
    /// The kinds of [`ErrorKind`] up to [`BadSignature`](ErrorKind::BadSignature).
    pub fn verify_signature(&self, token: impl AsRef<[u8]>) -> Result<SignedBytes, Error> {
        let signed = self.signature(token.as_ref(), Scope::Signature)?;
        let payload =
            URL_SAFE_NO_PAD.decode_to_vec(signed.payload).map_err(|_| ErrorKind::Malformed)?;
        Ok(SignedBytes { payload, key: signed.key })
    }

    /// The longest token that is looked at, in bytes.
    #[must_use]
    pub fn max_token_bytes(&self) -> usize {
        self.shared.policy.max_token_bytes
    }

    /// Verifies once, for whoever keeps the token and may want its payload again. An error in
    /// `typed`: the token is good, but its claims do not fit `P`.
    pub(crate) fn prove<P: DeserializeOwned>(
        &self,
        token: &[u8],
        typed: &mut Typed<P>,
    ) -> Result<Proof, ErrorKind> {
        let Signed { key, payload } = self.signature(token, Scope::Token)?;
        let expires_at = with_decoded(payload, |payload| self.claims(payload, &key, typed))?;
        Ok(Proof { key, expires_at })
    }

    fn observer<'a>(&'a self, key: &'a Key) -> Observer<'a> {
        Observer::new(&self.shared.policy, key.issuer())
    }

    /// Judges the claims and reads them as `P`; when they expire.
    fn claims<'de, P: Deserialize<'de>>(
        &self,
        payload: &'de [u8],
        key: &Key,
        typed: &mut Typed<P>,
    ) -> Result<Option<NumericDate>, ErrorKind> {
        let mut observer = self.observer(key);
        claims::judge_and_read(text(payload)?, &mut observer, self.shared.clock.now(), typed)?;
        Ok(observer.expires_at())
    }

    /// Checks everything up to the signature, and the type.
    fn signature<'t>(&self, token: &'t [u8], scope: Scope) -> Result<Signed<'t>, ErrorKind> {
        if token.len() > self.shared.policy.max_token_bytes {
            return Err(ErrorKind::TooLarge);
        }
        let parts = Parts::split(token)?;
        self.signed(&parts, scope)
            .map_err(|kind| parts.first_fault(kind, scope))
            .map(|key| Signed { key, payload: parts.payload })
    }

    fn signed(&self, parts: &Parts<'_>, scope: Scope) -> Result<Key, ErrorKind> {
        let keys = self.shared.keys.load();
        let mut buffer = [MaybeUninit::uninit(); MAX_SIGNATURE_LEN];
        let signature = parts.decode_signature(&mut buffer)?;
        if let Some(key) = keys.proven.find(parts.header) {
            if signature.is_some_and(|signature| key.verify(parts.message, signature)) {
                return Ok(key.clone());
            }
            // Found by its id, no other key comes into question.
            if key.id().is_some() {
                return Err(ErrorKind::BadSignature);
            }
        }
        let header = with_decoded(parts.header, Header::parse)?;
        let verified = |key: &&Key| signature.is_some_and(|s| key.verify(parts.message, s));
        let key = candidates(&keys.ring, &header)?
            .into_iter()
            .flatten()
            .find(verified)
            .ok_or(ErrorKind::BadSignature)?;
        if scope == Scope::Token {
            if !type_matches(self.shared.policy.token_type.as_deref(), header.token_type.as_deref())
            {
                return Err(ErrorKind::WrongType);
            }
            keys.proven.remember(parts.header, key);
        }
        Ok(key.clone())
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier")
            .field("keys", &self.shared.keys.load().ring)
            .field("policy", &self.shared.policy)
            .finish()
    }
}

/// How much of a token is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Header, key and signature.
    Signature,
    /// Those, the type and the claims.
    Token,
}

/// The three segments of a compact serialization, undecoded.
struct Parts<'t> {
    /// Header, dot, payload: what was signed.
    message: &'t [u8],
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
}

impl<'t> Parts<'t> {
    fn split(token: &'t [u8]) -> Result<Self, ErrorKind> {
        let split = || {
            let first = memchr::memchr(b'.', token)?;
            let last = memchr::memrchr(b'.', token)?;
            Some(Self {
                message: token.get(..last)?,
                header: token.get(..first)?,
                // None when there is one dot only; a third dot is no base64url and falls later.
                payload: token.get(first.checked_add(1)?..last)?,
                signature: token.get(last.checked_add(1)?..)?,
            })
        };
        split().ok_or(ErrorKind::Malformed)
    }

    /// `None`: well-formed, but longer than any signature.
    fn decode_signature<'b>(
        &self,
        buffer: &'b mut [MaybeUninit<u8>; MAX_SIGNATURE_LEN],
    ) -> Result<Option<&'b [u8]>, ErrorKind> {
        if URL_SAFE_NO_PAD.estimated_decoded_length(self.signature.len()) > buffer.len() {
            URL_SAFE_NO_PAD.check(self.signature).map_err(|_| ErrorKind::Malformed)?;
            return Ok(None);
        }
        URL_SAFE_NO_PAD
            .decode(self.signature, Out::from_uninit_slice(buffer))
            .map(|signature| Some(&*signature))
            .map_err(|_| ErrorKind::Malformed)
    }

    /// Where several faults meet, a broken payload is named before a bad header or signature. Only
    /// refused tokens pay for that look, and nothing of what is seen leaves this function.
    fn first_fault(&self, kind: ErrorKind, scope: Scope) -> ErrorKind {
        let payload = with_decoded(self.payload, |payload| match scope {
            Scope::Signature => Ok(()),
            Scope::Token => claims::scan(text(payload)?),
        });
        payload.err().map_or(kind, |fault: ErrorKind| fault.min(kind))
    }
}

/// The keys that a token may have been signed with (RFC 7515 §6, narrowed): by `kid`, or for a
/// token without one the first few keys that have no id; always of the header's algorithm.
fn candidates<'r>(
    ring: &'r KeyRing,
    header: &Header,
) -> Result<[Option<&'r Key>; MAX_TRIALS], ErrorKind> {
    let algorithm = header.algorithm.ok_or(ErrorKind::DisallowedAlg)?;
    let keys = ring.keys();
    if !keys.iter().any(|key| key.algorithm() == algorithm) {
        return Err(ErrorKind::DisallowedAlg);
    }
    let mut found = [None; MAX_TRIALS];
    match &header.key_id {
        Some(id) => {
            let key = keys.iter().find(|key| key.id() == Some(id)).ok_or(ErrorKind::UnknownKey)?;
            if key.algorithm() != algorithm {
                return Err(ErrorKind::DisallowedAlg);
            }
            found = [Some(key), None, None, None];
        }
        None => {
            let fitting =
                keys.iter().filter(|key| key.id().is_none() && key.algorithm() == algorithm);
            for (slot, key) in found.iter_mut().zip(fitting) {
                *slot = Some(key);
            }
            if found.iter().all(Option::is_none) {
                return Err(ErrorKind::UnknownKey);
            }
        }
    }
    Ok(found)
}

fn text(payload: &[u8]) -> Result<&str, ErrorKind> {
    std::str::from_utf8(payload).map_err(|_| ErrorKind::Malformed)
}

/// Decodes a base64url segment (RFC 7515 §2: no padding) on the stack where it fits.
fn with_decoded<T, E: From<ErrorKind>>(
    segment: &[u8],
    use_it: impl FnOnce(&[u8]) -> Result<T, E>,
) -> Result<T, E> {
    if URL_SAFE_NO_PAD.estimated_decoded_length(segment.len()) <= STACK_PAYLOAD {
        let mut buffer = [MaybeUninit::uninit(); STACK_PAYLOAD];
        let decoded = URL_SAFE_NO_PAD
            .decode(segment, Out::from_uninit_slice(&mut buffer))
            .map_err(|_| ErrorKind::Malformed)?;
        use_it(decoded)
    } else {
        let decoded = URL_SAFE_NO_PAD.decode_to_vec(segment).map_err(|_| ErrorKind::Malformed)?;
        use_it(&decoded)
    }
}

fn verified<P>(
    typed: Typed<P>,
    key: Key,
    expires_at: Option<NumericDate>,
) -> Result<Verified<P>, Error> {
    let payload = typed.unwrap_or_else(|| Err(ErrorKind::MalformedClaim.into()))?;
    Ok(Verified { payload, key, expires_at })
}

/// That a token verified; its payload stays in the token until somebody opens it.
pub(crate) struct Proof {
    key: Key,
    expires_at: Option<NumericDate>,
}

impl Proof {
    /// The payload of the very token that was proven.
    pub(crate) fn open(&self, token: &[u8]) -> RawVerified {
        let payload = Parts::split(token)
            .ok()
            .and_then(|parts| URL_SAFE_NO_PAD.decode_to_vec(parts.payload).ok())
            .and_then(|payload| String::from_utf8(payload).ok());
        // It was decoded when it was proven; of any other token nothing is known.
        let payload = payload.unwrap_or_else(|| "{}".to_owned());
        RawVerified::new(payload, self.key.clone(), self.expires_at)
    }
}

/// Claims that were verified, read as `P`. Dereferences to them.
#[derive(Clone)]
pub struct Verified<P> {
    /// The user's type, read from the whole claims set.
    pub payload: P,
    key: Key,
    expires_at: Option<NumericDate>,
}

impl<P> Verified<P> {
    /// The key that verified the token.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The algorithm of that key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// `exp`, where the token has one.
    #[must_use]
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.expires_at
    }
}

impl<P> Deref for Verified<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.payload
    }
}

impl<P: fmt::Debug> fmt::Debug for Verified<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("payload", &self.payload)
            .field("key", &self.key)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// Bytes whose signature verified; nothing in them was judged.
pub struct SignedBytes {
    payload: Vec<u8>,
    key: Key,
}

impl SignedBytes {
    /// What was signed, decoded.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The key that verified it.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The algorithm of that key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }
}

impl fmt::Debug for SignedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedBytes").field("key", &self.key).finish_non_exhaustive()
    }
}
