//! How long a session lives: idle and absolute end, and that nothing moves the latter.

use std::time::Duration;

use jam_core::ErrorKind;
use jam_core::session::{
    Call, Inserted, Login, MaxSessions, MemoryStore, Outage, Owner, SessionBackend, SessionPolicy,
    SessionStore, Undecodable, Upstream,
};
use jam_core::{Error, Jam};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{ABSOLUTE, App, Browser, IDLE, NOW, Probe, Verb, policy, ready, seconds};

#[test]
fn g01_the_policy_in_force_is_told_as_json() {
    let policy = policy()
        .max_sessions(MaxSessions::EvictOldest(5))
        .fresh_for(seconds(120))
        .touch_interval(seconds(30))
        .outage(Outage::ServeStale(seconds(20)))
        .undecodable(Undecodable::DropKey);
    let described = App::with_policy(policy).jam.describe();
    let session = &described["session"];
    for (name, value) in [
        ("idle_timeout_seconds", json!(IDLE)),
        ("absolute_timeout_seconds", json!(ABSOLUTE)),
        ("touch_interval_seconds", json!(30.0)),
        ("fresh_seconds", json!(120)),
        ("max_sessions", json!({ "evict_oldest": 5 })),
        ("undecodable", json!("drop_key")),
        ("outage", json!({ "serve_stale_seconds": 20 })),
        ("cache_seconds", json!(20)),
        ("max_record_bytes", json!(65_536)),
        ("store_timeout_ms", json!(250)),
        ("store", json!("probe")),
        ("durable", json!(false)),
    ] {
        assert_eq!(session[name], value, "{name}");
    }
    assert!(session["renewal"].as_str().unwrap().contains("absolute end never moves"));
}

fn refused(policy: SessionPolicy) -> Error {
    let sessions = SessionBackend::builder(policy, Probe::default());
    Jam::builder().session(sessions).build().unwrap_err()
}

#[test]
fn g01_g08_a_policy_that_contradicts_itself_is_refused() {
    let new = |idle: f64, absolute: f64| {
        SessionPolicy::new(Duration::from_secs_f64(idle), Duration::from_secs_f64(absolute))
    };
    for policy in [
        new(0.0, 100.0),
        new(100.0, 0.0),
        new(0.5, 100.0),
        new(10.5, 100.0),
        new(10.0, 100.5),
        new(10.0, 1e13),
        new(100.0, 1000.0).touch_interval(seconds(50)),
        new(100.0, 1000.0).touch_interval(Duration::MAX),
        new(100.0, 1000.0).max_sessions(MaxSessions::Reject(0)),
        new(100.0, 1000.0).max_sessions(MaxSessions::EvictIdlest(0)),
        new(100.0, 1000.0).max_record_bytes(10),
        new(100.0, 1000.0).store_timeout(Duration::ZERO),
        new(100.0, 1000.0).outage(Outage::ServeStale(Duration::ZERO)),
    ] {
        let text = format!("{policy:?}");
        assert_eq!(refused(policy).kind(), ErrorKind::InvalidConfig, "{text}");
    }
    let half = new(100.0, 1000.0).touch_interval(Duration::from_millis(49_999));
    assert!(
        Jam::builder().session(SessionBackend::builder(half, Probe::default())).build().is_ok()
    );
}

#[test]
fn g08_a_session_lives_a_second_before_its_idle_end_and_not_a_second_after() {
    for (after, lives) in [(IDLE - 1, true), (IDLE, false), (IDLE + 1, false)] {
        let app = App::new();
        let mut browser = Browser::logged_in(&app, "alice");
        app.at(after);
        assert_eq!(browser.whoami(&app).is_ok(), lives, "{after}");
        assert!(browser.cookie().is_some(), "a dead session clears no cookie");
    }
}

#[test]
fn g08_the_idle_end_counts_from_the_last_use_that_was_written_down() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    // Too soon to be written down.
    app.at(59);
    assert!(browser.whoami(&app).is_ok());
    app.at(IDLE);
    assert!(browser.whoami(&app).is_err());

    let mut browser = Browser::logged_in(&app, "alice");
    for _ in 0..20 {
        app.clock.advance(seconds(IDLE - 1));
        app.store.calls();
        assert!(browser.whoami(&app).is_ok());
        assert_eq!(app.store.calls(), [Verb::Load, Verb::Touch]);
        assert!(browser.whoami(&app).is_ok());
        assert_eq!(app.store.calls(), [Verb::Load], "touched already");
    }
    app.clock.advance(seconds(IDLE));
    assert!(browser.whoami(&app).is_err());
}

#[test]
fn g08_a_write_is_a_use() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    app.at(30);
    browser.set(&app, "k", 1);
    app.at(30 + IDLE - 1);
    assert!(browser.whoami(&app).is_ok());
}

