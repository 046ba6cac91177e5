//! What the log is told, what the client is told, and that neither learns a secret.

use jam_core::Jam;
use jam_core::clock::ManualClock;
use jam_core::codec::SealedCodec;
use jam_core::fresh::RequireFresh;
use jam_core::scope::ScopeRule;
use jam_core::session::{Login, MaxSessions, SessionBackend};
use serde_json::Value;

use crate::support::{
    ABSOLUTE, Answer, App, Browser, Event, IDLE, NOW, Request, collect, policy, ready, seconds,
    serve,
};

/// What the audit log is told meanwhile.
fn audited(run: impl FnOnce()) -> Vec<String> {
    let ((), events) = collect(run);
    events.iter().filter(|event| event.is_audit()).map(Event::says).collect()
}

#[test]
fn g53_each_outcome_is_one_event_with_a_reason_of_a_closed_set() {
    let app = App::with_policy(policy().max_sessions(MaxSessions::EvictOldest(2)));
    let mut browser = Browser::default();
    let app = &app;
    let mut old = Browser::default();
    assert_eq!(audited(|| _ = browser.set(app, "k", 1)), ["session_created"]);
    assert_eq!(audited(|| _ = browser.set(app, "k", 2)), ["accepted"]);
    assert_eq!(audited(|| _ = browser.login(app, "alice")), ["accepted", "logged_in"]);
    assert_eq!(audited(|| _ = browser.whoami(app)), ["accepted"]);
    assert_eq!(
        audited(|| _ = browser.post(app, async |s| s.rotate())),
        ["accepted", "session_rotated"]
    );
    old.jar = browser.jar.clone();
    assert_eq!(
        audited(|| _ = browser.post(app, async |s| s.grant(["user"]))),
        ["accepted", "session_rotated"]
    );
    assert_eq!(audited(|| _ = old.whoami(app)), ["refused:rotated_session"]);
    assert_eq!(audited(|| _ = Browser::with_cookie("x").whoami(app)), ["refused:malformed"]);
    let unknown = "A".repeat(43);
    assert_eq!(
        audited(|| _ = Browser::with_cookie(&unknown).whoami(app)),
        ["refused:unknown_session"]
    );
    assert_eq!(audited(|| _ = Browser::default().login(app, "alice")), ["logged_in"]);
    assert_eq!(
        audited(|| _ = Browser::default().login(app, "alice")),
        ["session_evicted", "logged_in"]
    );
    let mut browser = Browser::logged_in(app, "alice");
    let scope = ScopeRule::all_of(["admin"]);
    assert_eq!(
        audited(|| _ =
            browser.ask(app, "GET", async |f| { f.require(&scope).await.map(|()| String::new()) })),
        ["accepted", "refused:insufficient_scope"]
    );
    app.at(1000);
    assert_eq!(
        audited(|| _ = browser.ask(app, "GET", async |f| {
            f.require_fresh(&RequireFresh::by_policy()).await.map(|()| String::new())
        })),
        ["accepted", "refused:not_fresh"]
    );
    let mut forged = Request::get("/").with("cookie", "__Host-jam=x");
    forged = Request { method: "POST", ..forged.with("sec-fetch-site", "cross-site") };
    assert_eq!(audited(|| _ = app.jam.begin(&forged).admit()), ["refused:cross_site"]);
    assert_eq!(audited(|| _ = ready(app.jam.clear_sessions("alice"))), ["session_revoked"; 2]);
    let mut browser = Browser::logged_in(app, "alice");
    assert_eq!(audited(|| _ = browser.logout(app)), ["accepted", "session_ended"]);
    let failed = audited(|| _ = jam_core::Reject::login_failed());
    assert_eq!(failed, ["refused:invalid_credentials"]);
    // Nothing happened, nothing is told.
    assert_eq!(audited(|| _ = Browser::default().whoami(app)), Vec::<String>::new());
    assert_eq!(audited(|| _ = Browser::default().logout(app)), Vec::<String>::new());
}

