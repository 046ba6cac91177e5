//! The document that an application serves lists the sources that its layer reads.

use std::future::ready;

use actix_web::test::{TestRequest, call_and_read_body_json, init_service};
use actix_web::web::{self, Json};
use actix_web::{App, get};
use jam_actix::openapi::SecuritySchemes;
use jam_actix::{Identity, JamLayer};
use jam_core::Jam;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::source::CredentialSource;
use serde_json::{Value, json};
use utoipa::{Modify, OpenApi};

#[utoipa::path(responses((status = 200)), security(("bearer" = []), ("cookie.__Host-jwt" = [])))]
#[get("/me")]
async fn me(user: Identity<Value>) -> String {
    user.payload().to_string()
}

#[derive(OpenApi)]
#[openapi(paths(me))]
struct Document;

#[actix_web::test]
async fn the_document_lists_the_configured_sources() {
    let key = Key::generate(Algorithm::HS256).unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap())
        .source(CredentialSource::bearer())
        .source(CredentialSource::cookie("__Host-jwt"))
        .source(CredentialSource::header("X-Token"));
    let jam = Jam::builder().jwt(jwt).build().unwrap();
    let mut document = Document::openapi();
    SecuritySchemes::of(&jam).modify(&mut document);
    let app = App::new()
        .route("/openapi.json", web::get().to(move || ready(Json(document.clone()))))
        .service(me)
        .wrap(JamLayer::new(jam));
    let app = init_service(app).await;

    let asked = TestRequest::get().uri("/openapi.json").to_request();
    let served: Value = call_and_read_body_json(&app, asked).await;
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
