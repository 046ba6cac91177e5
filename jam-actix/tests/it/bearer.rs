//! Tokens in the `Authorization` header.

use actix_web::web::{self, ServiceConfig};
use jam_actix::{Identity, require_scope};
use jam_core::scope::ScopeRule;
use serde_json::json;

use crate::wire::{self, Answer};
use crate::{User, alice, bearer, bob, expired, forged, jam, token};

fn routes(config: &mut ServiceConfig) {
    let admin = web::get().to(async || "everyone");
    let admin = admin.wrap(require_scope(ScopeRule::all_of(["admin"])));
    let whoami = web::get().to(async |user: Identity<User>| user.name.clone());
    config.route("/admin", admin).route("/whoami", whoami);
}

async fn get(path: &str, headers: &[(&str, String)]) -> Answer {
    wire::get(wire::serve(jam(), routes), path, headers).await
}

async fn whoami(headers: &[(&str, String)]) -> Answer {
    get("/whoami", headers).await
}

#[actix_web::test]
async fn a_good_token_reaches_the_handler() {
    let answer = whoami(&[bearer(&alice())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice"));
    assert!(answer.all("www-authenticate").is_empty());
}

#[actix_web::test]
async fn g62_no_credential_is_challenged_without_an_error() {
    let answer = whoami(&[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), "Bearer realm=\"jam\"");
}

#[actix_web::test]
async fn g62_a_forged_token_is_an_invalid_token() {
    let answer = whoami(&[bearer(&forged())]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().starts_with("Bearer realm=\"jam\""), "{answer:?}");
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
}

#[actix_web::test]
async fn g54_forged_and_expired_tokens_are_answered_alike() {
    let forged = whoami(&[bearer(&forged())]).await.dateless();
    let expired = whoami(&[bearer(&expired())]).await.dateless();
    assert_eq!(forged, expired);
}

#[actix_web::test]
async fn g62_a_missing_scope_is_named_in_a_403() {
    let answer = get("/admin", &[bearer(&alice())]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.challenge().contains("error=\"insufficient_scope\""), "{answer:?}");
    assert!(answer.challenge().contains("scope=\"admin\""), "{answer:?}");

    let answer = get("/admin", &[bearer(&bob())]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "everyone"));
}

#[actix_web::test]
async fn g63_two_authorization_lines_are_an_invalid_request() {
    for second in [bob(), alice()] {
        let answer = whoami(&[bearer(&alice()), bearer(&second)]).await;
        assert_eq!(answer.status, 400);
        assert!(answer.challenge().contains("error=\"invalid_request\""), "{answer:?}");
    }
}

#[actix_web::test]
async fn a_header_that_holds_no_token_at_all_is_an_invalid_request() {
    let answer = whoami(&[bearer("two words")]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.challenge().contains("error=\"invalid_request\""), "{answer:?}");
}

#[actix_web::test]
async fn another_scheme_counts_as_no_credential() {
    let answer = whoami(&[("authorization", "Basic YWxpY2U6d29uZGVybGFuZA==".to_owned())]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), "Bearer realm=\"jam\"");
}

#[actix_web::test]
async fn g50_a_token_in_the_query_is_not_looked_at() {
    let path = format!("/whoami?access_token={}", alice());
    let answer = get(&path, &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), "Bearer realm=\"jam\"");
}

#[actix_web::test]
async fn claims_that_are_not_the_payload_never_reach_the_handler() {
    let answer = whoami(&[bearer(&token(json!({ "sub": "alice", "name": 1 })))]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
}
