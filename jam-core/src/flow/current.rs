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
        poll_fn(|context| {
            let _within = Within::enter(&mut flow);
            answer.as_mut().poll(context)
        })
        .await
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

/// While it lives, the flow is the current one. A guard and no function with a closure: what is done
/// meanwhile is large as a rule, and stays where it was made.
struct Within<'f> {
    flow: &'f mut Option<Flow>,
    outer: Option<Flow>,
}

impl<'f> Within<'f> {
    /// Without a flow, whichever one is current stays so.
    #[inline]
    fn enter(flow: &'f mut Option<Flow>) -> Option<Self> {
        let own = flow.take()?;
        Some(Self { outer: exchange(Some(own)), flow })
    }
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        *self.flow = exchange(self.outer.take());
    }
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

/// How a framework answers: what its layer makes of an application's outcome `O`.
pub trait Settle<O> {
    /// What the layer answers.
    type Answer;

    /// Goes over the outcome, and is told whether the flow was touched: the place to
    /// [show](Reject::respond) a refusal that is on its way to the client.
    fn settle(outcome: O, is_touched: bool) -> Self::Answer;

    /// Whether it has a head that anything can be put onto; it has, as a rule. Without one, what was
    /// recorded is dropped.
    fn has_head(_answer: &Self::Answer) -> bool {
        true
    }

    /// Puts onto it what the flow recorded, which is written by now.
    fn apply(patch: ResponsePatch, answer: Self::Answer) -> Self::Answer;
}

impl Entered {
    /// Calls the application, with the flow as the current one whenever it is polled, and finishes
    /// the flow where it was touched.
    // Futures of whole applications are large: where they are made is where they stay.
    #[inline(always)]
    pub fn call<F, S>(self, application: impl FnOnce() -> F) -> Answering<F, S>
    where
        F: Future,
        S: Settle<F::Output>,
    {
        let mut flow = Some(self.flow);
        let within = Within::enter(&mut flow);
        let stage = Stage::Running { application: application() };
        drop(within);
        Answering { stage, flow, is_nested: self.is_nested }
    }
}

pin_project! {
    /// The application's answer to a request, with what has to change on it: nothing where nobody
    /// touched the flow, or where a layer further out will finish it.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Answering<F, S>
    where
        F: Future,
        S: Settle<F::Output>,
    {
        #[pin]
        stage: Stage<F, S::Answer>,
        flow: Option<Flow>,
        is_nested: bool,
    }

    impl<F, S> PinnedDrop for Answering<F, S>
    where
        F: Future,
        S: Settle<F::Output>,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // Whoever drops it may be answering another request.
            let _within = Within::enter(this.flow);
            this.stage.set(Stage::Over);
        }
    }
}

pin_project! {
    #[project = Staged]
    enum Stage<F, A> {
        Running { #[pin] application: F },
        Answered { answer: Option<A>, finish: Option<Finish> },
        Over,
    }
}

type Finish = Pin<Box<dyn Future<Output = ResponsePatch> + Send>>;

impl<F: Future, S: Settle<F::Output>> Answering<F, S> {
    /// An answer in place of the application's, to a request that was not let in.
    #[inline(always)]
    pub fn refused(answer: S::Answer) -> Self {
        let stage = Stage::Answered { answer: Some(answer), finish: None };
        Answering { stage, flow: None, is_nested: false }
    }
}

impl<F: Future, S: Settle<F::Output>> Future for Answering<F, S> {
    type Output = S::Answer;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<S::Answer> {
        let mut this = self.project();
        if let Staged::Running { application } = this.stage.as_mut().project() {
            let within = Within::enter(this.flow);
            let outcome = ready!(application.poll(context));
            // It holds what others may wait for.
            this.stage.set(Stage::Over);
            drop(within);
            // The untouched path ends here, without an allocation.
            let touched = this.flow.take().filter(|flow| !*this.is_nested && !flow.leave());
            let answer = S::settle(outcome, touched.is_some());
            let Some(flow) = touched else { return Poll::Ready(answer) };
            if !S::has_head(&answer) || !flow.is_touched() {
                flow.drop_recorded();
                return Poll::Ready(answer);
            }
            let finish: Finish = Box::pin(async move { flow.finish().await });
            this.stage.set(Stage::Answered { answer: Some(answer), finish: Some(finish) });
        }
        // Polled again after its end, like any other future: never ready.
        let Staged::Answered { answer, finish } = this.stage.as_mut().project() else {
            return Poll::Pending;
        };
        let patch = match finish {
            Some(finish) => Some(ready!(finish.as_mut().poll(context))),
            None => None,
        };
        let answer = answer.take();
        this.stage.set(Stage::Over);
        match (answer, patch) {
            (Some(answer), Some(patch)) => Poll::Ready(S::apply(patch, answer)),
            (Some(answer), None) => Poll::Ready(answer),
            (None, _) => Poll::Pending,
        }
    }
}

impl<F: Future, S: Settle<F::Output>> fmt::Debug for Answering<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").field("flow", &self.flow).finish_non_exhaustive()
    }
}
