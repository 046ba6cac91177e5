//! Long sequences of calls, each answer compared with that of a model: a map and the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jam_core::session::{Inserted, MaxSessions, Owner, Record, SessionHandle, Swap};

use crate::store::case::{Case, Fault, Hands, ensure};
use crate::store::maker::{Made, anonymous, at, resting_on};
use crate::store::stage::Stage;

pub(super) fn cases() -> Vec<Case> {
    vec![Case::new(
        "model.sequences",
        "whatever is called in whatever order is answered as the contract says",
        sequences,
    )]
}

const SEQUENCES: u64 = 4;
const STEPS: u64 = 100;
const SUBJECTS: [&str; 3] = ["alice", "bob", "carol"];
const LOGINS: [&str; 2] = ["s", "t"];

/// Numbers that look random and are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.roll((of.len() as u64).max(1));
        of.get(usize::try_from(place).ok()?)
    }

    fn subject(&mut self) -> &'static str {
        self.pick(&SUBJECTS).copied().unwrap_or_default()
    }
}

fn sequences(stage: &Stage, _: &Hands<'_>) -> Result<(), Fault> {
    let mut start = 0;
    for seed in 0..SEQUENCES {
        let mut play = Play {
            stage,
            dice: Dice(seed),
            model: BTreeMap::new(),
            known: Vec::new(),
            seconds: start,
        };
        for step in 0..STEPS {
            let happened = play.step();
            happened
                .map_err(|fault| Fault::new(format!("sequence {seed}, step {step}: {fault}")))?;
        }
        // The next one finds an empty store.
        start = play.seconds + 10_000;
        stage.sweep(at(start))?;
    }
    Ok(())
}

struct Play<'s> {
    stage: &'s Stage,
    dice: Dice,
    model: BTreeMap<SessionHandle, Record>,
    /// The latest version of each session that was ever stored.
    known: Vec<Made>,
    seconds: u64,
}

