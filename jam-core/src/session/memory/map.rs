//! The maps of the memory store: dashmap's, or for the model checker its own, whose locks it knows.

#[cfg(not(shuttle))]
pub(super) use dash::{AtomicUsize, Entry, Map, empty};
#[cfg(shuttle)]
pub(super) use modelled::{AtomicUsize, Entry, Map, empty};

#[cfg(not(shuttle))]
mod dash {
    use std::hash::{BuildHasherDefault, Hash, Hasher};
    pub(in super::super) use std::sync::atomic::AtomicUsize;

    use dashmap::DashMap;
    pub(in super::super) use dashmap::mapref::entry::Entry;

    pub(in super::super) type Map<K, V> = DashMap<K, V, BuildHasherDefault<HandleHasher>>;

    /// Shards are looked through and grown one at a time, under their own lock: many small ones keep
    /// every lock short. Empty, they take 128 KiB.
    const SHARDS: usize = 1024;

    pub(in super::super) fn empty<K: Eq + Hash, V>() -> Map<K, V> {
        DashMap::with_hasher_and_shard_amount(BuildHasherDefault::default(), SHARDS)
    }

    /// Handles and owner keys are random already: their first eight bytes are as good as a hash of them.
    /// A caller may ask for handles of his own choice, but never stores under one.
    #[derive(Default)]
    pub(in super::super) struct HandleHasher(u64);

    impl Hasher for HandleHasher {
        fn finish(&self) -> u64 {
            self.0
        }

        fn write(&mut self, bytes: &[u8]) {
            if let Some(first) = bytes.first_chunk() {
                self.0 = u64::from_le_bytes(*first);
            }
        }

        fn write_u64(&mut self, number: u64) {
            self.0 = number;
        }

        fn write_usize(&mut self, _: usize) {
            // The length that an array's `Hash` writes ahead of it.
        }
    }
}

/// One lock for a whole map: as if all keys met in one shard.
#[cfg(shuttle)]
mod modelled {
    use std::hash::Hash;

    pub(in super::super) use shuttle::sync::atomic::AtomicUsize;
    use shuttle_dashmap::DashMap;
    pub(in super::super) use shuttle_dashmap::mapref::entry::Entry;

    pub(in super::super) type Map<K, V> = DashMap<K, V>;

    pub(in super::super) fn empty<K: Eq + Hash, V>() -> Map<K, V> {
        DashMap::new()
    }
}
