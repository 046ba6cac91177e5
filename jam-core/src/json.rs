//! The strict reading of JSON from outside: RFC 8259 with the limits of I-JSON (RFC 7493) that
//! guard against two parsers seeing two different documents.

use std::borrow::Cow;
use std::collections::HashSet;

/// What a document may hold at the most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Arrays and objects inside one another.
    pub(crate) depth: usize,
    /// Members of all objects together.
    pub(crate) members: usize,
}

impl Limits {
    /// For the header and the claims of a token.
    pub(crate) const TOKEN: Self = Self { depth: 64, members: 2048 };
    /// For keys, key sets and configuration files.
    pub(crate) const KEY: Self = Self { depth: 64, members: 65_536 };
}

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON, not UTF-8, or too deep.
    Syntax,
    /// An object names a member twice.
    Duplicate,
    /// More members than allowed.
    Members,
}

/// Checks that `bytes` is one JSON document within `limits`, without duplicate member names at any
/// level and without lone surrogates. Allocates only for objects of more than 16 members and for
/// member names with escapes.
pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Syntax)?;
    let mut scanner = Scanner { text, at: 0, members: limits.members };
    scanner.space();
    scanner.value(limits.depth)?;
    scanner.space();
    if scanner.at == text.len() { Ok(()) } else { Err(Fault::Syntax) }
}

/// As [`check`] for a document that must be an object, whose members are shown: each name, and the
/// text of its value.
pub(crate) fn members<'a>(
    text: &'a str,
    limits: &Limits,
    mut see: impl FnMut(&Cow<'a, str>, &'a str),
) -> Result<(), Fault> {
    let mut scanner = Scanner { text, at: 0, members: limits.members };
    scanner.space();
    if scanner.peek() != Some(b'{') {
        return Err(Fault::Syntax);
    }
    scanner.object(limits.depth.saturating_sub(1), &mut see)?;
    scanner.space();
    if scanner.at == text.len() { Ok(()) } else { Err(Fault::Syntax) }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    members: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Fault> {
        let byte = self.peek().ok_or(Fault::Syntax)?;
        self.at += 1;
        Ok(byte)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{') => self.object(depth.checked_sub(1).ok_or(Fault::Syntax)?, &mut |_, _| {}),
            Some(b'[') => self.array(depth.checked_sub(1).ok_or(Fault::Syntax)?),
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => Err(Fault::Syntax),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(Fault::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return Err(Fault::Syntax),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), Fault> {
        if !self.next()?.is_ascii_digit() {
            return Err(Fault::Syntax);
        }
        self.digits();
        Ok(())
    }

    /// Passes over a string; returns it with its quotes, and whether it holds escapes.
    fn string(&mut self) -> Result<(&'a str, bool), Fault> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let plain = memchr::memchr2(b'"', b'\\', rest).ok_or(Fault::Syntax)?;
            let passed = rest.get(..plain).unwrap_or_default();
            // Control characters; without an early exit it becomes a few vector instructions.
            if passed.iter().fold(false, |found, &byte| found | (byte < 0x20)) {
                return Err(Fault::Syntax);
            }
            self.at += plain;
            match self.next()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(Fault::Syntax),
            }
        }
        let raw = self.text.get(start..self.at).ok_or(Fault::Syntax)?;
        Ok((raw, escaped))
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex()? {
                // A surrogate stands for nothing alone, and parsers disagree on what to make of it.
                0xd800..=0xdbff => {
                    if self.next()? == b'\\'
                        && self.next()? == b'u'
                        && matches!(self.hex()?, 0xdc00..=0xdfff)
                    {
                        Ok(())
                    } else {
                        Err(Fault::Syntax)
                    }
                }
                0xdc00..=0xdfff => Err(Fault::Syntax),
                _ => Ok(()),
            },
            _ => Err(Fault::Syntax),
        }
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        (0..4).try_fold(0, |value, _| {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Fault::Syntax)?;
            Ok(value * 16 + digit)
        })
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            self.value(depth)?;
            self.space();
            match self.next()? {
                b',' => {}
                b']' => return Ok(()),
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn object(
        &mut self,
        depth: usize,
        see: &mut dyn FnMut(&Cow<'a, str>, &'a str),
    ) -> Result<(), Fault> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut names = Names::default();
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(Fault::Syntax);
            }
            self.members = self.members.checked_sub(1).ok_or(Fault::Members)?;
            let (raw, escaped) = self.string()?;
            let name = unescape(raw, escaped)?;
            self.space();
            if self.next()? != b':' {
                return Err(Fault::Syntax);
            }
            self.space();
            let start = self.at;
            self.value(depth)?;
            see(&name, self.text.get(start..self.at).unwrap_or_default());
            if !names.insert(name) {
                return Err(Fault::Duplicate);
            }
            self.space();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(()),
                _ => return Err(Fault::Syntax),
            }
        }
    }
}

fn unescape(raw: &str, escaped: bool) -> Result<Cow<'_, str>, Fault> {
    if escaped {
        serde_json::from_str(raw).map(Cow::Owned).map_err(|_| Fault::Syntax)
    } else {
        raw.get(1..raw.len().saturating_sub(1)).map(Cow::Borrowed).ok_or(Fault::Syntax)
    }
}

