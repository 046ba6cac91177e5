//! The server: hyper's connections around warp's filters.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, Pending, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use jam_core::Jam;
use jam_tower::JamLayer;
use tokio::net::{TcpListener, TcpStream};
use tower_layer::Layer;
use tower_service::Service;
use warp::{Filter, Reply, reply};

/// How long the server waits where the system has no room for another connection.
const BREATH: Duration = Duration::from_secs(1);

/// The address of the connection's other end, among a request's extensions.
///
/// [`serve`] puts it there and [`peer_addr`](crate::peer_addr) reads it. A server of your own may
/// do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// A server of these routes in a [`JamLayer`]: `jam_warp::serve(routes, jam).run(address).await`.
///
/// It takes the place of `warp::serve`, which has no room for a layer.
pub fn serve<F>(
    filter: F,
    jam: Jam,
) -> Server<
    impl Service<Request<Incoming>, Response = reply::Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static,
>
where
    F: Filter<Extract: Reply> + Clone + Send + Sync + 'static,
{
    Server::new(JamLayer::new(jam).layer(warp::service(filter)))
}

/// A server that is not running yet; see [`serve`].
///
/// It speaks HTTP/1.1 with upgrades, and HTTP/2 to clients that begin with it (prior knowledge,
/// RFC 9113 §3.3). Like warp's own it sets no time limits and speaks no TLS: put a proxy in front,
/// or serve the layered service with hyper yourself.
///
/// Each connection has a task of its own, on a tokio runtime with `enable_all`. A handler that
/// panics loses its connection, or with HTTP/2 its request, and nothing else.
#[derive(Clone, Debug)]
#[must_use = "nothing is served before `run` or `run_on` is awaited"]
pub struct Server<S, G = Pending<()>> {
    service: S,
    stop: G,
}

impl<S> Server<S> {
    /// Of any service, such as `warp::service(routes)` in layers of your own choice, a
    /// [`JamLayer`] among them.
    pub fn new(service: S) -> Server<S> {
        Server { service, stop: pending() }
    }
}

impl<S, G> Server<S, G> {
    /// Wraps everything, the [`JamLayer`] too, in another layer: logging, time limits, compression.
    pub fn layer<L: Layer<S>>(self, layer: L) -> Server<L::Service, G> {
        Server { service: layer.layer(self.service), stop: self.stop }
    }

    /// Stops once `signal` ends: no new connections, and those that are there close after the
    /// answers they still owe. `run` and `run_on` then end; how long to wait for that is up to you.
    ///
    /// WebSockets are no longer the server's and are not waited for.
    pub fn graceful<T: Future<Output = ()>>(self, signal: T) -> Server<S, T> {
        Server { service: self.service, stop: signal }
    }
}

impl<S, G, B> Server<S, G>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    G: Future<Output = ()>,
{
    /// Binds the address and serves until the [`graceful`](Server::graceful) signal, or for ever.
    ///
    /// # Errors
    ///
    /// The address cannot be bound.
    pub async fn run(self, address: impl Into<SocketAddr>) -> io::Result<()> {
        let listener = TcpListener::bind(address.into()).await?;
        self.run_on(listener).await;
        Ok(())
    }

    /// Serves what a bound listener accepts, as [`run`](Server::run) does.
    pub async fn run_on(self, listener: TcpListener) {
        let connections = GracefulShutdown::new();
        let mut stop = pin!(self.stop);
        loop {
            let (stream, peer) = tokio::select! {
                accepted = accept(&listener) => accepted,
                () = &mut stop => break,
            };
            let inner = TowerToHyperService::new(self.service.clone());
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(PeerAddr(peer));
                inner.call(request)
            });
            let watcher = connections.watcher();
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                let connection =
                    builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
                if let Err(error) = watcher.watch(connection).await {
                    tracing::debug!(target: "jam", error, "a connection ended early");
                }
            });
        }
        // Whoever connects from now on is refused at once instead of left waiting.
        drop(listener);
        connections.shutdown().await;
    }
}

/// The next connection. Failures are waited out: none of them is the listener's end.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // That client is gone; the next one may be there already.
            Err(error)
                if matches!(
                    error.kind(),
                    ConnectionAborted | ConnectionRefused | ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(target: "jam", %error, "no connection can be accepted");
                tokio::time::sleep(BREATH).await; // tidy-allow: descriptors come free without an event
            }
        }
    }
}
