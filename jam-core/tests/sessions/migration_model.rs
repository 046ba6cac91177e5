//! Whatever order a Python service, this one and the modes come in, a session is what a model says.

use std::collections::BTreeMap;

use jam_core::Jam;
use jam_core::clock::ManualClock;
use jam_core::flow::Flow;
use jam_core::session::{LegacyMode, SessionBackend, SessionBackendBuilder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::legacy::{dict, from_python, starlette};
use crate::support::{
    ABSOLUTE, App, Browser, NOW, Probe, Stepped, drive, every_order, policy, seconds, serve,
};

const NAMES: [&str; 3] = ["a", "b", "cart"];

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Set(usize, usize, u8),
    Remove(usize, usize),
    Login(usize, &'static str),
    Logout(usize),
    /// Python changes a value and signs anew, where it knows the session.
    Python(usize, u8),
}

fn step() -> impl Strategy<Value = Step> {
    // In the old mode or in the new one.
    let mode = 0..2_usize;
    let name = 0..NAMES.len();
    prop_oneof![
        3 => (0..900_u64).prop_map(Step::Wait),
        4 => (mode.clone(), name.clone(), any::<u8>()).prop_map(|(m, n, v)| Step::Set(m, n, v)),
        1 => (mode.clone(), name.clone()).prop_map(|(m, n)| Step::Remove(m, n)),
        2 => (mode.clone(), prop_oneof![Just("alice"), Just("bob")]).prop_map(|(m, s)| Step::Login(m, s)),
        1 => mode.prop_map(Step::Logout),
        3 => (name, any::<u8>()).prop_map(|(n, v)| Step::Python(n, v)),
    ]
}

/// What the session is to be.
#[derive(Default)]
struct Model {
    subject: Option<&'static str>,
    end: u64,
    values: BTreeMap<&'static str, u8>,
}

impl Model {
    fn login(&mut self, subject: &'static str, now: u64) {
        if self.subject != Some(subject) {
            if self.subject.is_some() {
                self.values.clear();
            }
            self.end = now + ABSOLUTE;
        }
        self.subject = Some(subject);
    }
}

fn apps() -> [App; 2] {
    let (store, clock) = (Probe::default(), ManualClock::new(NOW));
    [LegacyMode::WriteOld, LegacyMode::WriteNew].map(|mode| {
        let backend = SessionBackend::builder(policy(), store.clone()).legacy(starlette(), mode);
        let jam = Jam::builder().clock(clock.clone()).session(backend).build().unwrap();
        App { jam, clock: clock.clone(), store: store.clone() }
    })
}

fn check(app: &App, browser: &mut Browser, model: &Model, step: &Step) {
    assert_eq!(browser.maybe(app).unwrap().as_deref(), model.subject, "{step:?}");
    for name in NAMES {
        let expected = model.values.get(name).map_or(Value::Null, |value| json!(value));
        assert_eq!(browser.get(app, name), expected, "{step:?} {name}");
    }
    if model.subject.is_some() {
        let mut end = None;
        browser.ask(app, "GET", async |flow| {
            end = flow.session()?.record().await?.map(|record| record.absolute_end());
            Ok(String::new())
        });
        assert_eq!(end, Some(seconds(NOW + model.end)), "{step:?}");
    }
}

proptest! {
    #[test]
    fn g09_a_session_is_the_same_on_whichever_way_it_went(
        steps in proptest::collection::vec(step(), 1..40)
    ) {
        let apps = apps();
        let (mut browser, mut model, mut now) = (Browser::default(), Model::default(), 0);
        for step in &steps {
            match *step {
                Step::Wait(passed) => {
                    now += passed;
                    apps[0].at(now);
                }
                Step::Set(mode, name, value) => {
                    prop_assert_eq!(browser.set(&apps[mode], NAMES[name], value).status, 200);
                    model.values.insert(NAMES[name], value);
                }
                Step::Remove(mode, name) => {
                    browser.post(&apps[mode], async |session| session.remove(NAMES[name]));
                    model.values.remove(NAMES[name]);
                }
                Step::Login(mode, subject) => {
                    prop_assert_eq!(browser.login(&apps[mode], subject).status, 200);
                    model.login(subject, now);
                    let held = ["session", "__Host-jam"][mode];
                    prop_assert_eq!(browser.jar.keys().collect::<Vec<_>>(), [held]);
                }
                Step::Logout(mode) => {
                    prop_assert_eq!(browser.logout(&apps[mode]).status, 200);
                    prop_assert_eq!(browser.jar.len(), 0);
                    model = Model::default();
                }
                Step::Python(name, value) => {
                    if browser.jar.contains_key("session") {
                        let mut document = dict(&browser, now);
                        let user = document.get("user").and_then(Value::as_str);
                        prop_assert_eq!(user, model.subject, "Python knows him, too");
                        document[NAMES[name]] = json!(value);
                        browser.jar.extend(from_python(&document.to_string(), now).jar);
                        model.values.insert(NAMES[name], value);
                    }
                }
            }
            for app in &apps {
                check(app, &mut browser, &model, step);
            }
            prop_assert!(browser.jar.len() < 2);
        }
    }
}

/// A session that is moved out of the store while another request writes to it: whichever order
/// their calls fall in, nobody is told that something was written which is not there.
#[test]
fn g07_a_move_out_of_the_store_loses_no_write_that_was_answered() {
    let count = every_order(|order| {
        let (store, clock) = (Stepped::default(), ManualClock::new(NOW));
        let app = |with: fn(SessionBackendBuilder) -> SessionBackendBuilder| {
            let backend = with(SessionBackend::builder(policy(), store.clone()));
            Jam::builder().clock(clock.clone()).session(backend).build().unwrap()
        };
        // An instance that has the new configuration, and one that does not yet.
        let moving = app(|backend| backend.legacy(starlette(), LegacyMode::WriteOld));
        let staying = app(|backend| backend);
        let set = |name: &'static str| {
            async move |flow: Flow| {
                let session = flow.session()?;
                session.record().await?;
                session.set(name, &1)?;
                Ok(String::new())
            }
        };
        let mut browser = Browser::default();
        let login = async |flow: Flow| {
            flow.session()?.login("alice")?;
            Ok(String::new())
        };
        let logged_in =
            drive(serve(&staying, &browser.request("POST"), login), async {}, &[], |_| {});
        browser.receive(&logged_in.0);
        let request = browser.request("POST");
        let first = serve(&moving, &request, set("a"));
        let second = serve(&staying, &request, set("b"));
        let (first, second, taken) = drive(first, second, order, |_| {});

        assert_eq!(first.status, 200, "{order:?}");
        let mut moved = Browser::default();
        moved.receive(&first);
        let document = dict(&moved, 0);
        assert_eq!((&document["user"], &document["a"]), (&json!("alice"), &json!(1)));
        let is_written = document["b"] == 1;
        match (second.status, second.set_cookies().len()) {
            (200, 0) => assert!(is_written, "{order:?}"),
            // It came when the session was gone, and has begun one of its own.
            (200, begun) => {
                assert_eq!((begun, is_written, store.len()), (1, false, 1), "{order:?}")
            }
            answer => {
                assert_eq!((answer, is_written, store.len()), ((401, 0), false, 0), "{order:?}")
            }
        }
        taken
    });
    assert!(count > 10, "{count}");
}
