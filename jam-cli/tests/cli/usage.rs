use crate::support::{Folder, run};

#[test]
fn help_and_version_go_to_stdout_and_succeed() {
    let folder = Folder::new("help");
    for arguments in [&["--help"][..], &["help", "token"], &["token", "verify", "--help"]] {
        let run = folder.run(arguments, "");
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{run:?}");
        assert!(run.out.contains("--config <FILE>"), "{run:?}");
    }
    assert!(folder.run(&["--version"], "").succeeded().starts_with("jam "));
    let help = folder.run(&["token", "verify", "--help"], "").succeeded();
    assert!(help.contains("An empty line is a malformed"), "{help}");
    assert!(help.contains("arguments show in process lists"), "{help}");
}

#[test]
fn bad_usage_exits_with_2_and_says_so() {
    let folder = Folder::new("bad-usage");
    for arguments in [
        &["tokens"][..],
        &["token", "verify", "--jobs", "0"],
        &["token", "verify", "--now", "-1"],
        &["token", "verify", "--now", "253402300800"],
        &["token", "verify", "--input", "csv"],
        &["token", "verify", "a.b.c", "--input", "jsonl"],
        &["token", "make"],
        &["token", "make", "--claims", "{}", "--expires-in", "1.5"],
        &["keys", "generate"],
        &["keys", "generate", "--algorithm", "none"],
        &["keys", "generate", "--algorithm", "hs256"],
        &["session", "create"],
        &["session", "list"],
    ] {
        folder.run(arguments, "").failed(2, "bad_usage");
    }
    let run = folder.run(&[], "");
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.err.contains("Usage: jam"), "{run:?}");
}

#[test]
fn misplaced_secrets_are_not_repeated() {
    let folder = Folder::new("misplaced");
    let secret = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXBheWxvYWQ.c2lnbmF0dXJl";
    for arguments in [
        &["token", "verify", "first", secret][..],
        &["token", secret],
        &["keys", "public", secret],
        &["keys", "generate", "--algorithm", secret],
        &["token", "verify", "--now", secret],
    ] {
        let run = folder.run(arguments, "");
        run.failed(2, "bad_usage");
        assert!(!run.err.contains("c2VjcmV0"), "{run:?}");
    }
}

#[test]
fn a_closed_stdout_ends_the_command_quietly() {
    let folder = Folder::new("closed-stdout");
    let mut command = folder.command(&["keys", "generate", "--algorithm", "HS256"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = run(command.stdout(writer), b"");
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{run:?}");
}
