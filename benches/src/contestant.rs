//! Somebody who is measured, after it was seen to do its work.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use cpu_time::ThreadTime;

use crate::claims::Claims;
use crate::subject::Subject;

/// One row of a table.
pub struct Contestant {
    name: &'static str,
    run: Box<dyn FnMut(u32) -> Duration>,
}

impl Contestant {
    /// Does `work` over and over.
    pub fn new<T>(name: &'static str, mut work: impl FnMut() -> T + 'static) -> Self {
        Self::prepared(name, || (), move |()| work())
    }

    /// Does `work` on what `prepare` makes; only the work is timed.
    pub fn prepared<I, T>(
        name: &'static str,
        mut prepare: impl FnMut() -> I + 'static,
        mut work: impl FnMut(I) -> T + 'static,
    ) -> Self {
        let run = move |times: u32| {
            let mut inputs: Vec<I> = (0..times).map(|_| prepare()).collect();
            // Taken from the end.
            inputs.reverse();
            measured(&mut inputs, &mut work)
        };
        Self { name, run: Box::new(run) }
    }

    /// Somebody who verifies: the good token must be accepted, each of the others refused.
    pub fn verifier<T, E: Debug>(
        name: &'static str,
        subject: &Subject,
        mut verify: impl FnMut(&str) -> Result<T, E> + 'static,
    ) -> Result<Self> {
        let token = subject.token.clone();
        verify(&token).map_err(|error| anyhow!("{name} refuses the good token: {error:?}"))?;
        for (kind, token) in &subject.refused {
            ensure!(verify(token).is_err(), "{name} accepts {kind} token");
        }
        Ok(Self::new(name, move || verify(black_box(&token))))
    }

    /// Somebody who signs: Jam must accept the token and find the claims in it.
    pub fn signer<E: Debug>(
        name: &'static str,
        subject: &Subject,
        mut sign: impl FnMut() -> Result<String, E> + 'static,
    ) -> Result<Self> {
        let token = sign().map_err(|error| anyhow!("{name} does not sign: {error:?}"))?;
        let found = subject.backend()?.verifier().verify::<Claims>(&token)?.payload;
        ensure!(
            serde_json::to_value(&found)? == serde_json::to_value(&subject.claims)?,
            "{name} signs other claims"
        );
        Ok(Self::new(name, sign))
    }

    /// The name in the table.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Works so many times; the CPU time of this thread that it took.
    pub fn run(&mut self, times: u32) -> Duration {
        (self.run)(times)
    }
}

/// A function of its own, so that callgrind can count what happens in it and nothing else.
#[inline(never)]
fn measured<I, T>(inputs: &mut Vec<I>, work: &mut impl FnMut(I) -> T) -> Duration {
    let start = ThreadTime::now();
    while let Some(input) = inputs.pop() {
        black_box(work(input));
    }
    start.elapsed()
}
