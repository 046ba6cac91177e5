//! Sessions in memory: one process, gone with it.

mod map;
mod members;
mod page;
#[cfg(all(test, shuttle))]
mod tests;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::mem;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::id::SessionHandle;
use super::page::{Cursor, Page};
use super::policy::MaxSessions;
use super::record::Record;
use super::store::{Call, Inserted, Owner, SessionStore, StoreFuture, Swap};
use crate::deferred::Deferred;
use crate::error::{Error, ErrorKind};
use map::{AtomicUsize, Entry, Map};
use members::{Members, OwnerKey};

/// Keeps sessions in this process. The default store: nothing to install, nothing survives a
/// restart, other processes see nothing of it.
///
/// What has expired is not found any more, and takes memory until it is
/// [swept](crate::session::SessionBackend::sweep).
pub struct MemoryStore {
    records: Map<SessionHandle, Record>,
    /// Whose sessions are whose. May name sessions that are gone or another's by now: whoever reads
    /// it asks the record. An entry is always locked before a record, never behind one.
    owners: Map<OwnerKey, Members>,
    hashing: [RandomState; 2],
    most: usize,
    count: AtomicUsize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store without a bound.
    #[must_use]
    pub fn new() -> Self {
        Self::bounded(usize::MAX)
    }

    /// An empty store that refuses new sessions, as if it were down, once it holds `most` of them:
    /// strangers make anonymous sessions as fast as they like.
    #[must_use]
    pub fn bounded(most: usize) -> Self {
        Self {
            records: map::empty(),
            owners: map::empty(),
            hashing: [RandomState::new(), RandomState::new()],
            most,
            count: AtomicUsize::new(0),
        }
    }

