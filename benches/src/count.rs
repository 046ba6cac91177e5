//! Allocations, counted in a process of its own: the allocator that counts is slow, and everybody
//! who allocates more than Jam would pay for it in the time tables.

use std::collections::HashMap;
use std::env;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The counts of the `allocations` program, by the path of what was counted.
pub struct Counts(HashMap<String, i64>);

impl Counts {
    /// Builds and runs the program for one of the benchmarks.
    pub fn load(what: &str) -> Result<Self> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| "benches".into());
        let output = Command::new(cargo)
            .args(["run", "--quiet", "--release", "--locked", "--bin", "allocations"])
            .args(["--manifest-path", &format!("{folder}/Cargo.toml"), "--", what])
            // A build script among the peers runs again wherever this is another.
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .context("cannot run cargo")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`allocations` failed: {errors}");
        Self::parse(&String::from_utf8(output.stdout)?)
    }

    fn parse(lines: &str) -> Result<Self> {
        let pair = |line: &str| {
            let (path, count) = line.split_once('\t')?;
            Some((path.to_owned(), count.parse().ok()?))
        };
        let counts: Option<_> = lines.lines().map(pair).collect();
        counts.map(Self).context("`allocations` printed something else")
    }

    /// One count; `None` for who did not run.
    pub fn get(&self, path: &str) -> Option<i64> {
        self.0.get(path).copied()
    }
}

/// How somebody is called where a table's name will not do.
pub fn path(table: &str, column: &str, name: &str) -> String {
    format!("{table}/{column}/{name}")
}
