//! The benchmarks: a package of its own beside the workspace, since the peers it measures against
//! are heavy and their versions collide with ours.

use clap::{Args, ValueEnum};
use xshell::{Shell, cmd};

const MANIFEST: &str = "benches/Cargo.toml";

/// What `cargo xtask bench` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// What to measure
    what: Bench,
    /// Handed to the benchmark, after `--`
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// Signing, verifying and batches, against the floor and the peers
    Tokens,
    /// What authentication adds to a request
    Requests,
    /// Sessions in memory, against maps and the store of tower-sessions
    Store,
}

pub(crate) fn run(sh: &Shell, options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(
        sh.path_exists(MANIFEST),
        "{MANIFEST} is not there: this checkout has no benchmarks; get the whole repository"
    );
    let bin = match options.what {
        Bench::Tokens => "tokens",
        Bench::Requests => "requests",
        Bench::Store => "store",
    };
    let rest = &options.rest;
    // glibc gives memory back to the system and takes it again whenever a turn ends, at the cost of
    // whoever's turn it is: it is to keep what it has.
    let _trim = sh.push_env("MALLOC_TRIM_THRESHOLD_", "8589934592");
    let _top = sh.push_env("MALLOC_TOP_PAD_", "67108864");
    cmd!(sh, "cargo run --release --locked --manifest-path {MANIFEST} --bin {bin} -- {rest...}")
        .run()?;
    Ok(())
}
