//! What may stand on the command line, and the answer to what may not.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::RangedU64ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use jam_core::key::Algorithm;

use crate::failure;

/// The last second of the year 9999, past which no token may speak of a time.
const LAST_SECOND: u64 = 253_402_300_799;

/// Tokens, keys and configurations of the Jam authentication layer.
#[derive(Parser)]
#[command(
    name = "jam",
    version,
    after_help = "Results go to stdout, messages to stderr, logs (RUST_LOG) to stderr.\n\
        Exit code: 0 success; 1 something was refused or not found; \
        2 bad usage, bad configuration or a bad key."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the configuration is.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Configuration file: TOML, YAML or JSON, by its extension
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "JAM_CONFIG",
        default_value = "jam.toml"
    )]
    pub(crate) config: PathBuf,
    /// Section of that file; dots lead into nested ones
    #[arg(long, global = true, value_name = "NAME", default_value = "jam")]
    pub(crate) pointer: String,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make, verify and inspect tokens
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Generate keys and publish their public halves; needs no configuration file
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Create, look at and end sessions in the configured store
    Session {
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// Check the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Sign one token with the first configured key and print it
    Make(Make),
    /// Verify one token, or as many as stdin holds
    #[command(after_long_help = VERIFY_HELP)]
    Verify(Verify),
    /// Show what a token says, without verifying anything; needs no configuration file
    Inspect {
        /// The token. Better on stdin: arguments show in process lists
        token: Option<OsString>,
    },
}

const VERIFY_HELP: &str = "\
Answers one JSON object a line, in the order of the input:
  {\"line\":1,\"ok\":true,\"alg\":\"HS256\",\"kid\":\"2026-11\",\"claims\":{…}}
  {\"line\":2,\"ok\":false,\"error\":\"expired\"}
With `--input jsonl`, \"id\" stands in place of \"line\" wherever the line has a readable one (of at
most 64 KiB).

Lines are bytes and are not trimmed; one \\r before \\n is taken off. An empty line is a malformed
token, except for the empty rest after the final newline. A jsonl line of more than 64 MiB is
too_large. Input of any length is streamed.

The summary (count, ok, refused by kind, tokens a second) is always on stderr. Exit code: 0 all are
good, 1 one or more were refused or the answers could not all be delivered.";

#[derive(clap::Args)]
pub(crate) struct Make {
    /// The claims: a JSON object, `@FILE`, or `-` for stdin. They are laid over `jti`, `iat`,
    /// `exp`, `iss`, `aud` and the options below
    #[arg(long, value_name = "JSON")]
    pub(crate) claims: String,
    /// The `sub` claim
    #[arg(long, value_name = "S")]
    pub(crate) subject: Option<String>,
    /// Lifetime in seconds; default: the configured one
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u64>::new().range(..=LAST_SECOND))]
    pub(crate) expires_in: Option<u64>,
    #[command(flatten)]
    pub(crate) time: Time,
}

