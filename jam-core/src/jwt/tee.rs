//! A deserializer between the payload and the user's type, which shows every top-level claim to the
//! observer on its way.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};

use super::claims::{Date, Observer};
use super::values::{Audience, Number, Text};
use crate::clock::NumericDate;
use crate::json::Names;

/// A deserializer that shows the top-level members to the observer.
pub(super) struct Tee<'o, 'p, D> {
    inner: D,
    observer: &'o mut Observer<'p>,
}

impl<'o, 'p, D> Tee<'o, 'p, D> {
    pub(super) fn new(inner: D, observer: &'o mut Observer<'p>) -> Self {
        Self { inner, observer }
    }
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

/// What a name stands for among the registered claims.
#[derive(Clone, Copy)]
pub(super) enum Claim {
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
    pub(super) fn named(name: &str) -> Self {
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
        self.observer.name(&name);
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