#[test]
fn g08_a_touch_that_comes_too_late_revives_nothing() {
    let (store, scratch) = (MemoryStore::new(), App::new());
    let created = ready(scratch.jam.create_session("alice")).unwrap();
    let call = |after| Call { now: seconds(NOW + after), time_left: seconds(1) };
    let put =
        store.insert(call(0), created.handle(), created.record.clone(), MaxSessions::Unlimited);
    assert!(matches!(ready(put), Ok(Inserted::Stored { .. })));
    let read = ready(store.load(call(IDLE - 1), created.handle())).unwrap().unwrap();
    ready(store.touch(call(IDLE), created.handle(), &read)).unwrap();
    assert!(ready(store.load(call(IDLE), created.handle())).unwrap().is_none());
    assert!(ready(store.load(call(1), created.handle())).unwrap().is_some(), "nothing was moved");
}

#[test]
fn g12_a_touch_that_was_overtaken_by_a_login_leaves_no_session_that_nobody_can_revoke() {
    let (store, scratch) = (MemoryStore::new(), App::new());
    let call = |after| Call { now: seconds(NOW + after), time_left: seconds(1) };
    let [one, other] = [0, IDLE].map(|after| {
        scratch.at(after);
        ready(scratch.jam.create_session("alice")).unwrap()
    });
    let limit = MaxSessions::EvictOldest(5);
    let put = store.insert(call(0), one.handle(), one.record.clone(), limit);
    assert!(matches!(ready(put), Ok(Inserted::Stored { .. })));
    let read = ready(store.load(call(IDLE - 1), one.handle())).unwrap().unwrap();
    // It was used in time. A login comes in between that thinks it over.
    let put = store.insert(call(IDLE), other.handle(), other.record.clone(), limit);
    assert!(matches!(ready(put), Ok(Inserted::Stored { .. })));
    ready(store.touch(call(IDLE - 1), one.handle(), &read)).unwrap();
    assert!(ready(store.load(call(IDLE), one.handle())).unwrap().is_some());
    let ended = ready(store.remove_all(call(IDLE), Owner::Subject("alice"), None)).unwrap();
    assert_eq!(ended.len(), 2);
    assert!(ready(store.load(call(IDLE), one.handle())).unwrap().is_none());
}

#[test]
fn g09_the_absolute_end_comes_however_much_a_session_is_used() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    for after in (0..ABSOLUTE).step_by(1000) {
        app.at(after);
        assert!(browser.whoami(&app).is_ok(), "{after}");
        browser.set(&app, "k", after);
        browser.post(&app, async |session| session.rotate());
    }
    app.at(ABSOLUTE - 1);
    assert!(browser.whoami(&app).is_ok());
    app.at(ABSOLUTE);
    assert_eq!(browser.whoami(&app), Err(401));
}

#[test]
fn g09_logging_in_again_keeps_the_end_and_another_subject_gets_his_own() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    app.at(1000);
    browser.login(&app, Login::new("alice").remember(seconds(90 * 24 * 3600)));
    let ends = |app: &App, browser: &Browser| {
        let record = ready(app.jam.get_session(&browser.id())).unwrap().unwrap();
        record.absolute_end().as_secs() - NOW
    };
    assert_eq!(ends(&app, &browser), ABSOLUTE);
    browser.login(&app, "alice");
    assert_eq!(ends(&app, &browser), ABSOLUTE);
    browser.login(&app, "bob");
    assert_eq!(ends(&app, &browser), 1000 + ABSOLUTE);
    // "Remember me" at the first login is its own end, and that one stays too.
    let mut browser = Browser::logged_in(&app, Login::new("alice").remember(seconds(500_000)));
    app.at(2000);
    browser.login(&app, Login::new("alice").remember(seconds(500_000)));
    assert_eq!(ends(&app, &browser), 501_000);
}

#[test]
fn g09_an_end_beyond_what_a_record_can_hold_comes_early_and_not_at_once() {
    for lifetime in
        [Duration::from_secs(1 << 40), Duration::from_secs((1 << 40) + 5), Duration::MAX]
    {
        let app = App::new();
        let mut browser = Browser::logged_in(&app, Login::new("alice").remember(lifetime));
        assert!(browser.whoami(&app).is_ok(), "{lifetime:?}");
    }
}

#[test]
fn g19_a_session_ends_with_the_upstream_login_it_rests_on() {
    let upstream = |auth_time| Upstream {
        issuer: "https://op.example".into(),
        session_id: "s1".into(),
        auth_time: seconds(auth_time),
    };
    let app = App::new();
    let login = Login::new("alice").upstream(upstream(NOW - 500), Some(seconds(600)));
    let mut browser = Browser::logged_in(&app, login);
    app.at(99);
    assert!(browser.whoami(&app).is_ok());
    app.at(100);
    assert_eq!(browser.whoami(&app), Err(401));
    // The policy's own end still holds where it comes first.
    let login = Login::new("alice").upstream(upstream(NOW + 100), Some(seconds(1_000_000)));
    let browser = Browser::logged_in(&app, login);
    let record = ready(app.jam.get_session(&browser.id())).unwrap().unwrap();
    assert_eq!(record.absolute_end(), seconds(NOW + 100 + ABSOLUTE));
}

