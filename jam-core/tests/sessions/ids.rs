//! Session ids: made here, secret, renewed with every change of who somebody is.

use base64_simd::URL_SAFE_NO_PAD;
use jam_core::session::{SessionHandle, SessionId};

use crate::support::{App, Browser, Verb, ready};

/// An id that nobody made.
fn chosen() -> String {
    URL_SAFE_NO_PAD.encode_to_string([7; 32])
}

#[test]
fn g05_g68_an_id_that_a_client_chose_is_never_adopted_and_never_cleared() {
    let app = App::new();
    for (deed, expected) in [("whoami", 401), ("maybe", 200), ("get", 200)] {
        let mut browser = Browser::with_cookie(&chosen());
        let answer = browser.ask(&app, "GET", async |flow| {
            match deed {
                "whoami" => _ = flow.identity::<serde_json::Value>().await?,
                "maybe" => {
                    assert!(flow.maybe_identity::<serde_json::Value>().await?.is_none());
                }
                _ => assert_eq!(flow.session()?.get::<u8>("k").await?, None),
            }
            Ok(String::new())
        });
        assert_eq!((answer.status, answer.set_cookies().len()), (expected, 0), "{deed}");
        assert_eq!(app.store.calls(), [Verb::Load], "{deed}");
    }
    // A logout of nothing clears nothing: a rotation elsewhere may just have set the cookie.
    let mut browser = Browser::with_cookie(&chosen());
    let answer = browser.logout(&app);
    assert_eq!((answer.status, answer.set_cookies().len()), (200, 0));
    // What is written goes under an id of the server's own.
    for writes in [true, false] {
        let mut browser = Browser::with_cookie(&chosen());
        let answer = if writes { browser.set(&app, "k", 1) } else { browser.login(&app, "alice") };
        assert_eq!(answer.status, 200);
        assert_ne!(browser.cookie(), Some(&*chosen()));
        assert_ne!(browser.handle(), SessionId::parse(chosen()).unwrap().handle());
    }
    let mut forged = Browser::with_cookie(&chosen());
    assert_eq!(forged.whoami(&app), Err(401));
}

#[test]
fn g68_a_malformed_id_never_reaches_the_store() {
    let app = App::new();
    let good = Browser::logged_in(&app, "alice").cookie().unwrap().to_owned();
    app.store.calls();
    for bad in [
        "x".to_owned(),
        good[..42].to_owned(),
        format!("{good}A"),
        format!("{good}="),
        format!("\"{good}\""),
        good.replace(&good[..1], "+"),
        format!("~2~{good}"),
        "A".repeat(4000),
    ] {
        let mut browser = Browser::with_cookie(&bad);
        assert_eq!(browser.whoami(&app), Err(401), "{bad}");
        assert_eq!(browser.maybe(&app), Ok(None), "{bad}");
        assert_eq!(app.store.calls(), [], "{bad}");
        let answer = browser.logout(&app);
        assert_eq!((answer.status, answer.set_cookies().len()), (200, 0), "{bad}");
        assert_eq!(app.store.calls(), [], "{bad}");
    }
}

#[test]
fn g06_ids_are_43_characters_that_never_repeat() {
    let app = App::new();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let id = Browser::logged_in(&app, "alice").cookie().unwrap().to_owned();
        assert_eq!(id.len(), 43);
        assert_eq!(URL_SAFE_NO_PAD.decode_to_vec(&id).unwrap().len(), 32);
        assert!(seen.insert(id[..21].to_owned()) && seen.insert(id[22..].to_owned()));
    }
}

#[test]
fn g07_login_issues_a_new_id_and_keeps_what_an_anonymous_session_holds() {
    let app = App::new();
    let mut attacker = Browser::default();
    attacker.set(&app, "cart", 3);
    // The attacker plants his own session's id.
    let mut victim = attacker.clone();
    victim.login(&app, "alice");
    assert_ne!(victim.cookie(), attacker.cookie());
    assert_eq!(victim.whoami(&app), Ok("alice".into()));
    assert_eq!(victim.get(&app, "cart"), 3);
    assert_eq!(attacker.whoami(&app), Err(401));
    assert_eq!(attacker.get(&app, "cart"), serde_json::Value::Null);
    assert_eq!(app.store.len(), 1, "one session, under another id");
}

