//! How many sessions a subject may have.

use std::collections::BTreeSet;

use jam_core::session::{Inserted, MaxSessions, Owner, SessionHandle, Swap};

use crate::store::case::{Case, Fault, Hands, ensure};
use crate::store::maker::{IDLE, Made, anonymous, at, session};
use crate::store::stage::Stage;

const ALICE: Owner<'_> = Owner::Subject("alice");

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("limit.unlimited", "without a limit nothing is refused or ended", unlimited),
        Case::new("limit.reject", "one too many is refused, and nothing is changed", reject),
        Case::new("limit.oldest", "one too many ends the one that was created first", oldest),
        Case::new("limit.idlest", "one too many ends the one that was not used longest", idlest),
        Case::new("limit.live", "what has expired or ended is not counted", live),
        Case::new("limit.subject", "others and anonymous ones are not counted", subject),
        Case::new("limit.lowered", "a lowered limit ends as many as it takes", lowered),
        Case::new("limit.swap", "a swap that changes the subject is asked", swap),
        Case::new("limit.swap-same", "a swap that does not change it is not asked", swap_same),
    ]
}

/// Sessions of alice's, one every ten seconds.
fn several(stage: &Stage, count: u64) -> Result<Vec<Made>, Fault> {
    let mut several = Vec::new();
    for n in 0..count {
        let made = session(at(10 * n), "alice")?;
        stage.keep(at(10 * n), &made)?;
        several.push(made);
    }
    Ok(several)
}

fn alive(stage: &Stage, now: u64, made: &[&Made]) -> Result<(), Fault> {
    let expected: BTreeSet<SessionHandle> = made.iter().map(|made| made.handle).collect();
    let listed = stage.list(at(now), ALICE)?;
    ensure!(listed == expected, "{listed:?} are alive, and not {expected:?}");
    made.iter().try_for_each(|made| stage.holds(at(now), made))
}

fn unlimited(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = several(stage, 12)?;
    alive(stage, 120, &made.iter().collect::<Vec<_>>())
}

fn reject(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = several(stage, 2)?;
    let third = session(at(50), "alice")?;
    stage.put(at(50), &third, MaxSessions::Reject(3))?;
    let fourth = session(at(60), "alice")?;
    let inserted = stage.try_insert(at(60), &fourth, MaxSessions::Reject(3))??;
    ensure!(matches!(inserted, Inserted::TooMany), "the fourth of three is {inserted:?}");
    stage.lacks(at(60), fourth.handle)?;
    alive(stage, 60, &made.iter().chain([&third]).collect::<Vec<_>>())
}

fn evicts(stage: &Stage, now: u64, limit: MaxSessions, ended: &[&Made]) -> Result<Made, Fault> {
    let made = session(at(now), "alice")?;
    let evicted: BTreeSet<_> = stage.put(at(now), &made, limit)?.into_iter().collect();
    let expected: BTreeSet<_> = ended.iter().map(|made| made.handle).collect();
    ensure!(evicted == expected, "{evicted:?} are ended, and not {expected:?}");
    ended.iter().try_for_each(|ended| stage.lacks(at(now), ended.handle))?;
    Ok(made)
}

fn oldest(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = several(stage, 3)?;
    let [one, two, three] = made.as_slice() else { return Err(Fault::new("three were made")) };
    stage.touch(at(100), one.handle)?;
    let four = evicts(stage, 110, MaxSessions::EvictOldest(4), &[])?;
    let five = evicts(stage, 120, MaxSessions::EvictOldest(4), &[one])?;
    let six = evicts(stage, 130, MaxSessions::EvictOldest(4), &[two])?;
    alive(stage, 130, &[three, &four, &five, &six])
}

fn idlest(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = several(stage, 3)?;
    let [one, two, three] = made.as_slice() else { return Err(Fault::new("three were made")) };
    stage.touch(at(100), one.handle)?;
    let four = evicts(stage, 110, MaxSessions::EvictIdlest(3), &[two])?;
    stage.touch(at(115), three.handle)?;
    let five = evicts(stage, 120, MaxSessions::EvictIdlest(3), &[one])?;
    alive(stage, 120, &[three, &four, &five])
}

