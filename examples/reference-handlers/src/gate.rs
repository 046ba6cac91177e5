//! Gates that hold a request up in the middle, until another one opens them: so that requests meet
//! where a test wants them to, and nobody has to wait for time.

use event_listener::Event;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// By name. Each is used once, by a test that goes on to another.
static GATES: LazyLock<Mutex<HashMap<String, Arc<Gate>>>> = LazyLock::new(Mutex::default);

/// More than any suite has; nobody fills the memory with names.
const MOST: usize = 1000;

#[derive(Default)]
pub(crate) struct Gate {
    held: Flag,
    released: Flag,
}

impl Gate {
    /// The gate of that name, closed unless somebody has opened it.
    pub(crate) fn named(name: String) -> Option<Arc<Gate>> {
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= MOST && !gates.contains_key(&name) {
            return None;
        }
        Some(Arc::clone(gates.entry(name).or_default()))
    }

    /// Says that somebody stands here, and stands until the gate is opened.
    pub(crate) async fn hold(&self) {
        self.held.raise();
        self.released.raised().await;
    }

    /// Ends once somebody stands here.
    pub(crate) async fn held(&self) {
        self.held.raised().await;
    }

    pub(crate) fn release(&self) {
        self.released.raise();
    }
}

#[derive(Default)]
struct Flag {
    is_raised: AtomicBool,
    raising: Event,
}

impl Flag {
    fn raise(&self) {
        self.is_raised.store(true, Ordering::Release);
        self.raising.notify(usize::MAX);
    }

    async fn raised(&self) {
        loop {
            let raising = self.raising.listen();
            if self.is_raised.load(Ordering::Acquire) {
                return;
            }
            raising.await;
        }
    }
}
