//! Errors of middlewares between the layer and the handler: actix hands them on without a response.

use std::fmt;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{ErrorHandlerResponse, ErrorHandlers, Next, from_fn};
use actix_web::{App, Error, HttpResponse, ResponseError, web};
use jam_actix::{Flow, Identity, JamLayer, Rejection};

use crate::wire::{self, Answer};
use crate::{COOKIE, User, alice, bearer, forged, jam};

/// An application's own error, with a cookie and a body of its own.
#[derive(Debug)]
struct OutOfTea;

impl fmt::Display for OutOfTea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of tea")
    }
}

impl ResponseError for OutOfTea {
    fn status_code(&self) -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code())
            .append_header((header::SET_COOKIE, "theirs=1"))
            .append_header((header::VARY, "Accept"))
            .body("no tea for you")
    }
}

type Answered<B> = Result<ServiceResponse<B>, Error>;

async fn records_and_fails<B: MessageBody>(
    flow: Flow,
    _: ServiceRequest,
    _: Next<B>,
) -> Answered<B> {
    flow.persist_jwt(&alice()).unwrap();
    Err(OutOfTea.into())
}

async fn records_then_fails_after<B: MessageBody>(
    flow: Flow,
    request: ServiceRequest,
    next: Next<B>,
) -> Answered<B> {
    drop(next.call(request).await?);
    flow.clear_jwt();
    Err(OutOfTea.into())
}

async fn only_fails<B: MessageBody>(_: ServiceRequest, _: Next<B>) -> Answered<B> {
    Err(OutOfTea.into())
}

async fn swallows_and_fails<B: MessageBody>(
    user: Option<Identity<User>>,
    flow: Flow,
    _: ServiceRequest,
    _: Next<B>,
) -> Answered<B> {
    assert!(user.is_none());
    flow.persist_jwt(&alice()).unwrap();
    Err(OutOfTea.into())
}

async fn asks<B: MessageBody>(
    user: Identity<User>,
    request: ServiceRequest,
    next: Next<B>,
) -> Answered<B> {
    assert_eq!(user.name, "alice");
    next.call(request).await
}

fn keeps_its_own_answer(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (418, "no tea for you"));
    let cookies = answer.all("set-cookie");
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert_eq!(cookies[0], "theirs=1");
    assert!(cookies[1].starts_with(COOKIE), "{cookies:?}");
    assert_eq!(answer.one("vary"), "Accept, Cookie, Authorization");
    assert_eq!(answer.one("cache-control"), "no-store");
}

/// An `App` of one route behind these middlewares, the first one innermost.
macro_rules! app {
    ($($middleware:expr),+) => {
        serve!(App::new().route("/", web::get().to(async || "in"))$(.wrap($middleware))+)
    };
}

fn layer() -> JamLayer {
    JamLayer::new(jam())
}

#[actix_web::test]
async fn an_inner_middlewares_error_keeps_its_answer_and_our_cookie() {
    let server = app!(from_fn(records_and_fails), layer());
    keeps_its_own_answer(&wire::get(server, "/", &[]).await);
    let server = app!(from_fn(records_then_fails_after), layer());
    keeps_its_own_answer(&wire::get(server, "/", &[]).await);
}

#[actix_web::test]
async fn an_error_keeps_our_cookie_through_the_middlewares_outside_the_layer() {
    // One passes the error on, the next makes a response of it in its own way, the last looks at it.
    async fn passes<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Answered<B> {
        next.call(request).await
    }
    async fn renders<B: MessageBody + 'static>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse, Error> {
        let kept = request.request().clone();
        match next.call(request).await {
            Ok(response) => Ok(response.map_into_boxed_body()),
            Err(error) => {
                assert_eq!(error.to_string(), "out of tea");
                assert_eq!(error.as_response_error().status_code(), StatusCode::IM_A_TEAPOT);
                Ok(ServiceResponse::from_err(error, kept))
            }
        }
    }
    let looks = || {
        ErrorHandlers::new().default_handler(|response| {
            Ok(ErrorHandlerResponse::Response(response.map_into_left_body()))
        })
    };
    let server =
        app!(from_fn(records_and_fails), layer(), from_fn(passes), from_fn(renders), looks());
    keeps_its_own_answer(&wire::get(server, "/", &[]).await);
}

#[actix_web::test]
async fn an_error_whose_flow_nobody_touched_passes_as_it_is() {
    async fn knows_it<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Answered<B> {
        let outcome = next.call(request).await;
        assert!(outcome.as_ref().err().and_then(Error::as_error::<OutOfTea>).is_some());
        outcome
    }
    let server = app!(from_fn(only_fails), layer(), from_fn(knows_it));
    let answer = wire::get(server, "/", &[bearer(&alice())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (418, "no tea for you"));
    assert_eq!(answer.all("set-cookie"), ["theirs=1"]);
    assert_eq!(answer.one("vary"), "Accept");
}

#[actix_web::test]
async fn a_refusal_that_a_middleware_swallows_replaces_its_error() {
    let server = app!(from_fn(swallows_and_fails), layer());
    let answer = wire::get(server, "/", &[bearer(&forged())]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
    assert!(answer.all("set-cookie").is_empty() && !answer.body.contains("tea"), "{answer:?}");
}

#[actix_web::test]
async fn a_middleware_that_asks_for_an_identity_refuses_as_a_handler_does() {
    async fn is_ours<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Answered<B> {
        let outcome = next.call(request).await;
        if let Err(error) = &outcome {
            assert!(error.as_error::<Rejection>().is_some(), "not replaced, since not swallowed");
        }
        outcome
    }
    let server = app!(from_fn(asks), layer(), from_fn(is_ours));
    assert_eq!(wire::get(server, "/", &[bearer(&alice())]).await.body, "in");
    for (headers, status, challenge) in [
        (vec![], 401, r#"Bearer realm="jam""#),
        (vec![bearer(&forged())], 401, r#"Bearer realm="jam", error="invalid_token""#),
        (vec![bearer("two words")], 400, r#"Bearer realm="jam", error="invalid_request""#),
    ] {
        let answer = wire::get(server, "/", &headers).await;
        assert_eq!((answer.status, answer.challenge()), (status, challenge));
    }
}
