//! Handing a token out and taking it back.

use jam_warp::{Flow, Identity, flow, identity, recover};
use warp::http::StatusCode;
use warp::reply::{with_header, with_status};
use warp::{Filter, Reply};

use crate::wire::{self, Answer};
use crate::{COOKIE, User, alice, bob, cookie};

fn login(flow: Flow) -> impl Reply {
    flow.persist_jwt(&bob()).unwrap();
    let answer = with_status("welcome", StatusCode::CREATED);
    with_header(with_header(answer, "vary", "Accept"), "cache-control", "max-age=60")
}

fn logout(flow: Flow) -> &'static str {
    flow.clear_jwt();
    "bye"
}

#[derive(Debug)]
struct OwnFault;

impl warp::reject::Reject for OwnFault {}

/// The write is recorded before the handler rejects in its own way.
async fn fails(flow: Flow) -> Result<String, warp::Rejection> {
    flow.persist_jwt(&bob()).unwrap();
    Err(OwnFault.into())
}

async fn own_words(rejection: warp::Rejection) -> Result<impl Reply, warp::Rejection> {
    rejection.find::<OwnFault>().ok_or_else(warp::reject::not_found)?;
    Ok(with_status("their own words", StatusCode::INTERNAL_SERVER_ERROR))
}

async fn ask(path: &str, headers: &[(&str, String)]) -> Answer {
    let login = warp::path!("login").and(flow()).map(login);
    let logout = warp::path!("logout").and(flow()).map(logout);
    let unanswered = warp::path!("unanswered").and(flow()).and_then(fails);
    let fails = warp::path!("fails").and(flow()).and_then(fails).recover(own_words);
    let whoami = warp::path!("whoami").and(identity());
    let whoami = whoami.map(|user: Identity<User>| user.name.clone());
    let routes = login.or(logout).or(unanswered).or(fails).or(whoami).recover(recover);
    wire::get(routes, path, headers).await
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

#[tokio::test]
async fn a_handler_that_rejects_keeps_its_answer_and_the_cookie() {
    for (path, body) in
        [("/fails", "their own words"), ("/unanswered", "Unhandled rejection: OwnFault")]
    {
        let answer = ask(path, &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (500, body));
        assert_eq!(parts(answer.one("set-cookie")).0, COOKIE);
    }
}
