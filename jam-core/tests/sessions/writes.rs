//! Writing: what is recorded, when it reaches the store, and what becomes of writes that meet.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use jam_core::Jam;
use jam_core::reject::RejectKind;
use jam_core::session::{MaxSessions, Session, SessionBackend};
use serde_json::{Value, json};

use crate::support::{App, Browser, Request, Stepped, Verb, policy, ready, serve};

#[test]
fn g20_a_request_without_a_cookie_asks_no_store_and_sets_no_cookie() {
    let app = App::new();
    let mut browser = Browser::default();
    assert_eq!(browser.whoami(&app), Err(401));
    assert_eq!(browser.maybe(&app), Ok(None));
    assert_eq!(browser.get(&app, "k"), Value::Null);
    let answer = browser.ask(&app, "GET", async |flow| {
        let session = flow.session()?;
        assert_eq!(session.subject().await?, None);
        assert_eq!(session.handle().await?, None);
        assert!(session.record().await?.is_none());
        assert!(session.sessions().await?.is_empty());
        assert!(session.detached().await?.is_none());
        // None of these is a reason to begin a session.
        session.remove("k")?;
        session.rotate()?;
        session.destroy()?;
        session.save().await?;
        Ok(String::new())
    });
    assert_eq!((answer.status, answer.headers.len()), (200, 0), "{answer:?}");
    assert_eq!(app.store.calls(), []);
}

#[test]
fn g20_only_a_login_authenticates() {
    let app = App::new();
    let mut browser = Browser::default();
    let claims = json!({ "sub": "alice", "scope": "admin" });
    for name in ["sub", "subject", "claims", "user", "authentication"] {
        browser.set(&app, name, claims.clone());
    }
    assert_eq!(app.store.len(), 1);
    assert_eq!(browser.whoami(&app), Err(401));
    assert_eq!(browser.maybe(&app), Ok(None));
    let answer = browser.post(&app, async |session| session.grant(["admin"]));
    assert_eq!((answer.status, answer.set_cookies().len()), (401, 0), "nobody to grant it to");
    browser.login(&app, "bob");
    assert_eq!(browser.whoami(&app), Ok("bob".into()));
    let answer = browser.ask(&app, "GET", async |flow| {
        flow.require(&jam_core::scope::ScopeRule::all_of(["admin"])).await?;
        Ok(String::new())
    });
    assert_eq!(answer.status, 403, "what a session holds is no claim");
}

#[test]
fn g20_a_login_without_a_subject_or_with_a_registered_claim_is_refused() {
    let app = App::new();
    for login in [
        jam_core::session::Login::new(""),
        jam_core::session::Login::new("alice").claim("sub", "bob"),
        jam_core::session::Login::new("alice").claim("scope", "admin"),
        jam_core::session::Login::new("alice").claim("auth_time", &0),
    ] {
        let mut browser = Browser::default();
        let answer = browser.login(&app, login);
        assert_eq!((answer.status, answer.set_cookies().len()), (500, 0));
        assert_eq!(app.store.len(), 0);
    }
}

#[test]
fn reading_sees_what_was_recorded_so_far() {
    let app = App::new();
    let mut browser = Browser::default();
    browser.set(&app, "a", 1);
    browser.post(&app, async |session| {
        session.set("a", &2)?;
        assert_eq!(session.get::<u8>("a").await?, Some(2));
        session.update("a", |a: Option<u8>| a.unwrap_or_default() + 1)?;
        assert_eq!(session.get::<u8>("a").await?, Some(3));
        session.remove("a")?;
        assert_eq!(session.get::<u8>("a").await?, None);
        session.set("b", &1)?;
        session.destroy()?;
        assert_eq!(session.get::<u8>("b").await?, None);
        session.set("c", &1)
    });
    assert_eq!((browser.get(&app, "a"), browser.get(&app, "b")), (Value::Null, Value::Null));
    assert_eq!(browser.get(&app, "c"), 1);
    assert_eq!(app.store.len(), 1);
}

#[test]
fn what_a_handler_recorded_is_written_whatever_it_answers() {
    let app = App::new();
    let mut browser = Browser::default();
    let answer = browser.ask(&app, "POST", async |flow| {
        flow.session()?.set("failed", &1)?;
        Err(jam_core::Error::from(jam_core::ErrorKind::Io).into())
    });
    assert_eq!((answer.status, answer.set_cookies().len()), (500, 1));
    assert_eq!(browser.get(&app, "failed"), 1);
}

