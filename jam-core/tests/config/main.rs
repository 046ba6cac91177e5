//! The configuration file, as a user meets it: what is read, what is refused, and in which words.

#![cfg(feature = "config")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic in a test's helper is a failed test too"
)]

mod file;
mod key;
mod policy;
mod secret;
mod session;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use jam_core::{Error, ErrorKind, Jam};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const KEY: &str =
    "[[jam.jwt.keys]]\nalgorithm = \"HS256\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n";

/// A folder of its own for each call, removed in the end.
struct Folder(PathBuf);

fn folder() -> Folder {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("config-{}-{count}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    Folder(folder)
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays behind in the build folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn load_at(name: &str, text: &str, pointer: &str) -> Result<Jam, Error> {
    let folder = folder();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    Jam::from_config(&path, pointer)
}

fn load(text: &str) -> Result<Jam, Error> {
    load_at("jam.toml", text, "jam")
}

/// A file with these lines in `[jam.jwt]`, and a key.
fn with_jwt(lines: &str) -> Result<Jam, Error> {
    load(&format!("[jam.jwt]\n{lines}\n{KEY}"))
}

/// A file with these lines as its only key.
fn with_key(lines: &str) -> Result<Jam, Error> {
    load(&format!("[jam.jwt]\n[[jam.jwt.keys]]\n{lines}\n"))
}

/// A file with these lines in `[jam.session]`, beside both timeouts.
fn with_session(lines: &str) -> Result<Jam, Error> {
    load(&format!(
        "[jam.session]\nidle_timeout_seconds = 1800\nabsolute_timeout_seconds = 43200\n{lines}\n"
    ))
}

/// The message of a refusal of the kind.
fn refused(loaded: Result<Jam, Error>, kind: ErrorKind) -> String {
    let error = loaded.expect_err("this must be refused");
    assert_eq!(error.kind(), kind, "{error}");
    error.to_string()
}

fn invalid(loaded: Result<Jam, Error>) -> String {
    refused(loaded, ErrorKind::InvalidConfig)
}

fn later(loaded: Result<Jam, Error>) -> String {
    refused(loaded, ErrorKind::NotAvailable)
}
