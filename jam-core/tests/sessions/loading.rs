//! Loading: once a request, whoever asks, and however many do at a time.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jam_core::Jam;
use jam_core::flow::Flow;
use jam_core::session::SessionBackend;
use serde_json::Value;

use crate::support::{Request, Stepped, Verb, drive, policy};

/// A request of somebody who is logged in, and the store that has to be waited for.
fn begun() -> (Flow, Stepped) {
    let store = Stepped::default();
    let sessions = SessionBackend::builder(policy(), store.clone());
    let jam = Jam::builder().session(sessions).build().unwrap();
    let created = pollster::block_on(jam.create_session("alice")).unwrap();
    let cookie = format!("__Host-jam={}", created.id.expose());
    let flow = jam.begin(&Request::get("/").with("cookie", cookie));
    store.done();
    (flow, store)
}

#[test]
fn a_session_is_loaded_once_however_many_wait_for_it() {
    for order in [[false, true, false, true], [true, false, true, true], [false; 4]] {
        let (flow, store) = begun();
        let session = flow.session().unwrap();
        let (one, other, _) = drive(flow.identity::<Value>(), session.subject(), &order);
        assert_eq!(one.unwrap().subject().as_deref(), Some("alice"));
        assert_eq!(other.unwrap().as_deref(), Some("alice"));
        assert_eq!(store.done(), [(Verb::Load, true)], "{order:?}");
    }
}

#[test]
fn whoever_gives_up_leaves_the_loading_to_those_who_wait() {
    let (flow, store) = begun();
    let mut context = Context::from_waker(Waker::noop());
    let mut patient = pin!(flow.identity::<Value>());
    {
        let mut hasty = pin!(flow.identity::<Value>());
        assert!(hasty.as_mut().poll(&mut context).is_pending());
        assert!(patient.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(store.done(), []);
    assert!(patient.as_mut().poll(&mut context).is_pending(), "it has the turn now");
    let Poll::Ready(identity) = patient.as_mut().poll(&mut context) else { panic!("still waits") };
    assert_eq!(identity.unwrap().subject().as_deref(), Some("alice"));
    assert_eq!(store.done(), [(Verb::Load, true)]);
}
