//! Calls that meet: each verb is one step for all others.

use std::collections::BTreeSet;

use jam_core::session::{Inserted, MaxSessions, Owner, SessionHandle, Swap};

use crate::store::case::{Case, Fault, Hands, ensure};
use crate::store::maker::{Made, anonymous, at, session};
use crate::store::stage::Stage;

const ALICE: Owner<'_> = Owner::Subject("alice");
const NONE: MaxSessions = MaxSessions::Unlimited;
/// How often a meeting is repeated, and how many take part.
const ROUNDS: usize = 20;
const THREADS: usize = 8;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("race.swaps", "of swaps with one expected version one goes through", swaps),
        Case::new("race.chain", "whoever loses a swap and tries again loses nothing", chain),
        Case::new("race.removals", "of removals of one session one gets the record", removals),
        Case::new("race.insertions", "of insertions under one key one is stored", insertions),
        Case::new("race.swap-removal", "no swap brings back what is being removed", swap_removal),
        Case::new(
            "race.touch-removal",
            "no touch brings back what is being removed",
            touch_removal,
        ),
        Case::new("race.touch-swap", "no touch undoes a swap", touch_swap),
        Case::new("race.limit", "the limit holds among simultaneous logins", limit),
        Case::new("race.limit-swap", "the limit holds where sessions are logged into", limit_swap),
        Case::new(
            "race.clear-login",
            "a login that meets the end of all is ended or strictly later",
            clear_login,
        ),
        Case::new(
            "race.clear-swap",
            "a session that is logged into meanwhile is ended or strictly later",
            clear_swap,
        ),
        Case::new("race.clear-clear", "of two that end all each session is one's", clear_clear),
        Case::new(
            "race.spare",
            "of two that spare themselves and end each other, one is left",
            spare,
        ),
        Case::new("race.evict-relogin", "an eviction ends nothing that is another's by now", evict),
        Case::new("race.sweep", "a sweep among writes drops what has expired", sweep),
    ]
}

fn swaps(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let made = session(at(0), "alice")?;
        stage.keep(at(0), &made)?;
        let next: Vec<Made> = (0..THREADS)
            .map(|n| made.next(at(1), |session| session.set("winner", &n)))
            .collect::<Result<_, _>>()?;
        let swaps = stage.race(THREADS, |n, stage| {
            let next = next.get(n).ok_or_else(|| Fault::new("one for each thread"))?;
            stage.swap(at(1), made.version(), next, NONE)
        })?;
        let won = |swap: &&Swap| matches!(swap, Swap::Swapped { .. });
        let winners = swaps.iter().filter(won).count();
        ensure!(winners == 1, "{winners} of {THREADS} swaps go through");
        for (swap, next) in swaps.iter().zip(&next) {
            match swap {
                Swap::Swapped { .. } => stage.holds(at(1), next)?,
                Swap::Conflict(now) => {
                    let seen = now.version();
                    ensure!(seen == made.version() + 1, "a loser is shown version {seen}");
                }
                other => return Err(Fault::new(format!("a loser is told {other:?}"))),
            }
        }
    }
    Ok(())
}

fn chain(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    const EACH: usize = 20;
    let first = session(at(0), "alice")?;
    // All versions beforehand: making one takes longer than storing it.
    let mut versions = vec![first.clone()];
    while let (Some(last), true) = (versions.last(), versions.len() <= THREADS * EACH) {
        let next = last.next(at(1), |session| session.set("n", &versions.len()))?;
        versions.push(next);
    }
    stage.keep(at(0), &first)?;
    let next_of = |version: u32| {
        let place = usize::try_from(version - first.version()).unwrap_or_default() + 1;
        versions.get(place).ok_or_else(|| Fault::new(format!("version {version} is too late")))
    };
    stage.race(THREADS, |_, stage| {
        for _ in 0..EACH {
            let loaded = stage.load(at(1), first.handle)?;
            let mut version = loaded.ok_or_else(|| Fault::new("it is gone"))?.version();
            loop {
                match stage.swap(at(1), version, next_of(version)?, NONE)? {
                    Swap::Swapped { .. } => break,
                    Swap::Conflict(now) => version = now.version(),
                    other => return Err(Fault::new(format!("a loser is told {other:?}"))),
                }
            }
        }
        Ok(())
    })?;
    let last = versions.last().ok_or_else(|| Fault::new("there is one"))?;
    stage.holds(at(1), last)
}