    /// How many sessions it holds, expired ones that no sweep has met included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn live(&self, handle: SessionHandle, now: Duration) -> Option<Record> {
        let record = self.records.get(&handle)?;
        (!record.is_expired(now)).then(|| record.clone())
    }

    fn put(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> Result<Inserted, Error> {
        if self.count.fetch_add(1, Ordering::AcqRel) >= self.most {
            self.count.fetch_sub(1, Ordering::AcqRel);
            return Err(Error::new(
                ErrorKind::StoreUnavailable,
                "the memory store is full: raise its bound, shorten the timeouts, or sweep more often",
            ));
        }
        let mut evicted = Vec::new();
        let inserted = match record.subject() {
            None => self.put_record(handle, &record),
            Some(subject) => {
                let mut members = self.owners.entry(self.key(Owner::Subject(subject))).or_default();
                let others = self.others(&mut members, handle, &record, call.now);
                match over(limit, others) {
                    Err(TooMany) => Inserted::TooMany,
                    Ok(surplus) => {
                        let inserted = self.put_record(handle, &record);
                        if let Inserted::Stored { .. } = inserted {
                            members.add(handle);
                            evicted = self.evict(&mut members, surplus, subject);
                        }
                        inserted
                    }
                }
            }
        };
        match inserted {
            Inserted::Stored { .. } => {
                self.link_upstream(handle, &record);
                Ok(Inserted::Stored { evicted: self.farewell(&evicted) })
            }
            refused => {
                self.count.fetch_sub(1, Ordering::AcqRel);
                self.drop_empty(&record);
                Ok(refused)
            }
        }
    }

    fn put_record(&self, handle: SessionHandle, record: &Record) -> Inserted {
        match self.records.entry(handle) {
            Entry::Occupied(_) => Inserted::Exists,
            Entry::Vacant(place) => {
                place.insert(record.clone());
                Inserted::Stored { evicted: Vec::new() }
            }
        }
    }

    fn link_upstream(&self, handle: SessionHandle, record: &Record) {
        let Some(login) = record.upstream() else { return };
        let owner = Owner::Upstream { issuer: &login.issuer, session_id: &login.session_id };
        let key = self.key(owner);
        let mut members = self.owners.entry(key).or_default();
        // Ended meanwhile, it would never be taken out again.
        if self.records.get(&handle).is_some_and(|record| owner.owns(&record)) {
            members.add(handle);
        }
        drop(members);
        self.owners.remove_if(&key, |_, members| members.is_empty());
    }

    fn swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: &Record,
        limit: MaxSessions,
    ) -> Swap {
        // Most writes are no logins, and leave the index alone.
        let stays =
            |before: &Record| record.subject().is_none() || before.subject() == record.subject();
        if let Some(swap) = self.swap_record(call, handle, expected, record, stays) {
            return self.swapped(handle, swap, record, &[]);
        }
        let subject = record.subject().unwrap_or_default();
        let mut members = self.owners.entry(self.key(Owner::Subject(subject))).or_default();
        let others = self.others(&mut members, handle, record, call.now);
        let (mut swap, mut evicted) = (Err(Swap::TooMany), Vec::new());
        if let Ok(surplus) = over(limit, others) {
            let swapped = self.swap_record(call, handle, expected, record, |_| true);
            swap = swapped.unwrap_or(Err(Swap::Gone));
            if swap.is_ok() {
                members.add(handle);
                evicted = self.evict(&mut members, surplus, subject);
            }
        }
        drop(members);
        self.swapped(handle, swap, record, &evicted)
    }

    /// What a swap leaves in the index.
    fn swapped(
        &self,
        handle: SessionHandle,
        swap: Result<Record, Swap>,
        record: &Record,
        evicted: &[(SessionHandle, Record)],
    ) -> Swap {
        match swap {
            Ok(replaced) => {
                if replaced.subject() != record.subject() {
                    self.unlink_subject(handle, &replaced);
                }
                if replaced.upstream() != record.upstream() {
                    self.unlink_upstream(handle, &replaced);
                    self.link_upstream(handle, record);
                }
                Swap::Swapped { evicted: self.farewell(evicted) }
            }
            Err(lost) => {
                self.drop_empty(record);
                lost
            }
        }
    }

    /// The swap itself, in one step; what was replaced by it. None where it is not meant.
    fn swap_record(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: &Record,
        is_meant: impl FnOnce(&Record) -> bool,
    ) -> Option<Result<Record, Swap>> {
        Some(match self.records.get_mut(&handle) {
            Some(slot) if slot.is_expired(call.now) => Err(Swap::Gone),
            Some(slot) if slot.version() != expected => Err(Swap::Conflict(slot.clone())),
            Some(slot) if !is_meant(&slot) => return None,
            Some(mut slot) => Ok(mem::replace(&mut *slot, record.clone())),
            None => Err(Swap::Gone),
        })
    }

    /// The subject's other live sessions. What is not his, or gone, is dropped from the entry; what
    /// has expired stays: a touch that was in time may still be on its way.
    fn others(
        &self,
        members: &mut Members,
        handle: SessionHandle,
        record: &Record,
        now: Duration,
    ) -> Vec<(SessionHandle, Record)> {
        let Some(subject) = record.subject() else { return Vec::new() };
        let mut live = Vec::new();
        members.retain(|member| {
            let record = self.records.get(&member).map(|record| record.clone());
            let Some(record) = record.filter(|record| record.subject() == Some(subject)) else {
                return false;
            };
            if member != handle && !record.is_expired(now) {
                live.push((member, record));
            }
            true
        });
        live
    }

    /// Ends sessions of a subject whose entry is locked; not one that has become another's meanwhile.
    fn evict(
        &self,
        members: &mut Members,
        surplus: Vec<SessionHandle>,
        subject: &str,
    ) -> Vec<(SessionHandle, Record)> {
        members.retain(|member| !surplus.contains(&member));
        let is_his = |record: &Record| record.subject() == Some(subject);
        let take = |handle| Some((handle, self.take_if(handle, is_his)?));
        surplus.into_iter().filter_map(take).collect()
    }

    /// Once no entry is locked: sessions that were ended are nobody's.
    fn farewell(&self, ended: &[(SessionHandle, Record)]) -> Vec<SessionHandle> {
        for (handle, record) in ended {
            self.unlink_subject(*handle, record);
            self.unlink_upstream(*handle, record);
        }
        ended.iter().map(|(handle, _)| *handle).collect()
    }

    /// An entry that was made for a login that did not come about.
    fn drop_empty(&self, record: &Record) {
        if let Some(subject) = record.subject() {
            self.owners.remove_if(&self.key(Owner::Subject(subject)), |_, m| m.is_empty());
        }
    }

    fn take_if(
        &self,
        handle: SessionHandle,
        is_meant: impl FnOnce(&Record) -> bool,
    ) -> Option<Record> {
        let (_, record) = self.records.remove_if(&handle, |_, record| is_meant(record))?;
        self.count.fetch_sub(1, Ordering::AcqRel);
        Some(record)
    }

    fn take_all(
        &self,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
        now: Duration,
    ) -> Vec<SessionHandle> {
        let mut taken = Vec::new();
        if let Some(mut members) = self.owners.get_mut(&self.key(owner)) {
            let is_his = |handle| self.live(handle, now).is_some_and(|record| owner.owns(&record));
            if except.is_some_and(|except| !is_his(except)) {
                return Vec::new();
            }
            members.retain(|member| {
                if Some(member) == except {
                    return true;
                }
                let record = self.take_if(member, |record| owner.owns(record));
                taken.extend(record.map(|record| (member, record)));
                false
            });
        }
        self.owners.remove_if(&self.key(owner), |_, members| members.is_empty());
        self.farewell(&taken);
        let live = taken.into_iter().filter(|(_, record)| !record.is_expired(now));
        live.map(|(handle, _)| handle).collect()
    }

    fn unlink_subject(&self, handle: SessionHandle, record: &Record) {
        if let Some(subject) = record.subject() {
            self.unlink(Owner::Subject(subject), handle);
        }
    }

    fn unlink_upstream(&self, handle: SessionHandle, record: &Record) {
        if let Some(login) = record.upstream() {
            let owner = Owner::Upstream { issuer: &login.issuer, session_id: &login.session_id };
            self.unlink(owner, handle);
        }
    }

    fn unlink(&self, owner: Owner<'_>, handle: SessionHandle) {
        if let Entry::Occupied(mut entry) = self.owners.entry(self.key(owner)) {
            // Logged in again meanwhile: then it belongs there.
            let back = self.records.get(&handle).is_some_and(|record| owner.owns(&record));
            if !back {
                entry.get_mut().retain(|member| member != handle);
            }
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }

    fn swept(&self, now: Duration) -> usize {
        let mut expired = Vec::new();
        let mut count = 0;
        self.records.retain(|&handle, record| {
            let keep = !record.is_expired(now);
            if !keep {
                count += 1;
                if record.subject().is_some() || record.upstream().is_some() {
                    expired.push((handle, record.clone()));
                }
            }
            keep
        });
        self.count.fetch_sub(count, Ordering::AcqRel);
        self.farewell(&expired);
        count
    }

    /// 128 bits under keys of this process: owners that nobody can make collide, and whose names the
    /// index does not hold.
    fn key(&self, owner: Owner<'_>) -> OwnerKey {
        let [one, other] = &self.hashing;
        let parts = match owner {
            Owner::Subject(subject) => (false, subject, ""),
            Owner::Upstream { issuer, session_id } => (true, issuer, session_id),
        };
        OwnerKey([one.hash_one(parts), other.hash_one(parts)])
    }
}

