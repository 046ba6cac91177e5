//! The security types of poem-openapi.

use std::collections::BTreeSet;

use jam_core::source::CredentialSource;
use jam_poem::JamLayer;
use jam_poem::openapi::{self, JamAuth, MaybeJamAuth};
use poem::{Endpoint, EndpointExt};
use poem_openapi::payload::PlainText;
use poem_openapi::{ApiResponse, OpenApi, OpenApiService};
use serde_json::{Value, json};

use crate::store::sessions;
use crate::wire;
use crate::{COOKIE, SESSION, User, alice, bearer, cookie, forged, jam, jam_from};

struct Api;

#[OpenApi]
impl Api {
    #[oai(path = "/me", method = "get")]
    async fn me(&self, user: JamAuth<User>) -> PlainText<String> {
        PlainText(user.name.clone())
    }

    #[oai(path = "/maybe", method = "get")]
    async fn maybe(&self, user: MaybeJamAuth<User>) -> PlainText<String> {
        PlainText(user.as_ref().map_or("nobody".to_owned(), |user| user.name.clone()))
    }

    #[oai(path = "/own", method = "get")]
    async fn own(&self, _user: JamAuth<User>) -> Own {
        Own::In
    }

    #[oai(path = "/public", method = "get")]
    async fn public(&self) -> PlainText<&'static str> {
        PlainText("anyone")
    }
}

/// An API that answers for every request it cannot read itself, and badly.
#[derive(ApiResponse)]
#[oai(bad_request_handler = "swallow")]
enum Own {
    #[oai(status = 204)]
    In,
    #[oai(status = 200)]
    Swallowed,
}

fn swallow(_: poem::Error) -> Own {
    Own::Swallowed
}

fn service() -> OpenApiService<Api, ()> {
    OpenApiService::new(Api, "Tests", "1.0")
}

fn every_kind() -> jam_core::Jam {
    jam_from([
        CredentialSource::cookie(COOKIE),
        CredentialSource::header("X-Token"),
        CredentialSource::header("X-Auth").with_scheme("Token"),
        CredentialSource::header("Authorization").with_scheme("DPoP"),
        CredentialSource::bearer(),
        CredentialSource::custom("elsewhere", |_| jam_core::request::Found::Absent),
    ])
}

fn parse(document: &str) -> Value {
    serde_json::from_str(document).unwrap()
}

/// The names of the schemes that an operation takes; an empty one where none is needed.
fn security(document: &Value, path: &str) -> BTreeSet<String> {
    let Some(listed) = document["paths"][path]["get"].get("security") else {
        return BTreeSet::new();
    };
    let names = listed.as_array().unwrap().iter().map(|alternative| {
        let alternative = alternative.as_object().unwrap();
        assert!(alternative.len() <= 1, "one credential is enough: {listed}");
        alternative.keys().next().cloned().unwrap_or_default()
    });
    names.collect()
}

#[test]
fn the_document_lists_the_configured_sources() {
    let document = parse(&openapi::document(&every_kind(), || service().spec()));
    let schemes = &document["components"]["securitySchemes"];
    let token = "`Token`, a space, and the token";
    let dpop = "`DPoP`, a space, and the token";
    assert_eq!(
        *schemes,
        json!({
            "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            "cookie.__Host-jwt": { "type": "apiKey", "in": "cookie", "name": COOKIE },
            "header.authorization.DPoP": {
                "type": "apiKey", "in": "header", "name": "authorization", "description": dpop,
            },
            "header.x-auth.Token": {
                "type": "apiKey", "in": "header", "name": "x-auth", "description": token,
            },
            "header.x-token": { "type": "apiKey", "in": "header", "name": "x-token" },
        })
    );
    let names: BTreeSet<_> = schemes.as_object().unwrap().keys().cloned().collect();
    assert_eq!(security(&document, "/me"), names);
    let with_none = names.iter().cloned().chain([String::new()]).collect();
    assert_eq!(security(&document, "/maybe"), with_none);
    assert_eq!(security(&document, "/public"), BTreeSet::new());
}

