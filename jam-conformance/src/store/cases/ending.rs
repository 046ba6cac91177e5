//! Removals and sweeps.

use jam_core::session::Owner;

use crate::store::case::{Case, Fault, Hands, ensure};
use crate::store::maker::{IDLE, anonymous, at, session, upstream};
use crate::store::stage::Stage;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("remove.takes", "a removal hands the record out and ends it", takes),
        Case::new("remove.repeated", "a repeated removal is nothing, and no failure", repeated),
        Case::new("remove.expired", "what has expired is removed without a failure", expired),
        Case::new("remove.unlists", "what is removed is on no list", unlists),
        Case::new("sweep.drops", "a sweep drops what has expired and nothing else", drops),
        Case::new("sweep.unlists", "what was swept is on no list and comes back by nothing", swept),
    ]
}

fn takes(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for made in [anonymous(at(0))?, session(at(0), "alice")?] {
        stage.keep(at(0), &made)?;
        let taken = stage.remove(at(1), made.handle)?;
        let is_it = taken.as_ref().map(|r| r.as_bytes()) == Some(made.record()?.as_bytes());
        ensure!(is_it, "the removal hands out {taken:?}");
        stage.lacks(at(1), made.handle)?;
    }
    Ok(())
}

fn repeated(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    ensure!(stage.remove(at(0), made.handle)?.is_none(), "what was never there is removed");
    stage.keep(at(0), &made)?;
    ensure!(stage.remove(at(0), made.handle)?.is_some(), "what is there is not removed");
    for _ in 0..2 {
        ensure!(stage.remove(at(0), made.handle)?.is_none(), "it is removed once more");
    }
    Ok(())
}

fn expired(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    stage.remove(at(IDLE), made.handle)?;
    // Also for whoever's clock is behind.
    stage.lacks(at(0), made.handle)
}

fn unlists(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let (one, other) = (upstream(at(0), "alice", "op", "s")?, upstream(at(0), "alice", "op", "s")?);
    stage.keep(at(0), &one)?;
    stage.keep(at(0), &other)?;
    stage.remove(at(1), one.handle)?;
    for owner in [Owner::Subject("alice"), Owner::Upstream { issuer: "op", session_id: "s" }] {
        let listed = stage.list(at(1), owner)?;
        ensure!(listed == [other.handle].into(), "{owner:?} has {listed:?}");
    }
    Ok(())
}

fn drops(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    ensure!(stage.sweep(at(0))? == 0, "something is swept out of an empty store");
    let made = [anonymous(at(0))?, session(at(0), "alice")?, session(at(0), "bob")?];
    for made in &made {
        stage.keep(at(0), made)?;
    }
    let [_, touched, _] = &made;
    let later = session(at(100), "alice")?;
    stage.keep(at(100), &later)?;
    stage.touch(at(100), touched.handle)?;
    ensure!(stage.sweep(at(IDLE - 1))? == 0, "something is swept before its end");
    let swept = stage.sweep(at(IDLE))?;
    ensure!(swept == 2, "{swept} are swept and 2 have expired");
    ensure!(stage.sweep(at(IDLE))? == 0, "something is swept twice");
    stage.holds(at(IDLE), &later)?;
    stage.holds(at(IDLE), touched)
}

fn swept(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = upstream(at(0), "alice", "op", "s")?;
    stage.keep(at(0), &made)?;
    stage.sweep(at(IDLE))?;
    // Seen by a clock that is behind.
    stage.lacks(at(0), made.handle)?;
    for owner in [Owner::Subject("alice"), Owner::Upstream { issuer: "op", session_id: "s" }] {
        let listed = stage.list(at(0), owner)?;
        ensure!(listed.is_empty(), "{owner:?} has {listed:?}");
    }
    stage.try_touch(at(0), made.handle, made.record()?)??;
    stage.lacks(at(0), made.handle)
}
