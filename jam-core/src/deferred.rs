//! A future that is often ready before anybody polls it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a store or a flow answers with: a value that is there already, without a box, or a future
/// that has to be waited for. A memory store never waits.
#[must_use = "nothing happens before it is awaited"]
pub struct Deferred<'a, T>(State<'a, T>);

enum State<'a, T> {
    Ready(Option<T>),
    Waiting(Boxed<'a, T>),
}

impl<'a, T> Deferred<'a, T> {
    /// A value that is there already.
    pub fn ready(value: T) -> Self {
        Self(State::Ready(Some(value)))
    }

    /// A future that has to be waited for.
    pub fn waiting(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self(State::Waiting(Box::pin(future)))
    }

    /// The value, where it is there already; otherwise the future again, unpolled.
    ///
    /// # Errors
    ///
    /// The future itself, when it has to be waited for.
    pub fn now(self) -> Result<T, Self> {
        match self.0 {
            State::Ready(Some(value)) => Ok(value),
            other => Err(Self(other)),
        }
    }
}

// Nothing inside is ever pinned but the box.
impl<T> Unpin for Deferred<'_, T> {}

impl<T> Future for Deferred<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            // Polled again after its end, like any other future: never ready.
            State::Ready(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            State::Waiting(future) => future.as_mut().poll(context),
        }
    }
}

impl<T> fmt::Debug for Deferred<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Ready(_) => "Deferred(ready)",
            State::Waiting(_) => "Deferred(waiting)",
        })
    }
}
