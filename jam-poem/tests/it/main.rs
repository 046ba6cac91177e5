//! jam-poem over loopback HTTP: what a client sees on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bearer;
mod compile_fail;
mod cookie;
mod csrf;
mod errors;
mod guards;
mod layer;
mod login;
#[cfg(feature = "openapi")]
mod openapi;
mod outage;
mod session;
mod store;
mod sweep;
mod upgrade;
mod wire;

use jam_core::Jam;
use jam_core::jwt::JwtBackend;
use jam_core::key::{Algorithm, Key, KeyRing};
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport};
use jam_poem::{Flow, Identity};
use poem::handler;
use serde::Deserialize;
use serde_json::{Value, json};

const SECRET: [u8; 32] = [7; 32];
const COOKIE: &str = "__Host-jwt";

/// The cookie of sessions.
const SESSION: &str = "__Host-jam";

/// What the handlers of these tests ask for.
#[derive(Clone, Debug, Deserialize)]
struct User {
    name: String,
}

/// Tokens are looked for in the cookie, then in the bearer header, and handed out as the cookie.
fn jam() -> Jam {
    jam_from([CredentialSource::cookie(COOKIE), CredentialSource::bearer()])
}

fn jam_from(sources: impl IntoIterator<Item = CredentialSource>) -> Jam {
    let key = Key::from_secret(Algorithm::HS256, SECRET).unwrap();
    let transport = CredentialTransport::cookie(CookieSettings::new(COOKIE));
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap()).transport(transport);
    let jwt = sources.into_iter().fold(jwt, |jwt, source| jwt.source(source));
    Jam::builder().jwt(jwt).build().unwrap()
}

/// A token with these claims beside the usual ones.
fn token(claims: Value) -> String {
    let jam = jam();
    jam.gen_jwt_token(&jam.make_payload(&claims).unwrap()).unwrap()
}

fn alice() -> String {
    token(json!({ "sub": "alice", "name": "alice", "scope": "user" }))
}

fn bob() -> String {
    token(json!({ "sub": "bob", "name": "bob", "scope": "user admin" }))
}

fn expired() -> String {
    token(json!({ "sub": "alice", "name": "alice", "exp": 1 }))
}

/// Alice's claims under a key that nobody trusts.
fn forged() -> String {
    let key = Key::from_secret(Algorithm::HS256, [8; 32]).unwrap();
    let jwt = JwtBackend::builder(KeyRing::new([key]).unwrap());
    let jam = Jam::builder().jwt(jwt).build().unwrap();
    let claims = json!({ "sub": "alice", "name": "alice", "scope": "user" });
    jam.gen_jwt_token(&jam.make_payload(&claims).unwrap()).unwrap()
}

fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

/// The session that an answer hands out, as the next request carries it.
fn session_of(answer: &wire::Answer) -> (&'static str, String) {
    let cookie = answer.one("set-cookie").split(';').next().unwrap();
    assert!(cookie.starts_with(SESSION) && !cookie.ends_with('='), "{answer:?}");
    ("cookie", cookie.to_owned())
}

fn cookie(token: &str) -> (&'static str, String) {
    ("cookie", format!("{COOKIE}={token}"))
}

#[handler]
async fn whoami(user: Identity<User>) -> String {
    user.name.clone()
}

#[handler]
async fn persist(flow: Flow) -> &'static str {
    flow.persist_jwt(&alice()).unwrap();
    "done"
}
