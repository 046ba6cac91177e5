//! `FAULT=… mutant-poem --listen 127.0.0.1:0 --config FILE`: a broken `reference-poem`.

use mutants::{Fault, poem};
use std::process::ExitCode;

fn main() -> ExitCode {
    Fault::run(poem::run)
}
