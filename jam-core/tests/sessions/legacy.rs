//! Sessions in a Python service's cookie, through the same handle.

use jam_core::clock::ManualClock;
use jam_core::key::Algorithm;
use jam_core::python::starlette::{StarletteCodec, StarletteCookie};
use jam_core::python::starlette_jwt::StarletteJwtCodec;
use jam_core::session::{LegacySessions, Login, Session, SessionBackend, Undecodable, Upstream};
use jam_core::{Jam, fresh::RequireFresh};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{ABSOLUTE, App, Browser, IDLE, NOW, Probe, policy, seconds};

const SECRET: &str = "starlette-secret";
const LONG: &str = "a secret of at least 32 bytes, please";

pub fn signer() -> StarletteCodec {
    StarletteCodec::new([SECRET]).unwrap()
}

fn jwt() -> StarletteJwtCodec {
    StarletteJwtCodec::new(Algorithm::HS256, [LONG]).unwrap()
}

pub fn starlette() -> LegacySessions {
    LegacySessions::starlette([SECRET]).unwrap()
}

fn starlette_jwt() -> LegacySessions {
    LegacySessions::starlette_jwt(Algorithm::HS256, [LONG]).unwrap()
}

fn app(sessions: LegacySessions) -> App {
    let clock = ManualClock::new(NOW);
    let backend = SessionBackend::legacy(policy(), sessions).unwrap();
    let jam = Jam::builder().clock(clock.clone()).session(backend).build().unwrap();
    App { jam, clock, store: Probe::default() }
}

/// A browser with a cookie that Python signed so many seconds after [`NOW`].
pub fn from_python(document: &str, after: u64) -> Browser {
    holding(&signer().encode(document, seconds(NOW + after)).unwrap())
}

fn holding(cookie: &str) -> Browser {
    let mut browser = Browser::default();
    browser.jar.insert("session".to_owned(), cookie.to_owned());
    browser
}

/// The dict as Python reads it at that time.
pub fn dict(browser: &Browser, after: u64) -> Value {
    let read = signer().decode(&browser.jar["session"], Some(seconds(IDLE)), seconds(NOW + after));
    serde_json::from_str(&read.unwrap()).unwrap()
}

