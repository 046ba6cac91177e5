//! JSON Web Tokens (RFC 7519): payloads, signing, verification.
//!
//! ```
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct User {
//!     sub: String,
//! }
//!
//! # fn main() -> Result<(), jam_core::Error> {
//! let key = Key::generate(Algorithm::EdDSA)?.with_id("2026-11")?;
//! let jwt = JwtBackend::builder(KeyRing::new([key])?)
//!     .issuer("https://issuer.example")
//!     .build()?;
//!
//! let payload = jwt.payload().data(&User { sub: "alice".into() }).build()?;
//! let token = jwt.sign(&payload)?;
//! let user = jwt.verifier().verify::<User>(&token)?;
//! assert_eq!(user.sub, "alice");
//! # Ok(())
//! # }
//! ```

mod backend;
mod claims;
mod compound;
mod header;
mod payload;
mod policy;
mod raw;
mod reader;
mod signer;
mod text_only;
mod unverified;
mod values;
mod verifier;
mod writer;

pub use backend::{JwtBackend, JwtBackendBuilder};
pub(crate) use claims::Typed;
pub use payload::{Payload, PayloadBuilder};
pub use raw::RawVerified;
pub use signer::JwtSigner;
pub use unverified::{Inspected, Unverified, inspect};
pub(crate) use values::{Audience, Text};
pub(crate) use verifier::Proof;
pub use verifier::{JwtVerifier, SignedBytes, Verified};
