//! The timer that sweeps expired sessions.

use std::time::Duration;

use jam_core::Jam;
use tokio::time::sleep; // tidy-allow: no test waits for it

/// Drops the expired sessions of the store, now and then again and again, with a pause of `period`
/// between: [`Jam::sweep_at`](jam_core::Jam::sweep_at) over tokio's timer. Never ends.
///
/// For the application to spawn, once: `tokio::spawn(sweep_every(jam.clone(), period))`, on a
/// runtime whose timer is enabled. Minutes
/// will do; less than a millisecond counts as one.
pub async fn sweep_every(jam: Jam, period: Duration) {
    let pause = period.max(Duration::from_millis(1));
    jam.sweep_at(|| sleep(pause)).await;
}
