//! Guards on routes and routers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jam_core::Jam;
use jam_core::fresh::RequireFresh;
use jam_core::redirect::LoginRedirect;
use jam_core::scope::ScopeRule;
use jam_core::session::Login;
use jam_poem::{JamLayer, Rejection, Session, require_fresh, require_login, require_scope};
use poem::web::Data;
use poem::{Endpoint, EndpointExt, Route, get, handler, post};

use crate::store::sessions;
use crate::wire::{self, Answer};
use crate::{alice, bearer, bob, cookie, forged, jam, session_of};

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

#[handler]
async fn login(session: Session) -> Result<&'static str, Rejection> {
    session.login(Login::new("alice").methods(["pwd"]))?;
    Ok("welcome")
}

/// A handler that counts its calls behind a login that must be fresh: on an endpoint and a `Route`.
fn sensitive(jam: Jam, calls: &Arc<AtomicUsize>) -> impl Endpoint + 'static {
    let fresh = || RequireFresh::within(Duration::from_secs(300));
    let by_otp = fresh().methods(["pwd", "otp"]);
    let scope = Route::new().at("/in", get(counts)).with(require_fresh(RequireFresh::by_policy()));
    Route::new()
        .at("/login", post(login))
        .at("/endpoint", get(counts.with(require_fresh(fresh()))))
        .at("/otp", get(counts.with(require_fresh(by_otp))))
        .nest("/scope", scope)
        .data(Arc::clone(calls))
        .with(JamLayer::new(jam))
}

const SENSITIVE: [&str; 2] = ["/endpoint", "/scope/in"];

fn wants_a_new_login(answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.challenge();
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(challenge.contains("max_age=\"300\""), "{challenge}");
    assert!(answer.all("set-cookie").is_empty());
}

#[tokio::test]
async fn g17_a_login_that_is_too_long_ago_never_reaches_the_handler() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (jam, clock) = sessions();
    let server = wire::serve(sensitive(jam, &calls)).await;
    let ask = async |path, headers: &[_]| wire::fetch(server, path, headers).await.unwrap();
    for path in SENSITIVE {
        let answer = ask(path, &[]).await;
        assert_eq!((answer.status, answer.challenge()), (401, r#"Bearer realm="jam""#));
    }
    let alice = session_of(&wire::post(server, "/login", &[]).await);
    clock.advance(Duration::from_secs(300));
    for path in SENSITIVE {
        assert_eq!(ask(path, &[alice.clone()]).await.body, "in", "{path}");
    }
    assert_eq!(calls.swap(0, Ordering::Relaxed), 2);

    clock.advance(Duration::from_secs(1));
    for path in SENSITIVE {
        wants_a_new_login(&ask(path, &[alice.clone()]).await);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);

    let again = wire::post(server, "/login", &[alice]).await;
    assert_eq!(ask("/endpoint", &[session_of(&again)]).await.body, "in");
}

#[tokio::test]
async fn g17_a_login_by_too_weak_a_method_never_reaches_the_handler() {
    let calls = Arc::default();
    let server = wire::serve(sensitive(sessions().0, &calls)).await;
    let alice = session_of(&wire::post(server, "/login", &[]).await);
    let answer = wire::fetch(server, "/otp", &[alice]).await.unwrap();
    wants_a_new_login(&answer);
    assert!(answer.body.contains("otp"), "{answer:?}");
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}
