//! How ids reach the client and are taken back.

use jam_core::codec::SealedCodec;
use jam_core::flow::Flow;
use jam_core::session::{Login, SessionBackend};
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport, SameSite};
use jam_core::{ErrorKind, Jam};
use serde_json::Value;

use crate::support::{ABSOLUTE, App, Browser, Probe, Request, policy, ready, seconds, serve};

fn with_cookie(cookie: CookieSettings) -> App {
    let transport = CredentialTransport::cookie(cookie);
    App::with(policy(), |sessions| sessions.transport(transport), |jam| jam)
}

fn refused(cookie: CookieSettings) -> ErrorKind {
    let sessions = SessionBackend::builder(policy(), Probe::default());
    let sessions = sessions.transport(CredentialTransport::cookie(cookie));
    Jam::builder().session(sessions).build().unwrap_err().kind()
}

#[test]
fn g44_g45_g46_g47_the_cookie_is_secure_http_only_same_site_and_of_this_host() {
    let app = App::new();
    let mut browser = Browser::default();
    let answer = browser.login(&app, "alice");
    let id = browser.cookie().unwrap().to_owned();
    let expected = format!("__Host-jam={id}; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(answer.set_cookies(), [expected]);
    // The id stands nowhere else.
    let elsewhere = answer.headers.iter().filter(|(_, value)| value.contains(&id)).count();
    assert_eq!((elsewhere, answer.body.contains(&id)), (1, false));

    for (same_site, attribute) in
        [(SameSite::Lax, "Lax"), (SameSite::Strict, "Strict"), (SameSite::None, "None")]
    {
        let app = with_cookie(CookieSettings::new("__Secure-sid").same_site(same_site));
        let answer = Browser::default().login(&app, "alice");
        let line = answer.set_cookies()[0];
        assert!(line.starts_with("__Secure-sid="));
        assert!(line.ends_with(&format!("; Path=/; Secure; HttpOnly; SameSite={attribute}")));
    }
}

#[test]
fn g44_g45_g46_a_cookie_without_a_prefix_or_secure_is_refused_unless_in_development() {
    for cookie in [
        CookieSettings::new("jam"),
        CookieSettings::new("__Host-"),
        CookieSettings::new("__Host-a b"),
        CookieSettings::new("__Host-a;"),
        CookieSettings::new(""),
        CookieSettings::new("__Host-jam").insecure_dev().same_site(SameSite::None),
    ] {
        let text = format!("{cookie:?}");
        assert_eq!(refused(cookie), ErrorKind::InvalidConfig, "{text}");
    }
    let app = with_cookie(CookieSettings::new("__Host-jam").insecure_dev());
    let answer = Browser::default().login(&app, "alice");
    let line = answer.set_cookies()[0];
    assert!(line.starts_with("jam=") && line.ends_with("; Path=/; HttpOnly; SameSite=Lax"));
}

#[test]
fn g46_another_case_of_the_name_is_not_read_and_different_duplicates_are_refused() {
    let app = App::new();
    let id = Browser::logged_in(&app, "alice").cookie().unwrap().to_owned();
    let other = Browser::logged_in(&app, "bob").cookie().unwrap().to_owned();
    let ask = |cookie: String| {
        let request = Request::get("/").with("cookie", cookie);
        let answer = ready(serve(&app.jam, &request, async |flow| {
            flow.maybe_identity::<Value>().await.map(|found| format!("{}", found.is_some()))
        }));
        (answer.status, answer.body)
    };
    assert_eq!(ask(format!("__Host-jam={id}")), (200, "true".into()));
    for name in ["__host-jam", "__HOST-JAM", "__Host-Jam", "jam", "__Secure-jam", " x__Host-jam"] {
        assert_eq!(ask(format!("{name}={id}")), (200, "false".into()), "{name}");
    }
    assert_eq!(ask(format!("__Host-jam={id}; __Host-jam={id}")), (200, "true".into()));
    assert_eq!(ask(format!("__Host-jam={id}; __Host-jam={other}")).0, 400);
    let several = Request::get("/")
        .with("cookie", format!("__Host-jam={id}"))
        .with("cookie", format!("__Host-jam={other}"));
    let answer = ready(serve(&app.jam, &several, async |flow: Flow| {
        flow.session()?.set("k", &1).map(|()| String::new())
    }));
    assert_eq!((answer.status, answer.set_cookies().len()), (400, 0));
}

#[test]
fn g09_g44_max_age_never_passes_the_absolute_end() {
    let max_age = |answer: &crate::support::Answer| -> Option<u64> {
        let lines = answer.set_cookies();
        let (_, rest) = lines[0].split_once("Max-Age=")?;
        rest.split(';').next().unwrap().parse().ok()
    };
    let app = with_cookie(CookieSettings::new("__Host-jam").persistent());
    let mut browser = Browser::default();
    assert_eq!(max_age(&browser.login(&app, "alice")), Some(ABSOLUTE));
    app.clock.advance(std::time::Duration::from_millis(1_000_500));
    let answer = browser.post(&app, async |session| session.rotate());
    assert_eq!(max_age(&answer), Some(ABSOLUTE - 1001));
    let answer = browser.login(&app, Login::new("alice").remember(seconds(1_000_000)));
    assert_eq!(max_age(&answer), Some(ABSOLUTE - 1001));

    // Without `persistent` only a login that was asked to last outlives the browser's session.
    let app = App::new();
    let mut browser = Browser::default();
    assert_eq!(max_age(&browser.login(&app, "alice")), None);
    let mut browser = Browser::default();
    let answer = browser.login(&app, Login::new("alice").remember(seconds(1_000_000)));
    assert_eq!(max_age(&answer), Some(1_000_000));
    app.at(1000);
    let answer = browser.post(&app, async |session| session.rotate());
    assert_eq!(max_age(&answer), Some(999_000), "also under a new id");
}

#[test]
fn g14_a_logout_takes_back_what_was_set_with_the_same_attributes() {
    let app = App::with(policy(), |sessions| sessions.clear_site_data(), |jam| jam);
    let mut browser = Browser::logged_in(&app, "alice");
    let answer = browser.logout(&app);
    assert_eq!(
        answer.set_cookies(),
        [
            "__Host-jam=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        ]
    );
    assert_eq!(answer.header("clear-site-data"), Some(r#""cookies", "storage""#));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(browser.jar.len(), 0);
    // Unasked, the site's data stay.
    let app = App::new();
    let answer = Browser::logged_in(&app, "alice").logout(&app);
    assert_eq!(answer.header("clear-site-data"), None);
}

#[test]
fn g51_whatever_sets_or_clears_a_session_is_not_stored_and_varies() {
    let app = App::new();
    let mut browser = Browser::default();
    for deed in ["login", "rotate", "logout"] {
        let answer = match deed {
            "login" => browser.login(&app, "alice"),
            "rotate" => browser.post(&app, async |session| session.rotate()),
            _ => browser.logout(&app),
        };
        assert_eq!(answer.set_cookies().len(), 1, "{deed}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{deed}");
        assert_eq!(answer.header("vary"), Some("Cookie"), "{deed}");
    }
    let mut browser = Browser::logged_in(&app, "alice");
    assert_eq!(browser.set(&app, "k", 1).headers.len(), 0, "a write hands nothing out");
}

#[test]
fn g47_in_header_mode_the_id_stands_in_that_header_and_no_cookie_is_set() {
    let by_header = CredentialTransport::header("X-Session");
    let app = App::with(policy(), |sessions| sessions.transport(by_header), |jam| jam);
    let login = Request::get("/login");
    let answer = ready(serve(&app.jam, &login, async |flow| {
        flow.session()?.login("alice").map(|()| String::new())
    }));
    let id = answer.header("x-session").unwrap().to_owned();
    assert_eq!((id.len(), answer.set_cookies().len()), (43, 0));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("vary"), Some("x-session"));
    let whoami = |name: &str, value: String| {
        let request = Request::get("/").with(name, value);
        ready(serve(&app.jam, &request, async |flow| {
            flow.identity::<Value>().await.map(|found| found.subject().unwrap().into_owned())
        }))
        .status
    };
    assert_eq!(whoami("x-session", id.clone()), 200);
    assert_eq!(whoami("X-Session", id.clone()), 200);
    assert_eq!(whoami("cookie", format!("__Host-jam={id}")), 401);
    assert_eq!(whoami("authorization", format!("Bearer {id}")), 401);
    // A header is deliberate: a bad one is refused also where nobody need be logged in.
    let bad = Request::get("/").with("x-session", "x".repeat(43));
    let answer = ready(serve(&app.jam, &bad, async |flow| {
        flow.maybe_identity::<Value>().await.map(|_| String::new())
    }));
    assert_eq!(answer.status, 401);
    let answer = ready(serve(&app.jam, &bad, async |flow| {
        flow.session()?.set("k", &1).map(|()| String::new())
    }));
    assert_eq!((answer.status, answer.header("x-session")), (401, None));
    // A login needs no old credential.
    let answer = ready(serve(&app.jam, &bad, async |flow| {
        flow.session()?.login("alice").map(|()| String::new())
    }));
    assert_eq!(answer.status, 200);
    assert!(answer.header("x-session").is_some());
}

#[test]
fn g50_nothing_is_read_from_the_query() {
    let app = App::new();
    let id = Browser::logged_in(&app, "alice").cookie().unwrap().to_owned();
    for query in [format!("/?__Host-jam={id}"), format!("/?access_token={id}&session={id}")] {
        let request = Request::get(&query);
        let answer = ready(serve(&app.jam, &request, async |flow| {
            flow.identity::<Value>().await.map(|_| String::new())
        }));
        assert_eq!(answer.status, 401);
    }
    assert!(ready(app.jam.get_session(&jam_core::session::SessionId::parse(id).unwrap())).is_ok());
}

#[test]
fn a_cookie_source_reads_what_the_transport_sets() {
    let sessions = SessionBackend::builder(policy(), Probe::default())
        .source(CredentialSource::cookie("__Host-other"));
    let error = Jam::builder().session(sessions).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let sessions =
        SessionBackend::builder(policy(), Probe::default()).transport(CredentialTransport::none());
    assert!(Jam::builder().session(sessions).build().is_err());
}

#[test]
fn g48_a_session_that_shrinks_deletes_the_chunks_it_no_longer_needs() {
    let codec = SealedCodec::new(["a secret of at least 32 bytes, please"]).unwrap();
    let clock = jam_core::clock::ManualClock::new(crate::support::NOW);
    let cookie = CookieSettings::new("__Host-jam").chunked();
    let sessions =
        SessionBackend::stateless(policy(), codec).transport(CredentialTransport::cookie(cookie));
    let jam = Jam::builder().clock(clock.clone()).session(sessions).build().unwrap();
    let app = App { jam, clock, store: Probe::default() };
    let mut browser = Browser::default();
    for (size, chunks) in [(100, 1), (9_000, 3), (20_000, 7), (5_000, 2), (100, 1), (9_000, 3)] {
        let answer = browser.set(&app, "k", "x".repeat(size));
        assert_eq!(answer.status, 200, "{size}");
        for line in answer.set_cookies() {
            let pair = line.split(';').next().unwrap();
            assert!(pair.len() - 1 <= 4096, "{}", pair.len());
        }
        assert_eq!(browser.jar.len(), chunks, "{size}: {:?}", browser.jar.keys());
        assert_eq!(browser.get(&app, "k").as_str().map(str::len), Some(size));
    }
    // Too large for eight: refused, and what the client has still holds.
    let answer = browser.set(&app, "k", "x".repeat(40_000));
    assert_eq!((answer.status, answer.set_cookies().len()), (413, 0));
    assert_eq!(browser.get(&app, "k").as_str().map(str::len), Some(9_000));
    // A chunk that is missing makes the rest unusable, and the logout takes all of them back.
    let mut torn = browser.clone();
    torn.jar.remove("__Host-jam.1");
    assert_eq!(torn.get(&app, "k"), Value::Null);
    assert_eq!(browser.logout(&app).set_cookies().len(), 3);
    assert_eq!(browser.jar.len(), 0);
}

#[test]
fn g48_a_cookie_that_is_too_large_for_one_is_a_typed_refusal() {
    let codec = SealedCodec::new(["a secret of at least 32 bytes, please"]).unwrap();
    let jam = Jam::builder().session(SessionBackend::stateless(policy(), codec)).build().unwrap();
    let app = App { jam, clock: jam_core::clock::ManualClock::new(0), store: Probe::default() };
    let mut browser = Browser::default();
    browser.set(&app, "k", "small");
    let answer = browser.set(&app, "k", "x".repeat(4000));
    assert_eq!((answer.status, answer.set_cookies().len()), (413, 0));
    assert_eq!(browser.get(&app, "k"), "small");
}