struct TooMany;

/// Which of a subject's sessions have to end before one more may begin.
fn over(
    limit: MaxSessions,
    mut others: Vec<(SessionHandle, Record)>,
) -> Result<Vec<SessionHandle>, TooMany> {
    let Some(most) = limit.limit() else { return Ok(Vec::new()) };
    let surplus = (others.len() + 1).saturating_sub(most);
    match limit {
        MaxSessions::Reject(_) if surplus > 0 => return Err(TooMany),
        MaxSessions::EvictIdlest(_) => others.sort_by_key(|(_, record)| record.last_seen()),
        _ => others.sort_by_key(|(_, record)| (record.created(), record.last_seen())),
    }
    Ok(others.into_iter().take(surplus).map(|(handle, _)| handle).collect())
}

impl SessionStore for MemoryStore {
    fn load(&self, call: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>> {
        Deferred::ready(Ok(self.live(handle, call.now)))
    }

    fn insert(
        &self,
        call: Call,
        handle: SessionHandle,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Inserted> {
        Deferred::ready(self.put(call, handle, record, limit))
    }

    fn compare_and_swap(
        &self,
        call: Call,
        handle: SessionHandle,
        expected: u32,
        record: Record,
        limit: MaxSessions,
    ) -> StoreFuture<'_, Swap> {
        Deferred::ready(Ok(self.swap(call, handle, expected, &record, limit)))
    }

    fn touch(&self, call: Call, _: SessionHandle, record: &Record) -> StoreFuture<'_, ()> {
        // The record that was read is the one that is kept, unless a write came between, which
        // counts as a use itself. Between reading and this it may have expired, for good.
        if !record.is_expired(call.now) {
            record.touch(call.now);
        }
        Deferred::ready(Ok(()))
    }

    fn remove(&self, _: Call, handle: SessionHandle) -> StoreFuture<'_, Option<Record>> {
        let taken = self.take_if(handle, |_| true);
        if let Some(record) = &taken {
            self.farewell(&[(handle, record.clone())]);
        }
        Deferred::ready(Ok(taken))
    }

    fn list(&self, call: Call, owner: Owner<'_>) -> StoreFuture<'_, Vec<(SessionHandle, Record)>> {
        // The entry stays locked meanwhile: no login is seen without the end of what it evicts.
        let Some(members) = self.owners.get(&self.key(owner)) else {
            return Deferred::ready(Ok(Vec::new()));
        };
        let live = |handle| {
            let record = self.live(handle, call.now).filter(|record| owner.owns(record))?;
            Some((handle, record))
        };
        let listed = members.to_vec().into_iter().filter_map(live).collect();
        Deferred::ready(Ok(listed))
    }

    fn remove_all(
        &self,
        call: Call,
        owner: Owner<'_>,
        except: Option<SessionHandle>,
    ) -> StoreFuture<'_, Vec<SessionHandle>> {
        Deferred::ready(Ok(self.take_all(owner, except, call.now)))
    }

    fn page(
        &self,
        call: Call,
        from: Option<Cursor>,
        most: usize,
    ) -> StoreFuture<'_, Page<(SessionHandle, Record)>> {
        Deferred::ready(Ok(self.page_of(call.now, from, most)))
    }

    fn sweep(&self, call: Call) -> StoreFuture<'_, usize> {
        Deferred::ready(Ok(self.swept(call.now)))
    }

    fn name(&self) -> &'static str {
        "memory"
    }

    fn is_durable(&self) -> bool {
        false
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("sessions", &self.len()).finish_non_exhaustive()
    }
}
