//! What the layer does to a request and its response, and what it leaves alone.

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, Either, Error, HttpMessage, HttpRequest, HttpResponse};
use jam_actix::{Flow, Identity, JamLayer, MaybeIdentity, Rejection, require_login, require_scope};
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_core::source::CredentialSource;

use crate::wire::{self, Answer};
use crate::{User, alice, bearer, cookie, forged, jam, jam_from};

async fn whoami(user: Identity<User>) -> String {
    user.name.clone()
}

async fn persist(flow: Flow) -> &'static str {
    flow.persist_jwt(&alice()).unwrap();
    "done"
}

fn with_foreign_headers() -> HttpResponse {
    HttpResponse::Ok()
        .append_header((header::SET_COOKIE, "theme=dark; Path=/"))
        .append_header((header::SET_COOKIE, "font=large"))
        .append_header((header::VARY, "Accept"))
        .append_header((header::CACHE_CONTROL, "max-age=60"))
        .body("theirs")
}

#[actix_web::test]
async fn a_response_whose_flow_nobody_touched_leaves_unchanged() {
    fn routes(config: &mut ServiceConfig) {
        config.route("/", web::get().to(async || with_foreign_headers()));
    }
    let headers = [bearer(&alice())];
    let without = wire::get(serve!(App::new().configure(routes)), "/", &headers).await;
    let with = wire::get(wire::serve(jam(), routes), "/", &headers).await;
    assert_eq!(with.dateless(), without.dateless());
}

#[actix_web::test]
async fn foreign_cookies_stay_beside_ours() {
    fn routes(config: &mut ServiceConfig) {
        let handler = async |flow: Flow| {
            flow.persist_jwt(&alice()).unwrap();
            with_foreign_headers()
        };
        config.route("/", web::get().to(handler));
    }
    let answer = wire::get(wire::serve(jam(), routes), "/", &[]).await;
    let cookies = answer.all("set-cookie");
    assert_eq!(cookies.len(), 3, "{cookies:?}");
    assert!(cookies.contains(&"theme=dark; Path=/") && cookies.contains(&"font=large"));
    assert_eq!(answer.body, "theirs");
    assert_eq!(answer.one("vary"), "Accept, Cookie, Authorization");
    assert_eq!(answer.one("cache-control"), "no-store");
}

#[actix_web::test]
async fn nested_layers_of_one_jam_hand_a_token_out_once() {
    async fn persists<B: MessageBody>(
        flow: Flow,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        flow.persist_jwt(&alice()).unwrap();
        next.call(request).await
    }
    let jam = jam();
    let server = serve!({
        let layer = || JamLayer::new(jam.nested());
        let logout = web::get().to(async |flow: Flow| {
            flow.clear_jwt();
            "bye"
        });
        let scope = web::scope("/in").service(web::resource("/logout").route(logout).wrap(layer()));
        App::new().service(scope.wrap(layer()).wrap(from_fn(persists))).wrap(layer())
    });
    // The later write counts; two flows would each send a cookie.
    let answer = wire::get(server, "/in/logout", &[]).await;
    assert!(answer.one("set-cookie").starts_with("__Host-jwt=; "), "{answer:?}");
}

#[actix_web::test]
async fn a_layer_of_another_jam_judges_what_is_inside_it() {
    let (jam, cookieless) = (jam(), jam_from([CredentialSource::bearer()]));
    let server = serve!({
        let inner = web::scope("/in")
            .route("/whoami", web::get().to(whoami))
            .wrap(JamLayer::new(cookieless.clone()));
        let outer = App::new().service(inner).route("/whoami", web::get().to(whoami));
        outer.wrap(JamLayer::new(jam.clone()))
    });
    let headers = [cookie(&alice())];
    assert_eq!(wire::get(server, "/whoami", &headers).await.status, 200);
    assert_eq!(wire::get(server, "/in/whoami", &headers).await.status, 401);
}

