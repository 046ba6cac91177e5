use std::time::Duration;

use jam_core::python::json::dumps;
use jam_core::python::starlette::{StarletteCodec, StarletteCookie, StarletteRelease};
use jam_core::transport::SameSite;
use serde_json::{Value, json};

use crate::{Case, Verdict, answer, cases};

#[test]
fn starlettes_cookies_are_made_byte_for_byte_and_read_back() {
    let Some(cases) = cases("starlette_encode") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let codec = StarletteCodec::new([case.text("secret")]).unwrap();
        let made = codec.encode(case.text("object"), case.now());
        verdict.equal(case, made.ok().as_deref(), Some(case.text("cookie")));
        let read = codec.decode(case.text("cookie"), Some(Duration::ZERO), case.now());
        verdict.equal(case, read.ok().as_deref(), Some(case.text("text")));
    }
}

#[test]
fn what_starlette_reads_is_read_and_what_it_refuses_or_stumbles_over_is_refused() {
    let Some(cases) = cases("starlette_decode") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let codec = StarletteCodec::new(case.texts("secrets")).unwrap();
        let read = codec.decode(case.bytes("cookie"), case.seconds("max_age"), case.now());
        verdict.read(case, read, dumps, case.option("text"));
    }
}

#[test]
fn set_cookie_is_starlettes_whatever_it_was_configured_with() {
    let Some(cases) = cases("starlette_set_cookie") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let cookie = cookie(case);
        if case.option("refused").is_some() {
            verdict.equal(case, cookie.is_none(), true);
            continue;
        }
        let cookie = cookie.unwrap_or_else(|| panic!("{}: refused", case.place));
        let persist = cookie.persist(case.text("value")).unwrap();
        verdict.equal(case, persist.as_str(), case.text("persist"));
        verdict.equal(case, cookie.clear().as_str(), case.text("clear"));
    }
}

/// The cookie that `SessionMiddleware` would set with the same arguments.
fn cookie(case: &Case) -> Option<StarletteCookie> {
    let argument = |name: &str| case.get("arguments").get(name).unwrap_or(&Value::Null);
    let mut builder = StarletteCookie::builder(argument("session_cookie").as_str().unwrap())
        .path(argument("path").as_str().unwrap())
        .without_max_age()
        .same_site(match argument("same_site").as_str().unwrap() {
            "strict" => SameSite::Strict,
            "none" => SameSite::None,
            _ => SameSite::Lax,
        })
        .release(match case.get("release").as_u64().unwrap() {
            0 => StarletteRelease::V0,
            _ => StarletteRelease::V1,
        });
    if let Some(domain) = argument("domain").as_str() {
        builder = builder.domain(domain);
    }
    if let Some(seconds) = argument("max_age").as_u64() {
        builder = builder.max_age(Duration::from_secs(seconds));
    }
    if argument("https_only") == true {
        builder = builder.https_only();
    }
    if argument("partitioned") == true {
        builder = builder.partitioned();
    }
    builder.build().ok()
}

#[test]
fn cookies_are_written_for_starlette_to_read() {
    let Some(cases) = cases("starlette_encode") else { return };
    let answers: Vec<Value> = cases
        .iter()
        .map(|case| {
            let (secret, object) = (case.text("secret"), case.text("object"));
            let now = case.now() + Duration::from_secs(12_345);
            let codec = StarletteCodec::new([secret, "an older one"]).unwrap();
            let cookie = codec.encode(object, now).unwrap();
            json!({ "secret": secret, "now": now.as_secs(), "object": object, "cookie": cookie })
        })
        .collect();
    answer("starlette", &answers);
}
