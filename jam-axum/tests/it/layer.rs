//! What the layer does to a request and its response, and what it leaves alone.

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jam_axum::{
    Flow, Identity, JamLayer, MaybeIdentity, Rejection, Session, require_fresh, require_login,
    require_scope,
};
use jam_core::fresh::RequireFresh;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_core::source::CredentialSource;

use crate::wire;
use crate::{User, alice, bearer, cookie, forged, jam, jam_from};

async fn whoami(user: Identity<User>) -> String {
    user.name.clone()
}

async fn persist(flow: Flow) -> &'static str {
    flow.persist_jwt(&alice()).unwrap();
    "done"
}

fn with_foreign_headers() -> impl IntoResponse {
    let headers = [
        (header::SET_COOKIE, "theme=dark; Path=/"),
        (header::VARY, "Accept"),
        (header::CACHE_CONTROL, "max-age=60"),
    ];
    (headers, "theirs")
}

#[tokio::test]
async fn a_response_whose_flow_nobody_touched_leaves_unchanged() {
    let app = Router::new().route("/", get(async || with_foreign_headers()));
    let without = wire::get(app.clone(), "/", &[bearer(&alice())]).await;
    let with = wire::get(app.layer(JamLayer::new(jam())), "/", &[bearer(&alice())]).await;
    assert_eq!(with.dateless(), without.dateless());
}

#[tokio::test]
async fn foreign_cookies_stay_beside_ours() {
    let handler = async |flow: Flow| {
        flow.persist_jwt(&alice()).unwrap();
        let more = [(header::SET_COOKIE, "font=large")];
        (axum::response::AppendHeaders(more), with_foreign_headers())
    };
    let app = Router::new().route("/", get(handler)).layer(JamLayer::new(jam()));
    let answer = wire::get(app, "/", &[]).await;
    let cookies = answer.all("set-cookie");
    assert_eq!(cookies.len(), 3, "{cookies:?}");
    assert!(cookies.contains(&"theme=dark; Path=/") && cookies.contains(&"font=large"));
    assert_eq!(answer.body, "theirs");
}

#[tokio::test]
async fn nested_layers_of_one_jam_hand_a_token_out_once() {
    async fn persists(flow: Flow, request: Request, next: Next) -> Response {
        flow.persist_jwt(&alice()).unwrap();
        next.run(request).await
    }
    let jam = jam();
    let logout = get(async |flow: Flow| flow.clear_jwt());
    let inner = Router::new().route("/logout", logout).layer(JamLayer::new(jam.nested()));
    let app = Router::new().nest("/in", inner).layer(from_fn(persists)).layer(JamLayer::new(jam));
    // The later write counts; two flows would each send a cookie.
    let answer = wire::get(app, "/in/logout", &[]).await;
    assert!(answer.one("set-cookie").starts_with("__Host-jwt=; "), "{answer:?}");
}

