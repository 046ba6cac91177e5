use jam_core::python::fernet::Fernet;
use jam_core::python::jam_redis::{JamRedisLayout, JamTokenList};
use jam_core::python::json::dumps;
use serde_json::{Value, json};

use crate::{Case, Verdict, answer, cases};

fn layout(case: &Case, prefix: &str) -> JamRedisLayout {
    let layout = JamRedisLayout::new(prefix);
    match case.option("key") {
        None => layout,
        Some(key) => layout.encrypted(Fernet::from_key(key).unwrap()),
    }
}

#[test]
fn sessions_of_jam_are_found_and_read() {
    let Some(cases) = cases("jam_session") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let layout = layout(case, case.text("prefix"));
        let session_key = layout.session_key(case.text("id")).unwrap();
        verdict.equal(case, session_key.as_str(), case.text("session_key"));
        verdict.equal(case, layout.key(&session_key).unwrap().as_str(), case.text("name"));
        verdict.equal(case, case.text("id"), case.text("field"));
        let read = layout.decode(case.text("value")).ok();
        verdict.equal(case, read.as_deref(), Some(case.text("text")));
    }
}

#[test]
fn sessions_of_jam_2_are_written_byte_for_byte() {
    let Some(cases) = cases("jam_session") else { return };
    let mut verdict = Verdict::default();
    for case in cases.iter().filter(|case| *case.get("jam") == 2 && case.option("key").is_none()) {
        let written = layout(case, "sessions").encode(case.text("text"), case.now()).ok();
        verdict.equal(case, written.as_deref(), Some(case.text("value")));
    }
}

#[test]
fn an_id_leads_to_the_hash_that_jam_asks_or_is_refused() {
    let Some(cases) = cases("jam_session_id") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let layout = layout(case, "sessions");
        let name = layout.session_key(case.bytes("id")).and_then(|key| layout.key(&key));
        verdict.equal(case, name.ok().as_deref(), case.option("name"));
    }
}

#[test]
fn a_stored_value_is_read_as_jam_reads_it_or_refused() {
    let Some(cases) = cases("jam_session_value") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let read = layout(case, "sessions").decode(case.text("value"));
        verdict.read(case, read, dumps, case.option("text"));
    }
}

#[test]
fn fernet_tokens_are_decrypted_or_refused() {
    let Some(cases) = cases("fernet") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let plain = Fernet::from_key(case.text("key")).unwrap().decrypt(case.bytes("token")).ok();
        verdict.equal(case, plain, case.option("plain").map(|_| case.bytes("plain")));
    }
}

#[test]
fn listed_tokens_are_found_under_jams_names() {
    let Some(cases) = cases("jam_list") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let list = match case.get("jam").as_u64() {
            Some(2) => JamTokenList::jam2(),
            _ => JamTokenList::new(case.text("prefix")),
        };
        verdict.equal(case, list.key(case.text("token")).as_ref(), case.text("key"));
        verdict.equal(case, list.is_listed(Some(case.text("value").as_bytes())), true);
    }
}

#[test]
fn sessions_are_written_for_jam_to_read() {
    let Some(cases) = cases("jam_session") else { return };
    let answers: Vec<Value> = cases
        .iter()
        .filter(|case| case.option("text") != Some("{}"))
        .map(|case| {
            let (prefix, session_key) = (case.text("prefix"), case.text("session_key"));
            let (layout, now) = (layout(case, prefix), case.now());
            json!({
                "prefix": prefix, "key": case.option("key"), "now": now.as_secs(),
                "id": layout.new_id(session_key, now).unwrap(),
                "name": layout.key(session_key).unwrap(),
                "value": layout.encode(case.text("text"), now).unwrap(),
                "object": case.text("text"),
            })
        })
        .collect();
    answer("jam_session", &answers);
}
