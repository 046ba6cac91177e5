//! Guards on routes and groups of routes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_warp::{recover, require_login, require_scope};
use warp::{Filter, Reply};

use crate::wire;
use crate::{alice, bearer, bob, cookie, forged};

/// Handlers that count their calls under `/in`: two in a group behind one guard, one behind its own.
fn app(
    calls: &Arc<AtomicUsize>,
) -> impl Filter<Extract: Reply> + Clone + Send + Sync + use<> + 'static {
    let calls = Arc::clone(calls);
    let handler = move || {
        calls.fetch_add(1, Ordering::Relaxed);
        "in"
    };
    let any = warp::path!("any").map(handler.clone());
    let other = warp::path!("other").map(handler.clone());
    let group = require_scope(ScopeRule::any_of(["admin", "audit"])).and(any.or(other));
    let page = require_login(LoginRedirect::to("/login"));
    let page = warp::path!("in" / "page").and(page).map(handler);
    warp::path("in").and(group).or(page).recover(recover)
}

#[tokio::test]
async fn a_guarded_handler_never_runs_for_whom_the_guard_refuses() {
    let calls = Arc::default();
    let refused = [
        ("/in/any", vec![], 401),
        ("/in/any", vec![bearer(&alice())], 403),
        ("/in/any", vec![bearer(&forged())], 401),
        ("/in/other", vec![bearer(&alice())], 403),
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
    let guard = require_login(LoginRedirect::to("/login"));
    let guarded = guard.map(|| "in").recover(recover);
    for path in ["//evil.example/", "/\\evil.example", "http://evil.example/x"] {
        let answer = wire::get(guarded.clone(), path, &[]).await;
        assert_eq!(answer.status, 303, "{path}");
        let next = answer.one("location");
        assert!(next.starts_with("/login") && !next.contains("evil.example/"), "{path} → {next}");
        assert!(!next.contains("=//") && !next.contains("%5C"), "{path} → {next}");
    }
}

#[tokio::test]
async fn a_guard_of_a_group_leaves_the_404_to_whoever_may_enter() {
    assert_eq!(wire::get(app(&Arc::default()), "/in/nowhere", &[]).await.status, 401);
    assert_eq!(wire::get(app(&Arc::default()), "/in/nowhere", &[bearer(&bob())]).await.status, 404);
    assert_eq!(wire::get(app(&Arc::default()), "/nowhere", &[]).await.status, 404);
}

#[tokio::test]
async fn a_guard_in_front_of_the_path_keeps_bad_headers_out_of_the_routes_behind_it_too() {
    let guard = require_scope(ScopeRule::all_of(["admin"]));
    let admin = guard.and(warp::path!("admin")).map(|| "everyone");
    let routes = admin.or(warp::path!("public").map(|| "anyone")).recover(recover);
    for (headers, status) in
        [(vec![], 200), (vec![bearer(&alice())], 200), (vec![bearer(&forged())], 401)]
    {
        assert_eq!(wire::get(routes.clone(), "/public", &headers).await.status, status);
    }
}

#[tokio::test]
async fn the_last_of_several_refusals_is_the_answer() {
    let login = require_login(LoginRedirect::to("/login"));
    let login = warp::path!("page").and(login).map(|| "in");
    let scope = require_scope(ScopeRule::all_of(["admin"]));
    let scope = warp::path!("page").and(scope).map(|| "in");
    let one = login.clone().or(scope.clone()).recover(recover);
    assert_eq!(wire::get(one, "/page", &[]).await.status, 401);
    let other = scope.or(login).recover(recover);
    assert_eq!(wire::get(other, "/page", &[]).await.status, 303);
}
