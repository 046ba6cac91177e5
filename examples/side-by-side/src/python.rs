//! The Starlette service: its virtual environment, and the process.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const APP: &str = include_str!("../app.py");
/// All versions are pinned: Starlette's as the tests of jam-core have them, and the server's.
const PINS: &str = concat!(
    include_str!("../../../xtask/python/requirements/starlette1.txt"),
    include_str!("../requirements.txt"),
);

/// A running service; it ends when this is dropped, or the process is gone.
pub(crate) struct Python {
    pub(crate) port: u16,
    process: Child,
}

impl Python {
    /// Makes the environment if it is not there, and starts the service; on any free port for 0.
    pub(crate) async fn start(port: u16, secret: &str) -> anyhow::Result<Self> {
        let folder = folder()?;
        let interpreter = environment(&folder).await?;
        let app = folder.join("app.py");
        std::fs::write(&app, APP).with_context(|| format!("cannot write {}", app.display()))?;
        let mut process = Command::new(interpreter)
            .args(["-E", "-s", "-B"])
            .arg(&app)
            .arg(port.to_string())
            .env("SESSION_SECRET", secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the Starlette service")?;
        let output = process.stdout.take().context("the Starlette service has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await?;
        let port = line.trim().parse().with_context(|| {
            format!("the Starlette service cannot listen on port {port}: see above, or try --python-port 0")
        })?;
        Ok(Self { port, process })
    }

    /// Stops it, and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        // It ends with its input.
        drop(self.process.stdin.take());
        self.process.wait().await?;
        Ok(())
    }
}

/// Below cargo's target folder, wherever that is.
fn folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).context("the program lies in no target folder")?;
    Ok(target.join("side-by-side"))
}

/// The interpreter of an environment that has what is pinned.
async fn environment(folder: &Path) -> anyhow::Result<PathBuf> {
    let environment = folder.join("environment");
    let interpreter = environment.join("bin/python");
    // Written last: an environment without it is not complete.
    let complete = folder.join("requirements.txt");
    if interpreter.exists() && std::fs::read_to_string(&complete).is_ok_and(|pins| pins == PINS) {
        return Ok(interpreter);
    }
    println!("making a Python environment in {} …", environment.display());
    if environment.exists() {
        std::fs::remove_dir_all(&environment)?;
    }
    std::fs::create_dir_all(folder)?;
    let pins = folder.join("requirements.unfinished.txt");
    std::fs::write(&pins, PINS)?;
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment)).await.context(
        "is Python 3.10 or newer there, with its module `venv` (Debian: `apt install python3-venv`)?",
    )?;
    let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"];
    run(Command::new(&interpreter).args(pip).arg("--requirement").arg(&pins))
        .await
        .context("is there a network?")?;
    std::fs::rename(pins, complete)?;
    Ok(interpreter)
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{:?}", command.as_std());
    let status = command.status().await.with_context(|| format!("cannot run {shown}"))?;
    ensure!(status.success(), "{shown} failed ({status})");
    Ok(())
}
