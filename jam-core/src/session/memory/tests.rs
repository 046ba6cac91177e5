//! The store under a model checker, which plays the orders in which threads may take its locks:
//! all of them where there are few, else as many as it is given, at random and by the number of
//! preemptions. `cargo xtask test-all` builds it with `--cfg shuttle`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use shuttle::thread::{self, JoinHandle};

use super::MemoryStore;
use crate::session::draft::{Draft, Holder, Upstream, Values, Who};
use crate::session::id::{SessionHandle, VerifierHash};
use crate::session::policy::MaxSessions;
use crate::session::record::Record;
use crate::session::store::{Call, Inserted, Owner, SessionStore, Swap};

const IDLE: u64 = 100;
const ISSUER: &str = "https://login.example";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(now: u64) -> Call {
    Call { now: seconds(now), time_left: seconds(1) }
}

fn handle(number: u8) -> SessionHandle {
    SessionHandle::from_bytes([number; 16])
}

/// A record of this version; with a subject, it also rests on a login at another provider.
fn record(version: u32, subject: Option<&str>, created: u64) -> Record {
    let upstream = subject.map(|subject| Upstream {
        issuer: ISSUER.to_owned(),
        session_id: subject.to_owned(),
        auth_time: seconds(created),
    });
    let who = Who { subject: subject.map(str::to_owned), upstream, ..Who::default() };
    let draft = Draft {
        version,
        created: seconds(created),
        absolute_end: seconds(created + 10 * IDLE),
        idle_timeout: seconds(IDLE),
        last_seen: seconds(created),
        verifier_hash: VerifierHash([0; 16]),
        remembered: false,
        shared: false,
        holder: Holder::Anew(who),
        values: Values::default(),
    };
    draft.encode(1000).unwrap()
}

/// The store, with what is asked of it answered: it never waits.
#[derive(Clone)]
struct Store(Arc<MemoryStore>);

impl Store {
    /// Holding sessions of these subjects, made at 0.
    fn of(subjects: &[(u8, Option<&str>)]) -> Self {
        let store = Self(Arc::new(MemoryStore::new()));
        for (number, subject) in subjects {
            let made = store.insert(*number, *subject, 0, MaxSessions::Unlimited);
            assert!(matches!(made, Inserted::Stored { .. }));
        }
        store
    }

    fn insert(&self, number: u8, subject: Option<&str>, now: u64, most: MaxSessions) -> Inserted {
        let record = record(1, subject, now);
        self.0.insert(at(now), handle(number), record, most).now().unwrap().unwrap()
    }

    /// From the first version to the second.
    fn swap(&self, number: u8, subject: Option<&str>, most: MaxSessions) -> Swap {
        self.swap_from(1, number, subject, most)
    }

    fn swap_from(&self, from: u32, number: u8, subject: Option<&str>, most: MaxSessions) -> Swap {
        let record = record(from + 1, subject, 1);
        self.0.compare_and_swap(at(1), handle(number), from, record, most).now().unwrap().unwrap()
    }

    fn remove(&self, number: u8) -> bool {
        self.0.remove(at(1), handle(number)).now().unwrap().unwrap().is_some()
    }

    fn remove_all(&self, subject: &str, except: Option<u8>) -> Vec<SessionHandle> {
        let owner = Owner::Subject(subject);
        self.0.remove_all(at(1), owner, except.map(handle)).now().unwrap().unwrap()
    }

    fn remove_upstream(&self, subject: &str) -> Vec<SessionHandle> {
        let owner = Owner::Upstream { issuer: ISSUER, session_id: subject };
        self.0.remove_all(at(1), owner, None).now().unwrap().unwrap()
    }

    fn list(&self, subject: &str) -> Vec<SessionHandle> {
        let listed = self.0.list(at(1), Owner::Subject(subject)).now().unwrap().unwrap();
        listed.into_iter().map(|(handle, _)| handle).collect()
    }

    fn subject(&self, number: u8) -> Option<String> {
        let record = self.0.load(at(1), handle(number)).now().unwrap().unwrap()?;
        Some(record.subject().unwrap_or_default().to_owned())
    }

    fn is_there(&self, number: u8) -> bool {
        self.subject(number).is_some()
    }

