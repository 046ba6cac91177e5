//! The configuration file: one tree out of TOML, YAML or JSON, variables expanded once, and a
//! walker that knows every key. A message names the key's full path and what is expected there;
//! it never shows a value, since a variable may put a secret anywhere.

mod carriage;
mod expand;
mod file;
mod jwt;
mod key;
mod session;
mod table;

use std::path::Path;

use crate::{Error, ErrorKind, Jam, JamBuilder};
use expand::Environment;
use table::Table;

const KEYS: &[&str] = &["realm", "jwt", "session", "csrf", "refresh", "revocation"];

/// Tables of the contract that this version refuses, and what each would turn on.
const LATER: [(&str, &str); 2] =
    [("refresh", "refresh tokens are"), ("revocation", "revocation is")];

/// Reads the section `pointer` (dotted when nested) of the file at `path`.
///
/// # Errors
///
/// `Io` when the file or a key file cannot be read, `NotAvailable` for a key of a later version,
/// the key's own kind (usually `WeakOrInvalidKey`) for a refused key, `InvalidConfig` for the rest.
pub(crate) fn load(path: &Path, pointer: &str) -> Result<JamBuilder, Error> {
    load_with(path, pointer, &|name| std::env::var(name))
}

fn load_with(
    path: &Path,
    pointer: &str,
    environment: Environment<'_>,
) -> Result<JamBuilder, Error> {
    let section = file::section(file::tree(path)?, path, pointer)?;
    let mut table = Table::open(pointer, section, KEYS)?;
    for (key, what) in LATER {
        if let Some(entry) = table.take(key) {
            return Err(
                entry.refuse_as(ErrorKind::NotAvailable, format!("{what} not available yet"))
            );
        }
    }
    table.expand(environment)?;
    let mut builder = Jam::builder();
    if let Some(realm) = table.take("realm") {
        builder = builder.realm(realm.text()?);
    }
    if let Some(jwt) = table.take("jwt") {
        // A key file is named relative to the file that names it, wherever the program runs.
        let folder = path.parent().unwrap_or(Path::new(""));
        builder = builder.jwt(jwt::backend(jwt, folder)?);
    }
    if let Some(session) = table.take("session") {
        builder = builder.session(session::backend(session)?);
    }
    if let Some(csrf) = table.take("csrf") {
        builder = builder.csrf(session::csrf(csrf)?);
    }
    Ok(builder)
}

#[cfg(test)]
mod tests;
