//! Jam for poem: who is calling, as an extractor.
//!
//! ```
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use jam_poem::{Identity, JamLayer};
//! use poem::http::StatusCode;
//! use poem::{Endpoint, EndpointExt, Request, Route, get, handler};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     name: String,
//! }
//!
//! #[handler]
//! async fn hello(user: Identity<User>) -> String {
//!     format!("hello {}", user.name)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Key::generate(Algorithm::HS256)?;
//! let jam = Jam::builder().jwt(JwtBackend::builder(KeyRing::new([key])?)).build()?;
//! let app = Route::new().at("/", get(hello)).with(JamLayer::new(jam.clone()));
//!
//! // Without a token the handler is never reached.
//! let nobody = Request::builder().finish();
//! assert_eq!(app.get_response(nobody).await.status(), StatusCode::UNAUTHORIZED);
//!
//! // With one it knows the caller.
//! let token = jam.gen_jwt_token(&jam.make_payload(&serde_json::json!({ "name": "alice" }))?)?;
//! let alice = Request::builder().header("authorization", format!("Bearer {token}")).finish();
//! let answer = app.get_response(alice).await;
//! assert_eq!(answer.status(), StatusCode::OK);
//! assert_eq!(answer.into_body().into_string().await?, "hello alice");
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! - [`JamLayer`] gives each request its flow and puts what was recorded onto the response. poem
//!   calls it a middleware.
//! - [`Identity<P>`] and [`MaybeIdentity<P>`] say who is calling; `P` is any type of yours that
//!   implements `serde::Deserialize`.
//! - [`require_scope`] and [`require_login`] guard endpoints and routes.
//! - [`Flow`] hands a token out at login and takes it back at logout; [`Rejection`] lets a handler
//!   write `?` after its methods.
#![cfg_attr(
    feature = "openapi",
    doc = "- [`openapi`] has the same two as security types of poem-openapi."
)]
#![cfg_attr(
    not(feature = "openapi"),
    doc = "- The feature `openapi` adds security types for poem-openapi."
)]
//!
//! Everything else, from keys to configuration, is `jam_core`'s.
//!
//! # Where the layer goes
//!
//! `.with(JamLayer::new(jam))` is the **last** call on the **outermost** `Route`:
//!
//! ```
//! # use jam_core::redirect::LoginRedirect;
//! # use jam_core::scope::ScopeRule;
//! # use jam_poem::{JamLayer, require_login, require_scope};
//! # use poem::{Endpoint, EndpointExt, Response, Route, get, handler};
//! # #[handler]
//! # fn users() -> &'static str { "everyone" }
//! # #[handler]
//! # fn welcome() -> &'static str { "welcome" }
//! # #[handler]
//! # fn anyone() -> &'static str { "anyone" }
//! # fn app(jam: jam_core::Jam) -> impl Endpoint<Output = Response> {
//! let admin = Route::new()
//!     .at("/users", get(users))
//!     .with(require_scope(ScopeRule::all_of(["admin"])));
//! Route::new()
//!     .at("/page", get(welcome).with(require_login(LoginRedirect::to("/login"))))
//!     .at("/public", get(anyone))
//!     .nest("/admin", admin)
//!     .with(JamLayer::new(jam))
//! # }
//! ```
//!
//! - Each `.with` wraps what was there before it, so the last one is outermost. A guard must lie
//!   inside the `JamLayer`; without one it answers 500 and names the fix, as the extractors do.
//! - A guard on a whole `Route` also covers its paths that do not exist: who may not enter is not
//!   told which do.
//! - On a nested `Route` poem has already cut the prefix off the path, so the `next` of a login
//!   redirect would lack it. On the outermost one it is whole.
//! - Nested layers of the same `Jam` share the outermost one's flow. A layer of *another* `Jam`
//!   begins its own, which then counts for everything inside it.
//! - `catch_error`, `catch_all_error` and `CatchPanic` lie inside the `JamLayer`. An endpoint's
//!   `poem::Error` takes no headers, so the layer renders it where the flow has something to
//!   write, and what lies outside sees a response and no longer an error. With nothing to write
//!   the error passes through as it is.
//! - A `catch_all_error` that answers for a refused header itself downcasts to [`Rejection`] and
//!   calls [`handled`](Rejection::handled); else the refusal is put in place of its answer.
//!
//! # Streams and WebSockets
//!
//! The body is never polled here. What a handler records before it returns its response arrives
//! with the head, before the first chunk of a stream and on the 101 of a WebSocket alike; what the
//! stream or socket would record afterwards has no response to go to. So extract
//! [`Identity<P>`] beside poem's `WebSocket`, before the upgrade, and move it into the socket's
//! task:
//!
//! ```
//! # use futures_util::SinkExt;
//! # use jam_poem::Identity;
//! # use poem::web::websocket::{Message, WebSocket};
//! # use poem::{IntoResponse, handler};
//! # #[derive(serde::Deserialize)]
//! # struct User { name: String }
//! #[handler]
//! fn socket(user: Identity<User>, upgrade: WebSocket) -> impl IntoResponse {
//!     upgrade.on_upgrade(async move |mut socket| {
//!         let _ = socket.send(Message::text(format!("hello {}", user.name))).await;
//!     })
//! }
//! ```
//!
//! # Versions and features
//!
//! This crate serves poem 3, from 3.1 on, without its default features, and poem-openapi 5 where
//! `openapi` is on. Its other features are the core's: `aws_lc_rs` and `config` are on by default;
//! `rust_crypto` is the fallback where no C compiler is at hand.

mod extract;
mod guard;
mod layer;
#[cfg(feature = "openapi")]
pub mod openapi;
mod rejection;
mod sink;
mod view;

pub use extract::{Flow, Identity, MaybeIdentity};
pub use guard::{GuardEndpoint, GuardLayer, require_login, require_scope};
pub use layer::{JamEndpoint, JamLayer};
pub use rejection::Rejection;
pub use view::View;

/// What a request is told that no layer has seen.
const MISSING_LAYER: &str = "add `.with(jam_poem::JamLayer::new(jam))` as the last call on the \
                             outermost Route, outside every guard";