    /// With nobody at work: the count is that of the records, and the index names each of them
    /// whoever owns it, and nothing else.
    fn is_sound(&self) {
        let store = &self.0;
        let records: Vec<(SessionHandle, Record)> =
            store.records.iter().map(|entry| (*entry.key(), entry.value().clone())).collect();
        assert_eq!(store.len(), records.len(), "the count");
        let mut owned = BTreeSet::new();
        for (handle, record) in &records {
            if let Some(subject) = record.subject() {
                owned.insert((store.key(Owner::Subject(subject)).0, *handle));
            }
            if let Some(login) = record.upstream() {
                let (issuer, session_id) = (&*login.issuer, &*login.session_id);
                owned.insert((store.key(Owner::Upstream { issuer, session_id }).0, *handle));
            }
        }
        let mut indexed = BTreeSet::new();
        for entry in store.owners.iter() {
            assert!(!entry.value().is_empty(), "an entry without members");
            let members = entry.value().to_vec().into_iter();
            indexed.extend(members.map(|member| (entry.key().0, member)));
        }
        assert_eq!(indexed, owned, "the index");
    }

    /// Something done to it in a thread of its own.
    fn meanwhile<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let store = self.clone();
        thread::spawn(move || act(&store))
    }
}

fn check(play: fn()) {
    shuttle::check_dfs(play, Some(20_000));
    shuttle::check_random(play, 2_000);
    shuttle::check_pct(play, 2_000, 3);
}

#[test]
fn g02_of_two_logins_at_once_the_limit_lets_in_one() {
    check(|| {
        let store = Store::of(&[]);
        let other = store.meanwhile(|s| s.insert(1, Some("alice"), 1, MaxSessions::Reject(1)));
        let mine = store.insert(2, Some("alice"), 1, MaxSessions::Reject(1));
        let stored = [mine, other.join().unwrap()];
        let stored = stored.iter().filter(|made| matches!(made, Inserted::Stored { .. })).count();
        assert_eq!((stored, store.list("alice").len()), (1, 1));
        store.is_sound();
    });
}

#[test]
fn g02_no_login_is_seen_without_the_end_of_what_it_evicts() {
    check(|| {
        let store = Store::of(&[(1, Some("alice"))]);
        let insert = |s: &Store| s.insert(2, Some("alice"), 1, MaxSessions::EvictOldest(1));
        let login = store.meanwhile(move |s| insert(s));
        let swap = store.meanwhile(|s| s.swap(1, Some("alice"), MaxSessions::EvictOldest(1)));
        assert!(store.list("alice").len() <= 1);
        assert!(matches!(login.join().unwrap(), Inserted::Stored { .. }));
        _ = swap.join().unwrap();
        assert_eq!(store.list("alice").len(), 1);
        store.is_sound();
    });
}

#[test]
fn g69_what_was_removed_is_never_written_again() {
    check(|| {
        let store = Store::of(&[(1, None)]);
        let login = store.meanwhile(|s| s.swap(1, Some("alice"), MaxSessions::Unlimited));
        let read = store.meanwhile(|s| s.is_there(1));
        assert!(store.remove(1));
        assert!(!store.is_there(1));
        _ = login.join().unwrap();
        read.join().unwrap();
        assert!(!store.is_there(1) && store.list("alice").is_empty());
        store.is_sound();
    });
}

#[test]
fn g70_of_two_swaps_of_one_version_one_comes_about() {
    check(|| {
        let store = Store::of(&[(1, Some("alice"))]);
        let other = store.meanwhile(|s| s.swap(1, Some("bob"), MaxSessions::Unlimited));
        let mine = store.swap(1, None, MaxSessions::Unlimited);
        let is_done = |swap: &Swap| matches!(swap, Swap::Swapped { .. });
        let (mine, other) = (is_done(&mine), is_done(&other.join().unwrap()));
        assert!(mine != other);
        assert_eq!(store.subject(1).as_deref(), Some(if mine { "" } else { "bob" }));
        store.is_sound();
    });
}

#[test]
fn g12_the_end_of_all_of_a_subject_takes_no_session_that_is_anothers_by_then() {
    check(|| {
        let store = Store::of(&[(1, Some("alice")), (2, Some("alice"))]);
        let login = store.meanwhile(|s| s.swap(1, Some("bob"), MaxSessions::Unlimited));
        let ended = store.remove_all("alice", None);
        let is_bobs = matches!(login.join().unwrap(), Swap::Swapped { .. });
        assert!(ended.contains(&handle(2)));
        assert_eq!(ended.contains(&handle(1)), !is_bobs);
        assert_eq!(store.subject(1).as_deref(), is_bobs.then_some("bob"));
        assert!(store.list("alice").is_empty());
        store.is_sound();
    });
}

