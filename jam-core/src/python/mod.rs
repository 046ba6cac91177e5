//! **Legacy.** The formats of Python services, so that one of them and a Rust service accept each
//! other's users *while* a migration lasts: the same secrets, the same cookies, the same Redis.
//!
//! Nothing here is a default, and nothing here should outlive the migration. These formats cannot
//! keep what Jam otherwise promises: sessions that cannot be revoked because they live in the
//! cookie, readable by their owner; SHA-1; tokens without an end; ids that are a UUID and stand in
//! the store as they are; cookie names without a prefix. Read them until the last Python service
//! is gone, then drop them.
//!
//! | module | reads and writes what |
//! |---|---|
//! | [`starlette`] | Starlette's `SessionMiddleware` puts into its cookie, and the signer codec of starlette-session-middleware |
//! | [`starlette_jwt`] | the JWT codec of starlette-session-middleware puts there instead |
//! | [`jam_redis`] | Python Jam 2, 3 and 4 keep in Redis: sessions and token lists |
//! | [`fernet`] | Python Jam encrypts those sessions with |
//! | [`json`] | Python's `json.dumps` makes of a document |
//!
//! As sessions behind the usual handle, alone or beside one's own while users move, they are
//! [`LegacySessions`](crate::session::LegacySessions).
//!
//! All of it is pure: text and bytes in, text out, the time as an argument. No store, no request.
//! What was read comes back as the JSON text of an object, in the order and spelling in which it
//! was written.
//!
//! ```
//! use jam_core::python::starlette::StarletteCodec;
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), jam_core::Error> {
//! // The first secret writes, all read: rotate by putting the new one in front.
//! let codec = StarletteCodec::new(["starlette-secret"])?;
//! let now = Duration::from_secs(1_735_689_600);
//!
//! let cookie = codec.encode(r#"{"user":1}"#, now)?;
//! assert_eq!(cookie, "eyJ1c2VyIjogMX0=.Z3SFgA.5kciP425uVCupc8Q-kGTvt_FTAo");
//!
//! let max_age = Some(Duration::from_secs(14 * 24 * 60 * 60));
//! assert_eq!(codec.decode(cookie.as_bytes(), max_age, now)?, r#"{"user": 1}"#);
//! # Ok(())
//! # }
//! ```
//!
//! # Where we differ from Python on purpose
//!
//! Whatever Python refuses is refused here, and so is what makes it answer 500: a signed value
//! that is no JSON object, or a session that it could write but not read. Beyond that, these are
//! refused although Python takes them, since none of them is ever written by the packages
//! themselves:
//!
//! - base64 with characters outside the alphabet, missing or surplus padding, or stray bits at the
//!   end; JSON in any encoding but UTF-8, with a BOM, with a name twice in one object, or nested
//!   deeper than 64 levels;
//! - `NaN` and `Infinity`, which are no JSON (RFC 8259 §6), and lone surrogates (RFC 7493 §2.1): a
//!   Rust program could not read them. A session that holds one is refused as a whole, not
//!   changed in silence;
//! - a cookie of more than [`MAX_VALUE_BYTES`](starlette::MAX_VALUE_BYTES).

pub mod fernet;
pub mod jam_redis;
pub mod json;
mod number;
pub mod starlette;
pub mod starlette_jwt;
