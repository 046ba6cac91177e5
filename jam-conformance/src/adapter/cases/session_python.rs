//! Sessions of a Python service: as the only ones, and on their way to sessions in memory.

use super::sessions::{
    ALICE, BOB, alice_here, ask, by_session, issued, ok, read, taken_back, value, who, with, write,
};
use super::{Case, Expect, Request, Setup, handed_over, invalid_request, invalid_token, nobody};
use crate::adapter::case::Step;

/// What Starlette makes of `{"user": "alice", "cart": [1]}` at the kit's time and with its secret.
const PYTHONS: &str = "eyJ1c2VyIjogImFsaWNlIiwgImNhcnQiOiBbMV19.a0nSAA.tLYIUdV2u5btny3dAf4YbJQdSOM";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = starlette();
    cases.extend(migration());
    cases
}

fn pythons(request: Request) -> Request {
    request.cookie(&format!("session={PYTHONS}"))
}

/// A request with the cookie kept under this name.
fn holding(request: Request, name: &str) -> Request {
    request.cookie(&format!("session=${{{name}}}"))
}

/// The answer hands out a cookie with the attributes of Starlette.
fn signed(expect: Expect, name: &'static str) -> Expect {
    let cookie = format!("session=${{{name}}}; path=/; Max-Age=<n>; httponly; samesite=lax");
    handed_over(expect.keep_cookie(name, "session").jam("set-cookie", cookie))
}

/// The answer takes the cookie back as Starlette does.
fn cleared(expect: Expect) -> Expect {
    let cookie =
        "session=null; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax";
    expect.jam("set-cookie", cookie)
}

fn welcome() -> Expect {
    Expect::json(200, r#"{"token":"${token}"}"#).keep("token", "/token")
}

fn starlette() -> Vec<Case> {
    let case = |id, says, steps: Vec<Step>| Case::new(id, says, Setup::Starlette, steps);
    vec![
        case(
            "starlette.read",
            "whoever logged in at the Python service is known, and reading sends nothing back",
            vec![
                ask(pythons(Request::get("/whoami")), by_session("alice", "")),
                ask(pythons(read("cart")), value("[1]")),
                ask(pythons(Request::get("/public")), Expect::text("public")),
            ],
        ),
        case(
            "starlette.written",
            "a write signs the whole session anew, with the attributes of Python",
            vec![
                ask(pythons(write("a", "1.50")), signed(ok(), "sid")),
                ask(holding(read("a"), "sid"), value("1.5")),
                ask(holding(read("cart"), "sid"), value("[1]")),
                ask(holding(write("a", "1.5"), "sid"), ok()),
            ],
        ),
        case(
            "starlette.login",
            "a login is in it, and leaves nothing of another subject's",
            vec![
                ask(pythons(Request::post("/login", BOB)), signed(welcome(), "sid")),
                ask(
                    holding(Request::get("/whoami"), "sid"),
                    by_session("bob", r#""user","admin""#),
                ),
                ask(holding(read("cart"), "sid"), value("null")),
                ask(holding(read("user"), "sid"), value(r#""bob""#)),
            ],
        ),
        case(
            "starlette.governed",
            "no route that stores values makes its caller somebody else",
            vec![
                ask(pythons(write("user", r#""bob""#)), invalid_request()),
                ask(pythons(write("scope", r#""admin""#)), invalid_request()),
                ask(write("sub", r#""bob""#), invalid_request()),
            ],
        ),
        case(
            "starlette.logout",
            "a logout takes the cookie back as Python does",
            vec![ask(pythons(Request::post("/logout", "")), handed_over(cleared(ok())))],
        ),
        case(
            "starlette.changed",
            "one that was changed is none",
            vec![
                ask(read("cart").cookie(&format!("session=A{PYTHONS}")), value("null")),
                ask(
                    Request::get("/whoami").cookie(&format!("session=A{PYTHONS}")),
                    invalid_token(),
                ),
                ask(Request::get("/maybe").cookie("session=null"), nobody()),
            ],
        ),
    ]
}

fn migration() -> Vec<Case> {
    let case = |id, says, steps: Vec<Step>| Case::new(id, says, Setup::Migration, steps);
    let moved = |expect: Expect| cleared(issued(expect, "sid"));
    vec![
        case(
            "migration.read",
            "both formats are read, and reading moves nobody",
            vec![
                ask(pythons(Request::get("/whoami")), by_session("alice", "")),
                ask(Request::post("/login", ALICE), issued(welcome(), "sid")),
                ask(who("sid"), alice_here()),
            ],
        ),
        case(
            "migration.moved",
            "a write moves a session, and takes the old cookie back in the same answer",
            vec![
                ask(pythons(write("a", "1")), moved(ok())),
                ask(who("sid"), by_session("alice", "")),
                ask(with(read("cart"), "sid"), value("[1]")),
                ask(with(read("a"), "sid"), value("1")),
                ask(with(write("a", "2"), "sid"), ok()),
            ],
        ),
        case(
            "migration.login",
            "a login does, too",
            vec![
                ask(pythons(Request::post("/login", ALICE)), moved(welcome())),
                ask(who("sid"), alice_here()),
                ask(with(read("cart"), "sid"), value("[1]")),
            ],
        ),
        case(
            "migration.logout",
            "a logout takes both cookies back",
            vec![
                ask(Request::post("/login", ALICE), issued(welcome(), "sid")),
                ask(with(Request::post("/logout", ""), "sid"), cleared(taken_back(ok()))),
                ask(who("sid"), invalid_token()),
            ],
        ),
    ]
}
