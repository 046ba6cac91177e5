//! A serializer that takes strings and nothing else: for the names of members, and for text that
//! is JSON already.

use std::fmt::{self, Display};

use serde::ser::{self, Impossible, Serialize, SerializeMap, Serializer};
use serde_json::Error;

/// Hands a string over.
pub(super) struct TextOnly<F>(pub(super) F);

/// It was no string.
#[derive(Debug)]
pub(super) struct NotText;

impl Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no string")
    }
}

impl std::error::Error for NotText {}

impl ser::Error for NotText {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

macro_rules! not_text {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok, NotText> {
            Err(NotText)
        }
    )*};
}

impl<R, F: FnOnce(&str) -> R> Serializer for TextOnly<F> {
    type Ok = R;
    type Error = NotText;
    type SerializeSeq = Impossible<R, NotText>;
    type SerializeTuple = Impossible<R, NotText>;
    type SerializeTupleStruct = Impossible<R, NotText>;
    type SerializeTupleVariant = Impossible<R, NotText>;
    type SerializeMap = Impossible<R, NotText>;
    type SerializeStruct = Impossible<R, NotText>;
    type SerializeStructVariant = Impossible<R, NotText>;

    #[inline]
    fn serialize_str(self, text: &str) -> Result<R, NotText> {
        Ok(self.0(text))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<R, NotText> {
        Ok(self.0(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<R, NotText> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<R, NotText> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<R, NotText> {
        Err(NotText)
    }

    not_text! {
        serialize_bool(bool) -> R;
        serialize_i8(i8) -> R;
        serialize_i16(i16) -> R;
        serialize_i32(i32) -> R;
        serialize_i64(i64) -> R;
        serialize_i128(i128) -> R;
        serialize_u8(u8) -> R;
        serialize_u16(u16) -> R;
        serialize_u32(u32) -> R;
        serialize_u64(u64) -> R;
        serialize_u128(u128) -> R;
        serialize_f32(f32) -> R;
        serialize_f64(f64) -> R;
        serialize_char(char) -> R;
        serialize_bytes(&[u8]) -> R;
        serialize_none() -> R;
        serialize_unit() -> R;
        serialize_unit_struct(&'static str) -> R;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}

/// A name as serde_json writes it, with its quotes.
pub(super) fn key<T: Serialize + ?Sized>(name: &T) -> Result<String, Error> {
    struct One<'a, T: ?Sized>(&'a T);
    impl<T: Serialize + ?Sized> Serialize for One<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(self.0, &())?;
            map.end()
        }
    }
    let json = serde_json::to_string(&One(name))?;
    let inside = json.strip_prefix('{').and_then(|json| json.strip_suffix(":null}"));
    Ok(inside.unwrap_or_default().to_owned())
}
