//! The progress bar on stderr.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use crate::tally::Tally;

pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar when stderr is a terminal and the answers do not go to one as well.
    pub(crate) fn new(answers_on_stdout: bool) -> Self {
        if !io::stderr().is_terminal() || (answers_on_stdout && io::stdout().is_terminal()) {
            return Self(ProgressBar::hidden());
        }
        let (bar, template) = match stdin_bytes() {
            Some(total) => (
                ProgressBar::new(total),
                "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {msg}"),
        };
        match ProgressStyle::with_template(template) {
            Ok(style) => Self(bar.with_style(style)),
            Err(_) => Self(bar),
        }
    }

    pub(crate) fn read(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }

    pub(crate) fn judged(&self, tally: &Tally) {
        if !self.0.is_hidden() {
            self.0.set_message(format!("{} refused", tally.refused()));
        }
    }

    /// Clears the terminal for the summary.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// What is left to read of stdin when it is a regular file.
#[cfg(unix)]
fn stdin_bytes() -> Option<u64> {
    use std::fs::File;
    use std::io::Seek;
    use std::os::fd::AsFd;

    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    metadata.len().checked_sub(file.stream_position().ok()?)
}

#[cfg(not(unix))]
fn stdin_bytes() -> Option<u64> {
    None
}
