//! Sessions by cookie, kept in memory: begun, read, written, rotated, listed and ended.

use super::routing::upgrade;
use super::{Case, Expect, Request, Setup, alice, handed_over, invalid_request, invalid_token};
use super::{insufficient_scope, nobody, unauthenticated};
use crate::adapter::case::{Goodbye, Step};

pub(super) const ALICE: &str = r#"{"user":"alice","password":"wonderland"}"#;
pub(super) const BOB: &str = r#"{"user":"bob","password":"builder"}"#;

/// A well-formed id that no store ever gave out.
const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = begun();
    cases.extend(logins());
    cases.extend(ended());
    cases.extend(listed());
    cases.extend(answers());
    cases
}

pub(super) fn ok() -> Expect {
    Expect::json(200, r#"{"ok":true}"#)
}

pub(super) fn value(json: &str) -> Expect {
    Expect::json(200, json)
}

/// The answer hands out a new id, kept under this name.
pub(super) fn issued(expect: Expect, name: &'static str) -> Expect {
    let cookie = format!("__Host-jam=${{{name}}}; Path=/; Secure; HttpOnly; SameSite=Lax");
    handed_over(expect.keep_cookie(name, "__Host-jam").jam("set-cookie", cookie))
}

/// The answer takes the cookie back.
pub(super) fn taken_back(expect: Expect) -> Expect {
    let cookie = "__Host-jam=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; \
                  Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    handed_over(expect.jam("set-cookie", cookie))
}

/// A request with the session kept under this name.
pub(super) fn with(request: Request, name: &str) -> Request {
    request.cookie(&format!("__Host-jam=${{{name}}}"))
}

pub(super) fn read(key: &str) -> Request {
    Request::get(&format!("/kv?k={key}"))
}

pub(super) fn write(key: &str, json: &str) -> Request {
    Request::post("/kv", &format!(r#"{{"k":"{key}","v":{json}}}"#))
}

pub(super) fn ask(request: Request, expect: Expect) -> Step {
    Step::Ask(request.expect(expect))
}

/// A session begun by a write, kept as `${sid}`.
pub(super) fn begin() -> Step {
    ask(write("a", "1"), issued(ok(), "sid"))
}

/// The answer to a login.
fn welcome() -> Expect {
    Expect::json(200, r#"{"token":"${token}"}"#).keep("token", "/token")
}

/// A login, its session kept under this name.
pub(super) fn log_in(body: &str, name: &'static str) -> Step {
    ask(Request::post("/login", body), issued(welcome(), name))
}

/// `GET /whoami` with a session.
pub(super) fn who(name: &str) -> Request {
    with(Request::get("/whoami"), name)
}

pub(super) fn by_session(user: &str, scopes: &str) -> Expect {
    Expect::json(200, format!(r#"{{"user":"{user}","via":"session","scopes":[{scopes}]}}"#))
}

pub(super) fn alice_here() -> Expect {
    by_session("alice", r#""user""#)
}

fn case<const N: usize>(id: &'static str, says: &'static str, steps: [Step; N]) -> Case {
    Case::new(id, says, Setup::Sessions, steps)
}

fn begun() -> Vec<Case> {
    let unknown = || format!("__Host-jam={UNKNOWN}");
    let untouched = "a request that touches nothing is answered as if there were no sessions";
    let adopted = "an id that no store gave out is never adopted";
    vec![
        case(
            "session.untouched",
            untouched,
            [begin(), ask(with(Request::get("/public"), "sid"), Expect::text("public"))],
        ),
        case(
            "session.read-nothing",
            "reading begins no session",
            [ask(read("a"), value("null")), ask(Request::get("/maybe"), nobody())],
        ),
        case(
            "session.written",
            "the first write begins a session, the next ones give no new id",
            [
                begin(),
                ask(with(read("a"), "sid"), value("1")),
                ask(with(write("b", r#"{"x":[1,null,"ä"]}"#), "sid"), ok()),
                ask(with(read("b"), "sid"), value(r#"{"x":[1,null,"ä"]}"#)),
                ask(with(read("a"), "sid"), value("1")),
            ],
        ),
        case(
            "session.anonymous",
            "an anonymous session is nobody's",
            [
                begin(),
                ask(who("sid"), unauthenticated()),
                ask(with(Request::get("/maybe"), "sid"), nobody()),
            ],
        ),
        case(
            "session.unknown",
            adopted,
            [
                ask(read("a").cookie(&unknown()), value("null")),
                ask(Request::get("/whoami").cookie(&unknown()), invalid_token()),
                ask(Request::get("/maybe").cookie(&unknown()), nobody()),
                ask(write("a", "1").cookie(&unknown()), issued(ok(), "sid")),
                ask(read("a").cookie(&unknown()), value("null")),
                ask(with(read("a"), "sid"), value("1")),
            ],
        ),
        case(
            "session.malformed",
            adopted,
            [
                ask(read("a").cookie("__Host-jam=x"), value("null")),
                ask(Request::get("/whoami").cookie("__Host-jam=x"), invalid_token()),
                ask(write("a", "1").cookie("__Host-jam=x"), issued(ok(), "sid")),
            ],
        ),
        case(
            "session.two-ids",
            "two different ids contradict each other",
            [
                begin(),
                ask(
                    read("a").cookie(&format!("__Host-jam=${{sid}}; {}", unknown())),
                    invalid_request(),
                ),
                ask(read("a").cookie("__Host-jam=${sid}; __Host-jam=${sid}"), value("1")),
            ],
        ),
        case(
            "session.other-names",
            "a name that differs in case is another cookie",
            [
                begin(),
                ask(read("a").cookie("__host-jam=${sid}"), value("null")),
                ask(read("a").cookie("jam=${sid}"), value("null")),
            ],
        ),
        case(
            "session.no-key",
            "a route's own parameters are its own affair",
            [ask(Request::get("/kv"), Expect::json(400, r#"{"error":"invalid_request"}"#))],
        ),
    ]
}

fn logins() -> Vec<Case> {
    vec![
        case(
            "session.login",
            "a login begins a session and makes a token",
            [
                log_in(ALICE, "sid"),
                ask(who("sid"), alice_here()),
                ask(Request::get("/whoami").bearer("${token}"), alice()),
            ],
        ),
        case(
            "session.login-fixation",
            "a login gives a new id; the old one is worth nothing",
            [
                begin(),
                ask(with(Request::post("/login", ALICE), "sid"), issued(welcome(), "new")),
                ask(who("new"), alice_here()),
                ask(with(read("a"), "new"), value("1")),
                ask(who("sid"), invalid_token()),
                ask(with(read("a"), "sid"), value("null")),
            ],
        ),
        case(
            "session.login-again",
            "logging in again gives a new id and keeps the data",
            [
                log_in(ALICE, "sid"),
                ask(with(write("a", "1"), "sid"), ok()),
                ask(with(Request::post("/login", ALICE), "sid"), issued(welcome(), "new")),
                ask(who("sid"), invalid_token()),
                ask(with(read("a"), "new"), value("1")),
            ],
        ),
        case(
            "session.login-other",
            "another subject finds nothing of the former one's",
            [
                log_in(ALICE, "sid"),
                ask(with(write("a", "1"), "sid"), ok()),
                ask(with(Request::post("/login", BOB), "sid"), issued(welcome(), "new")),
                ask(who("new"), by_session("bob", r#""user","admin""#)),
                ask(with(read("a"), "new"), value("null")),
                ask(who("sid"), invalid_token()),
            ],
        ),
        case(
            "session.login-wrong",
            "a failed login begins nothing and ends nothing",
            [
                log_in(ALICE, "sid"),
                ask(
                    with(Request::post("/login", r#"{"user":"bob","password":"x"}"#), "sid"),
                    Expect::json(401, r#"{"error":"invalid_credentials"}"#),
                ),
                ask(who("sid"), alice_here()),
            ],
        ),
        case(
            "session.elevate",
            "a change of privilege gives a new id",
            [
                log_in(ALICE, "sid"),
                ask(with(Request::get("/admin"), "sid"), insufficient_scope()),
                ask(with(Request::post("/elevate", ""), "sid"), issued(ok(), "new")),
                ask(with(Request::get("/admin"), "new"), Expect::text("admin")),
                ask(with(Request::get("/admin"), "sid"), invalid_token()),
            ],
        ),
        case(
            "session.elevate-nobody",
            "nobody is raised to nothing",
            [
                ask(Request::post("/elevate", ""), unauthenticated()),
                begin(),
                ask(with(Request::post("/elevate", ""), "sid"), unauthenticated()),
            ],
        ),
        case(
            "session.value-is-no-scope",
            "what a client writes makes nobody of him",
            [
                log_in(ALICE, "sid"),
                ask(with(write("scope", r#""admin""#), "sid"), ok()),
                ask(with(write("sub", r#""bob""#), "sid"), ok()),
                ask(who("sid"), alice_here()),
                ask(with(Request::get("/admin"), "sid"), insufficient_scope()),
            ],
        ),
        case(
            "session.token-first",
            "a token decides before a session does",
            [
                log_in(BOB, "sid"),
                ask(who("sid").bearer("${alice}"), alice()),
                ask(who("sid").bearer("${forged}"), invalid_token()),
                ask(with(Request::get("/maybe"), "sid").bearer("${forged}"), invalid_token()),
            ],
        ),
        case(
            "session.page",
            "a session is a login",
            [
                ask(Request::get("/page"), super::see_login("?next=/page")),
                log_in(ALICE, "sid"),
                ask(with(Request::get("/page"), "sid"), Expect::text("page")),
            ],
        ),
    ]
}

fn ended() -> Vec<Case> {
    let logout = || Request::post("/logout", "");
    vec![
        case(
            "session.logout",
            "a logout takes the cookie back, and the id is dead",
            [
                log_in(ALICE, "sid"),
                ask(with(logout(), "sid"), taken_back(ok())),
                ask(who("sid"), invalid_token()),
                ask(with(read("a"), "sid"), value("null")),
                ask(with(logout(), "sid"), ok()),
            ],
        ),
        case(
            "session.logout-nobody",
            "without a session there is nothing to take back",
            [ask(logout(), ok()), ask(logout().cookie(&format!("__Host-jam={UNKNOWN}")), ok())],
        ),
        case(
            "session.logout-others",
            "all other sessions end, and this one has a new id",
            [
                log_in(ALICE, "sid"),
                log_in(ALICE, "other"),
                ask(with(Request::post("/logout-others", ""), "sid"), issued(ok(), "new")),
                ask(who("other"), invalid_token()),
                ask(who("sid"), invalid_token()),
                ask(who("new"), alice_here()),
            ],
        ),
        case(
            "session.password",
            "so it is with a changed password",
            [
                log_in(ALICE, "sid"),
                log_in(ALICE, "other"),
                ask(with(Request::post("/password", ""), "sid"), issued(ok(), "new")),
                ask(who("other"), invalid_token()),
                ask(who("sid"), invalid_token()),
                ask(who("new"), alice_here()),
            ],
        ),
        case(
            "session.logout-all",
            "all sessions of the subject end, and nobody else's",
            [
                log_in(ALICE, "sid"),
                log_in(ALICE, "other"),
                log_in(BOB, "third"),
                ask(with(Request::post("/logout-all", ""), "sid"), taken_back(ok())),
                ask(who("sid"), invalid_token()),
                ask(who("other"), invalid_token()),
                ask(who("third"), by_session("bob", r#""user","admin""#)),
            ],
        ),
        case(
            "session.admin-revoke",
            "an administrator ends a user's sessions, again and again",
            [
                log_in(ALICE, "sid"),
                log_in(BOB, "third"),
                ask(
                    with(Request::post("/admin/revoke", r#"{"user":"bob"}"#), "sid"),
                    insufficient_scope(),
                ),
                ask(with(Request::post("/admin/revoke", r#"{"user":"alice"}"#), "third"), ok()),
                ask(with(Request::post("/admin/revoke", r#"{"user":"alice"}"#), "third"), ok()),
                ask(who("sid"), invalid_token()),
                ask(who("third"), by_session("bob", r#""user","admin""#)),
            ],
        ),
    ]
}

fn listed() -> Vec<Case> {
    let list = |name| with(Request::get("/sessions"), name);
    let end =
        |handle: &str, name| with(Request::method("DELETE", &format!("/sessions/{handle}")), name);
    let gone = || Expect::json(404, r#"{"error":"not_found"}"#);
    let one = r#"[{"handle":"${handle}","created":"<n>","last_seen":"<n>","current":true}]"#;
    // Alice's other sessions would stand in the list: bob's are his own in these cases.
    let alone = || {
        [
            log_in(BOB, "sid"),
            ask(with(Request::post("/logout-others", ""), "sid"), issued(ok(), "new")),
        ]
    };
    let mut cases = vec![case(
        "session.list-nobody",
        "a list is for whoever is logged in",
        [ask(Request::get("/sessions"), unauthenticated()), ask(end("x", "sid"), invalid_token())],
    )];
    let [a, b] = alone();
    cases.push(case(
        "session.list",
        "a list shows public names, and no id",
        [a, b, ask(list("new"), Expect::json_value(one).keep("handle", "/0/handle"))],
    ));
    let [a, b] = alone();
    cases.push(case(
        "session.end-other",
        "a session ends by its name, once",
        [
            a,
            b,
            ask(list("new"), Expect::json_value(one).keep("handle", "/0/handle")),
            log_in(BOB, "third"),
            ask(end("${handle}", "third"), Expect::none(204)),
            ask(who("new"), invalid_token()),
            ask(end("${handle}", "third"), gone()),
        ],
    ));
    let [a, b] = alone();
    cases.push(case(
        "session.end-of-others",
        "nobody ends a session that is not his own",
        [
            a,
            b,
            ask(list("new"), Expect::json_value(one).keep("handle", "/0/handle")),
            log_in(ALICE, "other"),
            ask(end("${handle}", "other"), gone()),
            ask(end("no-handle", "other"), gone()),
            ask(end("%ff", "other"), gone()),
            ask(end("a%2Fb", "other"), gone()),
            ask(who("new"), by_session("bob", r#""user","admin""#)),
        ],
    ));
    let [a, b] = alone();
    cases.push(case(
        "session.end-own",
        "whoever ends his own session is logged out",
        [
            a,
            b,
            ask(list("new"), Expect::json_value(one).keep("handle", "/0/handle")),
            ask(end("${handle}", "new"), taken_back(Expect::none(204))),
            ask(who("new"), invalid_token()),
        ],
    ));
    cases
}

fn answers() -> Vec<Case> {
    let kept = "what was written before an error is written";
    let head = "a write reaches the client with the head of the answer";
    vec![
        case(
            "session.error",
            kept,
            [
                begin(),
                ask(with(Request::get("/fail"), "sid"), Expect::own(500)),
                ask(with(read("failed"), "sid"), value("1")),
            ],
        ),
        case(
            "session.error-begins",
            kept,
            [
                ask(Request::get("/fail"), issued(Expect::own(500), "sid")),
                ask(with(read("failed"), "sid"), value("1")),
            ],
        ),
        case(
            "session.stream",
            head,
            [
                ask(Request::get("/stream"), issued(Expect::stream("one\ntwo\nthree\n"), "sid")),
                ask(with(read("visits"), "sid"), value("1")),
                ask(with(Request::get("/stream"), "sid"), Expect::stream("one\ntwo\nthree\n")),
                ask(with(read("visits"), "sid"), value("2")),
            ],
        ),
        case(
            "session.socket",
            head,
            [
                Step::Talk(upgrade("/ws").expect(issued(Expect::any(), "sid")), Goodbye::Said),
                ask(with(read("visits"), "sid"), value("1")),
            ],
        ),
        case(
            "session.too-large",
            "a record past the limit is refused, and the old one intact",
            [
                begin(),
                ask(
                    with(write("a", &format!("\"{}\"", "x".repeat(70_000))), "sid"),
                    Expect::json(413, r#"{"error":"too_large"}"#),
                ),
                ask(with(read("a"), "sid"), value("1")),
            ],
        ),
        case(
            "session.debug",
            "nothing shows an id",
            [
                log_in(ALICE, "sid"),
                ask(
                    with(Request::get("/debug"), "sid"),
                    Expect::shown("session", ["${sid}", "${token}", "${secret-as-list}"]),
                ),
            ],
        ),
    ]
}
