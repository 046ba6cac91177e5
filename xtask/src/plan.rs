//! What `test-all` runs, as data: cheap steps first, and grouped so that as little as possible is
//! compiled twice. All calls share one target folder, hence one build of the C crypto for each of
//! the two profiles.

use std::fmt;

use clap::ValueEnum;

/// The name of a step, as `--skip` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StepName {
    Fmt,
    Tidy,
    Clippy,
    Docs,
    Alone,
    Packages,
    Test,
    Doctest,
    Model,
    Features,
    Vectors,
    Python,
}

/// A step: what it proves, and how.
pub(crate) struct Step {
    pub(crate) name: StepName,
    pub(crate) proves: &'static str,
    pub(crate) runs: Vec<Run>,
}

pub(crate) enum Run {
    /// This package's own `tidy`, without another process.
    Tidy,
    /// Its `tidy --packages`, likewise.
    Packages,
    /// The Python packages write their cases.
    PythonCases,
    /// The Python packages read what the tests wrote.
    PythonAnswers,
    /// A build of tests, which are then run: those whose names hold these words.
    Built(Call, &'static str),
    /// A call that must succeed.
    Passes(Call),
    /// A call that must fail, with these words in what it says.
    Fails(Call, &'static str),
}

/// A call of cargo.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Option<(&'static str, String)>,
}

/// What the plan depends on.
pub(crate) struct Facts {
    pub(crate) has_nextest: bool,
    pub(crate) has_benches: bool,
    /// Where Rust and Python exchange cases and answers.
    pub(crate) side_by_side: String,
    pub(crate) members: Vec<Member>,
}

/// A crate of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) has_features: bool,
}

/// After `cargo fetch --locked` nothing needs the network, nor may anything move a version.
const PINNED: &str = "--locked --offline";

/// The feature combinations of jam-core beside its default: each crypto backend, and both.
const AWS_LC_RS: &str = "--no-default-features --features aws_lc_rs";
const RUST_CRYPTO: &str = "--no-default-features --features rust_crypto";
const BOTH: &str = "--no-default-features --features aws_lc_rs,rust_crypto,config";

/// What adapters offer on top, tested together with the rest instead of in builds of their own.
const EXTRAS: &str = "--features jam-axum/utoipa,jam-actix/utoipa,jam-poem/openapi";

/// The words of jam-core's own compile error for a build without crypto.
const NO_CRYPTO: &str = "jam-core needs a crypto library";

impl StepName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            StepName::Fmt => "fmt",
            StepName::Tidy => "tidy",
            StepName::Clippy => "clippy",
            StepName::Docs => "docs",
            StepName::Alone => "alone",
            StepName::Packages => "packages",
            StepName::Test => "test",
            StepName::Doctest => "doctest",
            StepName::Model => "model",
            StepName::Features => "features",
            StepName::Vectors => "vectors",
            StepName::Python => "python",
        }
    }
}

impl Call {
    fn new(words: &str) -> Call {
        let arguments = words.split_whitespace().map(str::to_owned).collect();
        Call { arguments, environment: None }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = &self.environment {
            write!(f, "{name}='{value}' ")?;
        }
        write!(f, "cargo {}", self.arguments.join(" "))
    }
}

/// All steps, in order.
pub(crate) fn steps(facts: &Facts) -> Vec<Step> {
    let step = |name, proves, runs| Step { name, proves, runs };
    vec![
        step(StepName::Fmt, "everything is formatted", fmt(facts)),
        step(StepName::Tidy, "the repository keeps its own rules", vec![Run::Tidy]),
        step(StepName::Clippy, "no warning, with each crypto backend and with both", clippy()),
        step(StepName::Docs, "the documentation builds without warnings", docs()),
        step(
            StepName::Alone,
            "each crate builds alone; core without crypto does not",
            alone(facts),
        ),
        step(
            StepName::Packages,
            "a user's project builds against each packaged crate alone",
            vec![Run::Packages],
        ),
        step(
            StepName::Test,
            "unit and integration tests",
            vec![test(facts, &format!("--workspace {EXTRAS}"))],
        ),
        step(StepName::Doctest, "the programs in the docs and the README run", doctest()),
        step(StepName::Model, "the memory store holds in whatever order threads meet", model()),
        step(StepName::Features, "core's tests with each feature combination", features(facts)),
        step(StepName::Vectors, "the shared vectors in release, each backend", vectors(facts)),
        step(StepName::Python, "we and the real Python packages read each other", python(facts)),
    ]
}

