//! The acceptance application of the contract, on actix-web.
//!
//! A library, so that tests can put something else around the [`routes`] or the [`app`] than the
//! program does. What the routes answer stands in `reference-handlers`.

mod kit;
mod reply;
mod routes;

pub use routes::routes;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::rt::{System, spawn};
use actix_web::{App, Error, HttpServer};
use jam_actix::{JamLayer, sweep_every};
use jam_core::Jam;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// How often expired sessions are swept.
const SWEEP: Duration = Duration::from_secs(60);

/// How long requests in flight have to end once the process is told to stop, in seconds.
const GRACE: u64 = 5;

/// The routes behind one layer, which also covers the 404.
pub fn app(
    jam: Jam,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new().configure(routes(jam.clone())).wrap(JamLayer::new(jam))
}

/// Serves on a listener until the process is told to stop; each worker makes an `app` for itself.
///
/// # Errors
/// What the operating system says about the listener or the runtime.
pub fn serve<F, T, B>(app: F, jam: Jam, listener: TcpListener) -> io::Result<()>
where
    F: Fn() -> App<T> + Clone + Send + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    System::new().block_on(async {
        spawn(sweep_every(jam, SWEEP));
        HttpServer::new(app).shutdown_timeout(GRACE).listen(listener)?.run().await
    })
}
