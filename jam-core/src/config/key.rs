//! `[[jwt.keys]]`: each entry is one key, or one set of keys, in one of nine forms.

use std::path::Path;

use zeroize::Zeroizing;

use super::file;
use super::table::{Entry, Table, list, located, member, nearest, refuse};
use crate::key::{Algorithm, Key, KeyRing};
use crate::{Error, ErrorKind};

/// What an entry may hold besides its key.
const ABOUT: [&str; 4] = ["id", "algorithm", "algorithms", "issuer"];

/// Key sets that are fetched: of a later version.
const FETCHED: [&str; 8] = [
    "jwks_url",
    "allow_http",
    "allow_private",
    "refresh_seconds",
    "min_interval_seconds",
    "max_age_seconds",
    "timeout_ms",
    "max_bytes",
];

const FORMS: [(&str, Form); 9] = [
    ("secret", Form::Secret),
    ("secret_base64url", Form::SecretBase64Url),
    ("pem", Form::Pem),
    ("pem_file", Form::PemFile),
    ("der_base64", Form::Der),
    ("jwk", Form::Jwk),
    ("jwk_file", Form::JwkFile),
    ("jwks", Form::Set),
    ("jwks_file", Form::SetFile),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Secret,
    SecretBase64Url,
    Pem,
    PemFile,
    Der,
    Jwk,
    JwkFile,
    Set,
    SetFile,
}

/// The ring of all entries; files are named relative to `folder`.
pub(super) fn ring(entry: Entry, folder: &Path) -> Result<KeyRing, Error> {
    let path = entry.path().to_owned();
    let mut keys = Vec::new();
    for entry in entry.filled_list("a list of tables (in TOML `[[...]]`)", "add a key")? {
        keys.extend(keys_of(entry, folder)?);
    }
    KeyRing::new(keys).map_err(|error| located(&path, error))
}

fn keys_of(entry: Entry, folder: &Path) -> Result<Vec<Key>, Error> {
    let forms = FORMS.iter().map(|(name, _)| *name);
    let known: Vec<&str> = ABOUT.into_iter().chain(forms).chain(FETCHED).collect();
    let mut table = entry.table(&known)?;
    if let Some(entry) = FETCHED.iter().find_map(|key| table.take(key)) {
        let message =
            "fetching key sets is not available yet; download the set and name it with `jwks_file`";
        return Err(entry.refuse_as(ErrorKind::NotAvailable, message));
    }
    let (form, material) = material(&mut table)?;
    let issuer = table.take("issuer").map(Entry::text).transpose()?;
    let keys = match form {
        Form::Set | Form::SetFile => set(&mut table, form, material, folder)?,
        _ => vec![single(&mut table, form, material, folder)?],
    };
    Ok(match issuer {
        Some(issuer) => keys.into_iter().map(|key| key.with_issuer(issuer.clone())).collect(),
        None => keys,
    })
}

/// The one form that the entry's key has.
fn material(table: &mut Table) -> Result<(Form, Entry), Error> {
    let found: Vec<_> =
        FORMS.iter().filter_map(|(name, form)| Some((*name, *form, table.take(name)?))).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some((_, form, entry)), None) => Ok((form, entry)),
        (Some((first, ..)), Some((second, ..))) => Err(table.refuse(format!(
            "`{first}` and `{second}` are two keys; give each an entry of its own"
        ))),
        (None, _) => {
            let names = FORMS.map(|(name, _)| name);
            Err(table
                .refuse(format!("the key itself is missing; give one of {}", list(&names, "or"))))
        }
    }
}

