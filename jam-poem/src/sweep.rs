//! The timer that sweeps expired sessions.

use std::time::Duration;

use jam_core::Jam;
use tokio::time::interval;

/// Drops the expired sessions of the store, now and then again and again, `period` apart. Never ends.
///
/// For the application to spawn, once: `tokio::spawn(sweep_every(jam.clone(), period))`, on a
/// runtime whose timer is enabled.
///
/// Sessions expire on time without it. It frees the memory that they take, and tells the streams
/// and sockets that wait for [`ended`](jam_core::session::DetachedSession::ended) of an end that
/// this process did not bring about. Minutes will do; less than a millisecond counts as one. A sweep
/// that fails is logged, and tried again at the next turn.
pub async fn sweep_every(jam: Jam, period: Duration) {
    let mut turns = interval(period.max(Duration::from_millis(1)));
    loop {
        turns.tick().await;
        if let Err(error) = sweep(&jam).await {
            tracing::warn!(target: "jam", kind = error.kind().as_str(), %error, "expired sessions were not swept");
        }
        // A sweep that took its time is not followed by one for each turn that it missed.
        turns.reset();
    }
}

async fn sweep(jam: &Jam) -> Result<usize, jam_core::Error> {
    jam.sessions()?.sweep().await
}
