//! Counts allocations and prints them for the other programs, one path and count a line.

use std::env;

use allocation_counter::measure;
use anyhow::{Result, bail};
use jam_benches::contestant::Contestant;
use jam_benches::count::path;
use jam_benches::peers::Operation;
use jam_benches::requests::axum::Untouched;
use jam_benches::requests::table::{FEW, WAY_OUT};
use jam_benches::requests::{self, Entry, Framework};
use jam_benches::store::table::{INDEXED, MILLION};
use jam_benches::store::{self, Kind, jam};
use jam_benches::subject::{ALGORITHMS, Subject};

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        Some("tokens") => count_tokens(),
        Some(requests::TABLE) => count_requests(),
        Some(store::TABLE) => count_bytes(),
        _ => bail!("give tokens, requests or store"),
    }
}

fn count_tokens() -> Result<()> {
    for operation in Operation::ALL {
        for algorithm in ALGORITHMS {
            for mut contestant in operation.contestants(&Subject::new(algorithm)?)? {
                let path = path(operation.as_str(), algorithm.as_str(), contestant.name());
                println!("{path}\t{}", count(&mut contestant));
            }
        }
    }
    Ok(())
}

fn count_requests() -> Result<()> {
    for &framework in Framework::ALL {
        for Entry { mut contestant, .. } in framework.entries(FEW)? {
            let path = path(requests::TABLE, framework.as_str(), contestant.name());
            println!("{path}\t{}", count(&mut contestant));
        }
    }
    let mut untouched = Untouched::new()?;
    untouched.call();
    let way_out = measure(|| untouched.poll()).count_total;
    println!("{}\t{way_out}", path(requests::TABLE, Framework::Axum.as_str(), WAY_OUT));
    Ok(())
}

/// Bytes that are asked for, of a session of a million; what the allocator adds is not seen.
fn count_bytes() -> Result<()> {
    for kind in Kind::ALL {
        print_bytes(kind.as_str(), || kind.filled(MILLION))?;
    }
    print_bytes(INDEXED, || jam::indexed(MILLION))
}

fn print_bytes<T>(name: &str, make: impl Fn() -> Result<T>) -> Result<()> {
    let mut made = None;
    let bytes = measure(|| made = Some(make())).bytes_current;
    let _kept = made.transpose()?;
    println!("{}\t{}", path(store::TABLE, "", name), bytes / i64::try_from(MILLION)?);
    Ok(())
}

/// Once before, so that what is kept for the next time is there.
fn count(contestant: &mut Contestant) -> u64 {
    contestant.run(1);
    let mut work = || _ = contestant.run(1);
    measure(&mut work).count_total
}
