//! Jam for actix-web: who is calling, and his session, as extractors.
//!
//! ```
//! use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
//! use actix_web::{App, web};
//! use jam_actix::{Identity, JamLayer};
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use serde::Deserialize;
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
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Key::generate(Algorithm::HS256)?;
//! let jam = Jam::builder().jwt(JwtBackend::builder(KeyRing::new([key])?)).build()?;
//! let app = App::new().route("/", web::get().to(hello)).wrap(JamLayer::new(jam.clone()));
//! let app = init_service(app).await;
//!
//! // Without a token the handler is never reached.
//! let nobody = TestRequest::get().uri("/").to_request();
//! assert_eq!(call_service(&app, nobody).await.status(), 401);
//!
//! // With one it knows the caller.
//! let token = jam.gen_jwt_token(&jam.make_payload(&serde_json::json!({ "name": "alice" }))?)?;
//! let alice = TestRequest::get().uri("/").insert_header(("authorization", format!("Bearer {token}")));
//! assert_eq!(call_and_read_body(&app, alice.to_request()).await, "hello alice");
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! - [`JamLayer`] is the middleware that gives each request its flow and puts what was recorded
//!   onto the response.
//! - [`Identity<P>`] and [`MaybeIdentity<P>`] say who is calling; `P` is any type of yours that
//!   implements `serde::Deserialize`.
//! - [`Session`] is the session of the request: its values, and login and logout.
//! - [`require_scope`], [`require_login`] and [`require_fresh`] guard routes, resources and scopes.
//! - [`Flow`] hands a token out at login and takes it back at logout; [`Rejection`] lets a handler
//!   write `?` after its methods and those of a session.
//! - [`sweep_every`] drops what has expired from a store that does not do so itself.
//!
//! Everything else, from keys and stores to configuration, is `jam_core`'s.
//!
//! # Sessions
//!
//! ```
//! use std::time::Duration;
//!
//! use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
//! use actix_web::{App, web};
//! use jam_actix::{Identity, JamLayer, Rejection, Session, sweep_every};
//! use jam_core::Jam;
//! use jam_core::session::{Login, MemoryStore, SessionBackend, SessionPolicy};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     sub: String,
//! }
//!
//! async fn login(session: Session) -> Result<&'static str, Rejection> {
//!     // Once the password is right, that is. The session has a new id from here on.
//!     session.login(Login::new("alice").scopes(["user"]))?;
//!     Ok("welcome")
//! }
//!
//! async fn count(user: Identity<User>, session: Session) -> Result<String, Rejection> {
//!     // Runs again when another request of this session was faster: no visit is lost.
//!     session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
//!     let visits: Option<u32> = session.get("visits").await?;
//!     Ok(format!("{}: {}", user.sub, visits.unwrap_or(0)))
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(12 * 3600));
//! let sessions = SessionBackend::builder(policy, MemoryStore::new());
//! let jam = Jam::builder().session(sessions).build()?;
//! actix_web::rt::spawn(sweep_every(jam.clone(), Duration::from_secs(60)));
//! let app = App::new()
//!     .route("/login", web::post().to(login))
//!     .route("/count", web::get().to(count))
//!     .wrap(JamLayer::new(jam));
//! let app = init_service(app).await;
//!
//! let answer = call_service(&app, TestRequest::post().uri("/login").to_request()).await;
//! let cookie = answer.headers().get("set-cookie").ok_or("no cookie")?.to_str()?;
//! let cookie = cookie.split(';').next().ok_or("an empty cookie")?.to_owned();
//! for said in ["alice: 1", "alice: 2"] {
//!     let visit = TestRequest::get().uri("/count").insert_header(("cookie", cookie.as_str()));
//!     assert_eq!(call_and_read_body(&app, visit.to_request()).await, said);
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
//! # Where the Jam is built
//!
//! Outside the closure that `HttpServer::new` takes, which gets a clone:
//!
//! ```no_run
//! # use actix_web::{App, HttpServer};
//! # use jam_actix::JamLayer;
//! # use jam_core::Jam;
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let jam = Jam::from_config("jam.toml", "jam")?;
//! HttpServer::new(move || App::new().wrap(JamLayer::new(jam.clone())))
//!     .bind(("127.0.0.1", 3000))?
//!     .run()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! actix calls that closure once for each worker. A `Jam` built in there would be another one in
//! each: a key that is generated would differ between workers, so that one refuses the tokens of
//! another, and whatever a `Jam` remembers would be remembered once a worker.
//!
//! # Where the layer goes
//!
//! `.wrap(JamLayer::new(jam))` is the **last** `.wrap` on the **`App`**:
//!
//! ```
//! # use actix_web::{App, web};
//! # use jam_actix::{JamLayer, require_login, require_scope};
//! # use jam_core::redirect::LoginRedirect;
//! # use jam_core::scope::ScopeRule;
//! # fn app(jam: jam_core::Jam) {
//! let admin = web::scope("/admin")
//!     .route("/users", web::get().to(async || "everyone"))
//!     .wrap(require_scope(ScopeRule::all_of(["admin"])));
//! let page = web::get().to(async || "welcome").wrap(require_login(LoginRedirect::to("/login")));
//! # let _ =
//! App::new()
//!     .route("/public", web::get().to(async || "anyone"))
//!     .route("/page", page)
//!     .service(admin)
//!     .wrap(JamLayer::new(jam))
//! # ;
//! # }
//! ```
//!
//! - Each `.wrap` goes around what was wrapped before, so the last one is outermost. A guard must
//!   lie inside the `JamLayer`; without one it answers 500 and names the fix, as the extractors do.
//! - On the `App` the layer also covers the default service, the one that answers 404.
//! - A guard on a route (after its `.to`) guards that route only. On a resource it answers for the
//!   405 of the resource too, on a scope for every path below its prefix, unknown ones included. In
//!   actix's macros it stands as `#[get("/page", wrap = "require_login(to_login())")]`.
//! - A request that is answered by a task of its own (`actix_web::rt::spawn` in a middleware) goes
//!   there in `flow.scope(…)`. Without it the extractors find no flow and answer 500.
//! - A layer is the boundary of a request: each begins a flow of its own, which counts for everything
//!   inside it, and what a handler sends on to a service of the same process is another request. Where
//!   a router inside has a layer of the same `Jam` once more, `jam.nested()` makes it share the flow of
//!   the one around it.
//! - Middlewares between the layer and the handler may return errors: what was recorded reaches the
//!   client with the error's own response.
//!
//! # Streams and WebSockets
//!
//! The body is never polled here. What a handler records before it returns its response arrives
//! with the head, before the first chunk of a stream and on the 101 of a WebSocket alike; what the
//! stream or socket would record afterwards has no response to go to. So extract [`Identity<P>`]
//! and [`Session`] beside the parts of the upgrade, here with actix-ws, and let the socket's task go
//! on with [`detached`](jam_core::session::Session::detached): it reads and writes at once, and says
//! when the session has [`ended`](jam_core::session::DetachedSession::ended), so that a logout
//! closes the socket.
//!
//! ```
//! # use std::pin::pin;
//! # use actix_web::{HttpRequest, HttpResponse, web};
//! # use actix_ws::Message;
//! # use futures_util::future::{Either, select};
//! # use jam_actix::{Identity, Rejection, Session};
//! # #[derive(serde::Deserialize)]
//! # struct User { name: String }
//! async fn socket(
//!     user: Identity<User>,
//!     session: Session,
//!     request: HttpRequest,
//!     body: web::Payload,
//! ) -> actix_web::Result<HttpResponse> {
//!     // None for a user by token: he has no session that could end.
//!     let detached = session.detached().await.map_err(Rejection::from)?;
//!     let (response, mut socket, mut messages) = actix_ws::handle(&request, body)?;
//!     actix_web::rt::spawn(async move {
//!         let mut ended = pin!(async {
//!             match &detached {
//!                 Some(session) => session.ended().await,
//!                 None => std::future::pending().await,
//!             }
//!         });
//!         while let Either::Left((Some(Ok(message)), _)) =
//!             select(pin!(messages.recv()), &mut ended).await
//!         {
//!             let Message::Text(text) = message else { continue };
//!             if let Some(session) = &detached {
//!                 let _ = session.set("said", &*text).await;
//!             }
//!             let _ = socket.text(format!("{}: {text}", user.name)).await;
//!         }
//!         let _ = socket.close(None).await;
//!     });
//!     Ok(response)
//! }
//! ```
//!
//! # Versions and features
//!
//! This crate serves actix-web 4, from 4.18 on, without any of its default features. Its own are
//! the core's: `aws_lc_rs` and `config` are on by default; `rust_crypto` is the fallback where no C
//! compiler is at hand. `utoipa` adds the module `openapi`, for OpenAPI documents of utoipa 5.

mod extract;
mod guard;
mod layer;
mod patched;
mod rejection;
mod sink;
mod sweep;
mod view;

pub use extract::{Flow, Identity, MaybeIdentity, Session};
pub use guard::{GuardLayer, GuardService, require_fresh, require_login, require_scope};
pub use layer::{JamLayer, JamService};
pub use rejection::Rejection;
pub use sweep::sweep_every;
pub use view::View;

/// The sources of a `Jam` as security schemes of an OpenAPI document.
#[cfg(feature = "utoipa")]
pub mod openapi {
    #[doc(inline)]
    pub use jam_openapi::SecuritySchemes;
}

/// What a request is told that no layer has seen.
const MISSING_LAYER: &str = "add `.wrap(jam_actix::JamLayer::new(jam))` to the App as its last \
                             `.wrap`: the last one is the outermost, and guards lie inside it";
