//! Logs a user in, hands out a JWT, and knows the caller on the next request: by `Authorization`
//! header or by cookie.

use anyhow::Context;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport};
use jam_core::{Jam, Reject};
use jam_warp::{Flow, Identity, Rejection, flow, identity, recover};
use serde::{Deserialize, Serialize};
use serde_json::json;
use warp::Filter;
use warp::reply::Json;

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

#[derive(Serialize, Deserialize)]
struct User {
    name: String,
}

async fn login(flow: Flow, given: Login) -> Result<Json, Rejection> {
    if given.user != "alice" || given.password != "wonderland" {
        return Err(Reject::login_failed().into());
    }
    let payload = flow.jam().make_payload(&User { name: given.user })?;
    let token = flow.jam().gen_jwt_token(&payload)?;
    flow.persist_jwt(&token)?; // the cookie
    Ok(warp::reply::json(&json!({ "token": token })))
}

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

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let jam = jam()?;
    let login = warp::path!("login").and(warp::post()).and(flow()).and(warp::body::json());
    let me = warp::path!("me").and(warp::get()).and(identity());
    let routes = login.then(self::login).or(me.then(self::me)).recover(recover);

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".into());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}"))
        .await
        .with_context(|| format!("cannot listen on port {port}: try PORT=3001"))?;
    println!("{}", TRY.replace("HOST", &listener.local_addr()?.to_string()));
    jam_warp::serve(routes, jam).run_on(listener).await;
    Ok(())
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
