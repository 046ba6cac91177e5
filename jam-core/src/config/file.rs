//! Reading the file into one tree, and finding the section in it.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::table::{kind, list, member, nearest, shown};
use crate::{Error, ErrorKind, json};

/// No configuration and no key is larger; an endless file is not read to its end.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The whole file.
pub(super) fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            let message = format!(
                "cannot read `{}`: {error}; check the path and who may read it",
                path.display()
            );
            Error::new(ErrorKind::Io, message).with_source(error)
        })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::new(
            ErrorKind::Io,
            format!(
                "`{}` is larger than {MAX_FILE_BYTES} bytes; is it the right file?",
                path.display()
            ),
        ));
    }
    Ok(bytes)
}

/// The file as a tree, by its extension.
pub(super) fn tree(path: &Path) -> Result<Value, Error> {
    let extension =
        path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let parse: fn(&str) -> Result<Value, Flaw> = match extension.as_str() {
        "toml" => toml_tree,
        "yaml" | "yml" => yaml_tree,
        "json" => json_tree,
        _ => return Err(refuse(path, "the name must end in .toml, .yaml, .yml or .json")),
    };
    let bytes = bytes(path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| refuse(path, "the file is not UTF-8; save it as UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    parse(text).map_err(|flaw| match flaw.at {
        Some((line, column)) => {
            refuse(path, format!("line {line}, column {column}: {}", flaw.what))
        }
        None => refuse(path, flaw.what),
    })
}

fn refuse(path: &Path, what: impl Display) -> Error {
    Error::new(ErrorKind::InvalidConfig, format!("{}: {what}", path.display()))
}

/// Why and where a file does not parse. The parsers' own errors are not kept as a source: they
/// hold lines of the file, and with them secrets.
struct Flaw {
    at: Option<(u64, u64)>,
    what: String,
}

fn toml_tree(text: &str) -> Result<Value, Flaw> {
    let flaw =
        |start: usize, what: &str| Flaw { at: Some(position(text, start)), what: what.to_owned() };
    // `message()` is put together from the grammar alone; only `Display` shows the source.
    let table = DeTable::parse(text)
        .map_err(|error| flaw(error.span().map_or(0, |span| span.start), error.message()))?;
    toml_table(table.into_inner()).map_err(|(start, what)| flaw(start, what))
}

fn toml_table(table: DeTable<'_>) -> Result<Value, (usize, &'static str)> {
    let members = table.into_iter().map(|(name, value)| {
        let start = value.span().start;
        Ok((name.into_inner().into_owned(), toml_value(value.into_inner(), start)?))
    });
    members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

fn toml_value(value: DeValue<'_>, start: usize) -> Result<Value, (usize, &'static str)> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Value::from)
            .map_err(|_| (start, "this integer does not fit into 64 bits"))?,
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or((start, "this number is not finite"))?,
        DeValue::Array(items) => items
            .into_iter()
            .map(|item| {
                let start = item.span().start;
                toml_value(item.into_inner(), start)
            })
            .collect::<Result<_, _>>()
            .map(Value::Array)?,
        DeValue::Table(table) => toml_table(table)?,
    })
}

/// Line and column, both from 1, of a byte of the text.
fn position(text: &str, byte: usize) -> (u64, u64) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line as u64, column as u64)
}

fn yaml_tree(text: &str) -> Result<Value, Flaw> {
    use serde_saphyr::Error as E;
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::Reject,
        // `on`, `off`, `yes` and `no` are words here, as in YAML 1.2.
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location().filter(|at| at.line() > 0).map(|at| (at.line(), at.column()));
        // The parser's messages may quote the value they stumble over, so each gets our own words.
        let what = match error.without_snippet() {
            E::DuplicateMappingKey { .. } => "a key stands here for the second time; keep one",
            E::MultipleDocuments { .. } => "a second document begins here; keep one",
            E::NonFiniteFloat { .. } => "this number is not finite",
            E::UnknownAnchor { .. } => {
                "this alias has no anchor; put a text that begins with `*` into quotes"
            }
            E::UnsupportedTag { .. } => {
                "tags are not known here; put a text that begins with `!` into quotes"
            }
            E::Budget { .. } => "the file is nested too deeply or holds too much",
            _ => "this is no valid YAML; check indentation (no tabs), colons, brackets and quotes",
        };
        Flaw { at, what: what.to_owned() }
    })
}

fn json_tree(text: &str) -> Result<Value, Flaw> {
    let tree = serde_json::from_str(text).map_err(|error| Flaw {
        at: Some((error.line() as u64, error.column().max(1) as u64)),
        what: "this is no valid JSON; check commas, brackets and quotes".to_owned(),
    })?;
    json::check(text.as_bytes(), &json::Limits::KEY).map_err(|fault| Flaw {
        at: None,
        what: match fault {
            json::Fault::Duplicate => "an object names a member twice; keep one".to_owned(),
            _ => "the file is nested too deeply or holds too much".to_owned(),
        },
    })?;
    Ok(tree)
}

/// The section that `pointer` names, dots between nested ones.
pub(super) fn section(tree: Value, path: &Path, pointer: &str) -> Result<Value, Error> {
    let mut here = tree;
    let mut walked = String::new();
    for name in pointer.split('.') {
        let mut members = match here {
            Value::Object(members) => members,
            other if walked.is_empty() => {
                return Err(refuse(
                    path,
                    format!("expected a table of sections, found {}", kind(&other)),
                ));
            }
            other => {
                return Err(refuse(path, format!("`{walked}` is {}, no section", kind(&other))));
            }
        };
        here =
            members.remove(name).ok_or_else(|| refuse(path, missing(&walked, name, &members)))?;
        walked = member(&walked, name);
    }
    Ok(here)
}

fn missing(walked: &str, name: &str, members: &Map<String, Value>) -> String {
    let sections: Vec<&str> = members
        .iter()
        .filter(|(_, value)| value.is_object())
        .map(|(name, _)| name.as_str())
        .collect();
    let wanted = member(walked, name);
    let place = if walked.is_empty() { "the file".to_owned() } else { format!("`{walked}`") };
    let names: Vec<String> = sections.iter().map(|name| member(walked, name)).collect();
    match nearest(name, &sections) {
        Some(near) => format!(
            "no section `{wanted}`; did you mean `{}`? {place} has {}",
            member(walked, near),
            list(&names, "and")
        ),
        None if names.is_empty() => {
            format!("no section `{wanted}`; {place} has none: add `[{}]`", shown(name))
        }
        None => format!("no section `{wanted}`; {place} has {}", list(&names, "and")),
    }
}
