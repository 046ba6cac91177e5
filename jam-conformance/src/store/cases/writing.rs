//! Insertions, swaps and touches.

use std::time::Duration;

use jam_core::session::{Inserted, MaxSessions, Owner, Swap};

use crate::store::case::{Case, Fault, Hands, ensure};
use crate::store::maker::{IDLE, anonymous, at, session};
use crate::store::stage::Stage;

const ALICE: Owner<'_> = Owner::Subject("alice");
const NONE: MaxSessions = MaxSessions::Unlimited;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("insert.exists", "an insertion never overwrites", exists),
        Case::new("swap.replaces", "a swap of the expected version puts the new one in", replaces),
        Case::new(
            "swap.conflict",
            "a swap of another version changes nothing and shows what is stored",
            conflict,
        ),
        Case::new("swap.unknown", "a swap of what was never stored creates nothing", unknown),
        Case::new("swap.removed", "a swap of what was removed creates nothing", removed),
        Case::new("swap.expired", "a swap at or after the end of a session is too late", expired),
        Case::new("touch.moves", "a touch moves the idle end and leaves the version alone", moves),
        Case::new("touch.back", "a touch never moves back", back),
        Case::new("touch.unknown", "a touch of what is gone creates nothing", touch_unknown),
        Case::new("touch.expired", "a touch at or after the end revives nothing", touch_expired),
        Case::new("touch.swapped", "a touch of an older version undoes no swap", touch_swapped),
    ]
}

fn exists(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "bob")?;
    stage.keep(at(0), &made)?;
    let mut other = session(at(1), "alice")?;
    other.handle = made.handle;
    for limit in [NONE, MaxSessions::EvictOldest(1), MaxSessions::Reject(1)] {
        let inserted = stage.try_insert(at(1), &other, limit)??;
        ensure!(matches!(inserted, Inserted::Exists), "a key that is taken: {inserted:?}");
    }
    stage.holds(at(1), &made)?;
    let listed = stage.list(at(1), ALICE)?;
    ensure!(listed.is_empty(), "what was not stored is listed: {listed:?}");
    let listed = stage.list(at(1), Owner::Subject("bob"))?;
    ensure!(listed.len() == 1, "what was left alone is not listed: {listed:?}");
    Ok(())
}

fn replaces(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let mut made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    for step in 1..5 {
        // Every second time under another verifier.
        let next = made.next(at(step), |session| {
            session.set("step", &step)?;
            if step % 2 == 0 { session.rotate() } else { Ok(()) }
        })?;
        stage.replace(at(step), &made, &next)?;
        stage.holds(at(step), &next)?;
        let seen = stage.load(at(step), made.handle)?.map(|record| record.last_seen());
        ensure!(seen == Some(at(step)), "a write is a use; last seen at {seen:?}");
        made = next;
    }
    let listed = stage.list(at(5), ALICE)?;
    ensure!(listed.len() == 1, "one session, swapped, is listed as {listed:?}");
    Ok(())
}

fn conflict(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let winner = made.next(at(1), |session| session.set("k", "winner"))?;
    let loser = made.next(at(1), |session| session.login("bob"))?;
    stage.replace(at(1), &made, &winner)?;
    for expected in [made.version(), made.version().wrapping_sub(1), winner.version() + 1] {
        match stage.swap(at(1), expected, &loser, NONE)? {
            Swap::Conflict(now) => {
                let is_shown = now.as_bytes() == winner.record()?.as_bytes();
                ensure!(is_shown, "the conflict shows {now:?}, which is not what is stored");
            }
            other => return Err(Fault::new(format!("version {expected} is not there: {other:?}"))),
        }
    }
    stage.holds(at(1), &winner)?;
    let listed = stage.list(at(1), Owner::Subject("bob"))?;
    ensure!(listed.is_empty(), "the loser's subject has {listed:?}");
    Ok(())
}

fn is_gone(swap: &Swap) -> Result<(), Fault> {
    ensure!(matches!(swap, Swap::Gone), "there is no such session, and the swap is {swap:?}");
    Ok(())
}

