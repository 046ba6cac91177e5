//! A store that is down, slow, or holds what nobody can read: refused, and never by 401.

use std::time::{Duration, Instant};

use jam_core::clock::ManualClock;
use jam_core::fresh::RequireFresh;
use jam_core::redirect::LoginRedirect;
use jam_core::reject::RejectKind;
use jam_core::scope::ScopeRule;
use jam_core::session::{Outage, SessionBackend, SessionPolicy, Undecodable};
use jam_core::transport::CredentialTransport;
use jam_core::{Error, ErrorKind, Jam};
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Browser, NOW, Request, Stepped, Verb, policy, ready, run, seconds, serve,
};

fn policies() -> [SessionPolicy; 3] {
    [policy(), policy().outage(Outage::ServeStale(seconds(30))), policy().outage(Outage::Anonymous)]
}

fn is_503(answer: &Answer) {
    assert_eq!((answer.status, answer.set_cookies().len()), (503, 0), "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.body, r#"{"error":"temporarily_unavailable"}"#);
    assert_eq!(answer.header("www-authenticate"), None);
}

type Deed = (&'static str, fn(&App, &mut Browser) -> Answer);

/// Whatever changes something.
fn deeds() -> [Deed; 9] {
    [
        ("set", |app, browser| browser.set(app, "k", 2)),
        ("update", |app, b| b.post(app, async |s| s.update("k", |k: Option<u8>| k.unwrap_or(0)))),
        ("save", |app, b| {
            b.post(app, async |s| {
                s.set("k", &2)?;
                s.save().await
            })
        }),
        ("login", |app, browser| browser.login(app, "alice")),
        ("login as another", |app, browser| browser.login(app, "bob")),
        ("logout", |app, browser| browser.logout(app)),
        ("rotate", |app, b| b.post(app, async |s| s.rotate())),
        ("revoke", |app, b| {
            let handle = b.handle();
            b.post(app, async move |s| s.revoke(handle).await.map(drop))
        }),
        ("revoke others", |app, b| b.post(app, async |s| s.revoke_others().await.map(drop))),
    ]
}

/// Whatever insists on knowing who it is.
fn questions() -> [Deed; 5] {
    [
        ("identity", |app, b| {
            b.ask(app, "GET", async |f| f.identity::<Value>().await.map(|_| String::new()))
        }),
        ("require", |app, b| {
            b.ask(app, "GET", async |f| {
                f.require(&ScopeRule::all_of(["user"])).await.map(|()| String::new())
            })
        }),
        ("require login", |app, b| {
            b.ask(app, "GET", async |f| {
                f.require_login(&LoginRedirect::to("/login")).await.map(|()| String::new())
            })
        }),
        ("require fresh", |app, b| {
            b.ask(app, "GET", async |f| {
                f.require_fresh(&RequireFresh::by_policy()).await.map(|()| String::new())
            })
        }),
        ("swallowed", |app, b| {
            b.ask(app, "GET", async |f| {
                let _ = f.identity::<Value>().await;
                Ok("anonymous".to_owned())
            })
        }),
    ]
}

#[test]
fn g55_with_the_store_down_every_write_is_503_under_every_policy() {
    for policy in policies() {
        for (name, deed) in deeds() {
            let app = App::with_policy(policy.clone());
            let mut browser = Browser::logged_in(&app, "alice");
            browser.set(&app, "k", 1);
            let before = browser.clone();
            app.store.set_down(true);
            let answer = deed(&app, &mut browser);
            println!("{name} {policy:?}");
            is_503(&answer);
            assert_eq!(browser.jar, before.jar);
            // Once it is back, nothing has happened.
            app.store.set_down(false);
            assert_eq!(browser.get(&app, "k"), 1, "{name}");
            assert_eq!(browser.whoami(&app), Ok("alice".into()), "{name}");
            assert_eq!(app.store.len(), 1, "{name}");
        }
    }
}

#[test]
fn g55_without_a_cookie_a_login_is_503_and_a_reader_needs_no_store() {
    for policy in policies() {
        let app = App::with_policy(policy);
        app.store.set_down(true);
        let mut browser = Browser::default();
        is_503(&browser.login(&app, "alice"));
        is_503(&browser.set(&app, "k", 1));
        assert_eq!(browser.whoami(&app), Err(401), "nobody claims to be anybody");
        assert_eq!(browser.maybe(&app), Ok(None));
        assert_eq!(browser.get(&app, "k"), Value::Null);
    }
}

#[test]
fn g55_under_deny_whatever_looks_at_a_session_is_503() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    app.store.set_down(true);
    for (name, question) in questions() {
        println!("{name}");
        is_503(&question(&app, &mut browser));
    }
    assert_eq!(browser.maybe(&app), Err(503));
    is_503(&browser.ask(&app, "GET", async |flow| {
        flow.session()?.get::<u8>("k").await.map(|_| String::new())
    }));
    is_503(
        &browser
            .ask(&app, "GET", async |flow| flow.session()?.sessions().await.map(|_| String::new())),
    );
    assert!(browser.cookie().is_some());
    // What looks at none is not held up.
    assert_eq!(browser.ask(&app, "GET", async |_| Ok("public".into())).status, 200);
    app.store.set_down(false);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
}

#[test]
fn g55_under_anonymous_readers_find_nobody_and_whoever_insists_is_503() {
    let app = App::with_policy(policy().outage(Outage::Anonymous));
    let mut browser = Browser::logged_in(&app, "alice");
    browser.set(&app, "k", 1);
    app.store.set_down(true);
    assert_eq!(browser.maybe(&app), Ok(None));
    assert_eq!(browser.get(&app, "k"), Value::Null);
    for (name, question) in questions() {
        if name == "swallowed" {
            continue;
        }
        println!("{name}");
        is_503(&question(&app, &mut browser));
    }
    app.store.set_down(false);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
}

#[test]
fn g55_stale_sessions_are_served_so_long_after_the_store_confirmed_them() {
    let app = App::with_policy(policy().outage(Outage::ServeStale(seconds(30))));
    let mut browser = Browser::logged_in(&app, "alice");
    browser.set(&app, "k", 1);
    let mut unseen = Browser::logged_in(&app, "bob");
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    app.store.set_down(true);
    app.at(30);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    assert_eq!(browser.get(&app, "k"), 1);
    assert_eq!(unseen.whoami(&app), Err(503), "this process has not read it");
    app.at(31);
    assert_eq!(browser.whoami(&app), Err(503));
    assert_eq!(browser.maybe(&app), Err(503));
    app.store.set_down(false);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
}

#[test]
fn g55_a_stale_session_ends_when_the_session_would() {
    for (idle, after) in [(60, 60), (60, 75)] {
        let short = SessionPolicy::new(seconds(idle), seconds(1000)).touch_interval(seconds(20));
        let app = App::with_policy(short.outage(Outage::ServeStale(seconds(500))));
        let mut browser = Browser::logged_in(&app, "alice");
        assert!(browser.whoami(&app).is_ok());
        app.store.set_down(true);
        app.at(after - 1);
        assert_eq!(browser.whoami(&app).is_ok(), after == 60);
        app.at(after);
        assert_eq!(browser.whoami(&app), Err(503), "never 401: it may have been used elsewhere");
    }
}

#[test]
fn g55_what_this_process_knows_to_be_over_is_not_served_stale() {
    type End = fn(&App, &mut Browser);
    let ends: [(&str, End); 6] = [
        ("logout", |app, browser| assert_eq!(browser.logout(app).status, 200)),
        ("revoked", |app, browser| {
            assert!(ready(app.jam.revoke(browser.handle())).unwrap());
        }),
        ("all of his", |app, _| assert_eq!(ready(app.jam.clear_sessions("alice")).unwrap(), 1)),
        ("rotated", |app, browser| {
            assert_eq!(browser.post(app, async |s| s.rotate()).status, 200);
        }),
        ("logged in as another", |app, b| assert_eq!(b.login(app, "bob").status, 200)),
        ("a logout that the store did not hear of", |app, browser| {
            let store = app.store.clone();
            app.store.before(1, move || store.set_down(true));
            assert_eq!(browser.logout(app).status, 503);
        }),
    ];
    for (name, end) in ends {
        let app = App::with_policy(policy().outage(Outage::ServeStale(seconds(500))));
        let mut browser = Browser::logged_in(&app, "alice");
        assert!(browser.whoami(&app).is_ok());
        let mut old = browser.clone();
        end(&app, &mut browser);
        app.store.set_down(true);
        assert_eq!(old.whoami(&app), Err(503), "{name}");
    }
}

#[test]
fn g55_a_revocation_wins_over_a_read_that_was_on_its_way() {
    let app = App::with_policy(policy().outage(Outage::ServeStale(seconds(500))));
    let mut browser = Browser::logged_in(&app, "alice");
    let (jam, handle) = (app.jam.clone(), browser.handle());
    app.store.after_load(move || assert!(ready(jam.revoke(handle)).unwrap()));
    assert_eq!(browser.whoami(&app), Ok("alice".into()), "it was alive when it was read");
    app.store.set_down(true);
    assert_eq!(browser.whoami(&app), Err(503));
}

#[test]
fn g56_a_record_that_cannot_be_read_is_nobody_and_never_500() {
    for undecodable in [Undecodable::Deny, Undecodable::DropKey, Undecodable::FreshSession] {
        let app = App::with_policy(policy().undecodable(undecodable));
        let mut browser = Browser::logged_in(&app, "alice");
        app.store.garble(browser.handle());
        assert_eq!(browser.whoami(&app), Err(401), "{undecodable:?}");
        assert_eq!(browser.maybe(&app), Ok(None), "{undecodable:?}");
        assert_eq!(browser.get(&app, "k"), Value::Null, "{undecodable:?}");
        let garbled = browser.handle();
        assert_eq!(browser.set(&app, "k", 1).status, 200);
        assert_ne!(browser.handle(), garbled);
        assert_eq!(browser.get(&app, "k"), 1);
        assert_eq!(browser.whoami(&app), Err(401), "{undecodable:?}: nobody is logged in to it");
        // Outside of a request the kind is told.
        let id = Browser::logged_in(&app, "bob").id();
        app.store.garble(id.handle());
        let error = ready(app.jam.get_session(&id)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UndecodableRecord);
    }
}

#[test]
fn g56_with_a_header_what_becomes_of_an_unreadable_record_is_the_policys_affair() {
    for (undecodable, maybe, set) in [
        (Undecodable::Deny, 401, 401),
        (Undecodable::DropKey, 200, 200),
        (Undecodable::FreshSession, 200, 200),
    ] {
        let by_header = CredentialTransport::header("X-Session");
        let app = App::with(
            policy().undecodable(undecodable),
            |sessions| sessions.transport(by_header),
            |jam| jam,
        );
        let id = ready(app.jam.create_session("alice")).unwrap().id;
        app.store.garble(id.handle());
        let request = Request::get("/").with("x-session", id.expose());
        let answer = ready(serve(&app.jam, &request, async |flow| {
            flow.maybe_identity::<Value>().await.map(|found| format!("{}", found.is_some()))
        }));
        assert_eq!(answer.status, maybe, "{undecodable:?}");
        let answer = ready(serve(&app.jam, &request, async |flow| {
            flow.session()?.set("k", &1).map(|()| String::new())
        }));
        assert_eq!(answer.status, set, "{undecodable:?}");
        assert_eq!(answer.header("x-session").is_some(), set == 200, "{undecodable:?}");
        let answer = ready(serve(&app.jam, &request, async |flow| {
            flow.identity::<Value>().await.map(|_| String::new())
        }));
        assert_eq!(answer.status, 401, "{undecodable:?}");
    }
}

#[test]
fn g56_an_update_of_a_value_of_another_type_obeys_the_policy_too() {
    for (undecodable, status, k, lives) in [
        (Undecodable::Deny, 401, json!("text"), true),
        (Undecodable::DropKey, 200, json!(1), true),
        (Undecodable::FreshSession, 200, json!(1), false),
    ] {
        let app = App::with_policy(policy().undecodable(undecodable));
        let mut browser = Browser::logged_in(&app, "alice");
        browser.set(&app, "k", "text");
        let add = |n: Option<u64>| n.unwrap_or_default() + 1;
        let answer = browser.post(&app, async |session| session.update("k", add));
        assert_eq!(answer.status, status, "{undecodable:?}");
        assert_eq!(browser.get(&app, "k"), k, "{undecodable:?}");
        assert_eq!(browser.whoami(&app).is_ok(), lives, "{undecodable:?}");
    }
}

#[test]
fn g56_a_value_of_another_type_is_refused_dropped_or_ends_the_session_as_declared() {
    for undecodable in [Undecodable::Deny, Undecodable::DropKey, Undecodable::FreshSession] {
        let app = App::with_policy(policy().undecodable(undecodable));
        let mut browser = Browser::logged_in(&app, "alice");
        browser.set(&app, "k", "text");
        browser.set(&app, "other", 1);
        let mut seen = None;
        let answer = browser.ask(&app, "GET", async |flow| {
            seen = flow.session()?.get::<u64>("k").await?;
            Ok(String::new())
        });
        assert_eq!(seen, None);
        match undecodable {
            Undecodable::Deny => {
                assert_eq!(answer.status, 401);
                assert_eq!(browser.get(&app, "k"), "text");
            }
            Undecodable::DropKey => {
                assert_eq!(answer.status, 200);
                assert_eq!(browser.get(&app, "k"), Value::Null);
                assert_eq!(browser.get(&app, "other"), 1);
                assert!(browser.whoami(&app).is_ok());
            }
            Undecodable::FreshSession => {
                assert_eq!(answer.status, 200);
                assert_eq!(browser.cookie(), None);
                assert_eq!(app.store.len(), 0);
            }
        }
    }
}

#[test]
fn g56_a_poisoned_lock_and_a_panicking_handler_leave_a_session_usable_or_refused() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let request = browser.request("POST");
    let flow = app.jam.begin(&request);
    let session = flow.session().unwrap();
    session.set("k", &1).unwrap();
    // The closure panics while the plan is made.
    session.update("n", |_: Option<u8>| -> u8 { panic!("an application's mistake") }).unwrap();
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = ready(flow.finish());
    }));
    assert!(panics.is_err());
    assert_eq!(browser.get(&app, "k"), Value::Null, "everything or nothing");
    assert!(browser.whoami(&app).is_ok());
}

