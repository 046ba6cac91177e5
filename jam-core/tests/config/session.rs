//! `[jam.session]` and `[jam.csrf]`.

use serde_json::json;

use super::{KEY, SECRET, invalid, later, load, load_at, refused, with_session};
use jam_core::ErrorKind;

#[test]
fn g01_both_timeouts_are_required_and_everything_else_has_a_default() {
    let jam = with_session("").unwrap();
    let described = &jam.describe()["session"];
    for (key, value) in [
        ("store", json!("memory")),
        ("idle_timeout_seconds", json!(1800)),
        ("absolute_timeout_seconds", json!(43200)),
        ("touch_interval_seconds", json!(60.0)),
        ("fresh_seconds", json!(300)),
        ("max_sessions", json!("unlimited")),
        ("max_record_bytes", json!(65536)),
        ("undecodable", json!("deny")),
        ("outage", json!("deny")),
        ("store_timeout_ms", json!(250)),
        ("cache_seconds", json!(0)),
        ("sources", json!([{ "cookie": "__Host-jam" }])),
    ] {
        assert_eq!(described[key], value, "{key}");
    }
    let cookie = &described["transport"]["cookie"];
    assert_eq!((&cookie["name"], &cookie["same_site"]), (&json!("__Host-jam"), &json!("lax")));
    assert_eq!(jam.describe()["csrf"]["mode"], "on");
    for (lines, missing) in [
        ("absolute_timeout_seconds = 43200", "`idle_timeout_seconds` is missing"),
        ("idle_timeout_seconds = 1800", "`absolute_timeout_seconds` is missing"),
    ] {
        let message = invalid(load(&format!("[jam.session]\n{lines}\n")));
        assert!(message.contains(missing), "{message}");
    }
}

#[test]
fn every_key_reaches_the_policy() {
    let jam = with_session(
        "touch_interval_seconds = 30\nfresh_seconds = 60\nmax_sessions = { evict_idlest = 3 }\n\
         max_record_bytes = 1024\nundecodable = 'fresh_session'\n\
         outage = { serve_stale_seconds = 30 }\nstore_timeout_ms = 100\nprefix = 'shop'\n\
         sources = [{ cookie = '__Host-sid' }, { header = 'X-Session' }]\n\
         cookie = { name = '__Host-sid', same_site = 'strict', persistent = true, chunked = true }",
    );
    let described = &jam.unwrap().describe()["session"];
    assert_eq!(described["touch_interval_seconds"], 30.0);
    assert_eq!(described["max_sessions"], json!({ "evict_idlest": 3 }));
    assert_eq!(described["outage"], json!({ "serve_stale_seconds": 30 }));
    assert_eq!(described["cache_seconds"], 30);
    assert_eq!(described["undecodable"], "fresh_session");
    assert_eq!(
        described["sources"],
        json!([{ "cookie": "__Host-sid" }, { "header": "x-session" }])
    );
    assert_eq!(described["transport"]["cookie"]["same_site"], "strict");
    for (limit, described) in [
        ("'unlimited'", json!("unlimited")),
        ("{ evict_oldest = 5 }", json!({ "evict_oldest": 5 })),
        ("{ reject = 5 }", json!({ "reject": 5 })),
    ] {
        let jam = with_session(&format!("max_sessions = {limit}")).unwrap();
        assert_eq!(jam.describe()["session"]["max_sessions"], described);
    }
    let jam = with_session("transport = { header = 'X-Session' }").unwrap();
    assert_eq!(jam.describe()["session"]["sources"], json!([{ "header": "x-session" }]));
}

#[test]
fn g08_a_touch_interval_of_half_the_idle_timeout_is_refused() {
    let message = invalid(with_session("touch_interval_seconds = 900"));
    assert!(message.contains("less than half"), "{message}");
    with_session("touch_interval_seconds = 899").unwrap();
    let short = "[jam.session]\nidle_timeout_seconds = 30\nabsolute_timeout_seconds = 60\n";
    assert_eq!(load(short).unwrap().describe()["session"]["touch_interval_seconds"], 10.0);
}

#[test]
fn stateless_sessions_need_secrets_and_the_memory_store_takes_none() {
    for store in ["sealed", "signed"] {
        let jam = with_session(&format!("store = '{store}'\nsecrets = ['{SECRET}']")).unwrap();
        assert_eq!(jam.describe()["session"]["codec"], store);
        let message = invalid(with_session(&format!("store = '{store}'")));
        assert!(message.contains("add `secrets`"), "{message}");
        let short = with_session(&format!("store = '{store}'\nsecrets = ['short']"));
        let message = refused(short, ErrorKind::WeakOrInvalidKey);
        assert!(message.starts_with("jam.session.secrets: "), "{message}");
        let limited =
            format!("store = '{store}'\nsecrets = ['{SECRET}']\nmax_sessions = {{ reject = 1 }}");
        assert!(invalid(with_session(&limited)).contains("`max_sessions` needs a store"));
    }
    let message = invalid(with_session(&format!("secrets = ['{SECRET}']")));
    assert!(message.starts_with("jam.session.secrets: a store needs no secrets"), "{message}");
    let message = invalid(with_session("url = 'redis://127.0.0.1'"));
    assert!(message.starts_with("jam.session.url: "), "{message}");
}

