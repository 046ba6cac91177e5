//! What the layer does to a request and its response, and what it leaves alone.

use http_body_util::BodyExt;
use jam_core::fresh::RequireFresh;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_core::source::CredentialSource;
use jam_warp::{
    Flow, Identity, JamLayer, MaybeIdentity, flow, identity, maybe_identity, recover,
    require_fresh, require_login, require_scope, session,
};
use tower_layer::Layer;
use tower_service::Service;
use warp::http::header::{HeaderValue, SET_COOKIE, VARY};
use warp::http::{Request, Response, StatusCode};
use warp::reply::with_header;
use warp::{Filter, Reply};

use crate::wire::{self, Answer};
use crate::{COOKIE, User, alice, bearer, cookie, forged, jam, jam_from};

fn name(user: Identity<User>) -> String {
    user.name.clone()
}

fn persist(flow: Flow) -> &'static str {
    flow.persist_jwt(&alice()).unwrap();
    "done"
}

fn with_foreign_headers() -> Response<&'static str> {
    let answer = Response::builder().header(SET_COOKIE, "theme=dark; Path=/");
    answer.header(VARY, "Accept").header("cache-control", "max-age=60").body("theirs").unwrap()
}

/// The routes as a plain tower service, without a server.
async fn in_process<F>(routes: F, headers: &[(&str, String)]) -> Answer
where
    F: Filter<Extract: Reply> + Clone + Send + Sync + 'static,
{
    let mut request = Request::get("/");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let mut service = JamLayer::new(jam()).layer(warp::service(routes));
    let (head, body) =
        service.call(request.body(String::new()).unwrap()).await.unwrap().into_parts();
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: head.status.as_u16(),
        headers: headers.collect(),
        body: String::from_utf8(body).unwrap(),
    }
}

#[tokio::test]
async fn the_layer_works_without_a_server_of_ours() {
    let routes = identity().map(name).recover(recover);
    assert_eq!(in_process(routes, &[bearer(&alice())]).await.body, "alice");
    let refused = in_process(routes, &[bearer(&forged())]).await;
    assert_eq!(refused.status, 401);
    assert!(refused.challenge().contains("error=\"invalid_token\""), "{refused:?}");
    let answer = in_process(flow().map(persist).recover(recover), &[]).await;
    assert!(answer.one("set-cookie").starts_with(COOKIE), "{answer:?}");
}

#[tokio::test]
async fn a_response_whose_flow_nobody_touched_leaves_unchanged() {
    let routes = warp::any().map(with_foreign_headers);
    let request = Request::get("/").header("authorization", format!("Bearer {}", alice()));
    let without = warp::service(routes).call(request.body(String::new()).unwrap()).await.unwrap();
    let with = in_process(routes, &[bearer(&alice())]).await;
    let lines = without.headers().iter();
    let lines = lines.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    assert_eq!(with.headers, lines.collect::<Vec<_>>());
    assert_eq!((with.status, with.body.as_str()), (200, "theirs"));
}

#[tokio::test]
async fn foreign_cookies_stay_beside_ours() {
    let handler = |flow: Flow| {
        flow.persist_jwt(&alice()).unwrap();
        let mut answer = with_foreign_headers();
        answer.headers_mut().append(SET_COOKIE, HeaderValue::from_static("font=large"));
        answer
    };
    let answer = wire::get(flow().map(handler), "/", &[]).await;
    let cookies = answer.all("set-cookie");
    assert_eq!(cookies.len(), 3, "{cookies:?}");
    assert!(cookies.contains(&"theme=dark; Path=/") && cookies.contains(&"font=large"));
    assert_eq!(answer.body, "theirs");
}

#[tokio::test]
async fn nested_layers_of_one_jam_hand_a_token_out_once() {
    let jam = jam();
    let server = jam_warp::serve(flow().map(persist), jam.nested()).layer(JamLayer::new(jam));
    let answer = wire::fetch(wire::spawn(server).await, "/", &[]).await.unwrap();
    assert!(answer.one("set-cookie").starts_with(COOKIE), "{answer:?}");
}

#[tokio::test]
async fn an_inner_layer_of_another_jam_judges_what_is_inside_it() {
    let routes = identity().map(name).recover(recover);
    let cookieless = jam_from([CredentialSource::bearer()]);
    let server = jam_warp::serve(routes, cookieless).layer(JamLayer::new(jam()));
    let server = wire::spawn(server).await;
    assert_eq!(wire::fetch(server, "/", &[bearer(&alice())]).await.unwrap().status, 200);
    assert_eq!(wire::fetch(server, "/", &[cookie(&alice())]).await.unwrap().status, 401);
}

