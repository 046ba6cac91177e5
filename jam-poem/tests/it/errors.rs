//! poem's own errors: an endpoint returns `Err`, and a `poem::Error` takes no headers.

use std::fmt;

use jam_poem::{Flow, Identity, JamLayer, Rejection};
use poem::error::{NotFoundError, ResponseError};
use poem::http::{StatusCode, header};
use poem::{Endpoint, EndpointExt, Error, IntoResponse, Request, Response, Route, get, handler};

use crate::wire::{self, Answer};
use crate::{COOKIE, User, alice, bearer, cookie, expired, forged, jam, whoami};

#[derive(Debug)]
struct TheirError;

impl fmt::Display for TheirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("their own words")
    }
}

impl std::error::Error for TheirError {}

impl ResponseError for TheirError {
    fn status(&self) -> StatusCode {
        StatusCode::BAD_GATEWAY
    }
}

/// Records a token, then fails in its own type.
#[handler]
async fn fails(flow: Flow) -> Result<(), TheirError> {
    flow.persist_jwt(&alice()).unwrap();
    Err(TheirError)
}

/// Records a token, then fails with a whole response and something for the layers outside.
#[handler]
async fn fails_with_a_response(flow: Flow) -> poem::Result<()> {
    flow.persist_jwt(&alice()).unwrap();
    let response = Response::builder()
        .status(StatusCode::BAD_GATEWAY)
        .header(header::SET_COOKIE, "theme=dark")
        .header(header::VARY, "Accept")
        .body("their own words");
    let mut error = Error::from_response(response);
    error.set_data(7_u8);
    Err(error)
}

async fn get_response(app: impl Endpoint + 'static) -> Answer {
    wire::get(app, "/", &[]).await
}

#[tokio::test]
async fn cookies_survive_an_error() {
    let answer = get_response(fails.with(JamLayer::new(jam()))).await;
    assert_eq!((answer.status, answer.body.as_str()), (502, "their own words"));
    assert!(answer.one("set-cookie").starts_with(COOKIE), "{answer:?}");
    assert_eq!(answer.one("cache-control"), "no-store");
}

#[tokio::test]
async fn an_error_keeps_its_own_headers_beside_ours() {
    let answer = get_response(fails_with_a_response.with(JamLayer::new(jam()))).await;
    assert_eq!((answer.status, answer.body.as_str()), (502, "their own words"));
    let cookies = answer.all("set-cookie");
    assert!(cookies.contains(&"theme=dark"), "{cookies:?}");
    assert!(cookies.iter().any(|cookie| cookie.starts_with(COOKIE)), "{cookies:?}");
    assert_eq!(answer.one("vary").to_lowercase(), "accept, cookie, authorization");
}

#[handler]
async fn records_and_then_asks(flow: Flow) -> Result<(), Rejection> {
    flow.clear_jwt();
    flow.identity::<User>().await?;
    Ok(())
}

#[tokio::test]
async fn a_refusal_that_is_the_handlers_own_answer_keeps_what_was_recorded() {
    let server = wire::serve(records_and_then_asks.with(JamLayer::new(jam()))).await;
    for headers in [vec![], vec![bearer(&forged())]] {
        let answer = wire::fetch(server, "/", &headers).await.unwrap();
        assert_eq!(answer.status, 401);
        assert!(answer.one("set-cookie").starts_with(COOKIE), "{answer:?}");
    }
}

#[tokio::test]
async fn an_errors_data_stays_on_the_response() {
    let app = fails_with_a_response.with(JamLayer::new(jam()));
    let answer = app.get_response(Request::default()).await;
    assert_eq!(answer.data(), Some(&7_u8));
}

#[tokio::test]
async fn an_error_passes_through_as_it_is_when_there_is_nothing_to_write() {
    let app = Route::new()
        .at("/whoami", get(whoami))
        .with(JamLayer::new(jam()))
        .catch_error(async |_: NotFoundError| "caught outside");
    let answer = wire::get(app, "/nowhere", &[bearer(&forged())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "caught outside"));
}

#[tokio::test]
async fn outside_the_layer_an_error_with_something_to_write_is_a_response() {
    let app = fails
        .with(JamLayer::new(jam()))
        .catch_all_error(async |_: Error| "the cookie would be lost here");
    let answer = get_response(app).await;
    assert_eq!((answer.status, answer.body.as_str()), (502, "their own words"));
    assert!(answer.one("set-cookie").starts_with(COOKIE), "{answer:?}");
}

