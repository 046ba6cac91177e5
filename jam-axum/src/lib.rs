//! Jam for axum: who is calling, as an extractor.
//!
//! ```
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use axum::{Router, routing::get};
//! use jam_axum::{Identity, JamLayer};
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use serde::Deserialize;
//! use tower_service::Service;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     name: String,
//! }
//!
//! async fn hello(user: Identity<User>) -> String {
//!     format!("hello {}", user.name)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Key::generate(Algorithm::HS256)?;
//! let jam = Jam::builder().jwt(JwtBackend::builder(KeyRing::new([key])?)).build()?;
//! let mut app = Router::new().route("/", get(hello)).layer(JamLayer::new(jam.clone()));
//!
//! // Without a token the handler is never reached.
//! let nobody = Request::get("/").body(Body::empty())?;
//! assert_eq!(app.call(nobody).await?.status(), StatusCode::UNAUTHORIZED);
//!
//! // With one it knows the caller.
//! let token = jam.gen_jwt_token(&jam.make_payload(&serde_json::json!({ "name": "alice" }))?)?;
//! let alice = Request::get("/").header("authorization", format!("Bearer {token}"));
//! let answer = app.call(alice.body(Body::empty())?).await?;
//! assert_eq!(answer.status(), StatusCode::OK);
//! let body = axum::body::to_bytes(answer.into_body(), 1024).await?;
//! assert_eq!(body, "hello alice");
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! - [`JamLayer`] gives each request its flow and puts what was recorded onto the response.
//! - [`Identity<P>`] and [`MaybeIdentity<P>`] say who is calling; `P` is any type of yours that
//!   implements `serde::Deserialize`.
//! - [`require_scope`] and [`require_login`] guard routes and routers.
//! - [`Flow`] hands a token out at login and takes it back at logout; [`Rejection`] lets a handler
//!   write `?` after its methods.
//!
//! Everything else, from keys to configuration, is `jam_core`'s.
//!
//! # Where the layer goes
//!
//! `.layer(JamLayer::new(jam))` is the **last** call on the **outermost** router:
//!
//! ```
//! # use axum::{Router, routing::get};
//! # use jam_axum::{JamLayer, require_login, require_scope};
//! # use jam_core::redirect::LoginRedirect;
//! # use jam_core::scope::ScopeRule;
//! # fn app(jam: jam_core::Jam) -> Router {
//! let admin = Router::new()
//!     .route("/users", get(async || "everyone"))
//!     .route_layer(require_scope(ScopeRule::all_of(["admin"])));
//! Router::new()
//!     .route("/page", get(async || "welcome"))
//!     .route_layer(require_login(LoginRedirect::to("/login")))
//!     .route("/public", get(async || "anyone"))
//!     .nest("/admin", admin)
//!     .layer(JamLayer::new(jam))
//! # }
//! ```
//!
//! - Each `.layer` wraps what was added before it, so the last one is outermost. A guard must lie
//!   inside the `JamLayer`; without one it answers 500 and names the fix, as the extractors do.
//! - `.route_layer` does not cover the 404 fallback. That suits guards, not the `JamLayer`: a
//!   fallback handler that asks for an identity would find no flow and answer 500.
//! - On a nested router axum has already cut the prefix off the path, so the `next` of a login
//!   redirect would lack it. On the outermost router it is whole.
//! - Nested layers of the same `Jam` share the outermost one's flow. A layer of *another* `Jam`
//!   begins its own, which then counts for everything inside it.
//! - Where another layer turns panics or errors into responses, the `JamLayer` lies outside it.
//!
//! # Streams and WebSockets
//!
//! The body is never polled here. What a handler records before it returns its response arrives
//! with the head, before the first chunk of a stream and on the 101 of a WebSocket alike; what the
//! stream or socket would record afterwards has no response to go to. So extract
//! [`Identity<P>`] beside axum's `WebSocketUpgrade`, before the upgrade, and move it into the
//! socket's task:
//!
//! ```
//! # use axum::extract::ws::{WebSocketUpgrade, WebSocket};
//! # use axum::response::Response;
//! # use jam_axum::Identity;
//! # #[derive(serde::Deserialize)]
//! # struct User { name: String }
//! async fn socket(user: Identity<User>, upgrade: WebSocketUpgrade) -> Response {
//!     upgrade.on_upgrade(async move |mut socket: WebSocket| {
//!         let _ = socket.send(format!("hello {}", user.name).into()).await;
//!     })
//! }
//! ```
//!
//! # Versions and features
//!
//! This crate serves axum 0.8 through axum-core 0.5. Its features are the core's: `aws_lc_rs` and
//! `config` are on by default; `rust_crypto` is the fallback where no C compiler is at hand.
//! `utoipa` adds the module `openapi`, for OpenAPI documents of utoipa 5.

mod extract;
mod guard;
mod rejection;

pub use extract::{Flow, Identity, MaybeIdentity};
pub use guard::{require_login, require_scope};
pub use jam_tower::{GuardLayer, JamLayer, View};
pub use rejection::Rejection;

/// The sources of a `Jam` as security schemes of an OpenAPI document.
#[cfg(feature = "utoipa")]
pub mod openapi {
    #[doc(inline)]
    pub use jam_openapi::SecuritySchemes;
}

/// What a request is told that no layer has seen.
const MISSING_LAYER: &str = "add `.layer(jam_axum::JamLayer::new(jam))` as the last call on the \
                             outermost Router; `.route_layer` does not cover the 404 fallback";

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