#[tokio::test]
async fn a_layer_of_another_jam_judges_what_is_inside_it() {
    let cookieless = jam_from([CredentialSource::bearer()]);
    let inner = Router::new().route("/whoami", get(whoami)).layer(JamLayer::new(cookieless));
    let app =
        Router::new().nest("/in", inner).route("/whoami", get(whoami)).layer(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    let headers = [cookie(&alice())];
    assert_eq!(wire::fetch(server, "/whoami", &headers).await.unwrap().status, 200);
    assert_eq!(wire::fetch(server, "/in/whoami", &headers).await.unwrap().status, 401);
}

#[tokio::test]
async fn a_fallback_is_covered_by_layer() {
    let app = Router::new().fallback(whoami).layer(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    let answer = wire::fetch(server, "/nowhere", &[bearer(&alice())]).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice"));
    assert_eq!(wire::fetch(server, "/nowhere", &[]).await.unwrap().status, 401);
}

#[tokio::test]
async fn a_fallback_that_route_layer_does_not_cover_fails_closed() {
    let app =
        Router::new().route("/", get(whoami)).route_layer(JamLayer::new(jam())).fallback(whoami);
    let answer = wire::get(app, "/nowhere", &[bearer(&alice())]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains(".route_layer"), "{answer:?}");
}

#[tokio::test]
async fn a_missing_layer_fails_closed_and_names_the_fix() {
    let scoped = require_scope(ScopeRule::all_of(["user"]));
    let login = require_login(LoginRedirect::to("/login"));
    let fresh = require_fresh(RequireFresh::by_policy());
    let app = Router::new()
        .route("/identity", get(whoami))
        .route("/maybe", get(async |_: MaybeIdentity<User>| "in"))
        .route("/flow", get(persist))
        .route("/session", get(async |_: Session| "in"))
        .route("/scope", get(async || "in").layer(scoped))
        .route("/login", get(async || "in").layer(login))
        .route("/fresh", get(async || "in").layer(fresh));
    let server = wire::serve(app).await;
    for path in ["/identity", "/maybe", "/flow", "/session", "/scope", "/login", "/fresh"] {
        let answer = wire::fetch(server, path, &[bearer(&alice())]).await.unwrap();
        assert_eq!(answer.status, 500, "{path}");
        let fix = ".layer(jam_axum::JamLayer::new(jam))";
        assert!(answer.body.contains(fix), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_guard_outside_the_layer_fails_closed() {
    let app = Router::new()
        .route("/", get(async || "in"))
        .layer(JamLayer::new(jam()))
        .layer(require_scope(ScopeRule::all_of(["user"])));
    assert_eq!(wire::get(app, "/", &[bearer(&alice())]).await.status, 500);
}

async fn panics(_: Identity<User>, flow: Flow) -> &'static str {
    flow.persist_jwt(&alice()).unwrap();
    panic!("the handler's own fault");
}

#[tokio::test]
async fn a_panicking_handler_poisons_nothing() {
    let app = Router::new()
        .route("/panic", get(panics))
        .route("/whoami", get(whoami))
        .layer(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    let headers = [bearer(&alice())];
    assert_eq!(wire::fetch(server, "/panic", &headers).await, None);
    assert_eq!(wire::fetch(server, "/whoami", &headers).await.unwrap().body, "alice");
}

async fn swallows(flow: Flow, user: Result<Identity<User>, Rejection>) -> Response {
    let name = user.map_or("anonymous".to_owned(), |user| user.name.clone());
    flow.persist_jwt(&alice()).unwrap();
    ([(header::SET_COOKIE, "theirs=1"), (header::ETAG, "\"secret\"")], name).into_response()
}

#[tokio::test]
async fn a_refusal_that_the_handler_swallows_replaces_its_answer() {
    let app = Router::new().route("/", get(swallows)).layer(JamLayer::new(jam()));
    let server = wire::serve(app).await;
    for (headers, status) in
        [(vec![bearer(&forged())], 401), (vec![bearer(&alice()), bearer(&alice())], 400)]
    {
        let answer = wire::fetch(server, "/", &headers).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(!answer.body.contains("anonymous"), "{answer:?}");
        assert!(answer.all("etag").is_empty() && answer.all("set-cookie").is_empty());
        assert!(answer.challenge().contains("error=\"invalid_"), "{answer:?}");
    }
    let answer = wire::fetch(server, "/", &[bearer(&alice())]).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice"));
}

async fn answers_itself(user: Result<Identity<User>, Rejection>) -> Response {
    match user {
        Ok(user) => user.name.clone().into_response(),
        Err(Rejection(reject)) => {
            reject.handled();
            (StatusCode::IM_A_TEAPOT, "no tea for you").into_response()
        }
    }
}

#[tokio::test]
async fn a_refusal_that_the_handler_answers_for_stands() {
    let app = Router::new().route("/", get(answers_itself)).layer(JamLayer::new(jam()));
    let answer = wire::get(app, "/", &[bearer(&forged())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (418, "no tea for you"));
}

async fn asks_in_the_handler(flow: Flow) -> Result<&'static str, Rejection> {
    flow.require(&ScopeRule::all_of(["admin"])).await?;
    Ok("in")
}

#[tokio::test]
async fn a_handler_refuses_with_a_question_mark() {
    let app = Router::new().route("/", get(asks_in_the_handler)).layer(JamLayer::new(jam()));
    let answer = wire::get(app, "/", &[bearer(&alice())]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.challenge().contains("error=\"insufficient_scope\""), "{answer:?}");
}
