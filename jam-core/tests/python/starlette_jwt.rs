use jam_core::python::json::dumps_compact;
use jam_core::python::starlette_jwt::StarletteJwtCodec;
use serde_json::{Value, json};

use crate::{Case, Verdict, answer, cases};

fn codec(case: &Case, secrets: &[&str]) -> StarletteJwtCodec {
    StarletteJwtCodec::new(case.text("algorithm").parse().unwrap(), secrets).unwrap()
}

#[test]
fn tokens_of_the_session_codec_are_made_byte_for_byte_and_read_back() {
    let Some(cases) = cases("starlette_jwt_encode") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let codec = codec(case, &[case.text("secret")]);
        let made = codec.encode(case.text("object"), case.now()).ok();
        if case.option("refused").is_some() {
            verdict.equal(case, made.as_deref(), None);
            continue;
        }
        verdict.equal(case, made.as_deref(), Some(case.text("token")));
        let read = codec.decode(case.text("token"), case.now()).ok();
        verdict.equal(case, read.as_deref(), case.option("text"));
    }
}

#[test]
fn what_the_session_codec_reads_is_read_and_what_it_drops_is_refused() {
    let Some(cases) = cases("starlette_jwt_decode") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let read = codec(case, &case.texts("secrets")).decode(case.bytes("token"), case.now());
        verdict.read(case, read, dumps_compact, case.option("text"));
    }
}

#[test]
fn tokens_are_written_for_the_session_codec_to_read() {
    let Some(cases) = cases("starlette_jwt_encode") else { return };
    let answers: Vec<Value> = cases
        .iter()
        .filter(|case| case.option("refused").is_none())
        .map(|case| {
            let (secret, object) = (case.text("secret"), case.text("object"));
            let older = "o".repeat(64);
            let token = codec(case, &[secret, &older]).encode(object, case.now()).unwrap();
            json!({
                "algorithm": case.text("algorithm"), "secret": secret, "now": case.now().as_secs(),
                "object": object, "token": token,
            })
        })
        .collect();
    answer("starlette_jwt", &answers);
}