fn removals(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let made = session(at(0), "alice")?;
        stage.keep(at(0), &made)?;
        let removed = stage.race(THREADS, |_, stage| stage.remove(at(1), made.handle))?;
        let got = removed.iter().flatten().count();
        ensure!(got == 1, "{got} of {THREADS} removals get the record");
        stage.lacks(at(1), made.handle)?;
    }
    Ok(())
}

fn insertions(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let first = session(at(0), "alice")?;
        let mut made = Vec::new();
        for n in 0..THREADS {
            let mut one = session(at(0), format!("subject {n}"))?;
            one.handle = first.handle;
            made.push(one);
        }
        let inserted = stage.race(THREADS, |n, stage| {
            let made = made.get(n).ok_or_else(|| Fault::new("one for each thread"))?;
            Ok(stage.try_insert(at(0), made, MaxSessions::EvictOldest(3))??)
        })?;
        let mut winners = 0;
        for (inserted, made) in inserted.iter().zip(&made) {
            if matches!(inserted, Inserted::Stored { .. }) {
                winners += 1;
                stage.holds(at(0), made)?;
            }
        }
        ensure!(winners == 1, "{winners} of {THREADS} insertions under one key are stored");
        let mut listed = 0;
        for n in 0..THREADS {
            listed += stage.list(at(0), Owner::Subject(&format!("subject {n}")))?.len();
            stage.remove_all(at(0), Owner::Subject(&format!("subject {n}")), None)?;
        }
        ensure!(listed == 1, "it is on {listed} lists");
        stage.lacks(at(0), first.handle)?;
    }
    Ok(())
}

/// Something and the removal of the session, at once, again and again.
fn against_removal(
    stage: &Stage,
    run: impl Fn(&Stage, &Made, &Made) -> Result<(), Fault> + Sync,
) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let made = session(at(0), "alice")?;
        let next = made.next(at(1), |session| session.set("k", &1))?;
        stage.keep(at(0), &made)?;
        let removed = stage.race(4, |n, stage| match n {
            0 => stage.remove(at(1), made.handle),
            _ => run(stage, &made, &next).map(|()| None),
        })?;
        let got = removed.iter().flatten().count();
        ensure!(got == 1, "the removal finds nothing, though nothing else ended the session");
        stage.lacks(at(1), made.handle)?;
        let listed = stage.list(at(1), ALICE)?;
        ensure!(listed.is_empty(), "its subject has {listed:?}");
    }
    Ok(())
}

fn swap_removal(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    against_removal(stage, |stage, made, next| {
        stage.swap(at(1), made.version(), next, NONE).map(drop)
    })
}

fn touch_removal(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    against_removal(stage, |stage, made, _| match stage.load(at(1), made.handle)? {
        Some(record) => Ok(stage.try_touch(at(1), made.handle, record)??),
        None => Ok(()),
    })
}

fn touch_swap(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let made = session(at(0), "alice")?;
        let next = made.next(at(1), |session| session.set("k", &1))?;
        stage.keep(at(0), &made)?;
        stage.race(4, |n, stage| match n {
            0 => stage.replace(at(1), &made, &next),
            _ => stage.touch(at(2), made.handle),
        })?;
        stage.holds(at(2), &next)?;
        let seen = stage.load(at(2), made.handle)?.map(|record| record.last_seen());
        ensure!(seen >= Some(at(1)), "last seen at {seen:?}, before the swap");
    }
    Ok(())
}

const LIMITS: [MaxSessions; 3] =
    [MaxSessions::Reject(3), MaxSessions::EvictOldest(3), MaxSessions::EvictIdlest(3)];

/// After logins under a limit: how many there are, and that those who were told "stored" are alive
/// or were named as ended.
fn settled(
    stage: &Stage,
    limit: MaxSessions,
    made: &[Made],
    stored: &[Option<Vec<SessionHandle>>],
) -> Result<(), Fault> {
    let evicted: Vec<SessionHandle> = stored.iter().flatten().flatten().copied().collect();
    let unique: BTreeSet<SessionHandle> = evicted.iter().copied().collect();
    ensure!(unique.len() == evicted.len(), "{limit:?}: one session is ended for two");
    let mut alive = BTreeSet::new();
    for (made, stored) in made.iter().zip(stored) {
        let is_found = stage.load(at(2), made.handle)?.is_some();
        let was_ended = unique.contains(&made.handle);
        let expected = stored.is_some() && !was_ended;
        ensure!(
            is_found == expected,
            "{limit:?}: found {is_found}, stored {}, ended {was_ended}",
            stored.is_some()
        );
        if is_found {
            alive.insert(made.handle);
        }
    }
    ensure!(alive.len() == 3, "{limit:?} leaves {} alive", alive.len());
    let listed = stage.list(at(2), ALICE)?;
    ensure!(listed == alive, "{limit:?}: {listed:?} are listed and {alive:?} alive");
    let removed = stage.remove_all(at(2), ALICE, None)?;
    ensure!(removed == alive, "{limit:?}: {removed:?} are removed and {alive:?} were alive");
    Ok(())
}

