//! Which of the credentials that a request carries is its session.

use super::{Base, Presented, Slot};
use crate::audit::{self, Refused};
use crate::deferred::Deferred;
use crate::flow::copied::Texts;
use crate::reject::RejectKind;
use crate::session::{Format, Opened, SessionBackend};

/// What the credentials opened so far come to.
pub(super) struct Search {
    /// What stands unless another one decides.
    base: Base,
    /// Whether there are two formats.
    migrates: bool,
}

impl Search {
    fn new(backend: &SessionBackend) -> Self {
        Self { base: Base::Absent, migrates: backend.migrates() }
    }

    /// What this one decides; none: the next one is tried.
    #[inline(always)]
    fn sees(&mut self, opened: Opened, is_ambient: bool) -> Option<Base> {
        match opened {
            // Each service may have begun one for somebody who is logged in at the other.
            Opened::Live(live) if self.migrates && live.record.subject().is_none() => {
                if !matches!(self.base, Base::Live(_)) {
                    self.base = Base::Live(live);
                }
                None
            }
            Opened::Live(live) => Some(Base::Live(live)),
            Opened::Down => Some(Base::Down),
            Opened::NobodyKnows => Some(Base::NobodyKnows),
            Opened::Unusable if !is_ambient => Some(Base::Refused(RejectKind::InvalidToken)),
            Opened::Unusable | Opened::Dropped => {
                if matches!(self.base, Base::Absent) {
                    self.base = Base::Unusable;
                }
                None
            }
        }
    }
}

/// Opens the credentials in order until one is usable or one decides. The place of the first one
/// that has to be waited for, where there is such a one, and what those before it have come to;
/// nothing was asked about it yet.
#[inline]
pub(super) fn resolve_now(
    backend: &SessionBackend,
    slot: &Slot,
    texts: Texts<'_>,
) -> Result<Base, (usize, Search)> {
    let mut search = Search::new(backend);
    for (place, ((format, presented), is_ambient)) in slot.presented.iter().enumerate() {
        let opened = match open(backend, slot, texts, *format, presented, *is_ambient) {
            Ok(opening) => match opening.now() {
                Ok(opened) => opened,
                Err(_) => return Err((place, search)),
            },
            Err(refused) => return Ok(refused),
        };
        if let Some(decided) = search.sees(opened, *is_ambient) {
            return Ok(decided);
        }
    }
    Ok(search.base)
}

pub(super) async fn resolve_waiting(
    backend: &SessionBackend,
    slot: &Slot,
    texts: Texts<'_>,
    (from, mut search): (usize, Search),
) -> Base {
    for ((format, presented), is_ambient) in slot.presented.iter().skip(from) {
        let opened = match open(backend, slot, texts, *format, presented, *is_ambient) {
            Ok(opening) => opening.await,
            Err(refused) => return refused,
        };
        if let Some(decided) = search.sees(opened, *is_ambient) {
            return decided;
        }
    }
    search.base
}

#[inline(always)]
pub(super) fn open(
    backend: &SessionBackend,
    slot: &Slot,
    texts: Texts<'_>,
    format: Format,
    presented: &Presented,
    is_ambient: bool,
) -> Result<Deferred<'static, Opened>, Base> {
    match presented {
        Presented::Text(text) => Ok(backend.of_format(format).open(texts.get(text), &slot.budget)),
        Presented::Malformed if is_ambient => {
            audit::refused(Refused::Malformed);
            Ok(Deferred::ready(Opened::Unusable))
        }
        Presented::Malformed | Presented::Conflict => {
            audit::refused(Refused::Malformed);
            Err(Base::Refused(RejectKind::InvalidRequest))
        }
    }
}
