//! A store that is down.

use jam_core::ErrorKind;
use jam_core::session::{MaxSessions, Owner};

use crate::store::case::{Case, Fault, Hands, Needs, ensure};
use crate::store::maker::{at, session};
use crate::store::stage::{Stage, kind};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "outage.answers",
            "a store that is down says so at every verb, and never \"not found\"",
            answers,
        )
        .needs(Needs::Outage),
        Case::new("outage.returns", "when it is back, all is there and nothing was done", returns)
            .needs(Needs::Outage),
    ]
}

const ALICE: Owner<'_> = Owner::Subject("alice");

/// The kinds that the verbs fail with, by name.
fn ask_all(stage: &Stage) -> Result<Vec<(&'static str, Option<ErrorKind>)>, Fault> {
    let made = session(at(1), "alice")?;
    let unlimited = MaxSessions::Unlimited;
    Ok(vec![
        ("load", kind(&stage.try_load(at(1), made.handle)?)),
        ("insert", kind(&stage.try_insert(at(1), &made, unlimited)?)),
        ("compare_and_swap", kind(&stage.try_swap(at(1), 1, &made, unlimited)?)),
        ("touch", kind(&stage.try_touch(at(1), made.handle, made.record()?)?)),
        ("remove", kind(&stage.try_remove(at(1), made.handle)?)),
        ("list", kind(&stage.try_list(at(1), ALICE)?)),
        ("remove_all", kind(&stage.try_remove_all(at(1), ALICE, None)?)),
        ("sweep", kind(&stage.try_sweep(at(1))?)),
    ])
}

fn answers(stage: &Stage, hands: &Hands<'_>) -> Result<(), Fault> {
    (hands.set_down)(true)?;
    let asked = ask_all(stage);
    (hands.set_down)(false)?;
    for (verb, kind) in asked? {
        ensure!(kind == Some(ErrorKind::StoreUnavailable), "`{verb}` fails with {kind:?}");
    }
    Ok(())
}

fn returns(stage: &Stage, hands: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let next = made.next(at(1), |session| session.set("k", &1))?;
    (hands.set_down)(true)?;
    let swap = stage.try_swap(at(1), made.version(), &next, MaxSessions::Unlimited);
    let removed = stage.try_remove(at(1), made.handle);
    let cleared = stage.try_remove_all(at(1), ALICE, None);
    (hands.set_down)(false)?;
    ensure!(swap?.is_err() && removed?.is_err() && cleared?.is_err(), "it was not down");
    stage.holds(at(1), &made)?;
    let listed = stage.list(at(1), ALICE)?;
    ensure!(listed == [made.handle].into(), "its subject has {listed:?}");
    for (verb, kind) in ask_all(stage)? {
        ensure!(kind.is_none(), "it is back, and `{verb}` fails with {kind:?}");
    }
    Ok(())
}