fn limit(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for limit in LIMITS.into_iter().cycle().take(ROUNDS) {
        let made: Vec<Made> =
            (0..THREADS).map(|_| session(at(1), "alice")).collect::<Result<_, _>>()?;
        let stored = stage.race(THREADS, |n, stage| {
            let made = made.get(n).ok_or_else(|| Fault::new("one for each thread"))?;
            match stage.try_insert(at(1), made, limit)?? {
                Inserted::Stored { evicted } => Ok(Some(evicted)),
                Inserted::TooMany => Ok(None),
                Inserted::Exists => Err(Fault::new("a random key is taken")),
            }
        })?;
        settled(stage, limit, &made, &stored)?;
    }
    Ok(())
}

fn limit_swap(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for limit in LIMITS.into_iter().cycle().take(ROUNDS) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for _ in 0..THREADS {
            let made = anonymous(at(0))?;
            stage.keep(at(0), &made)?;
            after.push(made.next(at(1), |session| session.login("alice"))?);
            before.push(made);
        }
        let stored = stage.race(THREADS, |n, stage| {
            let (Some(before), Some(after)) = (before.get(n), after.get(n)) else {
                return Err(Fault::new("one for each thread"));
            };
            match stage.swap(at(1), before.version(), after, limit)? {
                Swap::Swapped { evicted } => Ok(Some(evicted)),
                Swap::TooMany => {
                    stage.holds(at(1), before)?;
                    stage.remove(at(1), before.handle)?;
                    Ok(None)
                }
                other => Err(Fault::new(format!("nobody else writes, and it is {other:?}"))),
            }
        })?;
        settled(stage, limit, &after, &stored)?;
    }
    Ok(())
}

/// After revocations met with logins: what is alive is listed, and ends by the next one.
fn revocable(stage: &Stage, made: &[Made], named: &[SessionHandle]) -> Result<(), Fault> {
    let named_once: BTreeSet<SessionHandle> = named.iter().copied().collect();
    ensure!(named.len() == named_once.len(), "a session is named as removed twice: {named:?}");
    let mut alive = BTreeSet::new();
    for made in made {
        let is_alive = stage.load(at(2), made.handle)?.is_some();
        let is_removed = named_once.contains(&made.handle);
        ensure!(is_alive != is_removed, "a session is alive: {is_alive}, removed: {is_removed}");
        if is_alive {
            alive.insert(made.handle);
        }
    }
    let listed = stage.list(at(2), ALICE)?;
    ensure!(listed == alive, "{listed:?} are listed and {alive:?} alive");
    let removed = stage.remove_all(at(2), ALICE, None)?;
    ensure!(removed == alive, "{removed:?} are removed and {alive:?} were alive");
    made.iter().try_for_each(|made| stage.lacks(at(2), made.handle))
}

fn clear_login(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let made: Vec<Made> =
            (0..THREADS).map(|_| session(at(0), "alice")).collect::<Result<_, _>>()?;
        let (there, coming) = made.split_at(THREADS / 2);
        there.iter().try_for_each(|made| stage.keep(at(0), made))?;
        let named = stage.race(coming.len() + 2, |n, stage| match coming.get(n) {
            Some(made) => stage.keep(at(1), made).map(|()| BTreeSet::new()),
            None => stage.remove_all(at(1), ALICE, None),
        })?;
        let named: Vec<SessionHandle> = named.into_iter().flatten().collect();
        let ended = there.iter().all(|made| named.contains(&made.handle));
        ensure!(ended, "what was there before it began is not ended: {named:?}");
        revocable(stage, &made, &named)?;
    }
    Ok(())
}