fn passes(words: &str) -> Run {
    Run::Passes(Call::new(words))
}

fn fmt(facts: &Facts) -> Vec<Run> {
    let benches = facts.has_benches.then_some("--manifest-path benches/Cargo.toml");
    let checked = std::iter::once("--all").chain(benches);
    checked.map(|what| passes(&format!("fmt {what} --check -- --files-with-diff"))).collect()
}

fn clippy() -> Vec<Run> {
    let core = [AWS_LC_RS, RUST_CRYPTO, BOTH].map(|flags| format!("-p jam-core {flags}"));
    std::iter::once(format!("--workspace {EXTRAS}"))
        .chain(core)
        .map(|what| passes(&format!("clippy {what} --all-targets {PINNED} -- --deny warnings")))
        .collect()
}

fn docs() -> Vec<Run> {
    let mut call = Call::new(&format!("doc --workspace {EXTRAS} --no-deps {PINNED}"));
    call.environment = Some(("RUSTDOCFLAGS", "--deny warnings".to_owned()));
    vec![Run::Passes(call)]
}

/// In a build of the whole workspace one crate's features carry another's; here they cannot.
fn alone(facts: &Facts) -> Vec<Run> {
    let mut runs = Vec::new();
    for Member { name, has_features } in &facts.members {
        runs.push(passes(&format!("check -p {name} {PINNED}")));
        if *has_features {
            runs.push(passes(&format!("check -p {name} --all-features {PINNED}")));
        }
    }
    let none = Call::new(&format!("check -p jam-core --no-default-features {PINNED}"));
    runs.push(Run::Fails(none, NO_CRYPTO));
    runs
}

fn doctest() -> Vec<Run> {
    vec![passes(&format!("test --doc --workspace {EXTRAS} --no-fail-fast {PINNED}"))]
}

/// The flag reaches jam-core alone: in `RUSTFLAGS` it would have everything built anew.
fn model() -> Vec<Run> {
    let build = format!("rustc -p jam-core --lib --profile test {PINNED} -- --cfg shuttle");
    vec![Run::Built(Call::new(&build), "memory::tests")]
}

fn features(facts: &Facts) -> Vec<Run> {
    ["", AWS_LC_RS, RUST_CRYPTO, BOTH]
        .map(|flags| test(facts, &format!("-p jam-core {flags}")))
        .into()
}

fn vectors(facts: &Facts) -> Vec<Run> {
    ["", RUST_CRYPTO, BOTH]
        .map(|flags| {
            let profile = if facts.has_nextest { "--cargo-profile" } else { "--profile" };
            test(facts, &format!("-p jam-core {flags} {profile} ci-release --test vectors"))
        })
        .into()
}

/// The packages write, Rust reads and writes, the packages read: with each crypto backend. Then two
/// services, one of each, and a browser.
fn python(facts: &Facts) -> Vec<Run> {
    let mut runs = vec![Run::PythonCases];
    for flags in ["", RUST_CRYPTO] {
        let mut run = test(facts, &format!("-p jam-core {flags} --test python"));
        if let Run::Passes(call) = &mut run {
            call.environment = Some(("JAM_PYTHON", facts.side_by_side.clone()));
        }
        runs.extend([run, Run::PythonAnswers]);
    }
    runs.push(passes(&format!("run {PINNED} -p side-by-side -- --check")));
    runs
}

