//! The same through a whole request: what the packages wrote is a session behind the handle, and
//! what the handle writes is what they would have written.

use std::time::Duration;

use jam_core::clock::ManualClock;
use jam_core::flow::Flow;
use jam_core::python::json::dumps;
use jam_core::python::starlette::StarletteCodec;
use jam_core::python::starlette_jwt::StarletteJwtCodec;
use jam_core::session::{LegacySessions, Login, SessionBackend, SessionPolicy};
use jam_core::{Jam, Reject};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::common::{Request, ready};
use crate::{Case, Verdict, answer, cases};

/// Starlette's `max_age`.
const MAX_AGE: Duration = Duration::from_secs(14 * 24 * 3600);
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// What only a login writes.
const GOVERNED: [&str; 6] = ["sub", "scope", "scopes", "permissions", "auth_time", "amr"];

fn jam(sessions: LegacySessions, now: Duration) -> Jam {
    let policy = SessionPolicy::new(MAX_AGE, CENTURY);
    let clock = ManualClock::new(0);
    clock.set(now);
    Jam::builder()
        .clock(clock)
        .session(SessionBackend::legacy(policy, sessions).unwrap())
        .build()
        .unwrap()
}

fn starlette(case: &Case, secrets: &[&str]) -> Jam {
    jam(LegacySessions::starlette(secrets).unwrap(), case.now())
}

fn starlette_jwt(case: &Case, secrets: &[&str]) -> Jam {
    let algorithm = case.text("algorithm").parse().unwrap();
    jam(LegacySessions::starlette_jwt(algorithm, secrets).unwrap(), case.now())
}

/// One request: the status of a refusal, and the cookies that are set.
fn request(
    jam: &Jam,
    cookie: Option<&[u8]>,
    handler: impl AsyncFnOnce(&Flow) -> Result<(), Reject>,
) -> (Option<u16>, Vec<String>) {
    let mut request = Request::get("/");
    if let Some(cookie) = cookie {
        request = request.with("cookie", [b"session=", cookie].concat());
    }
    let flow = jam.begin(&request);
    let mut status = ready(handler(&flow)).err().map(|reject| reject.respond().status);
    let mut patch = ready(flow.finish());
    if let Some(replacement) = patch.replacement() {
        status = Some(replacement.status);
    }
    let set = patch.headers().filter(|header| header.name == "set-cookie");
    (status, set.map(|header| header.value.clone()).collect())
}

/// The whole session as one document, or none.
async fn document(flow: &Flow) -> Result<Option<String>, Reject> {
    let record = flow.session()?.record().await?;
    Ok(record.map(|record| {
        let members: Vec<String> =
            record.values().map(|(name, json)| format!("{}:{json}", json!(name))).collect();
        format!("{{{}}}", members.join(","))
    }))
}

