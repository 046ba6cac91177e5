//! Sessions in memory: 120 bytes of payload each, under random ids.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use cpu_time::ThreadTime;
use dashmap::DashMap;
use tower_sessions::MemoryStore;

use crate::contestant::Contestant;

pub mod jam;
pub mod peers;
pub mod sweep;
pub mod table;

/// The name of the tables where bytes are counted.
pub const TABLE: &str = "store";
/// Bytes of payload in a session.
pub const PAYLOAD: usize = 120;

/// The id of a session, as random as ids are.
pub type Id = [u8; 16];

/// The id of a session by its number.
pub fn id(number: u64) -> Id {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&mixed(2 * number).to_le_bytes());
    id[8..].copy_from_slice(&mixed(2 * number + 1).to_le_bytes());
    id
}

/// SplitMix64.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Keeps sessions by their ids.
pub trait Store: 'static {
    /// A session, ready to be stored.
    type Session;

    /// Another session.
    fn session(&self, id: Id) -> Self::Session;
    /// Stores one that is not there; whether it did.
    fn put(&self, id: Id, session: Self::Session) -> bool;
    /// Replaces one that is there; whether it was.
    fn save(&self, id: Id, session: Self::Session) -> bool;
    /// Reads one, and lets go of it; whether it is there.
    fn load(&self, id: Id) -> bool;
}

/// Those whose stores are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Jam,
    Tuned,
    Dashmap,
    Papaya,
    Moka,
    Tower,
}

impl Kind {
    /// All, in the order of the tables.
    pub const ALL: [Self; 6] =
        [Self::Jam, Self::Tuned, Self::Dashmap, Self::Papaya, Self::Moka, Self::Tower];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jam => "**Jam** `MemoryStore`",
            Self::Tuned => "dashmap 6, hash of the id as hasher, 256 shards, `Arc` values",
            Self::Dashmap => "dashmap 6 as it comes, `Arc` values",
            Self::Papaya => "papaya 0.2, `Arc` values",
            Self::Moka => "moka 0.12, `Arc` values",
            Self::Tower => "tower-sessions 0.15 `MemoryStore`",
        }
    }

    /// A store with so many sessions, and the longest insertion.
    pub fn filled(self, sessions: u64) -> Result<Filled> {
        match self {
            Self::Jam => fill(self, sessions, jam::Jam::new()?),
            Self::Tuned => fill(self, sessions, peers::tuned()),
            Self::Dashmap => fill(self, sessions, DashMap::<Id, Arc<peers::Kept>>::new()),
            Self::Papaya => fill(self, sessions, peers::Papaya::new()),
            Self::Moka => fill(self, sessions, peers::moka()),
            Self::Tower => fill(self, sessions, MemoryStore::default()),
        }
    }
}

/// A store that was filled.
pub struct Filled {
    /// Reads sessions at random.
    pub load: Contestant,
    /// Replaces sessions at random.
    pub save: Contestant,
    /// The CPU time of the longest insertion.
    pub worst_insert: Duration,
}

fn fill<S: Store>(kind: Kind, sessions: u64, store: S) -> Result<Filled> {
    let name = kind.as_str();
    let mut worst_insert = Duration::ZERO;
    for number in 0..sessions {
        let (id, session) = (id(number), store.session(id(number)));
        // The thread's own time: what others take from this processor is no growth of the store.
        let start = ThreadTime::now();
        let is_stored = store.put(id, session);
        worst_insert = worst_insert.max(start.elapsed());
        ensure!(is_stored, "{name} does not store a session");
    }
    let somebody = id(sessions / 2);
    ensure!(store.load(somebody), "{name} does not find a session");
    ensure!(store.save(somebody, store.session(somebody)), "{name} does not replace a session");
    ensure!(store.load(somebody), "{name} does not find the session that was replaced");
    ensure!(!store.load(id(sessions)), "{name} finds what was never stored");

    let store = Rc::new(store);
    let mut turn = 0;
    let mut random = move || {
        turn += 1;
        id(mixed(turn) % sessions)
    };
    let mut other = random.clone();
    let (reader, maker, writer) = (store.clone(), store.clone(), store);
    let load = Contestant::prepared(name, move || random(), move |id| reader.load(id));
    let prepare = move || {
        let id = other();
        (id, maker.session(id))
    };
    let save = Contestant::prepared(name, prepare, move |(id, session)| writer.save(id, session));
    Ok(Filled { load, save, worst_insert })
}
