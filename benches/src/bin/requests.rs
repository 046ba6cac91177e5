//! `cargo xtask bench requests`: what authentication adds to a request on axum.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use jam_benches::count::{Counts, path};
use jam_benches::race::Effort;
use jam_benches::requests;
use jam_benches::table::Table;
use jam_benches::valgrind::instructions;

/// What authentication adds to a request: Jam, a floor and a usual extractor, on axum, in one process
#[derive(Parser)]
struct Args {
    /// How often everybody's turn comes
    #[arg(long, default_value_t = 2001)]
    rounds: usize,
    /// How long a turn takes, in microseconds
    #[arg(long, default_value_t = 200)]
    turn: u64,
    /// Counts instructions instead, with valgrind
    #[arg(long)]
    instructions: bool,
    /// Does one contestant's work and nothing else, to be run in valgrind:
    /// `valgrind --tool=callgrind --toggle-collect='*contestant::measured*' …`
    #[arg(long, value_name = "requests//NAME")]
    callgrind: Option<String>,
    /// How often, with --callgrind and --instructions
    #[arg(long, default_value_t = 200)]
    times: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(wanted) = &args.callgrind {
        return work(wanted, args.times);
    }
    if args.instructions {
        return count_instructions(args.times);
    }
    let effort = Effort { rounds: args.rounds, turn: Duration::from_micros(args.turn) };
    let table = requests::table(effort, &Counts::load()?)?;
    println!("### axum, GET with an HS256 bearer token: what is added\n\n{table}");
    println!("### The floor\n\n```rust\n{}```", include_str!("../request_floor.rs"));
    Ok(())
}

/// One contestant's work, by its path.
fn work(wanted: &str, times: u32) -> Result<()> {
    let mut all = requests::contestants()?;
    let one = all.iter_mut().find(|one| path(requests::TABLE, "", one.name()) == wanted);
    one.with_context(|| format!("nobody is called {wanted}"))?.run(times);
    Ok(())
}

fn count_instructions(times: u32) -> Result<()> {
    let mut table = Table::new("", ["instructions"]);
    for contestant in requests::contestants()? {
        let count = instructions(&path(requests::TABLE, "", contestant.name()), times)?;
        table.row(contestant.name(), [count]);
    }
    println!("### Instructions of a whole request\n\n{table}");
    Ok(())
}
