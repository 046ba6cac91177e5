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
        Watching { event, _place: Place { watch: self, handle } }
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
}

/// Somebody who waits. The share in the event goes first, then the place in the map: of two that
/// leave together, the last one to look finds the map's share alone.
pub(crate) struct Watching<'w> {
    event: Arc<Event>,
    _place: Place<'w>,
}

impl Watching<'_> {
    pub(crate) fn listen(&self) -> EventListener {
        self.event.listen()
    }
}

struct Place<'w> {
    watch: &'w Watch,
    handle: SessionHandle,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.watch.0.remove_if(&self.handle, |_, event| Arc::strong_count(event) == 1);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn whoever_leaves_last_leaves_nothing_behind() {
        let (watch, handle) = (Watch::default(), SessionHandle::from_bytes([1; 16]));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let watching = watch.begin(handle);
                        let listener = watching.listen();
                        watch.wake(handle);
                        // It has been woken, so this does not wait.
                        pollster::block_on(listener);
                    }
                });
            }
        });
        assert_eq!(watch.0.len(), 0);
        // One that is there keeps the event for the others.
        let (one, other) = (watch.begin(handle), watch.begin(handle));
        drop(one);
        assert_eq!(watch.0.len(), 1);
        drop(other);
        assert_eq!(watch.0.len(), 0);
    }
}
