//! The walker: a table that knows its keys, and an entry that knows its path.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::expand::{self, Environment};
use crate::{Error, ErrorKind};

/// A table whose keys are all known.
pub(super) struct Table {
    path: String,
    members: Map<String, Value>,
}

impl Table {
    /// Refuses anything but a table, and any key outside `known`. Unknown keys come first: a key
    /// that is "missing" further on is often one that is misspelt here.
    pub(super) fn open(path: &str, value: Value, known: &[&str]) -> Result<Self, Error> {
        let members = match value {
            Value::Object(members) => members,
            other => return Err(refuse(path, format!("expected a table, found {}", kind(&other)))),
        };
        if let Some(key) = members.keys().find(|key| !known.contains(&key.as_str())) {
            let hint = match nearest(key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected {}", list(known, "or")),
            };
            return Err(refuse(&member(path, key), format!("unknown key; {hint}")));
        }
        Ok(Self { path: path.to_owned(), members })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Expands the variables in all strings.
    pub(super) fn expand(&mut self, environment: Environment<'_>) -> Result<(), Error> {
        for (name, value) in &mut self.members {
            expand::expand(value, &member(&self.path, name), environment)?;
        }
        Ok(())
    }

    /// Takes a key out, if it is there.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let value = self.members.remove(key)?;
        Some(Entry { path: member(&self.path, key), value })
    }

    /// An error about the table as a whole.
    pub(super) fn refuse(&self, what: impl Display) -> Error {
        refuse(&self.path, what)
    }
}

/// A value and its full path.
pub(super) struct Entry {
    path: String,
    value: Value,
}

impl Entry {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_object()
    }

    pub(super) fn is_string(&self) -> bool {
        self.value.is_string()
    }

    pub(super) fn table(self, known: &[&str]) -> Result<Table, Error> {
        Table::open(&self.path, self.value, known)
    }

    /// A list that is not empty; `advice` says what to do about an empty one.
    pub(super) fn filled_list(self, what: &str, advice: &str) -> Result<Vec<Entry>, Error> {
        let path = self.path.clone();
        let items = self.list(what)?;
        if items.is_empty() {
            Err(refuse(&path, format!("the list is empty; {advice}")))
        } else {
            Ok(items)
        }
    }

    /// A list, maybe an empty one.
    pub(super) fn list(self, what: &str) -> Result<Vec<Entry>, Error> {
        match self.value {
            Value::Array(items) => Ok(items
                .into_iter()
                .enumerate()
                .map(|(index, value)| Entry { path: element(&self.path, index), value })
                .collect()),
            _ => Err(self.expected(what)),
        }
    }

    /// A string that is not empty.
    pub(super) fn text(self) -> Result<String, Error> {
        match self.value {
            Value::String(text) if text.is_empty() => {
                Err(refuse(&self.path, "the string is empty; fill it in, or leave the key out"))
            }
            Value::String(text) => Ok(text),
            _ => Err(self.expected("a string")),
        }
    }

    /// One string or a list of strings, none of them empty. An empty list is the default, written out.
    pub(super) fn texts(self) -> Result<Vec<String>, Error> {
        if self.value.is_string() {
            return Ok(vec![self.text()?]);
        }
        self.list("a string or a list of strings")?.into_iter().map(Entry::text).collect()
    }

    /// A string that is wiped after use; an empty one is for the key's own check to refuse.
    pub(super) fn secret(self) -> Result<Zeroizing<String>, Error> {
        match self.value {
            Value::String(text) => Ok(Zeroizing::new(text)),
            _ => Err(self.expected("a string (in quotes)")),
        }
    }

    /// JSON: a table as it stands, or a string that holds the text.
    pub(super) fn json(self) -> Result<Zeroizing<String>, Error> {
        match self.value {
            Value::Object(_) => Ok(Zeroizing::new(self.value.to_string())),
            Value::String(text) => Ok(Zeroizing::new(text)),
            _ => Err(self.expected("a table, or a string that holds JSON")),
        }
    }

    /// `true` or `false`, also as the text that a variable brings.
    pub(super) fn boolean(self) -> Result<bool, Error> {
        match &self.value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) => {
                text.parse().map_err(|_| refuse(&self.path, "expected true or false"))
            }
            _ => Err(self.expected("true or false")),
        }
    }

    /// An integer of the range, also as the text that a variable brings.
    pub(super) fn integer(self, range: RangeInclusive<u64>) -> Result<u64, Error> {
        let what = format!("an integer from {} to {}", range.start(), range.end());
        let number = match &self.value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => return Err(self.expected(&what)),
        };
        number
            .filter(|n| range.contains(n))
            .ok_or_else(|| refuse(&self.path, format!("expected {what}")))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(self, words: &[(&str, T)]) -> Result<T, Error> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let path = self.path.clone();
        let text = match self.value {
            Value::String(text) => text,
            _ => return Err(self.expected(&list(&names, "or"))),
        };
        if let Some((_, value)) = words.iter().find(|(name, _)| *name == text) {
            return Ok(*value);
        }
        let hint = nearest(&text, &names)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Err(refuse(&path, format!("expected {}{hint}", list(&names, "or"))))
    }

    /// An error about this entry.
    pub(super) fn refuse(&self, what: impl Display) -> Error {
        refuse(&self.path, what)
    }

    /// The same with another kind.
    pub(super) fn refuse_as(&self, kind: ErrorKind, what: impl Display) -> Error {
        Error::new(kind, format!("{}: {what}", self.path))
    }

    fn expected(&self, what: &str) -> Error {
        refuse(&self.path, format!("expected {what}, found {}", kind(&self.value)))
    }
}

/// An error about the value at `path`.
pub(super) fn refuse(path: &str, what: impl Display) -> Error {
    Error::new(ErrorKind::InvalidConfig, format!("{path}: {what}"))
}

/// Puts the path before an error of another part, which stays its source.
pub(super) fn located(path: &str, error: Error) -> Error {
    Error::new(error.kind(), format!("{path}: {error}")).with_source(error)
}

/// The path of a table's member.
pub(super) fn member(path: &str, name: &str) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{}", shown(name))
}

/// The path of a list's element, counted from 0.
pub(super) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// A name of the file as a message may show it: on one line, and not endless.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

/// What a value is, in the words of all three formats.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing (null)",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// Names in a row: "`a`, `b` or `c`".
pub(super) fn list<S: AsRef<str>>(names: &[S], and: &str) -> String {
    let quoted = |name: &S| format!("`{}`", name.as_ref());
    match names {
        [] => "nothing".to_owned(),
        [one] => quoted(one),
        [head @ .., last] => {
            let head: Vec<String> = head.iter().map(quoted).collect();
            format!("{} {and} {}", head.join(", "), quoted(last))
        }
    }
}

/// The known name that is most like `name`, if one is like it at all.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name: String = name.chars().take(64).flat_map(char::to_lowercase).collect();
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&name, &candidate.to_lowercase()), *candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}
