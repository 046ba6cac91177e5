//! The table of `GET /credential`: header lines, and what the sources find in them.

use crate::adapter::case::{Case, Request};
use crate::adapter::expect::Expect;
use crate::adapter::setup::Setup;

/// Rows that one sentence explains.
pub(super) struct Rows {
    pub(super) says: &'static str,
    pub(super) setup: Setup,
    pub(super) found: Found,
    pub(super) rows: &'static [Row],
}

/// An id and the header lines of a request. `${long}` stands for 4000 bytes of `a`.
pub(super) type Row = (&'static str, &'static [&'static [u8]]);

#[derive(Clone, Copy)]
pub(super) enum Found {
    /// This credential, in the source of this place.
    Credential(usize, &'static str),
    Absent,
    Malformed,
    Conflict,
    /// The server's parser refuses the request before anything sees it.
    Refused,
}

impl Found {
    pub(super) fn expect(self) -> Expect {
        let outcome = |name: &str| Expect::json(200, format!(r#"{{"outcome":"{name}"}}"#));
        match self {
            Self::Credential(source, value) => {
                let value = value.replace('"', "\\\"");
                let start = r#"{"outcome":"credential","source":"#;
                Expect::json(200, format!(r#"{start}{source},"value":"{value}"}}"#))
            }
            Self::Absent => outcome("absent"),
            Self::Malformed => outcome("malformed"),
            Self::Conflict => outcome("conflict"),
            Self::Refused => Expect::own(400),
        }
    }
}

/// The case of each row.
pub(super) fn cases(tables: &[Rows]) -> Vec<Case> {
    let case = |table: &Rows, (id, lines): &Row| {
        let request = Request::get("/credential");
        let request = lines.iter().fold(request, |request, line| request.with(line));
        super::ask(id, table.says, table.setup, request.expect(table.found.expect()))
    };
    tables.iter().flat_map(|table| table.rows.iter().map(move |row| case(table, row))).collect()
}
