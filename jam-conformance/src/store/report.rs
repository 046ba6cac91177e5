//! What came of a run.

use std::fmt;

use super::case::{Case, Fault};

/// What came of running the suite. [`assert_passed`](Self::assert_passed) makes a test of it.
#[derive(Debug, Default)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report {
    passed: Vec<&'static str>,
    left_out: Vec<&'static str>,
    failures: Vec<Failure>,
}

/// A case that failed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    case: &'static str,
    text: String,
}

impl Failure {
    /// The id of the case.
    #[must_use]
    pub fn case(&self) -> &'static str {
        self.case
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Report {
    pub(super) fn passed_by(&mut self, case: &Case) {
        self.passed.push(case.id());
    }

    pub(super) fn left_out(&mut self, case: &Case) {
        self.left_out.push(case.id());
    }

    pub(super) fn failed(&mut self, case: &Case, fault: &Fault) {
        self.failures.push(Failure { case: case.id(), text: format!("{case}\n  {fault}") });
    }

    /// The failed cases, in the order of the run.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The ids of the cases that passed.
    #[must_use]
    pub fn passed(&self) -> &[&'static str] {
        &self.passed
    }

    /// The ids of the cases that are about something which the store was declared not to do.
    #[must_use]
    pub fn inapplicable(&self) -> &[&'static str] {
        &self.left_out
    }

    /// Ends the test with everything that went wrong, unless nothing did.
    ///
    /// # Panics
    ///
    /// When a case failed, or when none passed.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.failures.is_empty() && !self.passed.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        let (passed, left_out) = (self.passed.len(), self.left_out.len());
        write!(f, "{passed} cases passed, {} failed, {left_out} do not apply", self.failures.len())
    }
}
