//! What the sources of a request found, kept until somebody asks.

use smallvec::SmallVec;

use super::copied::{Copied, Place, Texts};
use crate::audit;
use crate::error::ErrorKind;
use crate::identity::FromPayload;
use crate::jwt::{JwtBackend, Proof, RawVerified, Typed};
use crate::reject::RejectKind;
use crate::request::{Found, RequestView};
use crate::source::{Sighting, is_credential};

/// Credentials in the order of their sources, and whether they are ambient.
pub(super) struct Credentials<T>(SmallVec<[(T, bool); 1]>);

impl<T> Default for Credentials<T> {
    fn default() -> Self {
        Self(SmallVec::new_const())
    }
}

impl<T> Credentials<T> {
    pub(super) fn push(&mut self, credential: T, is_ambient: bool) {
        self.0.push((credential, is_ambient));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(T, bool)> {
        self.0.iter()
    }
}

/// A token as a source found it, waiting to be verified.
pub(super) enum Token {
    Text(Place),
    /// The same in a header, where it may be no token at all.
    Unjudged(Place),
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
    token: Place,
    proof: Proof,
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
    pub(super) fn sight(&mut self, jwt: &JwtBackend, view: &dyn RequestView, copied: &mut Copied) {
        let longest = jwt.verifier().max_token_bytes();
        jwt.sources.sight(view, |_, sighting| {
            let Sighting { found, ambient, judged } = sighting;
            // A cookie that cannot be used counts as none, whatever it consists of.
            let judged = judged || ambient;
            let token = match found {
                Found::Absent => return,
                Found::Credential(token) if token.len() > longest => {
                    if judged || is_credential(token) { Token::TooLarge } else { Token::Malformed }
                }
                Found::Credential(token) => match copied.keep(&[token]) {
                    Some(place) if judged => Token::Text(place),
                    Some(place) => Token::Unjudged(place),
                    None => Token::TooLarge,
                },
                Found::Malformed => Token::Malformed,
                Found::Conflict => Token::Conflict,
            };
            self.push(token, ambient);
        });
    }

    /// Verifies the tokens in order until one holds or one decides. The payload is typed in the
    /// same pass, for the first who asks.
    pub(super) fn judge<P: FromPayload>(
        &self,
        jwt: &JwtBackend,
        texts: Texts<'_>,
        typed: &mut Typed<P>,
    ) -> Judged {
        let mut judged = Judged::Absent;
        for (token, is_ambient) in self.iter() {
            let refusal = match verify(jwt, token, texts, typed) {
                Ok(proven) => return Judged::Proven(proven),
                Err(refusal) => refusal,
            };
            if !*is_ambient || refusal == Refusal::Conflict {
                let kind = if refusal == Refusal::Invalid {
                    RejectKind::InvalidToken
                } else {
                    RejectKind::InvalidRequest
                };
                return Judged::Refused(kind);
            }
            judged = Judged::Unusable;
        }
        judged
    }
}

impl Proven {
    /// The claims, decoded.
    pub(super) fn open(&self, texts: Texts<'_>) -> RawVerified {
        self.proof.open(texts.get(&self.token))
    }
}

fn verify<P: FromPayload>(
    jwt: &JwtBackend,
    token: &Token,
    texts: Texts<'_>,
    typed: &mut Typed<P>,
) -> Result<Proven, Refusal> {
    let refuse = |kind, refusal| {
        audit::token_refused(kind);
        Err(refusal)
    };
    let (place, judged) = match token {
        Token::Text(place) => (place, true),
        Token::Unjudged(place) => (place, false),
        Token::TooLarge => return refuse(ErrorKind::TooLarge, Refusal::Invalid),
        Token::Malformed => return refuse(ErrorKind::Malformed, Refusal::NoCredential),
        Token::Conflict => return refuse(ErrorKind::Malformed, Refusal::Conflict),
    };
    let token = texts.get(place);
    match jwt.verifier().prove(token, typed) {
        Ok(proof) => {
            audit::accepted("jwt");
            Ok(Proven { token: place.clone(), proof })
        }
        Err(_) if !judged && !is_credential(token) => {
            refuse(ErrorKind::Malformed, Refusal::NoCredential)
        }
        Err(kind) => refuse(kind, Refusal::Invalid),
    }
}
