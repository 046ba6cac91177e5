//! Jam for actix-web: who is calling, as an extractor.
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
//! - [`require_scope`] and [`require_login`] guard routes, resources and scopes.
//! - [`Flow`] hands a token out at login and takes it back at logout; [`Rejection`] lets a handler
//!   write `?` after its methods.
//!
//! Everything else, from keys to configuration, is `jam_core`'s.
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
//! - Nested layers of the same `Jam` share the outermost one's flow. A layer of *another* `Jam`
//!   begins its own, which then counts for everything inside it.
//! - Middlewares between the layer and the handler may return errors: what was recorded reaches the
//!   client with the error's own response.
//!
//! # Streams and WebSockets
//!
//! The body is never polled here. What a handler records before it returns its response arrives
//! with the head, before the first chunk of a stream and on the 101 of a WebSocket alike; what the
//! stream or socket would record afterwards has no response to go to. So extract
//! [`Identity<P>`] beside the parts of the upgrade, here with actix-ws, and move it into the
//! socket's task:
//!
//! ```
//! # use actix_web::{HttpRequest, HttpResponse, web};
//! # use jam_actix::Identity;
//! # #[derive(serde::Deserialize)]
//! # struct User { name: String }
//! async fn socket(
//!     user: Identity<User>,
//!     request: HttpRequest,
//!     body: web::Payload,
//! ) -> actix_web::Result<HttpResponse> {
//!     let (response, mut session, _messages) = actix_ws::handle(&request, body)?;
//!     actix_web::rt::spawn(async move {
//!         let _ = session.text(format!("hello {}", user.name)).await;
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

use std::future::{Future, Ready};
use std::pin::Pin;

use futures_util::future::Either;

mod extract;
mod guard;
mod layer;
mod patched;
mod rejection;
mod sink;
mod view;

pub use extract::{Flow, Identity, MaybeIdentity};
pub use guard::{GuardLayer, GuardService, require_login, require_scope};
pub use layer::{JamLayer, JamService};
pub use rejection::Rejection;
pub use view::View;

/// The sources of a `Jam` as security schemes of an OpenAPI document.
#[cfg(feature = "utoipa")]
pub mod openapi {
    #[doc(inline)]
    pub use jam_openapi::SecuritySchemes;
}

/// What is mostly there at once; boxed only where it has to be waited for.
type NowOrLater<T> = Either<Ready<T>, Pin<Box<dyn Future<Output = T>>>>;

/// What a request is told that no layer has seen.
const MISSING_LAYER: &str = "add `.wrap(jam_actix::JamLayer::new(jam))` to the App as its last \
                             `.wrap`: the last one is the outermost, and guards lie inside it";