fn clear_swap(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for n in 0..THREADS {
            let made = if n % 2 == 0 { anonymous(at(0))? } else { session(at(0), "bob")? };
            stage.keep(at(0), &made)?;
            after.push(made.next(at(1), |session| session.login("alice"))?);
            before.push(made);
        }
        let named = stage.race(THREADS + 2, |n, stage| match before.get(n).zip(after.get(n)) {
            Some((before, after)) => stage.replace(at(1), before, after).map(|()| BTreeSet::new()),
            None => stage.remove_all(at(1), ALICE, None),
        })?;
        let named: Vec<SessionHandle> = named.into_iter().flatten().collect();
        revocable(stage, &after, &named)?;
        let bobs = stage.list(at(2), Owner::Subject("bob"))?;
        ensure!(bobs.is_empty(), "bob is left with {bobs:?}");
    }
    Ok(())
}

fn clear_clear(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let made: Vec<Made> =
            (0..THREADS).map(|_| session(at(0), "alice")).collect::<Result<_, _>>()?;
        made.iter().try_for_each(|made| stage.keep(at(0), made))?;
        let named = stage.race(4, |_, stage| stage.remove_all(at(1), ALICE, None))?;
        let named: Vec<SessionHandle> = named.into_iter().flatten().collect();
        ensure!(named.len() == THREADS, "{} of {THREADS} are named as removed", named.len());
        revocable(stage, &made, &named)?;
    }
    Ok(())
}

fn spare(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let made: Vec<Made> = (0..4).map(|_| session(at(0), "alice")).collect::<Result<_, _>>()?;
        made.iter().try_for_each(|made| stage.keep(at(0), made))?;
        let named = stage.race(2, |n, stage| {
            stage.remove_all(at(1), ALICE, made.get(n).map(|made| made.handle))
        })?;
        let named: Vec<SessionHandle> = named.into_iter().flatten().collect();
        ensure!(named.len() == 3, "of four, {} end", named.len());
        let left = made.iter().take(2).filter(|made| !named.contains(&made.handle));
        left.clone().try_for_each(|made| stage.holds(at(1), made))?;
        ensure!(left.count() == 1, "nobody who ended the others is left");
        stage.remove_all(at(1), ALICE, None)?;
    }
    Ok(())
}

fn evict(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let hers = session(at(0), "alice")?;
        let bobs = hers.next(at(1), |session| session.login("bob"))?;
        let later = session(at(1), "alice")?;
        stage.keep(at(0), &hers)?;
        let ended = stage.race(2, |n, stage| match n {
            0 => {
                let evicted = stage.put(at(1), &later, MaxSessions::EvictOldest(1))?;
                Ok(evicted.contains(&hers.handle))
            }
            _ => match stage.swap(at(1), hers.version(), &bobs, NONE)? {
                Swap::Swapped { .. } => Ok(false),
                Swap::Gone => Ok(true),
                other => Err(Fault::new(format!("nobody else writes, and it is {other:?}"))),
            },
        })?;
        let [was_evicted, came_too_late] = ended.as_slice() else {
            return Err(Fault::new("there were two"));
        };
        ensure!(
            was_evicted == came_too_late,
            "evicted: {was_evicted}, gone for whoever logged in as another: {came_too_late}"
        );
        let bob = stage.list(at(2), Owner::Subject("bob"))?;
        let expected = if *was_evicted { 0 } else { 1 };
        ensure!(bob.len() == expected, "bob has {bob:?}");
        stage.remove_all(at(2), Owner::Subject("bob"), None)?;
        let removed = stage.remove_all(at(2), ALICE, None)?;
        ensure!(removed == [later.handle].into(), "alice had {removed:?}");
    }
    Ok(())
}

fn sweep(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    for _ in 0..ROUNDS {
        let old: Vec<Made> =
            (0..THREADS).map(|_| session(at(0), "alice")).collect::<Result<_, _>>()?;
        old.iter().try_for_each(|made| stage.keep(at(0), made))?;
        let new: Vec<Made> =
            (0..THREADS).map(|_| session(at(600), "alice")).collect::<Result<_, _>>()?;
        let swept = stage.race(THREADS + 2, |n, stage| match new.get(n) {
            Some(made) => stage.keep(at(600), made).map(|()| 0),
            None => stage.sweep(at(600)),
        })?;
        let swept: usize = swept.into_iter().sum();
        ensure!(swept == THREADS, "{swept} are swept and {THREADS} had expired");
        let listed = stage.list(at(600), ALICE)?;
        ensure!(listed == new.iter().map(|made| made.handle).collect(), "{listed:?} are listed");
        new.iter().try_for_each(|made| stage.holds(at(600), made))?;
        stage.remove_all(at(600), ALICE, None)?;
    }
    Ok(())
}