#[test]
fn g07_every_change_of_who_somebody_is_retires_the_old_id() {
    let app = App::new();
    type Change = fn(&App, &mut Browser) -> u16;
    let changes: [(&str, Change); 6] = [
        ("login again", |app, browser| browser.login(app, "alice").status),
        ("login as another", |app, browser| browser.login(app, "bob").status),
        ("grant", |app, browser| browser.post(app, async |s| s.grant(["admin"])).status),
        ("rotate", |app, browser| browser.post(app, async |s| s.rotate()).status),
        ("revoke others", |app, browser| {
            browser.post(app, async |s| s.revoke_others().await.map(drop)).status
        }),
        ("rotate from outside", |app, browser| {
            let id = ready(app.jam.rotate_session(&browser.id())).unwrap();
            *browser = Browser::with_cookie(&id.expose());
            200
        }),
    ];
    for (name, change) in changes {
        let mut browser = Browser::logged_in(&app, "alice");
        let mut thief = browser.clone();
        assert_eq!(change(&app, &mut browser), 200, "{name}");
        assert_ne!(browser.cookie(), thief.cookie(), "{name}");
        assert!(browser.whoami(&app).is_ok(), "{name}");
        assert_eq!(thief.whoami(&app), Err(401), "{name}");
        assert_eq!(thief.maybe(&app), Ok(None), "{name}");
        // He can neither read nor end the session that goes on.
        assert_eq!(thief.get(&app, "k"), serde_json::Value::Null);
        assert_eq!(thief.logout(&app).status, 200);
        assert!(browser.whoami(&app).is_ok(), "{name}");
    }
}

#[test]
fn g07_a_request_in_flight_with_the_old_id_is_refused_and_writes_nothing() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let mut other_tab = browser.clone();
    let answer = browser.post(&app, async |session| {
        assert_eq!(session.get::<u8>("k").await?, None);
        assert_eq!(other_tab.post(&app, async |s| s.grant(["admin"])).status, 200);
        session.set("k", &1)
    });
    assert_eq!((answer.status, answer.set_cookies().len()), (401, 0));
    assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
    assert_eq!(other_tab.get(&app, "k"), serde_json::Value::Null);
    assert_eq!(other_tab.whoami(&app), Ok("alice".into()));
}

#[test]
fn g07_logging_in_as_another_clears_what_the_former_one_had() {
    let app = App::new();
    let mut browser = Browser::default();
    browser.set(&app, "cart", 1);
    let metadata = jam_core::session::Metadata {
        user_agent: Some("alice's browser".into()),
        address: Some("192.0.2.1".into()),
    };
    browser
        .login(&app, jam_core::session::Login::new("alice").scopes(["admin"]).metadata(metadata));
    browser.set(&app, "secret", "hers");
    browser.login(&app, "alice");
    assert_eq!(browser.get(&app, "secret"), "hers", "the same one keeps it");
    browser.login(&app, jam_core::session::Login::new("bob").value("his", &1));
    for (name, value) in [("secret", serde_json::Value::Null), ("cart", serde_json::Value::Null)] {
        assert_eq!(browser.get(&app, name), value, "{name}");
    }
    assert_eq!(browser.get(&app, "his"), 1);
    let record = ready(app.jam.get_session(&browser.id())).unwrap().unwrap();
    assert_eq!(record.subject(), Some("bob"));
    assert_eq!(record.metadata(), None, "where the former one sat is none of his business");
    assert!(!record.claims_json().unwrap().contains("admin"));
    assert!(!record.as_bytes().windows(5).any(|window| window == b"alice"));
    assert!(ready(app.jam.sessions_of("alice")).unwrap().is_empty());
}

#[test]
fn g10_after_a_logout_nobody_accepts_the_id() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let mut replay = browser.clone();
    let answer = browser.logout(&app);
    assert_eq!(answer.status, 200);
    assert_eq!(browser.cookie(), None);
    for _ in 0..2 {
        assert_eq!(replay.whoami(&app), Err(401));
        assert_eq!(replay.get(&app, "k"), serde_json::Value::Null);
    }
    assert!(ready(app.jam.get_session(&replay.id())).unwrap().is_none());
    assert!(!ready(app.jam.delete_session(&replay.id())).unwrap());
    assert_eq!(app.store.len(), 0);
}

