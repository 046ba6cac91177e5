//! The suite for stores of sessions: the [contract](jam_core::session::SessionStore#the-contract),
//! case by case.
//!
//! ```
//! use jam_conformance::store::Suite;
//! use jam_core::session::MemoryStore;
//!
//! Suite::new(|| async { MemoryStore::new() })
//!     .cannot_be_down()
//!     .holds_no_broken_records()
//!     .run(pollster::block_on)
//!     .assert_passed();
//! ```
//!
//! [`run`](Suite::run) is given what waits for a future: `pollster::block_on`, or
//! `move |job| runtime.block_on(job)` with a runtime. Several threads of the suite's own call it at
//! the same time, which is how logins, writes and revocations meet.

mod case;
mod cases;
mod maker;
mod report;
mod stage;

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use jam_core::session::{SessionHandle, SessionStore};

pub use case::Case;
use case::{Fault, Needs};
pub use cases::cases;
pub use report::{Failure, Report};
use stage::{Stage, wait};

/// Something to be waited for.
pub type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

type Make<S> = Box<dyn Fn() -> Pin<Box<dyn Future<Output = S> + Send>>>;
type Hook<S, T> = Box<dyn Fn(Arc<S>, T) -> Job>;

/// What a store can be brought to do.
enum Ability<H> {
    Undeclared,
    Lacking,
    Present(H),
}

/// The cases for one kind of store.
#[must_use]
pub struct Suite<S> {
    make: Make<S>,
    cases: Vec<Case>,
    outage: Ability<Hook<S, bool>>,
    broken: Ability<Hook<S, SessionHandle>>,
}

impl<S: SessionStore + 'static> Suite<S> {
    /// For the stores that `make` makes: an empty one for each case.
    pub fn new<F>(make: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = S> + Send + 'static,
    {
        Self {
            make: Box::new(move || Box::pin(make())),
            cases: cases(),
            outage: Ability::Undeclared,
            broken: Ability::Undeclared,
        }
    }

    /// Brings a store down (`true`) and back up (`false`). What it held is there again afterwards.
    pub fn outage<F>(mut self, set_down: impl Fn(Arc<S>, bool) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.outage =
            Ability::Present(Box::new(move |store, down| Box::pin(set_down(store, down))));
        self
    }

    /// The store is in this process and answers always: the cases about outages do not apply.
    pub fn cannot_be_down(mut self) -> Self {
        self.outage = Ability::Lacking;
        self
    }

    /// Overwrites what is kept under a key with bytes that are no record.
    pub fn break_record<F>(
        mut self,
        break_it: impl Fn(Arc<S>, SessionHandle) -> F + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.broken = Ability::Present(Box::new(move |store, key| Box::pin(break_it(store, key))));
        self
    }

    /// The store keeps records and not bytes, so none of them can be broken: those cases do not
    /// apply.
    pub fn holds_no_broken_records(mut self) -> Self {
        self.broken = Ability::Lacking;
        self
    }

    /// Only the cases whose id begins with this, such as `swap.`: for the time while a store is being
    /// written.
    pub fn only(mut self, prefix: &str) -> Self {
        self.cases.retain(|case| case.id().starts_with(prefix));
        self
    }

    /// Runs the cases, one after the other. `block_on` waits for a future, on the thread that calls
    /// it. Whatever goes wrong stands in the report.
    pub fn run(&self, block_on: impl Fn(Job) + Send + Sync + 'static) -> Report {
        let block_on: Arc<stage::BlockOn> = Arc::new(block_on);
        let mut report = Report::default();
        for case in &self.cases {
            let is_lacking = match case.needs {
                Needs::Nothing => false,
                Needs::Outage => matches!(self.outage, Ability::Lacking),
                Needs::BrokenRecords => matches!(self.broken, Ability::Lacking),
            };
            if is_lacking {
                report.left_out(case);
                continue;
            }
            // A store that panics has failed this case and no other.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.play(case, &block_on)));
            match outcome.unwrap_or_else(|_| Err(Fault::new("it panicked"))) {
                Ok(()) => report.passed_by(case),
                Err(fault) => report.failed(case, &fault),
            }
        }
        report
    }

    fn play(&self, case: &Case, block_on: &Arc<stage::BlockOn>) -> Result<(), Fault> {
        let store = Arc::new(wait(block_on, (self.make)())?);
        let ability = |is_declared: bool, how: &str| {
            if is_declared { Ok(()) } else { Err(Fault::new(format!("declare it: {how}"))) }
        };
        match case.needs {
            Needs::Nothing => {}
            Needs::Outage => ability(
                matches!(self.outage, Ability::Present(_)),
                "`outage` brings the store down, or `cannot_be_down`",
            )?,
            Needs::BrokenRecords => ability(
                matches!(self.broken, Ability::Present(_)),
                "`break_record` breaks a record, or `holds_no_broken_records`",
            )?,
        }
        let set_down = |is_down| match &self.outage {
            Ability::Present(set_down) => wait(block_on, set_down(Arc::clone(&store), is_down)),
            Ability::Undeclared | Ability::Lacking => Ok(()),
        };
        let break_record = |handle| match &self.broken {
            Ability::Present(break_it) => wait(block_on, break_it(Arc::clone(&store), handle)),
            Ability::Undeclared | Ability::Lacking => Ok(()),
        };
        let shared: Arc<dyn SessionStore> = Arc::<S>::clone(&store);
        let stage = Stage::new(shared, Arc::clone(block_on));
        (case.play)(&stage, &case::Hands { set_down: &set_down, break_record: &break_record })
    }
}

impl<S> fmt::Debug for Suite<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("cases", &self.cases.len()).finish_non_exhaustive()
    }
}
