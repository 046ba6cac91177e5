//! Instructions, where time is too noisy to tell.

use std::env;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Counts the instructions of `times` pieces of work by running this program again under
/// callgrind, with `--callgrind PATH`; the count for one piece.
///
/// Callgrind knows no SHA extensions, so hashing costs more there than it does.
pub fn instructions(path: &str, times: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*contestant::measured*")
        .arg(env::current_exe()?)
        .args(["--callgrind", path, "--times", &times.to_string()])
        .output()
        .context("cannot run valgrind: install it")?;
    let report = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {report}");
    // "==123== Collected : 456"
    let Some((_, count)) = report.lines().find_map(|line| line.split_once("Collected : ")) else {
        bail!("valgrind counted nothing: {report}");
    };
    Ok(count.trim().parse::<u64>()? / u64::from(times))
}
