//! The suite for stores: on the memory store, on the same behind an asynchronous one, and on stores
//! that each break one promise.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeSet, HashSet};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use jam_conformance::store::{Report, Suite, cases};
use jam_core::session::{
    AsyncSessionStore, Call, Cursor, Inserted, MaxSessions, MemoryStore, OwnedOwner, Owner, Page,
    Record, SessionHandle, SessionStore, Swap,
};
use jam_core::{Error, ErrorKind};

/// The cases that need something of a store that it may not have.
const NEEDS_AN_ABILITY: [&str; 6] = [
    "load.undecodable",
    "remove.undecodable",
    "list.undecodable",
    "remove-all.undecodable",
    "outage.answers",
    "outage.returns",
];

#[test]
fn the_memory_store_conforms() {
    let report = Suite::new(|| async { MemoryStore::new() })
        .cannot_be_down()
        .holds_no_broken_records()
        .run(pollster::block_on);
    report.assert_passed();
    assert_eq!(report.inapplicable(), NEEDS_AN_ABILITY);
    assert_eq!(report.passed().len() + NEEDS_AN_ABILITY.len(), cases().len());
}

/// Gives way before and after each call.
async fn gives_way() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    OverwritesOnInsert,
    ForgetsTheLimit,
    CreatesOnSwap,
    IgnoresTheVersion,
    RevivesOnTouch,
    TouchesBack,
    FindsExpired,
    KeepsOnRemoveAll,
    EndsTheException,
    EndsOthersFromTheGrave,
    ListsOthers,
    SaysNotFoundWhenDown,
    CallsBrokenAnOutage,
    HidesBroken,
    ListsBroken,
    KeepsBroken,
    LosesAPage,
}

/// The memory store behind calls that wait; it can be brought down, and do one thing wrong.
struct Waiting {
    store: MemoryStore,
    fault: Fault,
    is_down: AtomicBool,
    broken: Mutex<HashSet<SessionHandle>>,
}

impl Waiting {
    fn new(fault: Fault) -> Self {
        let (store, is_down, broken) = Default::default();
        Self { store, fault, is_down, broken }
    }

    async fn enter(&self) -> Result<(), Error> {
        gives_way().await;
        if self.is_down.load(Ordering::SeqCst) {
            return Err(ErrorKind::StoreUnavailable.into());
        }
        Ok(())
    }
}

/// Long before any session's end.
fn early(call: Call) -> Call {
    Call { now: call.now.saturating_sub(std::time::Duration::from_secs(100_000)), ..call }
}

impl AsyncSessionStore for Waiting {
    async fn load(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        if let Err(error) = self.enter().await {
            return if self.fault == Fault::SaysNotFoundWhenDown { Ok(None) } else { Err(error) };
        }
        if self.broken.lock().unwrap().contains(&handle) {
            return Err(match self.fault {
                Fault::CallsBrokenAnOutage => ErrorKind::StoreUnavailable.into(),
                _ => ErrorKind::UndecodableRecord.into(),
            });
        }
        let call = if self.fault == Fault::FindsExpired { early(call) } else { call };
        let loaded = SessionStore::load(&self.store, call, handle).await;
        gives_way().await;
        loaded
    }

    async fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Inserted, Error> {
        self.enter().await?;
        if self.fault == Fault::OverwritesOnInsert {
            SessionStore::remove(&self.store, call, handle).await?;
        }
        let limit =
            if self.fault == Fault::ForgetsTheLimit { MaxSessions::Unlimited } else { limit };
        let inserted = SessionStore::insert(&self.store, call, handle, record, limit).await;
        gives_way().await;
        inserted
    }

    async fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        mut expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Swap, Error> {
        self.enter().await?;
        if self.fault == Fault::IgnoresTheVersion
            && let Some(stored) = SessionStore::load(&self.store, call, handle).await?
        {
            expected = stored.version();
        }
        let swap = SessionStore::compare_and_swap(
            &self.store,
            call,
            handle,
            expected,
            record.clone(),
            limit,
        );
        let swap = swap.await;
        if let (Ok(Swap::Gone), Fault::CreatesOnSwap) = (&swap, self.fault) {
            let _ = SessionStore::insert(&self.store, call, handle, record, limit).await?;
        }
        gives_way().await;
        swap
    }

    async fn touch(&self, call: Call, handle: SessionHandle, record: Record) -> Result<(), Error> {
        self.enter().await?;
        match self.fault {
            // As if it were looked at no closer.
            Fault::RevivesOnTouch => record.touch(call.now),
            Fault::TouchesBack => {
                let back = Record::from_bytes(record.as_bytes(), call.now)?;
                if SessionStore::remove(&self.store, call, handle).await?.is_some() {
                    let limit = MaxSessions::Unlimited;
                    let _ = SessionStore::insert(&self.store, call, handle, back, limit).await?;
                }
            }
            _ => SessionStore::touch(&self.store, call, handle, &record).await?,
        }
        gives_way().await;
        Ok(())
    }

    async fn remove(&self, call: Call, handle: SessionHandle) -> Result<Option<Record>, Error> {
        self.enter().await?;
        let removed = SessionStore::remove(&self.store, call, handle).await;
        gives_way().await;
        if self.broken.lock().unwrap().remove(&handle) && self.fault != Fault::HidesBroken {
            return Err(ErrorKind::UndecodableRecord.into());
        }
        removed
    }