impl Play<'_> {
    fn now(&self) -> Duration {
        at(self.seconds)
    }

    fn step(&mut self) -> Result<(), Fault> {
        // Never two logins in one second: which one is older would be anybody's guess.
        self.seconds += 1 + self.dice.roll(60);
        match self.dice.roll(12) {
            0..=2 => self.insert(),
            3..=5 => self.swap(),
            6 | 7 => self.touch(),
            8 => self.remove(),
            9 => self.remove_all(),
            10 => self.sweep(),
            _ => self.insert_taken(),
        }?;
        self.compare()
    }

    fn live(&self, owner: Owner<'_>) -> BTreeSet<SessionHandle> {
        let now = self.now();
        let his = self.model.iter().filter(|(_, r)| owner.owns(r) && !r.is_expired(now));
        his.map(|(handle, _)| *handle).collect()
    }

    fn limit(&mut self) -> MaxSessions {
        let limit = 1 + usize::try_from(self.dice.roll(3)).unwrap_or_default();
        match self.dice.roll(4) {
            0 => MaxSessions::Reject(limit),
            1 => MaxSessions::EvictOldest(limit),
            2 => MaxSessions::EvictIdlest(limit),
            _ => MaxSessions::Unlimited,
        }
    }

    /// Who has to go for one more session of a subject; none when it is refused.
    fn surplus(
        &self,
        subject: &str,
        handle: SessionHandle,
        limit: MaxSessions,
    ) -> Option<BTreeSet<SessionHandle>> {
        let Some(most) = limit.limit() else { return Some(BTreeSet::new()) };
        let mut others = self.live(Owner::Subject(subject));
        others.remove(&handle);
        let surplus = (others.len() + 1).saturating_sub(most);
        let by = |handle: &SessionHandle| {
            self.model.get(handle).map(|record| match limit {
                MaxSessions::EvictIdlest(_) => record.last_seen(),
                _ => record.created(),
            })
        };
        let mut others: Vec<SessionHandle> = others.into_iter().collect();
        others.sort_by_key(by);
        match limit {
            MaxSessions::Reject(_) if surplus > 0 => None,
            _ => Some(others.into_iter().take(surplus).collect()),
        }
    }

    fn login(&mut self) -> jam_core::session::Login {
        let subject = self.dice.subject();
        match self.dice.pick(&LOGINS) {
            Some(id) if self.dice.roll(2) == 0 => resting_on(subject, "op", id),
            _ => jam_core::session::Login::new(subject),
        }
    }

    fn insert(&mut self) -> Result<(), Fault> {
        let now = self.now();
        let fresh = anonymous(now)?;
        let made = if self.dice.roll(4) == 0 {
            fresh
        } else {
            let login = self.login();
            crate::store::maker::session(now, login)?
        };
        let limit = self.limit();
        let record = made.record()?;
        let expected = match record.subject() {
            Some(subject) => self.surplus(subject, made.handle, limit),
            None => Some(BTreeSet::new()),
        };
        match (self.stage.try_insert(now, &made, limit)??, expected) {
            (Inserted::Stored { evicted }, Some(expected)) => {
                let evicted: BTreeSet<_> = evicted.into_iter().collect();
                ensure!(evicted == expected, "{limit:?} ends {evicted:?}, not {expected:?}");
                expected.iter().for_each(|handle| _ = self.model.remove(handle));
                self.model.insert(made.handle, record);
                self.known.push(made);
                Ok(())
            }
            (Inserted::TooMany, None) => Ok(()),
            (inserted, expected) => {
                Err(Fault::new(format!("insertion, {limit:?}: {inserted:?}, not {expected:?}")))
            }
        }
    }

    fn insert_taken(&mut self) -> Result<(), Fault> {
        let now = self.now();
        let taken = self.model.iter().find(|(_, record)| !record.is_expired(now));
        let Some((&handle, _)) = taken else { return Ok(()) };
        let mut made = crate::store::maker::session(now, self.dice.subject())?;
        made.handle = handle;
        let inserted = self.stage.try_insert(now, &made, MaxSessions::Unlimited)??;
        ensure!(matches!(inserted, Inserted::Exists), "a taken key: {inserted:?}");
        Ok(())
    }

    fn swap(&mut self) -> Result<(), Fault> {
        let now = self.now();
        let place = usize::try_from(self.dice.roll(self.known.len().max(1) as u64));
        let place = place.unwrap_or_default();
        let Some(before) = self.known.get(place).cloned() else { return Ok(()) };
        if before.record()?.is_expired(now) {
            return Ok(());
        }
        let login = self.login();
        let after = match self.dice.roll(3) {
            0 => before.next(now, |session| session.login(login))?,
            1 => before.next(now, |session| session.rotate())?,
            _ => before.next(now, |session| session.set("at", &now.as_secs()))?,
        };
        let expected = before.version().wrapping_add(u32::from(self.dice.roll(4) == 0));
        let limit = self.limit();
        let (handle, record) = (before.handle, after.record()?);
        let swap = self.stage.swap(now, expected, &after, limit)?;
        let stored = self.model.get(&handle).filter(|record| !record.is_expired(now)).cloned();
        let Some(stored) = stored else {
            ensure!(matches!(swap, Swap::Gone), "it is gone: {swap:?}");
            return Ok(());
        };
        let surplus = match record.subject() {
            Some(subject) if stored.subject() != Some(subject) => {
                self.surplus(subject, handle, limit)
            }
            _ => Some(BTreeSet::new()),
        };
        match (swap, surplus) {
            (Swap::Conflict(seen), _) if stored.version() != expected => {
                ensure!(seen.as_bytes() == stored.as_bytes(), "the conflict shows {seen:?}");
            }
            // Which of two reasons is named is the store's affair.
            (Swap::TooMany, None) => {}
            (Swap::Swapped { evicted }, Some(surplus)) if stored.version() == expected => {
                let evicted: BTreeSet<_> = evicted.into_iter().collect();
                ensure!(evicted == surplus, "{limit:?} ends {evicted:?}, not {surplus:?}");
                surplus.iter().for_each(|handle| _ = self.model.remove(handle));
                self.model.insert(handle, record);
                if let Some(known) = self.known.get_mut(place) {
                    *known = after;
                }
            }
            (swap, surplus) => {
                return Err(Fault::new(format!("{limit:?}: {swap:?}, not {surplus:?}")));
            }
        }
        Ok(())
    }

    fn touch(&mut self) -> Result<(), Fault> {
        let Some(made) = self.dice.pick(&self.known).cloned() else { return Ok(()) };
        let now = self.now();
        if let Some(loaded) = self.stage.load(now, made.handle)? {
            self.stage.try_touch(now, made.handle, loaded)??;
        }
        if let Some(record) = self.model.get(&made.handle).filter(|r| !r.is_expired(now)) {
            record.touch(now);
        }
        Ok(())
    }

    fn remove(&mut self) -> Result<(), Fault> {
        let Some(made) = self.dice.pick(&self.known).cloned() else { return Ok(()) };
        let now = self.now();
        let removed = self.stage.remove(now, made.handle)?;
        let expected = self.model.remove(&made.handle);
        // What has expired may have been collected.
        if expected.as_ref().is_none_or(|record| !record.is_expired(now)) {
            let bytes = |record: &Option<Record>| record.as_ref().map(|r| r.as_bytes().to_vec());
            let is_right = bytes(&removed) == bytes(&expected);
            ensure!(is_right, "{removed:?} is removed, not {expected:?}");
        }
        Ok(())
    }

    fn remove_all(&mut self) -> Result<(), Fault> {
        let now = self.now();
        let subject = self.dice.subject();
        let login = self.dice.pick(&LOGINS).copied().unwrap_or_default();
        let owner = match self.dice.roll(2) {
            0 => Owner::Subject(subject),
            _ => Owner::Upstream { issuer: "op", session_id: login },
        };
        let spared = self.dice.pick(&self.known).map(|made| made.handle);
        let spared = spared.filter(|_| self.dice.roll(2) == 0);
        let mut expected = self.live(owner);
        let is_there = spared.is_none_or(|spared| expected.remove(&spared));
        if !is_there {
            expected.clear();
        }
        let removed = self.stage.remove_all(now, owner, spared)?;
        ensure!(removed == expected, "{owner:?}: {removed:?} are removed, not {expected:?}");
        if is_there {
            self.model.retain(|handle, record| !owner.owns(record) || Some(*handle) == spared);
        }
        Ok(())
    }

    fn sweep(&mut self) -> Result<(), Fault> {
        let now = self.now();
        self.stage.sweep(now)?;
        self.model.retain(|_, record| !record.is_expired(now));
        let again = self.stage.sweep(now)?;
        ensure!(again == 0, "{again} are swept once more");
        Ok(())
    }

    /// Everything that can be read is as the model has it.
    fn compare(&self) -> Result<(), Fault> {
        let now = self.now();
        for made in &self.known {
            let stored = self.stage.load(now, made.handle)?;
            let expected = self.model.get(&made.handle).filter(|record| !record.is_expired(now));
            let seen = |record: &Record| (record.as_bytes().to_vec(), record.last_seen());
            let (stored, expected) = (stored.as_ref().map(seen), expected.map(seen));
            ensure!(stored == expected, "stored is another record than it should be");
        }
        let subjects = SUBJECTS.into_iter().map(Owner::Subject);
        let logins = LOGINS.into_iter();
        let logins = logins.map(|session_id| Owner::Upstream { issuer: "op", session_id });
        for owner in subjects.chain(logins) {
            let (listed, expected) = (self.stage.list(now, owner)?, self.live(owner));
            ensure!(listed == expected, "{owner:?} has {listed:?}, not {expected:?}");
        }
        Ok(())
    }
}
