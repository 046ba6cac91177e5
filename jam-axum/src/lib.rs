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
//! - [`JamLayer`] gives each request its flow and puts what was recorded onto the response. It
//!   answers 403 in place of the application where a page of another site made a browser send the
//!   request along with its cookies.
//! - [`Identity<P>`] and [`MaybeIdentity<P>`] say who is calling, by token or by session; `P` is any
//!   type of yours that implements `serde::Deserialize`.
//! - [`Session`] reads and writes the session, logs in and out.
//! - [`require_scope`], [`require_login`] and [`require_fresh`] guard routes and routers.
//! - [`sweep_every`] drops expired sessions, from a task of yours.
//! - [`Flow`] hands a token out at login and takes it back at logout; [`Rejection`] lets a handler
//!   write `?` after its methods.
//!
//! Everything else, from keys to configuration, is `jam_core`'s.
//!
//! # Sessions
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::body::{Body, to_bytes};
//! use axum::http::{Request, header};
//! use axum::{Router, routing::post};
//! use jam_axum::{JamLayer, Rejection, Session, sweep_every};
//! use jam_core::Jam;
//! use jam_core::session::{MemoryStore, SessionBackend, SessionPolicy};
//! use tower_service::Service;
//!
//! async fn visit(session: Session) -> Result<String, Rejection> {
//!     session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
//!     Ok(format!("visit {}", session.get::<u32>("visits").await?.unwrap_or(0)))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Sessions end half an hour after they were last used, and after twelve hours in any case.
//! let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(12 * 3600));
//! let jam = Jam::builder().session(SessionBackend::builder(policy, MemoryStore::new())).build()?;
//! tokio::spawn(sweep_every(jam.clone(), Duration::from_secs(60)));
//! let mut app = Router::new().route("/", post(visit)).layer(JamLayer::new(jam));
//!
//! // Whoever has no session yet gets one with the first write.
//! let first = app.call(Request::post("/").body(Body::empty())?).await?;
//! let cookie = first.headers()[header::SET_COOKIE].to_str()?.split(';').next();
//!
//! let again = Request::post("/").header(header::COOKIE, cookie.unwrap_or_default());
//! let answer = app.call(again.body(Body::empty())?).await?;
//! assert_eq!(to_bytes(answer.into_body(), 1024).await?, "visit 2");
//! # Ok(())
//! # }
//! ```
//!
//! `session.login("alice")?` logs a subject in under a new id; [`Identity<P>`] knows him from the
//! next request on. What a handler records is written when its answer leaves, an error of its own
//! included. Where that fails, because the session was ended meanwhile or the store is down, the
//! answer says so in place of the handler's.
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
//! - A request that is answered by a task of its own (`tokio::spawn` in a middleware) goes there in
//!   `flow.scope(…)`. Without it the extractors find no flow and answer 500.
//! - A layer is the boundary of a request: each begins a flow of its own, which counts for everything
//!   inside it, and what a handler sends on to a service of the same process is another request. Where
//!   a router inside has a layer of the same `Jam` once more, `jam.nested()` makes it share the flow of
//!   the one around it.
//! - Where another layer turns panics or errors into responses, the `JamLayer` lies outside it.
//!
//! # Streams and WebSockets
//!
//! The body is never polled here. What a handler records before it returns its response arrives
//! with the head, before the first chunk of a stream and on the 101 of a WebSocket alike; what the
//! stream or socket would record afterwards has no response to go to. So extract
//! [`Identity<P>`] and [`Session`] beside axum's `WebSocketUpgrade`, before the upgrade. Into the
//! socket's task goes `session.detached()`, which writes at once and knows when the session is over:
//!
//! ```
//! # use axum::extract::ws::{Message, WebSocketUpgrade, WebSocket};
//! # use axum::response::Response;
//! # use jam_axum::{Identity, Rejection, Session};
//! # #[derive(serde::Deserialize)]
//! # struct User { name: String }
//! async fn chat(
//!     user: Identity<User>,
//!     session: Session,
//!     upgrade: WebSocketUpgrade,
//! ) -> Result<Response, Rejection> {
//!     session.set("chatting", &true)?; // its cookie, if it is new, leaves with the 101
//!     let session = session.detached().await?;
//!     Ok(upgrade.on_upgrade(async move |mut socket: WebSocket| {
//!         let Some(session) = session else { return }; // nobody has written anything yet
//!         loop {
//!             let message = tokio::select! {
//!                 message = socket.recv() => message,
//!                 // Logged out, revoked, expired, or known by another id from now on.
//!                 () = session.ended() => break,
//!             };
//!             let Some(Ok(Message::Text(text))) = message else { return };
//!             if session.set("said", text.as_str()).await.is_err() {
//!                 break;
//!             }
//!             let _ = socket.send(format!("{}: {text}", user.name).into()).await;
//!         }
//!         let _ = socket.send(Message::Close(None)).await;
//!     }))
//! }
//! ```
//!
//! `ended()` hears at once what this process does, and at the next [sweep](sweep_every) of what has
//! expired or was ended elsewhere. A WebSocket that a page of another site opens with the cookies of
//! this one is refused by the layer.
//!
//! # Versions and features
//!
//! This crate serves axum 0.8 through axum-core 0.5; of tokio it takes the timer. Its features are
//! the core's: `aws_lc_rs` and `config` are on by default; `rust_crypto` is the fallback where no C
//! compiler is at hand. `utoipa` adds the module `openapi`, for OpenAPI documents of utoipa 5.

mod extract;
mod guard;
mod rejection;

pub use extract::{Flow, Identity, MaybeIdentity, Session};
pub use guard::{require_fresh, require_login, require_scope};
pub use jam_tower::{GuardLayer, JamLayer, View, sweep_every};
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

#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from-python.md")]
struct ComingFromPython;