#[tokio::test]
async fn an_error_that_is_caught_inside_keeps_the_cookie() {
    let app = fails
        .catch_error(async |_: TheirError| "caught inside".with_status(StatusCode::IM_A_TEAPOT))
        .with(JamLayer::new(jam()));
    let answer = get_response(app).await;
    assert_eq!((answer.status, answer.body.as_str()), (418, "caught inside"));
    assert!(answer.one("set-cookie").starts_with(COOKIE), "{answer:?}");
}

fn swallowed(flow: &Flow, name: Option<&str>) -> Response {
    flow.persist_jwt(&alice()).unwrap();
    Response::builder()
        .header(header::SET_COOKIE, "theirs=1")
        .header(header::ETAG, "\"secret\"")
        .body(name.unwrap_or("anonymous").to_owned())
}

#[handler]
fn option(flow: Flow, user: Option<Identity<User>>) -> Response {
    swallowed(&flow, user.as_ref().map(|user| user.name.as_str()))
}

#[handler]
fn result(flow: Flow, user: poem::Result<Identity<User>>) -> Response {
    swallowed(&flow, user.as_ref().ok().map(|user| user.name.as_str()))
}

/// Swallows the refusal and then fails for another reason.
#[handler]
fn option_then_error(flow: Flow, user: Option<Identity<User>>) -> poem::Result<()> {
    Err(Error::from_response(swallowed(&flow, user.as_ref().map(|user| user.name.as_str()))))
}

#[tokio::test]
async fn a_refusal_that_poems_option_swallows_replaces_the_answer() {
    let app = Route::new()
        .at("/option", get(option))
        .at("/result", get(result))
        .at("/option_then_error", get(option_then_error))
        .with(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    for path in ["/option", "/result", "/option_then_error"] {
        for (headers, status) in [
            (vec![bearer(&forged())], 401),
            (vec![bearer(&expired())], 401),
            (vec![bearer(&alice()), bearer(&alice())], 400),
        ] {
            let answer = wire::fetch(server, path, &headers).await.unwrap();
            assert_eq!(answer.status, status, "{path}");
            assert!(!answer.body.contains("anonymous"), "{path}: {answer:?}");
            assert!(answer.all("etag").is_empty() && answer.all("set-cookie").is_empty());
            assert!(answer.challenge().contains("error=\"invalid_"), "{path}: {answer:?}");
        }
        for (headers, name) in [
            (vec![], "anonymous"),
            (vec![cookie(&forged())], "anonymous"),
            (vec![bearer(&alice())], "alice"),
        ] {
            let answer = wire::fetch(server, path, &headers).await.unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (200, name), "{path}");
        }
    }
}

#[tokio::test]
async fn an_error_page_that_ignores_a_refusal_is_replaced_by_it() {
    let app = whoami.catch_all_error(async |_: Error| "all is well").with(JamLayer::new(jam()));
    let answer = wire::get(app, "/", &[bearer(&forged())]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
}

async fn no_tea(error: Error) -> Response {
    match error.downcast::<Rejection>() {
        Ok(rejection) => {
            rejection.handled();
            "no tea for you".with_status(StatusCode::IM_A_TEAPOT).into_response()
        }
        Err(error) => error.into_response(),
    }
}

#[handler]
async fn answers_itself(user: poem::Result<Identity<User>>) -> Response {
    match user {
        Ok(user) => user.name.clone().into_response(),
        Err(error) => no_tea(error).await,
    }
}

#[tokio::test]
async fn a_refusal_that_the_application_answers_for_stands() {
    let app = Route::new()
        .at("/handler", get(answers_itself))
        .at("/page", get(whoami).catch_all_error(no_tea))
        .with(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    for path in ["/handler", "/page"] {
        let answer = wire::fetch(server, path, &[bearer(&forged())]).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (418, "no tea for you"), "{path}");
    }
}

#[tokio::test]
async fn poems_own_404_and_405_leave_as_they_are() {
    let app = || Route::new().at("/in", poem::post(whoami));
    for path in ["/nowhere", "/in"] {
        let without = wire::get(app(), path, &[bearer(&forged())]).await;
        let with = wire::get(app().with(JamLayer::new(jam())), path, &[bearer(&forged())]).await;
        assert!(matches!(with.status, 404 | 405), "{path}");
        assert_eq!(with.dateless(), without.dateless(), "{path}");
    }
}
