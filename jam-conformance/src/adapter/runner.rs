//! Walks through the cases of a suite, configuration by configuration.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::case::Case;
use super::client::Client;
use super::setup::{NOW, Setup};
use crate::report::Report;
use crate::server::{Running, Server};

/// After so many cases in which the server stayed silent or broke off, nobody waits for the rest.
const PATIENCE: usize = 3;

pub(super) fn run(cases: &[Case], server: &Server) -> Report {
    let mut report = Report::new(server, &fingerprint(cases));
    for setup in Setup::ALL {
        let mut cases = cases.iter().filter(|case| case.setup == setup).peekable();
        if cases.peek().is_none() {
            continue;
        }
        match server.start(&setup.config(), NOW) {
            Ok(running) => run_setup(cases, running, &mut report),
            Err(fault) => cases.for_each(|case| report.failed(case, &fault)),
        }
    }
    report
}

/// Tells this list of cases from any other, so that only answers to the same are compared.
fn fingerprint(cases: &[Case]) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{cases:?}").hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn run_setup<'c>(cases: impl Iterator<Item = &'c Case>, mut running: Running, report: &mut Report) {
    let mut silences = 0;
    for case in cases {
        if silences >= PATIENCE {
            report.failed(case, "not tried: the server broke off too often before");
            continue;
        }
        let mut client = Client::new(running.address, case.setup);
        for step in &case.steps {
            client.step(step);
        }
        silences += usize::from(client.silent);
        let mut problems = client.problems;
        if let Some(how) = running.exited() {
            problems += &format!("the server is gone: {how}");
        }
        if !problems.is_empty() {
            report.failed(case, &problems);
        } else if client.inapplicable {
            report.left_out(case);
        } else {
            report.passed_by(case);
        }
        if !client.inapplicable {
            report.answered(case, client.answers);
        }
    }
}
