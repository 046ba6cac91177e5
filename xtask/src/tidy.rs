//! `cargo xtask tidy`: the rules of the repository that no compiler knows.
//!
//! Each rule is a function from what was read to findings, so that its tests can show it failing.

mod changelog;
mod files;
mod imports;
mod manifests;
mod packages;
mod properties;
mod readme;
mod words;

use std::fmt;

use clap::Args;
use xshell::{Shell, cmd};

use crate::metadata::Metadata;
use crate::tree::{Tree, is_git_checkout};

/// A broken rule: where, what is wrong, and what to do.
pub(crate) struct Finding {
    place: String,
    fault: String,
    fix: String,
}

impl Finding {
    fn new(path: &str, line: usize, fault: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { place: format!("{path}:{line}"), fault: fault.into(), fix: fix.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    fix: {}", self.place, self.fault, self.fix)
    }
}

/// What `cargo xtask tidy` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// Also package each crate and build a user's project against it
    #[arg(long)]
    packages: bool,
}

pub(crate) fn run(sh: &Shell, options: &Options) -> anyhow::Result<()> {
    rules(sh)?;
    if options.packages { packages::run(sh) } else { Ok(()) }
}

/// Builds a user's project against each packaged crate.
pub(crate) fn packages(sh: &Shell) -> anyhow::Result<()> {
    packages::run(sh)
}

/// The rules that need no build.
pub(crate) fn rules(sh: &Shell) -> anyhow::Result<()> {
    let tree = Tree::load(sh)?;
    let metadata = Metadata::load(sh)?;
    let mut findings = imports::check(&metadata);
    findings.extend(words::check(&tree));
    findings.extend(files::check(&tree));
    findings.extend(readme::check(&tree, &metadata));
    findings.extend(manifests::check(&tree, &metadata));
    findings.extend(changelog::check(&tree));
    findings.extend(properties::check(&tree));
    findings.extend(lock_file(sh));
    conclude(&findings, "cargo xtask tidy")?;
    println!("tidy: {} files, every rule holds", tree.files().count());
    Ok(())
}

/// Prints the findings and fails when there are any.
fn conclude(findings: &[Finding], command: &str) -> anyhow::Result<()> {
    for finding in findings {
        println!("{finding}");
    }
    let count = findings.len();
    anyhow::ensure!(count == 0, "tidy: {count} finding(s); look again with `{command}`");
    Ok(())
}

pub(crate) fn print_properties(sh: &Shell) -> anyhow::Result<()> {
    print!("{}", properties::table(&Tree::load(sh)?));
    Ok(())
}

/// Everyone builds the same versions only if the lock file travels with the source. (In an
/// unpacked archive it did, or cargo would have refused already.)
fn lock_file(sh: &Shell) -> Option<Finding> {
    if !is_git_checkout(sh) {
        return None;
    }
    let tracked = cmd!(sh, "git -c safe.directory=* ls-files --error-unmatch Cargo.lock")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run();
    let finding = || Finding::new("Cargo.lock", 1, "not tracked by git", "`git add Cargo.lock`");
    tracked.is_err().then(finding)
}
