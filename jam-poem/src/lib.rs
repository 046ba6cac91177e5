//! Jam for poem: who is calling, and his session, as extractors.
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
//! - [`Session`] is the session of the request: its values, and login and logout.
//! - [`require_scope`], [`require_login`] and [`require_fresh`] guard endpoints and routes.
//! - [`Flow`] hands a token out at login and takes it back at logout; [`Rejection`] lets a handler
//!   write `?` after its methods and those of a session.
//! - [`sweep_every`] drops what has expired from a store that does not do so itself.
#![cfg_attr(
    feature = "openapi",
    doc = "- [`openapi`] has the same two as security types of poem-openapi."
)]
#![cfg_attr(
    not(feature = "openapi"),
    doc = "- The feature `openapi` adds security types for poem-openapi."
)]
//!
//! Everything else, from keys and stores to configuration, is `jam_core`'s.
//!
//! # Sessions
//!
//! ```
//! use std::time::Duration;
//!
//! use jam_core::Jam;
//! use jam_core::session::{Login, MemoryStore, SessionBackend, SessionPolicy};
//! use jam_poem::{Identity, JamLayer, Rejection, Session, sweep_every};
//! use poem::http::Method;
//! use poem::{Endpoint, EndpointExt, Request, Route, get, handler, post};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     sub: String,
//! }
//!
//! #[handler]
//! async fn login(session: Session) -> Result<&'static str, Rejection> {
//!     // Once the password is right, that is. The session has a new id from here on.
//!     session.login(Login::new("alice").scopes(["user"]))?;
//!     Ok("welcome")
//! }
//!
//! #[handler]
//! async fn count(user: Identity<User>, session: Session) -> Result<String, Rejection> {
//!     // Runs again when another request of this session was faster: no visit is lost.
//!     session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
//!     let visits: Option<u32> = session.get("visits").await?;
//!     Ok(format!("{}: {}", user.sub, visits.unwrap_or(0)))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(12 * 3600));
//! let sessions = SessionBackend::builder(policy, MemoryStore::new());
//! let jam = Jam::builder().session(sessions).build()?;
//! tokio::spawn(sweep_every(jam.clone(), Duration::from_secs(60)));
//! let app = Route::new()
//!     .at("/login", post(login))
//!     .at("/count", get(count))
//!     .with(JamLayer::new(jam));
//!
//! let request = Request::builder().method(Method::POST).uri_str("/login").finish();
//! let answer = app.get_response(request).await;
//! let cookie = answer.header("set-cookie").ok_or("no cookie")?;
//! let cookie = cookie.split(';').next().ok_or("an empty cookie")?;
//! for said in ["alice: 1", "alice: 2"] {
//!     let visit = Request::builder().uri_str("/count").header("cookie", cookie).finish();
//!     assert_eq!(app.get_response(visit).await.into_body().into_string().await?, said);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - What a handler records is written when its answer leaves, an error included. Where that cannot
//!   be done, the answer says so in place of the handler's: 401 when the session ended or was given
//!   another id meanwhile, 409, 413, or 503. [`save`](jam_core::session::Session::save) writes at
//!   once, for a handler that wants to know.
//! - A request that touches nothing leaves its answer as it is, and the store alone.
//! - A request with a cookie of Jam's that another site's page has made a browser send, to change
//!   something or to open a WebSocket, is refused with 403 before it gets past the layer
//!   ([`CsrfPolicy`](jam_core::csrf::CsrfPolicy)).
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
//! - A request that is answered by a task of its own (`tokio::spawn` in a middleware) goes there in
//!   `flow.scope(…)`. Without it the extractors find no flow and answer 500.
//! - A layer is the boundary of a request: each begins a flow of its own, which counts for everything
//!   inside it, and what a handler sends on to a service of the same process is another request. Where
//!   a router inside has a layer of the same `Jam` once more, `jam.nested()` makes it share the flow of
//!   the one around it.
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
//! stream or socket would record afterwards has no response to go to. So extract [`Identity<P>`]
//! and [`Session`] beside poem's `WebSocket`, before the upgrade, and let the socket's task go on
//! with [`detached`](jam_core::session::Session::detached): it reads and writes at once, and says
//! when the session has [`ended`](jam_core::session::DetachedSession::ended), so that a logout
//! closes the socket.
//!
//! ```
//! # use futures_util::{SinkExt, StreamExt};
//! # use jam_poem::{Identity, Rejection, Session};
//! # use poem::web::websocket::{Message, WebSocket};
//! # use poem::{IntoResponse, handler};
//! # #[derive(serde::Deserialize)]
//! # struct User { name: String }
//! #[handler]
//! async fn socket(
//!     user: Identity<User>,
//!     session: Session,
//!     upgrade: WebSocket,
//! ) -> Result<impl IntoResponse, Rejection> {
//!     // None for a user by token: he has no session that could end.
//!     let detached = session.detached().await?;
//!     Ok(upgrade.on_upgrade(async move |mut socket| {
//!         let mut ended = std::pin::pin!(async {
//!             match &detached {
//!                 Some(session) => session.ended().await,
//!                 None => std::future::pending().await,
//!             }
//!         });
//!         loop {
//!             let message = tokio::select! {
//!                 () = &mut ended => break,
//!                 message = socket.next() => message,
//!             };
//!             let Some(Ok(Message::Text(text))) = message else { break };
//!             if let Some(session) = &detached {
//!                 let _ = session.set("said", &text).await;
//!             }
//!             let _ = socket.send(Message::text(format!("{}: {text}", user.name))).await;
//!         }
//!         let _ = socket.send(Message::close()).await;
//!     }))
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
mod sweep;
mod view;

pub use extract::{Flow, Identity, MaybeIdentity, Session};
pub use guard::{GuardEndpoint, GuardLayer, require_fresh, require_login, require_scope};
pub use layer::{JamEndpoint, JamLayer};
pub use rejection::Rejection;
pub use sweep::sweep_every;
pub use view::{View, view};

/// What a request is told that no layer has seen.
const MISSING_LAYER: &str = "add `.with(jam_poem::JamLayer::new(jam))` as the last call on the \
                             outermost Route, outside every guard";
