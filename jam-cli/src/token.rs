//! `jam token make | verify | inspect`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jam_core::{Error, ErrorKind, Jam, jwt};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use serde_json::value::RawValue;

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

fn sign(jam: &Jam, args: &Make, claims: &Members) -> Result<String, Error> {
    let mut payload = jam.payload()?;
    if let Some(subject) = &args.subject {
        payload = payload.subject(subject);
    }
    if let Some(seconds) = args.expires_in {
        payload = payload.expires_in(Duration::from_secs(seconds));
    }
    for (name, value) in &claims.0 {
        payload = payload.claim(name.clone(), value);
    }
    jam.gen_jwt_token(&payload.build()?)
}

/// The members of a JSON object, their values as they are written.
pub(crate) struct Members(pub(crate) Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let (mut members, mut names) = (Vec::new(), HashSet::new());
                while let Some((name, value)) = map.next_entry::<String, _>()? {
                    if !names.insert(name.clone()) {
                        return Err(de::Error::custom("a member is named twice"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The value of an option such as `--claims`: a JSON object, `@FILE`, or `-` for stdin.
pub(crate) fn json_object(option: &str, argument: &str) -> Result<Members, Failure> {
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
                    serde_json::error::Category::Data => {
                        "this is another kind of JSON, or names a member twice,"
                    }
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
    let shown = serde_json::to_string_pretty(&shown).map_err(io::Error::from)?;
    failure::print(visible(&shown).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// JSON with escapes in place of what a terminal acts upon or does not show: whoever looks at a token
/// that nobody has verified is to see what it says.
fn visible(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut out, c| {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => _ = write!(out, "\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
        out
    })
}

/// Whoever types into a terminal is told what is waited for.
pub(crate) fn hint(what: &str) {
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "jam: reading {what} from stdin; Ctrl-D ends it");
    }
}
