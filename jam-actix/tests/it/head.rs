//! What is read from the head of a request and written to the head of a response, without a socket.

use actix_web::http::header::VARY;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse};
use jam_actix::{Flow, JamLayer, View};
use jam_core::request::{Found, RequestView};
use jam_core::source::CredentialSource;

use crate::{COOKIE, alice, jam, jam_from};

type Recipe = (String, &'static [&'static str]);

async fn hand_out(flow: Flow, recipe: Data<Recipe>) -> HttpResponse {
    flow.persist_jwt(&recipe.0).unwrap();
    let mut answer = HttpResponse::Ok();
    for line in recipe.1 {
        answer.append_header((VARY, *line));
    }
    answer.finish()
}

/// A response with these `Vary` lines after a token was handed out.
async fn handed_out(token: String, lines: &'static [&'static str]) -> HttpResponse {
    let app = App::new().app_data(Data::new((token, lines))).route("/", web::get().to(hand_out));
    let app = init_service(app.wrap(JamLayer::new(jam()))).await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    response.into_parts().1.map_into_boxed_body()
}

async fn vary_beside(lines: &'static [&'static str]) -> Vec<String> {
    let response = handed_out(alice(), lines).await;
    response.headers().get_all(VARY).map(|v| v.to_str().unwrap().to_lowercase()).collect()
}

#[actix_web::test]
async fn vary_becomes_one_line_that_names_each_header_once() {
    assert_eq!(vary_beside(&[]).await, ["cookie, authorization"]);
    assert_eq!(vary_beside(&["Accept, TE"]).await, ["accept, te, cookie, authorization"]);
    assert_eq!(vary_beside(&["Accept", "COOKIE"]).await, ["accept, cookie, authorization"]);
    assert_eq!(vary_beside(&["*"]).await, ["*"]);
}

#[actix_web::test]
async fn g52_a_response_shows_no_token_when_it_is_printed() {
    let canary = alice();
    let response = handed_out(canary.clone(), &[]).await;
    let cookie = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.contains(&canary), "{cookie}");
    let printed = format!("{:?} {:?}", response, response.headers());
    assert!(!printed.contains(&canary), "{printed}");
}

#[test]
fn a_view_reads_a_request_as_it_came() {
    let request = TestRequest::delete()
        .uri("/a%20path?query=1&more")
        .append_header(("cookie", format!("{COOKIE}=found")))
        .append_header(("x-token", "one"))
        .append_header(("X-Token", "two"))
        .to_http_request();
    let view = View::from(&request);
    let seen = (view.method(), view.path(), view.query());
    assert_eq!(seen, ("DELETE", "/a%20path", Some("query=1&more")));
    assert_eq!(view.authority(), None, "the header `Host` speaks");
    let mut lines = Vec::new();
    view.visit_header("x-token", &mut |line| lines.push(line));
    assert_eq!(lines, [b"one", b"two"]);

    assert_eq!(jam().find_credential(&view), (0, Found::Credential(b"found")));
    let twice = jam_from([CredentialSource::header("X-Token")]);
    assert_eq!(twice.find_credential(&view), (0, Found::Conflict));
}

#[test]
fn a_view_names_the_authority_that_the_target_names() {
    // As HTTP/2's `:authority` and the absolute form of HTTP/1 arrive.
    let request = TestRequest::get()
        .uri("https://shop.example:8443/cart?full")
        .append_header(("host", "other.example"))
        .append_header(("x-forwarded-host", "evil.example"))
        .to_http_request();
    let view = View::from(&request);
    assert_eq!(view.authority(), Some("shop.example:8443"));
    assert_eq!((view.path(), view.query()), ("/cart", Some("full")));
}
