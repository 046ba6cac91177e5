//! Jam for warp: who is calling, as a filter.
//!
//! ```
//! use http_body_util::BodyExt;
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use jam_warp::{Identity, JamLayer, identity, recover};
//! use serde::Deserialize;
//! use tower_layer::Layer;
//! use tower_service::Service;
//! use warp::Filter;
//! use warp::http::Request;
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
//! let routes = warp::path!("hello").and(warp::get()).and(identity()).then(hello);
//! let routes = routes.recover(recover);
//!
//! // `jam_warp::serve(routes, jam).run(([127, 0, 0, 1], 3000)).await?` serves them; without a
//! // server they are a tower service.
//! let mut app = JamLayer::new(jam.clone()).layer(warp::service(routes));
//!
//! // Without a token the handler is never reached.
//! let nobody = Request::get("/hello").body(String::new())?;
//! assert_eq!(app.call(nobody).await?.status(), 401);
//!
//! // With one it knows the caller.
//! let token = jam.gen_jwt_token(&jam.make_payload(&serde_json::json!({ "name": "alice" }))?)?;
//! let alice = Request::get("/hello").header("authorization", format!("Bearer {token}"));
//! let answer = app.call(alice.body(String::new())?).await?;
//! assert_eq!(answer.status(), 200);
//! assert_eq!(answer.into_body().collect().await?.to_bytes(), "hello alice");
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! - [`serve`] runs the routes in a [`JamLayer`], which gives each request its flow and puts what
//!   was recorded onto the response. It answers 403 in place of the routes where a page of another
//!   site made a browser send the request along with its cookies.
//! - [`identity`] and [`maybe_identity`] say who is calling, by token or by session; `P` is any type
//!   of yours that implements `serde::Deserialize`.
//! - [`session()`] reads and writes the session, logs in and out.
//! - [`require_scope`], [`require_login`] and [`require_fresh`] guard routes and groups of routes.
//! - [`sweep_every`] drops expired sessions, from a task of yours.
//! - [`flow`] hands a token out at login and takes it back at logout; [`Rejection`] lets a handler
//!   behind `.then(…)` write `?` after its methods.
//! - [`recover`] answers what these filters reject.
//!
//! Filters extract plain values, so [`Identity`], [`Session`] and [`Flow`] are the core's own types
//! and [`MaybeIdentity`] is an `Option`. Everything else, from keys to configuration, is
//! `jam_core`'s.
//!
//! # Sessions
//!
//! ```
//! use std::time::Duration;
//!
//! use http_body_util::BodyExt;
//! use jam_core::Jam;
//! use jam_core::session::{MemoryStore, SessionBackend, SessionPolicy};
//! use jam_warp::{JamLayer, Rejection, Session, recover, session, sweep_every};
//! use tower_layer::Layer;
//! use tower_service::Service;
//! use warp::Filter;
//! use warp::http::{Request, header};
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
//! let routes = warp::path!("visit").and(warp::post()).and(session()).then(visit);
//! let mut app = JamLayer::new(jam).layer(warp::service(routes.recover(recover)));
//!
//! // Whoever has no session yet gets one with the first write.
//! let first = app.call(Request::post("/visit").body(String::new())?).await?;
//! let cookie = first.headers()[header::SET_COOKIE].to_str()?.split(';').next();
//!
//! let again = Request::post("/visit").header(header::COOKIE, cookie.unwrap_or_default());
//! let answer = app.call(again.body(String::new())?).await?;
//! assert_eq!(answer.into_body().collect().await?.to_bytes(), "visit 2");
//! # Ok(())
//! # }
//! ```
//!
//! `session.login("alice")?` logs a subject in under a new id; [`identity`] knows him from the next
//! request on. What a handler records is written when its answer leaves, a rejection included. Where
//! that fails, because the session was ended meanwhile or the store is down, the answer says so in
//! place of the handler's.
//!
//! # Where filters, guards and `recover` go
//!
//! Filters and guards stand **behind the path**, `recover` **behind the last route**:
//!
//! ```
//! # use jam_core::redirect::LoginRedirect;
//! # use jam_core::scope::ScopeRule;
//! # use jam_warp::{recover, require_login, require_scope};
//! # use warp::Filter;
//! # async fn run(jam: jam_core::Jam) -> std::io::Result<()> {
//! let users = warp::path!("users").map(|| "everyone");
//! let reports = warp::path!("reports").map(|| "everything");
//! let admin = warp::path("admin")
//!     .and(require_scope(ScopeRule::all_of(["admin"])))
//!     .and(users.or(reports));
//! let page = warp::path!("page")
//!     .and(require_login(LoginRedirect::to("/login")))
//!     .map(|| "welcome");
//! let public = warp::path!("public").map(|| "anyone");
//!
//! let routes = admin.or(page).or(public).recover(recover);
//! jam_warp::serve(routes, jam).run(([127, 0, 0, 1], 3000)).await
//! # }
//! ```
//!
//! - A rejection is no answer in warp: `.or(…)` **goes on to the later routes**, also to those of
//!   the same path. A public one among them answers whomever the guard rejects. To refuse for good,
//!   write `.recover(recover)` before the `.or(…)`, or return [`Rejection`] from a handler behind
//!   `.then(…)`. Where several routes reject, the last one's refusal is the answer.
//! - A header that carries a bad credential never falls through: once a filter has asked for the
//!   identity, the refusal replaces whatever else is answered. So a filter in front of a path asks
//!   on behalf of the later routes too, and keeps such a header from all of them.
//! - Without [`recover`], warp answers what a filter here rejects with a 500 that names the fix. A
//!   `recover` of your own finds what was rejected with [`refusal`].
//! - `.with(warp::wrap_fn(…))` is no place for any of this: it sees neither the request nor a
//!   rejection. What has to lie around the routes is a tower layer, for [`Server::layer`].
//!
//! # Serving
//!
//! ```
//! # use warp::Filter;
//! # async fn run(jam: jam_core::Jam) -> std::io::Result<()> {
//! let routes = jam_warp::peer_addr().map(|peer| format!("you come from {peer:?}"));
//! let interrupted = async { _ = tokio::signal::ctrl_c().await };
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! jam_warp::serve(routes, jam).graceful(interrupted).run_on(listener).await;
//! # Ok(())
//! # }
//! ```
//!
//! `warp::serve` has no room for a layer, so [`serve`] takes its place; `warp::addr::remote()` is
//! `None` then and [`peer_addr`] knows the address. With a server of your own, wrap the routes:
//! `JamLayer::new(jam).layer(warp::service(routes))` is a tower service, as in the first program.
//! A layer is the boundary of a request: each begins a flow of its own, which counts for everything
//! inside it. For a layer inside another of the same `Jam`, `jam.nested()` makes it share the flow of
//! that one. A service of yours that answers requests by a task of its own sends them there in
//! `flow.scope(…)`.
//!
//! # Streams and WebSockets
//!
//! The body is never polled here. What a handler records before it returns its reply arrives with
//! the head, before the first chunk of a stream and on the 101 of a WebSocket alike; what the stream
//! or socket would record afterwards has no response to go to. So write [`identity`] and
//! [`session()`] in front of `warp::ws()`. Into the socket's task goes `session.detached()`, which
//! writes at once and knows when the session is over:
//!
//! ```
//! # use futures_util::{SinkExt, StreamExt};
//! # use jam_warp::{Identity, Rejection, Session, identity, recover, session};
//! # use warp::reply::Response;
//! # use warp::ws::{Message, WebSocket, Ws};
//! # use warp::{Filter, Reply};
//! # #[derive(serde::Deserialize)]
//! # struct User { name: String }
//! async fn chat(
//!     user: Identity<User>,
//!     session: Session,
//!     upgrade: Ws,
//! ) -> Result<Response, Rejection> {
//!     session.set("chatting", &true)?; // its cookie, if it is new, leaves with the 101
//!     let session = session.detached().await?;
//!     let upgraded = upgrade.on_upgrade(async move |mut socket: WebSocket| {
//!         let Some(session) = session else { return }; // nobody has written anything yet
//!         loop {
//!             let message = tokio::select! {
//!                 message = socket.next() => message,
//!                 // Logged out, revoked, expired, or known by another id from now on.
//!                 () = session.ended() => break,
//!             };
//!             let Some(Ok(message)) = message else { return };
//!             let Ok(text) = message.to_str() else { return };
//!             if session.set("said", text).await.is_err() {
//!                 break;
//!             }
//!             let _ = socket.send(Message::text(format!("{}: {text}", user.name))).await;
//!         }
//!         let _ = socket.send(Message::close()).await;
//!     });
//!     Ok(upgraded.into_response())
//! }
//!
//! # fn routes() -> impl Filter<Extract: Reply> {
//! let chat = warp::path!("chat").and(identity()).and(session()).and(warp::ws()).then(chat);
//! # chat.recover(recover)
//! # }
//! ```
//!
//! `ended()` hears at once what this process does, and at the next [sweep](sweep_every) of what has
//! expired or was ended elsewhere. A WebSocket that a page of another site opens with the cookies of
//! this one is refused by the layer.
//!
//! `warp::reply::stream` takes streams that are `Send + Sync`, which an `async` block that awaits a
//! boxed future is not. Let a task send the pieces through a channel whose receiver is the stream.
//!
//! # Versions and features
//!
//! This crate serves warp 0.4, on http 1 and hyper 1, with whichever of warp's features you turn on
//! yourself; it needs none of them. Its features are the core's: `aws_lc_rs` and `config` are on by
//! default; `rust_crypto` is the fallback where no C compiler is at hand.

mod filter;
mod guard;
mod rejection;
mod server;

pub use filter::{MaybeIdentity, flow, identity, maybe_identity, peer_addr, session};
pub use guard::{require_fresh, require_login, require_scope};
pub use jam_core::Identity;
pub use jam_core::flow::Flow;
pub use jam_core::session::Session;
pub use jam_tower::{JamLayer, View, sweep_every};
pub use rejection::{Rejection, recover, refusal};
pub use server::{PeerAddr, Server, serve};

/// What a request is told that no layer has seen.
const MISSING_LAYER: &str = "serve the routes with `jam_warp::serve(routes, jam)`, or wrap them: \
                             `jam_warp::JamLayer::new(jam).layer(warp::service(routes))`";
