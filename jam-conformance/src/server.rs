//! The server under test: a program that is started for each configuration, or a function.

use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a program may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(60);

const GREETING: &str = "listening on http://";

/// The server that a suite runs against.
pub struct Server {
    name: String,
    start: Start,
}

enum Start {
    Command { program: PathBuf, environment: Vec<(String, String)> },
    Function(Box<StartFn>),
}

type StartFn = dyn Fn(&Path, u64) -> io::Result<SocketAddr>;

impl Server {
    /// A program, usually `env!("CARGO_BIN_EXE_…")`.
    ///
    /// It is called with `--listen 127.0.0.1:0 --config FILE --now UNIX`. Its first line on stdout
    /// must be `listening on http://ADDRESS`. `FILE` is TOML, with the section `jam`; `UNIX` is the
    /// time at which its clock starts, in seconds. It is killed when its cases are done. What it
    /// writes to stderr is shown when it does not start.
    #[must_use]
    pub fn command(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, start: Start::Command { program, environment: Vec::new() } }
    }

    /// A function that starts a server in this process, or elsewhere, and returns its address.
    ///
    /// It takes the path of the configuration file and the time, and is called once for each
    /// configuration, so the servers that it starts run side by side until the process ends.
    pub fn function(
        name: impl Into<String>,
        start: impl Fn(&Path, u64) -> io::Result<SocketAddr> + 'static,
    ) -> Self {
        Self { name: name.into(), start: Start::Function(Box::new(start)) }
    }

    /// Sets an environment variable of the program; a function has none of its own.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Start::Command { environment, .. } = &mut self.start {
            environment.push((name.into(), value.into()));
        }
        self
    }

    /// What reports and transcripts call it: the program's name without its extension.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file whose change makes former answers worthless.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        match &self.start {
            Start::Command { program, .. } => Some(program.clone()),
            Start::Function(_) => std::env::current_exe().ok(),
        }
    }

    /// Starts it on this configuration, at this time; the error says why it does not start.
    pub(crate) fn start(&self, config: &str, now: u64) -> Result<Running, String> {
        let prepared = Folder::new().and_then(|folder| {
            let file = folder.0.join("jam.toml");
            fs::write(&file, config)?;
            Ok((folder, file))
        });
        let (folder, file) =
            prepared.map_err(|error| format!("the configuration cannot be written: {error}"))?;
        let (address, child) = match &self.start {
            Start::Function(start) => (start(&file, now).map_err(|error| error.to_string()), None),
            Start::Command { program, environment } => {
                let log = folder.0.join("stderr.txt");
                let mut child = spawn(program, environment, &file, now, &log)
                    .map_err(|error| format!("`{}` cannot be run: {error}", program.display()))?;
                let said = || fs::read_to_string(&log).unwrap_or_default();
                let address = child.address().map_err(|fault| format!("{fault}\n{}", said()));
                (address, Some(child))
            }
        };
        let address = address.map_err(|fault| format!("{} does not start: {fault}", self.name))?;
        Ok(Running { address, child, _folder: folder })
    }
}

fn spawn(
    program: &Path,
    environment: &[(String, String)],
    config: &Path,
    now: u64,
    log: &Path,
) -> io::Result<Process> {
    Command::new(program)
        .args(["--listen", "127.0.0.1:0", "--now", &now.to_string(), "--config"])
        .arg(config)
        .env_remove("RUST_LOG")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(log)?)
        .spawn()
        .map(Process)
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A server that listens; stopped with this value.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    // Before the folder, so that nobody reads it any more when it goes.
    child: Option<Process>,
    _folder: Folder,
}

impl Running {
    /// How the program ended, if it did.
    pub(crate) fn exited(&mut self) -> Option<String> {
        let status = self.child.as_mut()?.0.try_wait().ok()??;
        Some(status.to_string())
    }
}

struct Process(Child);

impl Process {
    /// Where it says that it listens.
    fn address(&mut self) -> Result<SocketAddr, String> {
        let stdout = self.0.stdout.take().ok_or("it has no stdout")?;
        let (send, receive) = mpsc::channel();
        // Reads to the end, so that the program may go on writing.
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let _ = send.send(lines.next().unwrap_or_default());
            lines.for_each(drop);
        });
        let first = receive
            .recv_timeout(PATIENCE)
            .map_err(|_| format!("it prints nothing for {} seconds", PATIENCE.as_secs()))?;
        first
            .strip_prefix(GREETING)
            .and_then(|address| address.parse().ok())
            .ok_or_else(|| format!("its first line is {first:?}, not `{GREETING}ADDRESS`"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A new folder; removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("jam-conformance-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                // Left behind by a process that was killed and had this number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
