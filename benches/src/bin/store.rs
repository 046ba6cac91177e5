//! `cargo xtask bench store`: sessions in memory.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use jam_benches::count::Counts;
use jam_benches::race::Effort;
use jam_benches::store::table::{MILLION, bytes, instructions, sweeps, times};
use jam_benches::store::{Kind, TABLE};

/// Sessions in memory: Jam's store, maps that one could keep them in, and the store of tower-sessions
#[derive(Parser)]
struct Args {
    /// Stores of 5 million sessions too; takes more than 10 GB
    #[arg(long)]
    large: bool,
    /// How often everybody's turn comes
    #[arg(long, default_value_t = 601)]
    rounds: usize,
    /// How long a turn takes, in microseconds
    #[arg(long, default_value_t = 500)]
    turn: u64,
    /// Counts instructions instead, with valgrind
    #[arg(long)]
    instructions: bool,
    /// Loads from Jam's store of so many sessions and nothing else, to be run in valgrind:
    /// `valgrind --tool=callgrind --toggle-collect='*contestant::measured*' …`
    #[arg(long, value_name = "store/SESSIONS/NAME")]
    callgrind: Option<String>,
    /// How often, with --callgrind and --instructions
    #[arg(long, default_value_t = 1000)]
    times: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(wanted) = &args.callgrind {
        let sessions = wanted.split('/').nth(1).and_then(|sessions| sessions.parse().ok());
        let sessions = sessions.context("give store/SESSIONS/NAME")?;
        Kind::Jam.filled(sessions)?.load.run(args.times);
        return Ok(());
    }
    let mut sizes = vec![10_000, 100_000, MILLION];
    if args.large {
        sizes.push(5 * MILLION);
    }
    if args.instructions {
        println!("### Instructions\n\n{}", instructions(&sizes, args.times)?);
        return Ok(());
    }
    let effort = Effort { rounds: args.rounds, turn: Duration::from_micros(args.turn) };
    for &sessions in &sizes {
        println!("### Times\n\n{}", times(sessions, effort)?);
    }
    println!("### Memory\n\n{}", bytes(&Counts::load(TABLE)?));
    println!("### Sweeps\n\n{}", sweeps(&sizes)?);
    Ok(())
}
