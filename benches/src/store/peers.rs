//! Maps that one could keep sessions in, and the store of tower-sessions.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use dashmap::DashMap;
use serde_json::Value;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id as TowerId, Record};
use tower_sessions::{MemoryStore, SessionStore};

use super::{Id, PAYLOAD, Store};
use crate::requests::now;

/// What a careful hand would keep.
pub struct Kept {
    /// Moves with each use.
    pub expires: AtomicU64,
    /// The bytes.
    pub payload: Box<[u8]>,
}

fn kept() -> Arc<Kept> {
    Arc::new(Kept { expires: AtomicU64::new(u64::MAX), payload: vec![7; PAYLOAD].into() })
}

/// Ids are random: their first bytes are as good as a hash of them.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

/// dashmap as a careful hand would use it: 256 shards.
pub type Tuned = DashMap<Id, Arc<Kept>, BuildHasherDefault<IdHasher>>;

/// An empty one.
pub fn tuned() -> Tuned {
    DashMap::with_hasher_and_shard_amount(BuildHasherDefault::default(), 256)
}

impl<H: BuildHasher + Clone + 'static> Store for DashMap<Id, Arc<Kept>, H> {
    type Session = Arc<Kept>;

    fn session(&self, _: Id) -> Arc<Kept> {
        kept()
    }

    fn put(&self, id: Id, session: Arc<Kept>) -> bool {
        self.insert(id, session);
        true
    }

    fn save(&self, id: Id, session: Arc<Kept>) -> bool {
        self.insert(id, session).is_some()
    }

    fn load(&self, id: Id) -> bool {
        black_box(self.get(&id).map(|session| Arc::clone(&session))).is_some()
    }
}

/// papaya as it comes.
pub type Papaya = papaya::HashMap<Id, Arc<Kept>>;

impl Store for Papaya {
    type Session = Arc<Kept>;

    fn session(&self, _: Id) -> Arc<Kept> {
        kept()
    }

    fn put(&self, id: Id, session: Arc<Kept>) -> bool {
        self.pin().insert(id, session).is_none()
    }

    fn save(&self, id: Id, session: Arc<Kept>) -> bool {
        self.pin().insert(id, session).is_some()
    }

    fn load(&self, id: Id) -> bool {
        black_box(self.pin().get(&id).cloned()).is_some()
    }
}

/// moka.
pub type Moka = moka::sync::Cache<Id, Arc<Kept>>;

/// One without a bound, which drops what was not used for half an hour.
pub fn moka() -> Moka {
    Moka::builder().time_to_idle(Duration::from_secs(1800)).build()
}

impl Store for Moka {
    type Session = Arc<Kept>;

    fn session(&self, _: Id) -> Arc<Kept> {
        kept()
    }

    fn put(&self, id: Id, session: Arc<Kept>) -> bool {
        self.insert(id, session);
        true
    }

    fn save(&self, id: Id, session: Arc<Kept>) -> bool {
        self.put(id, session)
    }

    fn load(&self, id: Id) -> bool {
        black_box(self.get(&id)).is_some()
    }
}

impl Store for MemoryStore {
    type Session = Record;

    fn session(&self, id: Id) -> Record {
        let payload = Value::String("x".repeat(PAYLOAD - 2));
        let expiry_date = OffsetDateTime::now_utc() + Duration::from_secs(1800);
        let data = [("payload".to_owned(), payload)].into();
        Record { id: TowerId(i128::from_le_bytes(id)), data, expiry_date }
    }

    fn put(&self, _: Id, record: Record) -> bool {
        matches!(now(SessionStore::save(self, &record)), Some(Ok(())))
    }

    fn save(&self, id: Id, record: Record) -> bool {
        self.put(id, record)
    }

    fn load(&self, id: Id) -> bool {
        let id = TowerId(i128::from_le_bytes(id));
        matches!(now(SessionStore::load(self, &id)), Some(Ok(Some(_))))
    }
}
