//! Jam's core: who is calling, from a signed token in a cookie or a header.
//!
//! No web framework, no runtime, no sockets: the adapters (`jam-axum` and its siblings) map their
//! framework's request onto the [`RequestView`](request::RequestView) of this crate, and command
//! line programs call it directly.
//!
//! ```
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Serialize, Deserialize)]
//! struct User {
//!     sub: String,
//!     scope: String,
//! }
//!
//! # fn main() -> Result<(), jam_core::Error> {
//! let key = Key::from_secret(Algorithm::HS256, b"a secret of at least 32 bytes, please")?;
//! let jam = Jam::builder().jwt(JwtBackend::builder(KeyRing::new([key])?)).build()?;
//!
//! // At the login: claims in, token out.
//! let payload = jam.make_payload(&User { sub: "alice".into(), scope: "user".into() })?;
//! let token = jam.gen_jwt_token(&payload)?;
//!
//! // At every request after that: token in, claims out.
//! let user = jam.verify_jwt_token::<User>(&token)?;
//! assert_eq!(user.sub, "alice");
//!
//! // A forged one says why, to the log; the client only learns that it was refused.
//! let forged = token.replace("eyJ", "eyK");
//! assert_eq!(jam.verify_jwt_token::<User>(&forged).unwrap_err().kind().as_str(), "malformed");
//! # Ok(())
//! # }
//! ```
//!
//! Five nouns carry the rest:
//!
//! - [`Key`](key::Key) and [`KeyRing`](key::KeyRing): checked at the door, prepared once, one
//!   algorithm each; the first signs, all verify.
//! - [`JwtBackend`](jwt::JwtBackend): signer, verifier, sources, transport.
//! - [`CredentialSource`](source::CredentialSource): where a request carries its credential.
//! - [`Flow`](flow::Flow): one request, from its headers to the patch on its answer.
//! - [`Identity`]: the verified caller, with a payload of your type.
//!
//! # Features
//!
//! `aws_lc_rs` (default) and `rust_crypto` choose the crypto library; with both, the first is
//! used. `config` (default) reads configuration files. A feature only adds; none changes what the
//! others do.

#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
compile_error!(
    "jam-core needs a crypto library: enable its feature `aws_lc_rs` (default) or `rust_crypto` (no C compiler)"
);

mod audit;
mod chunk;
pub mod clock;
pub mod codec;
#[cfg(feature = "config")]
mod config;
pub mod csrf;
pub mod deferred;
mod error;
pub mod flow;
pub mod fresh;
pub mod guard;
pub mod identity;
mod jam;
mod json;
pub mod jwt;
pub mod key;
pub mod python;
pub mod redirect;
pub mod reject;
pub mod request;
pub mod scope;
pub mod session;
pub mod source;
pub mod transport;

pub use error::{Error, ErrorKind};
pub use identity::Identity;
pub use jam::{Jam, JamBuilder};
pub use reject::Reject;
