//! The flow of the request that is being answered.
//!
//! It goes with the future that answers, instead of with the request: nothing is allocated for it,
//! and whoever takes a request apart cannot lose it. A layer is the boundary: whatever is called
//! inside it is part of its request, up to the next layer.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Flow, ResponsePatch};
use crate::deferred::Deferred;
use crate::jam::Jam;
use crate::reject::Reject;
use crate::request::RequestView;

thread_local! {
    /// That of the innermost request which is being polled on this thread.
    static CURRENT: Cell<Option<Flow>> = const { Cell::new(None) };
}

impl Flow {
    /// The flow of the request that is being answered here: inside the inner service of a layer, and
    /// inside [`scope`](Self::scope).
    #[must_use]
    pub fn current() -> Option<Flow> {
        Self::with_current(Flow::clone)
    }

    /// Asks the [current](Self::current) flow without cloning it; `fix` says where the layer belongs
    /// that would have begun one. Until it has answered there is none.
    ///
    /// # Errors
    ///
    /// [`RejectKind::MissingLayer`](crate::reject::RejectKind::MissingLayer) where there is none.
    pub fn ask<T>(fix: &'static str, ask: impl FnOnce(&Flow) -> T) -> Result<T, Reject> {
        Self::with_current(ask).ok_or_else(|| Reject::missing_layer(fix))
    }

    /// The same for what may have to be waited for.
    pub fn ask_for<T: Send + 'static>(
        fix: &'static str,
        ask: impl FnOnce(&Flow) -> Deferred<'static, Result<T, Reject>>,
    ) -> Deferred<'static, Result<T, Reject>> {
        Self::ask(fix, ask).unwrap_or_else(|missing| Deferred::ready(Err(missing)))
    }

    pub(crate) fn with_current<T>(ask: impl FnOnce(&Flow) -> T) -> Option<T> {
        let lent = Lent(exchange(None));
        lent.0.as_ref().map(ask)
    }

    /// Answers with this flow as the current one, wherever that is polled.
    ///
    /// For a part of a request that is answered by a task of its own, which no layer can follow.
    /// Whatever is to see it is called inside: `scope(async { service.call(request).await })`.
    ///
    /// ```
    /// # use jam_core::flow::Flow;
    /// # use std::future::Future;
    /// # fn spawn<F: Future<Output = ()> + Send + 'static>(_: F) {}
    /// # fn go_on(answer: impl Future<Output = ()> + Send + 'static) {
    /// if let Some(flow) = Flow::current() {
    ///     spawn(flow.scope(answer));
    /// }
    /// # }
    /// ```
    pub async fn scope<F: Future>(self, answer: F) -> F::Output {
        let (mut flow, mut answer) = (Some(self), pin!(answer));
        poll_fn(|context| within(&mut flow, || answer.as_mut().poll(context))).await
    }
}

/// What is current, lent out: put back where it was.
struct Lent(Option<Flow>);

impl Drop for Lent {
    fn drop(&mut self) {
        exchange(self.0.take());
    }
}

/// The one that was current. On a thread that is ending none ever is: the given one comes back.
fn exchange(mut flow: Option<Flow>) -> Option<Flow> {
    CURRENT.try_with(|current| current.replace(flow.take())).unwrap_or(flow)
}

/// Runs with the flow as the current one, and takes it back afterwards.
fn within<T>(flow: &mut Option<Flow>, run: impl FnOnce() -> T) -> T {
    struct Within<'f> {
        flow: &'f mut Option<Flow>,
        outer: Option<Flow>,
    }

    impl Drop for Within<'_> {
        fn drop(&mut self) {
            *self.flow = exchange(self.outer.take());
        }
    }

    if flow.is_none() {
        return run();
    }
    let outer = exchange(flow.take());
    let within = Within { flow, outer };
    let done = run();
    drop(within);
    done
}

