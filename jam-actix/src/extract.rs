//! Extractors: who is calling, and the request's own flow.

use std::future::{Future, Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Either, FutureExt};
use jam_core::flow;
use jam_core::identity::FromPayload;
use jam_core::reject::Reject;

use crate::{MISSING_LAYER, NowOrLater, Rejection};

/// Whoever is calling, with the payload `P`; a request without a usable credential never reaches
/// the handler.
///
/// It dereferences to the core's [`Identity`](jam_core::Identity) and through it to `P`. The
/// credential is verified once a request, however many extractors ask.
///
/// # Errors
///
/// Rejects with 401 and a bare challenge where there is no credential, 401 `invalid_token` where it
/// fails verification, 400 `invalid_request` where a header holds no credential at all (RFC 6750
/// §3.1), and 500 where no [`JamLayer`](crate::JamLayer) wraps the route.
///
/// # Not as an `Option`
///
/// actix makes `None` of every error behind `Option<Identity<P>>`, so a handler would meet a forged
/// token as nobody. Ask for [`MaybeIdentity`], which tells the two apart. Where an `Option` swallows
/// the refusal of a header all the same, the layer puts the 400 or 401 in place of the handler's
/// answer.
// The bound stands on the struct so that the compiler names a wrong `P` where a signature says it,
// instead of calling the whole handler unfit.
#[derive(Clone, Debug)]
pub struct Identity<P: FromPayload>(pub jam_core::Identity<P>);

impl<P: FromPayload> Deref for Identity<P> {
    type Target = jam_core::Identity<P>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<P: FromPayload> FromRequest for Identity<P> {
    type Error = Rejection;
    type Future = NowOrLater<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ask(request, |flow| async move { flow.identity().await.map(Identity) })
    }
}

/// Whoever is calling, or nobody.
///
/// Nobody is a request without a credential or with a cookie that cannot be used: browsers send
/// stale cookies of themselves. A header is deliberate, so a bad one is refused here too.
///
/// # Errors
///
/// Rejects with 400 or 401 where a header carries a bad credential, and 500 where no
/// [`JamLayer`](crate::JamLayer) wraps the route.
#[derive(Clone, Debug)]
pub struct MaybeIdentity<P: FromPayload>(pub Option<jam_core::Identity<P>>);

impl<P: FromPayload> Deref for MaybeIdentity<P> {
    type Target = Option<jam_core::Identity<P>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<P: FromPayload> FromRequest for MaybeIdentity<P> {
    type Error = Rejection;
    type Future = NowOrLater<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ask(request, |flow| async move { flow.maybe_identity().await.map(MaybeIdentity) })
    }
}

/// The request's flow, for handlers that log in and out: `persist_jwt`, `clear_jwt`, `require`.
///
/// It dereferences to the core's [`Flow`](jam_core::flow::Flow).
///
/// # Errors
///
/// Rejects with 500 where no [`JamLayer`](crate::JamLayer) wraps the route.
#[derive(Clone, Debug)]
pub struct Flow(pub flow::Flow);

impl Deref for Flow {
    type Target = flow::Flow;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromRequest for Flow {
    type Error = Rejection;
    type Future = Ready<Result<Flow, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(flow_of(request).map(Flow).map_err(Rejection::from))
    }
}

pub(crate) fn flow_of(request: &HttpRequest) -> Result<flow::Flow, Reject> {
    let flow = request.extensions().get().cloned();
    flow.ok_or_else(|| Reject::missing_layer(MISSING_LAYER))
}

/// A token is judged at the first poll, a store may keep one waiting. The flow can be asked again:
/// it verifies once a request.
fn ask<T, F>(
    request: &HttpRequest,
    judge: impl Fn(flow::Flow) -> F,
) -> NowOrLater<Result<T, Rejection>>
where
    F: Future<Output = Result<T, Reject>> + 'static,
{
    let asked = || {
        let judged = flow_of(request).map(&judge);
        async { Ok(judged?.await?) }
    };
    match asked().now_or_never() {
        Some(judged) => Either::Left(ready(judged)),
        None => Either::Right(Box::pin(asked())),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use actix_web::test::TestRequest;
    use jam_core::Jam;

    use super::*;
    use crate::View;

    /// A request with its flow, and an extraction from it that waits so often.
    async fn extract(waits: u32) -> (bool, u32) {
        let request = TestRequest::get().to_http_request();
        let flow = Jam::builder().build().unwrap().begin(&View::from(&request));
        request.extensions_mut().insert(flow);
        let asked = std::rc::Rc::new(Cell::new(0));
        let counter = std::rc::Rc::clone(&asked);
        let extracting = ask(&request, move |_| {
            counter.set(counter.get() + 1);
            async move {
                for _ in 0..waits {
                    actix_web::rt::task::yield_now().await;
                }
                Ok(())
            }
        });
        let boxed = matches!(extracting, Either::Right(_));
        extracting.await.unwrap();
        (boxed, asked.get())
    }

    #[actix_web::test]
    async fn an_extraction_is_boxed_only_where_it_waits() {
        assert_eq!(extract(0).await, (false, 1));
        assert_eq!(extract(1).await, (true, 2));
        assert_eq!(extract(3).await, (true, 2));
    }
}
