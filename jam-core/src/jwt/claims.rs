//! The claims: judged and typed in one pass.
//!
//! [`judge_and_read`] drives the user's `Deserialize` over the members that the strict scan of
//! [`crate::json`] finds, while an [`Observer`] looks at each of them. Where a type reads them in
//! another way, there are two passes; the result is the same by construction: scan and observer
//! alone decide whether a token is accepted.

use std::borrow::Cow;

use serde::Deserialize;

use super::policy::Policy;
use super::reader::Reader;
use super::values::Text;
use crate::clock::NumericDate;
use crate::error::{Error, ErrorKind};
use crate::json::{self, Kind, Limits, Members, Value};

/// What the registered claims of one payload said (RFC 7519 §4.1).
pub(crate) struct Observer<'p> {
    policy: &'p Policy,
    key_issuer: Option<&'p str>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    issuer: Match,
    audience: Match,
    /// A bit for each of the policy's required claims that was seen.
    required: u64,
    /// All members of the top-level object passed by, and none of them was at fault.
    pub(super) complete: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Absent,
    Known,
    Foreign,
}

impl Match {
    fn new(known: bool) -> Self {
        if known { Self::Known } else { Self::Foreign }
    }
}

impl<'p> Observer<'p> {
    pub(crate) fn new(policy: &'p Policy, key_issuer: Option<&'p str>) -> Self {
        Self {
            policy,
            key_issuer,
            exp: None,
            nbf: None,
            issuer: Match::Absent,
            audience: Match::Absent,
            required: 0,
            complete: false,
        }
    }

    /// A top-level member passes by; `None` when a registered claim has the wrong type.
    #[inline]
    pub(super) fn see<'v>(&mut self, name: &str, value: impl FnOnce() -> Value<'v>) -> Option<()> {
        self.required |= self.policy.required_bit(name);
        // All of them have three letters.
        match name.as_bytes() {
            b"exp" => self.exp = Some(date(value())?),
            b"nbf" => self.nbf = Some(date(value())?),
            b"iat" => _ = date(value())?,
            b"iss" => self.issuer(&text(value())?),
            // Strings, and nothing to compare them with.
            b"sub" | b"jti" => {
                matches!(value().kind(), Kind::Plain | Kind::Escaped).then_some(())?
            }
            b"aud" => self.audience(value())?,
            _ => {}
        }
        Some(())
    }

    fn issuer(&mut self, issuer: &str) {
        let configured =
            self.policy.issuers.is_empty() || self.policy.issuers.iter().any(|i| i == issuer);
        let of_key = self.key_issuer.is_none_or(|i| i == issuer);
        self.issuer = Match::new(configured && of_key);
    }

    fn audience(&mut self, value: Value<'_>) -> Option<()> {
        let known = |audience: &str| self.policy.audiences.iter().any(|known| known == audience);
        self.audience = Match::new(if value.kind() == Kind::Array {
            let many: Vec<Text<'_>> = serde_json::from_str(value.text()).ok()?;
            many.iter().any(|Text(one)| known(one))
        } else {
            known(&text(value)?)
        });
        Some(())
    }

    /// Sees all claims of a payload by the strict scan, from the start.
    pub(super) fn scan(&mut self, payload: &str) -> Result<(), ErrorKind> {
        *self = Self::new(self.policy, self.key_issuer);
        let mut members = Members::of(payload, &Limits::TOKEN);
        let mut sound = true;
        while members.advance().map_err(fault)? {
            sound &= self.see(members.name(), || members.value()).is_some();
        }
        self.complete = sound;
        if sound { Ok(()) } else { Err(ErrorKind::MalformedClaim) }
    }

    /// Judges what was seen, in the order in which faults are named.
    fn judge(&self, now: std::time::Duration) -> Result<(), ErrorKind> {
        self.judge_presence()?;
        let leeway = self.policy.leeway;
        // "On or after" expires (RFC 7519 §4.1.4).
        if let Some(exp) = self.exp
            && now >= exp.since_epoch().saturating_add(leeway)
        {
            return Err(ErrorKind::Expired);
        }
        if let Some(nbf) = self.nbf
            && now.saturating_add(leeway) < nbf.since_epoch()
        {
            return Err(ErrorKind::NotYetValid);
        }
        if self.issuer == Match::Foreign {
            return Err(ErrorKind::WrongIssuer);
        }
        // An audience that nobody configured means that the token is for somebody else.
        if self.audience == Match::Foreign {
            return Err(ErrorKind::WrongAudience);
        }
        Ok(())
    }

    fn judge_presence(&self) -> Result<(), ErrorKind> {
        let policy = self.policy;
        let issuer_needed = !policy.issuers.is_empty() || self.key_issuer.is_some();
        let missing = (self.exp.is_none() && !policy.allow_missing_exp)
            || (self.issuer == Match::Absent && issuer_needed)
            || (self.audience == Match::Absent && !policy.audiences.is_empty())
            || self.required != policy.required_bits();
        if missing { Err(ErrorKind::MissingClaim) } else { Ok(()) }
    }

    pub(crate) fn expires_at(&self) -> Option<NumericDate> {
        self.exp
    }

    /// What a signer asks of the claims it is given: the same form that verification asks for.
    pub(crate) fn judge_minting(&self, without_expiry: bool) -> Result<(), &'static str> {
        if self.exp.is_none() && !without_expiry {
            return Err(
                "the claims have no `exp`; `sign_without_expiry` signs a token that never ends",
            );
        }
        if self.audience == Match::Absent && self.policy.audiences.len() > 1 {
            return Err(
                "several audiences are configured, so the claims must name theirs in `aud`",
            );
        }
        Ok(())
    }
}

