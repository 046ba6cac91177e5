//! The quickstart as a newcomer meets it: what it prints is typed into a shell.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

fn quickstart(port: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart-warp"));
    command.env("PORT", port).env_remove("JAM_SECRET");
    command
}

/// Killed with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn typed(lines: &str) -> Output {
    Command::new("sh").args(["-c", lines]).output().unwrap()
}

#[test]
fn the_printed_curl_lines_work_as_typed() {
    if !typed("curl --version").status.success() {
        eprintln!("SKIPPED: no curl on this machine, the printed lines were not tried");
        return;
    }
    let mut child = quickstart("0").stdout(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let _running = Running(child);
    let printed = stdout.lines().map(Result::unwrap);
    let mut said = String::new();
    let mut lines = String::new();
    for line in printed.take_while(|line| !line.is_empty()) {
        if line.starts_with("  ") {
            lines += &format!("{line}\n");
        }
        said += &line;
    }
    assert!(said.contains("JAM_SECRET is not set"), "{said}");

    let seen = String::from_utf8(typed(&lines).stdout).unwrap();
    // Bodies without a last newline run into the next status line.
    let statuses: Vec<_> =
        seen.match_indices("HTTP/1.1 ").map(|(at, found)| &seen[at + found.len()..][..3]).collect();
    assert_eq!(statuses, ["200", "401", "200", "200", "401"], "{lines}{seen}");
    let headers = |start: &str| -> Vec<&str> {
        let named = |line: &&str| line.to_ascii_lowercase().starts_with(start);
        seen.lines().filter(named).map(|line| line[start.len()..].trim()).collect()
    };
    assert!(headers("set-cookie:")[0].starts_with("__Host-jwt=ey"), "{seen}");
    let bare = r#"Bearer realm="jam""#;
    let invalid = r#"Bearer realm="jam", error="invalid_token""#;
    assert_eq!(headers("www-authenticate:"), [bare, invalid], "{seen}");
    assert_eq!(seen.matches("hello alice").count(), 2, "{seen}");
}

#[test]
fn a_port_in_use_and_a_short_secret_say_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = quickstart(&port).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains(&port) && said.contains("PORT="), "{said}");

    let output = quickstart("0").env("JAM_SECRET", "too-short").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("32") && !said.contains("too-short"), "{said}");
}
