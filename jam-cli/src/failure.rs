//! The end of a command that did not succeed: a kind, a message and an exit code.

use std::borrow::Cow;
use std::error::Error as _;
use std::io::{self, Write};
use std::process::ExitCode;

use jam_core::{Error, ErrorKind};

/// Something was refused or not found.
const REFUSED: u8 = 1;
/// Bad usage, bad configuration or a bad key.
const BAD: u8 = 2;

#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    /// `None`: whoever read our output has left, and there is nothing to say.
    message: Option<(&'static str, Cow<'static, str>)>,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: BAD, message: Some(("bad_usage", message.into())) }
    }

    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: REFUSED, message: Some(("not_found", message.into())) }
    }

    pub(crate) fn of(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error::new(kind, message).into()
    }

    /// What the caller wrote was refused, whatever its kind says of tokens.
    pub(crate) fn from_usage(error: Error) -> Self {
        Self { code: BAD, ..error.into() }
    }

    /// Tells stderr, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if let Some((kind, message)) = &self.message {
            // Nothing is left to tell it to when stderr itself is closed.
            let _ = writeln!(io::stderr(), "jam: {kind}: {message}");
        }
        ExitCode::from(self.code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // The kinds up to `Revoked` judge a token, some others a session; the rest are about us.
        let code = match error.kind() {
            kind if kind <= ErrorKind::Revoked => REFUSED,
            ErrorKind::SessionEnded
            | ErrorKind::Conflict
            | ErrorKind::TooManySessions
            | ErrorKind::RecordTooLarge
            | ErrorKind::UndecodableRecord => REFUSED,
            _ => BAD,
        };
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            let text = source.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = source.source();
        }
        Self { code, message: Some((error.kind().as_str(), message.into())) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { code: REFUSED, message: None };
        }
        Self { code: BAD, message: Some((ErrorKind::Io.as_str(), error.to_string().into())) }
    }
}

/// Prints one result and a newline on stdout.
pub(crate) fn print(result: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(result)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}
