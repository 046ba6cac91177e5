//! The request tables.

use std::hint::black_box;

use anyhow::{Result, anyhow};
use sha2::block_api::compress256;

use super::{
    ANONYMOUS, EMPTY_LAYER, Entry, Framework, GROUND, Kind, READ, SESSION_FLOOR, SLIDING, TABLE,
    TOKEN, TOKEN_FLOOR, WRITE, axum_bound,
};
use crate::contestant::Contestant;
use crate::count::{Counts, path};
use crate::goals::{self, VERIFY_ALLOCATIONS};
use crate::race::{Effort, Race, Spread};
use crate::table::{Table, at_least, at_most, cell, count_at_most, figures};
use crate::valgrind;

/// An untouched request after the inner service has answered.
pub const WAY_OUT: &str = "anonymous and untouched: allocations on the way out";
/// What Jam does with half of a session's id: callgrind has no SHA-NI, so it is counted apart.
pub const HASH: &str = "SHA-256 of the verifier";

/// Sessions where nothing is timed.
pub const FEW: u64 = 100;

/// Hashes a verifier as Jam does: one block.
pub fn hash() -> Contestant {
    Contestant::new(HASH, || {
        let mut state = black_box([7; 8]);
        compress256(&mut state, &[black_box([7; 64])]);
        state
    })
}

/// The race on one framework.
pub struct Results<'c> {
    framework: Framework,
    rows: Vec<Row>,
    race: Race,
    counts: &'c Counts,
}

/// An [`Entry`] without its contestant.
struct Row {
    name: &'static str,
    kind: Kind,
    ground: &'static str,
}

fn split(entries: Vec<Entry>) -> (Vec<Row>, Vec<Contestant>) {
    let split = |Entry { contestant, kind, ground }| {
        (Row { name: contestant.name(), kind, ground }, contestant)
    };
    entries.into_iter().map(split).unzip()
}

impl<'c> Results<'c> {
    /// Lets everybody run, each with so many sessions.
    pub fn run(
        framework: Framework,
        sessions: u64,
        effort: Effort,
        counts: &'c Counts,
    ) -> Result<Self> {
        let (rows, mut contestants) = split(framework.entries(sessions)?);
        Ok(Self { framework, rows, race: Race::run(&mut contestants, effort), counts })
    }

    /// What everybody adds.
    pub fn added(&self) -> Table {
        let mut table =
            Table::new("", ["CPU ns", "× the floor's", "allocations beside the payload's"]);
        for Row { name, kind, ground } in &self.rows {
            let added = self.race.difference(name, ground).map(|added| figures(added.middle));
            let floor = match kind {
                Kind::Token => Some(TOKEN_FLOOR),
                Kind::Read => Some(SESSION_FLOOR),
                Kind::Open | Kind::Write => None,
            };
            let ratio = floor.and_then(|floor| self.ratio([name, ground], [floor, GROUND]));
            let allocations = self.allocations([name, ground]).map(|count| count.to_string());
            let ratio = ratio.map(|ratio| figures(ratio.middle));
            table.row(name, [cell(added), cell(ratio), cell(allocations)]);
        }
        table
    }

