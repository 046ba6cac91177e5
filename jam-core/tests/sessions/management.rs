//! Many sessions of one subject: limits, lists, revoking.

use std::thread;

use jam_core::clock::ManualClock;
use jam_core::session::{Login, MaxSessions, Metadata, SessionBackend, SessionHandle, Upstream};
use jam_core::{ErrorKind, Jam};
use pollster::block_on as blocking;

use crate::support::{App, Browser, NOW, Stepped, drive, every_order, policy, ready, seconds};

fn live(app: &App, browsers: &mut [Browser]) -> Vec<usize> {
    let alive = browsers.iter_mut().enumerate();
    alive.filter_map(|(n, browser)| browser.whoami(app).is_ok().then_some(n)).collect()
}

#[test]
fn g02_the_limit_rejects_or_evicts_as_it_is_told() {
    for (limit, expected) in [
        (MaxSessions::Unlimited, vec![0, 1, 2, 3]),
        (MaxSessions::Reject(3), vec![0, 1, 2]),
        (MaxSessions::EvictOldest(3), vec![1, 2, 3]),
        (MaxSessions::EvictIdlest(3), vec![0, 2, 3]),
    ] {
        let app = App::with_policy(policy().max_sessions(limit));
        let mut browsers = Vec::new();
        for n in 0..4 {
            app.at(n * 100);
            if n == 3 {
                // The first one is used last.
                assert!(browsers.first_mut().is_some_and(|b: &mut Browser| b.whoami(&app).is_ok()));
            }
            let mut browser = Browser::default();
            let status = browser.login(&app, "alice").status;
            let is_refused = n == 3 && matches!(limit, MaxSessions::Reject(_));
            assert_eq!(status, if is_refused { 409 } else { 200 });
            browsers.push(browser);
        }
        assert_eq!(live(&app, &mut browsers), expected, "{limit:?}");
        // Others and anonymous ones are not counted, and logging in again is no further session.
        assert_eq!(Browser::logged_in(&app, "bob").whoami(&app), Ok("bob".into()));
        let mut anonymous = Browser::default();
        assert_eq!(anonymous.set(&app, "k", 1).status, 200);
        assert_eq!(browsers[2].login(&app, "alice").status, 200);
        assert_eq!(live(&app, &mut browsers), expected, "{limit:?}");
    }
}

#[test]
fn g02_what_has_ended_makes_room() {
    let app = App::with_policy(policy().max_sessions(MaxSessions::Reject(1)));
    let mut browser = Browser::logged_in(&app, "alice");
    browser.logout(&app);
    let mut browser = Browser::logged_in(&app, "alice");
    assert_eq!(browser.login(&app, "bob").status, 200);
    Browser::logged_in(&app, "alice");
    app.at(1800);
    Browser::logged_in(&app, "alice");
    Browser::logged_in(&app, "bob");
}

