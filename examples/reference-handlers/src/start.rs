//! From the command line to a bound listener: everything that can go wrong before the first
//! request.

use clap::Parser;
use jam_core::clock::OffsetClock;
use jam_core::{Error, Jam, JamBuilder};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// A reference application of Jam: the routes of its contract, on one web framework.
#[derive(Parser)]
struct Args {
    /// Where to listen, HOST:PORT; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: String,
    /// The configuration file: TOML, YAML or JSON by its extension
    #[arg(long, env = "JAM_CONFIG", default_value = "jam.toml")]
    config: PathBuf,
    /// Starts the clock at this time, in seconds since the Unix epoch; it ticks on
    #[arg(long, value_name = "UNIX")]
    now: Option<u64>,
}

/// Why an application does not start.
enum StartFault {
    Jam(Error),
    Listen(String, io::Error),
}

impl fmt::Display for StartFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartFault::Jam(error) => write!(f, "{}: {error}", error.kind().as_str()),
            StartFault::Listen(at, error) if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "{at} is in use: stop the program that listens there, or choose another port \
                 with --listen (port 0 takes any free one)"
            ),
            StartFault::Listen(at, error) => {
                write!(f, "cannot listen on {at}: {error}; --listen takes HOST:PORT")
            }
        }
    }
}

/// The whole of an application's `main`: reads `--listen`, `--config` and `--now`, builds [`Jam`],
/// binds, prints `listening on http://ADDRESS` as the first line on stdout and hands over to
/// `serve`. Logs go to stderr at the level of `RUST_LOG`. The listener is non-blocking, as every
/// asynchronous framework wants it.
///
/// Exits with 2 when the command line, the configuration, a key or the address is at fault, and
/// says so on stderr; with 1 when serving fails.
pub fn run(serve: impl FnOnce(Jam, TcpListener) -> io::Result<()>) -> ExitCode {
    let args = Args::parse();
    watch();
    let (jam, listener, address) = match prepare(&args) {
        Ok(ready) => ready,
        Err(fault) => {
            eprintln!("error: {fault}");
            return ExitCode::from(2);
        }
    };
    announce(address);
    match serve(jam, listener) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: serving on {address} failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn prepare(args: &Args) -> Result<(Jam, TcpListener, SocketAddr), StartFault> {
    let jam = configure(args).map_err(StartFault::Jam)?;
    let unbound = |error| StartFault::Listen(args.listen.clone(), error);
    let listener = TcpListener::bind(&args.listen).map_err(unbound)?;
    listener.set_nonblocking(true).map_err(unbound)?;
    let address = listener.local_addr().map_err(unbound)?;
    Ok((jam, listener, address))
}

fn configure(args: &Args) -> Result<Jam, Error> {
    let builder = JamBuilder::from_config(&args.config, "jam")?;
    match args.now {
        Some(now) => builder.clock(OffsetClock::starting_at(now)).build(),
        None => builder.build(),
    }
}

fn watch() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    // Fails only when a subscriber is set already; then that one is meant to stay.
    let _ = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(filter.from_env_lossy())
        .try_init();
}

fn announce(address: SocketAddr) {
    let mut stdout = io::stdout().lock();
    // Whoever closed stdout does not wait for this line; requests are served all the same.
    let _ = writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush());
}