#[tokio::test]
async fn a_fallback_is_covered() {
    let fallback = identity().map(name);
    let routes = warp::path!("somewhere").map(|| "here").or(fallback).recover(recover);
    let answer = wire::get(routes, "/nowhere", &[bearer(&alice())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice"));
    assert_eq!(wire::get(routes, "/nowhere", &[]).await.status, 401);
}

#[tokio::test]
async fn a_missing_layer_fails_closed_and_names_the_fix() {
    let scope = require_scope(ScopeRule::all_of(["user"]));
    let login = require_login(LoginRedirect::to("/login"));
    let fresh = require_fresh(RequireFresh::by_policy());
    let routes = (warp::path!("identity").and(identity()).map(name))
        .or(warp::path!("maybe").and(maybe_identity()).map(|_: MaybeIdentity<User>| "in"))
        .or(warp::path!("flow").and(flow()).map(persist))
        .or(warp::path!("session").and(session()).map(|_| "in"))
        .or(warp::path!("scope").and(scope).map(|| "in"))
        .or(warp::path!("login").and(login).map(|| "in"))
        .or(warp::path!("fresh").and(fresh).map(|| "in"));
    let mut recovered = warp::service(routes.clone().recover(recover));
    let mut forgotten = warp::service(routes);
    for path in ["/identity", "/maybe", "/flow", "/session", "/scope", "/login", "/fresh"] {
        let request = || Request::get(path).body(String::new()).unwrap();
        for answer in [recovered.call(request()).await, forgotten.call(request()).await] {
            let (head, body) = answer.unwrap().into_parts();
            assert_eq!(head.status, 500, "{path}");
            let body = body.collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            assert!(body.contains("jam_warp::serve(routes, jam)"), "{path}: {body}");
        }
    }
}

/// The pattern by which warp turns "must not" into "may": whatever was rejected reads as nobody.
fn swallows() -> impl Filter<Extract: Reply, Error = warp::Rejection> + Clone + Send + Sync + 'static
{
    let somebody = identity().map(Some);
    let nobody = warp::any().map(|| None);
    let either = somebody.or(nobody).unify().and(flow());
    either.map(|user: Option<Identity<User>>, flow: Flow| {
        flow.persist_jwt(&alice()).unwrap();
        let name = user.map_or("anonymous".to_owned(), |user| user.name.clone());
        with_header(with_header(name, "set-cookie", "theirs=1"), "etag", "\"secret\"")
    })
}

#[tokio::test]
async fn a_refusal_that_an_or_swallows_replaces_the_answer() {
    let server = wire::serve(swallows(), jam()).await;
    for (headers, status) in
        [(vec![bearer(&forged())], 401), (vec![bearer(&alice()), bearer(&alice())], 400)]
    {
        let answer = wire::fetch(server, "/", &headers).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(!answer.body.contains("anonymous"), "{answer:?}");
        assert!(answer.all("etag").is_empty() && answer.all("set-cookie").is_empty());
        assert!(answer.challenge().contains("error=\"invalid_"), "{answer:?}");
    }
    for (headers, body) in [
        (vec![bearer(&alice())], "alice"),
        (vec![], "anonymous"),
        (vec![cookie(&forged())], "anonymous"),
    ] {
        let answer = wire::fetch(server, "/", &headers).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
}

#[tokio::test]
async fn a_later_route_of_the_same_path_never_answers_for_a_bad_header() {
    let private = warp::path!("page").and(identity()).map(name);
    let public = warp::path!("page").map(|| "anyone");
    let routes = private.or(public).recover(recover);
    let server = wire::serve(routes, jam()).await;
    // Without a credential, warp goes on to the public route: that is what `.or` means.
    assert_eq!(wire::fetch(server, "/page", &[]).await.unwrap().body, "anyone");
    assert_eq!(wire::fetch(server, "/page", &[bearer(&alice())]).await.unwrap().body, "alice");
    let answer = wire::fetch(server, "/page", &[bearer(&forged())]).await.unwrap();
    assert_eq!(answer.status, 401);
    assert!(!answer.body.contains("anyone"), "{answer:?}");
}

#[tokio::test]
async fn a_refusal_that_a_foreign_recover_swallows_replaces_the_answer() {
    let routes = identity().map(name).recover(async |_| Ok::<_, warp::Rejection>("nobody"));
    let server = wire::serve(routes, jam()).await;
    assert_eq!(wire::fetch(server, "/", &[]).await.unwrap().body, "nobody");
    assert_eq!(wire::fetch(server, "/", &[bearer(&forged())]).await.unwrap().status, 401);
    // Warp's own 500 for a forgotten `recover` is such an answer too.
    let answer = wire::get(identity().map(name), "/", &[bearer(&forged())]).await;
    assert_eq!(answer.status, 401);
}

fn panics(_: Identity<User>, flow: Flow) -> StatusCode {
    flow.persist_jwt(&alice()).unwrap();
    panic!("the handler's own fault");
}

#[tokio::test]
async fn a_panicking_handler_poisons_nothing() {
    let panics = warp::path!("panic").and(identity()).and(flow()).map(panics);
    let routes = panics.or(warp::path!("whoami").and(identity()).map(name)).recover(recover);
    let server = wire::serve(routes, jam()).await;
    let headers = [bearer(&alice())];
    assert_eq!(wire::fetch(server, "/panic", &headers).await, None);
    assert_eq!(wire::fetch(server, "/whoami", &headers).await.unwrap().body, "alice");
}
