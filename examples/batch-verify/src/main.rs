//! The core alone: verifies tokens over all cores and prints the rate.
//!
//! `cargo run --release -p batch-verify` makes a million tokens itself; `--stdin` reads one a line
//! instead and verifies them with the HS256 secret in `JAM_SECRET`.

use anyhow::{Context, bail};
use clap::Parser;
use jam_core::Jam;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead};
use std::time::{Duration, Instant};

/// Verifies tokens over all cores and prints the rate.
#[derive(Parser)]
struct Args {
    /// How many tokens to make and verify
    #[arg(long, default_value_t = 1_000_000)]
    count: usize,
    /// Reads one token a line instead; JAM_SECRET holds their HS256 secret
    #[arg(long, conflicts_with = "count")]
    stdin: bool,
}

#[derive(Serialize, Deserialize)]
struct User {
    sub: String,
}

/// So many tokens are held at a time; the input may be larger than memory.
const CHUNK: usize = 1 << 16;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let key = match std::env::var("JAM_SECRET") {
        Ok(secret) => Key::from_secret(Algorithm::HS256, secret)?,
        Err(_) if args.stdin => bail!("set JAM_SECRET to the HS256 secret of the tokens on stdin"),
        Err(_) => Key::generate(Algorithm::HS256)?,
    };
    let jam = Jam::builder().jwt(JwtBackend::builder(KeyRing::new([key])?)).build()?;

    let mut lines = io::stdin().lock().lines();
    let (mut verified, mut good, mut spent) = (0, 0, Duration::ZERO);
    loop {
        let tokens: Vec<String> = if args.stdin {
            lines.by_ref().take(CHUNK).collect::<Result<_, _>>().context("cannot read stdin")?
        } else {
            let next = verified..args.count.min(verified + CHUNK);
            next.into_par_iter().map(|n| token(&jam, n)).collect::<Result<_, _>>()?
        };
        if tokens.is_empty() {
            break;
        }
        let start = Instant::now();
        good +=
            tokens.par_iter().filter(|token| jam.verify_jwt_token::<User>(token).is_ok()).count();
        spent += start.elapsed();
        verified += tokens.len();
    }

    let rate = verified as f64 / spent.as_secs_f64().max(f64::EPSILON);
    let cores = rayon::current_num_threads();
    println!("{verified} tokens, {good} good, {} refused", verified - good);
    println!("{rate:.0} tokens a second on {cores} cores");
    Ok(())
}

fn token(jam: &Jam, number: usize) -> Result<String, jam_core::Error> {
    jam.gen_jwt_token(&jam.make_payload(&User { sub: format!("user-{number}") })?)
}
