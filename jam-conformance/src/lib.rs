//! The conformance kit of Jam: what every adapter has to do, shown over the wire, and what every
//! store of sessions has to do: [`store`].
//!
//! # Adapters
//!
//! The kit starts an adapter's *reference application*, speaks raw HTTP/1.1 with it over loopback
//! sockets, and HTTP/2 where it has that, and compares each answer, to the byte where all adapters
//! have to agree. An adapter's test is this and nothing else:
//!
//! ```no_run
//! #[test]
//! fn reference_axum_conforms() {
//!     jam_conformance::Suite::adapter()
//!         // In a test of the application's own package: `env!("CARGO_BIN_EXE_reference-axum")`.
//!         .run(jam_conformance::Server::command("target/debug/reference-axum"))
//!         // And `concat!(env!("CARGO_TARGET_TMPDIR"), "/conformance")`.
//!         .compare("target/tmp/conformance")
//!         .assert_passed();
//! }
//! ```
//!
//! - [`Suite::adapter`] holds the cases; [`cases`] lists them. Each has an id that never changes
//!   its meaning.
//! - [`Server`] is a program, or a function, that serves the routes below on a configuration that
//!   the kit writes.
//! - [`Report`] tells what failed: the request as it was sent, the answer, and the difference.
//! - [`Transcript`] holds the answers; two adapters that answer a case differently have both
//!   failed, whatever was expected of them.
//!
//! # The reference application
//!
//! It is called with `--listen 127.0.0.1:0 --config FILE --now UNIX`, reads the section `jam` of
//! the file, starts its clock at the given second, and prints `listening on http://ADDRESS` as its
//! first line. Users are `alice` with the password `wonderland` and the scope `user`, and `bob`
//! with `builder` and the scopes `user` and `admin`. JSON is written without white space as
//! `application/json`, text is `text/plain; charset=utf-8`.
//!
//! | route | answer |
//! |---|---|
//! | `GET /public` | `public`; looks at no credential |
//! | `GET /whoami` | `{"user","via":"jwt","scopes":[…]}` of an `Identity`; the user is `sub`, else the claim `user` |
//! | `GET /maybe` | `{"user"}` of a `MaybeIdentity`, `null` for nobody |
//! | `GET /admin` | `admin`, behind a guard for the scope `admin` |
//! | `GET /page` | `page`, behind a guard that redirects to `/login` |
//! | `POST /login` | takes `{"user","password"}`, answers `{"token"}` with `Cache-Control: no-store`, and hands the token out by its transport; 401 `{"error":"invalid_credentials"}`, 400 `{"error":"invalid_request"}` for another body |
//! | `POST /logout` | `{"ok":true}`; ends the session and takes the token back |
//! | `GET /jwks.json` | the public keys, with `Cache-Control: public, max-age=300` |
//! | `GET /fail` | the framework's own error, 500 |
//! | `GET /stream` | `one`, `two`, `three`, a line each, each in a chunk |
//! | `GET /ws` | a WebSocket that echoes; 400 `{"error":"invalid_request"}` for a request that wants none |
//! | `GET /credential` | what the sources find: `{"outcome":"credential","source","value"}`, `absent`, `malformed`, `conflict` |
//! | `GET /debug` | `{:?}` of the configuration, its keys and the flow |
//!
//! The routes below `/kit` are a nested router with a layer of `jam.nested()`, if the
//! framework has such a thing. They *write* by taking the token back (`flow.clear_jwt()`).
//!
//! | route | answer |
//! |---|---|
//! | `GET /kit/fail` | writes, then returns the framework's own error, 500 |
//! | `GET /kit/middleware` | a middleware of the route writes and returns the framework's own error, 500; the handler is never reached |
//! | `GET /kit/refused` | writes, then asks the flow for an identity and returns the refusal as the handler's error; else as `/whoami` |
//! | `GET /kit/foreign` | `foreign` with two cookies of its own, `theme=dark; Path=/` and `lang=en; Path=/`, with `Vary: Accept-Encoding, cookie` and `Cache-Control: private`; writes |
//! | `GET /kit/swallow` | `swallowed` with `Set-Cookie: theme=dark; Path=/`; takes an `Identity` by the framework's own `Option` or `Result` and drops it |
//! | `GET /kit/panic` | panics |
//! | `GET /kit/stream` | takes an `Identity` and writes; an endless body of lines `more` |
//! | `GET /kit/ws` | takes an `Identity` and writes; a WebSocket that echoes |
//! | `POST /kit/hold?gate=` | loads the session, waits until the gate is opened, writes `held` = 1; `{"ok":true}` |
//! | `GET /kit/held?gate=` | `{"ok":true}` once a request waits at the gate |
//! | `POST /kit/release?gate=` | `{"ok":true}`; opens the gate |
//! | `GET /kit/admin/here`, `…/there` | `admin`; one guard for the scope `admin` around both |
//! | `GET /kit/page/here` | `page`; a guard that redirects to `/login` around the scope |
//!
//! `HEAD` is answered like `GET` but for the body. HTTP/2 is spoken by prior knowledge (RFC 9113
//! §3.3) or not at all; then its cases do not apply.

mod adapter;
mod http2;
mod report;
mod server;
pub mod store;
mod transcript;
mod websocket;
mod wire;

pub use adapter::{Case, Suite, cases};
pub use report::{Failure, Report};
pub use server::Server;
pub use transcript::{Difference, Transcript};
