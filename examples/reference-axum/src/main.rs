//! `cargo run -p reference-axum -- --listen 127.0.0.1:0 --config FILE [--now UNIX]`; the first line
//! on stdout is `listening on http://127.0.0.1:PORT`.

use std::process::ExitCode;

fn main() -> ExitCode {
    reference_handlers::run(|jam, listener| {
        reference_axum::serve(reference_axum::app(jam.clone()), jam, listener)
    })
}