#[test]
fn stores_of_later_versions_are_not_available_yet() {
    for store in ["sqlite", "postgres", "mysql", "redis", "redis-cluster", "jam-redis"] {
        let message = later(with_session(&format!("store = '{store}'")));
        assert_eq!(message, "jam.session.store: this store is not available yet");
    }
    let message = later(with_session("legacy = { store = 'jam-redis', mode = 'write_old' }"));
    assert_eq!(message, "jam.session.legacy.store: this store is not available yet");
    let message = invalid(with_session("store = 'memmory'"));
    assert!(message.contains("did you mean `memory`?"), "{message}");
}

#[test]
fn a_python_service_s_sessions_are_a_store() {
    let jam = with_session("store = 'starlette'\nsecrets = ['new', 'old']").unwrap();
    let described = &jam.describe()["session"];
    assert_eq!(described["store"], "starlette");
    assert_eq!(described["subject"], json!(["user"]));
    assert_eq!(described["sources"], json!([{ "cookie": "session" }]));
    let cookie = &described["transport"]["cookie"];
    assert_eq!(cookie["attributes"], "path=/; Max-Age=1800; httponly; samesite=lax");
    let jam = with_session(&format!(
        "store = 'starlette-jwt'\nsecrets = ['{SECRET}{SECRET}']\nalgorithm = 'HS512'\nsubject = 'uid'\n\
         sources = [{{ cookie = 'sid' }}]\ncookie = {{ name = 'sid', same_site = 'none', https_only = true, \
         persistent = false, path = '/app', domain = 'example.org', partitioned = true }}"
    ));
    let described = &jam.unwrap().describe()["session"];
    assert_eq!(
        (&described["store"], &described["subject"]),
        (&json!("starlette-jwt"), &json!(["uid"]))
    );
    assert_eq!(
        described["transport"]["cookie"],
        json!({ "name": "sid", "attributes": "path=/app; httponly; samesite=none; secure; domain=example.org; partitioned" })
    );
    let jam =
        with_session("store = 'starlette'\nsecrets = ['a']\ncookie = { insecure_dev = true }");
    assert_eq!(jam.unwrap().describe()["session"]["sources"], json!([{ "cookie": "session" }]));
    for (lines, says) in [
        ("", "add `secrets`"),
        ("secrets = []", "the list is empty"),
        ("secrets = ['']", "is empty"),
        ("secrets = ['a']\nalgorithm = 'HS256'", "drop the key"),
        ("secrets = ['a']\nsources = [{ cookie = 'sid' }]", "the transport sets `session`"),
        ("secrets = ['a']\ncookie = { chunked = true }", "unknown key"),
        ("secrets = ['a']\ncookie = { same_site = 'none' }", "need `https_only`"),
        ("secrets = ['a']\ncookie = { https_only = true, insecure_dev = true }", "that this drops"),
        ("secrets = ['a']\nlegacy = {}", "choose another `store`"),
    ] {
        let error = with_session(&format!("store = 'starlette'\n{lines}")).unwrap_err();
        assert!(error.to_string().contains(says), "{lines}: {error}");
    }
    let weak = with_session("store = 'starlette-jwt'\nsecrets = ['short']");
    let message = refused(weak, ErrorKind::WeakOrInvalidKey);
    assert!(message.starts_with("jam.session.secrets: "), "{message}");
}

