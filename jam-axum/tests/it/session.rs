//! Sessions through the extractors: what reaches the store, and what reaches the client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use jam_axum::{Flow, Identity, JamLayer, MaybeIdentity, Rejection, Session, require_fresh};
use jam_core::Jam;
use jam_core::clock::ManualClock;
use jam_core::fresh::RequireFresh;
use jam_core::session::{Login, MemoryStore, SessionBackend, SessionPolicy, SessionStore};

use crate::User;
use crate::store::Remote;
use crate::wire::{self, Answer};

pub(crate) const COOKIE: &str = "__Host-jam";
const START: u64 = 1_800_000_000;
const IDLE: Duration = Duration::from_secs(1800);

/// A Jam with sessions only, in this store and at this time.
pub(crate) fn jam(store: impl SessionStore + 'static, clock: &ManualClock) -> Jam {
    let policy = SessionPolicy::new(IDLE, Duration::from_secs(12 * 3600));
    let sessions = SessionBackend::builder(policy, store);
    Jam::builder().clock(clock.clone()).session(sessions).build().unwrap()
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(START)
}

/// The session's id in the cookie that an answer sets.
pub(crate) fn id(answer: &Answer) -> String {
    let line = answer.one("set-cookie");
    let (cookie, _) = line.split_once(';').expect("a cookie is set");
    let (name, value) = cookie.split_once('=').unwrap();
    assert_eq!((name, value.len()), (COOKIE, 43), "{line}");
    value.to_owned()
}

pub(crate) fn cookie(id: &str) -> (&'static str, String) {
    ("cookie", format!("{COOKIE}={id}"))
}

async fn count(session: Session) -> Result<&'static str, Rejection> {
    session.update("count", |count: Option<u32>| count.unwrap_or(0) + 1)?;
    Ok("counted")
}

async fn read(session: Session) -> Result<String, Rejection> {
    Ok(format!("{:?}", session.get::<u32>("count").await?))
}

async fn login(session: Session) -> Result<&'static str, Rejection> {
    session.login(Login::new("alice").methods(["pwd"]).claim("name", "alice"))?;
    Ok("welcome")
}

async fn rotate(session: Session) -> Result<&'static str, Rejection> {
    session.rotate()?;
    Ok("rotated")
}

async fn destroy(session: Session) -> Result<&'static str, Rejection> {
    session.destroy()?;
    Ok("bye")
}

async fn fail(session: Session) -> (StatusCode, &'static str) {
    let recorded = session.update("count", |count: Option<u32>| count.unwrap_or(0) + 1);
    assert!(recorded.is_ok());
    (StatusCode::INTERNAL_SERVER_ERROR, "their own words")
}

/// Reads and writes, but somebody else ends the session before the answer leaves.
async fn overtaken(session: Session, flow: Flow) -> Result<&'static str, Rejection> {
    let before = session.get::<u32>("count").await?.unwrap_or(0);
    session.set("count", &(before + 1))?;
    flow.jam().clear_sessions("alice").await?;
    Ok("never seen")
}

async fn maybe(MaybeIdentity(user): MaybeIdentity<User>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name.clone())
}

/// A server of all these handlers, its store, its clock, and how often the sensitive one ran.
struct App {
    server: SocketAddr,
    store: Remote,
    clock: ManualClock,
    calls: Arc<AtomicUsize>,
}

impl App {
    async fn start() -> App {
        let (store, clock, calls) = (Remote::default(), clock(), Arc::<AtomicUsize>::default());
        let counter = Arc::clone(&calls);
        let sensitive = any(async move || {
            counter.fetch_add(1, Ordering::Relaxed);
            "in"
        });
        let fresh = require_fresh(RequireFresh::within(Duration::from_secs(300)).methods(["pwd"]));
        let guarded = Router::new().route("/fresh", sensitive.clone()).route_layer(fresh);
        let router = Router::new()
            .route("/count", get(read).post(count))
            .route("/login", post(login))
            .route("/rotate", post(rotate))
            .route("/destroy", post(destroy))
            .route("/fail", post(fail))
            .route("/overtaken", post(overtaken))
            .route("/whoami", get(async |user: Identity<User>| user.name.clone()))
            .route("/maybe", get(maybe))
            .route("/untouched", get(async |_: Session| "nothing"))
            .route("/sensitive", sensitive)
            .merge(guarded)
            .layer(JamLayer::new(jam(store.clone(), &clock)));
        App { server: wire::serve(router).await, store, clock, calls }
    }

    async fn get(&self, path: &str, headers: &[(&str, String)]) -> Answer {
        wire::fetch(self.server, path, headers).await.unwrap()
    }

    async fn post(&self, path: &str, headers: &[(&str, String)]) -> Answer {
        let mut all = vec![("content-length", "0".to_owned())];
        all.extend_from_slice(headers);
        wire::exchange(self.server, "POST", path, &all).await.unwrap()
    }

