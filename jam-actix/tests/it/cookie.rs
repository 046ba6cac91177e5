//! Tokens in a cookie: browsers send them of themselves, so a stale one is nobody's fault.

use actix_web::web::{self, ServiceConfig};
use jam_actix::{Identity, MaybeIdentity};
use jam_core::source::CredentialSource;

use crate::wire::{self, Answer};
use crate::{COOKIE, User, alice, bearer, bob, cookie, expired, forged, jam, jam_from};

fn routes(config: &mut ServiceConfig) {
    let whoami = web::get().to(async |user: Identity<User>| user.name.clone());
    config.route("/whoami", whoami).route("/maybe", web::get().to(maybe));
}

async fn maybe(MaybeIdentity(user): MaybeIdentity<User>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name.clone())
}

async fn ask(path: &str, headers: &[(&str, String)]) -> Answer {
    wire::get(wire::serve(jam(), routes), path, headers).await
}

async fn body(path: &str, headers: &[(&str, String)]) -> String {
    let answer = ask(path, headers).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

#[actix_web::test]
async fn a_token_in_the_cookie_reaches_the_handler() {
    assert_eq!(body("/whoami", &[cookie(&alice())]).await, "alice");
}

#[actix_web::test]
async fn the_first_source_that_holds_a_credential_decides() {
    assert_eq!(body("/whoami", &[bearer(&bob()), cookie(&alice())]).await, "alice");
}

#[actix_web::test]
async fn an_unusable_cookie_gives_way_to_a_good_header() {
    for bad in [forged(), expired(), "rubbish".to_owned()] {
        assert_eq!(body("/whoami", &[cookie(&bad), bearer(&bob())]).await, "bob");
    }
}

#[actix_web::test]
async fn a_bad_header_is_never_rescued_by_a_good_cookie() {
    let jam = jam_from([CredentialSource::bearer(), CredentialSource::cookie(COOKIE)]);
    let headers = [bearer(&forged()), cookie(&alice())];
    for path in ["/whoami", "/maybe"] {
        let answer = wire::get(wire::serve(jam.clone(), routes), path, &headers).await;
        assert_eq!(answer.status, 401);
        assert!(answer.challenge().contains("error=\"invalid_token\""), "{answer:?}");
    }
}

#[actix_web::test]
async fn an_unusable_cookie_is_refused_where_an_identity_is_needed() {
    let answer = ask("/whoami", &[cookie(&forged())]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.all("set-cookie").is_empty());
}

#[actix_web::test]
async fn maybe_is_somebody_with_a_good_credential() {
    assert_eq!(body("/maybe", &[cookie(&alice())]).await, "alice");
    assert_eq!(body("/maybe", &[bearer(&bob())]).await, "bob");
}

#[actix_web::test]
async fn maybe_is_nobody_without_a_credential_or_with_an_unusable_cookie() {
    assert_eq!(body("/maybe", &[]).await, "nobody");
    for bad in [forged(), expired(), "rubbish".to_owned()] {
        assert_eq!(body("/maybe", &[cookie(&bad)]).await, "nobody");
    }
}

#[actix_web::test]
async fn maybe_refuses_a_bad_header() {
    assert_eq!(ask("/maybe", &[bearer(&forged())]).await.status, 401);
    assert_eq!(ask("/maybe", &[bearer(&expired())]).await.status, 401);
    assert_eq!(ask("/maybe", &[bearer("two words")]).await.status, 400);
    assert_eq!(ask("/maybe", &[bearer(&alice()), bearer(&alice())]).await.status, 400);
}
