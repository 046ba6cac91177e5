//! The acceptance application of the contract, on axum.
//!
//! `cargo run -p reference-axum -- --listen 127.0.0.1:0 --config FILE [--now UNIX]`; the first line
//! on stdout is `listening on http://127.0.0.1:PORT`. What the routes answer stands in
//! `reference-handlers`.

mod reply;
mod routes;

use jam_core::Jam;
use std::future::IntoFuture;
use std::io;
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long requests in flight have to end once the process is told to stop.
const GRACE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    reference_handlers::run(serve)
}

fn serve(jam: Jam, listener: TcpListener) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stopping, stopped) = oneshot::channel();
        let server = axum::serve(listener, routes::router(jam)).with_graceful_shutdown(async {
            told_to_stop().await;
            let _ = stopping.send(());
        });
        tokio::select! {
            result = server.into_future() => result,
            () = async { let _ = stopped.await; tokio::time::sleep(GRACE).await } => Ok(()),
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
