//! The acceptance application of the contract, on axum.
//!
//! A library, so that tests can put something else around the [`routes`] or the [`app`] than the
//! program does. What the routes answer stands in `reference-handlers`.

mod kit;
mod reply;
mod routes;

pub use routes::routes;

use axum::Router;
use jam_axum::{JamLayer, sweep_every};
use jam_core::Jam;
use std::future::IntoFuture;
use std::io;
use std::net::TcpListener;
use std::time::Duration;
use tokio::sync::oneshot;

/// How often expired sessions are swept.
const SWEEP: Duration = Duration::from_secs(60);

/// How long requests in flight have to end once the process is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The routes behind one layer, which also covers the 404.
pub fn app(jam: Jam) -> Router {
    routes(jam.clone()).layer(JamLayer::new(jam))
}

/// Serves on a non-blocking listener until the process is told to stop.
///
/// # Errors
/// What the operating system says about the listener or the runtime.
pub fn serve(app: Router, jam: Jam, listener: TcpListener) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::spawn(sweep_every(jam, SWEEP));
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stopping, stopped) = oneshot::channel();
        let server = axum::serve(listener, app).with_graceful_shutdown(async {
            told_to_stop().await;
            let _ = stopping.send(());
        });
        tokio::select! {
            result = server.into_future() => result,
            () = async { let _ = stopped.await; tokio::time::sleep(GRACE).await } => Ok(()), // tidy-allow: a limit, not a test
        }
    })
}

/// Ends on Ctrl-C and, where there is one, on SIGTERM.
async fn told_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! { () = interrupt => (), () = terminate => () }
}
