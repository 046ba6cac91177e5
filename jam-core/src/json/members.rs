//! The members of an object, one after the other: by the places of its quotes where they are written
//! as most are, by the scanner where not.

use std::mem;
use std::ops::Deref;

use super::names::Names;
use super::quotes::Quotes;
use super::{Fault, Kind, Limits, Place, RESERVED, Scanner, Span, Value, whole};

/// The members of a document that must be an object, one after the other.
pub(crate) struct Members<'a> {
    scanner: Scanner<'a>,
    /// What makes most of them quick to find.
    quotes: Option<Quotes>,
    names: Names<'a>,
    depth: usize,
    at: Place,
    name: Name<'a>,
    value: Span,
}

/// A member's name.
#[derive(Clone, Debug)]
pub(crate) enum Name<'a> {
    /// As it stands in the document.
    Plain(&'a str),
    /// Spelled with escapes.
    Escaped(Box<str>),
}

impl Deref for Name<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match self {
            Self::Plain(name) => name,
            Self::Escaped(name) => name,
        }
    }
}

impl<'a> Members<'a> {
    pub(crate) fn of(text: &'a str, limits: &Limits) -> Self {
        Self {
            scanner: Scanner { text, at: 0, members: limits.members },
            quotes: Quotes::of(text.as_bytes()),
            names: Names::default(),
            depth: limits.depth.saturating_sub(1),
            at: Place::Outside,
            name: Name::Plain(""),
            value: Span { start: 0, end: 0, kind: Kind::Null },
        }
    }

    /// Goes to the next member; false when the document ended as it should, and after a fault.
    #[inline(always)]
    pub(crate) fn advance(&mut self) -> Result<bool, Fault> {
        let Some((name, value)) = self.usual() else { return self.advance_slowly() };
        self.name = Name::Plain(name);
        self.value = value;
        if self.names.insert(name) { Ok(true) } else { Err(self.duplicate()) }
    }

    /// The next member where it is written as compactly as can be and its value is a string without
    /// escapes or a whole number, as most claims are; none says nothing.
    #[inline(always)]
    fn usual(&mut self) -> Option<(&'a str, Span)> {
        let quotes = self.quotes.as_mut()?;
        let Scanner { text, at, members } = self.scanner;
        let bytes = text.as_bytes();
        let separator = *bytes.get(at)?;
        let is_next = match self.at {
            Place::Outside => separator == b'{',
            Place::Later => separator == b',',
            Place::First | Place::End => false,
        };
        if !is_next || quotes.next()? != at + 1 {
            return None;
        }
        let end = quotes.next()?;
        let name = text.get(at + 2..end).filter(|name| !name.starts_with(RESERVED))?;
        let [b':', value @ ..] = bytes.get(end + 1..)? else { return None };
        let start = end + 2;
        let (kind, end) = match value {
            [b'"', ..] => (Kind::Plain, quotes.next().and(quotes.next())? + 1),
            [b'1'..=b'9', ..] => {
                let (kind, length) = whole(value);
                let [b',' | b'}', ..] = value.get(length..)? else { return None };
                (kind, start + length)
            }
            _ => return None,
        };
        self.scanner = Scanner { text, at: end, members: members.checked_sub(1)? };
        self.at = Place::Later;
        Some((name, Span { start, end, kind }))
    }

    /// The same however it is written.
    #[inline(never)]
    fn advance_slowly(&mut self) -> Result<bool, Fault> {
        let scanner = &mut self.scanner;
        let mut at = mem::replace(&mut self.at, Place::End);
        match at {
            Place::End => return Ok(false),
            Place::Outside => {
                scanner.space();
                if scanner.next()? != b'{' {
                    return Err(Fault::Syntax);
                }
                at = Place::First;
            }
            Place::First | Place::Later => {}
        }
        if scanner.more(&mut at, b'}')? {
            self.name = scanner.name()?;
            self.value = scanner.value(self.depth)?;
            self.at = at;
            if let Some(quotes) = &mut self.quotes {
                quotes.seek(scanner.at);
            }
            return if self.names.insert_any(&self.name) {
                Ok(true)
            } else {
                Err(self.duplicate())
            };
        }
        scanner.space();
        if scanner.at == scanner.text.len() { Ok(false) } else { Err(Fault::Syntax) }
    }

