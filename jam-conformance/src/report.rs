//! What came of a run.

use std::fmt;
use std::path::Path;

use crate::adapter::Case;
use crate::transcript::Transcript;

/// What came of running a suite against a server. [`assert_passed`](Self::assert_passed) makes a
/// test of it.
#[derive(Debug)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report {
    server: String,
    cases: usize,
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
    pub(crate) fn new(case: &Case, text: String) -> Self {
        Self { case: case.id().to_owned(), text: format!("{case}\n{text}") }
    }

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
    pub(crate) fn new(
        server: &str,
        cases: usize,
        failures: Vec<Failure>,
        transcript: Transcript,
    ) -> Self {
        Self { server: server.to_owned(), cases, failures, transcript }
    }

    /// The failed cases, in the order of the run.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// How many cases passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.cases.saturating_sub(self.failures.len())
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
                for other in others {
                    let differences = self.transcript.differences(&other);
                    self.failures.extend(
                        differences
                            .into_iter()
                            .map(|d| Failure { case: d.case().to_owned(), text: d.to_string() }),
                    );
                }
            }
            Err(error) => self.failures.push(Failure {
                case: "transcript".to_owned(),
                text: format!("the transcript cannot be kept in `{}`: {error}\n", folder.display()),
            }),
        }
        self
    }

    /// Ends the test with everything that went wrong, unless nothing did.
    ///
    /// # Panics
    ///
    /// When a case failed, or when none was run.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.failures.is_empty() && self.cases > 0, "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        write!(f, "{}: {} of {} cases passed", self.server, self.passed(), self.cases)?;
        for failure in &self.failures {
            write!(f, "\n  failed: {}", failure.case)?;
        }
        Ok(())
    }
}
