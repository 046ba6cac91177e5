//! Who waits for the end of a session.

use std::sync::Arc;

use dashmap::DashMap;
use event_listener::{Event, EventListener};

use super::id::SessionHandle;

/// One event for each session that somebody waits for. The event says "look again", nothing more:
/// whether the session is over is asked of the store.
#[derive(Default)]
pub(crate) struct Watch(DashMap<SessionHandle, Arc<Event>>);

impl Watch {
    /// To be called before the store is asked, so that no end is missed in between.
    pub(crate) fn begin(&self, handle: SessionHandle) -> Watching<'_> {
        let event = Arc::clone(&self.0.entry(handle).or_default());
        Watching { watch: self, handle, event }
    }

    pub(crate) fn wake(&self, handle: SessionHandle) {
        if let Some(event) = self.0.get(&handle) {
            event.notify(usize::MAX);
        }
    }

    pub(crate) fn wake_all(&self) {
        self.0.iter().for_each(|entry| {
            entry.value().notify(usize::MAX);
        });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

pub(crate) struct Watching<'w> {
    watch: &'w Watch,
    handle: SessionHandle,
    event: Arc<Event>,
}

impl Watching<'_> {
    pub(crate) fn listen(&self) -> EventListener {
        self.event.listen()
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        // The map's and this one: nobody else waits.
        self.watch.0.remove_if(&self.handle, |_, event| Arc::strong_count(event) <= 2);
    }
}