#[test]
fn g55_the_facade_says_that_the_store_is_down_and_keeps_its_last_error() {
    let app = App::new();
    let browser = Browser::logged_in(&app, "alice");
    assert!(app.jam.sessions().unwrap().last_store_error().is_none());
    app.store.set_down(true);
    let id = browser.id();
    let kind = |result: Result<(), Error>| result.unwrap_err().kind();
    for result in [
        ready(app.jam.create_session("bob")).map(drop),
        ready(app.jam.get_session(&id)).map(drop),
        ready(app.jam.update_session(&id, |_| Ok(()))).map(drop),
        ready(app.jam.rotate_session(&id)).map(drop),
        ready(app.jam.delete_session(&id)).map(drop),
        ready(app.jam.clear_sessions("alice")).map(drop),
        ready(app.jam.sessions_of("alice")).map(drop),
        ready(app.jam.revoke(id.handle())).map(drop),
        ready(app.jam.revoke_others(&id)).map(drop),
        ready(app.jam.sessions().unwrap().sweep()).map(drop),
    ] {
        assert_eq!(kind(result), ErrorKind::StoreUnavailable);
    }
    let last = app.jam.sessions().unwrap().last_store_error().unwrap();
    assert_eq!(last.kind(), ErrorKind::StoreUnavailable);
    app.store.set_down(false);
    assert!(ready(app.jam.get_session(&id)).unwrap().is_some());
    let reject = jam_core::Reject::from(Error::from(ErrorKind::StoreUnavailable));
    assert_eq!(reject.kind(), &RejectKind::StoreUnavailable);
}

#[test]
fn g56_a_request_whose_time_is_used_up_asks_the_store_nothing_more() {
    const MOST: Duration = Duration::from_millis(50);
    let store = Stepped::default();
    let sessions = SessionBackend::builder(policy().store_timeout(MOST), store.clone());
    let jam = Jam::builder().clock(ManualClock::new(NOW)).session(sessions).build().unwrap();
    let request = Request { method: "POST", ..Request::get("/") };
    let answer = run(serve(&jam, &request, async |flow| {
        let session = flow.session()?;
        session.set("k", &1)?;
        session.save().await?;
        assert_eq!(store.done(), [(Verb::Insert, true)]);
        let saved = Instant::now();
        while saved.elapsed() < MOST {}
        session.set("k", &2)?;
        let refused = session.save().await.unwrap_err();
        assert_eq!(refused.kind(), &RejectKind::StoreUnavailable);
        session.login("alice").map(|()| String::new())
    }));
    // Neither the save nor the login has got as far as the store; what was saved in time is handed out.
    assert_eq!((answer.status, answer.set_cookies().len()), (503, 1));
    assert!(store.done().is_empty());
}
