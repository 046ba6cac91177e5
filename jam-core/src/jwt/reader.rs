//! A deserializer over the strict scan: every top-level claim is checked and shown to the observer
//! before the user's type sees it.

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Error;

use super::claims::Observer;
use crate::json::{Kind, Limits, Members, Name, RESERVED, Value};

/// Reads one payload. Claims are an object: what asks for anything else leaves the observer
/// incomplete, and the payload is read in two passes.
pub(super) struct Reader<'de, 'o, 'p> {
    payload: &'de str,
    observer: &'o mut Observer<'p>,
}

impl<'de, 'o, 'p> Reader<'de, 'o, 'p> {
    pub(super) fn new(payload: &'de str, observer: &'o mut Observer<'p>) -> Self {
        Self { payload, observer }
    }
}

macro_rules! no_claims {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* _visitor: V) -> Result<V::Value, Error> {
            Err(two_passes())
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de, '_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut members = Members::of(self.payload, &Limits::TOKEN);
        let observer = self.observer;
        visitor.visit_map(ClaimsAccess { members: &mut members, observer, sound: true })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with(RESERVED) {
            return Err(two_passes());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // Ignored by the user is not ignored by us.
        self.deserialize_any(visitor)
    }

    no_claims! {
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_unit_struct(_name: &'static str)
        deserialize_seq() deserialize_tuple(_len: usize) deserialize_tuple_struct(_name: &'static str, _len: usize)
        deserialize_enum(_name: &'static str, _variants: &'static [&'static str]) deserialize_identifier()
    }
}

/// The members of the top-level object on their way to the user's type.
struct ClaimsAccess<'de, 'o, 'p> {
    members: &'o mut Members<'de>,
    observer: &'o mut Observer<'p>,
    /// Unset by the first fault: a type that passes over our errors does not pass over faults.
    sound: bool,
}

impl ClaimsAccess<'_, '_, '_> {
    /// Goes to the next member and shows it to the observer.
    fn advance(&mut self) -> Result<bool, Error> {
        let Self { members, observer, sound } = self;
        let advanced = members.advance().ok().filter(|more| {
            if *more {
                observer.see(members.name(), || members.value()).is_some()
            } else {
                observer.complete = *sound;
                true
            }
        });
        *sound &= advanced.is_some();
        advanced.ok_or_else(two_passes)
    }
}

impl<'de> MapAccess<'de> for ClaimsAccess<'de, '_, '_> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        match self.members.name() {
            // A borrowed key spares the user's field lookup a copy.
            Name::Plain(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            Name::Escaped(name) => seed.deserialize(StrDeserializer::new(name)),
        }
        .map(Some)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(ValueReader(self.members.value()))
    }
}

/// Reads one value: what is plain at once, everything else by serde_json.
struct ValueReader<'de>(Value<'de>);

impl<'de> ValueReader<'de> {
    fn whole(&self) -> Option<u64> {
        if let Kind::Whole(number) = self.0.kind() { Some(number) } else { None }
    }
}

/// The whole of a value by serde_json.
macro_rules! by_serde_json {
    ($self:ident, $method:ident($($argument:expr),*)) => {{
        let mut deserializer = serde_json::Deserializer::from_str($self.0.text());
        let read = deserializer.$method($($argument),*)?;
        deserializer.end().map(|()| read)
    }};
}

macro_rules! strings {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0.plain() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => by_serde_json!(self, $method(visitor)),
            }
        }
    )*};
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.whole() {
                Some(number) => visitor.visit_u64(number),
                None => by_serde_json!(self, $method(visitor)),
            }
        }
    )*};
}

macro_rules! others {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            by_serde_json!(self, $method($($name,)* visitor))
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueReader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.0.plain(), self.whole()) {
            (Some(text), _) => visitor.visit_borrowed_str(text),
            (_, Some(number)) => visitor.visit_u64(number),
            _ => by_serde_json!(self, deserialize_any(visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.kind() == Kind::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.kind() {
            Kind::True => visitor.visit_bool(true),
            Kind::False => visitor.visit_bool(false),
            _ => by_serde_json!(self, deserialize_bool(visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with(RESERVED) {
            return by_serde_json!(self, deserialize_newtype_struct(name, visitor));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // The scan has passed over it.
        visitor.visit_unit()
    }

    strings! { deserialize_str deserialize_string deserialize_identifier }

    integers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    }

    others! {
        deserialize_i128() deserialize_u128() deserialize_f32() deserialize_f64() deserialize_char()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_unit_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map() deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

/// Nobody reads it: the scan that follows names the fault.
#[cold]
fn two_passes() -> Error {
    Error::custom("two passes")
}
