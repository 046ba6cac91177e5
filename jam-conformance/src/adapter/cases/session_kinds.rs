//! Sessions that are carried or kept otherwise: by a header, by the client, under limits.

use super::sessions::{
    ALICE, BOB, alice_here, ask, by_session, issued, log_in, ok, read, taken_back, value, who,
    with, write,
};
use super::unauthenticated;
use super::{Case, Expect, Request, Setup, handed_over, invalid_request, invalid_token, nobody};
use crate::adapter::case::Step;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = by_header();
    cases.extend(sealed());
    cases.extend(limited());
    cases.extend([beside_a_token(), evicting()]);
    cases.extend(chunked());
    cases
}

fn beside_a_token() -> Case {
    let everywhere = with(Request::post("/logout-all", ""), "sid");
    Case::new(
        "session.logout-all-by-token",
        "the session's cookie is taken back as well where a token says who is calling",
        Setup::Sessions,
        [
            log_in(ALICE, "sid"),
            ask(everywhere.with("Authorization: Bearer ${token}"), taken_back(ok())),
            ask(who("sid"), invalid_token()),
        ],
    )
}

fn welcome() -> Expect {
    Expect::json(200, r#"{"token":"${token}"}"#).keep("token", "/token")
}

/// The answer hands out an id by a header.
fn in_header(expect: Expect, name: &'static str) -> Expect {
    let expect = expect.keep_header(name, "x-session").jam("x-session", format!("${{{name}}}"));
    handed_over(expect)
}

fn by_header() -> Vec<Case> {
    let with = |request: Request, id: &str| request.with(format!("X-Session: {id}"));
    let case = |id, says, steps: Vec<Step>| Case::new(id, says, Setup::SessionHeader, steps);
    let begin = || ask(write("a", "1"), in_header(ok(), "sid"));
    let bad = "a header that carries a bad id is refused, whatever is asked";
    let unknown = "A".repeat(43);
    vec![
        case(
            "session-header.written",
            "the id goes both ways in the header",
            vec![
                begin(),
                ask(with(read("a"), "${sid}"), value("1")),
                ask(read("a").cookie("__Host-jam=${sid}"), value("null")),
            ],
        ),
        case(
            "session-header.login",
            "a login answers with a new id",
            vec![
                begin(),
                ask(with(Request::post("/login", ALICE), "${sid}"), in_header(welcome(), "new")),
                ask(with(Request::get("/whoami"), "${new}"), alice_here()),
                ask(with(Request::get("/whoami"), "${sid}"), invalid_token()),
            ],
        ),
        case(
            "session-header.logout-stale",
            "behind a stale id there is nothing left to end",
            vec![ask(with(Request::post("/logout", ""), &unknown), ok())],
        ),
        case(
            "session-header.unknown",
            bad,
            vec![
                ask(with(read("a"), &unknown), invalid_token()),
                ask(with(Request::get("/maybe"), &unknown), invalid_token()),
                ask(with(Request::get("/whoami"), &unknown), invalid_token()),
                ask(with(write("a", "1"), &unknown), invalid_token()),
                ask(with(Request::get("/maybe"), "x"), invalid_token()),
            ],
        ),
        case(
            "session-header.malformed",
            "what is no credential is 400",
            vec![
                ask(with(Request::get("/maybe"), "two words"), invalid_request()),
                ask(with(with(Request::get("/maybe"), "x"), "x"), invalid_request()),
                ask(with(read("a"), "two words"), invalid_request()),
            ],
        ),
        case(
            "session-header.login-stale",
            "a stale id locks nobody out",
            vec![ask(with(Request::post("/login", ALICE), &unknown), in_header(welcome(), "new"))],
        ),
        case(
            "session-header.logout",
            "a header cannot be taken back, but the session ends",
            vec![
                begin(),
                ask(with(Request::post("/logout", ""), "${sid}"), ok()),
                ask(with(read("a"), "${sid}"), invalid_token()),
            ],
        ),
        case(
            "session-header.cross-site",
            "browsers send no header by themselves",
            vec![
                begin(),
                ask(with(write("b", "1"), "${sid}").with("Sec-Fetch-Site: cross-site"), ok()),
            ],
        ),
    ]
}

fn sealed() -> Vec<Case> {
    let case = |id, says, steps: Vec<Step>| Case::new(id, says, Setup::Sealed, steps);
    let begin = || ask(write("a", "1"), issued(ok(), "sid"));
    let unsupported = || Expect::json(501, r#"{"error":"not_supported"}"#);
    vec![
        case(
            "sealed.written",
            "the session travels in the cookie, anew with each write",
            vec![
                begin(),
                ask(with(read("a"), "sid"), value("1")),
                ask(with(write("b", "2"), "sid"), issued(ok(), "new")),
                ask(with(read("a"), "new"), value("1")),
                ask(with(read("b"), "new"), value("2")),
            ],
        ),
        case(
            "sealed.login",
            "a login is in it",
            vec![
                ask(Request::post("/login", ALICE), issued(welcome(), "sid")),
                ask(who("sid"), alice_here()),
                ask(with(Request::post("/login", BOB), "sid"), issued(welcome(), "new")),
                ask(who("new"), by_session("bob", r#""user","admin""#)),
            ],
        ),
        case(
            "sealed.changed",
            "one that was changed is none",
            vec![
                begin(),
                ask(read("a").cookie("__Host-jam=A${sid}"), value("null")),
                ask(Request::get("/whoami").cookie("__Host-jam=A${sid}"), invalid_token()),
                ask(Request::get("/maybe").cookie("__Host-jam=A${sid}"), nobody()),
            ],
        ),
        case(
            "sealed.logout",
            "a logout takes it back",
            vec![
                ask(Request::post("/login", ALICE), issued(welcome(), "sid")),
                ask(with(Request::post("/logout", ""), "sid"), taken_back(ok())),
            ],
        ),
        case(
            "sealed.list",
            "nobody can list or revoke what the client keeps",
            vec![
                ask(Request::get("/sessions"), unauthenticated()),
                ask(Request::post("/login", BOB), issued(welcome(), "sid")),
                ask(with(Request::get("/sessions"), "sid"), unsupported()),
                ask(with(Request::method("DELETE", "/sessions/x"), "sid"), unsupported()),
                ask(with(Request::post("/logout-others", ""), "sid"), unsupported()),
                ask(
                    with(Request::post("/admin/revoke", r#"{"user":"alice"}"#), "sid"),
                    unsupported(),
                ),
            ],
        ),
        case(
            "sealed.too-large",
            "what no cookie holds is refused",
            vec![ask(
                write("a", &format!("\"{}\"", "x".repeat(5000))),
                Expect::json(413, r#"{"error":"too_large"}"#),
            )],
        ),
    ]
}

/// The answer hands out an id in a strict cookie that outlives the browser's session.
pub(super) fn issued_for_long(expect: Expect, name: &'static str) -> Expect {
    let cookie =
        format!("__Host-jam=${{{name}}}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=<n>");
    handed_over(expect.keep_cookie(name, "__Host-jam").jam("set-cookie", cookie))
}

fn limited() -> Vec<Case> {
    let own = |request: Request| request.with("Origin: https://jam.test");
    let login = || own(Request::post("/login", ALICE));
    let ended = "__Host-jam=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0; \
                 Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let logout = || own(with(Request::post("/logout", ""), "sid"));
    let says = "a login beyond the limit is refused, sets no cookie and ends nothing";
    let steps = [
        ask(login(), issued_for_long(welcome(), "sid")),
        ask(login(), Expect::json(409, r#"{"error":"too_many_sessions"}"#)),
        ask(who("sid"), alice_here()),
        ask(logout(), handed_over(ok().jam("set-cookie", ended))),
        ask(login(), issued_for_long(welcome(), "new")),
        ask(
            own(with(Request::post("/logout", ""), "new")),
            handed_over(ok().jam("set-cookie", ended)),
        ),
    ];
    vec![Case::new("session.limit", says, Setup::Strict, steps)]
}

fn evicting() -> Case {
    let logins = ["first", "second", "third"].map(|name| log_in(ALICE, name));
    let mut steps = Vec::from(logins);
    steps.extend([
        ask(who("first"), invalid_token()),
        ask(who("second"), alice_here()),
        ask(who("third"), alice_here()),
    ]);
    let says = "a login beyond the limit ends the oldest session";
    Case::new("session.evicted", says, Setup::Evicting, steps)
}

/// One cookie of the two that a large session takes.
const CHUNKS: [&str; 2] = ["__Host-jam", "__Host-jam.1"];

/// The answer hands the session out in two cookies.
fn in_two(expect: Expect) -> Expect {
    let set = |chunk: &str, name: &str| {
        format!("{chunk}=${{{name}}}; Path=/; Secure; HttpOnly; SameSite=Lax")
    };
    let [one, two] = CHUNKS;
    let expect = expect.keep_cookie("one", one).keep_cookie("two", two);
    handed_over(expect.jam("set-cookie", set(one, "one")).jam("set-cookie", set(two, "two")))
}

fn chunk_taken_back(expect: Expect, chunk: &str) -> Expect {
    let cookie = format!(
        "{chunk}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; \
         Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    );
    expect.jam("set-cookie", cookie)
}

fn chunked() -> Vec<Case> {
    let [one, two] = CHUNKS;
    let with = |request: Request| request.cookie(&format!("{one}=${{one}}; {two}=${{two}}"));
    let large = format!("\"{}\"", "x".repeat(3500));
    let begin = || ask(write("k", &large), in_two(ok()));
    let case = |id, says, steps: Vec<Step>| Case::new(id, says, Setup::Chunked, steps);
    let small = with(write("k", "1"));
    let shrunk = handed_over(chunk_taken_back(
        ok().keep_cookie("small", one)
            .jam("set-cookie", format!("{one}=${{small}}; Path=/; Secure; HttpOnly; SameSite=Lax")),
        two,
    ));
    let over = handed_over(chunk_taken_back(chunk_taken_back(ok(), one), two));
    vec![
        case(
            "chunked.read",
            "what is larger than a cookie is spread over two, and found again",
            vec![begin(), ask(with(read("k")), value(&large))],
        ),
        case(
            "chunked.incomplete",
            "without one of them there is nothing",
            vec![begin(), ask(read("k").cookie(&format!("{one}=${{one}}")), value("null"))],
        ),
        case(
            "chunked.shrunk",
            "what fits into one again takes the other back",
            vec![
                begin(),
                ask(small, shrunk),
                ask(read("k").cookie(&format!("{one}=${{small}}")), value("1")),
            ],
        ),
        case(
            "chunked.logout",
            "a logout takes both back",
            vec![begin(), ask(with(Request::post("/logout", "")), over)],
        ),
    ]
}
