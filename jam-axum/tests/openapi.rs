//! The document that an application serves lists the sources that its layer reads.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::get;
use axum::{Json, Router};
use jam_axum::openapi::SecuritySchemes;
use jam_axum::{Identity, JamLayer};
use jam_core::Jam;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::source::CredentialSource;
use serde_json::{Value, json};
use tower_service::Service;
use utoipa::{Modify, OpenApi};

#[utoipa::path(
    get,
    path = "/me",
    responses((status = 200)),
    security(("bearer" = []), ("cookie.__Host-jwt" = [])),
)]
async fn me(user: Identity<Value>) -> String {
    user.payload().to_string()
}

#[derive(OpenApi)]
#[openapi(paths(me))]
struct Document;

#[tokio::test]
async fn the_document_lists_the_configured_sources() {
    let key = Key::generate(Algorithm::HS256).unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap())
        .source(CredentialSource::bearer())
        .source(CredentialSource::cookie("__Host-jwt"))
        .source(CredentialSource::header("X-Token"));
    let jam = Jam::builder().jwt(jwt).build().unwrap();
    let mut document = Document::openapi();
    SecuritySchemes::of(&jam).modify(&mut document);
    let mut app = Router::new()
        .route("/openapi.json", get(async move || Json(document)))
        .route("/me", get(me))
        .layer(JamLayer::new(jam));

    let asked = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let served = to_bytes(app.call(asked).await.unwrap().into_body(), usize::MAX).await.unwrap();
    let served: Value = serde_json::from_slice(&served).unwrap();
    assert_eq!(
        served["components"]["securitySchemes"],
        json!({
            "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            "cookie.__Host-jwt": { "type": "apiKey", "in": "cookie", "name": "__Host-jwt" },
            "header.x-token": { "type": "apiKey", "in": "header", "name": "x-token" },
        })
    );
    let alternatives = &served["paths"]["/me"]["get"]["security"];
    assert_eq!(*alternatives, json!([{ "bearer": [] }, { "cookie.__Host-jwt": [] }]));
}
