//! Guards on routes, resources and scopes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, guard};
use jam_actix::{JamLayer, require_login, require_scope};
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;

use crate::wire;
use crate::{alice, bearer, bob, cookie, forged, jam};

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