fn single(table: &mut Table, form: Form, material: Entry, folder: &Path) -> Result<Key, Error> {
    if let Some(entry) = table.take("algorithms") {
        return Err(entry.refuse("a list is for a key set; a single key has one `algorithm`"));
    }
    let algorithm = table.take("algorithm").map(algorithm).transpose()?;
    let id = table.take("id").map(Entry::text).transpose()?;
    let path = material.path().to_owned();
    let key = if let Form::Jwk | Form::JwkFile = form {
        let text = if form == Form::Jwk { material.json()? } else { text_file(material, folder)? };
        Key::from_jwk(algorithm, &text)
    } else {
        let algorithm = algorithm.ok_or_else(|| {
            table.refuse("`algorithm` is missing; it is bound to the key, never read from a token")
        })?;
        match form {
            Form::Secret => Key::from_secret(algorithm, material.secret()?.as_bytes()),
            Form::SecretBase64Url => Key::from_secret_base64url(algorithm, &material.secret()?),
            Form::Pem => Key::from_pem(algorithm, material.secret()?.as_bytes()),
            Form::PemFile => Key::from_pem(algorithm, &*bytes_file(material, folder)?),
            _ => Key::from_der(algorithm, &der(material)?),
        }
    };
    let key = key.map_err(|error| located(&path, error))?;
    identified(table, key, id)
}

/// Gives the key its id; one that it brought along must be the same.
fn identified(table: &Table, key: Key, id: Option<String>) -> Result<Key, Error> {
    match (id, key.id()) {
        (Some(id), Some(own)) if id != own => Err(table.refuse(
            "`id` and the `kid` inside the JWK differ; leave `id` out, or make them equal",
        )),
        (Some(id), None) => {
            key.with_id(id).map_err(|error| located(&member(table.path(), "id"), error))
        }
        _ => Ok(key),
    }
}

fn set(table: &mut Table, form: Form, material: Entry, folder: &Path) -> Result<Vec<Key>, Error> {
    if let Some(entry) = table.take("algorithm") {
        return Err(entry.refuse("a key set has a list instead: `algorithms = [...]`"));
    }
    if let Some(entry) = table.take("id") {
        return Err(
            entry.refuse("the members of a key set have ids of their own (`kid`); leave `id` out")
        );
    }
    let algorithms = table
        .take("algorithms")
        .ok_or_else(|| {
            table.refuse("`algorithms` is missing; list those that the set's keys may have")
        })?
        .filled_list("a list of algorithms", "list those that the set's keys may have")?
        .into_iter()
        .map(algorithm)
        .collect::<Result<Vec<_>, _>>()?;
    let path = material.path().to_owned();
    let text = if form == Form::Set { material.json()? } else { text_file(material, folder)? };
    let ring = KeyRing::from_jwks(&text, &algorithms).map_err(|error| located(&path, error))?;
    Ok(ring.keys().to_vec())
}

fn algorithm(entry: Entry) -> Result<Algorithm, Error> {
    let path = entry.path().to_owned();
    let text = entry.text()?;
    text.parse().map_err(|_| {
        let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
        let hint = nearest(&text, &names)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        refuse(&path, format!("no algorithm of this name; expected {}{hint}", list(&names, "or")))
    })
}

/// Base64 of the standard alphabet; line breaks and missing padding do no harm.
fn der(entry: Entry) -> Result<Zeroizing<Vec<u8>>, Error> {
    let path = entry.path().to_owned();
    let text = entry.secret()?;
    base64_simd::forgiving_decode_to_vec(text.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| refuse(&path, "expected base64 (RFC 4648 §4) of the key's DER form"))
}

fn text_file(entry: Entry, folder: &Path) -> Result<Zeroizing<String>, Error> {
    let path = entry.path().to_owned();
    let bytes = bytes_file(entry, folder)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| refuse(&path, "the file is not UTF-8, so no JSON"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn bytes_file(entry: Entry, folder: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let path = entry.path().to_owned();
    let name = entry.text()?;
    // A path is shown when it cannot be read, so a key that was put here by mistake must not be
    // taken for one.
    if name.contains(char::is_control)
        || name.contains("-----BEGIN")
        || name.trim_start().starts_with('{')
    {
        return Err(refuse(
            &path,
            "expected a file's path, found the key itself; drop `_file` from the name",
        ));
    }
    file::bytes(&folder.join(name)).map_err(|error| located(&path, error))
}
