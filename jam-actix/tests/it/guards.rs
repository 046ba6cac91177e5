//! Guards on routes, resources and scopes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, guard};
use jam_actix::{JamLayer, Rejection, Session, require_fresh, require_login, require_scope};
use jam_core::fresh::RequireFresh;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_core::session::Login;

use crate::store::sessions;
use crate::wire::{self, Answer};
use crate::{alice, bearer, bob, cookie, forged, jam, session_of};

type Calls = Data<AtomicUsize>;

async fn counts(calls: Calls) -> &'static str {
    calls.fetch_add(1, Ordering::Relaxed);
    "in"
}

/// A handler that counts its calls behind guards of both kinds: on a scope, a resource and a route.
fn routes(config: &mut ServiceConfig) {
    let any = || require_scope(ScopeRule::any_of(["admin", "audit"]));
    let login = || require_login(LoginRedirect::to("/login"));
    let scope = web::scope("/any").route("/thing", web::get().to(counts)).wrap(any());
    let resource = web::resource("/resource").get(counts).wrap(any());
    let page = web::resource("/page")
        .route(web::get().to(counts).wrap(login()))
        .route(web::post().to(counts));
    config.service(web::scope("/in").service(scope).service(resource).service(page));
}

fn admin() -> ScopeRule {
    ScopeRule::all_of(["admin"])
}

#[actix_web::get("/macro", wrap = "require_scope(admin())")]
async fn by_macro() -> &'static str {
    "in"
}

fn serve(calls: &Arc<AtomicUsize>) -> std::net::SocketAddr {
    let (jam, calls) = (jam(), Data::from(Arc::clone(calls)));
    serve!(App::new().app_data(calls.clone()).configure(routes).wrap(JamLayer::new(jam.clone())))
}