#[test]
fn g53_a_write_that_is_refused_is_an_outcome_too() {
    let app =
        App::with_policy(policy().max_sessions(MaxSessions::Reject(1)).max_record_bytes(1000));
    let app = &app;
    let mut browser = Browser::logged_in(app, "alice");
    assert_eq!(
        audited(|| _ = Browser::default().login(app, "alice")),
        ["refused:too_many_sessions"]
    );
    assert_eq!(
        audited(|| _ = browser.set(app, "k", "x".repeat(1000))),
        ["accepted", "refused:record_too_large"]
    );
    let mut tab = browser.clone();
    let told = audited(|| {
        browser.post(app, async |session| {
            session.set_if_unchanged("k", &1).await?;
            assert_eq!(tab.set(app, "k", 2).status, 200);
            Ok(())
        });
    });
    assert_eq!(told, ["accepted", "accepted", "refused:conflict"]);
    let told = audited(|| {
        browser.post(app, async |session| {
            session.get::<u8>("k").await?;
            assert_eq!(tab.logout(app).status, 200);
            session.set("k", &3)
        });
    });
    assert_eq!(told, ["accepted", "accepted", "session_ended", "refused:session_ended"]);
    app.store.set_down(true);
    assert_eq!(audited(|| _ = tab.login(app, "alice")), ["refused:store_unavailable"]);
    let mut other = Browser::with_cookie(&"A".repeat(43));
    assert_eq!(audited(|| _ = other.whoami(app)), ["refused:store_unavailable"]);
}

#[test]
fn g54_whatever_is_wrong_with_an_id_the_client_is_told_the_same() {
    let app = App::new();
    let rotated = {
        let mut browser = Browser::logged_in(&app, "alice");
        let old = browser.clone();
        browser.post(&app, async |session| session.rotate());
        old
    };
    let ended = {
        let browser = Browser::logged_in(&app, "alice");
        browser.clone().logout(&app);
        browser
    };
    let revoked = {
        let browser = Browser::logged_in(&app, "alice");
        ready(app.jam.revoke(browser.handle())).unwrap();
        browser
    };
    let expired = Browser::logged_in(&app, "alice");
    app.at(IDLE);
    let garbled = Browser::logged_in(&app, "alice");
    app.store.garble(garbled.handle());
    let cookies = [rotated, ended, revoked, expired, garbled]
        .iter()
        .map(|browser| browser.cookie().unwrap().to_owned())
        .chain(["A".repeat(43), "x".to_owned(), "a b".to_owned()])
        .collect::<Vec<_>>();
    let answers = |ask: fn(&App, &mut Browser) -> Answer| {
        let answers = cookies.iter().map(|cookie| ask(&app, &mut Browser::with_cookie(cookie)));
        answers.collect::<Vec<_>>()
    };
    let same = |answers: &[Answer], status: u16| {
        for (answer, cookie) in answers.iter().zip(&cookies) {
            assert_eq!(answer, &answers[0], "{cookie}");
        }
        assert_eq!(answers[0].status, status);
    };
    same(
        &answers(|app, b| {
            b.ask(app, "GET", async |f| f.identity::<Value>().await.map(|_| String::new()))
        }),
        401,
    );
    same(
        &answers(|app, b| {
            b.ask(app, "GET", async |f| {
                f.require(&ScopeRule::all_of(["user"])).await.map(|()| String::new())
            })
        }),
        401,
    );
    same(
        &answers(|app, b| {
            b.ask(app, "GET", async |f| {
                f.require_fresh(&RequireFresh::by_policy()).await.map(|()| String::new())
            })
        }),
        401,
    );
    same(&answers(|app, browser| browser.logout(app)), 200);
}

/// Everything that shows itself, after a busy life.
fn shown(jam: &Jam, events: &[Event], more: &[String]) -> String {
    let events: Vec<_> = events.iter().map(|event| event.text.as_str()).collect();
    format!(
        "{jam:?} {:?} {} {} {}",
        jam.sessions().unwrap(),
        jam.describe(),
        events.join("\n"),
        more.join("\n")
    )
}

fn assert_shows_none_of(text: &str, secrets: &[String]) {
    for secret in secrets {
        // A good part of one is as bad.
        let part = secret.get(secret.len() / 2..secret.len() / 2 + 12).unwrap_or(secret);
        assert!(!text.contains(part), "{part} shows in:\n{text}");
    }
}

