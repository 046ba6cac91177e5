//! Starts the real program and speaks plain HTTP/1.1 with it.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(dead_code)] // each test file uses its own part of this

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The secret that [`command`] puts into `JAM_SECRET`.
pub(crate) const SECRET: &str = "only-the-tests-know-this-32-byte-secret";

/// The bearer header first, then the cookie, and a login that sets the cookie.
pub(crate) const CONFIG: &str = r#"
[jam]
realm = "tests"
[jam.jwt]
sources = [{ bearer = true }, { cookie = "__Host-jwt" }]
transport = "cookie"
cookie = { name = "__Host-jwt" }
[[jam.jwt.keys]]
algorithm = "HS256"
secret = "$JAM_SECRET"
"#;

/// A file that is removed with this value.
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    /// A file of this text; `name` keeps its extension.
    pub(crate) fn new(name: &str, text: &str) -> TempFile {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{}-{number}-{name}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        fs::write(&path, text).unwrap();
        TempFile(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The program with nothing of this process's own settings but `JAM_SECRET`.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-axum"));
    command.args(args).env_remove("RUST_LOG").env_remove("JAM_CONFIG").env("JAM_SECRET", SECRET);
    command
}

/// A running application; its process is killed with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    stderr: Option<JoinHandle<String>>,
    _config: TempFile,
}

impl Server {
    pub(crate) fn start(config: &str) -> Server {
        Server::start_with(config, &[], &[])
    }

    pub(crate) fn start_with(config: &str, args: &[&str], env: &[(&str, &str)]) -> Server {
        let config = TempFile::new("jam.toml", config);
        let mut child = command(&["--listen", "127.0.0.1:0", "--config", config.path()])
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let Some(address) = first.strip_prefix("listening on http://") else {
            let _ = child.wait();
            panic!("the application did not start: {first}{}", stderr.join().unwrap());
        };
        let address = address.trim_end().parse().unwrap();
        Server { child, address, stderr: Some(stderr), _config: config }
    }

    /// Asks it to stop, as an operator does, and waits until it has.
    #[cfg(unix)]
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Ends it and gives back what it wrote to stderr.
    pub(crate) fn into_stderr(mut self) -> String {
        self.child.kill().unwrap();
        self.stderr.take().unwrap().join().unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// One request on a connection of its own.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: jam.test\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method != "GET" {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head += "Connection: close\r\n\r\n";
        let mut stream = self.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Answer::parse(&answer)
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, b"")
    }

    /// `GET` with `Authorization: Bearer …`.
    pub(crate) fn get_as(&self, token: &str, path: &str) -> Answer {
        self.get(path, &[("Authorization", &format!("Bearer {token}"))])
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[("Content-Type", "application/json")], body.as_bytes())
    }

    /// The token of a login that succeeds.
    pub(crate) fn token(&self, user: &str, password: &str) -> String {
        let answer = self.log_in(user, password);
        assert_eq!(answer.status, 200);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn log_in(&self, user: &str, password: &str) -> Answer {
        self.post("/login", &format!(r#"{{"user":"{user}","password":"{password}"}}"#))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A response, chunks joined.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn parse(raw: &[u8]) -> Answer {
        let end = raw.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
        let head = String::from_utf8(raw[..end].to_vec()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        let mut answer = Answer { status, headers: headers.collect(), body: raw[end..].to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunk(&answer.body);
        }
        answer
    }

    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter().filter(|(other, _)| other == name);
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that stands there once at most.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} more than once: {all:?}");
        all.first().copied()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status, `Content-Type` and body at once.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, content_type: &str, body: &str) {
        let seen = (self.status, self.header("content-type"), self.text());
        assert_eq!(seen, (status, Some(content_type), body));
    }

    /// None of the headers that Jam writes.
    #[track_caller]
    pub(crate) fn has_no_jam_headers(&self) {
        let names =
            ["www-authenticate", "set-cookie", "cache-control", "vary", "retry-after", "location"];
        for name in names {
            assert_eq!(self.header(name), None, "{name}");
        }
    }
}

fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = raw.windows(2).position(|bytes| bytes == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&raw[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        let start = line + 2;
        body.extend_from_slice(&raw[start..start + size]);
        raw = &raw[start + size + 2..];
    }
}
