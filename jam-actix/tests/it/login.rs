//! Handing a token out and taking it back.

use actix_web::HttpResponse;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::{StatusCode, header};
use actix_web::web::{self, ServiceConfig};
use jam_actix::{Flow, Identity};

use crate::wire::{self, Answer};
use crate::{COOKIE, User, alice, bob, cookie, jam};

async fn login(flow: Flow) -> HttpResponse {
    flow.persist_jwt(&bob()).unwrap();
    HttpResponse::build(StatusCode::CREATED)
        .insert_header((header::VARY, "Accept"))
        .insert_header((header::CACHE_CONTROL, "max-age=60"))
        .body("welcome")
}

async fn logout(flow: Flow) -> &'static str {
    flow.clear_jwt();
    "bye"
}

/// The write is recorded before the handler fails in its own way.
async fn fails(flow: Flow) -> actix_web::Result<&'static str> {
    flow.persist_jwt(&bob()).unwrap();
    Err(ErrorInternalServerError("their own words"))
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/login", web::get().to(login))
        .route("/logout", web::get().to(logout))
        .route("/fails", web::get().to(fails))
        .route("/whoami", web::get().to(async |user: Identity<User>| user.name.clone()));
}

async fn ask(path: &str, headers: &[(&str, String)]) -> Answer {
    wire::get(wire::serve(jam(), routes), path, headers).await
}

/// Name, value and the attributes in order of the alphabet.
fn parts(set_cookie: &str) -> (&str, &str, Vec<&str>) {
    let mut pieces = set_cookie.split("; ");
    let (name, value) = pieces.next().unwrap().split_once('=').unwrap();
    let mut attributes: Vec<_> = pieces.collect();
    attributes.sort_unstable();
    (name, value, attributes)
}

#[actix_web::test]
async fn g44_g45_g46_g47_a_login_hands_out_a_host_cookie() {
    let answer = ask("/login", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, "welcome"));
    let (name, value, attributes) = parts(answer.one("set-cookie"));
    assert_eq!(name, COOKIE);
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);

    let answer = ask("/whoami", &[cookie(value)]).await;
    assert_eq!(answer.body, "bob");
}

#[actix_web::test]
async fn g51_an_answer_that_sets_a_cookie_is_not_stored_and_keeps_its_own_vary() {
    let answer = ask("/login", &[]).await;
    assert_eq!(answer.one("cache-control"), "no-store");
    let vary = answer.one("vary").to_ascii_lowercase();
    let vary: Vec<_> = vary.split(',').map(str::trim).collect();
    assert!(vary.contains(&"accept") && vary.contains(&"cookie"), "{vary:?}");
}

#[actix_web::test]
async fn g14_a_logout_removes_the_very_cookie_that_login_set() {
    let answer = ask("/logout", &[cookie(&alice())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "bye"));
    let (name, value, mut attributes) = parts(answer.one("set-cookie"));
    assert_eq!((name, value), (COOKIE, ""));
    attributes.retain(|attribute| *attribute != "Max-Age=0" && !attribute.starts_with("Expires="));
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    assert!(answer.one("set-cookie").contains("Max-Age=0"));
    assert_eq!(answer.one("cache-control"), "no-store");
}

#[actix_web::test]
async fn a_handler_that_fails_keeps_its_answer_and_the_cookie() {
    let answer = ask("/fails", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "their own words"));
    assert_eq!(parts(answer.one("set-cookie")).0, COOKIE);
}
