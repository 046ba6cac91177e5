//! How many tokens were judged, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use jam_core::ErrorKind;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    ok: u64,
    refused: BTreeMap<ErrorKind, u64>,
}

impl Tally {
    pub(crate) fn accept(&mut self) {
        self.ok += 1;
    }

    pub(crate) fn refuse(&mut self, kind: ErrorKind) {
        *self.refused.entry(kind).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        for (kind, count) in &other.refused {
            *self.refused.entry(*kind).or_default() += count;
        }
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    /// `3 tokens, 1 ok, 2 refused (malformed: 1, expired: 1), 812345 tokens/s`
    pub(crate) fn summary(&self, took: Duration) -> String {
        let refused = self.refused();
        let count = self.ok + refused;
        let kinds: Vec<_> = self.refused.iter().map(|(kind, n)| format!("{kind}: {n}")).collect();
        let kinds =
            if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let rate = count as f64 / took.as_secs_f64().max(1e-9);
        format!("{count} tokens, {} ok, {refused} refused{kinds}, {rate:.0} tokens/s", self.ok)
    }
}
