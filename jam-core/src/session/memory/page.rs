//! All sessions, a page at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::MemoryStore;
use crate::session::id::SessionHandle;
use crate::session::page::{Cursor, Page};
use crate::session::record::Record;

impl MemoryStore {
    /// In the order of the keys, which no two sessions share. Each page looks through all of them, a
    /// shard at a time.
    pub(super) fn page_of(
        &self,
        now: Duration,
        from: Option<Cursor>,
        most: usize,
    ) -> Page<(SessionHandle, Record)> {
        let most = most.max(1);
        let mut first = BTreeMap::new();
        let mut next = None;
        for entry in self.records.iter() {
            let place = Cursor::new(u128::from_be_bytes(*entry.key().as_bytes()));
            let is_within = from.is_none_or(|from| place >= from)
                && next.is_none_or(|next| place < next)
                && !entry.is_expired(now);
            if is_within {
                first.insert(place, (*entry.key(), entry.value().clone()));
                if first.len() > most {
                    next = first.pop_last().map(|(place, _)| place);
                }
            }
        }
        Page { sessions: first.into_values().collect(), next }
    }
}
