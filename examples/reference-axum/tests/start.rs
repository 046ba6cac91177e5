//! What can go wrong before the first request: each ends with code 2, nothing on stdout, and a
//! message that names the place and what to do.
#![allow(clippy::unwrap_used)]

mod support;

use jam_core::key::{Algorithm, Key};
use std::net::TcpListener;
use support::{CONFIG, TempFile, command};

/// What it says on stderr.
#[track_caller]
fn refused(args: &[&str], needles: &[&str]) -> String {
    let output = command(args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(output.stdout, b"", "{stderr}");
    for needle in needles {
        assert!(stderr.contains(needle), "no {needle:?} in: {stderr}");
    }
    stderr
}

#[track_caller]
fn refused_config(config: &str, needles: &[&str]) -> String {
    let file = TempFile::new("jam.toml", config);
    refused(&["--listen", "127.0.0.1:0", "--config", file.path()], needles)
}

#[test]
fn a_typo_in_the_configuration_is_named_with_the_nearest_key() {
    let config = CONFIG.replace("realm =", "relm =");
    refused_config(&config, &["invalid_config", "relm", "realm"]);
    let config = CONFIG.replace("transport =", "transprot =");
    refused_config(&config, &["invalid_config", "jam.jwt", "transprot", "transport"]);
}

#[test]
fn a_missing_environment_variable_is_named() {
    let config = CONFIG.replace("$JAM_SECRET", "$JAM_NO_SUCH_SECRET");
    refused_config(&config, &["invalid_config", "JAM_NO_SUCH_SECRET"]);
}

#[test]
fn a_missing_configuration_file_is_named() {
    refused(
        &["--listen", "127.0.0.1:0", "--config", "no-such-file.toml"],
        &["io", "no-such-file.toml"],
    );
    let file = TempFile::new("jam.ini", CONFIG);
    refused(&["--listen", "127.0.0.1:0", "--config", file.path()], &["invalid_config", "toml"]);
}

#[test]
fn a_pem_of_the_wrong_kind_is_refused_with_the_kind_that_it_is() {
    let pem = Key::generate(Algorithm::ES256).unwrap().danger_private_pem().unwrap();
    let file = TempFile::new("key.pem", &pem);
    let keys = |algorithm: &str, key: &str| {
        format!("[jam.jwt]\nkeys = [{{ algorithm = \"{algorithm}\", {key} }}]\n")
    };
    let from_file = format!("pem_file = \"{}\"", file.path());
    for algorithm in ["RS256", "EdDSA", "ES384"] {
        let said =
            refused_config(&keys(algorithm, &from_file), &["weak_or_invalid_key", algorithm]);
        assert!(!said.contains(pem.lines().nth(1).unwrap()), "{said}");
    }
    // A PEM's text is no HMAC secret.
    let as_secret = format!("secret = \"\"\"{}\"\"\"", *pem);
    let config = format!("[jam.jwt]\n[[jam.jwt.keys]]\nalgorithm = \"HS256\"\n{as_secret}\n");
    let said = refused_config(&config, &["weak_or_invalid_key"]);
    assert!(!said.contains(pem.lines().nth(1).unwrap()), "{said}");
}

#[test]
fn g35_a_short_secret_is_refused_and_not_shown() {
    let said =
        refused_config(&CONFIG.replace("$JAM_SECRET", "too-short"), &["weak_or_invalid_key", "32"]);
    assert!(!said.contains("too-short"), "{said}");
}

#[test]
fn sections_of_later_features_are_refused_and_never_ignored() {
    for section in ["refresh", "revocation"] {
        let config = format!("{CONFIG}\n[jam.{section}]\n");
        refused_config(&config, &["not_available", section, "not available yet"]);
    }
}

#[test]
fn a_port_in_use_says_how_to_choose_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = TempFile::new("jam.toml", CONFIG);
    let args = ["--listen", &address, "--config", file.path()];
    refused(&args, &[&address, "in use", "--listen"]);
}

#[test]
fn a_bad_argument_is_named() {
    let file = TempFile::new("jam.toml", CONFIG);
    refused(&["--listen", "nonsense", "--config", file.path()], &["nonsense", "HOST:PORT"]);
    refused(&["--config", file.path(), "--now", "tomorrow"], &["tomorrow", "--now"]);
    refused(&["--confg", file.path()], &["--confg", "--config"]);
}
