use crate::support::{Folder, run};

const SECRET: &str = "correct-horse-battery-staple-correct-horse";

fn config(key: &str) -> String {
    format!("[jam.jwt]\nissuer = \"me\"\n[[jam.jwt.keys]]\nalgorithm = \"HS256\"\n{key}\n")
}

#[test]
fn the_policy_is_printed_without_secrets() {
    let folder = Folder::new("config-check");
    folder.file("jam.toml", config(&format!("id = \"k1\"\nsecret = \"{SECRET}\"")));
    let out = folder.run(&["config", "check"], "").succeeded();
    let policy: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(policy.pointer("/jwt/issuer/0").unwrap(), "me");
    assert_eq!(policy.pointer("/jwt/keys/0/id").unwrap(), "k1");
    assert!(out.lines().count() > 1 && !out.contains(SECRET), "{out}");
}

#[test]
fn the_file_is_named_by_option_environment_or_its_default_name() {
    let folder = Folder::new("config-where");
    folder.file(
        "other.yaml",
        format!("auth:\n  jwt:\n    keys:\n      - {{ algorithm: HS256, secret: {SECRET} }}\n"),
    );
    for arguments in [
        &["--config", "other.yaml", "--pointer", "auth", "config", "check"][..],
        &["config", "--config", "other.yaml", "check", "--pointer", "auth"],
        &["config", "check", "--config=other.yaml", "--pointer=auth"],
    ] {
        folder.run(arguments, "").succeeded();
    }
    let mut command = folder.command(&["config", "check", "--pointer", "auth"]);
    run(command.env("JAM_CONFIG", "other.yaml"), b"").succeeded();
    folder.run(&["config", "check", "--config", "other.yaml"], "").failed(2, "invalid_config");
}

#[test]
fn a_missing_file_is_answered_with_where_to_name_it_and_a_file_to_start_from() {
    let folder = Folder::new("config-missing");
    let missing = folder.run(&["config", "check"], "");
    missing.failed(2, "io");
    for word in ["config-missing", "jam.toml", "--config FILE", "JAM_CONFIG"] {
        assert!(missing.err.contains(word), "{word}: {missing:?}");
    }
    let (_, start) = missing.err.split_once("in JAM_SECRET:\n").unwrap();
    folder.file("jam.toml", start);
    run(folder.command(&["config", "check"]).env("JAM_SECRET", SECRET), b"").succeeded();
}

#[test]
fn a_typo_is_answered_with_the_nearest_key() {
    let folder = Folder::new("config-typo");
    folder.file("jam.toml", config(&format!("secret = \"{SECRET}\"")).replace("issuer", "isuer"));
    let run = folder.run(&["config", "check"], "");
    run.failed(2, "invalid_config");
    assert!(run.err.contains("isuer") && run.err.contains("`issuer`"), "{run:?}");
}

#[test]
fn a_missing_variable_is_named() {
    let folder = Folder::new("config-variable");
    folder.file("jam.toml", config("secret = \"$JAM_SECRET\""));
    let run = folder.run(&["config", "check"], "");
    run.failed(2, "invalid_config");
    assert!(run.err.contains("JAM_SECRET"), "{run:?}");
}

#[test]
fn a_bad_key_is_named_by_its_place() {
    let folder = Folder::new("config-key");
    folder.file("jam.toml", config("secret = \"short\""));
    let run = folder.run(&["token", "verify"], "");
    run.failed(2, "weak_or_invalid_key");
    assert!(run.err.contains("jam.jwt.keys[0]") && !run.err.contains("short\""), "{run:?}");
}

#[test]
fn what_is_of_a_later_version_is_refused() {
    let folder = Folder::new("config-later");
    let text = config(&format!("secret = \"{SECRET}\"")) + "[jam.refresh]\nstore = \"memory\"\n";
    folder.file("jam.toml", text);
    folder.run(&["config", "check"], "").failed(2, "not_available");
}

#[test]
fn tokens_need_a_jwt_section() {
    let folder = Folder::new("config-without-jwt");
    folder.file("jam.toml", "[jam]\nrealm = \"x\"\n");
    for arguments in [&["token", "make", "--claims", "{}"][..], &["token", "verify"]] {
        let run = folder.run(arguments, "");
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
    }
}

#[test]
fn secrets_of_a_broken_configuration_stay_hidden() {
    let folder = Folder::new("config-secrets");
    for (name, text) in [
        ("a.toml", format!("[jam.jwt]\nkeys = [{{ algorithm = \"HS256\", secret = \"{SECRET}\" ")),
        ("b.toml", config(&format!("secrets = \"{SECRET}\""))),
        ("c.toml", config(&format!("secret_base64url = \"{SECRET}!\""))),
        ("d.toml", config(&format!("pem = \"{SECRET}\""))),
        ("e.toml", config(&format!("jwk_file = \"{SECRET}\"")).replace("HS256", SECRET)),
        ("f.json", format!("{{\"jam\":{{\"jwt\":{{\"keys\":[{{\"secret\":\"{SECRET}\",}}]}}}}}}")),
        ("g.yaml", format!("jam:\n  jwt:\n    keys:\n    - secret: {SECRET}\n   x: {SECRET}\n")),
        ("h.toml", config(&format!("jwk = {{ kty = \"oct\", k = \"{SECRET}\", alg = 1 }}"))),
    ] {
        folder.file(name, text);
        let mut command = folder.command(&["config", "check", "--config", name]);
        let run = run(command.env("RUST_LOG", "trace"), b"");
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{name}: {run:?}");
        assert!(!run.err.contains(SECRET), "{name}: {run:?}");
    }
}
