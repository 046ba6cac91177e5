//! `cargo run -p reference-poem -- --listen 127.0.0.1:0 --config FILE [--now UNIX]`; the first line
//! on stdout is `listening on http://127.0.0.1:PORT`.

use std::process::ExitCode;

fn main() -> ExitCode {
    reference_handlers::run(|jam, listener| {
        reference_poem::serve(reference_poem::app(jam.clone()), jam, listener)
    })
}
