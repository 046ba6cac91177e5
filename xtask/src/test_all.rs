//! `cargo xtask test-all`: runs the plan, says what it does, and says loudly what it leaves out.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use xshell::{Shell, cmd};

use crate::metadata::{Metadata, Package};
use crate::plan::{Call, Facts, Member, Run, Step, StepName, steps};
use crate::python::Python;
use crate::{tidy, tools};

/// The vectors belong to their authors and lie beside the checkout, not in it.
const VECTORS: &str = "../shared/vectors";

/// What `cargo xtask test-all` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave a step out (again for more); said at the start and at the end
    #[arg(long, value_name = "STEP")]
    skip: Vec<StepName>,
    /// Do not stop at the first failure
    #[arg(long)]
    keep_going: bool,
}

enum Outcome {
    Passed(Duration),
    Failed(Duration),
    LeftOut(String),
    NotReached,
}

pub(crate) fn run(sh: &Shell, options: &Options) -> anyhow::Result<()> {
    let has_vectors = sh.path_exists(VECTORS);
    let left_out = |name: StepName| why_left_out(name, options, has_vectors);
    let (steps, python) = prepare(sh, &left_out)?;
    let mut outcomes: Vec<(StepName, Outcome)> = Vec::new();
    let mut failed = false;
    for (index, step) in steps.iter().enumerate() {
        let outcome = if let Some(reason) = left_out(step.name) {
            Outcome::LeftOut(reason)
        } else if failed && !options.keep_going {
            Outcome::NotReached
        } else {
            println!("\n== {}/{} {}: {}", index + 1, steps.len(), step.name.as_str(), step.proves);
            timed(|| carry_out(sh, step, &python))
        };
        failed |= matches!(outcome, Outcome::Failed(_));
        outcomes.push((step.name, outcome));
    }
    print!("{}", report(&outcomes));
    ensure!(!failed, "test-all: FAILED");
    Ok(())
}

/// Tools, dependencies, Python environments and the plan; says what will be left out before anything else.
fn prepare(
    sh: &Shell,
    left_out: &impl Fn(StepName) -> Option<String>,
) -> anyhow::Result<(Vec<Step>, Python)> {
    use clap::ValueEnum as _;
    for name in StepName::value_variants() {
        if let Some(reason) = left_out(*name) {
            println!("!!! LEFT OUT: {} ({reason})", name.as_str());
        }
    }
    let with_python = left_out(StepName::Python).is_none();
    tools::ensure(sh, with_python)?;
    cmd!(sh, "cargo fetch --locked").quiet().run().context(
        "the dependencies cannot be fetched as Cargo.lock names them: is there a network? \
         does Cargo.lock agree with the manifests?",
    )?;
    let has_nextest = cmd!(sh, "cargo nextest --version").quiet().ignore_stderr().read().is_ok();
    if !has_nextest {
        println!("cargo-nextest is not installed: `cargo test` runs the tests, a little slower");
    }
    let metadata = Metadata::load(sh)?;
    let python = Python::locate(sh, metadata.target_directory.as_ref())?;
    if with_python {
        python.ensure_environments(sh)?;
    }
    let member = |package: &Package| Member {
        name: package.name.clone(),
        has_features: !package.features.is_empty(),
    };
    // Only what others depend on can be spoilt by leaning on a neighbour's features.
    let members = metadata.members().filter(|package| package.is_published()).map(member).collect();
    let has_benches = sh.path_exists("benches/Cargo.toml");
    let side_by_side = python.side_by_side();
    Ok((steps(&Facts { has_nextest, has_benches, side_by_side, members }), python))
}

fn why_left_out(name: StepName, options: &Options, has_vectors: bool) -> Option<String> {
    if options.skip.contains(&name) {
        return Some(format!("asked for by --skip {}", name.as_str()));
    }
    (name == StepName::Vectors && !has_vectors)
        .then(|| format!("{VECTORS} is not there; the debug tests leave them out as well"))
}

fn timed(work: impl FnOnce() -> anyhow::Result<()>) -> Outcome {
    let start = Instant::now();
    match work() {
        Ok(()) => Outcome::Passed(start.elapsed()),
        Err(error) => {
            println!("{error:#}");
            Outcome::Failed(start.elapsed())
        }
    }
}

fn carry_out(sh: &Shell, step: &Step, python: &Python) -> anyhow::Result<()> {
    for run in &step.runs {
        match run {
            Run::Tidy => tidy::rules(sh)?,
            Run::Packages => tidy::packages(sh)?,
            Run::PythonCases => python.write_cases(sh)?,
            Run::PythonAnswers => python.check_answers(sh)?,
            Run::Passes(call) => {
                println!("$ {call}");
                ensure!(command(sh, call).run().is_ok(), "it failed; run it alone: {call}");
            }
            Run::Built(call, words) => build_and_run(sh, call, words)?,
            Run::Fails(call, words) => refuses(sh, call, words)?,
        }
    }
    Ok(())
}

fn command<'a>(sh: &'a Shell, call: &Call) -> xshell::Cmd<'a> {
    let arguments = &call.arguments;
    let command = cmd!(sh, "cargo {arguments...}").quiet();
    match &call.environment {
        Some((name, value)) => command.env(name, value),
        None => command,
    }
}

