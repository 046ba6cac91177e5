//! Arrays and objects on their way into the claims' JSON.

use std::ops::Range;

use serde::ser::{self, Error as _, Serialize};
use serde_json::Error;

use super::claims::Observer;
use super::text_only::{TextOnly, key};
use super::writer::Writer;
use crate::json::{Kind, Prints, Value};

/// An array under way.
pub(super) struct Array<'w, 'o, 'p> {
    writer: &'w mut Writer<'o, 'p>,
    first: bool,
    /// A variant's object is around it.
    enclosed: bool,
}

impl<'w, 'o, 'p> Array<'w, 'o, 'p> {
    pub(super) fn open(writer: &'w mut Writer<'o, 'p>, enclosed: bool) -> Self {
        writer.open('[');
        Self { writer, first: true, enclosed }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !std::mem::take(&mut self.first) {
            self.writer.json.push(',');
        }
        self.writer.value(value)
    }

    pub(super) fn close(self) {
        self.writer.close(']');
        if self.enclosed {
            self.writer.close('}');
        }
    }
}

/// An object under way.
pub(super) struct Object<'w, 'o, 'p> {
    writer: &'w mut Writer<'o, 'p>,
    names: Prints,
    first: bool,
    /// Where the name stands whose value comes next.
    name: Option<Range<usize>>,
    /// The object is the claims set.
    top: bool,
    /// A variant's object is around it.
    enclosed: bool,
}

impl<'w, 'o, 'p> Object<'w, 'o, 'p> {
    #[inline]
    pub(super) fn open(writer: &'w mut Writer<'o, 'p>, enclosed: bool) -> Self {
        let top = writer.is_top();
        writer.open('{');
        Self { writer, names: Prints::default(), first: true, name: None, top, enclosed }
    }

    /// What stands before a name.
    #[inline]
    fn begin(&mut self) {
        let writer = &mut *self.writer;
        writer.count_member();
        // A name without a value stands before this one.
        writer.proven &= self.name.is_none();
        if !std::mem::take(&mut self.first) {
            writer.json.push(',');
        }
    }

    /// A name that may be anything, as [`value`](Self::value) needs it.
    fn name(
        &mut self,
        write: impl FnOnce(&mut Writer<'o, 'p>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.begin();
        let writer = &mut *self.writer;
        let start = writer.json.len() + 1;
        let written = write(writer);
        writer.proven &= written.is_ok();
        written?;
        let inside = start..writer.json.len().saturating_sub(1);
        // Escaped alike, names are the same as text if and only if they are the same.
        let name = writer.json.get(inside.clone()).unwrap_or_default();
        writer.proven &= self.names.insert(name);
        self.name = Some(inside);
        Ok(())
    }

    /// The value to the name before it.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let start = self.bare_value(value)?;
        match self.name.take() {
            Some(name) if self.top => {
                let Writer { json, observer, kind, proven, .. } = &mut *self.writer;
                let name = json.get(name).unwrap_or_default();
                *proven &= see(observer, name, json, start, *kind);
            }
            Some(_) => {}
            None => self.writer.proven = false,
        }
        Ok(())
    }

    #[inline]
    fn bare_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<usize, Error> {
        self.writer.json.push(':');
        let start = self.writer.json.len();
        self.writer.value(value)?;
        Ok(start)
    }

    #[inline]
    pub(super) fn field<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), Error> {
        self.begin();
        self.writer.proven &= self.names.insert(name);
        self.writer.string(name)?;
        let start = self.bare_value(value)?;
        if self.top {
            let Writer { json, observer, kind, proven, .. } = &mut *self.writer;
            *proven &= see(observer, name, json, start, *kind);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn close(self) {
        let writer = self.writer;
        writer.proven &= self.name.is_none();
        writer.close('}');
        if self.enclosed {
            writer.close('}');
        }
        writer.observer.complete |= self.top;
    }
}

/// Shows the member whose value begins at `start` to the observer; false when it is at fault.
#[inline]
fn see(
    observer: &mut Observer<'_>,
    name: &str,
    json: &str,
    start: usize,
    kind: Option<Kind>,
) -> bool {
    let value = || {
        let text = json.get(start..).unwrap_or_default();
        kind.map_or_else(|| Value::written(text), |kind| Value::known(text, kind))
    };
    observer.see(name, value).is_some()
}

/// A struct under way, or serde_json's own way to hand over text, and where that begins.
pub(super) enum Struct<'w, 'o, 'p> {
    Object(Object<'w, 'o, 'p>),
    Raw(&'w mut Writer<'o, 'p>, usize),
}

macro_rules! arrays {
    ($($trait:ident $method:ident;)*) => {$(
        impl ser::$trait for Array<'_, '_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

arrays! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

impl ser::SerializeMap for Object<'_, '_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Error> {
        self.name(|writer| {
            match name.serialize(TextOnly(|text: &str| writer.string(text))) {
                Ok(written) => written,
                // Numbers and the like, in quotes.
                Err(_) => {
                    writer.json.push_str(&key(name)?);
                    Ok(())
                }
            }
        })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl ser::SerializeStruct for Struct<'_, '_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match self {
            Self::Object(object) => object.field(name, value),
            Self::Raw(writer, _) => value
                .serialize(TextOnly(|text: &str| writer.json.push_str(text)))
                .map_err(|_| Error::custom("expected RawValue")),
        }
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        match self {
            Self::Object(object) => object.close(),
            Self::Raw(writer, start) => writer.judge_raw(start),
        }
        Ok(())
    }
}

impl ser::SerializeStructVariant for Object<'_, '_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.field(name, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}
