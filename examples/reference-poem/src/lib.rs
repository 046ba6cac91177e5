//! The acceptance application of the contract, on poem.
//!
//! A library, so that tests can put something else around the [`routes`] or the [`app`] than the
//! program does. What the routes answer stands in `reference-handlers`.

mod kit;
mod reply;
mod routes;

pub use routes::routes;

use jam_core::Jam;
use jam_poem::{JamEndpoint, JamLayer, sweep_every};
use poem::listener::TcpAcceptor;
use poem::{Endpoint, EndpointExt, Route, Server};
use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// How often expired sessions are swept.
const SWEEP: Duration = Duration::from_secs(60);

/// How long requests in flight have to end once the process is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The routes behind one layer, which also covers the 404.
pub fn app(jam: Jam) -> JamEndpoint<Route> {
    routes(jam.clone()).with(JamLayer::new(jam))
}

/// Serves on a non-blocking listener until the process is told to stop.
///
/// # Errors
/// What the operating system says about the listener or the runtime.
pub fn serve(app: impl Endpoint + 'static, jam: Jam, listener: TcpListener) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::spawn(sweep_every(jam, SWEEP));
        Server::new_with_acceptor(TcpAcceptor::from_std(listener)?)
            .run_with_graceful_shutdown(app, told_to_stop(), Some(GRACE))
            .await
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