fn live(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for limit in [MaxSessions::Reject(1), MaxSessions::EvictOldest(1), MaxSessions::EvictIdlest(1)]
    {
        let made = session(at(0), "alice")?;
        stage.put(at(0), &made, limit)?;
        let later = session(at(IDLE), "alice")?;
        let evicted = stage.put(at(IDLE), &later, limit)?;
        ensure!(evicted.is_empty(), "{limit:?}: what had expired is ended once more");
        stage.remove(at(IDLE), later.handle)?;
        let last = session(at(IDLE), "alice")?;
        stage.put(at(IDLE), &last, limit)?;
        alive(stage, IDLE, &[&last])?;
        stage.remove_all(at(IDLE), ALICE, None)?;
        stage.sweep(at(IDLE))?;
    }
    Ok(())
}

fn subject(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for limit in [MaxSessions::Reject(1), MaxSessions::EvictOldest(1), MaxSessions::EvictIdlest(1)]
    {
        let made = [anonymous(at(0))?, anonymous(at(0))?, session(at(0), "bob")?];
        let hers = session(at(1), "alice")?;
        for made in made.iter().chain([&hers]) {
            stage.put(at(1), made, limit)?;
        }
        made.iter().try_for_each(|made| stage.holds(at(1), made))?;
        alive(stage, 1, &[&hers])?;
        stage.remove_all(at(1), ALICE, None)?;
        stage.remove_all(at(1), Owner::Subject("bob"), None)?;
    }
    Ok(())
}

fn lowered(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = several(stage, 5)?;
    let [one, two, three, four, five] = made.as_slice() else {
        return Err(Fault::new("five were made"));
    };
    let last = evicts(stage, 100, MaxSessions::EvictOldest(2), &[one, two, three, four])?;
    alive(stage, 100, &[five, &last])
}

fn swap(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let mut hers = session(at(0), "alice")?;
    stage.keep(at(0), &hers)?;
    for (n, limit) in
        [MaxSessions::Reject(1), MaxSessions::EvictOldest(1), MaxSessions::EvictIdlest(1)]
            .into_iter()
            .enumerate()
    {
        let now = 10 * (n as u64 + 1);
        for made in [anonymous(at(now))?, session(at(now), "bob")?] {
            stage.keep(at(now), &made)?;
            let next = made.next(at(now + 1), |session| session.login("alice"))?;
            match (stage.swap(at(now + 1), made.version(), &next, limit)?, limit) {
                (Swap::TooMany, MaxSessions::Reject(_)) => {
                    stage.holds(at(now + 1), &made)?;
                    alive(stage, now + 1, &[&hers])?;
                }
                (
                    Swap::Swapped { evicted },
                    MaxSessions::EvictOldest(_) | MaxSessions::EvictIdlest(_),
                ) => {
                    ensure!(evicted == [hers.handle], "{limit:?}: {evicted:?} are ended");
                    stage.lacks(at(now + 1), hers.handle)?;
                    alive(stage, now + 1, &[&next])?;
                    hers = next;
                }
                (other, _) => return Err(Fault::new(format!("{limit:?}: {other:?}"))),
            }
        }
    }
    Ok(())
}

fn swap_same(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let made = several(stage, 3)?;
    let [one, two, three] = made.as_slice() else { return Err(Fault::new("three were made")) };
    let mut before = two.clone();
    for limit in [MaxSessions::Reject(1), MaxSessions::EvictOldest(1), MaxSessions::EvictIdlest(1)]
    {
        let after = before.next(at(100), |session| session.login("alice"))?;
        let swap = stage.swap(at(100), before.version(), &after, limit)?;
        let is_right = matches!(&swap, Swap::Swapped { evicted } if evicted.is_empty());
        ensure!(is_right, "{limit:?}: logging in again in one's own session is {swap:?}");
        before = after;
    }
    alive(stage, 100, &[one, &before, three])
}