#[test]
fn after_the_answer_nothing_can_be_recorded() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let mut kept = None;
    browser.ask(&app, "POST", async |flow| {
        let session = flow.session()?;
        session.set("k", &1)?;
        kept = Some(session);
        Ok(String::new())
    });
    let session = kept.unwrap();
    assert_eq!(session.set("k", &2).unwrap_err().kind(), &RejectKind::Committed);
    assert_eq!(session.destroy().unwrap_err().kind(), &RejectKind::Committed);
    assert_eq!(browser.get(&app, "k"), 1);
}

#[test]
fn a_session_that_ends_and_the_next_one_are_one_step_or_none() {
    let app = App::with_policy(policy().max_sessions(MaxSessions::Reject(1)));
    let _elsewhere = Browser::logged_in(&app, "alice");
    let mut browser = Browser::logged_in(&app, "bob");
    browser.set(&app, "k", 1);
    app.store.calls();
    let exchange = async |session: Session, subject: &str| {
        session.destroy()?;
        session.login(subject)
    };
    let answer = browser.post(&app, async |session| exchange(session, "alice").await);
    assert_eq!((answer.status, answer.set_cookies().len()), (409, 0));
    assert_eq!(app.store.calls(), [Verb::Load, Verb::Swap]);
    assert_eq!((browser.whoami(&app), browser.get(&app, "k")), (Ok("bob".to_owned()), json!(1)));

    let mut old = browser.clone();
    assert_eq!(browser.post(&app, async |session| exchange(session, "carol").await).status, 200);
    assert_eq!((browser.whoami(&app), old.whoami(&app)), (Ok("carol".to_owned()), Err(401)));
    assert_eq!((browser.get(&app, "k"), app.store.len()), (Value::Null, 2));

    // Another tab has got a new id meanwhile: that one is to be over too.
    let mut tab = browser.clone();
    let answer = browser.post(&app, async |session| {
        session.get::<u8>("k").await?;
        assert_eq!(tab.post(&app, async |session| session.rotate()).status, 200);
        exchange(session, "dave").await
    });
    assert_eq!(answer.status, 200);
    assert_eq!((browser.whoami(&app), tab.whoami(&app)), (Ok("dave".to_owned()), Err(401)));
    assert_eq!(app.store.len(), 2);
}

#[test]
fn g13_whoever_is_ended_while_he_ends_the_others_is_handed_no_id() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let (jam, handle) = (app.jam.clone(), browser.handle());
    // Ahead of the load, the swap and the end of all others come two calls.
    app.store.before(2, move || assert!(ready(jam.sessions().unwrap().revoke(handle)).unwrap()));
    let answer = browser.post(&app, async |session| session.revoke_others().await.map(drop));
    assert!(!app.store.is_waiting());
    assert_eq!((answer.status, answer.set_cookies().len()), (401, 0), "{answer:?}");
}

#[test]
fn g70_overlapping_writes_of_different_keys_both_survive_and_the_later_of_one_key_wins() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let mut other_tab = browser.clone();
    let answer = browser.post(&app, async |session| {
        assert_eq!(session.get::<u8>("b").await?, None);
        assert_eq!(other_tab.set(&app, "b", 1).status, 200);
        assert_eq!(other_tab.set(&app, "same", "theirs").status, 200);
        session.set("a", &1)?;
        session.set("same", "mine")
    });
    assert_eq!((answer.status, answer.set_cookies().len()), (200, 0));
    assert_eq!((browser.get(&app, "a"), browser.get(&app, "b")), (json!(1), json!(1)));
    assert_eq!(browser.get(&app, "same"), "mine");
}

#[test]
fn g70_the_later_commit_wins_also_where_it_sets_what_it_read() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    browser.set(&app, "k", "old");
    let mut other_tab = browser.clone();
    let answer = browser.post(&app, async |session| {
        let before = session.get::<String>("k").await?;
        other_tab.set(&app, "k", "new");
        session.set("k", &before)
    });
    assert_eq!(answer.status, 200);
    assert_eq!(browser.get(&app, "k"), "old");
}

