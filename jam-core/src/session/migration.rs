//! Moving from the sessions of a Python service to one's own: both are read, one is written.

use std::iter;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::backend::{Keeper, Live, SessionBackend};
use super::commit::Written;
use super::ops::{Op, Plan};
use crate::audit::{self, Done};
use crate::clock::Budget;
use crate::error::Error;
use crate::source::Sources;

/// How far a migration is. Both formats are read in each mode; the next step after
/// [`WriteNew`](Self::WriteNew) is to drop the legacy sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyMode {
    /// Logins and writes go into the old format, so that the Python service knows everybody. A
    /// session in the new one is moved back at its next write or login: the way back.
    WriteOld,
    /// Logins and writes go into the new format. A session in the old one is moved at its next write
    /// or login, and its cookie taken back in the same answer.
    WriteNew,
}

impl LegacyMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::WriteOld => "write_old",
            Self::WriteNew => "write_new",
        }
    }

    fn writes(self) -> Format {
        match self {
            Self::WriteOld => Format::Old,
            Self::WriteNew => Format::New,
        }
    }
}

/// Which of the two a credential belongs to; without a migration all are new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Old,
    New,
}

impl Format {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

/// What a migration has done in this process so far. When nothing is read in the old format for as
/// long as a session lives, the old ones are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationCounts {
    /// Requests whose session was read in the old format.
    pub read_old: u64,
    /// Requests whose session was read in the new format.
    pub read_new: u64,
    /// Sessions moved from the old format to the new one.
    pub moved_to_new: u64,
    /// Sessions moved from the new format to the old one.
    pub moved_to_old: u64,
}

/// The old sessions beside the new ones.
pub(super) struct Migration {
    pub(super) old: SessionBackend,
    pub(super) mode: LegacyMode,
    pub(super) counts: Counts,
}

#[derive(Default)]
pub(super) struct Counts {
    read_old: AtomicU64,
    read_new: AtomicU64,
    moved_to_new: AtomicU64,
    moved_to_old: AtomicU64,
}

impl Migration {
    pub(super) fn describe(&self) -> Value {
        let mut described = self.old.describe();
        if let Value::Object(members) = &mut described {
            members
                .retain(|name, _| matches!(&**name, "store" | "subject" | "sources" | "transport"));
            members.insert("mode".to_owned(), json!(self.mode.as_str()));
        }
        described
    }
}

impl SessionBackend {
    /// What the migration has done in this process so far; none without one.
    #[must_use]
    pub fn migration(&self) -> Option<MigrationCounts> {
        let Counts { read_old, read_new, moved_to_new, moved_to_old } =
            &self.0.migration.as_ref()?.counts;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Some(MigrationCounts {
            read_old: count(read_old),
            read_new: count(read_new),
            moved_to_new: count(moved_to_new),
            moved_to_old: count(moved_to_old),
        })
    }

    /// Both formats in the order in which they are read: first the one that is written.
    pub(crate) fn formats(&self) -> impl Iterator<Item = (Format, &SessionBackend)> {
        let first = self.0.migration.as_ref().map_or(Format::New, |both| both.mode.writes());
        let second = self.0.migration.as_ref().map(|_| first.other());
        iter::once(first).chain(second).map(|format| (format, self.of_format(format)))
    }

    /// Where this backend's credentials may stand, in that order.
    pub(crate) fn all_sources(&self) -> impl Iterator<Item = &Sources> {
        self.formats().map(|(_, backend)| backend.sources())
    }

    /// The backend of one format.
    pub(crate) fn of_format(&self, format: Format) -> &SessionBackend {
        match (&self.0.migration, format) {
            (Some(both), Format::Old) => &both.old,
            _ => self,
        }
    }

    pub(crate) fn migrates(&self) -> bool {
        self.0.migration.is_some()
    }

    /// Whether sessions of this format outlive a cookie that is taken back.
    pub(crate) fn keeps(&self, format: Format) -> bool {
        matches!(self.of_format(format).0.keeper, Keeper::Store(_))
    }

