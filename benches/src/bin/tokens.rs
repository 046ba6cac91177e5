//! `cargo xtask bench tokens`: Jam, the floor and the peers, verifying and signing.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use jam_benches::batch;
use jam_benches::count::{Counts, path};
use jam_benches::peers::Operation;
use jam_benches::race::Effort;
use jam_benches::subject::{ALGORITHMS, Subject};
use jam_benches::table::{Table, cell};
use jam_benches::tokens::{Column, allocations, judgement, over_floor, times};
use jam_benches::valgrind::instructions;
use jam_core::key::Algorithm;

/// Verifying and signing tokens: Jam, raw crypto and other libraries, interleaved in one process
#[derive(Parser)]
struct Args {
    /// The columns, separated by commas; all of them
    #[arg(long, value_delimiter = ',')]
    algorithms: Vec<Algorithm>,
    /// How often everybody's turn comes
    #[arg(long, default_value_t = 601)]
    rounds: usize,
    /// How long a turn takes, in microseconds
    #[arg(long, default_value_t = 200)]
    turn: u64,
    /// Counts instructions instead, with valgrind
    #[arg(long)]
    instructions: bool,
    /// Does one contestant's work and nothing else, to be run in valgrind:
    /// `valgrind --tool=callgrind --toggle-collect='*contestant::measured*' …`
    #[arg(long, value_name = "OPERATION/ALGORITHM/NAME")]
    callgrind: Option<String>,
    /// How often, with --callgrind and --instructions
    #[arg(long, default_value_t = 200)]
    times: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(path) = &args.callgrind {
        return work(path, args.times);
    }
    let chosen =
        if args.algorithms.is_empty() { ALGORITHMS.to_vec() } else { args.algorithms.clone() };
    if args.instructions { count_instructions(&chosen, args.times) } else { race(&chosen, &args) }
}

/// One contestant's work, by its path.
fn work(wanted: &str, times: u32) -> Result<()> {
    for operation in Operation::ALL {
        for algorithm in ALGORITHMS {
            let column = path(operation.as_str(), algorithm.as_str(), "");
            let Some(name) = wanted.strip_prefix(&column) else { continue };
            let mut all = operation.contestants(&Subject::new(algorithm)?)?;
            let one = all.iter_mut().find(|contestant| contestant.name() == name);
            one.with_context(|| format!("nobody in this column is called {name}"))?.run(times);
            return Ok(());
        }
    }
    anyhow::bail!("give OPERATION/ALGORITHM/NAME as in the tables, not {wanted}")
}

fn count_instructions(algorithms: &[Algorithm], times: u32) -> Result<()> {
    for operation in Operation::ALL {
        let mut table = Table::new("", algorithms);
        for name in operation.rows() {
            let cells = algorithms.iter().map(|algorithm| {
                let path = path(operation.as_str(), algorithm.as_str(), name);
                cell(instructions(&path, times).ok().map(|count| count.to_string()))
            });
            table.row(name, cells);
        }
        println!("\n### Instructions to {}\n\n{table}", operation.as_str());
    }
    Ok(())
}

fn race(algorithms: &[Algorithm], args: &Args) -> Result<()> {
    let effort = Effort { rounds: args.rounds, turn: Duration::from_micros(args.turn) };
    let counts = Counts::load("tokens")?;
    let mut columns = Vec::new();
    for algorithm in algorithms {
        eprintln!("{algorithm} …");
        columns.push(Column::run(*algorithm, effort)?);
    }
    println!("### Goals\n\n{}", judgement(&columns, &counts));
    for operation in Operation::ALL {
        let (verb, reference) = (operation.as_str(), operation.reference());
        println!("### To {verb}: µs · × as fast as {reference}\n\n{}", times(operation, &columns));
        println!("### To {verb}: × the raw crypto\n\n{}", over_floor(operation, &columns));
        println!("### To {verb}: allocations\n\n{}", allocations(operation, &columns, &counts));
    }
    eprintln!("batch …");
    println!("### Batch\n\n{}", batch::table()?);
    println!("### The floor\n\n```rust\n{}```", include_str!("../floor.rs"));
    Ok(())
}
