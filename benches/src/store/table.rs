//! The tables of sessions in memory.

use anyhow::Result;

use super::{Kind, TABLE, sweep};
use crate::contestant::Contestant;
use crate::count::{Counts, path};
use crate::goals;
use crate::race::{Effort, Race, Spread};
use crate::table::{Table, at_most, cell, count_at_most, figures};
use crate::valgrind;

/// The size for which most goals are set.
pub const MILLION: u64 = 1_000_000;
/// Jam's store with sessions that belong to somebody.
pub const INDEXED: &str = "**Jam**, with subject and index";

/// Times of stores with so many sessions.
pub fn times(sessions: u64, effort: Effort) -> Result<Table> {
    let (mut loads, mut saves, mut inserts) = (Vec::new(), Vec::new(), Vec::new());
    for kind in Kind::ALL {
        let filled = kind.filled(sessions)?;
        loads.push(filled.load);
        saves.push(filled.save);
        inserts.push((kind, filled.worst_insert.as_secs_f64() * 1e3));
    }
    let race = |contestants: &mut Vec<Contestant>| Race::run(contestants, effort);
    let (loads, saves) = (race(&mut loads), race(&mut saves));
    let corner = format!("{sessions} sessions");
    let mut table = Table::new(&corner, ["load ns", "save ns", "longest insertion, CPU ms"]);
    for (kind, insert) in inserts {
        let name = kind.as_str();
        let judged = |found: Option<Spread>, goal| match kind {
            Kind::Jam if sessions == MILLION => found.map(|found| at_most(goal, found)),
            _ => found.map(|found| figures(found.middle)),
        };
        let insert = Spread { low: insert, middle: insert, high: insert };
        let save = saves.time(name).map(|save| figures(save.middle));
        let load = judged(loads.time(name), goals::STORE_LOAD);
        table.row(name, [cell(load), cell(save), cell(judged(Some(insert), goals::STORE_INSERT))]);
    }
    Ok(table)
}

/// Bytes of a session.
pub fn bytes(counts: &Counts) -> Table {
    let mut table = Table::new(&format!("{MILLION} sessions"), ["bytes a session"]);
    for name in Kind::ALL.map(Kind::as_str).into_iter().chain([INDEXED]) {
        let found = counts.get(&path(TABLE, "", name));
        let text = found.map(|found| match name {
            INDEXED => count_at_most(goals::STORE_BYTES_INDEXED, found),
            _ if name == Kind::Jam.as_str() => count_at_most(goals::STORE_BYTES, found),
            _ => found.to_string(),
        });
        table.row(name, [cell(text)]);
    }
    table
}

/// Instructions of a load from Jam's store.
pub fn instructions(sizes: &[u64], times: u32) -> Result<Table> {
    let mut table = Table::new("sessions", ["instructions a load", "× those of the first"]);
    let mut first = None;
    for sessions in sizes {
        let name = sessions.to_string();
        let found = valgrind::instructions(&path(TABLE, &name, Kind::Jam.as_str()), times)?;
        let ratio = found as f64 / *first.get_or_insert(found as f64);
        let ratio = Spread { low: ratio, middle: ratio, high: ratio };
        let judged = at_most(1.0 + goals::STORE_FLAT, ratio);
        table.row(&name, [found.to_string(), judged]);
    }
    Ok(table)
}

/// What sweeping takes.
pub fn sweeps(sizes: &[u64]) -> Result<Table> {
    let mut table = Table::new(
        "sessions",
        [
            "sweep that finds nothing, CPU ms",
            "% of a core for a million, once a minute",
            "longest wait beside it, ms",
            "sweep that drops all, CPU ms",
        ],
    );
    for &sessions in sizes {
        let found = sweep::measure(sessions)?;
        let idle = found.idle.as_secs_f64() * 1e3;
        let share = found.idle.as_secs_f64() / 60.0 * 100.0 / (sessions as f64 / MILLION as f64);
        let one = |found| Spread { low: found, middle: found, high: found };
        let wait = found.longest_wait.as_secs_f64() * 1e3;
        table.row(
            &sessions.to_string(),
            [
                figures(idle),
                at_most(goals::STORE_SWEEP, one(share)),
                at_most(goals::STORE_WAIT, one(wait)),
                figures(found.everything.as_secs_f64() * 1e3),
            ],
        );
    }
    Ok(table)
}
