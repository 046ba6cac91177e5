//! The answers of one server, kept so that they can be compared with another's.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::server::Server;

/// The answers of one server to every case, as far as all servers have to agree on them: status,
/// `Content-Type`, body and Jam's headers, these in no order. Values that differ from run to run
/// are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    server: String,
    /// Which cases were run.
    suite: String,
    /// The file that answered, and its age and size.
    program: PathBuf,
    stamp: String,
    answers: BTreeMap<String, Vec<String>>,
}

/// A case that two servers answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    case: String,
    ours: (String, Option<String>),
    theirs: (String, Option<String>),
}

impl Transcript {
    pub(crate) fn new(server: &Server, suite: &str) -> Self {
        let program = server.program().unwrap_or_default();
        let stamp = stamp(&program).unwrap_or_default();
        Self {
            server: server.name().to_owned(),
            suite: suite.to_owned(),
            program,
            stamp,
            answers: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, case: &str, answers: Vec<String>) {
        self.answers.insert(case.to_owned(), answers);
    }

    /// The name of the server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The ids of the cases that were run, and the answers to each in the order of its requests.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.answers.iter().map(|(case, answers)| (case.as_str(), answers.as_slice()))
    }

    /// Each case that both have and answer differently.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        for (case, ours) in &self.answers {
            let Some(theirs) = other.answers.get(case).filter(|theirs| *theirs != ours) else {
                continue;
            };
            let steps = ours.len().max(theirs.len());
            if let Some(step) = (0..steps).find(|&step| ours.get(step) != theirs.get(step)) {
                found.push(Difference {
                    case: case.clone(),
                    ours: (self.server.clone(), ours.get(step).cloned()),
                    theirs: (other.server.clone(), theirs.get(step).cloned()),
                });
            }
        }
        found
    }

    /// Writes it to a file, as JSON.
    ///
    /// # Errors
    ///
    /// Those of writing a file.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let value = json!({
            "server": self.server,
            "suite": self.suite,
            "program": self.program.to_string_lossy(),
            "stamp": self.stamp,
            "answers": self.answers,
        });
        fs::write(path, format!("{value:#}\n"))
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// Those of reading a file, and [`io::ErrorKind::InvalidData`] when it is no transcript.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let value: Value = serde_json::from_slice(&fs::read(path)?)?;
        Self::parse(&value)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no transcript of this kit"))
    }

    fn parse(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let texts = |value: &Value| {
            value
                .as_array()?
                .iter()
                .map(|text| Some(text.as_str()?.to_owned()))
                .collect::<Option<Vec<_>>>()
        };
        let answers = value.get("answers")?.as_object()?;
        Some(Self {
            server: text("server")?,
            suite: text("suite")?,
            program: text("program")?.into(),
            stamp: text("stamp")?,
            answers: answers
                .iter()
                .map(|(case, list)| Some((case.clone(), texts(list)?)))
                .collect::<Option<_>>()?,
        })
    }

    /// Puts it into the folder and returns the others there that can be compared with it. It is
    /// there before the others are read, so of two at the same time at least one sees the other.
    pub(crate) fn publish(&self, folder: &Path) -> io::Result<Vec<Self>> {
        fs::create_dir_all(folder)?;
        // Written aside and renamed, so that nobody reads half of it.
        let aside = folder.join(format!("{}.{}.new", self.server, std::process::id()));
        self.save(&aside)?;
        fs::rename(&aside, folder.join(format!("{}.json", self.server)))?;
        let mut others = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                // What an older kit left there is none of ours.
                others.extend(
                    Self::load(&path).ok().filter(|other| self.can_be_compared_with(other)),
                );
            }
        }
        others.sort_by(|a, b| a.server.cmp(&b.server));
        Ok(others)
    }

    /// Another server, the same cases, and not built anew since.
    fn can_be_compared_with(&self, other: &Self) -> bool {
        other.server != self.server
            && other.suite == self.suite
            && stamp(&other.program).is_some_and(|stamp| stamp == other.stamp)
    }
}

fn stamp(program: &Path) -> Option<String> {
    let metadata = fs::metadata(program).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}-{}", metadata.len(), modified.as_nanos()))
}

impl Difference {
    /// The id of the case.
    #[must_use]
    pub fn case(&self) -> &str {
        &self.case
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} and {} answer differently", self.case, self.ours.0, self.theirs.0)?;
        for (server, answer) in [&self.ours, &self.theirs] {
            writeln!(f, "  {server}:")?;
            for line in answer.as_deref().unwrap_or("nothing").lines() {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(server: &str, answers: &[(&str, &[&str])]) -> Transcript {
        let function = Server::function(server, |_, _| Err(io::ErrorKind::Unsupported.into()));
        let mut transcript = Transcript::new(&function, "suite");
        for (case, answers) in answers {
            transcript.add(case, answers.iter().map(|answer| (*answer).to_owned()).collect());
        }
        transcript
    }

    fn different(ours: &[(&str, &[&str])], theirs: &[(&str, &[&str])]) -> Vec<String> {
        let differences = transcript("a", ours).differences(&transcript("b", theirs));
        differences.iter().map(|difference| difference.case().to_owned()).collect()
    }

    #[test]
    fn equal_answers_and_cases_that_only_one_has_do_not_differ() {
        assert_eq!(different(&[("x", &["1", "2"])], &[("x", &["1", "2"])]), [""; 0]);
        assert_eq!(different(&[("x", &["1"])], &[("y", &["2"])]), [""; 0]);
    }

    #[test]
    fn another_answer_in_any_step_differs() {
        assert_eq!(different(&[("x", &["1", "2"])], &[("x", &["1", "3"])]), ["x"]);
        assert_eq!(different(&[("x", &["1"])], &[("x", &["1", "2"])]), ["x"]);
        assert_eq!(different(&[("x", &[]), ("y", &["1"])], &[("x", &[]), ("y", &["2"])]), ["y"]);
    }

    #[test]
    fn a_difference_shows_both_answers_of_the_step() {
        let ours = transcript("ours", &[("x", &["same", "200\n\nbody"])]);
        let theirs = transcript("theirs", &[("x", &["same"])]);
        let text = ours.differences(&theirs)[0].to_string();
        assert_eq!(
            text,
            "x: ours and theirs answer differently\n  ours:\n    200\n    \n    body\n  theirs:\n    nothing\n"
        );
    }

    #[test]
    fn what_is_stale_or_of_other_cases_is_not_compared() {
        let (ours, theirs) = (transcript("a", &[]), transcript("b", &[]));
        assert!(ours.can_be_compared_with(&theirs));
        assert!(!ours.can_be_compared_with(&transcript("a", &[])), "itself");
        let other_cases = Transcript { suite: "other".to_owned(), ..theirs.clone() };
        assert!(!ours.can_be_compared_with(&other_cases));
        let built_anew = Transcript { stamp: "1-1".to_owned(), ..theirs.clone() };
        assert!(!ours.can_be_compared_with(&built_anew));
        let gone = Transcript { program: "no/such/program".into(), ..theirs };
        assert!(!ours.can_be_compared_with(&gone));
    }

    #[test]
    fn a_transcript_is_read_as_it_was_written() {
        let path = std::env::temp_dir().join(format!("jam-transcript-{}", std::process::id()));
        let written = transcript("a", &[("x", &["1\n\"", "2"]), ("y", &[])]);
        written.save(&path).unwrap();
        assert_eq!(Transcript::load(&path).unwrap(), written);
        fs::write(&path, "{\"server\":1}").unwrap();
        assert_eq!(Transcript::load(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        fs::remove_file(path).unwrap();
    }
}
