//! The Rust service: the routes that have moved, and whatever has not is still Python's.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::ValueEnum;
use jam_axum::{JamLayer, MaybeIdentity, Rejection, Session};
use jam_core::codec::SealedCodec;
use jam_core::session::{LegacyMode, LegacySessions, SessionBackend, SessionPolicy};
use jam_core::transport::{CookieSettings, CredentialTransport};
use jam_core::{Jam, Reject};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client;

/// How far the migration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Both services write Python's cookie
    WriteOld,
    /// Rust moves each session to its own cookie at the next write
    WriteNew,
    /// Rust reads its own cookie only
    NewOnly,
}

/// For trying out: a real one comes from the environment, and is the Python service's.
pub(crate) const SESSION_SECRET: &str = "the secret of both services";
/// A real one comes from the environment.
const NEW_SECRET: &str = "the secret of the Rust service only";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Rust's sessions, sealed in a cookie so that they outlive this program, and Python's beside them.
pub(crate) fn jam(mode: Mode) -> Result<Jam, jam_core::Error> {
    // The idle timeout is Starlette's `max_age`.
    let policy = SessionPolicy::new(14 * DAY, 90 * DAY);
    let sessions = SessionBackend::stateless(policy, SealedCodec::new([NEW_SECRET])?)
        // Over plain HTTP: without it the cookie would be `__Host-jam`, and secure.
        .transport(CredentialTransport::cookie(
            CookieSettings::new("jam").persistent().insecure_dev(),
        ));
    let python = || LegacySessions::starlette([SESSION_SECRET]);
    let sessions = match mode {
        Mode::WriteOld => sessions.legacy(python()?, LegacyMode::WriteOld),
        Mode::WriteNew => sessions.legacy(python()?, LegacyMode::WriteNew),
        Mode::NewOnly => sessions,
    };
    Jam::builder().session(sessions).build()
}

/// Everything below `/rust` is served here, all else by the Starlette service on that port.
pub(crate) fn app(jam: Jam, python: u16) -> Router {
    Router::new()
        .route("/rust/login", post(login))
        .route("/rust/me", get(me))
        .route("/rust/add", post(add))
        .route("/rust/logout", post(logout))
        .route("/rust/migration", get(migration))
        .layer(JamLayer::new(jam.clone()))
        // Behind the layer: what Python answers is none of ours.
        .fallback(forward)
        .with_state(Services { jam, python })
}

#[derive(Clone)]
struct Services {
    jam: Jam,
    python: u16,
}

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

async fn login(session: Session, Json(given): Json<Login>) -> Result<Json<Value>, Rejection> {
    if given.user != "alice" || given.password != "wonderland" {
        return Err(Reject::login_failed().into());
    }
    session.login(given.user)?;
    Ok(Json(json!({ "ok": true })))
}

/// Python's session is read as it is, whoever wrote it.
#[derive(Deserialize)]
struct User {
    sub: Option<String>,
    user: Option<String>,
}

async fn me(
    MaybeIdentity(user): MaybeIdentity<User>,
    session: Session,
) -> Result<Json<Value>, Rejection> {
    let user = user.and_then(|user| user.sub.clone().or(user.user.clone()));
    let cart: Vec<String> = session.get("cart").await?.unwrap_or_default();
    Ok(Json(json!({ "service": "rust", "user": user, "cart": cart })))
}

#[derive(Deserialize)]
struct Item {
    item: String,
}

async fn add(session: Session, Json(Item { item }): Json<Item>) -> Result<Json<Value>, Rejection> {
    session.update("cart", move |cart: Option<Vec<String>>| {
        let mut cart = cart.unwrap_or_default();
        cart.push(item.clone());
        cart
    })?;
    Ok(Json(json!({ "ok": true })))
}

async fn logout(session: Session) -> Result<Json<Value>, Rejection> {
    session.destroy()?;
    Ok(Json(json!({ "ok": true })))
}

/// Whether the old sessions are gone.
async fn migration(State(services): State<Services>) -> Result<Json<Value>, Rejection> {
    let counts = services.jam.sessions()?.migration();
    Ok(Json(counts.map_or(Value::Null, |counts| {
        json!({
            "read_old": counts.read_old,
            "read_new": counts.read_new,
            "moved_to_new": counts.moved_to_new,
            "moved_to_old": counts.moved_to_old,
        })
    })))
}

async fn forward(State(services): State<Services>, request: Request) -> Response {
    match client::send(services.python, request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            eprintln!("the Starlette service does not answer: {error:#}");
            axum::http::StatusCode::BAD_GATEWAY.into_response()
        }
    }
}
