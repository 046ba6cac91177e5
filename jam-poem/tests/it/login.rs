//! Handing a token out and taking it back.

use jam_poem::{Flow, JamLayer};
use poem::http::{StatusCode, header};
use poem::{EndpointExt, IntoResponse, Route, get, handler};

use crate::wire::{self, Answer};
use crate::{COOKIE, alice, bob, cookie, jam, whoami};

#[handler]
async fn login(flow: Flow) -> impl IntoResponse {
    flow.persist_jwt(&bob()).unwrap();
    "welcome"
        .with_status(StatusCode::CREATED)
        .with_header(header::VARY, "Accept")
        .with_header(header::CACHE_CONTROL, "max-age=60")
}

#[handler]
async fn logout(flow: Flow) -> &'static str {
    flow.clear_jwt();
    "bye"
}

async fn ask(path: &str, headers: &[(&str, String)]) -> Answer {
    let app = Route::new()
        .at("/login", get(login))
        .at("/logout", get(logout))
        .at("/whoami", get(whoami))
        .with(JamLayer::new(jam()));
    wire::get(app, path, headers).await
}

/// Name, value and the attributes in order of the alphabet.
fn parts(set_cookie: &str) -> (&str, &str, Vec<&str>) {
    let mut pieces = set_cookie.split("; ");
    let (name, value) = pieces.next().unwrap().split_once('=').unwrap();
    let mut attributes: Vec<_> = pieces.collect();
    attributes.sort_unstable();
    (name, value, attributes)
}

#[tokio::test]
async fn g44_g45_g46_g47_a_login_hands_out_a_host_cookie() {
    let answer = ask("/login", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, "welcome"));
    let (name, value, attributes) = parts(answer.one("set-cookie"));
    assert_eq!(name, COOKIE);
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);

    let answer = ask("/whoami", &[cookie(value)]).await;
    assert_eq!(answer.body, "bob");
}

#[tokio::test]
async fn g51_an_answer_that_sets_a_cookie_is_not_stored_and_keeps_its_own_vary() {
    let answer = ask("/login", &[]).await;
    assert_eq!(answer.one("cache-control"), "no-store");
    let vary = answer.one("vary").to_ascii_lowercase();
    let vary: Vec<_> = vary.split(',').map(str::trim).collect();
    assert!(vary.contains(&"accept") && vary.contains(&"cookie"), "{vary:?}");
}

#[tokio::test]
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
