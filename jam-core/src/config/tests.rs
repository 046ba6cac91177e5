use std::collections::HashMap;
use std::env::VarError;
use std::ffi::OsString;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::expand::expand;
use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn environment(name: &str) -> Result<String, VarError> {
    let known = HashMap::from([
        ("SECRET", SECRET),
        ("EMPTY", ""),
        ("TTL", "90"),
        ("YES", "true"),
        ("_under1", "low"),
        ("NESTED", "$SECRET${TTL}$$"),
    ]);
    match name {
        // A file name on Unix may be any bytes; so may a variable.
        #[cfg(unix)]
        "BYTES" => {
            use std::os::unix::ffi::OsStringExt;
            Err(VarError::NotUnicode(OsString::from_vec(b"canary\xff".to_vec())))
        }
        _ => known.get(name).map(ToString::to_string).ok_or(VarError::NotPresent),
    }
}

fn expanded(text: &str) -> Result<String, String> {
    let mut value = Value::from(text);
    expand(&mut value, "jam.key", &environment).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        error.to_string()
    })?;
    Ok(value.as_str().unwrap().to_owned())
}

fn load_text(name: &str, text: &str) -> Result<Jam, Error> {
    let path = std::env::temp_dir().join(format!("jam-config-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let loaded = load_with(&path, "jam", &environment);
    std::fs::remove_file(&path).unwrap();
    loaded.and_then(JamBuilder::build)
}

#[test]
fn variables_are_expanded_in_every_form() {
    for (text, expected) in [
        ("plain", "plain"),
        ("$TTL", "90"),
        ("a${TTL}b", "a90b"),
        ("$TTL-$TTL", "90-90"),
        ("$_under1", "low"),
        ("${MISSING:-default}", "default"),
        ("${MISSING:-}", ""),
        ("${EMPTY:-default}", "default"),
        ("${TTL:-default}", "90"),
        ("${MISSING:-a:-b $$c}", "a:-b $c"),
        ("$EMPTY", ""),
    ] {
        assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_dollar_sign_that_names_nothing_is_itself() {
    for (text, expected) in [
        ("$$", "$"),
        ("$$TTL", "$TTL"),
        ("$$${TTL}", "$90"),
        ("$", "$"),
        ("a$ b", "a$ b"),
        ("$1", "$1"),
        ("$é", "$é"),
    ] {
        assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_a_variable_holds_is_not_expanded_again() {
    assert_eq!(expanded("$NESTED").as_deref(), Ok("$SECRET${TTL}$$"));
    assert_eq!(expanded("${NESTED}").as_deref(), Ok("$SECRET${TTL}$$"));
}

#[test]
fn a_missing_variable_is_named_with_the_key_where_it_stands() {
    for text in ["$MISSING", "x${MISSING}y", "$MISSING.TTL"] {
        let message = expanded(text).unwrap_err();
        assert!(message.starts_with("jam.key: "), "{message}");
        assert!(message.contains("`MISSING` is not set"), "{message}");
    }
    let mut value = json!({"a": [{"b": "$TTL"}, {"b": "$MISSING"}]});
    let error = expand(&mut value, "jam", &environment).unwrap_err();
    assert!(error.to_string().starts_with("jam.a[1].b: "), "{error}");
}

#[test]
fn a_malformed_variable_is_refused_without_a_guess() {
    for text in [
        "${",
        "${TTL",
        "${}",
        "${1}",
        "${TTL-x}",
        "${TTL:x}",
        "${TTL x}",
        "${ TTL}",
        "${TTL:-$TTL}",
        "${A:-${B}}",
    ] {
        let message = expanded(text).unwrap_err();
        assert!(message.starts_with("jam.key: a `${` that is no variable"), "{text}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_named_and_not_shown() {
    let message = expanded("$BYTES").unwrap_err();
    assert!(message.contains("`BYTES` is not UTF-8"), "{message}");
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn secrets_numbers_and_switches_may_come_from_variables() {
    let text = "[jam.jwt]\nexpires_in_seconds = \"$TTL\"\nallow_missing_exp = \"$YES\"\nleeway_seconds = \"${LEEWAY:-7}\"\n\
                [[jam.jwt.keys]]\nalgorithm = \"HS256\"\nsecret = \"$SECRET\"\n";
    let literal =
        text.replace("\"$TTL\"", "90").replace("\"$YES\"", "true").replace("\"${LEEWAY:-7}\"", "7");
    let jam = load_text("variables.toml", text).unwrap();
    assert_eq!(
        jam.describe(),
        load_text("literal.toml", &literal.replace("$SECRET", SECRET)).unwrap().describe()
    );
}

#[test]
fn a_variable_that_holds_no_number_is_refused_and_not_shown() {
    let text = format!(
        "[jam.jwt]\nexpires_in_seconds = \"$SECRET\"\n[[jam.jwt.keys]]\nalgorithm = \"HS256\"\nsecret = \"{SECRET}\"\n"
    );
    let error = load_text("no-number.toml", &text).unwrap_err();
    assert!(
        error.to_string().starts_with("jam.jwt.expires_in_seconds: expected an integer from 1 to"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
}

#[test]
fn g35_an_empty_secret_is_refused_by_the_key_itself() {
    let text = "[jam.jwt]\n[[jam.jwt.keys]]\nalgorithm = \"HS256\"\nsecret = \"$EMPTY\"\n";
    let error = load_text("empty.toml", text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WeakOrInvalidKey);
    assert!(error.to_string().starts_with("jam.jwt.keys[0].secret: "), "{error}");
}

#[test]
fn only_the_named_section_needs_its_variables() {
    let text = "[other]\nkey = \"$MISSING\"\n[jam]\nrealm = \"${MISSING:-here}\"\n";
    load_text("section.toml", text).unwrap();
}

proptest! {
    #[test]
    fn no_text_makes_expansion_panic(text in r"[${}:\-A-Z_1é ]{0,24}") {
        let _ = expanded(&text);
    }

    #[test]
    fn text_without_a_dollar_sign_stays_as_it_is(text in "[^$]{0,24}") {
        prop_assert_eq!(expanded(&text), Ok(text));
    }
}
