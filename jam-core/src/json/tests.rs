use super::*;
use proptest::prelude::*;

fn judge(text: &str) -> Result<(), Fault> {
    check(text.as_bytes(), &Limits::TOKEN)
}

#[test]
fn hole13_duplicate_names_are_refused_at_every_level() {
    assert_eq!(judge(r#"{"a":1,"a":1}"#), Err(Fault::Duplicate));
    assert_eq!(judge(r#"{"a":1,"\u0061":2}"#), Err(Fault::Duplicate));
    assert_eq!(judge(r#"{"\u0061":1,"a":2}"#), Err(Fault::Duplicate));
    assert_eq!(judge(r#"{"x":[{"a":1,"a":2}]}"#), Err(Fault::Duplicate));
    assert_eq!(judge(r#"{"a":{"b":1},"b":{"b":1}}"#), Ok(()));
    let many: Vec<String> = (0..40).map(|n| format!("\"n{n}\":{n}")).collect();
    assert_eq!(judge(&format!("{{{}}}", many.join(","))), Ok(()));
    assert_eq!(judge(&format!("{{{},\"n3\":0}}", many.join(","))), Err(Fault::Duplicate));
}

#[test]
fn hole13_no_string_is_read_as_a_second_document() {
    for name in [
        "$serde_json::private::RawValue",
        "$serde_json::private::Number",
        "\\u0024serde_json::private::RawValue",
    ] {
        for text in
            [format!("{{\"{name}\":\"7\"}}"), format!("[{{\"a\":{{\"b\":1, \"{name}\":\"7\"}}}}]")]
        {
            assert_eq!(judge(&text), Err(Fault::Syntax), "{text}");
        }
        let (usual, spaced) =
            (format!("{{\"a\":1,\"{name}\":\"7\"}}"), format!("{{\"{name}\": 7}}"));
        for text in [&usual, &spaced] {
            let mut members = Members::of(text, &Limits::TOKEN);
            while let Ok(true) = members.advance() {
                assert_eq!(&**members.name(), "a");
            }
            assert_eq!(judge(text), Err(Fault::Syntax), "{text}");
        }
    }
    assert_eq!(judge(r#"{"$serde_json":1,"$":2}"#), Ok(()));
}

#[test]
fn hole12_depth_and_count_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(judge(&nested(64)), Ok(()));
    assert_eq!(judge(&nested(65)), Err(Fault::Syntax));
    assert_eq!(judge(&nested(1_000_000)), Err(Fault::Syntax));
    let members: Vec<String> = (0..2049).map(|n| format!("\"{n}\":0")).collect();
    assert_eq!(judge(&format!("{{{}}}", members.join(","))), Err(Fault::Members));
}

#[test]
fn g37_what_parsers_disagree_on_is_refused() {
    for text in [
        "",
        " ",
        "\u{feff}{}",
        "{}x",
        "{} {}",
        "{'a':1}",
        "{\"a\":1,}",
        "[1,]",
        "[01]",
        "[+1]",
        "[.5]",
        "[1.]",
        "[NaN]",
        "[1e]",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"a\u{1}\"",
        "\"",
        "{\"a\"}",
        "{a:1}",
        "tru",
        "[1 2]",
        "\u{a0}{}",
        "/**/{}",
    ] {
        assert_eq!(judge(text), Err(Fault::Syntax), "{text:?}");
    }
    assert_eq!(check(b"\"\xff\"", &Limits::TOKEN), Err(Fault::Syntax));
    for text in [
        "{}",
        " [ 1 , -0.5e-3 , \"\\ud83d\\ude00\" , null , true , false ] ",
        "\"\u{1f600}\"",
        "{\"\":{}}",
    ] {
        assert_eq!(judge(text), Ok(()), "{text:?}");
    }
}

proptest! {
    #[test]
    fn whatever_passes_is_json_for_serde_too(text in r#"[\[\]{}:,"\\u0-9a-eE+. -]{0,40}"#) {
        if judge(&text).is_ok() {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
        }
    }

    #[test]
    fn every_value_that_serde_writes_passes(names in proptest::collection::hash_set(".{0,8}", 0..30), number in any::<f64>()) {
        let map: serde_json::Map<_, _> = names.iter().map(|n| (n.clone(), serde_json::json!([n, number]))).collect();
        let text = serde_json::Value::Object(map).to_string();
        prop_assert_eq!(judge(&text), Ok(()));
    }
}