#[test]
fn g02_simultaneous_logins_leave_no_more_than_the_limit_alive() {
    for limit in [MaxSessions::Reject(3), MaxSessions::EvictOldest(3), MaxSessions::EvictIdlest(3)]
    {
        for from_anonymous in [false, true] {
            let app = App::with_policy(policy().max_sessions(limit));
            let mut browsers: Vec<Browser> = (0..16).map(|_| Browser::default()).collect();
            if from_anonymous {
                browsers.iter_mut().for_each(|b| assert_eq!(b.set(&app, "k", 1).status, 200));
            }
            let statuses: Vec<u16> = thread::scope(|scope| {
                let login = |browser| scope.spawn(|| Browser::login(browser, &app, "alice").status);
                let threads: Vec<_> = browsers.iter_mut().map(login).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let refused = statuses.iter().filter(|status| **status == 409).count();
            let expected = if matches!(limit, MaxSessions::Reject(_)) { 13 } else { 0 };
            assert_eq!(refused, expected, "{limit:?}");
            assert_eq!(live(&app, &mut browsers).len(), 3, "{limit:?}");
            assert_eq!(ready(app.jam.sessions_of("alice")).unwrap().len(), 3, "{limit:?}");
        }
    }
}

#[test]
fn g03_an_upstream_logout_ends_exactly_the_sessions_that_rest_on_it() {
    let app = App::new();
    let login = |subject: &str, issuer: &str, session: &str| {
        let upstream = Upstream {
            issuer: issuer.into(),
            session_id: session.into(),
            auth_time: seconds(1_700_000_000),
        };
        Browser::logged_in(&app, Login::new(subject).upstream(upstream, None))
    };
    let mut browsers = vec![
        login("alice", "https://op", "s1"),
        login("bob", "https://op", "s1"),
        login("alice", "https://op", "s2"),
        login("alice", "https://other", "s1"),
        login("alice", "https://o", "ps1"),
        Browser::logged_in(&app, "alice"),
    ];
    // A rotation and a write keep the link, and so does another login of the same subject.
    browsers[0].post(&app, async |session| session.rotate());
    browsers[0].set(&app, "k", 1);
    browsers[0].login(&app, Login::new("alice").methods(["otp"]));
    // Another subject's does not.
    let mut relogged = login("alice", "https://op", "s1");
    relogged.login(&app, "carol");
    browsers.push(relogged);
    let sessions = app.jam.sessions().unwrap();
    assert_eq!(ready(sessions.revoke_by_upstream("https://op", "s1")).unwrap(), 2);
    assert_eq!(live(&app, &mut browsers), [2, 3, 4, 5, 6]);
    assert_eq!(ready(sessions.revoke_by_upstream("https://op", "s1")).unwrap(), 0);
    assert_eq!(ready(app.jam.sessions_of("bob")).unwrap().len(), 0);
}

#[test]
fn g12_whatever_a_subject_has_ends_with_one_call() {
    let app = App::new();
    let mut browsers: Vec<_> = (0..5).map(|_| Browser::logged_in(&app, "alice")).collect();
    browsers.push(Browser::logged_in(&app, "bob"));
    assert_eq!(ready(app.jam.clear_sessions("alice")).unwrap(), 5);
    assert_eq!(live(&app, &mut browsers), [5]);
    assert_eq!(ready(app.jam.clear_sessions("alice")).unwrap(), 0);
    assert_eq!(ready(app.jam.clear_sessions("nobody")).unwrap(), 0);
}

#[test]
fn g12_a_login_that_meets_a_revocation_is_revoked_or_strictly_later() {
    for from in ["nothing", "an anonymous session", "his own session", "another's"] {
        for step in 0.. {
            let app = App::new();
            let mut browser = Browser::default();
            match from {
                "an anonymous session" => assert_eq!(browser.set(&app, "k", 1).status, 200),
                "his own session" => assert_eq!(browser.login(&app, "alice").status, 200),
                "another's" => assert_eq!(browser.login(&app, "bob").status, 200),
                _ => {}
            }
            let jam = app.jam.clone();
            app.store.before(step, move || {
                assert!(ready(jam.clear_sessions("alice")).unwrap() <= 1);
            });
            let answer = browser.login(&app, "alice");
            if app.store.is_waiting() {
                break;
            }
            // It has just proved who he is, and is written after the revocation.
            assert_eq!(answer.status, 200, "{from}, step {step}");
            assert_eq!(browser.whoami(&app), Ok("alice".into()), "{from}, step {step}");
            assert_eq!(ready(app.jam.sessions_of("alice")).unwrap().len(), 1, "{from}");
            assert_eq!(ready(app.jam.clear_sessions("alice")).unwrap(), 1, "{from}");
            assert_eq!(browser.whoami(&app), Err(401), "{from}, step {step}");
            assert_eq!(app.store.len(), 0, "{from}, step {step}");
        }
    }
}

#[test]
fn g13_revoking_the_others_leaves_this_one_under_a_new_id() {
    let app = App::new();
    let mut browsers: Vec<_> = (0..4).map(|_| Browser::logged_in(&app, "alice")).collect();
    let mut thief = browsers[2].clone();
    let mut stranger = Browser::logged_in(&app, "bob");
    let mut ended = 0;
    let answer = browsers[2].post(&app, async |session| {
        session.set("k", &1)?;
        ended = session.revoke_others().await?;
        session.set("l", &2)
    });
    assert_eq!((answer.status, ended), (200, 3));
    assert_eq!(live(&app, &mut browsers), [2]);
    assert_eq!(thief.whoami(&app), Err(401));
    assert_eq!(stranger.whoami(&app), Ok("bob".into()));
    assert_eq!((browsers[2].get(&app, "k"), browsers[2].get(&app, "l")), (1.into(), 2.into()));
    assert_eq!(ready(app.jam.sessions_of("alice")).unwrap().len(), 1);
    // From outside of a request.
    let other = Browser::logged_in(&app, "alice");
    let id = ready(app.jam.revoke_others(&browsers[2].id())).unwrap();
    assert!(ready(app.jam.get_session(&id)).unwrap().is_some());
    assert!(ready(app.jam.get_session(&browsers[2].id())).unwrap().is_none());
    assert!(ready(app.jam.get_session(&other.id())).unwrap().is_none());
}

#[test]
fn g13_nobodys_session_has_no_others_and_keeps_its_id() {
    let app = App::new();
    let mut browser = Browser::default();
    browser.set(&app, "k", 1);
    let error = ready(app.jam.revoke_others(&browser.id())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SessionEnded);
    assert_eq!(browser.get(&app, "k"), 1, "refused, and nothing was done");
    let answer = browser.post(&app, async |session| session.revoke_others().await.map(drop));
    assert_eq!(answer.status, 401);
    assert_eq!(browser.get(&app, "k"), 1);
}

#[test]
fn g15_g18_a_list_shows_handles_and_metadata_and_no_secret() {
    let app = App::new();
    let metadata = Metadata { user_agent: Some("browser".into()), address: None };
    let mut first = Browser::logged_in(&app, Login::new("alice").metadata(metadata.clone()));
    app.at(70);
    let mut second = Browser::logged_in(&app, "alice");
    Browser::logged_in(&app, "bob");
    assert!(first.whoami(&app).is_ok());
    let mut seen = Vec::new();
    second.ask(&app, "GET", async |flow| {
        seen = flow.session()?.sessions().await?;
        Ok(String::new())
    });
    let handles: Vec<_> = seen.iter().map(|info| info.handle).collect();
    assert_eq!(handles, [first.handle(), second.handle()]);
    assert_eq!(seen.iter().map(|info| info.is_current).collect::<Vec<_>>(), [false, true]);
    assert_eq!(seen[0].metadata.as_ref(), Some(&metadata));
    assert_eq!(seen[0].last_seen, seconds(1_700_000_070));
    assert_eq!(seen[0].created, seconds(1_700_000_000));
    let shown = format!("{seen:?} {}", seen[0]);
    for secret in [first.cookie().unwrap(), second.cookie().unwrap()] {
        assert!(!shown.contains(&secret[22..]), "{shown}");
    }
    // Expired and ended ones are not in it.
    app.at(1800);
    let listed = ready(app.jam.sessions_of("alice")).unwrap();
    assert_eq!(listed.len(), 2);
    app.at(1870);
    assert!(ready(app.jam.sessions_of("alice")).unwrap().is_empty());
    assert!(ready(app.jam.sessions_of("nobody")).unwrap().is_empty());
}

#[test]
fn g18_a_handle_ends_ones_own_session_and_nobody_elses() {
    let app = App::new();
    let mut alice = Browser::logged_in(&app, "alice");
    let mut other = Browser::logged_in(&app, "alice");
    let mut bob = Browser::logged_in(&app, "bob");
    let mut anonymous = Browser::default();
    anonymous.set(&app, "k", 1);
    let mut revoke = |app: &App, handle: SessionHandle| {
        let mut was_there = false;
        let answer = alice.post(app, async |session| {
            was_there = session.revoke(handle).await?;
            Ok(())
        });
        assert_eq!(answer.status, 200);
        was_there
    };
    assert!(!revoke(&app, bob.handle()));
    assert!(!revoke(&app, anonymous.handle()));
    assert!(!revoke(&app, SessionHandle::from_bytes([0; 16])));
    assert!(revoke(&app, other.handle()));
    assert!(!revoke(&app, other.handle()), "idempotent");
    assert_eq!(other.whoami(&app), Err(401));
    assert_eq!(bob.whoami(&app), Ok("bob".into()));
    assert_eq!(anonymous.get(&app, "k"), 1);
    // Whoever is nobody has none to end.
    let handle = bob.handle();
    let answer = anonymous.post(&app, async |session| session.revoke(handle).await.map(drop));
    assert_eq!(answer.status, 401);
    // An administrator ends anybody's.
    assert!(ready(app.jam.revoke(handle)).unwrap());
    assert!(!ready(app.jam.revoke(handle)).unwrap());
    assert_eq!(bob.whoami(&app), Err(401));
}

#[test]
fn g15_what_has_expired_is_neither_counted_nor_revoked() {
    let app = App::new();
    let browser = Browser::logged_in(&app, "alice");
    Browser::logged_in(&app, "bob");
    app.at(1800);
    assert!(!ready(app.jam.revoke(browser.handle())).unwrap());
    assert_eq!(ready(app.jam.clear_sessions("bob")).unwrap(), 0);
}

#[test]
fn g15_expired_sessions_are_swept_and_nothing_else() {
    let app = App::new();
    let browsers: Vec<_> = (0..3).map(|_| Browser::logged_in(&app, "alice")).collect();
    Browser::default().set(&app, "k", 1);
    app.at(61);
    assert!(browsers[1].clone().whoami(&app).is_ok());
    app.at(1800);
    let sessions = app.jam.sessions().unwrap();
    assert_eq!(ready(sessions.sweep()).unwrap(), 3);
    assert_eq!(ready(sessions.sweep()).unwrap(), 0);
    assert_eq!(app.store.len(), 1);
    assert!(browsers[1].clone().whoami(&app).is_ok());
}

#[test]
fn g15_all_sessions_are_listed_a_page_at_a_time_and_ended_by_handle() {
    let app = App::new();
    for name in ["alice", "bob", "carol", "dave", "erin", "frank", "grace"] {
        Browser::logged_in(&app, name);
    }
    Browser::default().set(&app, "k", 1);
    let sessions = app.jam.sessions().unwrap();
    let list = |most: usize| {
        let (mut pages, mut from) = (Vec::new(), None);
        loop {
            let page = ready(sessions.all_sessions(from, most)).unwrap();
            assert!(page.sessions.len() <= most);
            pages.extend(page.sessions);
            match page.next {
                None => break pages,
                // As it comes back out of a link.
                next => from = next.map(|next| next.to_string().parse().unwrap()),
            }
        }
    };
    for most in [1, 3, 4, 8, 100] {
        let listed = list(most);
        let handles: std::collections::BTreeSet<_> =
            listed.iter().map(|info| info.handle).collect();
        assert_eq!((listed.len(), handles.len()), (8, 8), "pages of {most}");
        assert_eq!(listed.iter().filter(|info| info.subject.is_none()).count(), 1);
    }
    // What ends while somebody pages is missing, and nothing else; ending it twice is no error.
    let first = ready(sessions.all_sessions(None, 3)).unwrap();
    for info in &first.sessions {
        assert!(ready(sessions.revoke(info.handle)).unwrap());
        assert!(!ready(sessions.revoke(info.handle)).unwrap());
    }
    assert_eq!(ready(sessions.all_sessions(first.next, 100)).unwrap().sessions.len(), 5);
    app.at(1800);
    assert_eq!(list(3).len(), 0, "what has expired is on no page");
}

#[test]
fn g13_of_two_sessions_that_end_each_other_one_is_left() {
    let orders = every_order(|order| {
        let store = Stepped::default();
        let jam = Jam::builder()
            .clock(ManualClock::new(NOW))
            .session(SessionBackend::builder(policy(), store))
            .build()
            .unwrap();
        let create = || blocking(jam.create_session("alice")).unwrap().id;
        let (one, other) = (create(), create());
        let sessions = jam.sessions().unwrap();
        let (first, second, taken) =
            drive(sessions.revoke_others(&one), sessions.revoke_others(&other), order, |_| {});
        let left = [first, second].map(|answer| match answer {
            Ok(id) => {
                assert!(blocking(jam.get_session(&id)).unwrap().is_some(), "{order:?}: a dead id");
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::SessionEnded, "{order:?}");
                false
            }
        });
        assert_ne!(left[0], left[1], "{order:?}: one is told that it did");
        assert_eq!(blocking(jam.sessions_of("alice")).unwrap().len(), 1, "{order:?}");
        taken
    });
    assert!(orders > 20, "{orders} orders");
}