/// The member names of one object so far: a few in place, many in a set, so that no document
/// makes the search quadratic.
#[derive(Default)]
pub(crate) struct Names<'a> {
    /// Length, first and last bytes of each name: sixteen are compared in a few instructions, and
    /// only names that agree in them are compared in full.
    prints: [u32; 16],
    few: [&'a str; 16],
    count: usize,
    many: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    /// Adds a name; false when it was there.
    #[inline]
    pub(crate) fn insert(&mut self, name: Cow<'a, str>) -> bool {
        let print = fingerprint(name.as_bytes());
        let familiar = self.prints.iter().fold(false, |found, &known| found | (known == print));
        match (name, self.few.get_mut(self.count), self.prints.get_mut(self.count)) {
            (Cow::Borrowed(name), Some(slot), Some(mark)) if !familiar => {
                *slot = name;
                *mark = print;
                self.count += 1;
                true
            }
            (name, _, _) => self.insert_slowly(name, print),
        }
    }

    #[cold]
    fn insert_slowly(&mut self, name: Cow<'a, str>, print: u32) -> bool {
        if let Some(many) = &mut self.many {
            return many.insert(name);
        }
        if self.few().contains(&name.as_ref()) {
            return false;
        }
        if let (Cow::Borrowed(name), Some(slot), Some(mark)) =
            (&name, self.few.get_mut(self.count), self.prints.get_mut(self.count))
        {
            *slot = name;
            *mark = print;
            self.count += 1;
            return true;
        }
        let mut many: HashSet<_> = self.few().iter().map(|name| Cow::Borrowed(*name)).collect();
        let new = many.insert(name);
        // From here on every name goes the slow way, into the set.
        self.count = self.few.len();
        self.many = Some(many);
        new
    }

    fn few(&self) -> &[&'a str] {
        self.few.get(..self.count).unwrap_or_default()
    }
}

/// Never 0, which stands for an empty place.
fn fingerprint(name: &[u8]) -> u32 {
    let byte = |at: Option<&u8>| u32::from(at.copied().unwrap_or_default());
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX) & 0xff;
    let second_last = byte(name.iter().rev().nth(1));
    (1 << 31) ^ (length << 23) ^ (byte(name.first()) << 16) ^ (second_last << 8) ^ byte(name.last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(text: &str) -> Result<(), Fault> {
        check(text.as_bytes(), &Limits::TOKEN)
    }

    #[test]
    fn hole13_duplicate_names_are_refused_at_every_level() {
        assert_eq!(judge(r#"{"a":1,"a":1}"#), Err(Fault::Duplicate));
        assert_eq!(judge(r#"{"a":1,"\u0061":2}"#), Err(Fault::Duplicate));
        assert_eq!(judge(r#"{"\u0061":1,"a":2}"#), Err(Fault::Duplicate));
        assert_eq!(judge(r#"{"x":[{"a":1,"a":2}]}"#), Err(Fault::Duplicate));
        assert_eq!(judge(r#"{"a":{"b":1},"b":{"b":1}}"#), Ok(()));
        let many: Vec<String> = (0..40).map(|n| format!("\"n{n}\":{n}")).collect();
        assert_eq!(judge(&format!("{{{}}}", many.join(","))), Ok(()));
        assert_eq!(judge(&format!("{{{},\"n3\":0}}", many.join(","))), Err(Fault::Duplicate));
    }

    #[test]
    fn hole12_depth_and_count_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(judge(&nested(64)), Ok(()));
        assert_eq!(judge(&nested(65)), Err(Fault::Syntax));
        assert_eq!(judge(&nested(1_000_000)), Err(Fault::Syntax));
        let members: Vec<String> = (0..2049).map(|n| format!("\"{n}\":0")).collect();
        assert_eq!(judge(&format!("{{{}}}", members.join(","))), Err(Fault::Members));
    }

    #[test]
    fn g37_what_parsers_disagree_on_is_refused() {
        for text in [
            "",
            " ",
            "\u{feff}{}",
            "{}x",
            "{} {}",
            "{'a':1}",
            "{\"a\":1,}",
            "[1,]",
            "[01]",
            "[+1]",
            "[.5]",
            "[1.]",
            "[NaN]",
            "[1e]",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"a\u{1}\"",
            "\"",
            "{\"a\"}",
            "{a:1}",
            "tru",
            "[1 2]",
            "\u{a0}{}",
            "/**/{}",
        ] {
            assert_eq!(judge(text), Err(Fault::Syntax), "{text:?}");
        }
        assert_eq!(check(b"\"\xff\"", &Limits::TOKEN), Err(Fault::Syntax));
        for text in [
            "{}",
            " [ 1 , -0.5e-3 , \"\\ud83d\\ude00\" , null , true , false ] ",
            "\"\u{1f600}\"",
            "{\"\":{}}",
        ] {
            assert_eq!(judge(text), Ok(()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_is_json_for_serde_too(text in r#"[\[\]{}:,"\\u0-9a-eE+. -]{0,40}"#) {
            if judge(&text).is_ok() {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
            }
        }

        #[test]
        fn every_value_that_serde_writes_passes(names in proptest::collection::hash_set(".{0,8}", 0..30), number in any::<f64>()) {
            let map: serde_json::Map<_, _> = names.iter().map(|n| (n.clone(), serde_json::json!([n, number]))).collect();
            let text = serde_json::Value::Object(map).to_string();
            prop_assert_eq!(judge(&text), Ok(()));
        }
    }
}