    /// Whether the next write moves a session of this format out of its cookie into the store.
    pub(crate) fn moves_into_store(&self, format: Format) -> bool {
        let written = self.formats().next();
        !self.keeps(format) && written.is_some_and(|(written, _)| self.keeps(written))
    }

    /// A session was found in one of the formats.
    pub(crate) fn count_read(&self, format: Format) {
        let Some(both) = &self.0.migration else { return };
        let counter = match format {
            Format::Old => &both.counts.read_old,
            Format::New => &both.counts.read_new,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if format == Format::Old {
            tracing::debug!(target: "jam", store = self.of_format(format).store_name(), "a session in the old format was read");
        }
    }

    fn count_move(&self, to: Format) {
        let Some(both) = &self.0.migration else { return };
        let counter = match to {
            Format::Old => &both.counts.moved_to_old,
            Format::New => &both.counts.moved_to_new,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let (from, to) = (self.of_format(to.other()).store_name(), self.of_format(to).store_name());
        tracing::info!(target: "jam", from, to, "a session was moved to another format");
    }

    /// [`write`](Self::write) for a request, whose session may be of either format.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) async fn write_request(
        &self,
        ops: &[Op],
        base: Option<&Live>,
        budget: &Budget,
    ) -> Result<Written, Error> {
        if !self.migrates() {
            return self.write(ops, base, budget).await;
        }
        // In a box: every request's future has room for what stands here, and few need this.
        let written = Box::pin(self.write_migrating(ops, base, budget)).await;
        if let Err(error) = &written {
            audit::write_refused(error.kind());
        }
        written
    }

    /// Applies operations to a session of either format and writes it in the one that the mode says.
    /// Without operations there is only a use to be written down, where it stands.
    async fn write_migrating(
        &self,
        ops: &[Op],
        base: Option<&Live>,
        budget: &Budget,
    ) -> Result<Written, Error> {
        let mode = self.0.migration.as_ref().map_or(Format::New, |both| both.mode.writes());
        let from = base.map(|live| live.format);
        let to = from.filter(|_| ops.is_empty()).unwrap_or(mode);
        let written = match base {
            Some(base) if base.format != to && self.keeps(base.format) => {
                self.take_out(ops, base, to, budget).await?
            }
            _ => self.of_format(to).write_repeatedly(ops, base, budget).await?,
        };
        let is_moved = from.is_some_and(|from| from != to)
            && written.live.as_ref().is_some_and(|live| live.format == to);
        if is_moved {
            self.count_move(to);
        }
        Ok(written)
    }

    /// Moves a session out of the store. It gets an id that nobody is told first, so that no other
    /// request writes to it any more, and is ended when its cookie is made.
    async fn take_out(
        &self,
        ops: &[Op],
        base: &Live,
        to: Format,
        budget: &Budget,
    ) -> Result<Written, Error> {
        let (store, target) = (self.of_format(base.format), self.of_format(to));
        let plan = |record, ops: &[Op]| Plan::of(ops, Some(record), self.policy(), self.now());
        // What cannot be written there must not have ended anything here.
        let tried = target.write_elsewhere(plan(&base.record, ops)?)?;
        if let Some(issued) = &tried.issued {
            target.transport().persist(&issued.text, Some(issued.lifetime), false, 0)?;
        }
        let rotating: Vec<Op> = ops.iter().cloned().chain([Op::Rotate]).collect();
        let written = store.write_repeatedly(&rotating, Some(base), budget).await?;
        let Some(live) = &written.live else { return Ok(written) };
        match target.write_elsewhere(plan(&live.record, &[])?) {
            Ok(moved) => {
                // Where that fails, what is left behind has an id that nobody knows.
                if let Err(error) = store.end(live.handle(), Done::Ended, budget).await {
                    tracing::warn!(target: "jam", kind = error.kind().as_str(), "a session that was moved is left behind in the store");
                }
                Ok(moved)
            }
            // Others have added to it meanwhile: it stays, under its new id.
            Err(error) => {
                store.note_stay(&error);
                Ok(written)
            }
        }
    }

    fn note_stay(&self, error: &Error) {
        tracing::warn!(target: "jam", kind = error.kind().as_str(), store = self.store_name(), "a session cannot be moved to the other format and stays");
    }
}
