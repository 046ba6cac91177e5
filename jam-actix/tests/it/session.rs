//! Sessions through the extractor: what is recorded, when it is written, and what the client gets.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error};
use jam_actix::{Flow, Identity, JamLayer, Rejection, Session};
use jam_core::session::Login;

use crate::store::{IDLE, Switched, sessions, sessions_in};
use crate::wire::{self, Answer};
use crate::{SESSION, User, jam, session_of};

type Said = Result<String, Rejection>;

async fn login(session: Session) -> Said {
    session.login(Login::new("alice").scopes(["user"]).claim("name", "alice"))?;
    Ok("welcome".to_owned())
}

async fn set(session: Session) -> Said {
    session.set("color", "blue")?;
    Ok("set".to_owned())
}

async fn color(session: Session) -> Said {
    Ok(session.get("color").await?.unwrap_or("none".to_owned()))
}

async fn rotate(session: Session) -> Said {
    session.rotate()?;
    Ok("rotated".to_owned())
}

async fn logout(session: Session) -> Said {
    session.destroy()?;
    Ok("bye".to_owned())
}

/// Has everything at hand and asks nothing.
async fn untouched(session: Session, flow: Flow) -> String {
    format!("{}", session.flow().is_touched() || flow.is_touched())
}

/// The write is recorded before the handler fails in its own way.
async fn fails(session: Session) -> actix_web::Result<String> {
    session.set("failed", &1).map_err(Rejection::from)?;
    Err(ErrorInternalServerError("their own words"))
}

async fn failed(session: Session) -> Said {
    Ok(format!("{:?}", session.get::<u8>("failed").await?))
}

/// Somebody else ends the session while this request has it in its hands.
async fn overtaken(session: Session) -> Said {
    if let Some(handle) = session.handle().await? {
        assert!(session.flow().jam().revoke(handle).await?);
    }
    session.set("color", "red")?;
    Ok("written".to_owned())
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/login", web::post().to(login))
        .route("/set", web::post().to(set))
        .route("/color", web::get().to(color))
        .route("/rotate", web::post().to(rotate))
        .route("/logout", web::post().to(logout))
        .route("/untouched", web::get().to(untouched))
        .route("/fails", web::get().to(fails))
        .route("/failed", web::get().to(failed))
        .route("/overtaken", web::post().to(overtaken))
        .route("/whoami", web::get().to(async |user: Identity<User>| user.name.clone()));
}

async fn post(server: SocketAddr, path: &str, headers: &[(&str, String)]) -> Answer {
    wire::fetch(server, "POST", path, headers).await.unwrap()
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

#[actix_web::test]
async fn g51_a_session_is_begun_read_rotated_and_ended() {
    let server = wire::serve(sessions().0, routes);
    let answer = post(server, "/set", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "set"));
    let first = hands_out(&answer);

    let answer = wire::get(server, "/color", &[first.clone()]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "blue"));
    assert!(answer.all("set-cookie").is_empty() && answer.all("vary").is_empty(), "{answer:?}");

    let second = hands_out(&post(server, "/rotate", &[first.clone()]).await);
    assert_ne!(first, second);
    assert_eq!(wire::get(server, "/color", &[second.clone()]).await.body, "blue");
    assert_eq!(wire::get(server, "/color", &[first]).await.body, "none");

    let answer = post(server, "/logout", &[second.clone()]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "bye"));
    let cleared = answer.one("set-cookie");
    assert!(cleared.starts_with(&format!("{SESSION}=;")) && cleared.contains("Max-Age=0"));
    assert_eq!((answer.one("cache-control"), answer.one("vary")), ("no-store", "Cookie"));
    assert_eq!(wire::get(server, "/color", &[second]).await.body, "none");
}

