//! A Starlette service and a Rust service behind one port, each of which knows whoever logged in at
//! the other. Everything below `/rust` has moved already, the rest is still Python's.

mod check;
mod client;
mod python;
mod service;

use anyhow::Context;
use clap::Parser;
use python::Python;
use service::Mode;
use tokio::net::TcpListener;

#[derive(Parser)]
#[command(about = "A Starlette service and a Rust service behind one port")]
struct Arguments {
    /// How far the migration is
    #[arg(long, value_enum, default_value = "write_old")]
    mode: Mode,
    /// The port of both
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The Starlette service's own port; 0 for any
    #[arg(long, default_value_t = 0)]
    python_port: u16,
    /// Walk through all modes, in both directions, and stop
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let python = Python::start(arguments.python_port, service::SESSION_SECRET).await?;
    let served = if arguments.check {
        check::run(python.port).await
    } else {
        serve(&arguments, python.port).await
    };
    python.stop().await?;
    served
}

async fn serve(arguments: &Arguments, python: u16) -> anyhow::Result<()> {
    let app = service::app(service::jam(arguments.mode)?, python);
    let port = arguments.port;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("cannot listen on port {port}: try --port 3001"))?;
    let host = listener.local_addr()?.to_string();
    println!("{}", TRY.replace("HOST", &host).replace("PYTHON", &python.to_string()));
    let stopped = async {
        // Without a handler for it, Ctrl-C ends the process anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    Ok(axum::serve(listener, app).with_graceful_shutdown(stopped).await?)
}

const TRY: &str = r#"Listening on http://HOST (the Starlette service alone: port PYTHON). In another terminal, log in at Python and be known in Rust:
  curl -i -b jar -c jar http://HOST/python/login -H 'Content-Type: application/json' -d '{"user":"alice","password":"wonderland"}'
  curl -i -b jar -c jar http://HOST/rust/me
  curl -i -b jar -c jar http://HOST/rust/add -H 'Content-Type: application/json' -d '{"item":"apples"}'
  curl -i -b jar -c jar http://HOST/python/me
Then log out at either and log in the other way round; `/rust/logout`, `/rust/login`, `/python/add` are there as well:
  curl -i -b jar -c jar -X POST http://HOST/python/logout
  curl -i -b jar -c jar http://HOST/rust/login -H 'Content-Type: application/json' -d '{"user":"alice","password":"wonderland"}'
  curl -i -b jar -c jar http://HOST/python/me
What has been read and moved so far, with --mode write_new, say:
  curl http://HOST/rust/migration
Ctrl-C stops both."#;
