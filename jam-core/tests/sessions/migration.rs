//! From the sessions of a Python service to one's own, and back.

use jam_core::clock::ManualClock;
use jam_core::codec::SealedCodec;
use jam_core::session::{
    LegacyMode, Login, MigrationCounts, Outage, SessionBackend, SessionBackendBuilder,
};
use jam_core::{ErrorKind, Jam};
use serde_json::{Value, json};

use super::legacy::{dict, from_python, starlette};
use crate::support::{ABSOLUTE, App, Browser, NOW, Probe, collect, policy, ready, seconds, serve};
use LegacyMode::{WriteNew, WriteOld};

const CLEARED_OLD: &str =
    "session=null; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax";
const ALICE: &str = r#"{"user": "alice", "cart": [1]}"#;

/// One store and one clock, under each mode and without `legacy`.
struct Stages {
    store: Probe,
    clock: ManualClock,
}

impl Stages {
    fn new() -> Self {
        Self { store: Probe::default(), clock: ManualClock::new(NOW) }
    }

    fn app(&self, with: impl FnOnce(SessionBackendBuilder) -> SessionBackendBuilder) -> App {
        let backend = with(SessionBackend::builder(policy(), self.store.clone()));
        let jam = Jam::builder().clock(self.clock.clone()).session(backend).build().unwrap();
        App { jam, clock: self.clock.clone(), store: self.store.clone() }
    }

    fn mode(&self, mode: LegacyMode) -> App {
        self.app(|backend| backend.legacy(starlette(), mode))
    }

    fn new_only(&self) -> App {
        self.app(|backend| backend)
    }
}

fn counts(app: &App) -> MigrationCounts {
    app.jam.sessions().unwrap().migration().unwrap()
}

fn names(browser: &Browser) -> Vec<String> {
    browser.jar.keys().cloned().collect()
}

fn live(app: &App) -> usize {
    ready(app.jam.sessions_of("alice")).unwrap().len()
}

#[test]
fn each_mode_knows_the_sessions_of_both_formats_and_reads_write_nothing() {
    let stages = Stages::new();
    let new = Browser::logged_in(&stages.new_only(), "alice");
    for mode in [WriteOld, WriteNew] {
        let app = stages.mode(mode);
        for mut browser in [new.clone(), from_python(ALICE, 0)] {
            let before = browser.jar.clone();
            assert_eq!(browser.whoami(&app), Ok("alice".into()), "{mode:?}");
            browser.get(&app, "cart");
            assert_eq!(browser.jar, before, "{mode:?}");
        }
        let counts = counts(&app);
        assert_eq!((counts.read_old, counts.read_new), (2, 2));
        assert_eq!((counts.moved_to_old, counts.moved_to_new), (0, 0));
    }
    assert_eq!(from_python(ALICE, 0).maybe(&stages.new_only()), Ok(None));
    assert_eq!(stages.new_only().jam.sessions().unwrap().migration(), None);
}

#[test]
fn write_new_moves_a_session_at_its_next_write_and_takes_the_old_cookie_back() {
    let stages = Stages::new();
    let app = stages.mode(WriteNew);
    app.at(100);
    let mut browser = from_python(ALICE, 0);
    let answer = browser.set(&app, "k", 1);
    assert_eq!(answer.set_cookies().len(), 2);
    assert_eq!(answer.set_cookies()[1], CLEARED_OLD);
    assert_eq!(names(&browser), ["__Host-jam"]);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    assert_eq!(browser.get(&app, "cart"), json!([1]));
    assert_eq!(browser.get(&app, "user"), "alice");
    assert_eq!(counts(&app).moved_to_new, 1);
    let later = stages.new_only();
    assert_eq!((browser.whoami(&later), browser.get(&later, "k")), (Ok("alice".into()), json!(1)));
    // It began when Python signed it, and ends accordingly.
    let record = ready(later.jam.get_session(&browser.id())).unwrap().unwrap();
    assert_eq!(record.created(), seconds(NOW));
    assert_eq!(record.absolute_end(), seconds(NOW + ABSOLUTE));
    browser.set(&app, "k", 2);
    assert_eq!(counts(&app).moved_to_new, 1, "moved once");
}

