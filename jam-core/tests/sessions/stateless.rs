//! Sessions that the client keeps, through the same handle.

use base64_simd::URL_SAFE_NO_PAD;
use jam_core::clock::ManualClock;
use jam_core::codec::{JwtCodec, SealedCodec, SignedCodec, TokenCodec};
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::session::{
    Login, MaxSessions, MemoryStore, Outage, Session, SessionBackend, SessionBackendBuilder,
    SessionHandle, SessionPolicy,
};
use jam_core::{ErrorKind, Jam, Reject};
use serde_json::Value;

use crate::support::{ABSOLUTE, App, Browser, IDLE, NOW, Probe, policy, ready, seconds};

const SECRET: &str = "a secret of at least 32 bytes, please";

fn app(codec: impl TokenCodec + 'static) -> App {
    with_policy(policy(), codec)
}

fn with_policy(policy: SessionPolicy, codec: impl TokenCodec + 'static) -> App {
    let clock = ManualClock::new(NOW);
    let sessions = SessionBackend::stateless(policy, codec);
    let jam = Jam::builder().clock(clock.clone()).session(sessions).build().unwrap();
    App { jam, clock, store: Probe::default() }
}

fn apps() -> [App; 3] {
    let keys = KeyRing::new([Key::from_secret(Algorithm::HS256, SECRET).unwrap()]).unwrap();
    [
        app(SealedCodec::new([SECRET]).unwrap()),
        app(SignedCodec::new([SECRET]).unwrap()),
        app(JwtCodec::new(keys).unwrap()),
    ]
}

#[test]
fn values_logins_and_logouts_go_through_the_same_handle() {
    for app in apps() {
        let mut browser = Browser::default();
        assert_eq!(browser.ask(&app, "GET", async |_| Ok(String::new())).headers.len(), 0);
        assert_eq!(browser.get(&app, "k"), Value::Null);
        browser.set(&app, "k", 1);
        assert_eq!(browser.get(&app, "k"), 1);
        assert_eq!(browser.whoami(&app), Err(401));
        let login = Login::new("alice").scopes(["user"]).claim("name", "Alice");
        assert_eq!(browser.login(&app, login).status, 200);
        assert_eq!(browser.whoami(&app), Ok("alice".into()));
        assert_eq!(browser.get(&app, "k"), 1, "kept");
        browser.post(&app, async |s| s.update("n", |n: Option<u64>| n.unwrap_or_default() + 1));
        assert_eq!(browser.get(&app, "n"), 1);
        browser.login(&app, "bob");
        assert_eq!(browser.get(&app, "k"), Value::Null, "another subject's is not");
        assert_eq!(browser.whoami(&app), Ok("bob".into()));
        let answer = browser.logout(&app);
        assert_eq!((answer.status, browser.jar.len()), (200, 0));
        assert_eq!(app.store.calls(), []);
    }
}

#[test]
fn g21_a_changed_credential_is_nobody() {
    for app in apps() {
        let browser = Browser::logged_in(&app, "alice");
        let good = browser.cookie().unwrap().to_owned();
        for place in 0..good.len() {
            let mut forged = good.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let mut forged = Browser::with_cookie(std::str::from_utf8(&forged).unwrap());
            assert_eq!(forged.whoami(&app), Err(401), "{place}");
            assert_eq!(forged.maybe(&app), Ok(None), "{place}");
        }
        for cut in [&good[1..], &good[..good.len() - 1], "", ".", "..", "A"] {
            assert_eq!(Browser::with_cookie(cut).whoami(&app), Err(401), "{cut}");
        }
    }
    // Of another secret, and of another kind under the same one.
    let [sealed, signed, jwt] = apps();
    let other = app(SealedCodec::new(["another secret of more than 32 bytes"]).unwrap());
    let apps = [&sealed, &signed, &jwt, &other];
    for (n, one) in apps.iter().enumerate() {
        let cookie = Browser::logged_in(one, "alice").cookie().unwrap().to_owned();
        for (m, two) in apps.iter().enumerate() {
            assert_eq!(Browser::with_cookie(&cookie).whoami(two).is_ok(), n == m, "{n} {m}");
        }
    }
}

