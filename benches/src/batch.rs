//! Many tokens: one thread, and all cores.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use cpu_time::ProcessTime;
use jam_core::jwt::JwtVerifier;
use jam_core::key::Algorithm;
use rayon::prelude::*;

use crate::claims::Claims;
use crate::goals;
use crate::race::Spread;
use crate::subject::Subject;
use crate::table::{Table, at_least, at_most, microseconds};

const TOKENS: usize = 20_000;
const ROUNDS: usize = 31;

/// What a batch took.
struct Spent {
    cpu: Duration,
    wall: Duration,
}

/// Verifies a batch on one thread and over all cores, in turn.
pub fn table() -> Result<Table> {
    let subject = Subject::new(Algorithm::HS256)?;
    let backend = subject.backend()?;
    let tokens = (0..TOKENS)
        .map(|n| backend.signer().sign(&Claims { sub: n.to_string(), ..subject.claims.clone() }))
        .collect::<Result<Vec<_>, _>>()?;
    let verifier = backend.verifier();
    let (mut alone, mut cpu, mut wall) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let one = spent(|| tokens.iter().filter(|token| is_good(verifier, token)).count())?;
        let all = spent(|| tokens.par_iter().filter(|token| is_good(verifier, token)).count())?;
        // The first round starts the threads.
        if round > 0 {
            alone.push(one.cpu.as_secs_f64() * 1e9 / TOKENS as f64);
            cpu.push(all.cpu.as_secs_f64() / one.cpu.as_secs_f64());
            wall.push(one.wall.as_secs_f64() / all.wall.as_secs_f64());
        }
    }
    let cores = rayon::current_num_threads();
    let mut table = Table::new(&format!("{TOKENS} HS256 tokens on {cores} cores"), [""]);
    table.row("one thread, µs a token", [microseconds(Spread::of(alone).middle)]);
    table.row("all cores, CPU time: × one thread's", [at_most(goals::BATCH_CPU, Spread::of(cpu))]);
    table.row(
        "all cores, wall: × as fast as one thread",
        [at_least(goals::BATCH_WALL, Spread::of(wall))],
    );
    Ok(table)
}

fn is_good(verifier: &JwtVerifier, token: &str) -> bool {
    verifier.verify::<Claims>(token).is_ok()
}

/// Other threads work for this one, so it is the time of the process that counts.
fn spent(work: impl FnOnce() -> usize) -> Result<Spent> {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let good = work();
    let spent = Spent { cpu: cpu.elapsed(), wall: wall.elapsed() };
    ensure!(good == TOKENS, "only {good} of {TOKENS} tokens are good");
    Ok(spent)
}