#[actix_web::test]
async fn a_guarded_handler_never_runs_for_whom_the_guard_refuses() {
    let calls = Arc::default();
    let server = serve(&calls);
    for (path, headers, status) in [
        ("/in/any/thing", vec![], 401),
        ("/in/any/thing", vec![bearer(&alice())], 403),
        ("/in/any/thing", vec![bearer(&forged())], 401),
        ("/in/resource", vec![], 401),
        ("/in/resource", vec![bearer(&alice())], 403),
        ("/in/page", vec![], 303),
        ("/in/page", vec![bearer(&forged())], 401),
    ] {
        assert_eq!(wire::get(server, path, &headers).await.status, status, "{path}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);

    for path in ["/in/any/thing", "/in/resource"] {
        assert_eq!(wire::get(server, path, &[bearer(&bob())]).await.body, "in");
    }
    assert_eq!(wire::get(server, "/in/page", &[cookie(&alice())]).await.body, "in");
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

#[actix_web::test]
async fn a_guard_on_a_route_leaves_the_other_routes_of_its_resource_alone() {
    let server = serve(&Arc::default());
    assert_eq!(wire::fetch(server, "POST", "/in/page", &[]).await.unwrap().body, "in");
    let answer = wire::fetch(server, "DELETE", "/in/page", &[bearer(&forged())]).await.unwrap();
    assert_eq!(answer.status, 405);
    assert_eq!(answer.challenge(), "");
}

#[actix_web::test]
async fn a_guard_on_a_scope_covers_every_path_below_it() {
    let server = serve(&Arc::default());
    assert_eq!(wire::get(server, "/in/any/unknown", &[]).await.status, 401);
    assert_eq!(wire::get(server, "/in/any/unknown", &[bearer(&bob())]).await.status, 404);
    assert_eq!(wire::get(server, "/in/unknown", &[]).await.status, 404);
}

#[actix_web::test]
async fn a_guard_stands_in_the_macro_of_a_route() {
    let server = wire::serve(jam(), |config| _ = config.service(by_macro));
    assert_eq!(wire::get(server, "/macro", &[]).await.status, 401);
    assert_eq!(wire::get(server, "/macro", &[bearer(&alice())]).await.status, 403);
    assert_eq!(wire::get(server, "/macro", &[bearer(&bob())]).await.body, "in");
}

#[actix_web::test]
async fn a_login_redirect_knows_the_whole_way_back() {
    let server = serve(&Arc::default());
    for headers in [vec![], vec![cookie(&forged())]] {
        let answer = wire::get(server, "/in/page?a=1&b=2", &headers).await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.one("location"), "/login?next=/in/page%3Fa%3D1%26b%3D2");
        assert!(answer.all("www-authenticate").is_empty());
    }
}

#[actix_web::test]
async fn a_login_redirect_never_leads_to_another_host() {
    let jam = jam();
    let server = serve!(
        App::new()
            .default_service(web::to(async || "in"))
            .wrap(require_login(LoginRedirect::to("/login")))
            .wrap(JamLayer::new(jam.clone()))
    );
    for path in ["//evil.example/", "/\\evil.example", "http://evil.example/x"] {
        let answer = wire::get(server, path, &[]).await;
        assert_eq!(answer.status, 303, "{path}");
        let next = answer.one("location");
        assert!(next.starts_with("/login") && !next.contains("evil.example/"), "{path} → {next}");
        assert!(!next.contains("=//") && !next.contains("%5C"), "{path} → {next}");
    }
}

#[actix_web::test]
async fn a_guard_of_ours_stands_beside_those_of_actix() {
    fn routes(config: &mut ServiceConfig) {
        let guarded = web::route().guard(guard::Header("x-tenant", "one")).to(async || "one");
        let resource =
            web::resource("/").route(guarded.wrap(require_scope(ScopeRule::all_of(["user"]))));
        config.service(resource.route(web::get().to(async || "any")));
    }
    let server = wire::serve(jam(), routes);
    let tenant = || ("x-tenant", "one".to_owned());
    assert_eq!(wire::get(server, "/", &[]).await.body, "any");
    assert_eq!(wire::get(server, "/", &[tenant()]).await.status, 401);
    assert_eq!(wire::get(server, "/", &[tenant(), bearer(&alice())]).await.body, "one");
}

async fn login(session: Session) -> Result<&'static str, Rejection> {
    session.login(Login::new("alice").methods(["pwd"]))?;
    Ok("welcome")
}

/// A handler that counts its calls behind a login that must be fresh: on a route and a scope.
fn sensitive(config: &mut ServiceConfig) {
    let fresh = || RequireFresh::within(Duration::from_secs(300));
    let by_otp = fresh().methods(["pwd", "otp"]);
    config
        .route("/login", web::post().to(login))
        .route("/route", web::get().to(counts).wrap(require_fresh(fresh())))
        .route("/otp", web::get().to(counts).wrap(require_fresh(by_otp)))
        .service(
            web::scope("/scope")
                .route("/in", web::get().to(counts))
                .wrap(require_fresh(RequireFresh::by_policy())),
        );
}

const SENSITIVE: [&str; 2] = ["/route", "/scope/in"];

fn wants_a_new_login(answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.challenge();
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(challenge.contains("max_age=\"300\""), "{challenge}");
    assert!(answer.all("set-cookie").is_empty());
}

#[actix_web::test]
async fn g17_a_login_that_is_too_long_ago_never_reaches_the_handler() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (jam, clock) = sessions();
    let data = Data::from(Arc::clone(&calls));
    let server = serve!(
        App::new().app_data(data.clone()).configure(sensitive).wrap(JamLayer::new(jam.clone()))
    );
    for path in SENSITIVE {
        let answer = wire::get(server, path, &[]).await;
        assert_eq!((answer.status, answer.challenge()), (401, r#"Bearer realm="jam""#));
    }
    let alice = session_of(&wire::fetch(server, "POST", "/login", &[]).await.unwrap());
    clock.advance(Duration::from_secs(300));
    for path in SENSITIVE {
        assert_eq!(wire::get(server, path, &[alice.clone()]).await.body, "in", "{path}");
    }
    assert_eq!(calls.swap(0, Ordering::Relaxed), 2);

    clock.advance(Duration::from_secs(1));
    for path in SENSITIVE {
        wants_a_new_login(&wire::get(server, path, &[alice.clone()]).await);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);

    let again = wire::fetch(server, "POST", "/login", &[alice]).await.unwrap();
    assert_eq!(wire::get(server, "/route", &[session_of(&again)]).await.body, "in");
}

#[actix_web::test]
async fn g17_a_login_by_too_weak_a_method_never_reaches_the_handler() {
    let (jam, calls) = (sessions().0, Data::new(AtomicUsize::new(0)));
    let served = calls.clone();
    let server = serve!(
        App::new().app_data(served.clone()).configure(sensitive).wrap(JamLayer::new(jam.clone()))
    );
    let alice = session_of(&wire::fetch(server, "POST", "/login", &[]).await.unwrap());
    let answer = wire::get(server, "/otp", &[alice]).await;
    wants_a_new_login(&answer);
    assert!(answer.body.contains("otp"), "{answer:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[actix_web::test]
async fn g17_a_guard_for_fresh_logins_around_everything_guards_everything() {
    let jam = sessions().0;
    let server = serve!(
        App::new()
            .route("/", web::get().to(async || "in"))
            .wrap(require_fresh(RequireFresh::by_policy()))
            .wrap(JamLayer::new(jam.clone()))
    );
    for path in ["/", "/nowhere"] {
        assert_eq!(wire::get(server, path, &[]).await.status, 401);
    }
}
