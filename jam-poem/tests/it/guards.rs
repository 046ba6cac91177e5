//! Guards on routes and routers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_poem::{JamLayer, require_login, require_scope};
use poem::web::Data;
use poem::{Endpoint, EndpointExt, Route, get, handler};

use crate::wire;
use crate::{alice, bearer, bob, cookie, forged, jam};

#[handler]
fn counts(calls: Data<&Arc<AtomicUsize>>) -> &'static str {
    calls.fetch_add(1, Ordering::Relaxed);
    "in"
}

#[handler]
fn inside() -> &'static str {
    "in"
}

/// A handler that counts its calls behind guards of both kinds: a whole `Route` behind a scope,
/// one endpoint behind the login.
fn app(calls: &Arc<AtomicUsize>) -> impl Endpoint + 'static {
    let any = Route::new()
        .at("/any", get(counts))
        .with(require_scope(ScopeRule::any_of(["admin", "audit"])));
    let page = get(counts).with(require_login(LoginRedirect::to("/login")));
    let inner = Route::new().nest("/scoped", any).at("/page", page);
    Route::new().nest("/in", inner).data(Arc::clone(calls)).with(JamLayer::new(jam()))
}

#[tokio::test]
async fn a_guarded_handler_never_runs_for_whom_the_guard_refuses() {
    let calls = Arc::default();
    let refused = [
        ("/in/scoped/any", vec![], 401),
        ("/in/scoped/any", vec![bearer(&alice())], 403),
        ("/in/scoped/any", vec![bearer(&forged())], 401),
        ("/in/page", vec![], 303),
        ("/in/page", vec![bearer(&forged())], 401),
    ];
    for (path, headers, status) in refused {
        assert_eq!(wire::get(app(&calls), path, &headers).await.status, status, "{path}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);

    assert_eq!(wire::get(app(&calls), "/in/scoped/any", &[bearer(&bob())]).await.body, "in");
    assert_eq!(wire::get(app(&calls), "/in/page", &[cookie(&alice())]).await.body, "in");
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_login_redirect_knows_the_whole_way_back() {
    for headers in [vec![], vec![cookie(&forged())]] {
        let answer = wire::get(app(&Arc::default()), "/in/page?a=1&b=2", &headers).await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.one("location"), "/login?next=/in/page%3Fa%3D1%26b%3D2");
        assert!(answer.all("www-authenticate").is_empty());
    }
}

#[tokio::test]
async fn a_login_redirect_never_leads_to_another_host() {
    let guarded =
        inside.with(require_login(LoginRedirect::to("/login"))).with(JamLayer::new(jam()));
    let server = wire::serve(guarded).await;
    for path in ["//evil.example/", "/\\evil.example", "http://evil.example/x"] {
        let answer = wire::fetch(server, path, &[]).await.unwrap();
        assert_eq!(answer.status, 303, "{path}");
        let next = answer.one("location");
        assert!(next.starts_with("/login") && !next.contains("evil.example/"), "{path} → {next}");
        assert!(!next.contains("=//") && !next.contains("%5C"), "{path} → {next}");
    }
}

#[tokio::test]
async fn a_guarded_route_does_not_tell_strangers_which_of_its_paths_exist() {
    let server = wire::serve(app(&Arc::default())).await;
    for path in ["/in/scoped/any", "/in/scoped/nowhere"] {
        assert_eq!(wire::fetch(server, path, &[]).await.unwrap().status, 401, "{path}");
    }
    let answer = wire::fetch(server, "/in/scoped/nowhere", &[bearer(&bob())]).await;
    assert_eq!(answer.unwrap().status, 404);
}