#[actix_web::test]
async fn the_default_service_is_covered() {
    fn routes(config: &mut ServiceConfig) {
        config.default_service(web::to(whoami));
    }
    let server = wire::serve(jam(), routes);
    let answer = wire::get(server, "/nowhere", &[bearer(&alice())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice"));
    assert_eq!(wire::get(server, "/nowhere", &[]).await.status, 401);
}

#[actix_web::test]
async fn a_missing_layer_fails_closed_and_names_the_fix() {
    fn routes(config: &mut ServiceConfig) {
        let scoped = require_scope(ScopeRule::all_of(["user"]));
        let login = require_login(LoginRedirect::to("/login"));
        config
            .route("/identity", web::get().to(whoami))
            .route("/maybe", web::get().to(async |_: MaybeIdentity<User>| "in"))
            .route("/flow", web::get().to(persist))
            .route("/scope", web::get().to(async || "in").wrap(scoped))
            .route("/login", web::get().to(async || "in").wrap(login));
    }
    let server = serve!(App::new().configure(routes));
    for path in ["/identity", "/maybe", "/flow", "/scope", "/login"] {
        let answer = wire::get(server, path, &[bearer(&alice())]).await;
        assert_eq!(answer.status, 500, "{path}");
        let fix = ".wrap(jam_actix::JamLayer::new(jam))";
        assert!(answer.body.contains(fix), "{path}: {answer:?}");
    }
}

#[actix_web::test]
async fn a_guard_outside_the_layer_fails_closed() {
    let jam = jam();
    let server = serve!(
        App::new()
            .route("/", web::get().to(async || "in"))
            .wrap(JamLayer::new(jam.clone()))
            .wrap(require_scope(ScopeRule::all_of(["user"])))
    );
    let answer = wire::get(server, "/", &[bearer(&alice())]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("last `.wrap`"), "{answer:?}");
}

async fn panics(_: Identity<User>, flow: Flow) -> &'static str {
    flow.persist_jwt(&alice()).unwrap();
    panic!("the handler's own fault");
}

#[actix_web::test]
async fn a_panicking_handler_poisons_nothing_and_its_worker_lives_on() {
    fn routes(config: &mut ServiceConfig) {
        config.route("/panic", web::get().to(panics)).route("/whoami", web::get().to(whoami));
    }
    let server = wire::serve(jam(), routes);
    let headers = [bearer(&alice())];
    for _ in 0..3 {
        assert_eq!(wire::fetch(server, "GET", "/panic", &headers).await, None);
        assert_eq!(wire::get(server, "/whoami", &headers).await.body, "alice");
    }
}

/// What actix hands to a handler that asks for an `Option` or a `Result`, forgetting the reason.
async fn forgets(user: Option<Identity<User>>, flow: Flow) -> HttpResponse {
    let name = user.map_or("anonymous".to_owned(), |user| user.name.clone());
    flow.persist_jwt(&alice()).unwrap();
    HttpResponse::Ok()
        .append_header((header::SET_COOKIE, "theirs=1"))
        .append_header((header::ETAG, "\"secret\""))
        .body(name)
}

async fn drops(user: Result<Identity<User>, Error>, flow: Flow) -> HttpResponse {
    forgets(user.ok(), flow).await
}

async fn tries(user: Either<Identity<User>, String>, flow: Flow) -> HttpResponse {
    let user = match user {
        Either::Left(user) => Some(user),
        Either::Right(_) => None,
    };
    forgets(user, flow).await
}

async fn optional_maybe(user: Option<MaybeIdentity<User>>, flow: Flow) -> HttpResponse {
    forgets(user.and_then(|MaybeIdentity(user)| user).map(Identity), flow).await
}

fn forgetful(config: &mut ServiceConfig) {
    config
        .route("/option", web::get().to(forgets))
        .route("/result", web::get().to(drops))
        .route("/either", web::get().to(tries))
        .route("/maybe", web::get().to(optional_maybe));
}

const FORGETFUL: [&str; 4] = ["/option", "/result", "/either", "/maybe"];

#[actix_web::test]
async fn a_refusal_that_actix_swallows_replaces_the_handlers_answer() {
    let server = wire::serve(jam(), forgetful);
    for path in FORGETFUL {
        for (headers, status) in [
            (vec![bearer(&forged())], 401),
            (vec![bearer("two words")], 400),
            (vec![bearer(&alice()), bearer(&alice())], 400),
        ] {
            let answer = wire::get(server, path, &headers).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(!answer.body.contains("anonymous"), "{answer:?}");
            assert!(answer.all("etag").is_empty() && answer.all("set-cookie").is_empty());
            assert!(answer.challenge().contains("error=\"invalid_"), "{answer:?}");
        }
    }
}

#[actix_web::test]
async fn an_option_is_nobody_without_a_credential_and_with_an_unusable_cookie() {
    let server = wire::serve(jam(), forgetful);
    for path in FORGETFUL {
        for headers in [vec![], vec![cookie(&forged())]] {
            let answer = wire::get(server, path, &headers).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "anonymous"), "{path}");
            assert_eq!(answer.all("set-cookie").len(), 2);
        }
        assert_eq!(wire::get(server, path, &[bearer(&alice())]).await.body, "alice", "{path}");
    }
}

