//! The program as a user runs it, and the parts as an attacker meets them.

use jam_core::codec::TokenCodec;
use own_parts::Paseto;
use std::process::Command;

#[test]
fn the_program_logs_in_and_knows_the_caller_on_the_next_request() {
    let output = Command::new(env!("CARGO_BIN_EXE_own-parts")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("x-api-session: sess_v4.local."), "{printed}");
    assert!(printed.contains("x-api-session-expires-in: 43"), "{printed}");
    assert!(printed.ends_with("the next request is by alice\n"), "{printed}");
}

#[test]
fn g21_a_paseto_token_that_was_changed_or_made_elsewhere_is_refused() {
    let codec = Paseto::generate().unwrap();
    let token = codec.encode(r#"{"a":1}"#).unwrap();
    assert_eq!(codec.decode(token.as_bytes()).unwrap(), r#"{"a":1}"#);
    assert!(Paseto::generate().unwrap().decode(token.as_bytes()).is_err());
    for place in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[place] ^= 1;
        assert!(codec.decode(&forged).is_err(), "{place}");
    }
    assert!(codec.decode(b"").is_err() && codec.decode(b"v4.local.").is_err());
}

#[test]
fn each_part_takes_less_than_60_lines() {
    for part in [
        include_str!("../src/codec.rs"),
        include_str!("../src/source.rs"),
        include_str!("../src/transport.rs"),
    ] {
        assert!(part.lines().count() < 60);
    }
}