#[test]
fn g09_an_absolute_end_may_come_before_any_disuse() {
    let app = App::with_policy(SessionPolicy::new(seconds(1800), seconds(3)));
    let mut browser = Browser::logged_in(&app, "alice");
    app.at(2);
    assert_eq!(browser.whoami(&app), Ok("alice".to_owned()));
    app.at(3);
    assert_eq!(browser.whoami(&app), Err(401));
}

#[derive(Clone, Debug)]
enum Deed {
    Read,
    Set,
    Rotate,
    LoginAgain,
    LoginAsAnother,
    Remember(u64),
    Grant,
    RevokeOthers,
    Save,
    /// Two tabs write at once.
    Merge,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        Just(Deed::Read),
        Just(Deed::Set),
        Just(Deed::Rotate),
        Just(Deed::LoginAgain),
        Just(Deed::LoginAsAnother),
        (1_u64..10_000_000).prop_map(Deed::Remember),
        Just(Deed::Grant),
        Just(Deed::RevokeOthers),
        Just(Deed::Save),
        Just(Deed::Merge),
    ]
}

/// Short ones as a rule, and those that end at the very second of disuse, or beside it.
fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..700, 1 => IDLE - 1..IDLE + 2, 1 => 0..2 * IDLE]
}

/// What a session's times are to be, in seconds after [`NOW`].
#[derive(Debug)]
struct Times {
    subject: String,
    created: u64,
    end: u64,
    idle: u64,
    last_seen: u64,
}

impl Times {
    fn of_login(subject: &str, now: u64) -> Self {
        let subject = subject.to_owned();
        Self { subject, created: now, end: now + ABSOLUTE, idle: IDLE, last_seen: now }
    }

    fn ends_at(&self) -> u64 {
        self.end.min(self.last_seen + self.idle)
    }

    /// What a deed at this time leaves of them. Whatever reads the session may record a use, what
    /// writes it does.
    fn apply(&mut self, deed: &Deed, now: u64) {
        let touch_every = 60;
        let reads = matches!(deed, Deed::Read);
        if !reads || now - self.last_seen >= touch_every {
            self.last_seen = now;
        }
        match deed {
            Deed::LoginAgain => self.idle = IDLE,
            Deed::Remember(lifetime) => self.idle = *lifetime,
            Deed::LoginAsAnother => *self = Self::of_login(&self.another(), now),
            _ => {}
        }
    }

    fn another(&self) -> String {
        if self.subject == "alice" { "bob" } else { "alice" }.to_owned()
    }
}

fn act(app: &App, browser: &mut Browser, deed: &Deed, times: &Times, now: u64) -> u16 {
    let mut tab = browser.clone();
    let answer = browser.post(app, async |session| match deed {
        Deed::Read => session.get::<u64>("k").await.map(drop),
        Deed::Set => session.set("k", &now),
        Deed::Rotate => session.rotate(),
        Deed::LoginAgain => session.login(&times.subject),
        Deed::LoginAsAnother => session.login(times.another()),
        Deed::Remember(lifetime) => {
            session.login(Login::new(&times.subject).remember(seconds(*lifetime)))
        }
        Deed::Grant => session.grant(["admin"]),
        Deed::RevokeOthers => session.revoke_others().await.map(drop),
        Deed::Save => {
            session.set("s", &now)?;
            session.save().await?;
            session.rotate()
        }
        Deed::Merge => {
            session.get::<u64>("mine").await?;
            assert_eq!(tab.set(app, "theirs", now).status, 200);
            session.set("mine", &now)
        }
    });
    answer.status
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn g08_g09_a_session_ends_when_it_is_to_end_whatever_was_done_with_it(
        deeds in prop::collection::vec((pause(), deed()), 1..60),
        begins_anonymous in any::<bool>(),
    ) {
        let app = App::new();
        let mut browser = Browser::default();
        if begins_anonymous {
            browser.set(&app, "cart", 1);
        }
        browser.login(&app, "alice");
        let (mut times, mut now) = (Times::of_login("alice", 0), 0);
        for (pause, deed) in &deeds {
            now += pause;
            app.at(now);
            if now >= times.ends_at() {
                prop_assert_eq!(browser.whoami(&app), Err(401), "{:?}", times);
                return Ok(());
            }
            prop_assert_eq!(act(&app, &mut browser, deed, &times, now), 200, "{:?}", deed);
            times.apply(deed, now);
            let record = ready(app.jam.get_session(&browser.id())).unwrap().expect("it lives");
            prop_assert_eq!(record.subject(), Some(&*times.subject));
            prop_assert_eq!(record.created(), seconds(NOW + times.created), "{:?}", deed);
            prop_assert_eq!(record.absolute_end(), seconds(NOW + times.end), "{:?}", deed);
            prop_assert_eq!(record.expires_at(), seconds(NOW + times.ends_at()), "{:?}", deed);
        }
        app.at(times.ends_at());
        prop_assert_eq!(browser.whoami(&app), Err(401));
    }
}
