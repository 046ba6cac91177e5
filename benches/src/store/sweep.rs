//! What dropping expired sessions costs, and how long it keeps others waiting.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cpu_time::ThreadTime;
use jam_core::session::{Call, SessionStore};

use super::jam::Jam;
use super::{Store, id};

/// How often it is swept.
const SWEEPS: usize = 25;

/// What a store of so many sessions takes.
pub struct Sweeps {
    /// The CPU time of a sweep that finds nothing.
    pub idle: Duration,
    /// The longest that a reader waits beside one: of several sweeps the best, since whatever else
    /// runs on the machine keeps him waiting too.
    pub longest_wait: Duration,
    /// The CPU time of a sweep that drops everything.
    pub everything: Duration,
}

/// Sweeps a store of so many sessions.
pub fn measure(sessions: u64) -> Result<Sweeps> {
    let jam = Jam::new()?;
    for number in 0..sessions {
        ensure!(jam.put(id(number), jam.session(id(number))), "a session is not stored");
    }
    let swept = |call: Call| {
        let start = ThreadTime::now();
        let swept = jam.store.sweep(call).now().ok().context("the memory store waits")??;
        anyhow::Ok((swept, start.elapsed()))
    };
    let mut idle = Duration::MAX;
    let mut longest_wait = Duration::MAX;
    for _ in 0..SWEEPS {
        let (stop, both) = (AtomicBool::new(false), Barrier::new(2));
        let wait = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                both.wait();
                longest_load(&jam, sessions, &stop)
            });
            both.wait();
            let result = swept(jam.call());
            stop.store(true, Ordering::Relaxed);
            let wait = reader.join().ok().context("the reader is gone")?;
            let (swept, time) = result?;
            ensure!(swept == 0, "a sweep drops what is alive");
            idle = idle.min(time);
            anyhow::Ok(wait)
        })?;
        longest_wait = longest_wait.min(wait);
    }
    let (swept, everything) = swept(jam.afterwards())?;
    ensure!(swept as u64 == sessions, "a sweep leaves expired sessions");
    Ok(Sweeps { idle, longest_wait, everything })
}

fn longest_load(jam: &Jam, sessions: u64, stop: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    for number in (0..sessions).cycle() {
        let start = Instant::now();
        jam.load(id(number));
        longest = longest.max(start.elapsed());
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    longest
}
