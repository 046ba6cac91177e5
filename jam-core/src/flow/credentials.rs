//! What the sources of a request found, kept until somebody asks.

use std::sync::OnceLock;

use smallvec::SmallVec;

use crate::audit;
use crate::error::{Error, ErrorKind};
use crate::identity::FromPayload;
use crate::jwt::{JwtBackend, Proof, RawVerified};
use crate::reject::RejectKind;
use crate::request::{Found, RequestView};
use crate::source::Sighting;

/// Credentials in the order of their sources; one as a rule, which needs no list.
pub(super) struct Credentials<T> {
    first: Option<(T, bool)>,
    more: Vec<(T, bool)>,
}

impl<T> Default for Credentials<T> {
    fn default() -> Self {
        Self { first: None, more: Vec::new() }
    }
}

impl<T> Credentials<T> {
    pub(super) fn push(&mut self, credential: T, is_ambient: bool) {
        match &self.first {
            None => self.first = Some((credential, is_ambient)),
            Some(_) => self.more.push((credential, is_ambient)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(T, bool)> {
        self.first.iter().chain(&self.more)
    }
}

/// Tokens up to this many bytes are kept inside the flow.
const SHORT_TOKEN: usize = 640;

/// A token as a source found it, waiting to be verified.
#[expect(clippy::large_enum_variant, reason = "kept in place is what it is for")]
pub(super) enum Token {
    Text(SmallVec<[u8; SHORT_TOKEN]>),
    /// Longer than any token may be: refused without having been copied.
    TooLarge,
    Malformed,
    Conflict,
}

/// What became of a request's tokens.
pub(super) enum Judged {
    Absent,
    /// Cookies, and none of them usable.
    Unusable,
    /// A header that carries a bad credential, or a conflict.
    Refused(RejectKind),
    Proven(Proven),
}

/// The token that holds.
pub(super) struct Proven {
    /// Its place among the credentials.
    place: usize,
    proof: Proof,
    opened: OnceLock<RawVerified>,
}

/// Why one token was refused, as far as the answer differs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NoCredential,
    Conflict,
    Invalid,
}

impl Credentials<Token> {
    /// Walks the sources and copies what they found. Verifies nothing.
    pub(super) fn sight(jwt: &JwtBackend, view: &dyn RequestView) -> Self {
        let mut credentials = Self::default();
        let longest = jwt.verifier().max_token_bytes();
        jwt.sources.sight(view, |_, Sighting { found, ambient }| {
            let token = match found {
                Found::Absent => return,
                Found::Credential(token) if token.len() > longest => Token::TooLarge,
                Found::Credential(token) => Token::Text(SmallVec::from_slice(token)),
                Found::Malformed => Token::Malformed,
                Found::Conflict => Token::Conflict,
            };
            credentials.push(token, ambient);
        });
        credentials
    }

    /// Verifies the tokens in order until one holds or one decides. The payload is typed in the
    /// same pass for the first who asks.
    pub(super) fn judge<P: FromPayload>(
        &self,
        jwt: &JwtBackend,
    ) -> (Judged, Option<Result<P, Error>>) {
        let mut judged = Judged::Absent;
        for (place, (token, is_ambient)) in self.iter().enumerate() {
            let refusal = match verify(jwt, token) {
                Ok((proof, payload)) => {
                    let proven = Proven { place, proof, opened: OnceLock::new() };
                    return (Judged::Proven(proven), Some(payload));
                }
                Err(refusal) => refusal,
            };
            if !*is_ambient || refusal == Refusal::Conflict {
                let kind = if refusal == Refusal::Invalid {
                    RejectKind::InvalidToken
                } else {
                    RejectKind::InvalidRequest
                };
                return (Judged::Refused(kind), None);
            }
            judged = Judged::Unusable;
        }
        (judged, None)
    }

    /// The claims of the token that holds, decoded for the first who looks into them.
    pub(super) fn open<'c>(&'c self, proven: &'c Proven) -> &'c RawVerified {
        proven.opened.get_or_init(|| {
            let token = match self.iter().nth(proven.place) {
                Some((Token::Text(token), _)) => token.as_slice(),
                _ => &[],
            };
            proven.proof.open(token)
        })
    }
}

fn verify<P: FromPayload>(
    jwt: &JwtBackend,
    token: &Token,
) -> Result<(Proof, Result<P, Error>), Refusal> {
    let refuse = |kind, refusal| {
        audit::token_refused(kind);
        Err(refusal)
    };
    let token = match token {
        Token::Text(token) => token,
        Token::TooLarge => return refuse(ErrorKind::TooLarge, Refusal::Invalid),
        Token::Malformed => return refuse(ErrorKind::Malformed, Refusal::NoCredential),
        Token::Conflict => return refuse(ErrorKind::Malformed, Refusal::Conflict),
    };
    match jwt.verifier().prove::<P>(token) {
        Ok(verified) => {
            audit::accepted("jwt");
            Ok(verified)
        }
        Err(error) => refuse(error.kind(), Refusal::Invalid),
    }
}
