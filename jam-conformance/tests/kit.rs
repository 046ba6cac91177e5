//! The kit itself, against servers that answer whatever they are told to.

use jam_conformance::{Report, Server, Suite, cases};
use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

const PUBLIC: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n\r\npublic";

/// Gives this answer to every connection, and hangs up.
fn canned(answer: &'static str) -> impl Fn(&Path, u64) -> io::Result<SocketAddr> {
    move |_, _| {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 65536]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Ok(address)
    }
}

fn report(prefix: &str, answer: &'static str) -> Report {
    Suite::adapter().only(prefix).run(Server::function("canned", canned(answer)))
}

fn failed(report: &Report) -> Vec<&str> {
    report.failures().iter().map(|failure| failure.case()).collect()
}

#[test]
fn a_server_that_answers_as_it_should_passes() {
    let report = report("public.", PUBLIC);
    report.assert_passed();
    assert_eq!((report.passed().len(), report.failures().len()), (4, 0));
    let answers: Vec<_> = report.transcript().answers().collect();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0].1, ["200\ncontent-type: text/plain; charset=utf-8\n\npublic"]);
}

#[test]
fn a_failure_shows_the_request_the_answer_and_the_difference() {
    let report = report("whoami.anonymous", PUBLIC);
    assert_eq!(failed(&report), ["whoami.anonymous"]);
    let text = report.to_string();
    for part in [
        "FAILED whoami.anonymous",
        "GET /whoami HTTP/1.1\\r\\n",
        "    200\n",
        "\"public\"",
        "the status is 200, not 401",
        "`www-authenticate: Bearer realm=\"kit\"` is missing",
        "0 cases passed, 1 failed",
    ] {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn nothing_passes_that_the_answer_does_not_fit() {
    for group in [
        "cred.",
        "whoami.",
        "maybe.",
        "policy.",
        "login.",
        "logout.",
        "patch.",
        "swallowed.",
        "ws.",
        "debug.",
        "page.",
        "nested.",
    ] {
        let report = report(group, PUBLIC);
        assert_eq!(report.passed(), [""; 0], "{group} {:?}", failed(&report));
    }
}

#[test]
#[should_panic(expected = "0 cases passed, 1 failed")]
fn a_failed_case_ends_the_test() {
    report("whoami.anonymous", PUBLIC).assert_passed();
}

#[test]
#[should_panic(expected = "0 cases passed, 0 failed")]
fn a_suite_without_a_case_proves_nothing() {
    report("no-such-case", PUBLIC).assert_passed();
}

#[test]
fn a_server_that_only_hangs_up_is_given_up() {
    let report = report("whoami.", "");
    assert_eq!(report.passed(), [""; 0]);
    let text = report.to_string();
    assert!(
        text.contains("hung up without an answer") || text.contains("no answer can be read"),
        "{text}"
    );
    assert!(text.contains("broke off too often"), "{text}");
}

#[test]
fn a_program_that_does_not_start_fails_every_case_and_says_why() {
    // This very test program knows none of the arguments.
    let report =
        Suite::adapter().only("maybe.").run(Server::command(std::env::current_exe().unwrap()));
    assert_eq!(report.passed(), [""; 0]);
    assert!(report.to_string().contains("its first line is \"\""), "{report}");
    assert!(
        report.to_string().contains("--listen") || report.to_string().contains("listen"),
        "{report}"
    );

    let report = Suite::adapter().only("maybe.").run(Server::command("no/such/program"));
    assert!(report.to_string().contains("`no/such/program` cannot be run"), "{report}");
}

#[test]
fn a_function_that_does_not_start_a_server_fails_every_case() {
    let server = Server::function("none", |_, _| Err(io::Error::other("no port is free")));
    let report = Suite::adapter().only("maybe.").run(server);
    assert_eq!(report.passed(), [""; 0]);
    assert!(report.to_string().contains("no port is free"), "{report}");
}

#[test]
fn what_two_servers_answer_differently_has_failed_whatever_was_expected() {
    const ONE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n\r\nHS256 one";
    const TWO: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n\r\nHS256 two";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kit-{}", std::process::id()));
    let run = |name: &str, answer| {
        let server = Server::function(name, canned(answer));
        Suite::adapter().only("debug.cookie").run(server).compare(&folder)
    };
    run("first", ONE).assert_passed();
    run("alike", ONE).assert_passed();
    let other = run("other", TWO);
    assert_eq!(failed(&other), ["debug.cookie", "debug.cookie"], "against each of the two");
    let text = other.to_string();
    assert!(text.contains("other and first answer differently"), "{text}");
    assert!(text.contains("    HS256 one\n") && text.contains("    HS256 two\n"), "{text}");
    // Whoever runs later finds the same difference.
    assert_eq!(failed(&run("first", ONE)), ["debug.cookie"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_transcript_that_cannot_be_kept_is_a_failure() {
    let report = report("public.", PUBLIC).compare(std::env::current_exe().unwrap());
    assert_eq!(failed(&report), ["transcript"]);
}

/// Ids are a promise: `ids.txt` holds every one there ever was, retired ones with that word.
#[test]
fn no_id_is_lost_and_none_is_given_twice() {
    let ever: Vec<&str> = include_str!("ids.txt").lines().collect();
    let mut now = HashSet::new();
    for case in cases() {
        let id = case.id();
        assert!(now.insert(id), "two cases are called {id}");
        assert!(
            ever.contains(&id),
            "{id} is new: add it to ids.txt, unless it is there as retired"
        );
    }
    for line in ever {
        let (id, is_retired) = line.strip_suffix(" retired").map_or((line, false), |id| (id, true));
        assert_eq!(
            is_retired,
            !now.contains(id),
            "{line}: mark retired what is gone, and never use it again"
        );
    }
}

#[test]
fn the_table_of_headers_is_as_long_as_promised() {
    let headers = cases().iter().filter(|case| case.id().starts_with("cred.")).count();
    assert!(headers >= 120, "{headers}");
}
