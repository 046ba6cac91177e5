//! Sessions: kept by a store, or by the client under a codec.
//!
//! In a handler, [`Session`] is the request's own:
//!
//! ```
//! # use jam_core::Reject;
//! use jam_core::session::Session;
//!
//! async fn add_to_cart(session: &Session, item: String) -> Result<usize, Reject> {
//!     session.update("cart", move |cart: Option<Vec<String>>| {
//!         let mut cart = cart.unwrap_or_default();
//!         cart.push(item.clone());
//!         cart
//!     })?;
//!     Ok(session.get::<Vec<String>>("cart").await?.map_or(0, |cart| cart.len()))
//! }
//! ```
//!
//! Outside of requests, [`SessionBackend`] has the verbs, and [`SessionBackend::blocking`] the same
//! for code that does not await.
//!
//! # What holds when requests meet
//!
//! A request records what it does; when its answer leaves, that is applied to the record and swapped
//! in, if the record is still the one that was read. If not, it is applied again to the record as it
//! is now. So:
//!
//! - Writes of different keys both survive. Of two writes of one key the later commit wins;
//!   [`Session::set_if_unchanged`] tells the loser instead; [`Session::update`] runs again, so
//!   counters are exact.
//! - What was ended stays ended: no write brings a session back. A request whose session was ended
//!   or given another id meanwhile is answered with 401, sets no cookie, and has written nothing.
//!   Two go through all the same: a login, which begins another session then, and a logout, which
//!   ends the session under whatever id it goes on by. Nobody who logs out is told that he did while
//!   his session lives on.
//! - Losing a mere race is no 401: it is tried again, 64 times, then answered with 409.
//! - A login gives a new id and a logout none, in one step for everybody. Logging in as somebody else
//!   clears what the former one had.
//! - A client that goes away in the middle of a request leaves everything done or nothing.

mod backend;
mod blocking;
mod builder;
mod commit;
mod detached;
mod draft;
mod encoding;
mod handle;
mod id;
mod legacy;
mod login;
mod manage;
mod memory;
mod migration;
mod ops;
mod page;
mod policy;
mod record;
mod stale;
mod stateless;
mod store;
mod watch;

pub use backend::SessionBackend;
pub use blocking::BlockingSessions;
pub use builder::SessionBackendBuilder;
pub use detached::DetachedSession;
pub use draft::{Authentication, Metadata, Upstream, Values};
pub use handle::Session;
pub use id::{SessionHandle, SessionId};
pub use legacy::LegacySessions;
pub use login::Login;
pub use manage::{NewSession, SessionInfo};
pub use memory::MemoryStore;
pub use migration::{LegacyMode, MigrationCounts};
pub use page::{Cursor, Page};
pub use policy::{MaxSessions, Outage, SessionPolicy, Undecodable};
pub use record::Record;
pub use store::{
    AsyncSessionStore, Call, Inserted, OwnedOwner, Owner, SessionStore, StoreFuture, Swap,
};

pub(crate) use backend::{Live, Opened};
pub(crate) use commit::Written;
pub(crate) use migration::Format;
pub(crate) use ops::Op;
pub(crate) use record::read_claims;
