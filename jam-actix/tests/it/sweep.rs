//! The timer that sweeps expired sessions.

use std::time::Duration;

use actix_web::rt::spawn;
use jam_actix::sweep_every;

use crate::store::{IDLE, Switched, sessions_in};

#[actix_web::test]
async fn expired_sessions_are_swept_at_every_turn_also_after_one_that_failed() {
    // No turn is waited for: tokio moves a paused clock on to the next timer.
    tokio::time::pause();
    let store = Switched::default();
    let (jam, clock) = sessions_in(store.clone());
    jam.create_session("alice").await.unwrap();
    clock.advance(IDLE + Duration::from_secs(1));
    store.switch_off();
    let sweeping = spawn(sweep_every(jam.clone(), Duration::from_secs(3600)));
    store.swept().await;
    assert_eq!(store.len(), 1);

    store.switch_on();
    for _ in 0..2 {
        store.swept().await;
        assert_eq!(store.len(), 0);
        jam.create_session("alice").await.unwrap();
        clock.advance(IDLE + Duration::from_secs(1));
    }
    assert!(!sweeping.is_finished());
    sweeping.abort();
}

#[actix_web::test]
async fn a_period_of_nothing_and_a_jam_without_sessions_do_no_harm() {
    tokio::time::pause();
    let sweeping = spawn(sweep_every(crate::jam(), Duration::ZERO));
    for _ in 0..100 {
        actix_web::rt::task::yield_now().await;
    }
    assert!(!sweeping.is_finished(), "it neither panicked nor ended");
    sweeping.abort();
}