#[test]
fn write_new_moves_a_session_at_a_login() {
    let stages = Stages::new();
    let app = stages.mode(WriteNew);
    let mut browser = from_python(r#"{"cart": [1]}"#, 0);
    let answer = browser.post(&app, async |session| {
        session.login(Login::new("alice").scopes(["user"]))?;
        session.save().await?;
        session.set("k", &1)
    });
    assert_eq!(
        (answer.status, names(&browser)),
        (200, vec!["__Host-jam".to_owned()]),
        "{answer:?}"
    );
    assert_eq!(browser.get(&app, "cart"), json!([1]), "an anonymous session's own data is kept");
    let mut browser = from_python(r#"{"user": "bob", "cart": [1]}"#, 0);
    browser.login(&app, "alice");
    assert_eq!(
        (names(&browser), browser.get(&app, "cart")),
        (vec!["__Host-jam".to_owned()], Value::Null)
    );
    // Nobody keeps a cookie that cannot be read, either.
    let mut browser = from_python(ALICE, 5);
    browser.login(&app, "alice");
    assert_eq!(names(&browser), ["__Host-jam"]);
}

#[test]
fn write_old_keeps_a_session_where_python_reads_it_and_brings_new_ones_back() {
    let stages = Stages::new();
    let app = stages.mode(WriteOld);
    let mut browser = Browser::default();
    browser.login(&app, Login::new("alice").scopes(["user"]));
    assert_eq!(
        (names(&browser), &dict(&browser, 0)["user"]),
        (vec!["session".to_owned()], &json!("alice"))
    );
    assert_eq!(app.store.calls(), [], "the store has no part in it");

    let login = Login::new("alice").scopes(["user"]).methods(["pwd"]).claim("name", "Alice");
    let mut browser = Browser::logged_in(&stages.new_only(), login);
    browser.set(&stages.new_only(), "cart", json!([1]));
    let id = browser.id();
    app.at(100);
    let (answer, events) = collect(|| browser.set(&app, "k", 1));
    assert_eq!(answer.set_cookies().len(), 2, "{answer:?}");
    assert_eq!(names(&browser), ["session"]);
    assert_eq!(
        dict(&browser, 100),
        json!({
            "cart": [1], "k": 1, "user": "alice", "sub": "alice", "scope": "user", "auth_time": NOW, "amr": ["pwd"],
            "name": "Alice", "_jam": { "iat": NOW, "end": NOW + ABSOLUTE }
        })
    );
    assert_eq!((browser.whoami(&app), live(&app)), (Ok("alice".into()), 0));
    assert_eq!(ready(app.jam.get_session(&id)).unwrap().map(|_| ()), None, "it is over there");
    assert_eq!(counts(&app).moved_to_old, 1);
    let told = events.iter().find(|event| event.text.contains("moved to another format"));
    assert!(told.unwrap().text.contains(r#"to="starlette""#), "{events:?}");
    assert!(!events.iter().any(|event| event.text.contains("Alice")), "{events:?}");
}

#[test]
fn there_and_back_loses_nothing() {
    let stages = Stages::new();
    let (old, new) = (stages.mode(WriteOld), stages.mode(WriteNew));
    let mut browser = from_python(r#"{"user": {"id": 7}, "role": "x", "n": 1}"#, 0);
    let before = dict(&browser, 0);
    browser.set(&new, "n", 2);
    browser.set(&new, "role", "y");
    browser.set(&old, "m", 3);
    let mut expected = before;
    for (name, value) in [("n", json!(2)), ("m", json!(3)), ("role", json!("y"))] {
        expected[name] = value;
    }
    assert_eq!(dict(&browser, 0), expected);
    assert_eq!(browser.maybe(&old), Ok(Some(r#"{"id": 7}"#.into())));
}

#[test]
fn g20_values_of_the_new_format_say_nobody_s_name_in_the_old_one() {
    let stages = Stages::new();
    let (old, new) = (stages.mode(WriteOld), stages.mode(WriteNew));
    let mut anonymous = Browser::default();
    let mut alice = Browser::logged_in(&new, "alice");
    for browser in [&mut anonymous, &mut alice] {
        for name in ["user", "sub", "scope", "_jam"] {
            assert_eq!(browser.set(&new, name, "bob").status, 200, "apart there");
        }
        assert_eq!(browser.set(&old, "k", 1).status, 200);
        assert_eq!(names(browser), ["session"]);
    }
    assert_eq!(dict(&anonymous, 0), json!({ "k": 1 }));
    let read = dict(&alice, 0);
    assert_eq!((&read["user"], &read["sub"]), (&json!("alice"), &json!("alice")));
    assert_eq!((&read["scope"], alice.whoami(&old)), (&Value::Null, Ok("alice".into())));
}

#[test]
fn a_logout_ends_and_clears_both() {
    for mode in [WriteOld, WriteNew] {
        let stages = Stages::new();
        let app = stages.mode(mode);
        let mut both = Browser::logged_in(&stages.new_only(), "alice");
        both.jar.extend(from_python(ALICE, 0).jar);
        let answer = both.logout(&app);
        assert_eq!((answer.status, answer.set_cookies().len()), (200, 2), "{mode:?}");
        assert_eq!((both.jar.len(), live(&app)), (0, 0), "{mode:?}");
        let mut old = from_python(ALICE, 0);
        assert_eq!(old.logout(&app).status, 200);
        assert_eq!(old.jar.len(), 0);
    }
}

#[test]
fn a_login_leaves_one_credential() {
    for (mode, name, kept) in [(WriteOld, "session", 0), (WriteNew, "__Host-jam", 1)] {
        let stages = Stages::new();
        let app = stages.mode(mode);
        let mut both = Browser::logged_in(&stages.new_only(), "alice");
        both.jar.extend(from_python(ALICE, 0).jar);
        assert_eq!(both.login(&app, "alice").status, 200);
        assert_eq!((names(&both), live(&app)), (vec![name.to_owned()], kept), "{mode:?}");
    }
}

#[test]
fn whoever_is_logged_in_at_one_service_is_known_beside_a_nameless_session_of_the_other() {
    let stages = Stages::new();
    let app = stages.mode(WriteNew);
    let mut browser = Browser::default();
    browser.set(&app, "k", 1);
    assert_eq!(names(&browser), ["__Host-jam"]);
    // He logs in at the Python service, which knows nothing of the other cookie.
    browser.jar.extend(from_python(ALICE, 0).jar);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    browser.set(&app, "k", 2);
    assert_eq!((names(&browser), stages.store.len()), (vec!["__Host-jam".to_owned()], 1));
    assert_eq!((browser.whoami(&app), browser.get(&app, "cart")), (Ok("alice".into()), json!([1])));

    // And back, where Python has begun a nameless one meanwhile.
    let app = stages.mode(WriteOld);
    browser.jar.extend(from_python(r#"{"hint": 1}"#, 0).jar);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    browser.set(&app, "k", 3);
    assert_eq!((names(&browser), stages.store.len()), (vec!["session".to_owned()], 0));
    assert_eq!(browser.whoami(&app), Ok("alice".into()));

    // Nameless ones only: the one that is written counts.
    let mut browser = Browser::default();
    browser.set(&stages.new_only(), "k", "new");
    browser.jar.extend(from_python(r#"{"k": "old"}"#, 0).jar);
    assert_eq!(browser.get(&stages.mode(WriteNew), "k"), "new");
    assert_eq!(browser.get(&stages.mode(WriteOld), "k"), "old");
}

#[test]
fn a_use_is_written_down_where_the_session_stands() {
    let stages = Stages::new();
    for mode in [WriteOld, WriteNew] {
        let app = stages.mode(mode);
        app.at(0);
        let mut browser = from_python(ALICE, 0);
        app.at(60);
        assert_eq!(browser.whoami(&app), Ok("alice".into()));
        assert_eq!(names(&browser), ["session"]);
        assert_eq!(dict(&browser, 60)["_jam"], json!({ "iat": NOW, "end": NOW + ABSOLUTE }));
        let mut new = Browser::logged_in(&stages.new_only(), "alice");
        let before = new.jar.clone();
        app.at(120);
        assert_eq!((new.whoami(&app), new.jar == before), (Ok("alice".into()), true));
    }
}

#[test]
fn what_does_not_fit_into_the_old_cookie_stays_whole_in_the_store() {
    let stages = Stages::new();
    let app = stages.mode(WriteOld);
    let mut browser = Browser::logged_in(&stages.new_only(), "alice");
    browser.set(&stages.new_only(), "big", "x".repeat(5000));
    let answer = browser.set(&app, "k", 1);
    assert_eq!((answer.status, answer.set_cookies().len()), (413, 0));
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    assert_eq!(browser.get(&app, "k"), Value::Null);
}

#[test]
fn g07_of_two_requests_that_move_a_session_out_one_wins() {
    let stages = Stages::new();
    let app = stages.mode(WriteOld);
    let mut first = Browser::logged_in(&stages.new_only(), "alice");
    let mut second = first.clone();
    // The second one has read the session before the first one moves it.
    let answer = second.post(&app, async |session| {
        session.record().await?;
        assert_eq!(first.set(&app, "a", 1).status, 200);
        session.set("b", &2)
    });
    assert_eq!((answer.status, answer.set_cookies().len()), (401, 0), "{answer:?}");
    assert_eq!(first.get(&app, "a"), 1);
}

#[test]
fn a_store_that_is_down_is_503_and_moves_nothing() {
    let stages = Stages::new();
    let (old, new) = (stages.mode(WriteOld), stages.mode(WriteNew));
    let mut browser = Browser::logged_in(&stages.new_only(), "alice");
    let mut pythons = from_python(ALICE, 0);
    stages.store.set_down(true);
    assert_eq!(browser.set(&old, "k", 1).status, 503);
    assert_eq!(pythons.whoami(&old), Ok("alice".into()), "nobody asks the store about it");
    stages.store.set_down(false);
    stages.store.set_down(true);
    let answer = pythons.set(&new, "k", 1);
    assert_eq!((answer.status, names(&pythons)), (503, vec!["session".to_owned()]));
    stages.store.set_down(false);
    assert_eq!(pythons.set(&new, "k", 1).status, 200);
}

#[test]
fn a_store_that_goes_down_in_the_midst_of_a_move_logs_nobody_out() {
    let stages = Stages::new();
    let app = stages.mode(WriteOld);
    let mut browser = Browser::logged_in(&stages.new_only(), "alice");
    // Loaded, swapped, and then it is gone.
    let store = stages.store.clone();
    stages.store.before(2, move || store.set_down(true));
    let answer = browser.set(&app, "k", 1);
    assert_eq!((answer.status, stages.store.is_waiting()), (200, false));
    assert_eq!(
        (names(&browser), dict(&browser, 0)["k"].clone()),
        (vec!["session".to_owned()], json!(1))
    );
}

#[test]
fn a_logout_is_503_where_the_store_cannot_end_the_other_session() {
    for outage in [Outage::Deny, Outage::Anonymous] {
        let stages = Stages::new();
        let clock = stages.clock.clone();
        let backend = SessionBackend::builder(policy().outage(outage), stages.store.clone());
        let jam =
            Jam::builder().clock(clock.clone()).session(backend.legacy(starlette(), WriteOld));
        let app = App { jam: jam.build().unwrap(), clock, store: stages.store.clone() };
        let mut both = Browser::logged_in(&stages.new_only(), "alice");
        both.jar.extend(from_python(ALICE, 0).jar);
        stages.store.set_down(true);
        let answer = both.logout(&app);
        assert_eq!((answer.status, answer.set_cookies().len()), (503, 0), "{outage:?}");
        stages.store.set_down(false);
        assert_eq!((both.logout(&app).status, live(&app)), (200, 0));
    }
}

#[test]
fn g49_a_write_that_another_site_s_page_sent_along_with_the_old_cookie_is_refused() {
    let stages = Stages::new();
    for app in [stages.mode(WriteOld), stages.mode(WriteNew)] {
        let browser = from_python(ALICE, 0);
        let request = browser.request("POST").with("sec-fetch-site", "cross-site");
        let answer = ready(serve(&app.jam, &request, async |_| Ok(String::new())));
        assert_eq!(answer.status, 403);
    }
}

#[test]
fn sealed_sessions_move_both_ways() {
    let clock = ManualClock::new(NOW);
    let app = |mode| {
        let codec = SealedCodec::new(["a secret of at least 32 bytes, please"]).unwrap();
        let backend = SessionBackend::stateless(policy(), codec).legacy(starlette(), mode);
        let jam = Jam::builder().clock(clock.clone()).session(backend).build().unwrap();
        App { jam, clock: clock.clone(), store: Probe::default() }
    };
    let (old, new) = (app(WriteOld), app(WriteNew));
    let mut browser = from_python(ALICE, 0);
    browser.set(&new, "k", 1);
    assert_eq!(
        (names(&browser), browser.get(&new, "cart")),
        (vec!["__Host-jam".to_owned()], json!([1]))
    );
    browser.set(&old, "k", 2);
    assert_eq!(names(&browser), ["session"]);
    assert_eq!(dict(&browser, 0), json!({ "user": "alice", "cart": [1], "k": 2 }));
    assert_eq!((counts(&old).moved_to_old, counts(&new).moved_to_new), (1, 1));
    assert_eq!(browser.logout(&old).status, 200);
    assert_eq!(browser.jar.len(), 0);
}

#[test]
fn what_the_old_format_cannot_do_is_refused_and_what_moves_can() {
    let stages = Stages::new();
    let (old, new) = (stages.mode(WriteOld), stages.mode(WriteNew));
    let mut browser = from_python(ALICE, 0);
    assert_eq!(browser.post(&old, async |s| s.sessions().await.map(|_| ())).status, 501);
    assert_eq!(browser.post(&old, async |s| s.revoke_others().await.map(|_| ())).status, 501);
    assert_eq!(browser.post(&new, async |s| s.revoke_others().await.map(|_| ())).status, 200);
    assert_eq!(names(&browser), ["__Host-jam"]);
    assert_eq!(browser.post(&old, async |s| s.sessions().await.map(|_| ())).status, 200);
    let mut browser = from_python(ALICE, 0);
    assert_eq!(browser.post(&old, async |s| s.detached().await.map(|_| ())).status, 501);
    let answer = browser.post(&new, async |session| {
        let detached = session.detached().await?.unwrap();
        assert_eq!(detached.get::<Value>("cart").await?, Some(json!([1])));
        Ok(())
    });
    assert_eq!((answer.status, names(&browser)), (200, vec!["__Host-jam".to_owned()]));
    ready(old.jam.clear_sessions("alice")).unwrap();
    let mut browser = from_python(ALICE, 0);
    browser.post(&new, async |session| session.rotate());
    // Outside of requests, the verbs are the store's in each mode.
    let made = ready(old.jam.create_session("alice")).unwrap();
    assert!(ready(old.jam.get_session(&made.id)).unwrap().is_some());
    ready(old.jam.update_session(&made.id, |values| values.set("k", &1))).unwrap();
    assert_eq!(live(&old), 2);
}

#[test]
fn two_formats_in_one_place_and_two_legacy_stores_are_refused() {
    let build = |backend: SessionBackendBuilder| Jam::builder().session(backend).build();
    let twice =
        SessionBackend::legacy(policy(), starlette()).unwrap().legacy(starlette(), WriteNew);
    assert_eq!(build(twice).unwrap_err().kind(), ErrorKind::InvalidConfig);
    let cookie =
        jam_core::python::starlette::StarletteCookie::builder("__Host-jam").build().unwrap();
    let backend = SessionBackend::builder(policy(), Probe::default());
    let error = build(backend.legacy(starlette().cookie(cookie), WriteNew)).unwrap_err();
    assert!(error.to_string().contains("give each a place of its own"), "{error}");
}
