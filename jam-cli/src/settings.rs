//! The configuration file: finding it, reading it, and what to do when there is none.

use std::process::ExitCode;

use jam_core::clock::ManualClock;
use jam_core::{ErrorKind, Jam, JamBuilder};

use crate::args::Place;
use crate::failure::{self, Failure};

/// A file to start from, as the message about a missing one shows it.
const MINIMAL: &str = r#"
    [jam.jwt]
    issuer = "https://issuer.example"
    [[jam.jwt.keys]]
    id = "2026-11"
    algorithm = "HS256"
    secret = "$JAM_SECRET"
"#;

/// Reads the configuration; `now` (seconds since 1970) stops the clock there.
pub(crate) fn load(place: &Place, now: Option<u64>) -> Result<Jam, Failure> {
    if let Ok(false) = place.config.try_exists() {
        return Err(missing(place));
    }
    let mut builder = JamBuilder::from_config(&place.config, &place.pointer)?;
    if let Some(now) = now {
        builder = builder.clock(ManualClock::new(now));
    }
    Ok(builder.build()?)
}

/// `jam config check`.
pub(crate) fn check(place: &Place) -> Result<ExitCode, Failure> {
    let policy = load(place, None)?.describe();
    failure::print(format!("{policy:#}").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn missing(place: &Place) -> Failure {
    let path = std::path::absolute(&place.config).unwrap_or_else(|_| place.config.clone());
    Failure::of(
        ErrorKind::Io,
        format!(
            "there is no configuration file at {}\n\
             Name one with `--config FILE` or in the environment variable JAM_CONFIG, or put a \
             jam.toml into the working directory.\n\
             A file to start from, with a secret of at least 32 bytes in JAM_SECRET:\n{MINIMAL}",
            path.display()
        ),
    )
}
