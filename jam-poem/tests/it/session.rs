//! Sessions through the extractor: what is recorded, when it is written, and what the client gets.

use std::net::SocketAddr;
use std::time::Duration;

use jam_core::session::Login;
use jam_poem::{Flow, JamLayer, Rejection, Session};
use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt, Error, FromRequest, Request, Route, get, handler, post};

use crate::store::{IDLE, Switched, sessions, sessions_in};
use crate::wire::{self, Answer};
use crate::{SESSION, jam, session_of, whoami};

type Said = Result<String, Rejection>;

#[handler]
async fn login(session: Session) -> Said {
    session.login(Login::new("alice").scopes(["user"]).claim("name", "alice"))?;
    Ok("welcome".to_owned())
}

#[handler]
async fn set(session: Session) -> Said {
    session.set("color", "blue")?;
    Ok("set".to_owned())
}

#[handler]
async fn color(session: Session) -> Said {
    Ok(session.get("color").await?.unwrap_or("none".to_owned()))
}

#[handler]
async fn rotate(session: Session) -> Said {
    session.rotate()?;
    Ok("rotated".to_owned())
}

#[handler]
async fn logout(session: Session) -> Said {
    session.destroy()?;
    Ok("bye".to_owned())
}

/// Has everything at hand and asks nothing.
#[handler]
async fn untouched(session: Session, flow: Flow) -> String {
    format!("{}", session.flow().is_touched() || flow.is_touched())
}

fn their_error() -> Error {
    Error::from_string("their own words", StatusCode::INTERNAL_SERVER_ERROR)
}

/// The write is recorded before the handler fails in its own way.
#[handler]
async fn fails(session: Session) -> poem::Result<String> {
    session.set("failed", &1).map_err(Rejection::from)?;
    Err(their_error())
}

#[handler]
async fn failed(session: Session) -> Said {
    Ok(format!("{:?}", session.get::<u8>("failed").await?))
}

/// Somebody else ends the session while this request has it in its hands.
async fn end_meanwhile(session: &Session) -> Result<(), Rejection> {
    if let Some(handle) = session.handle().await? {
        assert!(session.flow().jam().revoke(handle).await?);
    }
    Ok(())
}

#[handler]
async fn overtaken(session: Session) -> Said {
    end_meanwhile(&session).await?;
    session.set("color", "red")?;
    Ok("their own words".to_owned())
}

/// A middleware that writes and fails.
async fn failing(request: Request) -> poem::Result<Request> {
    let session = Session::from_request_without_body(&request).await?;
    session.set("failed", &1).map_err(Rejection::from)?;
    Err(their_error())
}

/// The same, after somebody else has ended the session.
async fn overtaken_and_failing(request: Request) -> poem::Result<Request> {
    end_meanwhile(&Session::from_request_without_body(&request).await?).await?;
    failing(request).await
}

fn app(jam: jam_core::Jam) -> impl Endpoint + 'static {
    Route::new()
        .at("/login", post(login))
        .at("/set", post(set))
        .at("/color", get(color))
        .at("/rotate", post(rotate))
        .at("/logout", post(logout))
        .at("/untouched", get(untouched))
        .at("/fails", get(fails))
        .at("/failed", get(failed))
        .at("/inner", get(color.before(failing)))
        .at("/overtaken", post(overtaken))
        .at("/overtaken/inner", post(color.before(overtaken_and_failing)))
        .at("/whoami", get(whoami))
        .with(JamLayer::new(jam))
}

async fn ask(server: SocketAddr, path: &str, headers: &[(&str, String)]) -> Answer {
    wire::fetch(server, path, headers).await.unwrap()
}

/// The answer hands a session out, as the cookie that it is.
fn hands_out(answer: &Answer) -> (&'static str, String) {
    let line = answer.one("set-cookie");
    let mut attributes: Vec<_> = line.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    assert_eq!(answer.one("cache-control"), "no-store");
    assert_eq!(answer.one("vary"), "Cookie");
    session_of(answer)
}

