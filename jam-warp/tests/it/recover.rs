//! From a rejection to the answer, by our `recover`, a user's own, or a handler's `?`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jam_core::Jam;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::reject::RejectKind;
use jam_core::scope::ScopeRule;
use jam_warp::{Flow, Identity, Rejection, flow, identity, recover, refusal};
use warp::http::StatusCode;
use warp::reply::{Response, with_status};
use warp::{Filter, Reply};

use crate::wire;
use crate::{User, alice, bearer, forged, jam};

fn name(user: Identity<User>) -> String {
    user.name.clone()
}

#[tokio::test]
async fn a_recovered_refusal_is_answered_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let key = Key::from_secret(Algorithm::HS256, crate::SECRET).unwrap();
    let jam = Jam::builder()
        .jwt(JwtBackend::builder(KeyRing::new([key]).unwrap()))
        .on_reject(move |_, answer| {
            let count = counter.fetch_add(1, Ordering::Relaxed) + 1;
            answer.headers.push(("x-count", count.to_string()));
        })
        .build()
        .unwrap();
    let server = wire::serve(identity().map(name).recover(recover), jam).await;
    let answer = wire::fetch(server, "/", &[bearer(&forged())]).await.unwrap();
    assert_eq!((answer.status, answer.one("x-count")), (401, "1"));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn recover_leaves_every_other_rejection_to_warp() {
    let get = warp::path!("here").and(warp::get()).map(|| "in");
    let post = warp::path!("there").and(warp::post()).map(|| "in");
    let routes = get.or(post).recover(recover);
    assert_eq!(wire::get(routes, "/nowhere", &[]).await.status, 404);
    assert_eq!(wire::get(routes, "/there", &[]).await.status, 405);
}

#[tokio::test]
async fn a_refusal_outweighs_the_404_and_405_of_the_other_routes() {
    let private = warp::path!("page").and(warp::get()).and(identity()).map(name);
    let post = warp::path!("page").and(warp::post()).map(|| "in");
    let routes = post.or(private).or(post).or(warp::path!("other").map(|| "in")).recover(recover);
    assert_eq!(wire::get(routes, "/page", &[]).await.status, 401);
}

#[tokio::test]
async fn a_forgotten_recover_fails_closed_and_names_the_fix() {
    let answer = wire::get(identity().map(name), "/", &[]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains(".recover(jam_warp::recover)"), "{answer:?}");
}

/// A teapot for bad tokens, Jam's own answer to the rest.
async fn own(rejection: warp::Rejection) -> Result<Response, warp::Rejection> {
    let reject = refusal(&rejection).ok_or(rejection)?;
    if *reject.kind() == RejectKind::InvalidToken {
        reject.handled();
        return Ok(with_status("no tea for you", StatusCode::IM_A_TEAPOT).into_response());
    }
    Ok(Rejection(reject).into_response())
}

#[tokio::test]
async fn a_refusal_that_the_users_recover_answers_for_stands() {
    let server =
        wire::serve(warp::path!("page").and(identity()).map(name).recover(own), jam()).await;
    let answer = wire::fetch(server, "/page", &[bearer(&forged())]).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (418, "no tea for you"));
    let answer = wire::fetch(server, "/page", &[]).await.unwrap();
    assert_eq!((answer.status, answer.challenge()), (401, "Bearer realm=\"jam\""));
    assert_eq!(wire::fetch(server, "/nowhere", &[]).await.unwrap().status, 404);
}

async fn asks_in_the_handler(flow: Flow) -> Result<&'static str, Rejection> {
    flow.require(&ScopeRule::all_of(["admin"])).await?;
    Ok("in")
}

#[tokio::test]
async fn a_handler_behind_then_refuses_for_good_with_a_question_mark() {
    let routes = flow().then(asks_in_the_handler).or(warp::any().map(|| "anyone"));
    for (headers, status) in [(vec![], 401), (vec![bearer(&alice())], 403)] {
        assert_eq!(wire::get(routes, "/", &headers).await.status, status);
    }
    let answer = wire::get(routes, "/", &[bearer(&alice())]).await;
    assert!(answer.challenge().contains("error=\"insufficient_scope\""), "{answer:?}");
}

async fn may_go_on(flow: Flow) -> Result<&'static str, warp::Rejection> {
    flow.require(&ScopeRule::all_of(["admin"])).await.map_err(Rejection)?;
    Ok("in")
}

#[tokio::test]
async fn a_handler_behind_and_then_leaves_it_to_the_later_routes() {
    let guarded = flow().and_then(may_go_on);
    assert_eq!(wire::get(guarded.recover(recover), "/", &[bearer(&alice())]).await.status, 403);
    let open = guarded.or(warp::any().map(|| "anyone"));
    assert_eq!(wire::get(open, "/", &[bearer(&alice())]).await.body, "anyone");
    // What is recovered before the `.or` is answered there.
    let closed = guarded.recover(recover).or(warp::any().map(|| "anyone"));
    assert_eq!(wire::get(closed, "/", &[bearer(&alice())]).await.status, 403);
}

async fn fails() -> Result<&'static str, Rejection> {
    jam().gen_jwt_token(&jam().make_payload(&"no object")?)?;
    Ok("in")
}

#[tokio::test]
async fn a_handlers_own_failure_is_a_500_without_a_reason() {
    let answer = wire::get(warp::any().then(fails), "/", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"error":"internal"}"#));
}
