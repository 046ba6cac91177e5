//! A store of sessions that has to be waited for, and one that is down.

use std::net::SocketAddr;

use jam_core::session::Login;
use jam_poem::{Identity, JamLayer, MaybeIdentity, Rejection, Session};
use poem::{Endpoint, EndpointExt, Route, get, handler, post};

use crate::store::{Switched, sessions_in};
use crate::wire::{self, Answer};
use crate::{User, session_of, whoami};

#[handler]
async fn login(session: Session) -> Result<&'static str, Rejection> {
    session.login(Login::new("alice").claim("name", "alice"))?;
    Ok("welcome")
}

#[handler]
async fn maybe(MaybeIdentity(user): MaybeIdentity<User>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name.clone())
}

#[handler]
async fn reads(session: Session) -> Result<String, Rejection> {
    Ok(session.subject().await?.unwrap_or("nobody".to_owned()))
}

#[handler]
async fn writes(session: Session) -> Result<&'static str, Rejection> {
    session.set("color", "blue")?;
    Ok("alice")
}

#[handler]
async fn forgets(user: Option<Identity<User>>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name.clone())
}

#[handler]
async fn drops(user: poem::Result<Identity<User>>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name.clone())
}

#[handler]
async fn shrugs(session: Session) -> String {
    session.subject().await.ok().flatten().unwrap_or("nobody".to_owned())
}

#[handler]
async fn several(
    user: Identity<User>,
    MaybeIdentity(also): MaybeIdentity<User>,
    session: Session,
) -> Result<String, Rejection> {
    let subject = session.subject().await?;
    Ok(format!("{} {} {subject:?}", user.name, also.is_some()))
}

fn app(store: &Switched) -> impl Endpoint + 'static {
    Route::new()
        .at("/login", post(login))
        .at("/identity", get(whoami))
        .at("/maybe", get(maybe))
        .at("/session", get(reads))
        .at("/write", get(writes))
        .at("/option", get(forgets))
        .at("/result", get(drops))
        .at("/shrug", get(shrugs))
        .at("/several", get(several))
        .with(JamLayer::new(sessions_in(store.clone()).0))
}

const REFUSING: [&str; 4] = ["/identity", "/maybe", "/session", "/write"];
/// Those that swallow the refusal.
const FORGETFUL: [&str; 3] = ["/option", "/result", "/shrug"];

/// A server on this store, and the cookie of somebody who is logged in.
async fn serve(store: &Switched) -> (SocketAddr, (&'static str, String)) {
    let server = wire::serve(app(store)).await;
    let answer = wire::post(server, "/login", &[]).await;
    assert_eq!(answer.body, "welcome");
    (server, session_of(&answer))
}

async fn ask(server: SocketAddr, path: &str, headers: &[(&str, String)]) -> Answer {
    wire::fetch(server, path, headers).await.unwrap()
}

#[tokio::test]
async fn a_store_that_has_to_be_waited_for_is_waited_for() {
    let (server, alice) = serve(&Switched::default()).await;
    for path in REFUSING.into_iter().chain(FORGETFUL) {
        let answer = ask(server, path, &[alice.clone()]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "alice"), "{path}");
    }
}

#[tokio::test]
async fn a_session_is_loaded_once_however_many_extractors_wait_for_it() {
    let store = Switched::default();
    let (server, alice) = serve(&store).await;
    let calls = store.calls();
    assert_eq!(ask(server, "/several", &[alice]).await.body, r#"alice true Some("alice")"#);
    assert_eq!(store.calls() - calls, 1);
}

fn is_unavailable(answer: &Answer, path: &str) {
    assert_eq!(answer.status, 503, "{path}: {answer:?}");
    assert_eq!(answer.body, r#"{"error":"temporarily_unavailable"}"#, "{path}");
    assert_eq!(answer.one("retry-after"), "1", "{path}");
    assert!(answer.all("set-cookie").is_empty() && answer.challenge().is_empty(), "{answer:?}");
}

#[tokio::test]
async fn g55_a_store_that_is_down_is_a_503_and_nobody_is_logged_out_by_it() {
    let store = Switched::default();
    let (server, alice) = serve(&store).await;
    store.switch_off();
    for path in REFUSING {
        is_unavailable(&ask(server, path, &[alice.clone()]).await, path);
    }
    is_unavailable(&wire::post(server, "/login", &[]).await, "/login");
    store.switch_on();
    for path in REFUSING {
        assert_eq!(ask(server, path, &[alice.clone()]).await.body, "alice", "{path}");
    }
}

#[tokio::test]
async fn g55_an_outage_that_a_handler_swallows_replaces_its_answer() {
    let store = Switched::default();
    let (server, alice) = serve(&store).await;
    store.switch_off();
    for path in FORGETFUL {
        is_unavailable(&ask(server, path, &[alice.clone()]).await, path);
    }
}

#[tokio::test]
async fn without_a_usable_cookie_an_outage_is_not_even_noticed() {
    let store = Switched::default();
    let (server, _) = serve(&store).await;
    store.switch_off();
    let calls = store.calls();
    for headers in [vec![], vec![("cookie", "__Host-jam=rubbish".to_owned())]] {
        assert_eq!(ask(server, "/identity", &headers).await.status, 401);
        for path in ["/maybe", "/session", "/option", "/shrug"] {
            assert_eq!(ask(server, path, &headers).await.body, "nobody", "{path}");
        }
    }
    assert_eq!(store.calls(), calls);
}
