//! The acceptance application of the contract, on warp.
//!
//! A library, so that tests can put something else around the [`routes`] than the
//! program does. What the routes answer stands in `reference-handlers`.

mod kit;
mod reply;
mod routes;

pub use routes::routes;

use jam_core::Jam;
use jam_warp::{Server, sweep_every};
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::time::Duration;
use tokio::sync::oneshot;
use tower_service::Service;
use warp::http::Request;
use warp::hyper::body::Incoming;
use warp::reply::Response;

/// How often expired sessions are swept.
const SWEEP: Duration = Duration::from_secs(60);

/// How long requests in flight have to end once the process is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The routes in any layers that leave their type of answer alone.
pub trait App:
    Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> App for S where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// The routes behind one layer, which also covers the 404.
pub fn app(jam: Jam) -> Server<impl App> {
    jam_warp::serve(routes(jam.clone()), jam)
}

/// Serves on a non-blocking listener until the process is told to stop.
///
/// # Errors
/// What the operating system says about the listener or the runtime.
pub fn serve(app: Server<impl App>, jam: Jam, listener: TcpListener) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::spawn(sweep_every(jam, SWEEP));
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stopping, stopped) = oneshot::channel();
        let server = app.graceful(async {
            told_to_stop().await;
            let _ = stopping.send(());
        });
        tokio::select! {
            () = server.run_on(listener) => (),
            () = async { let _ = stopped.await; tokio::time::sleep(GRACE).await } => (), // tidy-allow: a limit, not a test
        }
        Ok(())
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