    /// What was to be reached, and what was.
    pub fn judgement(&self) -> Table {
        let mut table = Table::new("", ["found"]);
        let mut judge = |goal: &str, found: Option<String>| table.row(goal, [cell(found)]);
        let over = |name, floor, goal| {
            self.ratio([name, EMPTY_LAYER], [floor, GROUND]).map(|ratio| at_most(goal, ratio))
        };
        judge("token: × the floor", over(TOKEN, TOKEN_FLOOR, goals::TOKEN_OVER_FLOOR));
        let allocations = self.allocations([TOKEN, EMPTY_LAYER]);
        judge(
            "token: allocations beside the payload's own",
            allocations.map(|found| count_at_most(goals::TOKEN_ALLOCATIONS, found)),
        );
        judge("session read: × the floor", over(READ, SESSION_FLOOR, goals::READ_OVER_FLOOR));
        let (jam, floor) =
            (self.allocations([READ, EMPTY_LAYER]), self.allocations([SESSION_FLOOR, GROUND]));
        judge(
            "session read: allocations beyond the floor's",
            jam.zip(floor).map(|(jam, floor)| count_at_most(goals::READ_ALLOCATIONS, jam - floor)),
        );
        if self.framework == Framework::Axum {
            let tower = super::axum::TOWER_SESSIONS[0];
            let ratio = self.ratio([tower, GROUND], [READ, GROUND]);
            judge(
                "session read: × as fast as tower-sessions",
                ratio.map(|ratio| at_least(goals::READ_OVER_TOWER, ratio)),
            );
        }
        judge(
            "session read: × as fast as the best peer",
            self.best(READ, Kind::Read).map(|ratio| at_least(1.0, ratio.inverse())),
        );
        judge(
            "session read, touched each time: × a read",
            self.ratio([SLIDING, EMPTY_LAYER], [READ, EMPTY_LAYER])
                .map(|ratio| at_most(goals::SLIDING_OVER_READ, ratio)),
        );
        judge(
            "session write: × the cheapest peer",
            self.best(WRITE, Kind::Write).map(|ratio| at_most(goals::WRITE_OVER_PEER, ratio)),
        );
        judge(
            "anonymous and untouched: allocations beyond an empty layer",
            self.allocations([ANONYMOUS, EMPTY_LAYER]).map(|count| count.to_string()),
        );
        let way_out = self.counts.get(&path(TABLE, self.framework.as_str(), WAY_OUT));
        judge(WAY_OUT, way_out.map(|count| count_at_most(0, count)));
        table
    }

    /// What Jam adds as a multiple of what the peer adds that adds least.
    fn best(&self, name: &str, kind: Kind) -> Option<Spread> {
        let is_peer = |row: &&Row| {
            let own = [READ, SLIDING, WRITE, SESSION_FLOOR, axum_bound::READ];
            row.kind == kind && !own.contains(&row.name)
        };
        let ratios = self.rows.iter().filter(is_peer);
        ratios
            .filter_map(|peer| self.ratio([name, GROUND], [peer.name, peer.ground]))
            .max_by(|one, other| one.middle.total_cmp(&other.middle))
    }

    fn ratio(&self, name: [&str; 2], of: [&str; 2]) -> Option<Spread> {
        self.race.added_ratio(name, of)
    }

    /// Beside the claims' own.
    fn allocations(&self, [name, ground]: [&str; 2]) -> Option<i64> {
        let count = |name| self.counts.get(&path(TABLE, self.framework.as_str(), name));
        let is_token = self.rows.iter().any(|row| row.name == name && row.kind == Kind::Token);
        let own = if is_token { VERIFY_ALLOCATIONS } else { 0 };
        Some(count(name)? - count(ground)? - own)
    }
}

/// The instructions that everybody adds, and Jam beyond an empty layer without its hashing.
pub fn instructions(framework: Framework, times: u32) -> Result<Table> {
    let count = |name| {
        let count = valgrind::instructions(&path(TABLE, framework.as_str(), name), times)?;
        i64::try_from(count).map_err(|_| anyhow!("{name} never ends"))
    };
    let (rows, _) = split(framework.entries(FEW)?);
    let hash = count(HASH)?;
    let counted: Vec<i64> = rows.iter().map(|row| count(row.name)).collect::<Result<_>>()?;
    let find = |wanted| {
        let mut all = rows.iter().zip(&counted);
        all.find(|(row, _)| row.name == wanted).map(|(_, count)| *count)
    };
    let mut table = Table::new(
        "",
        ["instructions", "added", "added, beyond an empty layer, hashing taken off"],
    );
    for (row, &count) in rows.iter().zip(&counted) {
        let added = find(row.ground).map(|ground| (count - ground).to_string());
        let is_jam = [READ, SLIDING, WRITE].contains(&row.name);
        let net = find(EMPTY_LAYER).filter(|_| is_jam).map(|empty| count - empty - hash);
        let net = net.map(|net| match row.name {
            READ => count_at_most(goals::read_instructions(framework), net),
            _ => net.to_string(),
        });
        table.row(row.name, [count.to_string(), cell(added), cell(net)]);
    }
    table.row(HASH, [hash.to_string(), cell(None), cell(None)]);
    Ok(table)
}