    /// Logs alice in; the id that she got.
    async fn alice(&self) -> String {
        id(&self.post("/login", &[]).await)
    }
}

#[tokio::test]
async fn a_value_of_one_request_is_there_in_the_next() {
    let app = App::start().await;
    let first = app.post("/count", &[]).await;
    assert_eq!((first.status, first.body.as_str()), (200, "counted"));
    let cookie = cookie(&id(&first));
    assert!(app.post("/count", std::slice::from_ref(&cookie)).await.all("set-cookie").is_empty());
    assert_eq!(app.get("/count", &[cookie]).await.body, "Some(2)");
    assert_eq!(app.get("/count", &[]).await.body, "None");
}

#[tokio::test]
async fn g44_g51_a_new_session_is_a_host_cookie_on_an_answer_that_nobody_stores() {
    let answer = App::start().await.post("/count", &[]).await;
    let (_, attributes) = answer.one("set-cookie").split_once("; ").unwrap();
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    assert_eq!(answer.one("cache-control"), "no-store");
    assert_eq!(answer.one("vary").to_ascii_lowercase(), "cookie");
}

#[tokio::test]
async fn g07_login_issues_a_new_id_and_keeps_what_the_anonymous_session_held() {
    let app = App::start().await;
    let anonymous = id(&app.post("/count", &[]).await);
    let alice = id(&app.post("/login", &[cookie(&anonymous)]).await);
    assert_ne!(alice, anonymous);
    assert_eq!(app.get("/whoami", &[cookie(&alice)]).await.body, "alice");
    assert_eq!(app.get("/count", &[cookie(&alice)]).await.body, "Some(1)");

    let stale = app.get("/whoami", &[cookie(&anonymous)]).await;
    assert_eq!(stale.status, 401);
    assert!(stale.challenge().contains("error=\"invalid_token\""), "{stale:?}");
    assert!(stale.all("set-cookie").is_empty());
}

#[tokio::test]
async fn g07_rotate_puts_a_new_id_in_place_of_the_old_one() {
    let app = App::start().await;
    let old = app.alice().await;
    let new = id(&app.post("/rotate", &[cookie(&old)]).await);
    assert_eq!(app.get("/whoami", &[cookie(&new)]).await.body, "alice");
    assert_eq!(app.get("/whoami", &[cookie(&old)]).await.status, 401);
}

#[tokio::test]
async fn g10_g14_destroy_ends_the_session_and_takes_the_cookie_back() {
    let app = App::start().await;
    let alice = app.alice().await;
    let answer = app.post("/destroy", &[cookie(&alice)]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "bye"));
    let line = answer.one("set-cookie");
    assert!(line.starts_with("__Host-jam=;") && line.contains("Max-Age=0"), "{line}");
    assert_eq!(answer.one("cache-control"), "no-store");
    assert_eq!(app.get("/whoami", &[cookie(&alice)]).await.status, 401);
    assert_eq!(app.get("/maybe", &[cookie(&alice)]).await.body, "nobody");
}

#[tokio::test]
async fn a_write_is_kept_when_the_handler_answers_with_an_error() {
    let app = App::start().await;
    let answer = app.post("/fail", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "their own words"));
    assert_eq!(app.get("/count", &[cookie(&id(&answer))]).await.body, "Some(1)");
}

#[tokio::test]
async fn g20_a_request_that_touches_nothing_asks_no_store_and_sets_no_cookie() {
    let app = App::start().await;
    let alice = app.alice().await;
    let before = app.store.calls();
    for headers in [vec![], vec![cookie(&alice)]] {
        let answer = app.get("/untouched", &headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "nothing"));
        for name in ["set-cookie", "vary", "cache-control"] {
            assert!(answer.all(name).is_empty(), "{answer:?}");
        }
    }
    assert_eq!(app.get("/count", &[]).await.body, "None");
    assert_eq!(app.store.calls(), before);
}

#[tokio::test]
async fn g08_a_session_is_over_when_it_was_idle_for_too_long() {
    let app = App::start().await;
    let alice = app.alice().await;
    app.clock.advance(IDLE - Duration::from_secs(1));
    assert_eq!(app.get("/whoami", &[cookie(&alice)]).await.status, 200);
    app.clock.advance(IDLE);
    let answer = app.get("/whoami", &[cookie(&alice)]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.all("set-cookie").is_empty());
}

#[tokio::test]
async fn g69_a_write_to_a_session_that_ended_meanwhile_is_answered_with_401() {
    let app = App::start().await;
    let alice = app.alice().await;
    let answer = app.post("/overtaken", &[cookie(&alice)]).await;
    assert_eq!((answer.status, answer.body.contains("never seen")), (401, false));
    assert!(answer.all("set-cookie").is_empty());
    assert_eq!(app.get("/whoami", &[cookie(&alice)]).await.status, 401);
}