    async fn list(
        &self,
        call: Call,
        owner: OwnedOwner,
    ) -> Result<Vec<(SessionHandle, Record)>, Error> {
        self.enter().await?;
        let mut listed = SessionStore::list(&self.store, call, owner.as_owner()).await?;
        if self.fault == Fault::ListsOthers {
            listed.extend(SessionStore::list(&self.store, call, Owner::Subject("bob")).await?);
        }
        if self.fault != Fault::ListsBroken {
            listed.retain(|(handle, _)| !self.broken.lock().unwrap().contains(handle));
        }
        gives_way().await;
        Ok(listed)
    }

    async fn remove_all(
        &self,
        call: Call,
        owner: OwnedOwner,
        mut except: Option<SessionHandle>,
    ) -> Result<Vec<SessionHandle>, Error> {
        self.enter().await?;
        match self.fault {
            Fault::KeepsOnRemoveAll => {
                let listed = SessionStore::list(&self.store, call, owner.as_owner()).await?;
                except = except.or(listed.first().map(|(handle, _)| *handle));
            }
            Fault::EndsTheException => except = None,
            Fault::EndsOthersFromTheGrave => {
                let there = SessionStore::list(&self.store, call, owner.as_owner()).await?;
                except = except.filter(|except| there.iter().any(|(handle, _)| handle == except));
            }
            _ => {}
        }
        let owner = owner.as_owner();
        let removed = SessionStore::remove_all(&self.store, call, owner, except).await?;
        gives_way().await;
        if self.fault != Fault::KeepsBroken {
            self.broken.lock().unwrap().retain(|handle| !removed.contains(handle));
        }
        Ok(removed)
    }

    async fn page(
        &self,
        call: Call,
        from: Option<Cursor>,
        most: usize,
    ) -> Result<Page<(SessionHandle, Record)>, Error> {
        self.enter().await?;
        let mut page = SessionStore::page(&self.store, call, from, most).await?;
        if self.fault == Fault::LosesAPage {
            page.next = None;
        }
        Ok(page)
    }

    async fn sweep(&self, call: Call) -> Result<usize, Error> {
        self.enter().await?;
        let swept = SessionStore::sweep(&self.store, call).await;
        gives_way().await;
        swept
    }

    fn name(&self) -> &'static str {
        "waiting"
    }

    fn is_durable(&self) -> bool {
        false
    }
}

fn run(fault: Fault, prefix: &str) -> Report {
    Suite::new(move || async move { Waiting::new(fault) })
        .only(prefix)
        .outage(|store: Arc<Waiting>, is_down| async move {
            store.is_down.store(is_down, Ordering::SeqCst);
        })
        .break_record(|store: Arc<Waiting>, handle| async move {
            store.broken.lock().unwrap().insert(handle);
        })
        .run(pollster::block_on)
}

#[test]
fn a_store_that_waits_conforms() {
    let report = run(Fault::Nothing, "");
    report.assert_passed();
    assert_eq!(report.passed().len(), cases().len());
}

#[test]
fn a_store_that_breaks_a_promise_is_caught_by_the_case_for_it() {
    for (fault, case) in [
        (Fault::OverwritesOnInsert, "insert.exists"),
        (Fault::ForgetsTheLimit, "limit.reject"),
        (Fault::CreatesOnSwap, "swap.removed"),
        (Fault::IgnoresTheVersion, "swap.conflict"),
        (Fault::IgnoresTheVersion, "race.swaps"),
        (Fault::RevivesOnTouch, "touch.expired"),
        (Fault::TouchesBack, "touch.back"),
        (Fault::FindsExpired, "load.idle"),
        (Fault::KeepsOnRemoveAll, "remove-all.subject"),
        (Fault::EndsTheException, "remove-all.except"),
        (Fault::EndsOthersFromTheGrave, "remove-all.gone"),
        (Fault::ListsOthers, "list.own"),
        (Fault::LosesAPage, "page.all"),
        (Fault::SaysNotFoundWhenDown, "outage.answers"),
        (Fault::CallsBrokenAnOutage, "load.undecodable"),
        (Fault::HidesBroken, "remove.undecodable"),
        (Fault::ListsBroken, "list.undecodable"),
        (Fault::KeepsBroken, "remove-all.undecodable"),
    ] {
        let report = run(fault, case);
        let failed: Vec<&str> = report.failures().iter().map(|failure| failure.case()).collect();
        assert_eq!(failed, [case], "{fault:?}");
        assert!(report.to_string().contains(&format!("FAILED {case}: ")), "{report}");
    }
}

#[test]
fn what_is_not_declared_fails_and_says_what_to_declare() {
    let report = Suite::new(|| async { MemoryStore::new() }).run(pollster::block_on);
    let failed: Vec<&str> = report.failures().iter().map(|failure| failure.case()).collect();
    assert_eq!(failed, NEEDS_AN_ABILITY);
    assert!(report.to_string().contains("`cannot_be_down`"), "{report}");
    assert!(report.to_string().contains("`holds_no_broken_records`"), "{report}");
}

#[test]
fn a_prefix_chooses_cases() {
    let report = Suite::new(|| async { MemoryStore::new() }).only("swap.").run(pollster::block_on);
    report.assert_passed();
    assert!(report.passed().iter().all(|id| id.starts_with("swap.")));
}

#[test]
fn ids_are_unique_and_never_change() {
    let ids: BTreeSet<&str> = cases().iter().map(|case| case.id()).collect();
    assert_eq!(ids.len(), cases().len());
    let known: BTreeSet<&str> = include_str!("store_ids.txt").lines().collect();
    assert_eq!(ids, known, "an id is never given to another case; new ones are added to the file");
}
