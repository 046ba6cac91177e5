//! Everybody in turn, in small batches, round after round.

use std::time::Duration;

use crate::contestant::Contestant;

/// How long a race takes.
#[derive(Clone, Copy)]
pub struct Effort {
    /// How often everybody's turn comes.
    pub rounds: usize,
    /// How long a turn takes, about.
    pub turn: Duration,
}

/// The times of a race.
pub struct Race {
    names: Vec<&'static str>,
    /// Nanoseconds for one piece of work, by contestant and round.
    times: Vec<Vec<f64>>,
}

/// A median between its quartiles.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Spread {
    pub low: f64,
    pub middle: f64,
    pub high: f64,
}

impl Race {
    /// Lets everybody run. Who begins changes with each round, so that nobody always runs in the
    /// caches that the same neighbour left.
    pub fn run(contestants: &mut [Contestant], effort: Effort) -> Self {
        let repeats: Vec<u32> = contestants.iter_mut().map(|c| repeats(c, effort.turn)).collect();
        let count = contestants.len();
        let mut times = vec![Vec::with_capacity(effort.rounds); count];
        for round in 0..effort.rounds {
            for turn in 0..count {
                let who = (round + turn) % count;
                // Once without the clock, to warm the caches up.
                contestants[who].run(1);
                let spent = contestants[who].run(repeats[who]);
                times[who].push(nanoseconds(spent) / f64::from(repeats[who]));
            }
        }
        Self { names: contestants.iter().map(Contestant::name).collect(), times }
    }

    /// Who ran, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }

    /// Nanoseconds for one piece of work; `None` for who did not run.
    pub fn time(&self, name: &str) -> Option<Spread> {
        self.by_round(name, |times| times.to_vec())
    }

    /// The time of one as a multiple of another's, both of the same round.
    pub fn ratio(&self, name: &str, of: &str) -> Option<Spread> {
        let others = self.times_of(of)?;
        self.by_round(name, |times| times.iter().zip(others).map(|(a, b)| a / b).collect())
    }

    /// The same for what the two add to the ground that each of them stands on.
    pub fn added_ratio(&self, [name, ground]: [&str; 2], of: [&str; 2]) -> Option<Spread> {
        let (grounds, others) = (self.times_of(ground)?, self.times_of(of[0])?);
        let below = others.iter().zip(self.times_of(of[1])?).map(|(other, ground)| other - ground);
        self.by_round(name, |times| {
            let above = times.iter().zip(grounds).map(|(time, ground)| time - ground);
            above.zip(below).map(|(above, below)| above / below).collect()
        })
    }

    /// Nanoseconds beyond another's, both of the same round.
    pub fn difference(&self, name: &str, from: &str) -> Option<Spread> {
        let others = self.times_of(from)?;
        self.by_round(name, |times| times.iter().zip(others).map(|(a, b)| a - b).collect())
    }

    fn times_of(&self, name: &str) -> Option<&Vec<f64>> {
        self.times.get(self.names.iter().position(|known| *known == name)?)
    }

    fn by_round(&self, name: &str, values: impl FnOnce(&[f64]) -> Vec<f64>) -> Option<Spread> {
        self.times_of(name).map(|times| Spread::of(values(times)))
    }
}

impl Spread {
    /// The quartiles of some values.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |part: usize| values.get(values.len() * part / 4).copied().unwrap_or(f64::NAN);
        Self { low: at(1), middle: at(2), high: at(3) }
    }

    /// One over it.
    pub fn inverse(self) -> Self {
        Self { low: 1.0 / self.high, middle: 1.0 / self.middle, high: 1.0 / self.low }
    }
}

fn repeats(contestant: &mut Contestant, turn: Duration) -> u32 {
    let mut times = 1;
    loop {
        // The better of two: the first one may have waited for its code to be read from the disk.
        let spent = contestant.run(times).min(contestant.run(times));
        if spent >= turn {
            return times;
        }
        let wanted = nanoseconds(turn) / nanoseconds(spent).max(1.0) * f64::from(times);
        // At most a million; the first turns run cold and are not to be trusted.
        times = (wanted.ceil() as u32).clamp(times + 1, times * 8).min(1 << 20);
    }
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}
