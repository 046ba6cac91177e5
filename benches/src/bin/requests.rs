//! `cargo xtask bench requests`: what authentication adds to a request.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use jam_benches::contestant::Contestant;
use jam_benches::count::{Counts, path};
use jam_benches::race::Effort;
use jam_benches::requests::table::{FEW, HASH, Results, hash, instructions};
use jam_benches::requests::{Framework, TABLE};

/// What authentication adds to a request: Jam, floors and peers on each framework, in one process
#[derive(Parser)]
struct Args {
    /// The frameworks, separated by commas; all of them
    #[arg(long, value_delimiter = ',')]
    frameworks: Vec<Framework>,
    /// How many sessions everybody has; each request is another one's
    #[arg(long, default_value_t = 1000)]
    sessions: u64,
    /// How often everybody's turn comes
    #[arg(long, default_value_t = 1001)]
    rounds: usize,
    /// How long a turn takes, in microseconds
    #[arg(long, default_value_t = 200)]
    turn: u64,
    /// Counts instructions instead, with valgrind
    #[arg(long)]
    instructions: bool,
    /// Does one contestant's work and nothing else, to be run in valgrind:
    /// `valgrind --tool=callgrind --toggle-collect='*contestant::measured*' …`
    #[arg(long, value_name = "requests/FRAMEWORK/NAME")]
    callgrind: Option<String>,
    /// How often, with --callgrind and --instructions
    #[arg(long, default_value_t = 200)]
    times: u32,
    /// How often over, with --callgrind: for profilers that take samples, which see all sessions
    #[arg(long, default_value_t = 1)]
    turns: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(wanted) = &args.callgrind {
        return work(wanted, &args);
    }
    let frameworks =
        if args.frameworks.is_empty() { Framework::ALL } else { args.frameworks.as_slice() };
    if args.instructions {
        for &framework in frameworks {
            let table = instructions(framework, args.times)?;
            println!("### {}: instructions of a request\n\n{table}", framework.as_str());
        }
        return Ok(());
    }
    let effort = Effort { rounds: args.rounds, turn: Duration::from_micros(args.turn) };
    let counts = Counts::load(TABLE)?;
    for &framework in frameworks {
        let name = framework.as_str();
        eprintln!("{name} …");
        let results = Results::run(framework, args.sessions, effort, &counts)?;
        println!("### {name}: goals\n\n{}", results.judgement());
        println!("### {name}: what is added\n\n{}", results.added());
    }
    println!("### The floors\n\n```rust\n{}```", include_str!("../request_floor.rs"));
    Ok(())
}

/// One contestant's work, by its path.
fn work(wanted: &str, args: &Args) -> Result<()> {
    let work = |one: &mut Contestant| (0..args.turns).for_each(|_| _ = one.run(args.times));
    for &framework in Framework::ALL {
        let Some(name) = wanted.strip_prefix(&path(TABLE, framework.as_str(), "")) else {
            continue;
        };
        if name == HASH {
            work(&mut hash());
            return Ok(());
        }
        let sessions = if args.turns > 1 { args.sessions } else { FEW };
        let mut all = framework.entries(sessions)?;
        let one = all.iter_mut().find(|entry| entry.contestant.name() == name);
        work(&mut one.with_context(|| format!("nobody is called {name}"))?.contestant);
        return Ok(());
    }
    anyhow::bail!("give requests/FRAMEWORK/NAME as in the tables, not {wanted}")
}
