//! `cargo run -p reference-actix -- --listen 127.0.0.1:0 --config FILE [--now UNIX]`; the first line
//! on stdout is `listening on http://127.0.0.1:PORT`.

use std::process::ExitCode;

fn main() -> ExitCode {
    reference_handlers::run(|jam, listener| {
        let app = jam.clone();
        reference_actix::serve(move || reference_actix::app(app.clone()), jam, listener)
    })
}
