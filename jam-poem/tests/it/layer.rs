//! What the layer does to a request and its response, and what it leaves alone.

use jam_core::redirect::LoginRedirect;
use jam_core::request::{Found, RequestView};
use jam_core::scope::ScopeRule;
use jam_core::source::CredentialSource;
use jam_poem::{Flow, JamLayer, MaybeIdentity, Rejection, require_login, require_scope, view};
use poem::http::header;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Route, get, handler};

use crate::wire;
use crate::{COOKIE, User, alice, bearer, cookie, jam, jam_from, persist, whoami};

fn with_foreign_headers(flow: Option<&Flow>) -> Response {
    if let Some(flow) = flow {
        flow.persist_jwt(&alice()).unwrap();
    }
    Response::builder()
        .header(header::SET_COOKIE, "theme=dark; Path=/")
        .header(header::SET_COOKIE, "font=large")
        .header(header::VARY, "Accept")
        .header(header::CACHE_CONTROL, "max-age=60")
        .body("theirs")
}

#[handler]
fn theirs() -> Response {
    with_foreign_headers(None)
}

#[handler]
fn theirs_and_ours(flow: Flow) -> Response {
    with_foreign_headers(Some(&flow))
}

#[tokio::test]
async fn a_response_whose_flow_nobody_touched_leaves_unchanged() {
    let without = wire::get(get(theirs), "/", &[bearer(&alice())]).await;
    let with = wire::get(get(theirs).with(JamLayer::new(jam())), "/", &[bearer(&alice())]).await;
    assert_eq!(with.dateless(), without.dateless());
}

#[tokio::test]
async fn foreign_cookies_stay_beside_ours() {
    let answer = wire::get(theirs_and_ours.with(JamLayer::new(jam())), "/", &[]).await;
    let cookies = answer.all("set-cookie");
    assert_eq!(cookies.len(), 3, "{cookies:?}");
    assert!(cookies.contains(&"theme=dark; Path=/") && cookies.contains(&"font=large"));
    assert_eq!(answer.body, "theirs");
}

/// An answer with these `Vary` lines after a token was handed out.
async fn vary_beside(lines: &'static [&'static str]) -> Vec<String> {
    let app = persist
        .map_to_response()
        .after(|answer: poem::Result<Response>| async move {
            let mut answer = answer?;
            for line in lines {
                answer.headers_mut().append(header::VARY, line.parse().unwrap());
            }
            Ok::<_, poem::Error>(answer)
        })
        .with(JamLayer::new(jam()));
    let answer = app.get_response(Request::default()).await;
    answer
        .headers()
        .get_all(header::VARY)
        .iter()
        .map(|value| value.to_str().unwrap().to_lowercase())
        .collect()
}

#[tokio::test]
async fn vary_becomes_one_line_that_names_each_header_once() {
    assert_eq!(vary_beside(&[]).await, ["cookie, authorization"]);
    assert_eq!(vary_beside(&["Accept, TE"]).await, ["accept, te, cookie, authorization"]);
    assert_eq!(vary_beside(&["Accept", "COOKIE"]).await, ["accept, cookie, authorization"]);
    assert_eq!(vary_beside(&["*"]).await, ["*"]);
}

#[tokio::test]
async fn g52_a_response_shows_no_token_when_it_is_printed() {
    let answer = persist.with(JamLayer::new(jam())).get_response(Request::default()).await;
    let cookie = answer.header("set-cookie").unwrap();
    let token = cookie.split(['=', ';']).nth(1).unwrap();
    assert_eq!(token.matches('.').count(), 2);
    assert!(!format!("{answer:?}").contains(token));
}

#[test]
fn a_view_reads_a_request_as_it_came() {
    let jam = jam_from([CredentialSource::cookie(COOKIE), CredentialSource::header("X-Token")]);
    let request = Request::builder().uri_str("/path?query=1").header("cookie", "a=b; __Host-jwt=x");
    let request = request.finish();
    let view = view(&request);
    assert_eq!(jam.find_credential(&view), (0, Found::Credential(b"x")));
    assert_eq!((view.method(), view.path(), view.query()), ("GET", "/path", Some("query=1")));
    assert_eq!(view.authority(), None, "the header `Host` speaks");
    let request = Request::builder().header("x-token", "one").header("X-Token", "two").finish();
    assert_eq!(jam.find_credential(&jam_poem::view(&request)), (1, Found::Conflict));
}

#[test]
fn a_view_names_the_authority_that_the_target_names() {
    // As HTTP/2's `:authority` and the absolute form of HTTP/1 arrive.
    let request = Request::builder()
        .uri_str("https://shop.example:8443/cart?full")
        .header("host", "other.example")
        .header("x-forwarded-host", "evil.example")
        .finish();
    let view = view(&request);
    assert_eq!(view.authority(), Some("shop.example:8443"));
    assert_eq!((view.path(), view.query()), ("/cart", Some("full")));
}

