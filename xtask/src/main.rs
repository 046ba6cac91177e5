//! `cargo xtask`: the workspace's own chores.
//!
//! `test-all` is what decides whether a change is good, here and on every other machine; `tidy`
//! keeps the rules of the repository that no compiler knows; `properties` says which test proves
//! which property; `bench` runs the benchmarks, which live outside the workspace.

mod bench;
mod metadata;
mod plan;
mod python;
mod source;
mod test_all;
mod tidy;
mod tools;
mod tree;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use xshell::Shell;

/// The chores of the Jam workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that must hold: formatting, tidy, lints, docs, feature combinations, all tests
    TestAll(test_all::Options),
    /// The repository's own rules: who imports whom, words, versions, README, test names
    Tidy(tidy::Options),
    /// Which tests prove which security property
    Properties,
    /// A benchmark of the `benches` package
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<()> {
    // `cargo run` says where this package lies; the binary itself may have been built elsewhere.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
    let sh = Shell::new()?;
    sh.change_dir(package);
    sh.change_dir("..");
    match chore {
        Chore::TestAll(options) => test_all::run(&sh, &options),
        Chore::Tidy(options) => tidy::run(&sh, &options),
        Chore::Properties => tidy::print_properties(&sh),
        Chore::Bench(options) => bench::run(&sh, &options),
    }
}
