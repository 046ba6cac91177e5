//! Expired sessions, dropped from time to time.

use std::time::Duration;

use jam_core::Jam;
use tokio::time::{MissedTickBehavior, interval};

/// What a period of zero is taken for, which no timer has.
const SHORTEST: Duration = Duration::from_millis(1);

/// Drops expired sessions from the store now and then once a `period`, and has every socket look
/// again that waits for the end of its session. It never ends: give it a task of the application's
/// own, `tokio::spawn(sweep_every(jam, period))`, on a tokio runtime with a timer (`enable_time`).
///
/// No session lives longer without it; the memory store grows, and a socket learns late that its
/// session has expired. A failed round is logged, and the next one tries again. Without a session
/// backend there is nothing to do.
pub async fn sweep_every(jam: Jam, period: Duration) {
    let mut timer = interval(period.max(SHORTEST));
    // After a slow round the store gets its pause all the same.
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let Ok(sessions) = jam.sessions() else { continue };
        if let Err(error) = sessions.sweep().await {
            tracing::warn!(target: "jam", %error, "expired sessions could not be dropped; the next round tries again");
        }
    }
}