#[test]
fn g70_set_if_unchanged_tells_the_loser_and_nothing_of_his_request_is_written() {
    let app = App::new();
    for same in [false, true] {
        let mut browser = Browser::logged_in(&app, "alice");
        browser.set(&app, "k", "old");
        let mut other_tab = browser.clone();
        let answer = browser.post(&app, async |session| {
            session.set("beside", &1)?;
            session.set_if_unchanged("k", if same { "old" } else { "mine" }).await?;
            if same {
                session.remove("beside")?;
            }
            assert_eq!(other_tab.set(&app, "k", "theirs").status, 200);
            Ok(())
        });
        assert_eq!((answer.status, answer.set_cookies().len()), (409, 0), "same: {same}");
        assert_eq!(answer.body, r#"{"error":"conflict"}"#);
        assert_eq!(browser.get(&app, "k"), "theirs");
        assert_eq!(browser.get(&app, "beside"), Value::Null);
        assert!(browser.whoami(&app).is_ok(), "a lost race is no 401");
        // Unmolested it goes through.
        let answer = browser.post(&app, async |s| s.set_if_unchanged("k", "mine").await);
        assert_eq!((answer.status, browser.get(&app, "k")), (200, json!("mine")));
    }
}

#[test]
fn g70_set_if_unchanged_in_the_midst_says_so_by_save_and_the_request_goes_on() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let mut other_tab = browser.clone();
    let answer = browser.post(&app, async |session| {
        session.set_if_unchanged("k", "mine").await?;
        other_tab.set(&app, "k", "theirs");
        let lost = session.save().await.unwrap_err();
        assert_eq!(lost.kind(), &RejectKind::Conflict);
        lost.handled();
        session.set("log", "lost")
    });
    assert_eq!(answer.status, 200);
    assert_eq!(
        (browser.get(&app, "k"), browser.get(&app, "log")),
        (json!("theirs"), json!("lost"))
    );
}

#[test]
fn g70_fifty_simultaneous_writers_of_different_keys_all_survive() {
    let app = App::new();
    let browser = Browser::logged_in(&app, "alice");
    let arrived = AtomicUsize::new(0);
    thread::scope(|scope| {
        for writer in 0..50 {
            let (app, arrived, mut browser) = (&app, &arrived, browser.clone());
            scope.spawn(move || {
                let answer = browser.post(app, async |session| {
                    // All read before any writes.
                    session.get::<u64>("k").await?;
                    arrived.fetch_add(1, Ordering::SeqCst);
                    while arrived.load(Ordering::SeqCst) < 50 {
                        thread::yield_now();
                    }
                    session.set(&format!("k{writer}"), &writer)
                });
                assert_eq!(answer.status, 200);
            });
        }
    });
    let record = ready(app.jam.get_session(&browser.id())).unwrap().unwrap();
    for writer in 0..50_u64 {
        assert_eq!(record.get::<u64>(&format!("k{writer}")).unwrap(), Some(writer));
    }
    assert_eq!(record.values().count(), 50);
}

#[test]
fn g70_eight_thousand_simultaneous_increments_count_to_eight_thousand() {
    let app = App::new();
    let browser = Browser::logged_in(&app, "alice");
    thread::scope(|scope| {
        for _ in 0..8 {
            let (app, mut browser) = (&app, browser.clone());
            scope.spawn(move || {
                for _ in 0..1000 {
                    let answer = browser.post(app, async |session| {
                        session.update("n", |n: Option<u64>| n.unwrap_or_default() + 1)
                    });
                    assert_eq!(answer.status, 200);
                }
            });
        }
    });
    assert_eq!(browser.clone().get(&app, "n"), 8000);
}

