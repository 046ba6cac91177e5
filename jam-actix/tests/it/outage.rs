//! A store of sessions that has to be waited for, and one that is down.

use std::net::SocketAddr;

use actix_web::web::{self, ServiceConfig};
use actix_web::{Either, Error};
use jam_actix::{Identity, MaybeIdentity, Rejection, Session};
use jam_core::session::Login;

use crate::store::{Switched, sessions_in};
use crate::wire::{self, Answer};
use crate::{User, session_of};

async fn whoami(user: Identity<User>) -> String {
    user.name.clone()
}

async fn maybe(MaybeIdentity(user): MaybeIdentity<User>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name.clone())
}

async fn login(session: Session) -> Result<&'static str, Rejection> {
    session.login(Login::new("alice").claim("name", "alice"))?;
    Ok("welcome")
}

async fn reads(session: Session) -> Result<String, Rejection> {
    Ok(session.subject().await?.unwrap_or("nobody".to_owned()))
}

async fn shrugs(session: Session) -> String {
    session.subject().await.ok().flatten().unwrap_or("nobody".to_owned())
}

async fn writes(session: Session) -> Result<&'static str, Rejection> {
    session.set("color", "blue")?;
    Ok("alice")
}

async fn forgets(user: Option<Identity<User>>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name.clone())
}

async fn drops(user: Result<Identity<User>, Error>) -> String {
    forgets(user.ok()).await
}

async fn tries(user: Either<Identity<User>, String>) -> String {
    match user {
        Either::Left(user) => forgets(Some(user)).await,
        Either::Right(_) => forgets(None).await,
    }
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/login", web::post().to(login))
        .route("/identity", web::get().to(whoami))
        .route("/maybe", web::get().to(maybe))
        .route("/session", web::get().to(reads))
        .route("/write", web::get().to(writes))
        .route("/several", web::get().to(several))
        .route("/option", web::get().to(forgets))
        .route("/result", web::get().to(drops))
        .route("/either", web::get().to(tries))
        .route("/shrug", web::get().to(shrugs));
}

async fn several(
    user: Identity<User>,
    also: MaybeIdentity<User>,
    session: Session,
) -> Result<String, Rejection> {
    Ok(format!("{} {} {}", user.name, maybe(also).await, reads(session).await?))
}

const REFUSING: [&str; 4] = ["/identity", "/maybe", "/session", "/write"];
/// Those that swallow the refusal.
const FORGETFUL: [&str; 4] = ["/option", "/result", "/either", "/shrug"];

/// A server on this store, and the cookie of somebody who is logged in.
async fn serve(store: &Switched) -> (SocketAddr, (&'static str, String)) {
    let server = wire::serve(sessions_in(store.clone()).0, routes);
    let answer = wire::fetch(server, "POST", "/login", &[]).await.unwrap();
    assert_eq!(answer.body, "welcome");
    (server, session_of(&answer))
}

#[actix_web::test]
async fn a_store_that_has_to_be_waited_for_is_waited_for() {
    let (server, alice) = serve(&Switched::default()).await;
    for path in REFUSING.into_iter().chain(FORGETFUL) {
        let answer = wire::get(server, path, &[alice.clone()]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "alice"), "{path}");
    }
}

#[actix_web::test]
async fn a_session_is_loaded_once_however_many_extractors_wait_for_it() {
    let store = Switched::default();
    let (server, alice) = serve(&store).await;
    let calls = store.calls();
    assert_eq!(wire::get(server, "/several", &[alice]).await.body, "alice alice alice");
    assert_eq!(store.calls() - calls, 1);
}

fn is_unavailable(answer: &Answer, path: &str) {
    assert_eq!(answer.status, 503, "{path}: {answer:?}");
    assert_eq!(answer.body, r#"{"error":"temporarily_unavailable"}"#, "{path}");
    assert_eq!(answer.one("retry-after"), "1", "{path}");
    assert!(answer.all("set-cookie").is_empty() && answer.challenge().is_empty(), "{answer:?}");
}

#[actix_web::test]
async fn g55_a_store_that_is_down_is_a_503_and_nobody_is_logged_out_by_it() {
    let store = Switched::default();
    let (server, alice) = serve(&store).await;
    store.switch_off();
    for path in REFUSING {
        is_unavailable(&wire::get(server, path, &[alice.clone()]).await, path);
    }
    is_unavailable(&wire::fetch(server, "POST", "/login", &[]).await.unwrap(), "/login");
    store.switch_on();
    for path in REFUSING {
        assert_eq!(wire::get(server, path, &[alice.clone()]).await.body, "alice", "{path}");
    }
}

#[actix_web::test]
async fn g55_an_outage_that_a_handler_swallows_replaces_its_answer() {
    let store = Switched::default();
    let (server, alice) = serve(&store).await;
    store.switch_off();
    for path in FORGETFUL {
        is_unavailable(&wire::get(server, path, &[alice.clone()]).await, path);
    }
}

#[actix_web::test]
async fn without_a_usable_cookie_an_outage_is_not_even_noticed() {
    let store = Switched::default();
    let (server, _) = serve(&store).await;
    store.switch_off();
    let calls = store.calls();
    for headers in [vec![], vec![("cookie", "__Host-jam=rubbish".to_owned())]] {
        assert_eq!(wire::get(server, "/identity", &headers).await.status, 401);
        for path in ["/maybe", "/session", "/option", "/shrug"] {
            assert_eq!(wire::get(server, path, &headers).await.body, "nobody", "{path}");
        }
    }
    assert_eq!(store.calls(), calls);
}
