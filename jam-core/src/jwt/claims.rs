//! The claims: judged and typed in one pass.
//!
//! [`read`] drives the user's `Deserialize` over the payload while an [`Observer`] looks at every
//! registered claim that passes by. Where one pass cannot tell, it falls back to two; the result
//! is the same by construction: the observer alone decides whether a token is accepted.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::value::RawValue;

use super::policy::Policy;
use crate::clock::NumericDate;
use crate::error::{Error, ErrorKind};
use crate::json::{self, Limits, Names};

/// What the registered claims of one payload said (RFC 7519 §4.1).
pub(crate) struct Observer<'p> {
    policy: &'p Policy,
    key_issuer: Option<&'p str>,
    exp: Date,
    nbf: Date,
    iat: Date,
    issuer: Match,
    audience: Match,
    /// A bit for each of the policy's required claims that was seen.
    required: u64,
    /// All members of the top-level object passed by.
    complete: bool,
}

/// A NumericDate as it was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Date {
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

    fn issuer(&mut self, issuer: &str) {
        let configured =
            self.policy.issuers.is_empty() || self.policy.issuers.iter().any(|i| i == issuer);
        let of_key = self.key_issuer.is_none_or(|i| i == issuer);
        self.issuer = Match::new(configured && of_key);
    }

    fn audience<'a>(&mut self, mut audience: impl Iterator<Item = &'a str>) {
        let known = audience.any(|a| self.policy.audiences.iter().any(|known| known == a));
        self.audience = Match::new(known);
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
    observe::<IgnoredAny>(payload, observer)?;
    observer.settle_fractions(payload)
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
    scan(payload)?;
    *observer = Observer::new(observer.policy, observer.key_issuer);
    match one_pass::<IgnoredAny>(payload, observer) {
        Ok(_) if observer.complete => Ok(None),
        _ => Err(ErrorKind::MalformedClaim),
    }
}

fn one_pass<'de, P: Deserialize<'de>>(
    payload: &'de str,
    observer: &mut Observer<'_>,
) -> serde_json::Result<P> {
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    let typed = P::deserialize(Tee { inner: &mut deserializer, observer })?;
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

/// Whether the payload is well-formed JSON of the kind a claims set is (RFC 7519 §7.2).
pub(crate) fn scan(payload: &str) -> Result<(), ErrorKind> {
    json::check(payload.as_bytes(), &Limits::TOKEN).map_err(|fault| match fault {
        json::Fault::Members => ErrorKind::TooLarge,
        json::Fault::Syntax | json::Fault::Duplicate => ErrorKind::Malformed,
    })?;
    if payload.trim_start().starts_with('{') { Ok(()) } else { Err(ErrorKind::Malformed) }
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

/// A deserializer that shows the top-level members to the observer.
struct Tee<'o, 'p, D> {
    inner: D,
    observer: &'o mut Observer<'p>,
}

/// Whatever else a type asks for, the claims are an object; what an observer cannot follow leaves
/// `complete` unset, and the payload is read in two passes.
macro_rules! show_map {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($name,)* TeeVisitor { visitor, observer: self.observer })
        }
    )*};
}

macro_rules! pass_through {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tee<'_, '_, D> {
    type Error = D::Error;

    show_map! {
        deserialize_any()
        deserialize_map()
        deserialize_option()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
    }

    pass_through! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_unit_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) deserialize_identifier()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // serde_json's own names (RawValue) ask for the text, not for the members.
        if name.starts_with("$serde_json") {
            self.inner.deserialize_newtype_struct(name, visitor)
        } else {
            let visitor = TeeVisitor { visitor, observer: self.observer };
            self.inner.deserialize_newtype_struct(name, visitor)
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        // Ignored by the user is not ignored by us.
        self.deserialize_map(visitor)
    }
}

struct TeeVisitor<'o, 'p, V> {
    visitor: V,
    observer: &'o mut Observer<'p>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for TeeVisitor<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(TeeMap {
            map,
            observer: self.observer,
            names: Names::default(),
            current: Claim::Other,
        })
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Tee { inner, observer: self.observer })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Tee { inner, observer: self.observer })
    }
}

#[derive(Clone, Copy)]
enum Claim {
    Exp,
    Nbf,
    Iat,
    Iss,
    Aud,
    /// `sub` and `jti`: strings, and nothing to compare them with.
    Text,
    Other,
}