#[test]
fn g52_neither_log_nor_debug_nor_errors_show_an_id_or_what_a_session_holds() {
    let app =
        App::with_policy(policy().max_sessions(MaxSessions::Reject(1)).max_record_bytes(2000));
    let mut secrets =
        vec!["canary-value-of-the-session".to_owned(), "canary-claim-of-alice".to_owned()];
    let mut more = Vec::new();
    let ((), events) = collect(|| {
        let mut browser = Browser::default();
        let keep = |secrets: &mut Vec<String>, browser: &Browser| {
            secrets.push(browser.cookie().unwrap().to_owned());
        };
        browser.set(&app, "k", "canary-value-of-the-session");
        keep(&mut secrets, &browser);
        let login = Login::new("alice").claim("note", "canary-claim-of-alice");
        more.push(format!("{login:?}"));
        browser.login(&app, login);
        keep(&mut secrets, &browser);
        let mut old = browser.clone();
        browser.ask(&app, "POST", async |flow| {
            let session = flow.session()?;
            more.push(format!("{session:?} {flow:?}"));
            let identity = flow.identity::<serde::de::IgnoredAny>().await?;
            more.push(format!("{identity:?} {:?}", session.record().await?));
            more.push(format!("{:?}", session.sessions().await?));
            more.push(format!("{:?}", session.detached().await?));
            let wrong = session.get::<u64>("k").await.unwrap_err();
            more.push(format!("{wrong:?} {wrong}"));
            session.rotate()?;
            Ok(String::new())
        });
        keep(&mut secrets, &browser);
        for name in ["login", "whoami", "logout"] {
            match name {
                "login" => _ = old.login(&app, "alice"),
                "whoami" => _ = old.whoami(&app),
                _ => _ = old.logout(&app),
            }
        }
        browser.set(&app, "k", "canary-value-of-the-session".repeat(100));
        let created = ready(app.jam.create_session("bob")).unwrap();
        more.push(format!("{created:?} {:?}", created.id));
        secrets.push(created.id.expose());
        let error = ready(app.jam.update_session(&created.id, |values| {
            values.set("x", "canary-value-of-the-session")?;
            values.get::<u64>("x").map(drop)
        }));
        more.push(format!("{error:?}"));
        app.store.set_down(true);
        browser.whoami(&app).unwrap_err();
        browser.logout(&app);
        more.push(format!("{:?}", app.jam.sessions().unwrap().last_store_error()));
        app.store.set_down(false);
        app.at(ABSOLUTE);
        browser.whoami(&app).unwrap_err();
    });
    assert!(events.len() > 10 && secrets.len() == 6);
    let text = shown(&app.jam, &events, &more);
    assert_shows_none_of(&text, &secrets);
    // Handles are public, but logs follow sessions by a hash of their own.
    let audit: String = events.iter().map(|event| event.text.clone()).collect();
    for secret in &secrets[2..] {
        assert!(!audit.contains(&secret[..21]), "{audit}");
    }
}

#[test]
fn g52_a_stateless_session_shows_as_little() {
    let secret = "canary-secret-of-the-codec-32-bytes!";
    let clock = ManualClock::new(NOW);
    let codec = SealedCodec::new([secret]).unwrap();
    let shown_codec = format!("{codec:?}");
    let sessions = SessionBackend::stateless(policy(), codec);
    let shown_builder = format!("{sessions:?}");
    let jam = Jam::builder().clock(clock.clone()).session(sessions).build().unwrap();
    let mut cookie = String::new();
    let ((), events) = collect(|| {
        let answer = ready(serve(&jam, &Request::get("/"), async |flow| {
            flow.session()?.set("k", "canary-value-of-the-session")?;
            flow.session()?.login("alice").map(|()| String::new())
        }));
        cookie = answer.set_cookies()[0].split(';').next().unwrap()[11..].to_owned();
        for cookie in [cookie.clone(), cookie.replace('a', "b")] {
            let request = Request::get("/").with("cookie", format!("__Host-jam={cookie}"));
            ready(serve(&jam, &request, async |flow| {
                flow.identity::<Value>().await.map(|_| String::new())
            }));
        }
        clock.advance(seconds(IDLE));
    });
    let secrets = [secret.to_owned(), "canary-value-of-the-session".to_owned(), cookie];
    assert_shows_none_of(&shown(&jam, &events, &[shown_codec, shown_builder]), &secrets);
}

#[test]
fn g53_a_stateless_session_tells_the_same() {
    let clock = ManualClock::new(NOW);
    let codec = SealedCodec::new(["a secret of at least 32 bytes, please"]).unwrap();
    let sessions = SessionBackend::stateless(policy(), codec);
    let jam = Jam::builder().clock(clock.clone()).session(sessions).build().unwrap();
    let app = &App { jam, clock, store: crate::support::Probe::default() };
    let mut browser = Browser::default();
    assert_eq!(audited(|| _ = browser.set(app, "k", 1)), ["session_created"]);
    assert_eq!(audited(|| _ = browser.set(app, "k", 2)), ["accepted"]);
    assert_eq!(audited(|| _ = browser.login(app, "alice")), ["accepted", "logged_in"]);
    assert_eq!(
        audited(|| _ = browser.post(app, async |s| s.rotate())),
        ["accepted", "session_rotated"]
    );
    let mut old = browser.clone();
    assert_eq!(audited(|| _ = browser.logout(app)), ["accepted", "session_ended"]);
    app.at(IDLE);
    assert_eq!(audited(|| _ = old.whoami(app)), ["refused:expired"]);
    let forged = Browser::with_cookie(&old.cookie().unwrap().replacen('a', "b", 1)).whoami(app);
    assert_eq!(forged, Err(401));
}
