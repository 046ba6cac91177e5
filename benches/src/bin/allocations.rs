//! Counts allocations and prints them for the other programs, one path and count a line.

use allocation_counter::measure;
use anyhow::Result;
use jam_benches::contestant::Contestant;
use jam_benches::count::path;
use jam_benches::peers::Operation;
use jam_benches::requests::axum::Untouched;
use jam_benches::requests::table::WAY_OUT;
use jam_benches::requests::{Entry, Framework, TABLE};
use jam_benches::subject::{ALGORITHMS, Subject};

fn main() -> Result<()> {
    for operation in Operation::ALL {
        for algorithm in ALGORITHMS {
            for mut contestant in operation.contestants(&Subject::new(algorithm)?)? {
                let path = path(operation.as_str(), algorithm.as_str(), contestant.name());
                println!("{path}\t{}", count(&mut contestant));
            }
        }
    }
    for &framework in Framework::ALL {
        for Entry { mut contestant, .. } in framework.entries()? {
            let path = path(TABLE, framework.as_str(), contestant.name());
            println!("{path}\t{}", count(&mut contestant));
        }
    }
    let mut untouched = Untouched::new()?;
    untouched.call();
    let way_out = measure(|| untouched.poll()).count_total;
    println!("{}\t{way_out}", path(TABLE, Framework::Axum.as_str(), WAY_OUT));
    Ok(())
}

/// Once before, so that what is kept for the next time is there.
fn count(contestant: &mut Contestant) -> u64 {
    contestant.run(1);
    let mut work = || _ = contestant.run(1);
    measure(&mut work).count_total
}
