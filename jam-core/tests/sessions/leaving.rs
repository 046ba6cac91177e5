//! Clients that leave in the midst of a request, whose future is dropped wherever it waits.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jam_core::Jam;
use jam_core::clock::ManualClock;
use jam_core::reject::Reject;
use jam_core::session::{Session, SessionBackend, SessionId};

use crate::support::{Browser, NOW, Stepped, policy, run, serve};

/// What a request does with the session of somebody who is logged in.
#[derive(Clone, Copy, Debug)]
enum Deed {
    SetTwo,
    Rotate,
    LoginAgain,
    LoginAsAnother,
    LogOut,
    LogOutAndIn,
    RevokeOthers,
    SaveTwice,
}

const ALL: [Deed; 8] = [
    Deed::SetTwo,
    Deed::Rotate,
    Deed::LoginAgain,
    Deed::LoginAsAnother,
    Deed::LogOut,
    Deed::LogOutAndIn,
    Deed::RevokeOthers,
    Deed::SaveTwice,
];

impl Deed {
    async fn perform(self, session: Session) -> Result<(), Reject> {
        match self {
            Deed::SetTwo => {
                session.set("a", &1)?;
                session.set("b", &1)
            }
            Deed::Rotate => session.rotate(),
            Deed::LoginAgain => session.login("alice"),
            Deed::LoginAsAnother => session.login("bob"),
            Deed::LogOut => session.destroy(),
            Deed::LogOutAndIn => {
                session.destroy()?;
                session.login("bob")
            }
            Deed::RevokeOthers => session.revoke_others().await.map(drop),
            Deed::SaveTwice => {
                session.set("a", &1)?;
                session.set("b", &1)?;
                session.save().await?;
                session.set("a", &2)?;
                session.set("b", &2)
            }
        }
    }
}

/// Drops a request after so many polls; whether it had come to its end by then. With the id that its
/// client holds, and how many sessions there are.
fn leave_after(deed: Deed, polls: usize) -> (bool, Jam, SessionId, Stepped) {
    let store = Stepped::default();
    let sessions = SessionBackend::builder(policy(), store.clone());
    let jam = Jam::builder().clock(ManualClock::new(NOW)).session(sessions).build().unwrap();
    let mut browser = Browser::default();
    browser.receive(&run(serve(&jam, &browser.request("POST"), async |flow| {
        flow.session()?.login("alice")?;
        Ok(String::new())
    })));
    run(jam.create_session("alice")).unwrap();
    let request = browser.request("POST");
    let mut request = pin!(serve(&jam, &request, async |flow| {
        deed.perform(flow.session()?).await.map(|()| String::new())
    }));
    let mut context = Context::from_waker(Waker::noop());
    let ended = (0..polls).any(|_| matches!(request.as_mut().poll(&mut context), Poll::Ready(_)));
    (ended, jam.clone(), browser.id(), store)
}

#[test]
fn g10_g13_g70_whoever_leaves_leaves_all_of_a_write_or_nothing() {
    for deed in ALL {
        let mut outcomes = Vec::new();
        for polls in 0.. {
            let (ended, jam, id, store) = leave_after(deed, polls);
            let old = run(jam.get_session(&id)).unwrap();
            let (alices, bobs) = (run(jam.sessions_of("alice")), run(jam.sessions_of("bob")));
            let (alices, bobs) = (alices.unwrap(), bobs.unwrap());
            let outcome = (old.is_some(), alices.len(), bobs.len());
            let told = format!("{deed:?} after {polls} polls: {outcome:?}");
            assert_eq!(store.len(), alices.len() + bobs.len(), "{told}");
            if let Some(record) = &old {
                let both = ["a", "b"].map(|name| record.get::<u8>(name).unwrap());
                assert_eq!(both[0], both[1], "{told}");
                assert_eq!(record.subject(), Some("alice"), "{told}");
            }
            let may_be: &[_] = match deed {
                Deed::SetTwo | Deed::SaveTwice => &[(true, 2, 0)],
                Deed::Rotate | Deed::LoginAgain => &[(true, 2, 0), (false, 2, 0)],
                Deed::LoginAsAnother | Deed::LogOutAndIn => &[(true, 2, 0), (false, 1, 1)],
                Deed::LogOut => &[(true, 2, 0), (false, 1, 0)],
                // The new id comes first, and then the end of the others.
                Deed::RevokeOthers => &[(true, 2, 0), (false, 2, 0), (false, 1, 0)],
            };
            assert!(may_be.contains(&outcome), "{told}");
            if outcomes.last() != Some(&outcome) {
                outcomes.push(outcome);
            }
            if ended {
                // It was dropped at each of its states on the way.
                assert_eq!(outcomes, may_be, "{told}");
                break;
            }
        }
    }
}