#[actix_web::test]
async fn g07_a_login_issues_a_new_id_and_keeps_what_an_anonymous_session_holds() {
    let server = wire::serve(sessions().0, routes);
    let anonymous = hands_out(&post(server, "/set", &[]).await);
    let answer = wire::get(server, "/whoami", &[anonymous.clone()]).await;
    assert_eq!((answer.status, answer.challenge()), (401, r#"Bearer realm="jam""#));

    let alice = hands_out(&post(server, "/login", &[anonymous.clone()]).await);
    assert_eq!(wire::get(server, "/whoami", &[alice.clone()]).await.body, "alice");
    assert_eq!(wire::get(server, "/color", &[alice]).await.body, "blue");
    let answer = wire::get(server, "/whoami", &[anonymous]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
}

#[actix_web::test]
async fn g08_a_session_ends_when_nobody_used_it_for_too_long() {
    let (jam, clock) = sessions();
    let server = wire::serve(jam, routes);
    let alice = hands_out(&post(server, "/login", &[]).await);
    for _ in 0..3 {
        clock.advance(IDLE - Duration::from_secs(1));
        assert_eq!(wire::get(server, "/whoami", &[alice.clone()]).await.body, "alice");
    }
    clock.advance(IDLE + Duration::from_secs(1));
    assert_eq!(wire::get(server, "/whoami", &[alice]).await.status, 401);
}

#[actix_web::test]
async fn an_untouched_request_leaves_its_answer_and_the_store_alone() {
    let store = Switched::default();
    let server = wire::serve(sessions_in(store.clone()).0, routes);
    let alice = hands_out(&post(server, "/login", &[]).await);
    let calls = store.calls();
    for headers in [vec![alice], vec![], vec![("cookie", format!("{SESSION}=rubbish"))]] {
        let answer = wire::get(server, "/untouched", &headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "false"));
        for name in ["set-cookie", "vary", "cache-control"] {
            assert!(answer.all(name).is_empty(), "{answer:?}");
        }
    }
    assert_eq!(store.calls(), calls);
}

#[actix_web::test]
async fn g20_reading_without_a_cookie_asks_no_store_and_sets_no_cookie() {
    let store = Switched::default();
    let server = wire::serve(sessions_in(store.clone()).0, routes);
    let answer = wire::get(server, "/color", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "none"));
    assert!(answer.all("set-cookie").is_empty());
    assert_eq!((store.calls(), store.len()), (0, 0));
}

#[actix_web::test]
async fn a_write_is_kept_when_the_handler_answers_with_an_error() {
    let server = wire::serve(sessions().0, routes);
    let answer = wire::get(server, "/fails", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "their own words"));
    let session = hands_out(&answer);
    assert_eq!(wire::get(server, "/failed", &[session]).await.body, "Some(1)");
}

/// Writes, and fails without a response.
async fn failing<B: MessageBody>(
    session: Session,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.path() != "/inner" {
        return next.call(request).await;
    }
    session.set("failed", &1).map_err(Rejection::from)?;
    Err(ErrorInternalServerError("a middleware's own words"))
}

/// The same, after somebody else has ended the session.
async fn overtaken_and_failing<B: MessageBody>(
    session: Session,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.path() == "/inner" {
        overtaken(session.clone()).await?;
    }
    failing(session, request, next).await
}

#[actix_web::test]
async fn a_write_is_kept_when_a_middleware_fails() {
    let jam = sessions().0;
    let server = serve!(
        App::new().configure(routes).wrap(from_fn(failing)).wrap(JamLayer::new(jam.clone()))
    );
    let answer = wire::get(server, "/inner", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "a middleware's own words"));
    let session = hands_out(&answer);
    assert_eq!(wire::get(server, "/failed", &[session]).await.body, "Some(1)");
}

#[actix_web::test]
async fn g69_a_write_to_a_session_that_ended_meanwhile_is_refused_in_place_of_the_answer() {
    let jam = sessions().0;
    let server = serve!({
        let app = App::new().configure(routes).wrap(from_fn(overtaken_and_failing));
        app.wrap(JamLayer::new(jam.clone()))
    });
    for path in ["/overtaken", "/inner"] {
        let alice = hands_out(&post(server, "/login", &[]).await);
        let answer = post(server, path, &[alice.clone()]).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
        assert!(answer.all("set-cookie").is_empty() && !answer.body.contains("words"));
        assert_eq!(wire::get(server, "/color", &[alice]).await.body, "none");
    }
}

#[actix_web::test]
async fn without_a_session_backend_the_extractor_says_what_is_missing() {
    let answer = wire::get(wire::serve(jam(), routes), "/color", &[]).await;
    assert_eq!(answer.status, 501);
}
