//! Markdown.

use std::fmt;

use crate::race::Spread;

/// A table with a name in front of each row.
pub struct Table {
    lines: Vec<String>,
}

impl Table {
    /// Begins with the names of the columns.
    pub fn new(corner: &str, columns: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let head = row(corner, columns);
        let rule = format!("|{}", "---|".repeat(head.matches('|').count() - 1));
        Self { lines: vec![head, rule] }
    }

    /// Adds a row.
    pub fn row(&mut self, name: &str, cells: impl IntoIterator<Item = impl fmt::Display>) {
        self.lines.push(row(name, cells));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.lines.join("\n"))
    }
}

fn row(name: &str, cells: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let cells = cells.into_iter().map(|cell| format!(" {cell} |"));
    format!("| {name} |{}", cells.collect::<String>())
}

/// A cell, or a dash for who did not run.
pub fn cell(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".into())
}

/// Nanoseconds as microseconds, in three figures.
pub fn microseconds(nanoseconds: f64) -> String {
    figures(nanoseconds / 1000.0)
}

/// Three figures.
pub fn figures(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// A number that should be large, with its quartiles.
pub fn at_least(goal: f64, found: Spread) -> String {
    judged(found.middle >= goal, &format!("≥ {goal}"), found)
}

/// A number that should be small, with its quartiles.
pub fn at_most(goal: f64, found: Spread) -> String {
    judged(found.middle <= goal, &format!("≤ {goal}"), found)
}

/// A count that should be small.
pub fn count_at_most<N: Copy + Ord + fmt::Display>(goal: N, found: N) -> String {
    format!("{} {found} (≤ {goal})", mark(found <= goal))
}

fn judged(met: bool, goal: &str, found: Spread) -> String {
    let Spread { low, middle, high } = found;
    format!("{} {middle:.3} ({goal}; {low:.3}–{high:.3})", mark(met))
}

fn mark(met: bool) -> &'static str {
    if met { "✓" } else { "✗" }
}
