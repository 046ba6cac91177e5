//! Guards on routes and routers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use jam_axum::{JamLayer, require_login, require_scope};
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;

use crate::wire;
use crate::{alice, bearer, bob, cookie, forged, jam};

/// A router whose handler counts its calls behind guards of both kinds, nested under `/in`.
fn app(calls: &Arc<AtomicUsize>) -> Router {
    let calls = Arc::clone(calls);
    let handler = get(async move || {
        calls.fetch_add(1, Ordering::Relaxed);
        "in"
    });
    let any = Router::new()
        .route("/any", handler.clone())
        .layer(require_scope(ScopeRule::any_of(["admin", "audit"])));
    let page = Router::new()
        .route("/page", handler)
        .route_layer(require_login(LoginRedirect::to("/login")));
    Router::new().nest("/in", any.merge(page)).layer(JamLayer::new(jam()))
}

#[tokio::test]
async fn a_guarded_handler_never_runs_for_whom_the_guard_refuses() {
    let calls = Arc::default();
    let refused = [
        ("/in/any", vec![], 401),
        ("/in/any", vec![bearer(&alice())], 403),
        ("/in/any", vec![bearer(&forged())], 401),
        ("/in/page", vec![], 303),
        ("/in/page", vec![bearer(&forged())], 401),
    ];
    for (path, headers, status) in refused {
        assert_eq!(wire::get(app(&calls), path, &headers).await.status, status, "{path}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);

    assert_eq!(wire::get(app(&calls), "/in/any", &[bearer(&bob())]).await.body, "in");
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
    let guarded = Router::new()
        .fallback(async || "in")
        .layer(require_login(LoginRedirect::to("/login")))
        .layer(JamLayer::new(jam()));
    for path in ["//evil.example/", "/\\evil.example", "http://evil.example/x"] {
        let answer = wire::get(guarded.clone(), path, &[]).await;
        assert_eq!(answer.status, 303, "{path}");
        let next = answer.one("location");
        assert!(next.starts_with("/login") && !next.contains("evil.example/"), "{path} → {next}");
        assert!(!next.contains("=//") && !next.contains("%5C"), "{path} → {next}");
    }
}