#[test]
fn a_python_service_s_sessions_stand_beside_another_store() {
    let legacy = "legacy = { store = 'starlette', secrets = ['old'], mode = 'write_old' }";
    let sealed = format!("store = 'sealed'\nsecrets = ['{SECRET}']\n{legacy}");
    for lines in [legacy, &sealed, &legacy.replace("write_old", "write_new")] {
        let jam = with_session(lines).unwrap();
        let described = &jam.describe()["session"]["legacy"];
        assert_eq!(described["store"], "starlette");
        assert_eq!(described["sources"], json!([{ "cookie": "session" }]));
        let mode = if lines.contains("write_old") { "write_old" } else { "write_new" };
        assert_eq!(described["mode"], mode);
        assert!(!jam.describe().to_string().contains("\"old\""));
        assert!(jam.sessions().unwrap().migration().is_some());
    }
    for (lines, says) in [
        ("legacy = { secrets = ['a'], mode = 'write_old' }", "legacy: `store` is missing"),
        ("legacy = { store = 'starlette', secrets = ['a'] }", "legacy: `mode` is missing"),
        ("legacy = { store = 'starlette', mode = 'write_old' }", "legacy: the client keeps"),
        ("legacy = { store = 'starlete', mode = 'write_old' }", "did you mean `starlette`?"),
        ("legacy = { store = 'memory', mode = 'write_old' }", "expected `starlette`"),
        (
            "legacy = { store = 'starlette', secrets = ['a'], mode = 'writeold' }",
            "did you mean `write_old`?",
        ),
        ("legacy = { store = 'starlette', secret = ['a'] }", "did you mean `secrets`?"),
        (
            "legacy = { store = 'starlette', secrets = ['a'], mode = 'write_old', cookie = { name = '__Host-jam' } }",
            "give each a place of its own",
        ),
        ("subject = ['user']", "belongs to the sessions of a Python service"),
    ] {
        let message = invalid(with_session(lines));
        assert!(message.contains(says), "{lines}: {message}");
    }
    let same = format!(
        "[jam.jwt]\nsources = [{{ cookie = 'session' }}]\n{KEY}[jam.session]\n\
         idle_timeout_seconds = 60\nabsolute_timeout_seconds = 60\n{legacy}\n"
    );
    assert!(invalid(load(&same)).contains("listed for tokens and for sessions"));
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (lines, says) in [
        ("max_sessions = { reject = 0 }", "an integer from 1 to"),
        ("max_sessions = { reject = 1, evict_oldest = 1 }", "expected \"unlimited\""),
        ("max_sessions = 5", "expected \"unlimited\""),
        ("max_sessions = 'none'", "expected `unlimited`"),
        ("outage = 'stale'", "expected `deny` or `anonymous`"),
        ("outage = { serve_stale_seconds = 0 }", "an integer from 1 to"),
        ("outage = {}", "expected \"deny\""),
        ("transport = 'none'", "expected `cookie`"),
        ("transport = { header = 'X-S' }\ncookie = { name = '__Host-a' }", "cookie settings need"),
        ("sources = [{ cookie = '__Host-other' }]", "the transport sets `__Host-jam`"),
        ("cookie = { name = 'plain' }", "needs the prefix"),
        ("cookie = { nmae = '__Host-a' }", "did you mean `name`?"),
        ("idle_timeout = 5", "did you mean `idle_timeout_seconds`?"),
        ("store_timeout_ms = 0", "an integer from 1 to"),
    ] {
        let message = invalid(with_session(lines));
        assert!(message.contains(says), "{lines}: {message}");
    }
    let absolute =
        "[jam.session]\nidle_timeout_seconds = 60\nabsolute_timeout_seconds = 3200000000\n";
    assert!(invalid(load(absolute)).contains("an integer from 1 to"));
    let same = format!(
        "[jam.jwt]\nsources = [{{ cookie = '__Host-jam' }}]\n{KEY}[jam.session]\n\
         idle_timeout_seconds = 60\nabsolute_timeout_seconds = 60\n"
    );
    assert!(invalid(load(&same)).contains("listed for tokens and for sessions"));
    for (tokens, sessions, place) in [
        ("transport = 'cookie'\ncookie = { name = '__Host-jam' }", "", "the cookie `__Host-jam`"),
        (
            "transport = 'cookie'\ncookie = { name = '__Host-jam.1' }",
            "cookie = { chunked = true }",
            "the cookie `__Host-jam.1`",
        ),
        ("transport = { header = 'X-T' }", "transport = { header = 'x-t' }", "the header `x-t`"),
    ] {
        let message = invalid(load(&format!(
            "[jam.jwt]\nsources = [{{ bearer = true }}]\n{tokens}\n{KEY}[jam.session]\n\
             idle_timeout_seconds = 60\nabsolute_timeout_seconds = 60\n{sessions}\n"
        )));
        assert!(message.contains("both handed out in") && message.contains(place), "{message}");
    }
}

#[test]
fn the_csrf_table_sets_the_mode_and_the_trusted_origins() {
    let text = "[jam.csrf]\nmode = 'strict'\ntrusted_origins = ['https://Shop.example']\n";
    let described = load(text).unwrap().describe();
    let expected = json!({ "mode": "strict", "trusted_origins": ["https://shop.example"] });
    assert_eq!(described["csrf"], expected);
    assert_eq!(load("[jam.csrf]\nmode = 'off'\n").unwrap().describe()["csrf"]["mode"], "off");
    for origin in ["shop.example", "https://shop.example/", "https://", "https://a@b", "null"] {
        let text = format!("[jam.csrf]\ntrusted_origins = ['{origin}']\n");
        assert!(invalid(load(&text)).contains("is no origin"), "{origin}");
    }
    assert!(invalid(load("[jam.csrf]\nmode = 'of'\n")).contains("did you mean `off`?"));
}

#[test]
fn all_three_formats_mean_the_same() {
    let yaml = "jam:\n  session:\n    idle_timeout_seconds: 1800\n    absolute_timeout_seconds: 43200\n    max_sessions:\n      reject: 2\n";
    let json = r#"{"jam":{"session":{"idle_timeout_seconds":1800,"absolute_timeout_seconds":43200,"max_sessions":{"reject":2}}}}"#;
    let toml = with_session("max_sessions = { reject = 2 }").unwrap().describe();
    assert_eq!(load_at("jam.yaml", yaml, "jam").unwrap().describe(), toml);
    assert_eq!(load_at("jam.json", json, "jam").unwrap().describe(), toml);
}
