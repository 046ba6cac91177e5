//! `jam session`, as far as a store that lives in one process goes.

use super::support::{self, Folder};

const MEMORY: &str =
    "[jam.session]\nidle_timeout_seconds = 1800\nabsolute_timeout_seconds = 43200\n";

fn folder(name: &str, config: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file("jam.toml", config);
    folder
}

#[test]
fn a_created_session_is_shown_with_its_id_and_a_word_about_the_memory_store() {
    let folder = folder("session-create", MEMORY);
    let run = folder.run(&["session", "create", "alice", "--data", r#"{"cart":[1,2]}"#], "");
    assert!(run.err.contains("lives in one process"), "{run:?}");
    let answer = &run.answers()[0];
    assert_eq!(answer["subject"], "alice");
    let id = answer["id"].as_str().unwrap();
    assert_eq!(id.len(), 43);
    assert!(id.starts_with(&answer["handle"].as_str().unwrap()[..21]));
    let created = answer["created"].as_u64().unwrap();
    let expires = answer["expires_at"].as_u64().unwrap();
    assert!((1790..=1800).contains(&(expires - created)), "{answer}");
    run.succeeded();
}

#[test]
fn data_may_come_from_stdin_and_has_to_be_an_object() {
    let folder = folder("session-data", MEMORY);
    folder.run(&["session", "create", "alice", "--data", "-"], r#"{"a":1}"#).succeeded();
    let run = folder.run(&["session", "create", "alice", "--data", "[1]"], "");
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.err.contains("--data takes a JSON object"), "{run:?}");
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(70_000));
    let run = folder.run(&["session", "create", "alice", "--data", "-"], large);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.err.contains("record_too_large"), "{run:?}");
}

#[test]
fn what_is_not_there_is_not_found_and_a_subject_without_sessions_has_none() {
    let folder = folder("session-none", MEMORY);
    let id = "A".repeat(43);
    for (arguments, stdin) in [
        (&["session", "get", id.as_str()][..], ""),
        (&["session", "get"], id.as_str()),
        (&["session", "get"], "no id\n"),
        (&["session", "revoke", "AAAAAAAAAAAAAAAAAAAAAA"], ""),
        (&["session", "revoke", "-AAAAAAAAAAAAAAAAAAAAA"], ""),
        (&["session", "revoke", "-hAAAAAAAAAAAAAAAAAAAA"], ""),
        (&["session", "revoke", "--AAAAAAAAAAAAAAAAAAAA"], ""),
        (&["session", "get", "-hAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], ""),
        (&["session", "revoke", "no handle"], ""),
    ] {
        let run = folder.run(arguments, stdin);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.err.contains("jam: not_found: "), "{run:?}");
        assert!(!run.err.contains(&id), "{run:?}");
    }
    assert_eq!(folder.run(&["session", "list", "alice"], "").succeeded(), "[]");
    assert_eq!(folder.run(&["session", "clear", "alice"], "").succeeded(), r#"{"ended":0}"#);
}

#[test]
fn a_configuration_without_sessions_and_a_stateless_one_say_what_to_do() {
    let none = folder("session-unconfigured", "[jam]\n");
    none.run(&["session", "list", "alice"], "").failed(2, "not_available");
    let sealed = format!("{MEMORY}store = 'sealed'\nsecrets = ['{}']\n", "s".repeat(32));
    let python = format!("{MEMORY}store = 'starlette'\nsecrets = ['theirs']\n");
    for (name, config) in [("session-sealed", &sealed), ("session-starlette", &python)] {
        let folder = folder(name, config);
        for arguments in [
            &["session", "create", "alice"][..],
            &["session", "list", "alice"],
            &["session", "clear", "a"],
        ] {
            let run = folder.run(arguments, "");
            run.failed(2, "not_supported");
            assert!(run.err.contains("configure a store"), "{run:?}");
        }
    }
}

#[test]
fn beside_the_sessions_of_a_python_service_the_store_is_what_it_was() {
    let legacy =
        "legacy = { store = 'starlette', secrets = ['$THEIRS-canary'], mode = 'write_old' }\n";
    let folder = folder("session-legacy", &format!("{MEMORY}{legacy}"));
    let run = |arguments: &[&str]| {
        support::run(folder.command(arguments).env("THEIRS", "old"), b"").succeeded()
    };
    let policy: serde_json::Value = serde_json::from_str(&run(&["config", "check"])).unwrap();
    let described = &policy["session"]["legacy"];
    assert_eq!(
        (&described["store"], &described["mode"]),
        (&"starlette".into(), &"write_old".into())
    );
    assert!(!policy.to_string().contains("canary"), "{policy}");
    assert!(run(&["session", "create", "alice"]).contains(r#""subject":"alice""#));
}

#[test]
fn g01_config_check_prints_the_session_policy_in_force() {
    let folder = folder("session-check", MEMORY);
    let printed = folder.run(&["config", "check"], "").succeeded();
    let policy: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(policy["session"]["idle_timeout_seconds"], 1800);
    assert_eq!(policy["session"]["max_sessions"], "unlimited");
}