#[test]
fn g56_an_authentic_credential_of_another_format_is_nobody() {
    let codec = SignedCodec::new([SECRET]).unwrap();
    let good = r#"{"f":1,"iat":1700000000,"end":1700043200,"idle":1800,"seen":1700000000000,"sub":"alice","claims":{"sub":"alice"}}"#;
    let app = app(SignedCodec::new([SECRET]).unwrap());
    let whoami = |json: &str| Browser::with_cookie(&codec.encode(json).unwrap()).whoami(&app);
    assert_eq!(whoami(good), Ok("alice".into()));
    for bad in [
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
        good.replace(r#""f":1"#, r#""f":2"#),
        good.replace(r#""f":1,"#, ""),
        good.replace(r#""idle":1800"#, r#""idle":-1"#),
        good.replace(r#""idle":1800"#, r#""idle":"1800""#),
        good.replace(r#""idle":1800"#, r#""idle":1800,"admin":true"#),
        good.replace(r#""idle":1800"#, r#""idle":1800,"idle":180000"#),
        good.replace(r#""end":1700043200"#, r#""end":1699999999"#),
        good.replace(r#""end":1700043200,"#, ""),
        good.replace(r#""seen":1700000000000"#, r#""seen":1600000000000"#),
        format!("{good} x"),
    ] {
        assert_eq!(whoami(&bad), Err(401), "{bad}");
    }
}

#[test]
fn g08_g09_idle_and_absolute_end_hold_without_a_store() {
    for app in apps() {
        for (after, lives) in [(IDLE - 1, true), (IDLE, false), (IDLE + 1, false)] {
            app.at(0);
            let mut browser = Browser::logged_in(&app, "alice");
            app.at(after);
            assert_eq!(browser.whoami(&app).is_ok(), lives, "{after}");
        }
        app.at(0);
        let mut browser = Browser::logged_in(&app, "alice");
        for after in (0..ABSOLUTE).step_by(1000) {
            app.at(after);
            assert!(browser.whoami(&app).is_ok(), "{after}");
            if after % 3000 == 0 {
                browser.post(&app, async |session| session.rotate());
                browser.login(&app, Login::new("alice").remember(seconds(9_999_999)));
            }
        }
        app.at(ABSOLUTE - 1);
        assert!(browser.whoami(&app).is_ok());
        app.at(ABSOLUTE);
        assert_eq!(browser.whoami(&app), Err(401));
    }
}

#[test]
fn g08_a_write_brings_no_expired_session_back() {
    for app in apps() {
        for end in [IDLE, ABSOLUTE] {
            // What is read in time, and written too late.
            let slow = |change: fn(&Session) -> Result<(), Reject>| {
                app.at(0);
                let mut browser = Browser::logged_in(&app, "alice");
                browser.set(&app, "k", 1);
                app.at(100);
                let answer = browser.ask(&app, "POST", async |flow| {
                    let session = flow.session()?;
                    session.record().await?;
                    app.at(100 + end);
                    change(&session).map(|()| String::new())
                });
                (answer.status, answer.set_cookies().len(), browser)
            };
            let (status, cookies, mut browser) = slow(|session| session.set("k", &2));
            assert_eq!((status, cookies), (401, 0), "{end}");
            assert_eq!(browser.whoami(&app), Err(401));
            let (status, cookies, _) = slow(|_| Ok(()));
            assert_eq!(
                (status, cookies),
                (200, 0),
                "{end}: that it was in use is not worth a refusal"
            );
            let (status, _, mut browser) = slow(|session| session.login("alice"));
            assert_eq!((status, browser.whoami(&app)), (200, Ok("alice".into())), "{end}");
            assert_eq!(browser.get(&app, "k"), Value::Null, "it is another session");
            let (status, _, browser) = slow(Session::destroy);
            assert_eq!((status, browser.jar.len()), (200, 0), "{end}");
        }
    }
}

#[test]
fn g08_a_use_is_written_into_the_credential_once_an_interval() {
    for app in apps() {
        let mut browser = Browser::logged_in(&app, "alice");
        let read = |app: &App, browser: &mut Browser| {
            let answer = browser.ask(app, "GET", async |flow| {
                flow.identity::<Value>().await.map(|_| String::new())
            });
            assert_eq!(answer.status, 200);
            answer.set_cookies().len()
        };
        app.at(59);
        assert_eq!(read(&app, &mut browser), 0);
        app.at(60);
        assert_eq!(read(&app, &mut browser), 1);
        assert_eq!(read(&app, &mut browser), 0, "counted from there");
        app.at(119);
        assert_eq!(read(&app, &mut browser), 0);
        app.at(120);
        // A request that looks at no session re-issues none.
        assert_eq!(browser.ask(&app, "GET", async |_| Ok(String::new())).headers.len(), 0);
        assert_eq!(read(&app, &mut browser), 1);
        app.at(120 + IDLE - 1);
        assert_eq!(read(&app, &mut browser), 1);
        // A refused request re-issues one too: it was a use.
        app.clock.advance(seconds(61));
        let answer = browser.ask(&app, "GET", async |flow| {
            flow.require(&jam_core::scope::ScopeRule::all_of(["admin"]))
                .await
                .map(|()| String::new())
        });
        assert_eq!((answer.status, answer.set_cookies().len()), (403, 1));
    }
}

#[test]
fn what_only_a_store_can_do_is_refused_as_such() {
    for app in apps() {
        let mut browser = Browser::logged_in(&app, "alice");
        let handle = jam_core::session::SessionHandle::from_bytes([0; 16]);
        for deed in ["sessions", "revoke", "revoke_others", "detached"] {
            let before = browser.jar.clone();
            let answer = browser.post(&app, async |session| match deed {
                "sessions" => session.sessions().await.map(drop),
                "revoke" => session.revoke(handle).await.map(drop),
                "revoke_others" => session.revoke_others().await.map(drop),
                _ => session.detached().await.map(drop),
            });
            assert_eq!(answer.status, 501, "{deed}");
            assert_eq!(answer.body, r#"{"error":"not_supported"}"#);
            assert_eq!(browser.jar, before, "{deed}");
        }
        browser.post(&app, async |session| {
            assert_eq!(session.handle().await?, None);
            assert_eq!(session.subject().await?.as_deref(), Some("alice"));
            Ok(())
        });
        let id = jam_core::session::SessionId::parse("A".repeat(43)).unwrap();
        let kinds = [
            ready(app.jam.create_session("alice")).map(drop),
            ready(app.jam.get_session(&id)).map(drop),
            ready(app.jam.update_session(&id, |_| Ok(()))).map(drop),
            ready(app.jam.rotate_session(&id)).map(drop),
            ready(app.jam.delete_session(&id)).map(drop),
            ready(app.jam.clear_sessions("alice")).map(drop),
            ready(app.jam.sessions_of("alice")).map(drop),
            ready(app.jam.revoke(handle)).map(drop),
            ready(app.jam.revoke_others(&id)).map(drop),
        ];
        for result in kinds {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NotSupported);
        }
        assert_eq!(ready(app.jam.sessions().unwrap().sweep()).unwrap(), 0);
    }
}

#[test]
fn g02_g55_policies_that_need_a_store_are_refused_without_one() {
    let build = |policy| {
        let codec = SealedCodec::new([SECRET]).unwrap();
        Jam::builder().session(SessionBackend::stateless(policy, codec)).build()
    };
    for policy in [
        policy().max_sessions(MaxSessions::Reject(1)),
        policy().outage(Outage::Anonymous),
        policy().outage(Outage::ServeStale(seconds(1))),
    ] {
        assert_eq!(build(policy).unwrap_err().kind(), ErrorKind::InvalidConfig);
    }
    let described = build(policy()).unwrap().describe();
    assert_eq!(described["session"]["codec"], "sealed");
    let _: SessionBackendBuilder = SessionBackend::builder(policy(), MemoryStore::new());
}

#[test]
fn a_sealed_session_shows_its_client_nothing_and_a_signed_one_everything() {
    let [sealed, signed, _] = apps();
    for (app, shows) in [(&sealed, false), (&signed, true)] {
        let mut browser = Browser::logged_in(app, "alice");
        browser.set(app, "k", "visible-or-not");
        let text = browser.cookie().unwrap().split('.').next().unwrap().to_owned();
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).unwrap();
        assert_eq!(bytes.windows(14).any(|window| window == b"visible-or-not"), shows);
    }
}

#[test]
fn a_large_value_is_refused_and_what_the_client_has_still_holds() {
    let app = with_policy(policy().max_record_bytes(500), SealedCodec::new([SECRET]).unwrap());
    let mut browser = Browser::logged_in(&app, "alice");
    browser.set(&app, "k", 1);
    let answer = browser.set(&app, "k", "x".repeat(500));
    assert_eq!((answer.status, answer.set_cookies().len()), (413, 0));
    assert_eq!(browser.get(&app, "k"), 1);
}

#[test]
fn saving_in_the_midst_and_again_hands_the_last_state_out_once() {
    for app in apps() {
        let mut browser = Browser::default();
        let answer = browser.post(&app, async |session| {
            session.set("a", &1)?;
            session.save().await?;
            session.set("b", &2)
        });
        assert_eq!(answer.set_cookies().len(), 1);
        assert_eq!((browser.get(&app, "a"), browser.get(&app, "b")), (1.into(), 2.into()));
        let answer = browser.post(&app, async |session| {
            session.set("a", &3)?;
            session.save().await?;
            session.destroy()
        });
        assert_eq!((answer.set_cookies().len(), browser.jar.len()), (1, 0));
    }
}

#[test]
fn g11_what_no_store_keeps_is_never_said_to_be_revoked() {
    for app in apps() {
        let mut browser = Browser::logged_in(&app, "alice");
        let sessions = app.jam.sessions().unwrap();
        for refused in [
            ready(sessions.clear_sessions("alice")).unwrap_err(),
            ready(sessions.revoke_by_upstream("https://login.example", "1")).unwrap_err(),
            ready(sessions.revoke(SessionHandle::from_bytes([1; 16]))).unwrap_err(),
        ] {
            assert_eq!(refused.kind(), ErrorKind::NotSupported);
        }
        let answer = browser.post(&app, async |s| s.revoke_others().await.map(drop));
        assert_eq!(answer.status, 501);
        assert_eq!(browser.whoami(&app), Ok("alice".into()));
    }
}
