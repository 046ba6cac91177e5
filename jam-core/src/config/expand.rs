//! `$NAME`, `${NAME}` and `${NAME:-default}` in strings.
//!
//! The default stands in for a variable that is unset or empty, as in a shell; it is plain text up
//! to the first `}`. `$$` is a dollar sign, and so is a `$` that no name follows. What a variable
//! holds is taken as it is: nothing in it is expanded again.

use std::env::VarError;

use serde_json::Value;

use super::table::{element, member};
use crate::{Error, ErrorKind};

/// Looks a variable up.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Result<String, VarError>;

/// Expands every string of a value; `path` names the value in errors.
pub(super) fn expand(
    value: &mut Value,
    path: &str,
    environment: Environment<'_>,
) -> Result<(), Error> {
    match value {
        Value::String(text) if text.contains('$') => *text = expanded(text, path, environment)?,
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand(item, &element(path, index), environment)?;
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                expand(value, &member(path, name), environment)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn expanded(text: &str, path: &str, environment: Environment<'_>) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some(after) = after.strip_prefix('{') {
            let (inner, after) = after.split_once('}').ok_or_else(|| malformed(path))?;
            out.push_str(&braced(inner, path, environment)?);
            after
        } else {
            match split_name(after) {
                ("", after) => {
                    out.push('$');
                    after
                }
                (name, after) => {
                    out.push_str(
                        &look_up(name, path, environment)?.ok_or_else(|| unset(name, path))?,
                    );
                    after
                }
            }
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// What stands for `${inner}`.
fn braced(inner: &str, path: &str, environment: Environment<'_>) -> Result<String, Error> {
    let (name, rest) = split_name(inner);
    if name.is_empty() {
        return Err(malformed(path));
    }
    let value = look_up(name, path, environment)?;
    if rest.is_empty() {
        return value.ok_or_else(|| unset(name, path));
    }
    let default = rest.strip_prefix(":-").ok_or_else(|| malformed(path))?;
    // A variable inside a default would need a grammar of nested braces: refused, not half done.
    if default.replace("$$", "").contains('$') {
        return Err(malformed(path));
    }
    Ok(value.filter(|value| !value.is_empty()).unwrap_or_else(|| default.replace("$$", "$")))
}

/// The longest name (`[A-Za-z_][A-Za-z0-9_]*`) that the text begins with, and what follows it.
fn split_name(text: &str) -> (&str, &str) {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return ("", text);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at(end)
}

fn look_up(name: &str, path: &str, environment: Environment<'_>) -> Result<Option<String>, Error> {
    match environment(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        // The variable's bytes are in this error: it is no source of ours.
        Err(VarError::NotUnicode(_)) => Err(Error::new(
            ErrorKind::InvalidConfig,
            format!("{path}: the environment variable `{name}` is not UTF-8"),
        )),
    }
}

fn unset(name: &str, path: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!(
            "{path}: the environment variable `{name}` is not set; set it, or write `$$` for a plain `$`"
        ),
    )
}

fn malformed(path: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!(
            "{path}: a `${{` that is no variable; write `${{NAME}}` or `${{NAME:-default}}`, and `$$` for a plain `$`"
        ),
    )
}