#[test]
fn g69_no_write_brings_back_what_was_ended_at_any_of_its_steps() {
    type Deed = fn(&App, &mut Browser) -> (u16, usize);
    let deeds: [(&str, Deed); 6] = [
        ("set", |app, browser| {
            let answer = browser.set(app, "k", 1);
            (answer.status, answer.set_cookies().len())
        }),
        ("set as it is", |app, browser| {
            let answer = browser.set(app, "there", 1);
            (answer.status, answer.set_cookies().len())
        }),
        ("set if unchanged", |app, browser| {
            let answer = browser.post(app, async |s| s.set_if_unchanged("k", &1).await);
            (answer.status, answer.set_cookies().len())
        }),
        ("update", |app, browser| {
            let answer = browser
                .post(app, async |s| s.update("n", |n: Option<u64>| n.unwrap_or_default() + 1));
            (answer.status, answer.set_cookies().len())
        }),
        ("rotate", |app, browser| {
            let answer = browser.post(app, async |s| s.rotate());
            (answer.status, answer.set_cookies().len())
        }),
        ("grant", |app, browser| {
            let answer = browser.post(app, async |s| s.grant(["admin"]));
            (answer.status, answer.set_cookies().len())
        }),
    ];
    for (name, deed) in deeds {
        for by_subject in [false, true] {
            for step in 1.. {
                let app = App::new();
                let mut browser = Browser::logged_in(&app, "alice");
                browser.set(&app, "there", 1);
                let old = browser.id();
                app.at(61);
                app.store.calls();
                let (jam, id) = (app.jam.clone(), old.clone());
                app.store.before(step, move || {
                    if by_subject {
                        assert_eq!(ready(jam.clear_sessions("alice")).unwrap(), 1);
                    } else {
                        assert!(ready(jam.delete_session(&id)).unwrap());
                    }
                });
                let outcome = deed(&app, &mut browser);
                if app.store.is_waiting() {
                    assert!(step >= 2, "{name} calls the store at least twice");
                    break;
                }
                assert_eq!(outcome, (401, 0), "{name}, step {step}");
                assert_eq!(app.store.len(), 0, "{name}, step {step}");
                assert!(ready(app.jam.get_session(&old)).unwrap().is_none());
                assert!(ready(app.jam.sessions_of("alice")).unwrap().is_empty());
            }
        }
    }
}

#[test]
fn g57_g67_nothing_in_a_dump_of_the_store_authenticates() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    browser.set(&app, "k", "v");
    browser.post(&app, async |session| session.rotate());
    let id = URL_SAFE_NO_PAD.decode_to_vec(browser.cookie().unwrap()).unwrap();
    let (selector, verifier) = id.split_at(16);
    let dump = app.store.dump();
    let mut candidates: Vec<String> = Vec::new();
    for (handle, bytes) in &dump {
        assert_eq!(handle.as_bytes(), selector);
        assert!(!bytes.windows(16).any(|window| window == verifier));
        let whole = [handle.as_bytes().as_slice(), bytes].concat();
        candidates.push(handle.to_string());
        candidates.push(handle.to_string().repeat(2)[..43].to_owned());
        for window in whole.windows(16) {
            let guess = [selector, window].concat();
            candidates.push(URL_SAFE_NO_PAD.encode_to_string(guess));
        }
        for window in whole.windows(32) {
            candidates.push(URL_SAFE_NO_PAD.encode_to_string(window));
        }
        for window in whole.windows(43) {
            if let Ok(text) = std::str::from_utf8(window)
                && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';')
            {
                candidates.push(text.to_owned());
            }
        }
    }
    assert!(candidates.len() > 300);
    for candidate in candidates {
        let mut thief = Browser::with_cookie(&candidate);
        assert_eq!(thief.whoami(&app), Err(401), "{candidate}");
        assert_eq!(thief.maybe(&app), Ok(None), "{candidate}");
    }
    assert_eq!(browser.whoami(&app), Ok("alice".into()));
}

#[test]
fn g57_one_wrong_bit_of_the_verifier_is_refused_like_an_unknown_id() {
    let app = App::new();
    let browser = Browser::logged_in(&app, "alice");
    let id = URL_SAFE_NO_PAD.decode_to_vec(browser.cookie().unwrap()).unwrap();
    for bit in 0..256 {
        let mut wrong = id.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let mut thief = Browser::with_cookie(&URL_SAFE_NO_PAD.encode_to_string(&wrong));
        assert_eq!(thief.whoami(&app), Err(401), "{bit}");
        // He cannot end it either.
        thief.logout(&app);
        let wrong = SessionId::parse(URL_SAFE_NO_PAD.encode_to_string(&wrong)).unwrap();
        assert!(!ready(app.jam.delete_session(&wrong)).unwrap());
    }
    assert!(browser.clone().whoami(&app).is_ok());
    assert!(SessionHandle::parse(&browser.handle().to_string()).is_some());
}