#[test]
fn g12_a_login_that_races_with_the_end_of_all_is_ended_or_later() {
    check(|| {
        let store = Store::of(&[(1, Some("alice")), (2, None)]);
        let made = store.meanwhile(|s| s.insert(3, Some("alice"), 1, MaxSessions::Unlimited));
        let login = store.meanwhile(|s| s.swap(2, Some("alice"), MaxSessions::Unlimited));
        let ended = store.remove_all("alice", None);
        _ = made.join().unwrap();
        _ = login.join().unwrap();
        for number in [2, 3] {
            assert_eq!(store.is_there(number), !ended.contains(&handle(number)));
            assert_eq!(store.list("alice").contains(&handle(number)), store.is_there(number));
        }
        assert!(!store.is_there(1));
        store.is_sound();
    });
}

#[test]
fn a_session_that_comes_back_to_its_subject_stays_in_the_index() {
    check(|| {
        let store = Store::of(&[(1, Some("alice"))]);
        let back =
            store.meanwhile(|s| s.swap_from(2, 1, Some("alice"), MaxSessions::EvictOldest(9)));
        _ = store.swap(1, Some("bob"), MaxSessions::Unlimited);
        let is_back = matches!(back.join().unwrap(), Swap::Swapped { .. });
        assert_eq!(store.list("alice").len(), usize::from(is_back));
        assert_eq!(store.list("bob").len(), usize::from(!is_back));
        store.is_sound();
    });
}

#[test]
fn g13_of_two_sessions_that_end_each_other_one_is_left() {
    check(|| {
        let store = Store::of(&[(1, Some("alice")), (2, Some("alice"))]);
        let other = store.meanwhile(|s| s.remove_all("alice", Some(1)));
        let ended = store.remove_all("alice", Some(2));
        assert_eq!(ended.len() + other.join().unwrap().len(), 1);
        assert_eq!(store.list("alice").len(), 1);
        store.is_sound();
    });
}

#[test]
fn g03_the_logout_of_a_provider_leaves_nothing_in_the_index() {
    check(|| {
        let store = Store::of(&[(1, Some("alice")), (2, None)]);
        let login = store.meanwhile(|s| s.swap(2, Some("alice"), MaxSessions::Unlimited));
        let removed = store.meanwhile(|s| s.remove(1));
        let ended = store.remove_upstream("alice");
        _ = login.join().unwrap();
        assert_eq!(removed.join().unwrap(), !ended.contains(&handle(1)));
        assert!(!store.is_there(1));
        store.is_sound();
    });
}

#[test]
fn g08_a_sweep_ends_what_no_touch_has_kept_alive() {
    check(|| {
        let store = Store::of(&[(1, Some("alice"))]);
        let record = store.0.load(at(1), handle(1)).now().unwrap().unwrap().unwrap();
        let read = record.clone();
        let touch =
            store.meanwhile(move |s| s.0.touch(at(IDLE - 1), handle(1), &read).now().is_ok());
        let login = store.meanwhile(|s| s.insert(2, Some("alice"), IDLE, MaxSessions::Reject(9)));
        let swept = store.0.sweep(at(IDLE)).now().unwrap().unwrap();
        assert!(touch.join().unwrap());
        _ = login.join().unwrap();
        assert!(store.is_there(2));
        assert_eq!(store.is_there(1), swept == 0);
        store.is_sound();
    });
}

#[test]
fn a_full_store_holds_what_it_may_and_counts_what_it_holds() {
    check(|| {
        let store = Store(Arc::new(MemoryStore::bounded(1)));
        let insert = |s: &Store, number| {
            let made =
                s.0.insert(at(1), handle(number), record(1, None, 1), MaxSessions::Unlimited);
            made.now().unwrap().is_ok()
        };
        let other = store.meanwhile(move |s| insert(s, 1));
        let third = store.meanwhile(|s| s.remove(2));
        let mine = insert(&store, 2);
        let (other, removed) = (other.join().unwrap(), third.join().unwrap());
        assert!(mine || other);
        assert!(removed || !(mine && other));
        assert!(store.0.len() <= 1);
        store.is_sound();
    });
}
