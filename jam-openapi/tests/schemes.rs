//! Each kind of source in the words of OpenAPI.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use jam_core::Jam;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::request::Found;
use jam_core::session::{LegacyMode, LegacySessions, MemoryStore, SessionBackend, SessionPolicy};
use jam_core::source::CredentialSource;
use jam_core::transport::CredentialTransport;
use jam_openapi::SecuritySchemes;
use serde_json::{Value, json};
use std::time::Duration;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder};
use utoipa::{Modify, OpenApi as _};

fn jam(sources: impl IntoIterator<Item = CredentialSource>) -> Jam {
    let key = Key::from_secret(Algorithm::HS256, [7; 32]).unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap());
    let jwt = sources.into_iter().fold(jwt, |jwt, source| jwt.source(source));
    Jam::builder().jwt(jwt).build().unwrap()
}

fn listed(jam: &Jam, mut document: OpenApi) -> Value {
    SecuritySchemes::of(jam).modify(&mut document);
    serde_json::to_value(&document).unwrap()["components"]["securitySchemes"].clone()
}

#[test]
fn every_configured_source_is_listed_and_no_other() {
    let sources = [
        CredentialSource::bearer(),
        CredentialSource::cookie("__Host-jwt"),
        CredentialSource::header("X-Token"),
        CredentialSource::header("X-Auth").with_scheme("Token"),
        CredentialSource::header("Authorization").with_scheme("Token"),
        CredentialSource::custom("the path", |_| Found::Absent),
    ];
    assert_eq!(
        listed(&jam(sources), OpenApiBuilder::new().build()),
        json!({
            "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            "cookie.__Host-jwt": { "type": "apiKey", "in": "cookie", "name": "__Host-jwt" },
            "header.x-token": { "type": "apiKey", "in": "header", "name": "x-token" },
            "header.x-auth.Token": {
                "type": "apiKey", "in": "header", "name": "x-auth",
                "description": "`Token`, a space, and the token",
            },
            "header.authorization.Token": {
                "type": "apiKey", "in": "header", "name": "authorization",
                "description": "`Token`, a space, and the token",
            },
        })
    );
}

#[test]
fn the_sources_of_sessions_are_listed_beside_those_of_tokens() {
    let key = Key::from_secret(Algorithm::HS256, [7; 32]).unwrap();
    let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(3600));
    let sessions = || SessionBackend::builder(policy.clone(), MemoryStore::new());
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap());
    let both = Jam::builder().jwt(jwt).session(sessions()).build().unwrap();
    assert_eq!(
        listed(&both, OpenApiBuilder::new().build()),
        json!({
            "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            "cookie.__Host-jam": { "type": "apiKey", "in": "cookie", "name": "__Host-jam" },
        })
    );
    let python = LegacySessions::starlette(["secret"]).unwrap();
    let moving = sessions().legacy(python, LegacyMode::WriteNew);
    let moving = Jam::builder().session(moving).build().unwrap();
    assert_eq!(
        listed(&moving, OpenApiBuilder::new().build()),
        json!({
            "cookie.__Host-jam": { "type": "apiKey", "in": "cookie", "name": "__Host-jam" },
            "cookie.session": { "type": "apiKey", "in": "cookie", "name": "session" },
        }),
        "both are read while users move"
    );
    let bearer = sessions().source(CredentialSource::bearer());
    let bearer = bearer.transport(CredentialTransport::header("X-Session"));
    let alone = Jam::builder().session(bearer).build().unwrap();
    assert_eq!(
        listed(&alone, OpenApiBuilder::new().build()),
        json!({ "bearer": { "type": "http", "scheme": "bearer" } }),
        "a session id is no JWT"
    );
}

#[test]
fn a_jam_as_it_comes_reads_the_bearer_header_alone() {
    let listed = listed(&jam([]), OpenApiBuilder::new().build());
    assert_eq!(listed.as_object().unwrap().keys().collect::<Vec<_>>(), ["bearer"]);
}

#[test]
fn a_jam_without_a_backend_lists_nothing() {
    let nothing = Jam::builder().build().unwrap();
    assert_eq!(listed(&nothing, OpenApiBuilder::new().build()), Value::Null);
}

#[test]
fn what_openapi_does_not_allow_in_a_name_is_replaced() {
    let odd = jam([CredentialSource::header("x*token'~")]);
    let listed = listed(&odd, OpenApiBuilder::new().build());
    assert_eq!(listed["header.x_token__"]["name"], "x*token'~");
}

#[test]
fn schemes_of_the_document_itself_remain() {
    let theirs = SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("key")));
    let components = ComponentsBuilder::new().security_scheme("theirs", theirs).build();
    let document = OpenApiBuilder::new().components(Some(components)).build();
    let listed = listed(&jam([]), document);
    assert_eq!(listed["theirs"]["in"], "query");
    assert_eq!(listed["bearer"]["scheme"], "bearer");
}

#[test]
fn the_rest_of_a_document_stays_as_it_is() {
    #[derive(utoipa::OpenApi)]
    #[openapi(info(title = "shop", version = "1"), tags((name = "a tag")))]
    struct Document;

    let (before, mut after) = (Document::openapi(), Document::openapi());
    SecuritySchemes::of(&jam([])).modify(&mut after);
    after.components.clone_from(&before.components);
    assert!(after == before);
}
