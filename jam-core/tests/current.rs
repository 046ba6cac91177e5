//! The flow of the request that is being answered, wherever that is.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::future::{pending, poll_fn, ready as now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{NOW, Request, backend, ready, token};
use jam_core::clock::ManualClock;
use jam_core::flow::{Answering, Flow, ResponsePatch, Settle};
use jam_core::guard::Guard;
use jam_core::jwt::JwtBackendBuilder;
use jam_core::reject::RejectKind;
use jam_core::scope::ScopeRule;
use jam_core::session::{MemoryStore, SessionBackend, SessionPolicy};
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport};
use jam_core::{ErrorKind, Jam};
use serde::Deserialize;

#[derive(Deserialize)]
struct User {
    sub: String,
}

fn jam() -> Jam {
    let backend = backend()
        .source(CredentialSource::cookie("__Host-jwt"))
        .source(CredentialSource::bearer())
        .transport(CredentialTransport::cookie(CookieSettings::new("__Host-jwt")));
    of_backend(backend)
}

fn of_backend(backend: JwtBackendBuilder) -> Jam {
    Jam::builder().clock(ManualClock::new(NOW)).jwt(backend).build().unwrap()
}

fn token_of(subject: &str) -> String {
    token(&format!(r#"{{"exp":{},"sub":"{subject}"}}"#, NOW + 60))
}

/// A request of his.
fn of(subject: &str) -> Request<'static> {
    Request::get("/page").with("authorization", format!("Bearer {}", token_of(subject)))
}

/// An application's outcome beside the patch, in an answer that has a head or none.
struct Beside<const HAS_HEAD: bool>;

impl<O, const HAS_HEAD: bool> Settle<O> for Beside<HAS_HEAD> {
    type Answer = (O, Option<ResponsePatch>);

    fn settle(outcome: O, _: bool) -> Self::Answer {
        (outcome, None)
    }

    fn has_head(_: &Self::Answer) -> bool {
        HAS_HEAD
    }

    fn apply(patch: ResponsePatch, (outcome, _): Self::Answer) -> Self::Answer {
        (outcome, Some(patch))
    }
}

fn answer<F: Future>(
    jam: &Jam,
    request: &Request<'_>,
    application: F,
) -> Answering<F, Beside<true>> {
    jam.enter(request).unwrap().call(|| application)
}

/// Who the current request says that is calling.
async fn caller() -> Option<String> {
    let user = Flow::ask("add the layer", Flow::identity::<User>).ok()?.await.ok()?;
    Some(user.into_payload().sub)
}

/// Ready the second time.
async fn later() {
    let mut is_asked = false;
    poll_fn(
        |_| if std::mem::replace(&mut is_asked, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

#[test]
fn it_is_the_callers_inside_and_nobodys_outside() {
    let jam = jam();
    assert!(Flow::current().is_none());
    let (who, patch) = ready(answer(&jam, &of("alice"), caller()));
    assert_eq!(who.as_deref(), Some("alice"));
    assert!(patch.is_none(), "nobody has touched it");
    assert!(Flow::current().is_none());

    // It is the current one already where the application is called, before it is polled.
    let mut seen = false;
    let called = || {
        seen = Flow::current().is_some();
        now(())
    };
    ready(jam.enter(&of("alice")).unwrap().call::<_, Beside<true>>(called));
    assert!(seen);
}

#[test]
fn without_a_layer_whoever_asks_is_told_where_it_belongs() {
    let reject = Flow::ask("add the layer", |_| ()).unwrap_err();
    assert_eq!(*reject.kind(), RejectKind::MissingLayer("add the layer"));
    let guard = Guard::scope(ScopeRule::all_of(["admin"]), "add the layer");
    assert_eq!(
        *ready(guard.admit()).unwrap_err().kind(),
        RejectKind::MissingLayer("add the layer")
    );
    assert_eq!(reject.respond().status, 500);
}

#[test]
fn requests_that_take_turns_on_one_thread_are_not_taken_for_each_other() {
    let jam = jam();
    let application = || async {
        let first = caller().await;
        later().await;
        (first, caller().await)
    };
    let mut alice = pin!(answer(&jam, &of("alice"), application()));
    let mut bob = pin!(answer(&jam, &of("bob"), application()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(alice.as_mut().poll(&mut context).is_pending());
    assert!(bob.as_mut().poll(&mut context).is_pending());
    assert!(Flow::current().is_none());
    for (mut future, name) in [(alice, "alice"), (bob, "bob")] {
        let Poll::Ready((both, _)) = future.as_mut().poll(&mut context) else { unreachable!() };
        assert_eq!(both, (Some(name.to_owned()), Some(name.to_owned())));
    }
}

#[test]
fn a_nested_layer_shares_the_flow_of_the_one_around_it() {
    let jam = jam();
    for nested in [jam.nested(), jam.nested().nested()] {
        let application = async {
            // Whatever has become of the request on its way.
            let log_in =
                async { Flow::current().unwrap().persist_jwt(&token_of("alice")).unwrap() };
            let ((), patch) = answer(&nested, &Request::get("/"), log_in).await;
            assert!(patch.is_none(), "the outer one finishes it");
            answer(&nested, &Request::get("/"), caller()).await.0
        };
        let (who, patch) = ready(answer(&jam, &of("alice"), application));
        assert_eq!(who.as_deref(), Some("alice"));
        assert!(patch.unwrap().headers().any(|header| header.name == "set-cookie"));
    }
}

#[test]
fn a_nested_layer_alone_is_a_layer() {
    let nested = jam().nested();
    assert_eq!(ready(answer(&nested, &of("alice"), caller())).0.as_deref(), Some("alice"));
    // Nor does it take a flow of another Jam's for its own.
    let application = async { answer(&nested, &of("bob"), caller()).await.0 };
    let (who, _) = ready(answer(&jam(), &of("alice"), application));
    assert_eq!(who.as_deref(), Some("bob"));
}

#[test]
fn a_nested_layer_answers_within_its_own_flow_whoever_waits_for_it() {
    let jam = jam();
    let kept = Arc::new(Mutex::new(None));
    let begin = async {
        let inner =
            answer(&jam.nested(), &of("alice"), async { (later().await, caller().await).1 });
        *kept.lock().unwrap() = Some(Box::pin(inner));
    };
    ready(answer(&jam, &of("alice"), begin));
    let inner = kept.lock().unwrap().take().unwrap();
    let wait = async move {
        let mut inner = inner;
        assert!(inner.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        (inner.await.0, caller().await)
    };
    let ((inner, outer), _) = ready(answer(&jam, &of("bob"), wait));
    assert_eq!((inner.as_deref(), outer.as_deref()), (Some("alice"), Some("bob")));
}

#[test]
fn a_request_that_a_handler_makes_is_another_one() {
    let jam = jam();
    for (inner, expected) in [
        (of("alice"), Some("alice")),
        (of("bob"), Some("bob")),
        // Nor does one without a credential, or with a bad one, act as him.
        (Request::get("/page"), None),
        (of("alice").with("cookie", format!("__Host-jwt={}", token_of("bob"))), Some("bob")),
        (Request::get("/page").with("authorization", "Bearer forged"), None),
        (Request::get("/page").with("authorization", "Bearer"), None),
    ] {
        let application = async {
            let asks = async {
                Flow::current().unwrap().clear_jwt();
                caller().await
            };
            let (who, patch) = answer(&jam, &inner, asks).await;
            assert!(patch.is_some());
            (who, caller().await)
        };
        let ((inner, outer), patch) = ready(answer(&jam, &of("alice"), application));
        assert_eq!(inner.as_deref(), expected);
        assert_eq!(outer.as_deref(), Some("alice"), "what was within is over");
        assert!(patch.is_none(), "what it was told is for its own answer");
    }
}

#[test]
fn what_has_no_head_is_not_finished() {
    let application = async { Flow::current().unwrap().persist_jwt(&token_of("alice")).unwrap() };
    let entered = jam().enter(&of("alice")).unwrap();
    let ((), patch) = ready(entered.call::<_, Beside<false>>(|| application));
    assert!(patch.is_none());
}

#[test]
fn what_is_dropped_elsewhere_is_dropped_within_its_own_flow() {
    struct Asks(Arc<Mutex<Option<String>>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = ready(caller());
        }
    }
    let (jam, seen) = (jam(), Arc::default());
    let asks = Asks(Arc::clone(&seen));
    let mut endless =
        Box::pin(answer(&jam, &of("alice"), async move { (asks, pending::<()>().await) }));
    assert!(endless.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    ready(answer(&jam, &of("bob"), async { drop(endless) }));
    assert_eq!(seen.lock().unwrap().as_deref(), Some("alice"));
}

#[test]
fn a_layer_of_another_jam_counts_for_everything_inside_it() {
    let other = of_backend(backend().source(CredentialSource::header("x-token")));
    let request = of("alice").with("x-token", token_of("bob"));
    let application = async { answer(&other, &request, caller()).await.0 };
    let (who, _) = ready(answer(&jam(), &request, application));
    assert_eq!(who.as_deref(), Some("bob"));
}

#[test]
fn a_task_of_its_own_knows_the_caller_where_the_flow_goes_along() {
    let jam = jam();
    let spawned = async {
        let flow = Flow::current().unwrap();
        let alone = thread::spawn(|| ready(caller())).join().unwrap();
        let along = thread::spawn(|| ready(flow.scope(caller()))).join().unwrap();
        (alone, along)
    };
    let ((alone, along), _) = ready(answer(&jam, &of("alice"), spawned));
    assert_eq!(alone, None);
    assert_eq!(along.as_deref(), Some("alice"));
}

#[test]
fn a_handler_that_panics_or_never_ends_leaves_nothing_behind() {
    let jam = jam();
    let panics = answer(&jam, &of("alice"), async { panic!("in the handler") });
    catch_unwind(AssertUnwindSafe(|| ready(panics))).unwrap_err();
    assert!(Flow::current().is_none());
    let asks = || Flow::ask("add the layer", |_| panic!("in what it asks"));
    let ask = answer(&jam, &of("alice"), async {
        catch_unwind(AssertUnwindSafe(asks)).unwrap_err();
        caller().await
    });
    assert_eq!(ready(ask).0.as_deref(), Some("alice"), "it was put back");

    let mut endless = Box::pin(answer(&jam, &of("alice"), pending::<()>()));
    assert!(endless.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(endless);
    assert!(Flow::current().is_none());
}

#[test]
fn once_the_head_has_left_nothing_is_recorded_and_whoever_tries_is_told() {
    let policy = SessionPolicy::new(Duration::from_secs(60), Duration::from_secs(60));
    let store = MemoryStore::new();
    let jam = Jam::builder()
        .clock(ManualClock::new(NOW))
        .jwt(backend().transport(CredentialTransport::cookie(CookieSettings::new("__Host-jwt"))))
        .session(SessionBackend::builder(policy, store))
        .build()
        .unwrap();
    let nobody = || Request::get("/");
    let is_too_late = |flow: &Flow| {
        let session = flow.session().unwrap();
        assert_eq!(session.set("k", &1).unwrap_err().kind(), &RejectKind::Committed);
        assert_eq!(session.login("alice").unwrap_err().kind(), &RejectKind::Committed);
        ready(session.save()).unwrap();
        let late = flow.persist_jwt(&token_of("alice")).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Committed);
        flow.clear_jwt();
        assert_eq!(ready(jam.sessions_of("alice")).unwrap().len(), 0);
    };

    // Untouched, touched, without a head, and with a refusal that nobody shows.
    let untouched = async || Flow::current().unwrap();
    let (flow, patch) = ready(answer(&jam, &nobody(), untouched()));
    assert!(patch.is_none());
    is_too_late(&flow);
    let touched = async {
        let flow = Flow::current().unwrap();
        flow.clear_jwt();
        flow
    };
    let (flow, patch) = ready(answer(&jam, &nobody(), touched));
    assert_eq!(patch.unwrap().headers().count(), 3);
    is_too_late(&flow);
    let headless = async {
        let flow = Flow::current().unwrap();
        flow.session().unwrap().login("alice").unwrap();
        flow
    };
    let entered = jam.enter(&nobody()).unwrap();
    let (flow, patch) = ready(entered.call::<_, Beside<false>>(|| headless));
    assert!(patch.is_none());
    is_too_late(&flow);
    let swallows = async {
        let flow = Flow::current().unwrap();
        flow.session().unwrap().login("alice").unwrap();
        assert!(caller().await.is_none());
        flow
    };
    let forged = nobody().with("authorization", "Bearer a.b.c");
    let (flow, patch) = ready(answer(&jam, &forged, swallows));
    assert!(patch.unwrap().replacement().is_some());
    is_too_late(&flow);

    // What is nested is part of a request that goes on.
    let nested = jam.nested();
    let outer = async {
        let (flow, _) = answer(&nested, &nobody(), untouched()).await;
        flow.session().unwrap().set("k", &1)
    };
    let (recorded, patch) = ready(answer(&jam, &nobody(), outer));
    recorded.unwrap();
    assert!(patch.unwrap().headers().any(|header| header.name == "set-cookie"));
}
