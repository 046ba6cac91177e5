//! `jam token make | verify | inspect`.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jam_core::{Error, ErrorKind, Jam, jwt};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer::Subject;
use crate::args::{Input, Make, Place, Verify};
use crate::batch::{Answers, Judge, Judged, Question, ended};
use crate::failure::{self, Failure};
use crate::progress::Progress;
use crate::settings;

/// Bytes read for `inspect`: the mebibyte that it looks at, a line end, and one to see that a token
/// is too long. Verification has the configured limit.
const LONGEST_INSPECTED: u64 = 1024 * 1024 + 3;

pub(crate) fn make(place: &Place, args: &Make) -> Result<ExitCode, Failure> {
    let claims = json_object("--claims", &args.claims)?;
    let jam = settings::load(place, args.time.now)?;
    let token = sign(&jam, args, &claims).map_err(Failure::from_usage)?;
    failure::print(token.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn sign(jam: &Jam, args: &Make, claims: &Map<String, Value>) -> Result<String, Error> {
    let mut payload = jam.payload()?;
    if let Some(subject) = &args.subject {
        payload = payload.subject(subject);
    }
    if let Some(seconds) = args.expires_in {
        payload = payload.expires_in(Duration::from_secs(seconds));
    }
    jam.gen_jwt_token(&payload.data(claims).build()?)
}

/// The value of an option such as `--claims`: a JSON object, `@FILE`, or `-` for stdin.
pub(crate) fn json_object(option: &str, argument: &str) -> Result<Map<String, Value>, Failure> {
    let json = match argument.strip_prefix('@') {
        Some(path) => fs::read_to_string(path)
            .map_err(|error| Failure::of(ErrorKind::Io, format!("{path}: {error}")))?,
        None if argument == "-" => io::read_to_string(io::stdin().lock())?,
        None => argument.to_owned(),
    };
    serde_json::from_str(&json).map_err(|error| {
        Failure::of(
            ErrorKind::InvalidPayload,
            format!(
                "{option} takes a JSON object, such as '{{\"user\":\"alice\"}}', @FILE or -: {} at \
                 line {} column {}",
                match error.classify() {
                    serde_json::error::Category::Data => "this is another kind of JSON",
                    _ => "this is no JSON",
                },
                error.line(),
                error.column()
            ),
        )
    })
}

pub(crate) fn verify(place: &Place, args: Verify) -> Result<ExitCode, Failure> {
    if args.token.is_some() && args.input == Input::Jsonl {
        return Err(Failure::usage("`--input jsonl` reads stdin: leave the TOKEN argument out"));
    }
    let jam = settings::load(place, args.time.now)?;
    let judge = Judge {
        verifier: jam.jwt()?.verifier(),
        input: args.input,
        question: if args.jws { Question::Signature } else { Question::Claims },
        answers: if args.quiet { Answers::Counted } else { Answers::Each },
    };
    let started = Instant::now();
    let (tally, delivered) = match args.token {
        Some(token) => {
            let mut judged = Judged::default();
            judge.token(Subject::Line(1), token.as_encoded_bytes(), &mut judged);
            let written = io::stdout().write_all(&judged.out);
            (judged.tally, written.map_err(Failure::from))
        }
        None => {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(args.jobs.map_or(0, usize::from))
                .build()
                .map_err(|error| Failure::of(ErrorKind::Unavailable, error.to_string()))?;
            hint("tokens, one a line");
            let progress = Progress::new(!args.quiet);
            let done = judge.stream(io::stdin().lock(), io::stdout(), &pool, &progress);
            progress.end();
            done
        }
    };
    // The exit code tells the outcome where stderr is closed.
    let _ = writeln!(io::stderr(), "jam: {}", tally.summary(started.elapsed()));
    delivered?;
    Ok(if tally.refused() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(crate) fn inspect(token: Option<OsString>) -> Result<ExitCode, Failure> {
    #[derive(Serialize)]
    struct Shown<'a> {
        unverified: bool,
        header: &'a Value,
        claims: &'a Value,
    }

    let token = match token {
        Some(token) => token.into_encoded_bytes(),
        None => {
            hint("a token");
            let mut token = Vec::new();
            io::stdin().lock().take(LONGEST_INSPECTED).read_to_end(&mut token)?;
            token
        }
    };
    let inspected = jwt::inspect(ended(&token))?;
    let inspected = inspected.danger_get();
    let shown = Shown { unverified: true, header: &inspected.header, claims: &inspected.claims };
    let shown = serde_json::to_vec_pretty(&shown).map_err(io::Error::from)?;
    failure::print(&shown)?;
    Ok(ExitCode::SUCCESS)
}

/// Whoever types into a terminal is told what is waited for.
pub(crate) fn hint(what: &str) {
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "jam: reading {what} from stdin; Ctrl-D ends it");
    }
}
