//! Claims as JSON, written and judged in one pass.
//!
//! Byte for byte what serde_json writes, and whatever takes more than copying is left to it. The
//! members of the top-level object are shown to the observer as they are written. What was not
//! proven to have the right form on the way is read again by the strict scan, which is the rule.

use std::fmt::Display;
use std::io;
use std::str;

use serde::ser::{Serialize, Serializer};
use serde_json::Error;

use super::claims::Observer;
use super::compound::{Array, Object, Struct};
use crate::json::{self, Kind, Limits};

/// Under such names serde_json's own types hand over text that is JSON already.
const PRIVATE: &str = "$serde_json::private::";

/// Writes claims to the front of a buffer with room for the token behind them. The observer has
/// seen all of them when it is [complete](Observer::complete); otherwise the scan has to follow.
pub(super) fn write<T: Serialize + ?Sized>(
    claims: &T,
    observer: &mut Observer<'_>,
) -> Result<String, Error> {
    let json = String::with_capacity(1024);
    let Limits { depth, members } = Limits::TOKEN;
    let mut writer = Writer { json, observer, depth, members, kind: None, proven: true };
    claims.serialize(&mut writer)?;
    let Writer { json, observer, proven, .. } = writer;
    observer.complete &= proven;
    Ok(json)
}

pub(super) struct Writer<'o, 'p> {
    pub(super) json: String,
    pub(super) observer: &'o mut Observer<'p>,
    /// Arrays and objects that may still be opened inside one another.
    depth: usize,
    /// Members that may still follow.
    members: usize,
    /// What the value was that was written last, where writing told.
    pub(super) kind: Option<Kind>,
    /// Everything so far is known to be of the form that the scan asks for.
    pub(super) proven: bool,
}

impl Writer<'_, '_> {
    pub(super) fn is_top(&self) -> bool {
        self.depth == Limits::TOKEN.depth
    }

    /// What takes more than copying.
    #[cold]
    fn by_serde_json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.kind = None;
        serde_json::to_writer(Pieces(&mut self.json), value)
    }

    #[inline]
    pub(super) fn string(&mut self, text: &str) -> Result<(), Error> {
        if !json::is_plain(text) {
            return self.by_serde_json(text);
        }
        self.kind = Some(Kind::Plain);
        self.json.reserve(text.len() + 2);
        self.json.push('"');
        self.json.push_str(text);
        self.json.push('"');
        Ok(())
    }

    fn whole(&mut self, number: u64) {
        self.kind = Some(Kind::Whole(number));
        let mut digits = [0; 20];
        let (mut rest, mut first) = (number, digits.len());
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            (rest, first) = (rest / 10, place);
            if rest == 0 {
                break;
            }
        }
        let written = digits.get(first..).and_then(|digits| str::from_utf8(digits).ok());
        self.json.push_str(written.unwrap_or_default());
    }

    pub(super) fn open(&mut self, bracket: char) {
        self.json.push(bracket);
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => self.proven = false,
        }
    }

    pub(super) fn close(&mut self, bracket: char) {
        self.kind = None;
        self.json.push(bracket);
        self.depth += 1;
    }

    pub(super) fn count_member(&mut self) {
        match self.members.checked_sub(1) {
            Some(members) => self.members = members,
            None => self.proven = false,
        }
    }

    /// A value of an object or array. A type may pass over our errors; then what was written is
    /// anything, and the scan decides.
    #[inline]
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let written = value.serialize(&mut *self);
        self.proven &= written.is_ok();
        written
    }

    /// Judges text that is JSON already, or should be, from `start` on.
    pub(super) fn judge_raw(&mut self, start: usize) {
        self.kind = None;
        let left = Limits { depth: self.depth, members: self.members };
        match json::check_text(self.json.get(start..).unwrap_or_default(), &left) {
            Ok(members) => self.members = members,
            Err(_) => self.proven = false,
        }
    }

    /// Opens the object around a variant's content.
    fn variant(&mut self, name: &str) -> Result<(), Error> {
        // As claims it would be one claim, which no observer sees pass.
        self.proven &= !self.is_top();
        self.open('{');
        self.count_member();
        self.string(name)?;
        self.json.push(':');
        Ok(())
    }
}

/// Takes what serde_json writes, which is whole characters.
struct Pieces<'w>(&'w mut String);

impl io::Write for Pieces<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.push_str(str::from_utf8(piece).map_err(io::Error::other)?);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident($type:ty): $($write:ident)?;)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), Error> {
            numbers!(self, value, $($write)?)
        }
    )*};
    ($self:ident, $value:ident, whole) => {{
        $self.whole(u64::from($value));
        Ok(())
    }};
    ($self:ident, $value:ident, ) => { $self.by_serde_json(&$value) };
}

impl<'w, 'o, 'p> Serializer for &'w mut Writer<'o, 'p> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Array<'w, 'o, 'p>;
    type SerializeTuple = Array<'w, 'o, 'p>;
    type SerializeTupleStruct = Array<'w, 'o, 'p>;
    type SerializeTupleVariant = Array<'w, 'o, 'p>;
    type SerializeMap = Object<'w, 'o, 'p>;
    type SerializeStruct = Struct<'w, 'o, 'p>;
    type SerializeStructVariant = Object<'w, 'o, 'p>;

    numbers! {
        serialize_u8(u8): whole;
        serialize_u16(u16): whole;
        serialize_u32(u32): whole;
        serialize_u64(u64): whole;
        serialize_u128(u128):;
        serialize_i8(i8):;
        serialize_i16(i16):;
        serialize_i32(i32):;
        serialize_i128(i128):;
        serialize_f32(f32):;
        serialize_f64(f64):;
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => self.by_serde_json(&value),
        }
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.kind = None;
        self.json.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.string(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.string(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        struct Shown<'a, T: ?Sized>(&'a T);
        impl<T: Display + ?Sized> Serialize for Shown<'_, T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self.0)
            }
        }
        self.by_serde_json(&Shown(value))
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.kind = None;
        self.json.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.string(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut object = Object::open(self, false);
        object.field(variant, value)?;
        object.close();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        Ok(Array::open(self, false))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Ok(Array::open(self, false))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Ok(Array::open(self, false))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        self.variant(variant)?;
        Ok(Array::open(self, true))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Ok(Object::open(self, false))
    }

    #[inline]
    fn serialize_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, Error> {
        if name.starts_with(PRIVATE) {
            let start = self.json.len();
            return Ok(Struct::Raw(self, start));
        }
        Ok(Struct::Object(Object::open(self, false)))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        self.variant(variant)?;
        Ok(Object::open(self, true))
    }
}

#[cfg(test)]
mod tests;
