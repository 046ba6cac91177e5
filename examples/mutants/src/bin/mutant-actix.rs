//! `FAULT=… mutant-actix --listen 127.0.0.1:0 --config FILE`: a broken `reference-actix`.

use mutants::{Fault, actix};
use std::process::ExitCode;

fn main() -> ExitCode {
    Fault::run(actix::run)
}