#[test]
fn the_document_lists_the_sources_of_sessions_too() {
    let document = parse(&openapi::document(&sessions().0, || service().spec()));
    assert_eq!(
        document["components"]["securitySchemes"],
        json!({ "cookie.__Host-jam": { "type": "apiKey", "in": "cookie", "name": SESSION } })
    );
    assert_eq!(security(&document, "/me"), BTreeSet::from(["cookie.__Host-jam".to_owned()]));
}

#[tokio::test]
async fn every_listed_place_is_read() {
    let app = poem::Route::new().nest("/", service()).with(JamLayer::new(every_kind()));
    let server = wire::serve(app).await;
    let token = alice();
    for header in [
        cookie(&token),
        ("x-token", token.clone()),
        ("x-auth", format!("Token {token}")),
        ("authorization", format!("DPoP {token}")),
        bearer(&token),
    ] {
        let answer = wire::fetch(server, "/me", std::slice::from_ref(&header)).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "alice"), "{}", header.0);
    }
}

#[test]
fn the_documents_of_two_jams_do_not_mix() {
    let listed = |document: String| security(&parse(&document), "/me");
    let one = jam_from([CredentialSource::bearer()]);
    let other = jam_from([CredentialSource::header("X-Token")]);
    let (outer, inner) = openapi::document(&one, || {
        let inner = openapi::document(&other, || service().spec());
        (service().spec(), inner)
    });
    assert_eq!(listed(outer), BTreeSet::from(["bearer".to_owned()]));
    assert_eq!(listed(inner), BTreeSet::from(["header.x-token".to_owned()]));
}

#[test]
fn a_document_that_is_made_elsewhere_says_what_to_do() {
    openapi::document(&jam(), || service().spec());
    let document = parse(&service().spec());
    let scheme = &document["components"]["securitySchemes"]["jam"];
    let description = scheme["description"].as_str().unwrap();
    assert!(description.contains("jam_poem::openapi::document(&jam"), "{description}");
    assert_eq!(security(&document, "/me"), BTreeSet::from(["jam".to_owned()]));
}

fn app() -> impl Endpoint {
    poem::Route::new().nest("/", service()).with(JamLayer::new(jam()))
}

#[tokio::test]
async fn the_security_types_refuse_as_the_extractors_do() {
    let server = wire::serve(app()).await;
    let get = async |path, headers: &[(&'static str, String)]| {
        let answer = wire::fetch(server, path, headers).await.unwrap();
        (answer.status, answer.challenge().to_owned(), answer.body)
    };
    let (status, challenge, _) = get("/me", &[]).await;
    assert_eq!((status, challenge.as_str()), (401, "Bearer realm=\"jam\""));
    for path in ["/me", "/maybe"] {
        let (status, challenge, _) = get(path, &[bearer(&forged())]).await;
        assert_eq!(status, 401);
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        let (status, ..) = get(path, &[bearer("two words")]).await;
        assert_eq!(status, 400);
    }
    assert_eq!(get("/maybe", &[cookie(&forged())]).await.2, "nobody");
    assert_eq!(get("/maybe", &[bearer(&alice())]).await.2, "alice");
}

#[tokio::test]
async fn a_bad_request_handler_cannot_swallow_a_refused_header() {
    let server = wire::serve(app()).await;
    let status = async |headers: &[(&'static str, String)]| {
        wire::fetch(server, "/own", headers).await.unwrap().status
    };
    assert_eq!(status(&[bearer(&alice())]).await, 204);
    assert_eq!(status(&[]).await, 200);
    assert_eq!(status(&[bearer(&forged())]).await, 401);
}

#[tokio::test]
async fn a_missing_layer_fails_closed_for_the_security_types_too() {
    for path in ["/me", "/maybe"] {
        let app = poem::Route::new().nest("/", service());
        let answer = wire::get(app, path, &[bearer(&alice())]).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.body.contains("JamLayer"), "{path}: {answer:?}");
    }
}