/// What reading claims as a type came to. It is written where it stays, since such a type is large
/// and each step on its way would move it.
pub(crate) type Typed<P> = Option<Result<P, Error>>;

/// Judges the claims in `payload` at `now` and reads them as `P` into `typed`: nothing is there
/// after an error, which is the token's fault, and an error there says that good claims do not fit
/// `P`.
pub(crate) fn judge_and_read<'de, P: Deserialize<'de>>(
    payload: &'de str,
    observer: &mut Observer<'_>,
    now: std::time::Duration,
    typed: &mut Typed<P>,
) -> Result<(), ErrorKind> {
    observe(payload, observer, typed)?;
    if let Err(fault) = observer.judge(now) {
        *typed = None;
        return Err(fault);
    }
    if typed.is_none() {
        *typed = Some(retype(payload));
    }
    Ok(())
}

/// Judges the claims in `payload` at `now`, typing nothing.
pub(crate) fn judge(
    payload: &str,
    observer: &mut Observer<'_>,
    now: std::time::Duration,
) -> Result<(), ErrorKind> {
    observer.scan(payload)?;
    observer.judge(now)
}

/// Lets the observer see every claim. Types the payload as well, unless `P` refuses it or reads it in
/// a way that hides claims from the observer.
fn observe<'de, P: Deserialize<'de>>(
    payload: &'de str,
    observer: &mut Observer<'_>,
    typed: &mut Typed<P>,
) -> Result<(), ErrorKind> {
    if let Ok(payload) = P::deserialize(Reader::new(payload, observer)) {
        *typed = Some(Ok(payload));
        if observer.complete {
            return Ok(());
        }
    }
    *typed = None;
    // The slow way, which also tells what was wrong: the document, a registered claim, or only P.
    observer.scan(payload)
}

/// Reads `P` from claims that were judged before.
pub(crate) fn retype<'de, P: Deserialize<'de>>(payload: &'de str) -> Result<P, Error> {
    serde_json::from_str(payload).map_err(|error| {
        // serde's other messages quote the value, which may be personal.
        let message = error.to_string();
        let why = if message.starts_with("missing field") {
            message
        } else {
            "a claim has another type".into()
        };
        Error::new(
            ErrorKind::MalformedClaim,
            format!("the token is valid, but its claims do not fit the payload type: {why}"),
        )
    })
}

/// A date (RFC 7519 §2); `None` for other JSON and for what is outside 1970 to 9999.
fn date(value: Value<'_>) -> Option<NumericDate> {
    match value.kind() {
        Kind::Whole(seconds) => NumericDate::from_seconds(seconds),
        Kind::Number => NumericDate::from_json_number(value.text()),
        _ => None,
    }
}

/// The string that a JSON string stands for; `None` for other JSON.
pub(super) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value.kind() {
        Kind::Plain => value.plain().map(Cow::Borrowed),
        Kind::Escaped => serde_json::from_str(value.text()).ok().map(Cow::Owned),
        _ => None,
    }
}

/// Whether the payload is well-formed JSON of the kind a claims set is (RFC 7519 §7.2).
pub(crate) fn scan(payload: &str) -> Result<(), ErrorKind> {
    let mut members = Members::of(payload, &Limits::TOKEN);
    while members.advance().map_err(fault)? {}
    Ok(())
}

/// How a document that is refused is called.
pub(super) fn fault(fault: json::Fault) -> ErrorKind {
    match fault {
        json::Fault::Members => ErrorKind::TooLarge,
        json::Fault::Syntax | json::Fault::Duplicate => ErrorKind::Malformed,
    }
}