impl Jam {
    /// What a layer does with a request before it goes on to the application:
    /// [begins](Self::begin) it and asks whether to [admit](Flow::admit) it. A
    /// [nested](Self::nested) layer goes on with the flow of the one around it.
    ///
    /// # Errors
    ///
    /// As [`Flow::admit`].
    pub fn enter(&self, view: &dyn RequestView) -> Result<Entered, Reject> {
        if let Some(outer) = self.outer()
            && let Some(flow) = Flow::current().filter(|flow| flow.jam().is_same(outer))
        {
            return Ok(Entered { flow, is_nested: true });
        }
        // A nested layer alone is one like any other, and other nested ones may be inside it.
        let flow = self.outer().unwrap_or(self).begin(view);
        flow.admit()?;
        Ok(Entered { flow, is_nested: false })
    }
}

/// A request that may go on to the application; see [`Jam::enter`].
#[derive(Debug)]
#[must_use = "the application is to be called within it"]
pub struct Entered {
    flow: Flow,
    is_nested: bool,
}

/// What an adapter makes of the application's answer.
#[derive(Debug)]
pub enum Settled<T> {
    /// The answer's head is ready: what the flow recorded is written, and goes with it.
    Answered(T),
    /// There is no head that anything could be put onto: what was recorded is dropped.
    Failed(T),
}

impl Entered {
    /// Calls the application, with the flow as the current one whenever it is polled, and finishes
    /// the flow where it was touched. Before that, `settle` goes over the answer, and is told whether
    /// it was touched: the place to [show](Reject::respond) a refusal that is on its way to the
    /// client.
    // Futures of whole applications are large: where they are made is where they stay.
    #[inline(always)]
    pub fn call<F: Future, T>(
        self,
        application: impl FnOnce() -> F,
        settle: fn(F::Output, bool) -> Settled<T>,
    ) -> Answering<F, T> {
        let mut flow = Some(self.flow);
        let application = Some(within(&mut flow, application));
        let settle = Some(settle);
        Answering {
            application,
            flow,
            is_nested: self.is_nested,
            settle,
            outcome: None,
            finish: None,
        }
    }
}

pin_project! {
    /// The application's answer to a request, and what has to change on it: nothing where nobody
    /// touched the flow, or where a layer further out will finish it.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Answering<F: Future, T> {
        // None once it has answered: it holds what others may wait for.
        #[pin]
        application: Option<F>,
        flow: Option<Flow>,
        is_nested: bool,
        settle: Option<fn(F::Output, bool) -> Settled<T>>,
        outcome: Option<T>,
        finish: Option<Pin<Box<dyn Future<Output = ResponsePatch> + Send>>>,
    }

    impl<F: Future, T> PinnedDrop for Answering<F, T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // Whoever drops it may be answering another request.
            within(this.flow, || this.application.set(None));
        }
    }
}

impl<F: Future, T> Answering<F, T> {
    /// An answer in place of the application's, to a request that was not let in.
    #[inline(always)]
    pub fn refused(outcome: T) -> Self {
        let (application, flow, settle, finish) = (None, None, None, None);
        Answering { application, flow, is_nested: false, settle, outcome: Some(outcome), finish }
    }
}

impl<F: Future, T> Future for Answering<F, T> {
    type Output = (T, Option<ResponsePatch>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some((application, settle)) =
            this.application.as_mut().as_pin_mut().zip(*this.settle)
        {
            let outcome = ready!(within(this.flow, || application.poll(context)));
            within(this.flow, || this.application.set(None));
            let is_own = |flow: &Flow| !*this.is_nested && flow.is_touched();
            let touched = this.flow.take().filter(is_own);
            let outcome = match settle(outcome, touched.is_some()) {
                Settled::Answered(outcome) => outcome,
                Settled::Failed(outcome) => return Poll::Ready((outcome, None)),
            };
            // The untouched path ends here, without an allocation.
            let Some(flow) = touched.filter(Flow::is_touched) else {
                return Poll::Ready((outcome, None));
            };
            *this.outcome = Some(outcome);
            *this.finish = Some(Box::pin(async move { flow.finish().await }));
        }
        let patch = match this.finish {
            Some(finish) => Some(ready!(finish.as_mut().poll(context))),
            None => None,
        };
        // Polled again after its end, like any other future: never ready.
        this.outcome.take().map_or(Poll::Pending, |outcome| Poll::Ready((outcome, patch)))
    }
}

impl<F: Future, T> fmt::Debug for Answering<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").field("flow", &self.flow).finish_non_exhaustive()
    }
}