#[test]
fn an_oversized_value_is_413_and_the_old_record_is_intact() {
    let app = App::with_policy(policy().max_record_bytes(1000));
    let mut browser = Browser::logged_in(&app, "alice");
    browser.set(&app, "k", "small");
    for method in ["set", "save", "update"] {
        let answer = browser.post(&app, async |session| {
            let large = "x".repeat(1000);
            match method {
                "set" => session.set("k", &large),
                "save" => {
                    session.set("k", &large)?;
                    session.save().await
                }
                _ => session.update("k", move |_: Option<String>| large.clone()),
            }
        });
        assert_eq!((answer.status, answer.set_cookies().len()), (413, 0), "{method}");
        assert_eq!(browser.get(&app, "k"), "small");
        assert!(browser.whoami(&app).is_ok());
    }
    // Nor does a new session begin, nor an old one end, for the sake of one that is too large.
    let mut stranger = Browser::default();
    let before = app.store.len();
    assert_eq!(stranger.set(&app, "k", "x".repeat(1000)).status, 413);
    assert_eq!((stranger.cookie(), app.store.len()), (None, before));
    let answer = browser.post(&app, async |session| {
        session.destroy()?;
        session.set("k", &"x".repeat(1000))
    });
    assert_eq!(answer.status, 413);
    assert_eq!(browser.whoami(&app), Ok("alice".into()), "nothing was written, it is said");
}

#[test]
fn a_credential_that_was_saved_leaves_with_the_answer_whatever_comes_after() {
    let app = App::with_policy(policy().max_record_bytes(1000));
    let mut browser = Browser::logged_in(&app, "alice");
    let answer = browser.post(&app, async |session| {
        session.rotate()?;
        session.save().await?;
        session.set("k", &"x".repeat(1000))
    });
    assert_eq!((answer.status, answer.set_cookies().len()), (413, 1));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(browser.whoami(&app), Ok("alice".into()), "the old id is dead, so he needs the new");

    // The same where the next write finds the store down.
    let answer = browser.post(&app, async |session| {
        session.rotate()?;
        session.save().await?;
        app.store.set_down(true);
        session.set("k", &1)
    });
    app.store.set_down(false);
    assert_eq!((answer.status, answer.set_cookies().len()), (503, 1));
    assert_eq!(browser.whoami(&app), Ok("alice".into()));

    // But not where the session has ended since.
    let answer = browser.post(&app, async |session| {
        session.rotate()?;
        session.save().await?;
        assert_eq!(ready(app.jam.clear_sessions("alice")).unwrap(), 1);
        session.set("k", &1)
    });
    assert_eq!((answer.status, answer.set_cookies().len()), (401, 0));
}

#[test]
fn a_refused_login_leaves_the_anonymous_session_alone() {
    let app = App::with_policy(policy().max_sessions(MaxSessions::Reject(1)));
    Browser::logged_in(&app, "alice");
    let mut browser = Browser::default();
    browser.set(&app, "cart", 1);
    let answer = browser.login(&app, "alice");
    assert_eq!((answer.status, answer.set_cookies().len()), (409, 0));
    assert_eq!(answer.body, r#"{"error":"too_many_sessions"}"#);
    assert_eq!(browser.get(&app, "cart"), 1);
}

#[test]
fn setting_what_is_there_already_writes_nothing() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    browser.set(&app, "k", 1);
    app.store.calls();
    assert_eq!(browser.set(&app, "k", 1).headers.len(), 0);
    assert!(app.store.calls().iter().all(|verb| *verb == Verb::Load));
}

#[test]
fn made_and_ended_within_one_request_a_session_never_reaches_its_client() {
    let app = App::new();
    let mut browser = Browser::default();
    let answer = browser.post(&app, async |session| {
        session.set("k", &1)?;
        session.save().await?;
        session.destroy()
    });
    assert_eq!(answer.status, 200);
    assert_eq!((browser.cookie(), app.store.len()), (None, 0));
    let answer = browser.post(&app, async |session| {
        session.set("k", &1)?;
        session.destroy()
    });
    assert_eq!((answer.status, answer.headers.len()), (200, 0));
}

#[test]
fn g06_g55_an_id_that_is_taken_is_drawn_again_on_the_one_budget_of_the_request() {
    let store = Stepped::default();
    store.find_taken(2);
    let sessions = SessionBackend::builder(policy(), store.clone());
    let jam = Jam::builder().session(sessions).build().unwrap();
    let request = Request::get("/");
    let login =
        serve(&jam, &request, async |flow| flow.session()?.login("alice").map(|()| String::new()));
    assert_eq!(pollster::block_on(login).status, 200);
    let left = store.times_left();
    assert_eq!((left.len(), left[0]), (3, Duration::from_millis(250)));
    assert!(left[0] > left[1] && left[1] > left[2], "{left:?}");
}
