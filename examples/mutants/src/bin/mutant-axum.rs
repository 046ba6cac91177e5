//! `FAULT=… mutant-axum --listen 127.0.0.1:0 --config FILE`: a broken `reference-axum`.

use mutants::{Fault, axum};
use std::process::ExitCode;

fn main() -> ExitCode {
    Fault::run(axum::run)
}
