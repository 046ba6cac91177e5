//! The `jam` command: tokens, keys and configurations from a shell.
//!
//! ```sh
//! export JAM_SECRET=$(openssl rand -hex 32)
//! printf '[[jam.jwt.keys]]\nalgorithm = "HS256"\nsecret = "$JAM_SECRET"\n' > jam.toml
//! jam token make --claims '{"user": "alice"}' | jam token verify
//! ```
//!
//! Results go to stdout, messages to stderr. The exit code is 0 for success, 1 when something was
//! refused or not found, and 2 for bad usage, a bad configuration or a bad key.

mod answer;
mod args;
mod batch;
mod failure;
mod keys;
mod pieces;
mod progress;
mod record;
mod session;
mod settings;
mod tally;
mod token;

use std::process::ExitCode;

use clap::Parser;
use failure::Failure;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return args::explain(error),
    };
    watch();
    match run(args) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(args: args::Args) -> Result<ExitCode, Failure> {
    use args::{Command, ConfigCommand, KeysCommand, TokenCommand};

    match args.command {
        Command::Token { command: TokenCommand::Make(make) } => token::make(&args.place, &make),
        Command::Token { command: TokenCommand::Verify(verify) } => {
            token::verify(&args.place, verify)
        }
        Command::Token { command: TokenCommand::Inspect { token } } => token::inspect(token),
        Command::Keys { command: KeysCommand::Generate(generate) } => keys::generate(&generate),
        Command::Keys { command: KeysCommand::Public(public) } => keys::public(&public),
        Command::Config { command: ConfigCommand::Check } => settings::check(&args.place),
        Command::Session { command } => session::run(&args.place, command),
    }
}

/// Logs go to stderr at the level of `RUST_LOG`; warnings only when it says nothing.
fn watch() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