    #[cold]
    fn duplicate(&mut self) -> Fault {
        self.at = Place::End;
        Fault::Duplicate
    }

    /// The name of the present member.
    #[inline]
    pub(crate) fn name(&self) -> &Name<'a> {
        &self.name
    }

    /// The value of the present member.
    #[inline]
    pub(crate) fn value(&self) -> Value<'a> {
        Value { document: self.scanner.text, span: self.value }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_text;
    use super::*;
    use proptest::prelude::*;

    /// Names, values, and how it ends.
    fn members<'a>(
        text: &'a str,
        advance: fn(&mut Members<'a>) -> Result<bool, Fault>,
    ) -> (Vec<String>, Result<bool, Fault>) {
        let mut members = Members::of(text, &Limits { depth: 4, members: 24 });
        let mut seen = Vec::new();
        loop {
            match advance(&mut members) {
                Ok(true) => {
                    let (name, value) = (members.name(), members.value());
                    seen.push(format!("{name:?} {} {value:?} {:?}", value.text(), value.plain()));
                }
                end => return (seen, end),
            }
        }
    }

    #[test]
    fn after_a_fault_nothing_follows() {
        for text in [r#"{"a":1,"a":2,"b":3}"#, r#"{"a":1 "b":3}"#, r#"{"a":x,"b":3}"#, "[]", ""] {
            let mut members = Members::of(text, &Limits::TOKEN);
            while let Ok(true) = members.advance() {}
            assert_eq!(members.advance(), Ok(false), "{text}");
        }
    }

    #[test]
    fn hole08_a_number_is_whole_as_far_as_it_is_held_exactly() {
        for (digits, kind) in [
            ("7", Kind::Whole(7)),
            ("12345678", Kind::Whole(12_345_678)),
            ("9999999999999999999", Kind::Whole(9_999_999_999_999_999_999)),
            ("10000000000000000000", Kind::Number),
            ("18446744073709551616", Kind::Number),
        ] {
            for text in [format!("{{\"a\":{digits}}}"), format!("{{\"a\": {digits} }}")] {
                let mut members = Members::of(&text, &Limits::TOKEN);
                assert_eq!(members.advance(), Ok(true), "{text}");
                assert_eq!(members.value().kind(), kind, "{text}");
                assert_eq!(members.value().text(), digits);
            }
        }
    }

    #[test]
    fn an_unusual_member_does_not_slow_those_behind_it() {
        let mut members = Members::of(r#"{"a":["b"],"c":1,"d":"e"}"#, &Limits::TOKEN);
        assert_eq!(members.advance(), Ok(true));
        assert!(members.usual().is_some());
        assert!(members.usual().is_some());
    }

    proptest! {
        #[test]
        fn usual_members_are_read_like_all_others(
            members_of in proptest::collection::vec(
                // Few escapes: one of them makes the whole document unusual.
                ("[a-d]{0,5}", r#"[0-9]{1,9}|[1-9][0-9]{17,20}|"[a-z é,:{}]{0,70}"|"[a-z]{0,9}"|true|\[1,\{\}\]|-?[0-9]\.5| "a" "#), 0..26
            ),
            (cut, more) in (any::<prop::sample::Index>(), r#"[\[\]{}:,"\\0-9a ]{0,2}"#),
        ) {
            let parts: Vec<_> = members_of.iter().map(|(n, v)| format!("\"{n}{}\":{v}", n.len() * v.len())).collect();
            let whole = format!("{{{}}}", parts.join(","));
            let cut = (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)).nth(cut.index(whole.chars().count()));
            let broken = whole[..cut.unwrap_or(0)].to_owned() + &more + &whole[cut.unwrap_or(0)..];
            for text in [&whole, &broken] {
                prop_assert_eq!(members(text, Members::advance), members(text, Members::advance_slowly), "{}", text);
                prop_assert_eq!(
                    members(text, Members::advance).1.is_ok(),
                    check_text(text, &Limits { depth: 4, members: 24 }).is_ok() && text.trim_start().starts_with('{'),
                    "{}", text
                );
            }
        }
    }
}