#[tokio::test]
async fn g49_a_cross_site_request_never_reaches_the_handler() {
    let app = App::start().await;
    let cookie = cookie(&app.alice().await);
    let site = |site: &str| ("sec-fetch-site", site.to_owned());
    let origin = |origin: &str| ("origin", origin.to_owned());
    let upgrade = ("upgrade", "websocket".to_owned());
    for foreign in [site("cross-site"), site("same-site"), origin("https://evil.example")] {
        let answers = [
            app.post("/sensitive", &[cookie.clone(), foreign.clone()]).await,
            app.post("/login", &[cookie.clone(), foreign.clone()]).await,
            app.get("/sensitive", &[cookie.clone(), foreign, upgrade.clone()]).await,
        ];
        for answer in answers {
            assert_eq!(answer.status, 403);
            assert_eq!(answer.body, r#"{"error":"cross_site_request"}"#);
            assert!(answer.all("set-cookie").is_empty());
        }
    }
    assert_eq!(app.calls.load(Ordering::Relaxed), 0);

    let own = origin("http://localhost");
    for harmless in [vec![own], vec![site("same-origin")], vec![]] {
        let headers: Vec<_> = [vec![cookie.clone()], harmless].concat();
        assert_eq!(app.post("/sensitive", &headers).await.status, 200);
    }
    // Without a cookie there is nothing to abuse, and a link may lead here from anywhere.
    assert_eq!(app.post("/sensitive", &[site("cross-site")]).await.status, 200);
    assert_eq!(app.get("/sensitive", &[cookie, site("cross-site")]).await.status, 200);
    assert_eq!(app.calls.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn g17_a_login_that_is_too_long_ago_never_reaches_the_handler() {
    let app = App::start().await;
    let alice = app.alice().await;
    app.clock.advance(Duration::from_secs(300));
    assert_eq!(app.get("/fresh", &[cookie(&alice)]).await.body, "in");
    app.clock.advance(Duration::from_secs(1));
    let answer = app.get("/fresh", &[cookie(&alice)]).await;
    assert_eq!(answer.status, 401);
    let challenge = answer.challenge();
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(challenge.contains("max_age=\"300\""), "{challenge}");
    assert!(answer.body.contains("\"amr\":[\"pwd\"]"), "{answer:?}");
    assert_eq!(app.get("/whoami", &[cookie(&alice)]).await.status, 200);

    let nobody = app.get("/fresh", &[]).await;
    assert_eq!((nobody.status, nobody.challenge()), (401, "Bearer realm=\"jam\""));
    assert_eq!(app.calls.load(Ordering::Relaxed), 1);

    // Using the session or giving it another id proves nothing; logging in again does.
    let rotated = id(&app.post("/rotate", &[cookie(&alice)]).await);
    assert_eq!(app.get("/fresh", &[cookie(&rotated)]).await.status, 401);
    let again = id(&app.post("/login", &[cookie(&rotated)]).await);
    assert_eq!(app.get("/fresh", &[cookie(&again)]).await.status, 200);
}

#[tokio::test]
async fn g55_a_store_that_is_down_is_a_503_and_takes_nothing_from_the_client() {
    let app = App::start().await;
    let cookie = cookie(&app.alice().await);
    app.store.set_down(true);
    let paths = ["/whoami", "/maybe", "/count", "/fresh"];
    let mut answers = Vec::new();
    for path in paths {
        answers.push(app.get(path, std::slice::from_ref(&cookie)).await);
    }
    for path in ["/count", "/login", "/destroy"] {
        answers.push(app.post(path, std::slice::from_ref(&cookie)).await);
    }
    answers.push(app.post("/count", &[]).await);
    for answer in answers {
        assert_eq!((answer.status, answer.one("retry-after")), (503, "1"), "{answer:?}");
        assert_eq!(answer.body, r#"{"error":"temporarily_unavailable"}"#);
        assert!(answer.all("set-cookie").is_empty() && answer.all("www-authenticate").is_empty());
    }
    assert_eq!(app.get("/maybe", &[]).await.body, "nobody");
    assert_eq!(app.get("/untouched", std::slice::from_ref(&cookie)).await.status, 200);

    app.store.set_down(false);
    for path in paths {
        assert_eq!(app.get(path, std::slice::from_ref(&cookie)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_session_without_a_backend_is_not_supported() {
    let app = Router::new().route("/", get(read)).layer(JamLayer::new(crate::jam()));
    let answer = wire::get(app, "/", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (501, r#"{"error":"not_supported"}"#));
}

#[tokio::test]
async fn a_memory_store_serves_the_same_without_waiting() {
    let router = Router::new().route("/count", get(read).post(count));
    let router = router.layer(JamLayer::new(jam(MemoryStore::new(), &clock())));
    let server = wire::serve(router).await;
    let length = ("content-length", "0".to_owned());
    let first = wire::exchange(server, "POST", "/count", &[length]).await.unwrap();
    let answer = wire::fetch(server, "/count", &[cookie(&id(&first))]).await.unwrap();
    assert_eq!(answer.body, "Some(1)");
}
