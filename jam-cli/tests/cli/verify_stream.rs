use std::io::{BufRead, BufReader, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Folder, run};

fn folder(name: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    folder.file(
        "jam.toml",
        "[[jam.jwt.keys]]\nalgorithm = \"HS256\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n",
    );
    let token = folder.run(&["token", "make", "--claims", "{}"], "").succeeded();
    (folder, token)
}

#[test]
fn answers_come_in_input_order_from_any_number_of_threads() {
    let (folder, token) = folder("stream-order");
    let tokens: Vec<_> =
        (0..30_000).map(|n| if n % 3 == 0 { "abc" } else { token.as_str() }).collect();
    let lines = tokens.join("\n");
    let records: String = (0..)
        .zip(&tokens)
        .map(|(n, token)| format!("{{\"id\":\"{n}\",\"token\":\"{token}\"}}\n"))
        .collect();
    for jobs in ["1", "2", "7"] {
        let by_line = folder.run(&["token", "verify", "--jobs", jobs], &lines);
        let by_id = folder.run(&["token", "verify", "--jobs", jobs, "--input", "jsonl"], &records);
        assert!(
            by_line
                .err
                .starts_with("jam: 30000 tokens, 20000 ok, 10000 refused (malformed: 10000), ")
        );
        for (n, (line, id)) in by_line.answers().iter().zip(by_id.answers()).enumerate() {
            assert_eq!((&line["line"], &line["ok"]), (&json!(n + 1), &json!(n % 3 != 0)));
            assert_eq!((&id["id"], &id["ok"]), (&json!(n.to_string()), &json!(n % 3 != 0)));
        }
        assert_eq!((by_line.answers().len(), by_line.code), (30_000, Some(1)));
    }
}

#[test]
fn a_line_without_end_is_too_large_and_the_next_one_is_judged() {
    let (folder, token) = folder("stream-long-line");
    let endless = "a".repeat(50 << 20);
    let run = folder.run(&["token", "verify"], format!("{token}\n{endless}\n{token}\n{endless}"));
    let kinds: Vec<_> = run.answers().iter().map(|answer| answer["error"].clone()).collect();
    assert_eq!(kinds, [Value::Null, json!("too_large"), Value::Null, json!("too_large")]);
}

#[test]
fn the_length_limit_counts_the_token_and_not_its_line_end() {
    let (folder, token) = folder("stream-limit");
    // The last segment takes any number of characters before its signature is looked at.
    let limit = format!("{token}{}", "A".repeat(8192 - token.len()));
    for (line, kind) in [
        (format!("{limit}\n"), "bad_signature"),
        (format!("{limit}\r\n"), "bad_signature"),
        (format!("{limit}A\n"), "too_large"),
        (format!("{limit}A\r\n"), "too_large"),
        (format!("{limit}\r{}\n", "A".repeat(1 << 20)), "too_large"),
        (format!("{limit}A\r{}\n", "A".repeat(1 << 20)), "too_large"),
    ] {
        // In the middle of the input, so that a line also meets the edge of a block.
        let before = format!("{token}\n").repeat(1000);
        let run = folder.run(&["token", "verify"], format!("{before}{line}{token}\n"));
        let answers = run.answers();
        assert_eq!(answers[1000], json!({"line": 1001, "ok": false, "error": kind}));
        assert_eq!((answers.len(), &answers[1001]["ok"]), (1002, &json!(true)));
    }
}

#[test]
fn who_asks_line_by_line_is_answered_line_by_line() {
    let (folder, token) = folder("stream-talk");
    let mut child = folder.command(&["token", "verify"]).spawn().unwrap();
    let mut asking = child.stdin.take().unwrap();
    let mut answering = BufReader::new(child.stdout.take().unwrap());
    let (sender, answers) = mpsc::channel();
    thread::spawn(move || {
        loop {
            let mut line = String::new();
            if answering.read_line(&mut line).unwrap() == 0 || sender.send(line).is_err() {
                return;
            }
        }
    });
    for number in 1..=3 {
        writeln!(asking, "{token}").unwrap();
        let answer = answers.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(answer.starts_with(&format!("{{\"line\":{number},\"ok\":true,")), "{answer}");
    }
    drop(asking);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_leaves_ends_the_batch_quietly() {
    let (folder, token) = folder("stream-pipe");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = folder.command(&["token", "verify"]);
    let left = run(command.stdout(writer), format!("{token}\n").repeat(20_000).as_bytes());
    assert_eq!(left.code, Some(1), "{left:?}");
    assert_eq!(left.err.lines().count(), 1, "{left:?}");
    assert!(left.err.starts_with("jam: ") && left.err.ends_with(" tokens/s\n"), "{left:?}");
}

#[test]
fn an_input_that_cannot_be_read_is_an_error() {
    let (folder, _) = folder("stream-unreadable");
    let mut command = folder.command(&["token", "verify"]);
    let directory = std::fs::File::open(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output = command.stdin(directory).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("jam: io: "), "{stderr}");
}