/// Runs those tests of a build whose names hold `words`.
fn build_and_run(sh: &Shell, call: &Call, words: &str) -> anyhow::Result<()> {
    println!("$ {call}   (and runs {words})");
    let mut telling = Call { arguments: call.arguments.clone(), environment: None };
    telling.arguments.insert(1, "--message-format=json-render-diagnostics".to_owned());
    let built = command(sh, &telling).read()?;
    let tests = built.lines().filter_map(executable).next_back();
    let tests = tests.with_context(|| format!("it built no tests; run it alone: {call}"))?;
    let listed = cmd!(sh, "{tests} {words} --list --format terse").quiet().read()?;
    ensure!(!listed.is_empty(), "no test of it is called {words}; run it alone: {call}");
    let run = cmd!(sh, "{tests} {words}").quiet();
    ensure!(run.run().is_ok(), "a test failed; run it alone: {call}, then {tests} {words}");
    Ok(())
}

/// The executable that a message of cargo's tells of.
fn executable(message: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(str::to_owned)
}

/// A call that must fail, for the reason that its author meant.
fn refuses(sh: &Shell, call: &Call, words: &str) -> anyhow::Result<()> {
    println!("$ {call}   (must fail: {words})");
    let output = command(sh, call).ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success(), "it built, but must be refused; run it alone: {call}");
    ensure!(said.contains(words), "it fails in other words:\n{said}\nrun it alone: {call}");
    Ok(())
}

fn report(outcomes: &[(StepName, Outcome)]) -> String {
    let mut text = String::from("\n== test-all\n");
    let mut total = Duration::ZERO;
    for (name, outcome) in outcomes {
        let (result, time) = match outcome {
            Outcome::Passed(time) => ("passed", Some(*time)),
            Outcome::Failed(time) => ("FAILED", Some(*time)),
            Outcome::LeftOut(_) => ("LEFT OUT", None),
            Outcome::NotReached => ("not reached", None),
        };
        let seconds = time.map_or(String::new(), |time| format!("{:7.1} s", time.as_secs_f64()));
        let line = format!("{:<9} {result:<12}{seconds}", name.as_str());
        let _ = writeln!(text, "{}", line.trim_end());
        total += time.unwrap_or_default();
    }
    let _ = writeln!(text, "{:<22}{:7.1} s", "total", total.as_secs_f64());
    for (name, outcome) in outcomes {
        if let Outcome::LeftOut(reason) = outcome {
            let _ = writeln!(text, "!!! LEFT OUT: {} ({reason})", name.as_str());
        }
    }
    if outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Passed(_))) {
        text.push_str("test-all: everything holds\n");
    } else if !outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_))) {
        text.push_str("test-all: what was run holds; see above for what was LEFT OUT\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_left_out_when_asked_and_the_vectors_when_absent() {
        let options = Options { skip: vec![StepName::Docs], keep_going: false };
        let why = |name, has_vectors| why_left_out(name, &options, has_vectors);
        assert_eq!(why(StepName::Docs, true).unwrap(), "asked for by --skip docs");
        assert!(why(StepName::Vectors, false).unwrap().contains(VECTORS));
        assert_eq!(why(StepName::Vectors, true), None);
        assert_eq!(why(StepName::Test, false), None, "only the vectors may be absent");
    }

    #[test]
    fn the_report_names_what_was_left_out_and_claims_no_more_than_was_run() {
        let second = Duration::from_secs(1);
        let outcomes = [
            (StepName::Fmt, Outcome::Passed(second)),
            (StepName::Docs, Outcome::LeftOut("asked for by --skip docs".into())),
        ];
        let text = report(&outcomes);
        assert!(text.contains("!!! LEFT OUT: docs (asked for by --skip docs)"), "{text}");
        assert!(!text.contains("everything holds"), "{text}");
        let text = report(&outcomes[..1]);
        assert!(text.ends_with("test-all: everything holds\n"), "{text}");
    }

    #[test]
    fn the_report_of_a_failure_claims_nothing() {
        let outcomes = [
            (StepName::Fmt, Outcome::Failed(Duration::ZERO)),
            (StepName::Tidy, Outcome::NotReached),
        ];
        let text = report(&outcomes);
        assert!(text.contains("FAILED") && text.contains("not reached"), "{text}");
        assert!(!text.contains("hold"), "{text}");
    }

    #[test]
    fn work_that_fails_is_a_failed_step() {
        assert!(matches!(timed(|| anyhow::bail!("no")), Outcome::Failed(_)));
        assert!(matches!(timed(|| Ok(())), Outcome::Passed(_)));
    }

    #[test]
    fn a_call_that_must_fail_has_to_fail_for_the_reason_meant() {
        let sh = Shell::new().unwrap();
        let call = |word: &str| Call { arguments: vec![word.into()], environment: None };
        assert!(refuses(&sh, &call("--version"), "").is_err(), "it succeeds");
        assert!(refuses(&sh, &call("--no-such-flag"), "no-such-flag").is_ok());
        assert!(refuses(&sh, &call("--no-such-flag"), "something else").is_err());
    }
}
