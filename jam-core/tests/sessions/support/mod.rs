//! An application around core, and a browser that talks to it.

mod app;
mod browser;
mod events;
mod probe;
mod steps;

pub use app::{ABSOLUTE, App, IDLE, NOW, policy, seconds};
pub use browser::{Answer, Browser, serve};
pub use events::{Event, collect};
pub use probe::{Probe, Verb};
pub use steps::{Stepped, drive, every_order, run};

pub use crate::common::{Request, ready};