#[test]
fn a_login_in_python_is_one_here() {
    let app = app(starlette());
    for (document, who) in [
        (r#"{"user": "alice"}"#, Some("alice")),
        (r#"{"user": 1}"#, Some("1")),
        (r#"{"sub": "alice", "user": 7}"#, Some("alice")),
        (r#"{"sub": 5, "user": "bob"}"#, Some("bob")),
        (r#"{"user": {"id": 7}}"#, Some(r#"{"id": 7}"#)),
        (r#"{"user": "Jos\u00e9"}"#, Some("José")),
        (r#"{"user": ""}"#, None),
        (r#"{"user": 0}"#, None),
        (r#"{"user": null}"#, None),
        (r#"{"user": []}"#, None),
        (r#"{"name": "alice"}"#, None),
    ] {
        let mut browser = from_python(document, 0);
        assert_eq!(browser.maybe(&app).unwrap().as_deref(), who, "{document}");
        let answer = browser.ask(&app, "GET", async |flow| {
            Ok(flow.session()?.subject().await?.unwrap_or_default())
        });
        assert_eq!(answer.body, who.unwrap_or_default());
        assert_eq!(answer.set_cookies(), Vec::<&str>::new(), "{document}: only read");
    }
    let mut mail = from_python(r#"{"user": {"email": "a@b"}}"#, 0);
    assert_eq!(mail.whoami(&self::app(starlette().subject(["user.email"]))), Ok("a@b".into()));
    assert_eq!(mail.maybe(&self::app(starlette().subject(["user.id"]))), Ok(None));
    assert_eq!(mail.maybe(&self::app(starlette().subject(["uid"]))), Ok(None));
}

#[test]
fn what_python_wrote_survives_to_the_byte_beside_what_is_written_here() {
    let app = app(starlette());
    let document = r#"{"user": "alice", "z": [1.10, 1e16, 123456789012345678901234567890], "n\u00e4me": "\ud83d\ude00/", "a": {"b": null}}"#;
    let mut browser = from_python(document, 0);
    let answer = browser.set(&app, "k", 1);
    let written = dict_text(&browser);
    let kept = document.replace("1.10", "1.1").replace("1e16", "1e+16");
    assert_eq!(written, format!("{}, \"k\": 1}}", kept.strip_suffix('}').unwrap()));
    let value = browser.jar["session"].clone();
    assert_eq!(
        answer.set_cookies(),
        [format!("session={value}; path=/; Max-Age={IDLE}; httponly; samesite=lax")]
    );
    // What is the same in another spelling is no change.
    let answer = browser.set(&app, "a", json!({ "b": null }));
    assert_eq!(answer.set_cookies(), Vec::<&str>::new());
    let answer = browser.post(&app, async |s| s.update("a", |_: Option<Value>| json!({ "b": 1 })));
    assert_eq!(answer.set_cookies().len(), 1, "a change further inside is one");
    assert_eq!(browser.get(&app, "a"), json!({ "b": 1 }));
}

fn dict_text(browser: &Browser) -> String {
    signer().decode(&browser.jar["session"], None, seconds(NOW)).unwrap()
}

#[test]
fn an_empty_session_takes_the_cookie_back_as_python_does() {
    let app = app(starlette());
    let mut browser = Browser::default();
    assert_eq!(browser.post(&app, async |s| s.remove("k")).set_cookies(), Vec::<&str>::new());
    browser.set(&app, "k", 1);
    assert_eq!(dict(&browser, 0), json!({ "k": 1 }));
    let cleared =
        "session=null; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax";
    assert_eq!(browser.post(&app, async |s| s.remove("k")).set_cookies(), [cleared]);
    let mut browser = from_python(r#"{"user": "alice"}"#, 0);
    assert_eq!(browser.logout(&app).set_cookies(), [cleared]);
    assert_eq!(browser.maybe(&app), Ok(None));
    let cookie = StarletteCookie::builder("sid").https_only().without_max_age().build().unwrap();
    let app = self::app(starlette().cookie(cookie));
    let answer = Browser::default().set(&app, "k", 1);
    assert!(answer.set_cookies()[0].starts_with("sid="), "{answer:?}");
    assert!(answer.set_cookies()[0].ends_with("; path=/; httponly; samesite=lax; secure"));
}

#[test]
fn a_login_here_is_one_in_python() {
    let app = app(starlette());
    let mut browser = from_python(r#"{"cart": [1]}"#, 0);
    let login = Login::new("alice").scopes(["user"]).methods(["pwd"]).claim("name", "Alice");
    assert_eq!(browser.login(&app, login).status, 200);
    assert_eq!(
        dict(&browser, 0),
        json!({
            "cart": [1], "user": "alice", "sub": "alice", "scope": "user", "auth_time": NOW, "amr": ["pwd"],
            "name": "Alice", "_jam": { "iat": NOW, "end": NOW + ABSOLUTE }
        })
    );
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    browser.post(&app, async |s| s.grant(["admin"]));
    assert_eq!(dict(&browser, 0)["scope"], "user admin");
    // Once more, by less: what the first login had said is gone.
    browser.login(&app, "alice");
    let read = dict(&browser, 0);
    assert_eq!(
        (&read["amr"], &read["scope"], &read["cart"]),
        (&Value::Null, &Value::Null, &json!([1]))
    );
    // Another one's is not kept, nor his name where Python looks for it.
    browser.login(&app, Login::new("7").claim("user", &7));
    let read = dict(&browser, 0);
    assert_eq!(
        (&read["user"], &read["sub"], &read["cart"]),
        (&json!(7), &json!("7"), &Value::Null)
    );
}

#[test]
fn a_login_keeps_the_form_in_which_python_names_the_same_subject() {
    let app = app(starlette());
    let mut browser = from_python(r#"{"user": 1, "a": 2}"#, 0);
    browser.login(&app, "1");
    let read = dict(&browser, 0);
    assert_eq!((&read["user"], &read["sub"], &read["a"]), (&json!(1), &json!("1"), &json!(2)));
}

#[test]
fn g20_only_a_login_says_who_somebody_is() {
    let app = app(starlette().subject(["uid", "user.name"]));
    for name in ["sub", "scope", "scopes", "permissions", "auth_time", "amr", "_jam", "uid", "user"]
    {
        for document in [r#"{"uid": "alice"}"#, r#"{"a": 1}"#] {
            let mut browser = from_python(document, 0);
            let answer = browser.set(&app, name, "bob");
            assert_eq!((answer.status, answer.set_cookies().len()), (400, 0), "{name} {document}");
            let is_alice = document.contains("alice").then(|| "alice".to_owned());
            assert_eq!(browser.maybe(&app), Ok(is_alice));
        }
        assert_eq!(Browser::default().set(&app, name, "bob").status, 400, "{name}");
    }
    let mut browser = from_python(r#"{"uid": "alice"}"#, 0);
    assert_eq!(browser.post(&app, async |s| s.remove("uid")).status, 400);
    assert_eq!(browser.set(&app, "uid", "alice").status, 200, "nothing else than it was");
}

#[test]
fn g08_the_age_is_that_of_the_signature_and_may_equal_the_timeout() {
    let app = app(starlette());
    let mut browser = from_python(r#"{"user": "alice"}"#, 0);
    for (after, known) in [(0, true), (59, true), (IDLE, true), (IDLE + 1, false)] {
        app.at(after);
        let mut browser = browser.clone();
        assert_eq!(browser.whoami(&app).is_ok(), known, "{after}");
        // A use is written down no more often than the policy says.
        let is_signed_anew = known && after >= 60;
        assert_eq!(
            browser.jar["session"] != from_python(r#"{"user": "alice"}"#, 0).jar["session"],
            is_signed_anew
        );
    }
    app.at(0);
    assert_eq!(from_python(r#"{"user": "alice"}"#, 1).maybe(&app), Ok(None), "from the future");
    app.at(IDLE);
    browser.get(&app, "k");
    app.at(2 * IDLE);
    assert_eq!(browser.whoami(&app), Ok("alice".into()), "it slides");
}

#[test]
fn g09_the_end_does_not_move_whoever_signs_anew() {
    let app = app(starlette());
    let mut browser = Browser::logged_in(&app, "alice");
    for after in (0..ABSOLUTE).step_by(1000) {
        app.at(after);
        // As Starlette before 1.0 does with each answer.
        let document = dict(&browser, after).to_string();
        browser = from_python(&document, after);
        assert_eq!(browser.whoami(&app), Ok("alice".into()), "{after}");
    }
    app.at(ABSOLUTE);
    browser = from_python(&dict(&browser, ABSOLUTE).to_string(), ABSOLUTE);
    assert_eq!(browser.maybe(&app), Ok(None));
    // One that began in Python, from the first use here.
    app.at(0);
    let mut browser = from_python(r#"{"user": "bob"}"#, 0);
    for after in (0..ABSOLUTE).step_by(1000) {
        app.at(after);
        assert_eq!(browser.whoami(&app), Ok("bob".into()), "{after}");
    }
    app.at(ABSOLUTE);
    assert_eq!(browser.maybe(&app), Ok(None));
}

#[test]
fn max_age_never_reaches_past_the_end_and_a_remembered_login_lasts() {
    let app = app(starlette());
    let mut browser = Browser::logged_in(&app, "alice");
    app.at(ABSOLUTE - 100);
    let document = dict_text(&browser);
    browser = from_python(&document, ABSOLUTE - 100);
    let answer = browser.set(&app, "k", 1);
    assert!(answer.set_cookies()[0].contains("; Max-Age=100; "), "{answer:?}");
    app.at(0);
    let answer = browser.login(&app, Login::new("carol").remember(seconds(10 * IDLE)));
    assert!(answer.set_cookies()[0].contains(&format!("; Max-Age={}; ", 10 * IDLE)), "{answer:?}");
    app.at(9 * IDLE);
    assert_eq!(browser.whoami(&app), Ok("carol".into()));
    app.at(10 * IDLE);
    assert_eq!(browser.maybe(&app), Ok(None));
}

#[test]
fn what_a_login_notes_is_still_there_after_python_has_signed_anew() {
    let app = app(starlette());
    let upstream = Upstream { issuer: "i".into(), session_id: "s".into(), auth_time: seconds(NOW) };
    let browser = Browser::logged_in(
        &app,
        Login::new("alice").methods(["otp"]).upstream(upstream.clone(), None),
    );
    app.at(100);
    let mut browser = from_python(&dict(&browser, 0).to_string(), 100);
    let answer = browser.ask(&app, "GET", async |flow| {
        let record = flow.session()?.record().await?.unwrap();
        assert_eq!(record.upstream(), Some(upstream));
        assert_eq!(record.created(), seconds(NOW));
        assert_eq!(record.authentication().unwrap().methods, ["otp"]);
        flow.require_fresh(&RequireFresh::within(seconds(100)).methods(["otp"])).await?;
        Ok(String::new())
    });
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut pythons = from_python(r#"{"user": "alice"}"#, 100);
    let answer = pythons.ask(&app, "GET", async |flow| {
        flow.require_fresh(&RequireFresh::within(seconds(100))).await?;
        Ok(String::new())
    });
    assert_eq!(answer.status, 401, "nobody knows when he logged in");
}

#[test]
fn g21_what_cannot_be_read_is_nobody_and_never_an_error() {
    let app = app(starlette());
    let good = signer().encode(r#"{"user": "alice"}"#, seconds(NOW)).unwrap();
    let sign = |document: &str| signer().encode(document, seconds(NOW)).unwrap();
    let mut bad = vec![
        "null".to_owned(),
        "x".to_owned(),
        "..".to_owned(),
        "x".repeat(9000),
        StarletteCodec::new(["other"]).unwrap().encode("{}", seconds(NOW)).unwrap(),
        sign(r#"{"user": "alice", "_jam": 1}"#),
        sign(r#"{"user": "alice", "_jam": {"iat": 1}}"#),
        sign(r#"{"user": "alice", "_jam": {"iat": 1, "end": -1}}"#),
    ];
    bad.extend((0..good.len()).map(|place| {
        let mut forged = good.clone().into_bytes();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(forged).unwrap()
    }));
    for cookie in &bad {
        assert_eq!(holding(cookie).maybe(&app), Ok(None), "{cookie}");
        assert_eq!(holding(cookie).whoami(&app), Err(401), "{cookie}");
        let mut browser = holding(cookie);
        assert_eq!(browser.set(&app, "k", 1).status, 200, "{cookie}");
        assert_eq!(dict(&browser, 0), json!({ "k": 1 }));
    }
    let policy = policy().undecodable(Undecodable::FreshSession);
    let backend = SessionBackend::legacy(policy, starlette()).unwrap();
    let jam = Jam::builder().clock(ManualClock::new(NOW)).session(backend).build().unwrap();
    let lenient = App { jam, clock: ManualClock::new(NOW), store: Probe::default() };
    assert_eq!(holding(&bad[5]).maybe(&lenient), Ok(None));
}

#[test]
fn g48_what_is_too_large_for_the_cookie_is_413_and_changes_nothing() {
    let app = app(starlette());
    let mut browser = from_python(r#"{"user": "alice"}"#, 0);
    for length in [4000, 9000] {
        let answer = browser.set(&app, "k", "x".repeat(length));
        assert_eq!((answer.status, answer.set_cookies().len()), (413, 0), "{length}");
    }
    assert_eq!(dict(&browser, 0), json!({ "user": "alice" }));
    let app = self::app(starlette_jwt());
    assert_eq!(Browser::default().set(&app, "k", "x".repeat(9000)).status, 413);
}

#[test]
fn what_python_could_not_read_is_400_and_changes_nothing() {
    for app in [app(starlette()), app(starlette_jwt())] {
        for json in [r#"{"a":1,"a":2}"#, r#""\ud800""#, "1e400", &"[".repeat(70)] {
            let json = format!("{json}{}", "]".repeat(json.matches('[').count()));
            let raw = RawValue::from_string(json).unwrap();
            let mut browser = Browser::default();
            let set = async |session: Session| session.set("k", &raw);
            assert_eq!(browser.post(&app, set).status, 400, "{raw}");
            browser.set(&app, "a", 1);
            let before = browser.jar.clone();
            assert_eq!(browser.post(&app, set).status, 400, "{raw}");
            assert_eq!(
                browser.post(&app, async |s| s.login(Login::new("a").value("k", &raw))).status,
                400
            );
            assert_eq!(browser.jar, before);
        }
    }
}

#[test]
fn what_only_a_store_can_do_is_refused() {
    let app = app(starlette());
    let mut browser = from_python(r#"{"user": "alice"}"#, 0);
    let status = browser.post(&app, async |s| s.sessions().await.map(|_| ())).status;
    assert_eq!(status, 501);
    assert_eq!(browser.post(&app, async |s| s.revoke_others().await.map(|_| ())).status, 501);
    assert_eq!(browser.post(&app, async |s| s.detached().await.map(|_| ())).status, 501);
}

#[test]
fn the_jwt_codec_carries_the_same_session() {
    let app = app(starlette_jwt());
    let token = |document: &str| holding(&jwt().encode(document, seconds(NOW)).unwrap());
    let read = |browser: &Browser| -> Value {
        serde_json::from_str(&jwt().decode(&browser.jar["session"], seconds(NOW)).unwrap()).unwrap()
    };
    let mut browser = token(r#"{"user": "alice"}"#);
    app.at(10 * ABSOLUTE);
    let answer = browser.ask(&app, "GET", async |flow| {
        Ok(flow.identity::<Value>().await?.subject().unwrap().into_owned())
    });
    assert_eq!((answer.body.as_str(), answer.set_cookies().len()), ("alice", 0), "it has no age");
    app.at(0);
    browser.set(&app, "k", 1);
    let kept = json!({ "iat": NOW, "end": NOW + ABSOLUTE });
    assert_eq!(read(&browser), json!({ "user": "alice", "k": 1, "_jam": kept }));
    app.at(ABSOLUTE - 1);
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
    app.at(ABSOLUTE);
    assert_eq!(browser.maybe(&app), Ok(None), "the end stands in it");
    app.at(0);
    // What the middleware would drop, or stumble over.
    for (name, value) in
        [("aud", json!("x")), ("jti", json!(1)), ("iss", json!(1)), ("exp", json!(1))]
    {
        let answer = browser.set(&app, name, value);
        assert_eq!((answer.status, answer.set_cookies().len()), (400, 0), "{name}");
    }
    assert_eq!(browser.login(&app, "bob").status, 200);
    assert_eq!(read(&browser)["user"], "bob");
    assert_eq!(browser.logout(&app).set_cookies().len(), 1);
    assert_eq!(holding("x.y.z").maybe(&app), Ok(None));
}

#[test]
fn g52_nothing_secret_is_printed() {
    let app = app(starlette());
    let printed = format!("{:?} {:?} {}", app.jam, starlette(), app.jam.describe());
    assert!(!printed.contains(SECRET), "{printed}");
    let session = &app.jam.describe()["session"];
    assert_eq!((&session["store"], &session["subject"]), (&json!("starlette"), &json!(["user"])));
    assert_eq!(session["transport"]["cookie"]["name"], "session");
}
