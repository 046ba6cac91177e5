//! Tokens in the `Authorization` header.

use jam_core::scope::ScopeRule;
use jam_poem::{JamLayer, require_scope};
use poem::{Endpoint, EndpointExt, Route, get, handler};
use serde_json::json;

use crate::wire::{self, Answer};
use crate::{alice, bearer, bob, expired, forged, jam, token, whoami};

#[handler]
fn everyone() -> &'static str {
    "everyone"
}

fn app() -> impl Endpoint {
    Route::new()
        .at("/admin", get(everyone).with(require_scope(ScopeRule::all_of(["admin"]))))
        .at("/whoami", get(whoami))
        .with(JamLayer::new(jam()))
}

async fn ask(headers: &[(&str, String)]) -> Answer {
    wire::get(app(), "/whoami", headers).await
}

#[tokio::test]
async fn a_good_token_reaches_the_handler() {
    let answer = ask(&[bearer(&alice())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice"));
    assert!(answer.all("www-authenticate").is_empty());
}

#[tokio::test]
async fn g62_no_credential_is_challenged_without_an_error() {
    let answer = ask(&[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), "Bearer realm=\"jam\"");
}

#[tokio::test]
async fn g62_a_forged_token_is_an_invalid_token() {
    let answer = ask(&[bearer(&forged())]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().starts_with("Bearer realm=\"jam\""), "{answer:?}");
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
}

#[tokio::test]
async fn g54_forged_and_expired_tokens_are_answered_alike() {
    let forged = ask(&[bearer(&forged())]).await.dateless();
    let expired = ask(&[bearer(&expired())]).await.dateless();
    assert_eq!(forged, expired);
}

#[tokio::test]
async fn g62_a_missing_scope_is_named_in_a_403() {
    let answer = wire::get(app(), "/admin", &[bearer(&alice())]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.challenge().contains("error=\"insufficient_scope\""), "{answer:?}");
    assert!(answer.challenge().contains("scope=\"admin\""), "{answer:?}");

    let answer = wire::get(app(), "/admin", &[bearer(&bob())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "everyone"));
}

#[tokio::test]
async fn g63_two_authorization_lines_are_an_invalid_request() {
    for second in [bob(), alice()] {
        let answer = ask(&[bearer(&alice()), bearer(&second)]).await;
        assert_eq!(answer.status, 400);
        assert!(answer.challenge().contains("error=\"invalid_request\""), "{answer:?}");
    }
}

#[tokio::test]
async fn a_header_that_holds_no_token_at_all_is_an_invalid_request() {
    let answer = ask(&[bearer("two words")]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.challenge().contains("error=\"invalid_request\""), "{answer:?}");
}

#[tokio::test]
async fn another_scheme_counts_as_no_credential() {
    let answer = ask(&[("authorization", "Basic YWxpY2U6d29uZGVybGFuZA==".to_owned())]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), "Bearer realm=\"jam\"");
}

#[tokio::test]
async fn g50_a_token_in_the_query_is_not_looked_at() {
    let path = format!("/whoami?access_token={}", alice());
    let answer = wire::get(app(), &path, &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), "Bearer realm=\"jam\"");
}

#[tokio::test]
async fn claims_that_are_not_the_payload_never_reach_the_handler() {
    let answer = ask(&[bearer(&token(json!({ "sub": "alice", "name": 1 })))]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
}
