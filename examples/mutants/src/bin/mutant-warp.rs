//! `FAULT=… mutant-warp --listen 127.0.0.1:0 --config FILE`: a broken `reference-warp`.

use mutants::{Fault, warp};
use std::process::ExitCode;

fn main() -> ExitCode {
    Fault::run(warp::run)
}
