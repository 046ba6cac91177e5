//! Logins that must not be long ago.

use jam_core::Jam;
use jam_core::clock::ManualClock;
use jam_core::fresh::RequireFresh;
use jam_core::session::Login;

use crate::common::{backend, token};
use crate::support::{Answer, App, Browser, NOW, Request, policy, ready, seconds, serve};

fn sudo(app: &App, browser: &mut Browser, rule: &RequireFresh) -> Answer {
    browser.ask(app, "POST", async |flow| {
        flow.require_fresh(rule).await?;
        Ok("done".to_owned())
    })
}

#[test]
fn g16_only_the_moment_of_the_login_counts() {
    let app = App::new();
    let rule = RequireFresh::within(seconds(300));
    let mut browser = Browser::logged_in(&app, "alice");
    app.at(300);
    assert_eq!(sudo(&app, &mut browser, &rule).status, 200);
    app.at(301);
    assert_eq!(sudo(&app, &mut browser, &rule).status, 401);
    // Nothing but a login makes it fresh again.
    type Deed = fn(&App, &mut Browser) -> u16;
    let deeds: [(&str, Deed); 6] = [
        ("read", |app, b| b.whoami(app).map_or_else(|status| status, |_| 200)),
        ("set", |app, b| b.set(app, "k", 1).status),
        ("rotate", |app, b| b.post(app, async |s| s.rotate()).status),
        ("grant", |app, b| b.post(app, async |s| s.grant(["admin"])).status),
        ("revoke others", |app, b| b.post(app, async |s| s.revoke_others().await.map(drop)).status),
        ("remember", |app, b| b.login(app, Login::new("alice").remember(seconds(9999))).status),
    ];
    for (name, deed) in deeds {
        app.clock.advance(seconds(61));
        assert_eq!(deed(&app, &mut browser), 200, "{name}");
        assert_eq!(sudo(&app, &mut browser, &rule).status, 401, "{name}");
    }
    browser.login(&app, "alice");
    assert_eq!(sudo(&app, &mut browser, &rule).status, 200);
}

#[test]
fn g16_an_older_proof_counts_from_then_and_one_in_the_future_from_now() {
    let app = App::new();
    let rule = RequireFresh::within(seconds(300));
    let old = Login::new("alice").authenticated_at(seconds(NOW - 301));
    let mut browser = Browser::logged_in(&app, old);
    assert_eq!(sudo(&app, &mut browser, &rule).status, 401);
    let future = Login::new("alice").authenticated_at(seconds(NOW + 100_000));
    let mut browser = Browser::logged_in(&app, future);
    assert_eq!(sudo(&app, &mut browser, &rule).status, 200);
    app.at(301);
    assert_eq!(sudo(&app, &mut browser, &rule).status, 401);
}

#[test]
fn g17_the_answer_asks_for_a_step_up_and_the_handler_is_not_reached() {
    let app = App::with_policy(policy().fresh_for(seconds(120)));
    let mut browser = Browser::logged_in(&app, Login::new("alice").methods(["pwd"]));
    let by_policy = RequireFresh::by_policy();
    assert_eq!(sudo(&app, &mut browser, &by_policy).body, "done");
    app.at(121);
    let answer = sudo(&app, &mut browser, &by_policy);
    assert_eq!((answer.status, answer.set_cookies().len()), (401, 0));
    assert_eq!(
        answer.header("www-authenticate"),
        Some(
            r#"Bearer realm="jam", error="insufficient_user_authentication", error_description="a more recent or stronger login is needed", max_age="120""#
        )
    );
    assert_eq!(
        answer.body,
        r#"{"amr":[],"error":"insufficient_user_authentication","max_age":120}"#
    );
    assert!(browser.whoami(&app).is_ok(), "he is still who he is");

    browser.login(&app, Login::new("alice").methods(["pwd"]));
    let otp = RequireFresh::by_policy().methods(["pwd", "otp"]);
    let answer = sudo(&app, &mut browser, &otp);
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains(r#""amr":["pwd","otp"]"#));
    browser.login(&app, Login::new("alice").methods(["otp", "pwd", "hwk"]));
    assert_eq!(sudo(&app, &mut browser, &otp).status, 200);

    // Nobody is asked for who he is first.
    let answer = sudo(&app, &mut Browser::default(), &by_policy);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="jam""#));
}

#[test]
fn g16_g17_a_token_is_as_fresh_as_its_auth_time() {
    let jam = Jam::builder().clock(ManualClock::new(NOW)).jwt(backend()).build().unwrap();
    for (claims, fresh) in [
        (format!(r#""auth_time":{},"amr":["pwd","otp"]"#, NOW - 300), true),
        (format!(r#""auth_time":{NOW},"amr":["otp"]"#), true),
        (format!(r#""auth_time":{},"amr":["otp"]"#, NOW - 301), false),
        (format!(r#""auth_time":{},"amr":["otp"]"#, NOW + 1), false),
        (format!(r#""auth_time":{NOW},"amr":["pwd"]"#), false),
        (format!(r#""auth_time":{NOW}"#), false),
        (format!(r#""auth_time":{NOW},"amr":"otp""#), false),
        (format!(r#""auth_time":"{NOW}","amr":["otp"]"#), false),
        (r#""auth_time":null,"amr":["otp"]"#.to_owned(), false),
        (format!(r#""iat":{NOW},"amr":["otp"]"#), false),
    ] {
        let token = token(&format!(r#"{{"exp":{},"sub":"alice",{claims}}}"#, NOW + 60));
        let request = Request::get("/").with("authorization", format!("Bearer {token}"));
        let answer = ready(serve(&jam, &request, async |flow| {
            let rule = RequireFresh::within(seconds(300)).methods(["otp"]);
            flow.require_fresh(&rule).await.map(|()| String::new())
        }));
        assert_eq!(answer.status == 200, fresh, "{claims}");
        if !fresh {
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.contains("insufficient_user_authentication"), "{challenge}");
        }
    }
}
