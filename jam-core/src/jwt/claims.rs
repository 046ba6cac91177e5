//! The claims: judged and typed in one pass.
//!
//! [`judge_and_read`] drives the user's `Deserialize` over the payload while an [`Observer`] looks at every
//! registered claim that passes by. Where one pass cannot tell, it falls back to two; the result
//! is the same by construction: the observer alone decides whether a token is accepted.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::policy::Policy;
use super::tee::{Claim, Tee};
use super::values::Text;
use crate::clock::NumericDate;
use crate::error::{Error, ErrorKind};
use crate::json::{self, Limits};

/// What the registered claims of one payload said (RFC 7519 §4.1).
pub(crate) struct Observer<'p> {
    policy: &'p Policy,
    key_issuer: Option<&'p str>,
    pub(super) exp: Date,
    pub(super) nbf: Date,
    pub(super) iat: Date,
    issuer: Match,
    audience: Match,
    /// A bit for each of the policy's required claims that was seen.
    required: u64,
    /// All members of the top-level object passed by.
    pub(super) complete: bool,
}

/// A NumericDate as it was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Date {
    Absent,
    At(NumericDate),
    /// Not a whole number: read again from the text, since a float is not exact.
    Fraction,
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
            exp: Date::Absent,
            nbf: Date::Absent,
            iat: Date::Absent,
            issuer: Match::Absent,
            audience: Match::Absent,
            required: 0,
            complete: false,
        }
    }

    /// A top-level name passed by.
    pub(super) fn name(&mut self, name: &str) {
        self.required |= self.policy.required_bit(name);
    }

    pub(super) fn issuer(&mut self, issuer: &str) {
        let configured =
            self.policy.issuers.is_empty() || self.policy.issuers.iter().any(|i| i == issuer);
        let of_key = self.key_issuer.is_none_or(|i| i == issuer);
        self.issuer = Match::new(configured && of_key);
    }

    pub(super) fn audience<'a>(&mut self, mut audience: impl Iterator<Item = &'a str>) {
        let known = audience.any(|a| self.policy.audiences.iter().any(|known| known == a));
        self.audience = Match::new(known);
    }

    /// Sees all claims of a payload by the strict scan, which is the rule; the pass that types them
    /// as well is a shorter way to the same.
    fn scan(&mut self, payload: &str) -> Result<(), ErrorKind> {
        let mut sound = true;
        json::members(payload, &Limits::TOKEN, |name, value| {
            self.name(name);
            sound &= self.claim(Claim::named(name), value).is_some();
        })
        .map_err(fault)?;
        self.complete = true;
        if sound { Ok(()) } else { Err(ErrorKind::MalformedClaim) }
    }

    /// One claim as JSON text; `None` when it has the wrong type.
    fn claim(&mut self, claim: Claim, value: &str) -> Option<()> {
        match claim {
            Claim::Other => {}
            Claim::Exp => self.exp = Date::At(NumericDate::from_json_number(value)?),
            Claim::Nbf => self.nbf = Date::At(NumericDate::from_json_number(value)?),
            Claim::Iat => self.iat = Date::At(NumericDate::from_json_number(value)?),
            Claim::Iss => self.issuer(&text(value)?),
            Claim::Text => value.starts_with('"').then_some(())?,
            Claim::Aud if value.starts_with('[') => {
                let many: Vec<Text<'_>> = serde_json::from_str(value).ok()?;
                self.audience(many.iter().map(|Text(one)| &**one));
            }
            Claim::Aud => self.audience(std::iter::once(&*text(value)?)),
        }
        Some(())
    }

    /// Reads the dates that are no whole numbers from the text, exactly.
    fn settle_fractions(&mut self, payload: &str) -> Result<(), ErrorKind> {
        #[derive(Deserialize)]
        struct Dates<'a> {
            #[serde(borrow)]
            exp: Option<&'a RawValue>,
            #[serde(borrow)]
            nbf: Option<&'a RawValue>,
            #[serde(borrow)]
            iat: Option<&'a RawValue>,
        }
        if ![self.exp, self.nbf, self.iat].contains(&Date::Fraction) {
            return Ok(());
        }
        let dates: Dates<'_> =
            serde_json::from_str(payload).map_err(|_| ErrorKind::MalformedClaim)?;
        for (date, text) in
            [(&mut self.exp, dates.exp), (&mut self.nbf, dates.nbf), (&mut self.iat, dates.iat)]
        {
            if *date == Date::Fraction {
                *date = text
                    .and_then(|text| NumericDate::from_json_number(text.get()))
                    .map(Date::At)
                    .ok_or(ErrorKind::MalformedClaim)?;
            }
        }
        Ok(())
    }

    /// Judges what was seen, in the order in which faults are named.
    fn judge(&mut self, payload: &str, now: std::time::Duration) -> Result<(), ErrorKind> {
        self.settle_fractions(payload)?;
        self.judge_presence()?;
        let leeway = self.policy.leeway;
        // "On or after" expires (RFC 7519 §4.1.4).
        if let Date::At(exp) = self.exp
            && now >= exp.since_epoch().saturating_add(leeway)
        {
            return Err(ErrorKind::Expired);
        }
        if let Date::At(nbf) = self.nbf
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
        let missing = (self.exp == Date::Absent && !policy.allow_missing_exp)
            || (self.issuer == Match::Absent && issuer_needed)
            || (self.audience == Match::Absent && !policy.audiences.is_empty())
            || self.required != policy.required_bits();
        if missing { Err(ErrorKind::MissingClaim) } else { Ok(()) }
    }

    pub(crate) fn expires_at(&self) -> Option<NumericDate> {
        match self.exp {
            Date::At(date) => Some(date),
            Date::Absent | Date::Fraction => None,
        }
    }

    /// What a signer asks of the claims it is given: the same form that verification asks for.
    pub(crate) fn judge_minting(&self, without_expiry: bool) -> Result<(), &'static str> {
        if self.exp == Date::Absent && !without_expiry {
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

/// Judges the claims in `payload` at `now` and reads them as `P`. The outer error is the token's
/// fault; the inner one says that the claims are good but do not fit `P`.
pub(crate) fn judge_and_read<'de, P: Deserialize<'de>>(
    payload: &'de str,
    observer: &mut Observer<'_>,
    now: std::time::Duration,
) -> Result<Result<P, Error>, ErrorKind> {
    let typed = observe(payload, observer)?;
    observer.judge(payload, now)?;
    Ok(typed.map_or_else(|| retype(payload), Ok))
}

/// Judges the form of claims that are about to be signed.
pub(crate) fn check_form(payload: &str, observer: &mut Observer<'_>) -> Result<(), ErrorKind> {
    observer.scan(payload)?;
    observer.settle_fractions(payload)
}

/// Judges the claims in `payload` at `now`, typing nothing.
pub(crate) fn judge(
    payload: &str,
    observer: &mut Observer<'_>,
    now: std::time::Duration,
) -> Result<(), ErrorKind> {
    observer.scan(payload)?;
    observer.judge(payload, now)
}

/// Lets the observer see every claim. Returns the typed payload as well, unless `P` refused it or
/// read it in a way that hides claims from the observer.
fn observe<'de, P: Deserialize<'de>>(
    payload: &'de str,
    observer: &mut Observer<'_>,
) -> Result<Option<P>, ErrorKind> {
    if needs_scan(payload) {
        scan(payload)?;
    }
    if let Ok(typed) = one_pass::<P>(payload, observer)
        && observer.complete
    {
        return Ok(Some(typed));
    }
    // The slow way, which also tells what was wrong: the document, a registered claim, or only P.
    *observer = Observer::new(observer.policy, observer.key_issuer);
    observer.scan(payload)?;
    Ok(None)
}

fn one_pass<'de, P: Deserialize<'de>>(
    payload: &'de str,
    observer: &mut Observer<'_>,
) -> serde_json::Result<P> {
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    let typed = P::deserialize(Tee::new(&mut deserializer, observer))?;
    deserializer.end()?;
    Ok(typed)
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

/// The string that a JSON string stands for; `None` for other JSON.
fn text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

/// Whether the payload is well-formed JSON of the kind a claims set is (RFC 7519 §7.2).
pub(crate) fn scan(payload: &str) -> Result<(), ErrorKind> {
    json::members(payload, &Limits::TOKEN, |_, _| {}).map_err(fault)
}

fn fault(fault: json::Fault) -> ErrorKind {
    match fault {
        json::Fault::Members => ErrorKind::TooLarge,
        json::Fault::Syntax | json::Fault::Duplicate => ErrorKind::Malformed,
    }
}

/// Whether one pass of serde could miss something that the strict scan refuses: duplicate names in
/// inner objects, depth, the number of members, lone surrogates. A flat object without escapes,
/// which nearly every token is, has none of them; counting bytes is far cheaper than the scan.
fn needs_scan(payload: &str) -> bool {
    const FLAT: usize = 4096;
    let count = |chunk: &[u8]| {
        chunk.iter().fold(0_u8, |n, &b| n + u8::from(b == b'{') + u8::from(b == b'\\'))
    };
    let brackets = |chunk: &[u8]| chunk.iter().fold(0_u8, |n, &b| n + u8::from(b == b'['));
    let (mut objects, mut arrays) = (0_usize, 0_usize);
    for chunk in payload.as_bytes().chunks(128) {
        objects += usize::from(count(chunk));
        arrays += usize::from(brackets(chunk));
    }
    objects > 1 || arrays > 32 || payload.len() > FLAT
}