impl Claim {
    fn named(name: &str) -> Self {
        match name {
            "exp" => Self::Exp,
            "nbf" => Self::Nbf,
            "iat" => Self::Iat,
            "iss" => Self::Iss,
            "aud" => Self::Aud,
            "sub" | "jti" => Self::Text,
            _ => Self::Other,
        }
    }
}

struct TeeMap<'o, 'p, 'de, A> {
    map: A,
    observer: &'o mut Observer<'p>,
    names: Names<'de>,
    current: Claim,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for TeeMap<'_, '_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(Text(name)) = self.map.next_key::<Text<'de>>()? else {
            self.observer.complete = true;
            return Ok(None);
        };
        self.current = Claim::named(&name);
        self.observer.required |= self.observer.policy.required_bit(&name);
        // A borrowed key spares the user's field lookup a copy.
        let key = match name {
            Cow::Borrowed(name) => {
                if !self.names.insert(Cow::Borrowed(name)) {
                    return Err(A::Error::custom("duplicate claim"));
                }
                seed.deserialize(BorrowedStrDeserializer::new(name))?
            }
            Cow::Owned(name) => {
                if !self.names.insert(Cow::Owned(name.clone())) {
                    return Err(A::Error::custom("duplicate claim"));
                }
                seed.deserialize(CowStrDeserializer::new(Cow::Owned(name)))?
            }
        };
        Ok(Some(key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.current {
            Claim::Other => self.map.next_value_seed(seed),
            Claim::Exp | Claim::Nbf | Claim::Iat => self.date(seed),
            Claim::Iss | Claim::Text => self.text(seed),
            Claim::Aud => self.audience(seed),
        }
    }
}

impl<'de, A: MapAccess<'de>> TeeMap<'_, '_, 'de, A> {
    fn date<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let number: Number = self.map.next_value()?;
        let date = match number {
            Number::Whole(seconds) => Date::At(
                NumericDate::from_seconds(seconds)
                    .ok_or_else(|| A::Error::custom("date out of range"))?,
            ),
            Number::Float(_) => Date::Fraction,
        };
        match self.current {
            Claim::Exp => self.observer.exp = date,
            Claim::Nbf => self.observer.nbf = date,
            _ => self.observer.iat = date,
        }
        match number {
            Number::Whole(n) => seed.deserialize(n.into_deserializer()),
            Number::Float(n) => seed.deserialize(n.into_deserializer()),
        }
    }

    fn text<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let Text(text) = self.map.next_value()?;
        if let Claim::Iss = self.current {
            self.observer.issuer(&text);
        }
        match text {
            Cow::Borrowed(text) => seed.deserialize(BorrowedStrDeserializer::new(text)),
            Cow::Owned(_) => seed.deserialize(CowStrDeserializer::new(text)),
        }
    }

    fn audience<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.map.next_value()? {
            Audience::One(Text(one)) => {
                self.observer.audience(std::iter::once(&*one));
                match one {
                    Cow::Borrowed(one) => seed.deserialize(BorrowedStrDeserializer::new(one)),
                    Cow::Owned(_) => seed.deserialize(CowStrDeserializer::new(one)),
                }
            }
            Audience::Many(many) => {
                self.observer.audience(many.iter().map(|Text(one)| &**one));
                seed.deserialize(SeqDeserializer::new(many.into_iter()))
            }
        }
    }
}

/// A string, borrowed from the payload where it has no escapes.
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

impl<'de, E: serde::de::Error> IntoDeserializer<'de, E> for Text<'de> {
    type Deserializer = CowStrDeserializer<'de, E>;

    fn into_deserializer(self) -> Self::Deserializer {
        CowStrDeserializer::new(self.0)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A number as serde_json saw it; whole ones are exact.
#[derive(Clone, Copy)]
enum Number {
    Whole(u64),
    Float(f64),
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number of seconds since 1970")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number::Whole(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number::Float(number))
    }
}

/// `aud`: one string, or several (RFC 7519 §4.1.3).
pub(crate) enum Audience<'de> {
    One(Text<'de>),
    Many(Vec<Text<'de>>),
}

impl<'de> Deserialize<'de> for Audience<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Audience::One(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Audience::One(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = seq.next_element()? {
            many.push(one);
        }
        Ok(Audience::Many(many))
    }
}
