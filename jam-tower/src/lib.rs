//! Jam for services of the tower family on http 1.
//!
//! A [`JamLayer`] around any `Service<http::Request<_>>` whose response body can be made from a
//! `String`:
//!
//! ```
//! use std::convert::Infallible;
//! use std::future::{Ready, ready};
//! use std::task::{Context, Poll};
//!
//! use http::{Request, Response};
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use jam_core::scope::ScopeRule;
//! use jam_tower::{GuardLayer, JamLayer};
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! #[derive(Clone)]
//! struct Hello;
//!
//! impl Service<Request<()>> for Hello {
//!     type Response = Response<String>;
//!     type Error = Infallible;
//!     type Future = Ready<Result<Self::Response, Infallible>>;
//!
//!     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
//!         Poll::Ready(Ok(()))
//!     }
//!
//!     fn call(&mut self, _: Request<()>) -> Self::Future {
//!         ready(Ok(Response::new("hello".to_owned())))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Key::generate(Algorithm::HS256)?;
//! let jam = Jam::builder().jwt(JwtBackend::builder(KeyRing::new([key])?)).build()?;
//! let guarded = GuardLayer::scope(ScopeRule::all_of(["greet"])).layer(Hello);
//! let mut service = JamLayer::new(jam.clone()).layer(guarded);
//!
//! let nobody = Request::get("/").body(())?;
//! assert_eq!(service.call(nobody).await?.status(), 401);
//!
//! let claims = serde_json::json!({ "sub": "alice", "scope": "greet" });
//! let token = jam.gen_jwt_token(&jam.make_payload(&claims)?)?;
//! let alice = Request::get("/").header("authorization", format!("Bearer {token}")).body(())?;
//! assert_eq!(service.call(alice).await?.body(), "hello");
//! # Ok(())
//! # }
//! ```
//!
//! The layer reads the head of the request, begins its [`Flow`](jam_core::flow::Flow), which is
//! [current](jam_core::flow::Flow::current) inside, and calls the inner service. A response whose
//! flow nobody touched leaves as it came, without an allocation. The body of either is never polled,
//! so streams and 101 upgrades work.
//!
//! Sessions need nothing more: `flow.session()` is the request's own, and what a handler records of
//! it is written when the inner service has answered, before the head of the answer leaves. The
//! feature `tokio` adds `sweep_every`, which drops expired sessions by tokio's timer.
//!
//! axum has extractors on top of this in `jam-axum`, warp has filters in `jam-warp`.

mod guard;
mod layer;
mod sink;
#[cfg(feature = "tokio")]
mod sweep;
mod view;

pub use guard::{GuardLayer, GuardService};
pub use layer::{JamFuture, JamLayer, JamService};
pub use sink::{put, respond};
#[cfg(feature = "tokio")]
pub use sweep::sweep_every;
pub use view::View;
