//! Sessions through the flow, as an adapter drives it: what `security.md` asks for, shown with the
//! memory store behind a probe that counts, fails and interrupts.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../common/mod.rs"]
mod common;
mod support;

mod audit;
mod cookies;
mod csrf;
mod detached;
mod freshness;
mod ids;
mod interleavings;
mod leaving;
mod legacy;
mod lifetimes;
mod loading;
mod management;
mod migration;
mod migration_model;
mod outage;
mod stateless;
mod writes;
