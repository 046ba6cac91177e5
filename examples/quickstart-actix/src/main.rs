//! Logs a user in, hands out a JWT, and knows the caller on the next request: by `Authorization`
//! header or by cookie.

use actix_web::web::Json;
use actix_web::{App, HttpServer, get, post};
use anyhow::Context;
use jam_actix::{Flow, Identity, JamLayer, Rejection};
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport};
use jam_core::{Jam, Reject};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

#[derive(Serialize, Deserialize)]
struct User {
    name: String,
}

#[post("/login")]
async fn login(flow: Flow, Json(given): Json<Login>) -> Result<Json<Value>, Rejection> {
    if given.user != "alice" || given.password != "wonderland" {
        return Err(Reject::login_failed().into());
    }
    let payload = flow.jam().make_payload(&User { name: given.user })?;
    let token = flow.jam().gen_jwt_token(&payload)?;
    flow.persist_jwt(&token)?; // the cookie
    Ok(Json(json!({ "token": token })))
}

#[get("/me")]
async fn me(user: Identity<User>) -> String {
    format!("hello {}\n", user.name)
}

fn jam() -> Result<Jam, jam_core::Error> {
    let key = match std::env::var("JAM_SECRET") {
        Ok(secret) => Key::from_secret(Algorithm::HS256, secret)?,
        Err(_) => {
            println!("JAM_SECRET is not set: a fresh random key, tokens end with this process");
            Key::generate(Algorithm::HS256)?
        }
    };
    let jwt = JwtBackend::builder(KeyRing::new([key])?)
        .source(CredentialSource::bearer())
        .source(CredentialSource::cookie("__Host-jwt"))
        .transport(CredentialTransport::cookie(CookieSettings::new("__Host-jwt")));
    Jam::builder().jwt(jwt).build()
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    // Outside the closure, which runs once for each worker: all of them share one key.
    let jam = jam()?;
    let app = move || App::new().service(login).service(me).wrap(JamLayer::new(jam.clone()));

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".into());
    let server = HttpServer::new(app).bind(format!("127.0.0.1:{port}")).with_context(|| {
        format!("cannot listen on port {port}: choose another, PORT=3001 for one")
    })?;
    let host = server.addrs().first().context("no address")?.to_string();
    println!("{}", TRY.replace("HOST", &host));
    Ok(server.run().await?)
}

const TRY: &str = r#"Listening on http://HOST. In another terminal, log in; the token comes in the body and in a cookie:
  curl -i http://HOST/login -H 'Content-Type: application/json' -d '{"user":"alice","password":"wonderland"}'
  TOKEN=$(curl -s http://HOST/login -H 'Content-Type: application/json' -d '{"user":"alice","password":"wonderland"}' | cut -d '"' -f 4)
Then ask without a credential (401), with the header, with the cookie, and with a forged token (401):
  curl -i http://HOST/me
  curl -i http://HOST/me -H "Authorization: Bearer $TOKEN"
  curl -i http://HOST/me -H "Cookie: __Host-jwt=$TOKEN"
  curl -i http://HOST/me -H "Authorization: Bearer ${TOKEN%.*}.Zm9yZ2Vk"
"#;