fn members(object: &str) -> Vec<(String, Box<RawValue>)> {
    struct Members(Vec<(String, Box<RawValue>)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Members;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Members>(object).unwrap().0
}

/// Sets all members of a session, in order, in a request without a cookie.
fn written(jam: &Jam, object: &str) -> (Option<u16>, Vec<String>) {
    request(jam, None, async |flow| {
        let session = flow.session()?;
        members(object).iter().try_for_each(|(name, json)| session.set(name, json))
    })
}

fn value(set_cookie: &str) -> &str {
    set_cookie.split_once('=').unwrap().1.split(';').next().unwrap()
}

/// Beyond the times that a record holds.
fn is_too_late(case: &Case) -> bool {
    case.now().as_secs() >> 39 > 0
}

#[test]
fn a_session_written_by_the_handle_is_starlettes_header_to_the_byte() {
    let Some(cases) = cases("starlette_encode") else { return };
    let mut verdict = Verdict::default();
    let mut compared = 0;
    for case in cases.iter().filter(|case| !is_too_late(case)) {
        let Some(header) = case.fields.get("header").and_then(Value::as_str) else { continue };
        let sessions = LegacySessions::starlette([case.text("secret")]).unwrap();
        let jam = jam(sessions.subject(["nobody"]), case.now());
        let (status, set) = written(&jam, case.text("object"));
        if members(case.text("object")).iter().any(|(name, _)| GOVERNED.contains(&&**name)) {
            verdict.equal(case, (status, set.len()), (Some(400), 0));
            continue;
        }
        // A browser would drop it; Python sends it all the same.
        if value(header).len() + "session".len() > 4096 {
            verdict.equal(case, (status, set.len()), (Some(413), 0));
            continue;
        }
        verdict.equal(case, (status, set.first().map(String::as_str)), (None, Some(header)));
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn what_python_wrote_is_read_and_signed_anew_by_the_handle() {
    let Some(cases) = cases("starlette_encode") else { return };
    let mut verdict = Verdict::default();
    for case in cases.iter().filter(|case| !is_too_late(case)) {
        let jam = starlette(case, &["a new one", case.text("secret")]);
        let cookie = case.text("cookie").as_bytes();
        let mut found = None;
        let (status, set) = request(&jam, Some(cookie), async |flow| {
            found = document(flow).await?;
            Ok(())
        });
        verdict.equal(case, (status, set.len()), (None, 0));
        let found = found.map(|found| dumps(&found).unwrap());
        verdict.equal(case, found.as_deref(), Some(case.text("text")));
        let (_, set) =
            request(&jam, Some(cookie), async |flow| flow.session()?.set("jam_test", &1));
        let Some(set) = set.first().filter(|_| cookie.len() < 3000) else { continue };
        let codec = StarletteCodec::new(["a new one"]).unwrap();
        let read = codec.decode(value(set), Some(MAX_AGE), case.now()).ok();
        let text = case.text("text").strip_suffix('}').unwrap();
        let expected = format!("{text}, \"jam_test\": 1}}");
        verdict.equal(case, read.as_deref(), Some(expected.as_str()));
    }
}

#[test]
fn what_starlette_refuses_or_stumbles_over_is_no_session_and_no_error() {
    let Some(cases) = cases("starlette_decode") else { return };
    let mut verdict = Verdict::default();
    for case in cases.iter().filter(|case| case.seconds("max_age") == Some(MAX_AGE)) {
        judge(&mut verdict, case, &starlette(case, &case.texts("secrets")), "cookie");
    }
}

#[test]
fn what_the_session_codec_drops_is_no_session_and_no_error() {
    let Some(cases) = cases("starlette_jwt_decode") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        judge(&mut verdict, case, &starlette_jwt(case, &case.texts("secrets")), "token");
    }
}

fn judge(verdict: &mut Verdict, case: &Case, jam: &Jam, field: &str) {
    let cookie = case.bytes(field);
    let mut found = None;
    let (status, _) = request(jam, Some(&cookie), async |flow| {
        flow.maybe_identity::<Value>().await?;
        found = document(flow).await?;
        Ok(())
    });
    verdict.equal(case, status, None);
    // An empty session is none to Python.
    let found = found.map(|found| dumps(&found).unwrap()).filter(|found| found != "{}");
    let expected = case.option("text").map(|text| dumps(text).unwrap());
    verdict.equal(case, found, expected.filter(|text| text != "{}"));
    let (status, _) = request(jam, Some(&cookie), async |flow| {
        flow.session()?.destroy()?;
        flow.session()?.save().await
    });
    verdict.equal(case, status, None);
}

#[test]
fn sessions_and_logins_of_the_handle_are_written_for_starlette_to_read() {
    let Some(cases) = cases("starlette_encode") else { return };
    let mut answers = Vec::new();
    for case in cases.iter().filter(|case| !is_too_late(case)) {
        let secret = case.text("secret");
        let jam = starlette(case, &[secret]);
        let (_, set) = request(&jam, Some(case.text("cookie").as_bytes()), async |flow| {
            let login = Login::new("alice").scopes(["user"]).methods(["pwd"]).claim("name", "José");
            flow.session()?.login(login)
        });
        // What does not fit into a cookie is refused.
        let Some(set) = set.first() else { continue };
        let codec = StarletteCodec::new([secret]).unwrap();
        let object = codec.decode(value(set), Some(MAX_AGE), case.now()).unwrap();
        let read: Value = serde_json::from_str(&object).unwrap();
        assert_eq!((&read["user"], &read["name"]), (&json!("alice"), &json!("José")));
        let (_, cleared) =
            request(&jam, Some(value(set).as_bytes()), async |flow| flow.session()?.destroy());
        answers.push(json!({
            "secret": secret, "now": case.now().as_secs(), "object": object, "cookie": value(set), "cleared": cleared[0],
        }));
    }
    answer("starlette_flow", &answers);
}

#[test]
fn sessions_of_the_handle_are_written_for_the_session_codec_to_read() {
    let Some(cases) = cases("starlette_jwt_encode") else { return };
    let mut answers = Vec::new();
    for case in &cases {
        let (secret, object) = (case.text("secret"), case.text("object"));
        if members(object).iter().any(|(name, _)| name == "user" || GOVERNED.contains(&&**name)) {
            continue;
        }
        let jam = starlette_jwt(case, &[secret]);
        let (status, set) = written(&jam, object);
        let Some(set) = set.first() else {
            assert!(matches!(status, Some(400 | 413)), "{}: {status:?}", case.place);
            continue;
        };
        assert_eq!(case.option("refused"), None, "{}", case.place);
        let mut expected: Value = serde_json::from_str(object).unwrap();
        let now = case.now().as_secs();
        expected["_jam"] = json!({ "iat": now, "end": now + CENTURY.as_secs() });
        let algorithm = case.text("algorithm");
        let codec = StarletteJwtCodec::new(algorithm.parse().unwrap(), [secret]).unwrap();
        let text = codec.decode(value(set), case.now()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected, "{}", case.place);
        answers.push(json!({
            "algorithm": algorithm, "secret": secret, "now": now, "object": text, "token": value(set),
        }));
    }
    answer("starlette_jwt_flow", &answers);
}