#[tokio::test]
async fn g51_a_session_is_begun_read_rotated_and_ended() {
    let server = wire::serve(app(sessions().0)).await;
    let answer = wire::post(server, "/set", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "set"));
    let first = hands_out(&answer);

    let answer = ask(server, "/color", &[first.clone()]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "blue"));
    assert!(answer.all("set-cookie").is_empty() && answer.all("vary").is_empty(), "{answer:?}");

    let second = hands_out(&wire::post(server, "/rotate", &[first.clone()]).await);
    assert_ne!(first, second);
    assert_eq!(ask(server, "/color", &[second.clone()]).await.body, "blue");
    assert_eq!(ask(server, "/color", &[first]).await.body, "none");

    let answer = wire::post(server, "/logout", &[second.clone()]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "bye"));
    let cleared = answer.one("set-cookie");
    assert!(cleared.starts_with(&format!("{SESSION}=;")) && cleared.contains("Max-Age=0"));
    assert_eq!((answer.one("cache-control"), answer.one("vary")), ("no-store", "Cookie"));
    assert_eq!(ask(server, "/color", &[second]).await.body, "none");
}

#[tokio::test]
async fn g07_a_login_issues_a_new_id_and_keeps_what_an_anonymous_session_holds() {
    let server = wire::serve(app(sessions().0)).await;
    let anonymous = hands_out(&wire::post(server, "/set", &[]).await);
    let answer = ask(server, "/whoami", &[anonymous.clone()]).await;
    assert_eq!((answer.status, answer.challenge()), (401, r#"Bearer realm="jam""#));

    let alice = hands_out(&wire::post(server, "/login", &[anonymous.clone()]).await);
    assert_eq!(ask(server, "/whoami", &[alice.clone()]).await.body, "alice");
    assert_eq!(ask(server, "/color", &[alice]).await.body, "blue");
    let answer = ask(server, "/whoami", &[anonymous]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
}

#[tokio::test]
async fn g08_a_session_ends_when_nobody_used_it_for_too_long() {
    let (jam, clock) = sessions();
    let server = wire::serve(app(jam)).await;
    let alice = hands_out(&wire::post(server, "/login", &[]).await);
    for _ in 0..3 {
        clock.advance(IDLE - Duration::from_secs(1));
        assert_eq!(ask(server, "/whoami", &[alice.clone()]).await.body, "alice");
    }
    clock.advance(IDLE + Duration::from_secs(1));
    assert_eq!(ask(server, "/whoami", &[alice]).await.status, 401);
}

#[tokio::test]
async fn an_untouched_request_leaves_its_answer_and_the_store_alone() {
    let store = Switched::default();
    let server = wire::serve(app(sessions_in(store.clone()).0)).await;
    let alice = hands_out(&wire::post(server, "/login", &[]).await);
    let calls = store.calls();
    for headers in [vec![alice], vec![], vec![("cookie", format!("{SESSION}=rubbish"))]] {
        let answer = ask(server, "/untouched", &headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "false"));
        for name in ["set-cookie", "vary", "cache-control"] {
            assert!(answer.all(name).is_empty(), "{answer:?}");
        }
    }
    assert_eq!(store.calls(), calls);
}

#[tokio::test]
async fn g20_reading_without_a_cookie_asks_no_store_and_sets_no_cookie() {
    let store = Switched::default();
    let server = wire::serve(app(sessions_in(store.clone()).0)).await;
    let answer = ask(server, "/color", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "none"));
    assert!(answer.all("set-cookie").is_empty());
    assert_eq!((store.calls(), store.len()), (0, 0));
}

#[tokio::test]
async fn a_write_is_kept_when_the_handler_or_a_middleware_fails() {
    let server = wire::serve(app(sessions().0)).await;
    for path in ["/fails", "/inner"] {
        let answer = ask(server, path, &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (500, "their own words"), "{path}");
        let session = hands_out(&answer);
        assert_eq!(ask(server, "/failed", &[session]).await.body, "Some(1)", "{path}");
    }
}

#[tokio::test]
async fn g69_a_write_to_a_session_that_ended_meanwhile_is_refused_in_place_of_the_answer() {
    let server = wire::serve(app(sessions().0)).await;
    for path in ["/overtaken", "/overtaken/inner"] {
        let alice = hands_out(&wire::post(server, "/login", &[]).await);
        let answer = wire::post(server, path, &[alice.clone()]).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
        assert!(answer.all("set-cookie").is_empty() && !answer.body.contains("words"));
        assert_eq!(ask(server, "/color", &[alice]).await.body, "none");
    }
}

#[tokio::test]
async fn without_a_session_backend_the_extractor_says_what_is_missing() {
    assert_eq!(wire::get(app(jam()), "/color", &[]).await.status, 501);
}