async fn answers_itself(user: Result<Identity<User>, Rejection>) -> HttpResponse {
    match user {
        Ok(user) => HttpResponse::Ok().body(user.name.clone()),
        Err(rejection) => {
            rejection.handled();
            HttpResponse::build(StatusCode::IM_A_TEAPOT).body("no tea for you")
        }
    }
}

#[actix_web::test]
async fn a_refusal_that_the_handler_answers_for_stands() {
    fn routes(config: &mut ServiceConfig) {
        config.route("/", web::get().to(answers_itself));
    }
    let answer = wire::get(wire::serve(jam(), routes), "/", &[bearer(&forged())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (418, "no tea for you"));
}

async fn asks_in_the_handler(flow: Flow) -> Result<&'static str, Rejection> {
    flow.require(&ScopeRule::all_of(["admin"])).await?;
    Ok("in")
}

async fn asks_for_an_error_of_actix(flow: Flow) -> actix_web::Result<&'static str> {
    flow.require(&ScopeRule::all_of(["admin"])).await.map_err(Rejection::from)?;
    Ok("in")
}

#[actix_web::test]
async fn a_handler_refuses_with_a_question_mark() {
    fn routes(config: &mut ServiceConfig) {
        config
            .route("/ours", web::get().to(asks_in_the_handler))
            .route("/theirs", web::get().to(asks_for_an_error_of_actix));
    }
    let server = wire::serve(jam(), routes);
    for path in ["/ours", "/theirs"] {
        let answer = wire::get(server, path, &[bearer(&alice())]).await;
        assert_eq!(answer.status, 403);
        assert!(answer.challenge().contains("error=\"insufficient_scope\""), "{answer:?}");
    }
}

/// Holds what must not leave its thread across an await.
async fn stays_on_its_thread(user: Identity<User>, flow: Flow, request: HttpRequest) -> String {
    let name = Rc::new(user.name.clone());
    actix_web::rt::task::yield_now().await;
    let again = flow.identity::<User>().await.unwrap();
    request.extensions_mut().insert(Rc::clone(&name));
    format!("{name} {}", again.name)
}

#[actix_web::test]
async fn a_handler_need_not_be_send() {
    fn routes(config: &mut ServiceConfig) {
        config.route("/", web::get().to(stays_on_its_thread));
    }
    let answer = wire::get(wire::serve(jam(), routes), "/", &[bearer(&alice())]).await;
    assert_eq!(answer.body, "alice alice");
}

#[actix_web::test]
async fn the_request_has_one_owner_inside_the_layer() {
    // actix panics when it enters this scope or resource and a middleware holds a clone.
    fn routes(config: &mut ServiceConfig) {
        let data = |text: &str| Data::new(text.to_owned());
        let read =
            async |data: Data<String>, path: web::Path<String>| format!("{}: {path}", **data);
        let resource = web::resource("/{name}").app_data(data("inner")).get(read);
        config.service(web::scope("/scope").app_data(data("outer")).service(resource));
    }
    let answer: Answer = wire::get(wire::serve(jam(), routes), "/scope/thing", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "inner: thing"));
}

#[actix_web::test]
async fn one_requests_flow_is_never_seen_by_the_next_on_its_connection() {
    fn routes(config: &mut ServiceConfig) {
        config.default_service(web::to(async |MaybeIdentity(user): MaybeIdentity<User>| {
            user.map_or("nobody".to_owned(), |user| user.name.clone())
        }));
    }
    // actix uses requests and their extensions again.
    let mut wire = wire::Wire::open(wire::serve(jam(), routes)).await;
    for (headers, name) in [(vec![bearer(&alice())], "alice"), (vec![], "nobody")] {
        wire.send("GET", "/", &headers).await;
        assert_eq!(wire.head().await.unwrap().status, 200);
        assert_eq!(wire.bytes(name.len()).await, name.as_bytes());
    }
}