/// All tests of a selection but the doc tests, with whichever runner is installed.
fn test(facts: &Facts, selection: &str) -> Run {
    if facts.has_nextest {
        return passes(&format!("nextest run {selection} --no-fail-fast {PINNED}"));
    }
    let targets =
        if selection.contains("--test ") { "" } else { "--lib --bins --tests --examples" };
    passes(&format!("test {selection} {targets} --no-fail-fast {PINNED}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(has_nextest: bool) -> Vec<(StepName, String)> {
        let member = |name: &str| Member { name: name.to_owned(), has_features: true };
        let members = vec![member("jam-core"), member("jam-axum")];
        let side_by_side = "target/python".to_owned();
        let facts = Facts { has_nextest, has_benches: true, side_by_side, members };
        let all = steps(&facts).into_iter().flat_map(|step| {
            step.runs.into_iter().map(move |run| match run {
                Run::Tidy => (step.name, "tidy".to_owned()),
                Run::Packages => (step.name, "tidy --packages".to_owned()),
                Run::PythonCases => (step.name, format!("cases {PINNED}")),
                Run::PythonAnswers => (step.name, format!("answers {PINNED}")),
                Run::Passes(call) | Run::Fails(call, _) | Run::Built(call, _) => {
                    (step.name, call.to_string())
                }
            })
        });
        all.collect()
    }

    #[test]
    fn every_step_has_something_to_run() {
        let calls = calls(true);
        for name in StepName::value_variants() {
            assert!(calls.iter().any(|(step, _)| step == name), "{name:?} runs nothing");
        }
    }

    #[test]
    fn nothing_moves_a_version_or_asks_the_network() {
        for (name, call) in calls(true).into_iter().chain(calls(false)) {
            let builds = !matches!(name, StepName::Fmt | StepName::Tidy | StepName::Packages);
            assert!(!builds || call.contains(PINNED), "{call}");
        }
    }

    #[test]
    fn core_is_tested_with_each_backend_and_both_in_debug_and_release() {
        for has_nextest in [true, false] {
            for (step, profile) in [(StepName::Features, ""), (StepName::Vectors, "ci-release")] {
                for flags in ["-p jam-core", RUST_CRYPTO, BOTH] {
                    let tested = calls(has_nextest).iter().any(|(name, call)| {
                        *name == step && call.contains(flags) && call.contains(profile)
                    });
                    assert!(tested, "{step:?} {flags}");
                }
            }
        }
    }

    #[test]
    fn what_each_backend_wrote_is_read_by_python_before_the_next_writes() {
        let python = |(name, call): (StepName, String)| (name == StepName::Python).then_some(call);
        let calls: Vec<String> = calls(true).into_iter().filter_map(python).collect();
        let kind = |call: &String| call.split(' ').next().unwrap_or_default().to_owned();
        let tests = "JAM_PYTHON='target/python'";
        let kinds: Vec<String> = calls.iter().map(kind).collect();
        assert_eq!(kinds, ["cases", tests, "answers", tests, "answers", "cargo"]);
        assert!(calls[3].contains(RUST_CRYPTO));
    }

    #[test]
    fn without_nextest_doc_tests_still_run_once_only() {
        let plain = calls(false);
        assert!(plain.iter().all(|(_, call)| !call.contains("nextest")));
        let doc = |call: &String| {
            call.contains("test ") && !call.contains("--lib") && !call.contains("--test ")
        };
        let runs: Vec<_> = plain.iter().filter(|(_, call)| doc(call)).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert!(runs[0].1.contains("--doc"));
    }

    #[test]
    fn a_call_is_shown_as_it_would_be_typed() {
        let docs = calls(true).into_iter().find(|(name, _)| *name == StepName::Docs).unwrap();
        let typed = format!(
            "RUSTDOCFLAGS='--deny warnings' cargo doc --workspace {EXTRAS} --no-deps {PINNED}"
        );
        assert_eq!(docs.1, typed);
    }
}
