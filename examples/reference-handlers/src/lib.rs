//! What the reference applications do, once, for every framework.
//!
//! Each application routes with its own framework and takes what Jam's adapter extracts; what is
//! then done and answered, byte for byte, is decided here. No web framework's type appears: a
//! request's body comes as bytes, and an [`Answer`] is plain data that the application turns into a
//! response.
//!
//! ```
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use jam_core::request::Found;
//! use reference_handlers::routes;
//!
//! # fn main() -> Result<(), jam_core::Error> {
//! let ring = KeyRing::new([Key::generate(Algorithm::EdDSA)?])?;
//! let jam = jam_core::Jam::builder().jwt(JwtBackend::builder(ring)).build()?;
//!
//! let answer = routes::jwks(&jam);
//! assert_eq!(answer.status, 200);
//! assert!(answer.body.starts_with(b"{\"keys\":["));
//!
//! let answer = routes::credential(0, &Found::Absent);
//! assert_eq!(answer.body, b"{\"outcome\":\"absent\"}");
//! # Ok(())
//! # }
//! ```

mod answer;
mod body;
mod claims;
mod gate;
pub mod kit;
pub mod routes;
mod sessions;
mod start;
mod users;

pub use answer::Answer;
pub use body::{BodyFault, MAX_BODY_BYTES};
pub use claims::Claims;
pub use start::run;