#[derive(clap::Args)]
pub(crate) struct Time {
    /// Sets the clock, in seconds since 1970 (UTC)
    #[arg(long, value_name = "UNIX", value_parser = RangedU64ValueParser::<u64>::new().range(..=LAST_SECOND))]
    pub(crate) now: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct Verify {
    /// The token. Better on stdin: arguments show in process lists
    pub(crate) token: Option<OsString>,
    /// What a line of stdin holds
    #[arg(long, value_enum, default_value_t = Input::Lines)]
    pub(crate) input: Input,
    /// Judge header, key and signature only; answers `payload` (any bytes) in base64url
    #[arg(long)]
    pub(crate) jws: bool,
    #[command(flatten)]
    pub(crate) time: Time,
    /// Threads that verify; default: one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Print the summary only
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Input {
    /// A token
    Lines,
    /// A JSON object with `id` (any JSON value) and `token` (a string)
    Jsonl,
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Generate a private key and print it
    Generate(Generate),
    /// Read a JWK, a JWK set or a PEM from stdin and print the public JWK set
    Public(Public),
}

#[derive(clap::Args)]
pub(crate) struct Generate {
    /// HS256/384/512, RS256/384/512, PS256/384/512, ES256, ES384 or EdDSA (also spelled Ed25519)
    #[arg(long, value_name = "A", value_parser = algorithm)]
    pub(crate) algorithm: Algorithm,
    /// The key's id, `kid`
    #[arg(long, value_name = "KID")]
    pub(crate) id: Option<String>,
    /// Symmetric keys have no PEM form
    #[arg(long, value_enum, default_value_t = Format::Jwk)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A JSON Web Key (RFC 7517)
    Jwk,
    /// PKCS#8 in PEM (RFC 5958, RFC 7468)
    Pem,
}

#[derive(clap::Args)]
pub(crate) struct Public {
    /// For keys that do not name theirs: an RSA PEM, an RSA JWK without `alg`
    #[arg(long, value_name = "A", value_parser = algorithm)]
    pub(crate) algorithm: Option<Algorithm>,
    /// The `kid` of a PEM, which cannot hold one itself
    #[arg(long, value_name = "KID")]
    pub(crate) id: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum SessionCommand {
    /// Create a session
    Create {
        /// Whose session it is
        subject: String,
        /// What it holds: a JSON object, `@FILE`, or `-` for stdin
        #[arg(long, value_name = "JSON", default_value = "{}")]
        data: String,
    },
    /// Show a session
    // One id in 64 begins with a hyphen, and one of those with `-h`.
    #[command(disable_help_flag = true)]
    Get {
        /// The session's id. Better on stdin: arguments show in process lists
        #[arg(allow_hyphen_values = true)]
        id: Option<OsString>,
        /// Print help
        #[arg(long, action = ArgAction::Help)]
        help: Option<bool>,
    },
    /// List a subject's sessions
    List {
        /// Whose sessions
        subject: String,
    },
    /// End one session
    #[command(disable_help_flag = true)]
    Revoke {
        /// The public handle that `list` shows
        #[arg(allow_hyphen_values = true)]
        handle: String,
        /// Print help
        #[arg(long, action = ArgAction::Help)]
        help: Option<bool>,
    },
    /// End all sessions of a subject
    Clear {
        /// Whose sessions
        subject: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the file and print the policy in force as JSON, without secrets
    Check,
}

fn algorithm(name: &str) -> Result<Algorithm, jam_core::Error> {
    name.parse()
}

/// Prints help on stdout and faults on stderr, and gives the exit code for it.
pub(crate) fn explain(mut error: clap::Error) -> ExitCode {
    hide_values(&mut error);
    let text = error.render().to_string();
    if !error.use_stderr() {
        return match failure::print(text.trim_end().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        };
    }
    let mut stderr = std::io::stderr().lock();
    // Nothing is left to tell it to when stderr itself is closed.
    let _ = match text.strip_prefix("error: ") {
        Some(fault) => write!(stderr, "jam: bad_usage: {fault}"),
        None => write!(stderr, "{text}"),
    };
    ExitCode::from(2)
}

/// A misplaced argument may be a token or a key: what is long enough for one is not repeated.
fn hide_values(error: &mut clap::Error) {
    const LONGEST_SHOWN: usize = 24;
    let kinds = match error.kind() {
        ErrorKind::UnknownArgument => [ContextKind::InvalidArg, ContextKind::InvalidValue],
        _ => [ContextKind::InvalidSubcommand, ContextKind::InvalidValue],
    };
    for kind in kinds {
        if matches!(error.get(kind), Some(ContextValue::String(text)) if text.len() > LONGEST_SHOWN)
        {
            error.insert(kind, ContextValue::String("(not shown)".into()));
            error.remove(ContextKind::Suggested);
        }
    }
}
