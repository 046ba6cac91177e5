//! The wire-level suite for adapters.

mod case;
mod cases;
mod client;
mod expect;
mod runner;
mod setup;
mod token;
mod variables;

pub use case::Case;
pub use cases::cases;

use crate::report::Report;
use crate::server::Server;

/// Cases to be run against a server.
#[derive(Debug)]
pub struct Suite {
    cases: Vec<Case>,
}

impl Suite {
    /// Everything that an adapter has to do.
    #[must_use]
    pub fn adapter() -> Self {
        Self { cases: cases() }
    }

    /// Only the cases whose id begins with this, such as `cred.cookie`: for the time while an
    /// adapter is being written.
    #[must_use]
    pub fn only(mut self, prefix: &str) -> Self {
        self.cases.retain(|case| case.id().starts_with(prefix));
        self
    }

    /// Starts the server once for each configuration, runs the cases one after the other and stops
    /// the server. Whatever goes wrong, also with starting it, stands in the report.
    ///
    /// A server that stays silent is waited for 20 seconds; after the third time the rest of
    /// its cases fail unseen.
    pub fn run(&self, server: Server) -> Report {
        runner::run(&self.cases, &server)
    }
}
