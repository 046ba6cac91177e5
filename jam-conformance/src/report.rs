//! What came of a run.

use std::fmt;
use std::path::Path;

use crate::adapter::Case;
use crate::server::Server;
use crate::transcript::{Difference, Transcript};

/// What came of running a suite against a server. [`assert_passed`](Self::assert_passed) makes a
/// test of it.
#[derive(Debug)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report {
    passed: Vec<&'static str>,
    left_out: Vec<&'static str>,
    failures: Vec<Failure>,
    transcript: Transcript,
}

/// A case that failed: its requests as they were sent, its answers, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    case: String,
    text: String,
}

impl Failure {
    /// The id of the case.
    #[must_use]
    pub fn case(&self) -> &str {
        &self.case
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Report {
    pub(crate) fn new(server: &Server, suite: &str) -> Self {
        let transcript = Transcript::new(server, suite);
        Self { passed: Vec::new(), left_out: Vec::new(), failures: Vec::new(), transcript }
    }

    pub(crate) fn passed_by(&mut self, case: &Case) {
        self.passed.push(case.id());
    }

    pub(crate) fn left_out(&mut self, case: &Case) {
        self.left_out.push(case.id());
    }

    pub(crate) fn failed(&mut self, case: &Case, how: &str) {
        let text = format!("{case}\n{}\n", how.trim_end());
        self.failures.push(Failure { case: case.id().to_owned(), text });
    }

    pub(crate) fn answered(&mut self, case: &Case, answers: Vec<String>) {
        self.transcript.add(case.id(), answers);
    }

    /// The failed cases, in the order of the run; then what [`compare`](Self::compare) found.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The ids of the cases that passed.
    #[must_use]
    pub fn passed(&self) -> &[&'static str] {
        &self.passed
    }

    /// The ids of the cases that are about something which the server does not have: HTTP/2.
    #[must_use]
    pub fn inapplicable(&self) -> &[&'static str] {
        &self.left_out
    }

    /// The answers, for comparison with those of other servers.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Compares with the other servers whose transcripts are in this folder, and leaves this one's
    /// there: each case that is answered differently has failed, whatever was expected of it.
    ///
    /// Tests of several servers may run in any order and at the same time: whoever comes later
    /// compares. A transcript whose server was built anew since, or that was made with other
    /// cases, is passed over. The folder is made when it is missing.
    pub fn compare(mut self, folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        match self.transcript.publish(folder) {
            Ok(others) => {
                let differences =
                    others.iter().flat_map(|other| self.transcript.differences(other));
                let differences: Vec<_> = differences.collect();
                self.failures.extend(differences.iter().map(Failure::from));
            }
            Err(error) => {
                let folder = folder.display();
                let text = format!("the transcript cannot be kept in `{folder}`: {error}\n");
                self.failures.push(Failure { case: "transcript".to_owned(), text });
            }
        }
        let failures = &self.failures;
        self.passed.retain(|id| failures.iter().all(|failure| failure.case != *id));
        self
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

impl From<&Difference> for Failure {
    fn from(difference: &Difference) -> Self {
        Self { case: difference.case().to_owned(), text: difference.to_string() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        let (passed, left_out) = (self.passed.len(), self.left_out.len());
        let failed = self.failures.len();
        let server = self.transcript.server();
        write!(f, "{server}: {passed} cases passed, {failed} failed, {left_out} do not apply")?;
        for failure in &self.failures {
            write!(f, "\n  failed: {}", failure.case)?;
        }
        Ok(())
    }
}