fn unknown(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for made in [anonymous(at(0))?, session(at(0), "alice")?] {
        for limit in [NONE, MaxSessions::Reject(1), MaxSessions::EvictOldest(1)] {
            is_gone(&stage.swap(at(0), made.version(), &made, limit)?)?;
            is_gone(&stage.swap(at(0), 0, &made, limit)?)?;
        }
        stage.lacks(at(0), made.handle)?;
    }
    let listed = stage.list(at(0), ALICE)?;
    ensure!(listed.is_empty(), "what was not stored is listed: {listed:?}");
    Ok(())
}

fn removed(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let next = made.next(at(1), |session| session.set("k", &1))?;
    stage.remove(at(1), made.handle)?;
    is_gone(&stage.swap(at(1), made.version(), &next, NONE)?)?;
    stage.lacks(at(1), made.handle)?;
    let listed = stage.list(at(1), ALICE)?;
    ensure!(listed.is_empty(), "what was removed is listed: {listed:?}");
    Ok(())
}

fn expired(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let next = made.next(at(IDLE - 1), |session| session.set("k", &1))?;
    for late in [IDLE, IDLE + 100] {
        is_gone(&stage.swap(at(late), made.version(), &next, NONE)?)?;
        stage.lacks(at(late), made.handle)?;
    }
    Ok(())
}

fn moves(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let now = at(IDLE) - Duration::from_millis(1);
    stage.touch(now, made.handle)?;
    let seen = stage.load(now, made.handle)?.map(|record| record.last_seen());
    ensure!(seen == Some(now), "touched at {now:?}, last seen at {seen:?}");
    stage.holds(at(2 * IDLE - 1), &made)?;
    stage.lacks(at(2 * IDLE), made.handle)?;
    let next = made.next(at(IDLE - 1), |session| session.set("k", &1))?;
    stage.replace(at(2 * IDLE - 1), &made, &next)
}

fn back(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(100), "alice")?;
    stage.keep(at(100), &made)?;
    for (now, expected) in [(50, 100), (200, 200), (150, 200), (0, 200)] {
        let record = made.record()?;
        let loaded = stage.load(at(now), made.handle)?.unwrap_or(record);
        stage.try_touch(at(now), made.handle, loaded)??;
        let seen = stage.load(at(now), made.handle)?.map(|record| record.last_seen());
        ensure!(seen == Some(at(expected)), "touched at {now}, last seen at {seen:?}");
    }
    Ok(())
}

fn touch_unknown(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.try_touch(at(1), made.handle, made.record()?)??;
    stage.lacks(at(1), made.handle)?;
    stage.keep(at(0), &made)?;
    let Some(loaded) = stage.load(at(0), made.handle)? else {
        return Err(Fault::new("a live session is not found"));
    };
    stage.remove(at(1), made.handle)?;
    stage.try_touch(at(1), made.handle, loaded)??;
    stage.lacks(at(1), made.handle)?;
    let listed = stage.list(at(1), ALICE)?;
    ensure!(listed.is_empty(), "what was removed is listed: {listed:?}");
    Ok(())
}

fn touch_expired(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let Some(loaded) = stage.load(at(IDLE - 1), made.handle)? else {
        return Err(Fault::new("a live session is not found"));
    };
    for late in [IDLE, IDLE + 100] {
        stage.try_touch(at(late), made.handle, loaded.clone())??;
        stage.lacks(at(late), made.handle)?;
    }
    let listed = stage.list(at(IDLE), ALICE)?;
    ensure!(listed.is_empty(), "what has expired is listed: {listed:?}");
    Ok(())
}

fn touch_swapped(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = session(at(0), "alice")?;
    stage.keep(at(0), &made)?;
    let Some(loaded) = stage.load(at(0), made.handle)? else {
        return Err(Fault::new("a live session is not found"));
    };
    let next = made.next(at(10), |session| session.set("k", &1))?;
    stage.replace(at(10), &made, &next)?;
    stage.try_touch(at(11), made.handle, loaded)??;
    stage.holds(at(11), &next)?;
    let seen = stage.load(at(11), made.handle)?.map(|record| record.last_seen());
    ensure!(seen >= Some(at(10)), "the write's own use is undone: last seen at {seen:?}");
    Ok(())
}
