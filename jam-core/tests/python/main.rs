//! Side by side with Python: what the real packages wrote is read as they read it, and what is
//! written here is what they write. `cargo xtask test-all` makes the cases by running the packages
//! (`xtask/python`), runs these tests on them, and lets the packages read the answers.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod documents;
mod flow;
mod jam_sessions;
mod jam_tokens;
mod starlette;
mod starlette_jwt;

use std::fmt::{Debug, Write as _};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use jam_core::Error;
use serde_json::Value;

/// The folder that holds `cases`, and takes `answers`.
const FOLDER: &str = "JAM_PYTHON";

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// The cases of a kind, from every version of the packages; `None`, loudly, where there are none.
fn cases(kind: &str) -> Option<Vec<Case>> {
    let Some(folder) = folder() else {
        // Not `eprintln!`, which the test runner swallows when a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "LEFT OUT: {kind}: ${FOLDER} is not set, so nothing was compared with Python; \
             `cargo xtask test-all` does it"
        );
        return None;
    };
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder.join("cases")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name.rsplit_once('-').is_some_and(|(found, _)| found == kind) {
            let text = std::fs::read_to_string(path).unwrap();
            cases.extend(text.lines().enumerate().map(|(index, line)| Case {
                place: format!("{name}:{}", index + 1),
                fields: serde_json::from_str(line).unwrap(),
            }));
        }
    }
    assert!(!cases.is_empty(), "no cases of {kind}");
    Some(cases)
}

/// One line that Python wrote.
struct Case {
    place: String,
    fields: Value,
}

impl Case {
    fn get(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or_else(|| panic!("{}: no `{name}`", self.place))
    }

    fn text(&self, name: &str) -> &str {
        self.option(name).unwrap_or_else(|| panic!("{}: no text in `{name}`", self.place))
    }

    /// `None` for null.
    fn option(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.get(name).as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        base64_simd::STANDARD.decode_to_vec(self.text(name)).unwrap()
    }

    fn seconds(&self, name: &str) -> Option<Duration> {
        self.get(name).as_u64().map(Duration::from_secs)
    }

    fn now(&self) -> Duration {
        self.seconds("now").unwrap()
    }
}

/// Gathers what does not agree, to show more than the first.
#[derive(Default)]
struct Verdict {
    agreed: usize,
    faults: Vec<String>,
}

impl Verdict {
    fn equal<T: PartialEq + Debug>(&mut self, case: &Case, ours: T, pythons: T) {
        if ours == pythons {
            self.agreed += 1;
        } else {
            let why = case.fields.get("why").and_then(Value::as_str).unwrap_or_default();
            self.faults
                .push(format!("{}: {why}\n  ours   {ours:?}\n  Python {pythons:?}", case.place));
        }
    }

    /// Whether we read a session as Python does, or refuse it where we are to: `None`. What is read
    /// is compared in the form in which Python would write it.
    fn read(
        &mut self,
        case: &Case,
        ours: Result<String, Error>,
        write: impl Fn(&str) -> Result<String, Error>,
        pythons: Option<&str>,
    ) {
        let ours = ours.ok().map(|text| write(&text).unwrap());
        self.equal(case, ours.as_deref(), pythons);
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut text = String::new();
        for fault in self.faults.iter().take(20) {
            let short: String = fault.chars().take(600).collect();
            let _ = writeln!(text, "{short}");
        }
        let failed = self.faults.len();
        assert!(failed == 0, "{failed} of {} do not agree:\n{text}", failed + self.agreed);
    }
}

/// Writes answers for Python to read.
fn answer(kind: &str, answers: &[Value]) {
    assert!(!answers.is_empty(), "no answers of {kind}");
    let folder = folder().unwrap().join("answers");
    std::fs::create_dir_all(&folder).unwrap();
    let lines: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    std::fs::write(folder.join(format!("{kind}.jsonl")), lines).unwrap();
}
