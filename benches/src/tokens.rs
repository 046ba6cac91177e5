//! The token tables.

use anyhow::Result;
use jam_core::key::Algorithm;

use crate::count::{Counts, path};
use crate::goals::{self, Goal};
use crate::peers::{Operation, jam};
use crate::race::{Effort, Race};
use crate::subject::Subject;
use crate::table::{Table, at_least, at_most, cell, count_at_most, figures, microseconds};

/// The races of one column.
pub struct Column {
    algorithm: Algorithm,
    verify: Race,
    sign: Race,
}

impl Column {
    /// Lets everybody verify, then sign.
    pub fn run(algorithm: Algorithm, effort: Effort) -> Result<Self> {
        let subject = Subject::new(algorithm)?;
        let race = |operation: Operation| {
            anyhow::Ok(Race::run(&mut operation.contestants(&subject)?, effort))
        };
        Ok(Self { algorithm, verify: race(Operation::Verify)?, sign: race(Operation::Sign)? })
    }

    fn race(&self, operation: Operation) -> &Race {
        match operation {
            Operation::Verify => &self.verify,
            Operation::Sign => &self.sign,
        }
    }
}

fn table(columns: &[Column]) -> Table {
    Table::new("", columns.iter().map(|column| column.algorithm))
}

/// Microseconds, and how many times as fast as the reference.
pub fn times(operation: Operation, columns: &[Column]) -> Table {
    let mut table = table(columns);
    for name in operation.rows() {
        let cells = columns.iter().map(|column| {
            let race = column.race(operation);
            let time = race.time(name).map(|time| microseconds(time.middle));
            let ratio = race.ratio(operation.reference(), name).map(|r| figures(r.middle));
            cell(time.zip(ratio).map(|(time, ratio)| format!("{time} · {ratio} ×")))
        });
        table.row(name, cells);
    }
    table
}

/// Multiples of the raw crypto.
pub fn over_floor(operation: Operation, columns: &[Column]) -> Table {
    let mut table = table(columns);
    for name in operation.rows().iter().skip(1) {
        let floor = operation.rows()[0];
        let cells = columns.iter().map(|column| {
            let ratio = column.race(operation).ratio(name, floor);
            cell(ratio.map(|ratio| format!("{} ×", figures(ratio.middle))))
        });
        table.row(name, cells);
    }
    table
}

/// Allocations of one call.
pub fn allocations(operation: Operation, columns: &[Column], counts: &Counts) -> Table {
    let mut table = table(columns);
    for name in operation.rows() {
        let cells = columns.iter().map(|column| {
            let path = path(operation.as_str(), column.algorithm.as_str(), name);
            cell(counts.get(&path).map(|count| count.to_string()))
        });
        table.row(name, cells);
    }
    table
}

/// What was to be reached, and what was.
pub fn judgement(columns: &[Column], counts: &Counts) -> Table {
    let floor = Operation::Verify.rows()[0];
    let mut table = table(columns);
    let mut judge = |name: &str, cell_of: &dyn Fn(&Column, Goal) -> Option<String>| {
        let cells = columns.iter().map(|column| {
            let goal = Goal::of(column.algorithm);
            cell(cell_of(column, goal))
        });
        table.row(name, cells);
    };
    judge("verify: × as fast as `decode`", &|column, goal| {
        let ratio = column.verify.ratio(Operation::Verify.reference(), jam::VERIFY)?;
        Some(at_least(goal.verify_over_decode, ratio))
    });
    judge("verify: × the raw crypto", &|column, goal| {
        Some(at_most(goal.verify_over_floor, column.verify.ratio(jam::VERIFY, floor)?))
    });
    judge("sign: × as fast as `encode`", &|column, goal| {
        let ratio = column.sign.ratio(Operation::Sign.reference(), jam::SIGN)?;
        Some(at_least(goal.sign_over_encode, ratio))
    });
    let count = |operation: Operation, column: &Column, name: &str| {
        counts.get(&path(operation.as_str(), column.algorithm.as_str(), name))
    };
    judge("allocations, verify", &|column, _| {
        let found = count(Operation::Verify, column, jam::VERIFY)?;
        Some(count_at_most(goals::VERIFY_ALLOCATIONS, found))
    });
    judge("allocations, verify_borrowed", &|column, _| {
        let found = count(Operation::Verify, column, jam::VERIFY_BORROWED)?;
        Some(count_at_most(goals::BORROWED_ALLOCATIONS, found))
    });
    judge("allocations, sign (HMAC)", &|column, _| {
        let found = count(Operation::Sign, column, jam::SIGN)?;
        column.algorithm.is_symmetric().then(|| count_at_most(goals::SIGN_ALLOCATIONS, found))
    });
    table
}