#[tokio::test]
async fn nested_layers_of_one_jam_hand_a_token_out_once() {
    #[handler]
    fn logout(flow: Flow) {
        flow.clear_jwt();
    }
    let jam = jam();
    let inner = Route::new().at("/logout", get(logout)).with(JamLayer::new(jam.nested()));
    let app = Route::new().nest("/in", inner).before(async |request| {
        jam_core::flow::Flow::current().unwrap().persist_jwt(&alice()).unwrap();
        Ok(request)
    });
    // The later write counts; two flows would each send a cookie.
    let answer = wire::get(app.with(JamLayer::new(jam)), "/in/logout", &[]).await;
    assert!(answer.one("set-cookie").starts_with("__Host-jwt=; "), "{answer:?}");
}

#[tokio::test]
async fn a_layer_of_another_jam_judges_what_is_inside_it() {
    let cookieless = jam_from([CredentialSource::bearer()]);
    let inner = Route::new().at("/whoami", get(whoami)).with(JamLayer::new(cookieless));
    let app = Route::new().nest("/in", inner).at("/whoami", get(whoami)).with(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    let headers = [cookie(&alice())];
    assert_eq!(wire::fetch(server, "/whoami", &headers).await.unwrap().status, 200);
    assert_eq!(wire::fetch(server, "/in/whoami", &headers).await.unwrap().status, 401);
}

#[handler]
async fn maybe(_: MaybeIdentity<User>) -> &'static str {
    "in"
}

#[handler]
fn inside() -> &'static str {
    "in"
}

#[tokio::test]
async fn a_missing_layer_fails_closed_and_names_the_fix() {
    let scoped = require_scope(ScopeRule::all_of(["user"]));
    let login = require_login(LoginRedirect::to("/login"));
    let app = Route::new()
        .at("/identity", get(whoami))
        .at("/maybe", get(maybe))
        .at("/flow", get(persist))
        .at("/scope", get(inside).with(scoped))
        .at("/login", get(inside).with(login));
    let server = wire::serve(app).await;
    for path in ["/identity", "/maybe", "/flow", "/scope", "/login"] {
        let answer = wire::fetch(server, path, &[bearer(&alice())]).await.unwrap();
        assert_eq!(answer.status, 500, "{path}");
        let fix = ".with(jam_poem::JamLayer::new(jam))";
        assert!(answer.body.contains(fix), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_guard_or_a_route_outside_the_layer_fails_closed() {
    let layered = || get(whoami).with(JamLayer::new(jam()));
    let guarded = layered().with(require_scope(ScopeRule::all_of(["user"])));
    let app = Route::new().at("/in", layered()).at("/guarded", guarded).at("/out", get(whoami));
    let server = wire::serve(app).await;
    for (path, status) in [("/in", 200), ("/guarded", 500), ("/out", 500)] {
        let answer = wire::fetch(server, path, &[bearer(&alice())]).await.unwrap();
        assert_eq!(answer.status, status, "{path}");
    }
}

#[handler]
async fn panics(flow: Flow) -> &'static str {
    flow.persist_jwt(&alice()).unwrap();
    panic!("the handler's own fault");
}

#[tokio::test]
async fn a_panicking_handler_poisons_nothing() {
    let app = Route::new()
        .at("/panic", get(panics))
        .at("/whoami", get(whoami))
        .with(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    let headers = [bearer(&alice())];
    assert_eq!(wire::fetch(server, "/panic", &headers).await, None);
    assert_eq!(wire::fetch(server, "/whoami", &headers).await.unwrap().body, "alice");
}

#[tokio::test]
async fn a_panic_that_is_caught_inside_keeps_the_cookie() {
    let app = panics.with(poem::middleware::CatchPanic::new()).with(JamLayer::new(jam()));
    let answer = wire::get(app, "/", &[]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.one("set-cookie").starts_with(COOKIE), "{answer:?}");
}

#[handler]
async fn asks_in_the_handler(flow: Flow) -> Result<&'static str, Rejection> {
    flow.require(&ScopeRule::all_of(["admin"])).await?;
    Ok("in")
}

#[handler]
async fn asks_beside_other_errors(flow: Flow) -> poem::Result<impl IntoResponse> {
    flow.require(&ScopeRule::all_of(["admin"])).await.map_err(Rejection::from)?;
    Ok("in")
}

#[tokio::test]
async fn a_handler_refuses_with_a_question_mark() {
    let app = Route::new()
        .at("/own", get(asks_in_the_handler))
        .at("/beside", get(asks_beside_other_errors))
        .with(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    for path in ["/own", "/beside"] {
        let answer = wire::fetch(server, path, &[bearer(&alice())]).await.unwrap();
        assert_eq!(answer.status, 403);
        assert!(answer.challenge().contains("error=\"insufficient_scope\""), "{answer:?}");
    }
}
