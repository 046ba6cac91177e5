//! Requests that meet in one session. `POST /kit/hold?gate=NAME` loads the session, waits until
//! `POST /kit/release?gate=NAME` lets it go on, and writes; `GET /kit/held?gate=NAME` answers once
//! it has loaded.

use super::sessions::{
    ALICE, BOB, alice_here, ask, begin, issued, log_in, ok, read, taken_back, value, who, with,
    write,
};
use super::{Case, Exchange, Expect, Request, Setup, invalid_token};
use crate::adapter::case::Step;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = overlapping();
    cases.extend([many_writers(), many_increments(), logout_at_any_time()]);
    cases
}

/// A write that has loaded the session before these requests, and writes after them.
fn across<const N: usize>(gate: &str, held: Expect, meanwhile: [Exchange; N]) -> Step {
    let at = |what: &str| format!("/kit/{what}?gate={gate}");
    let held_request = with(Request::post(&at("hold"), ""), "sid");
    let mut inner = vec![Request::get(&at("held")).expect(ok())];
    inner.extend(meanwhile);
    inner.push(Request::post(&at("release"), "").expect(ok()));
    Step::Meanwhile(held_request.expect(held), inner)
}

fn welcome() -> Expect {
    Expect::json(200, r#"{"token":"${token}"}"#).keep("token", "/token")
}

fn overlapping() -> Vec<Case> {
    let refused =
        "a write whose session ended meanwhile is 401, sets no cookie, and revives nothing";
    let rotated = "so is one whose session has another id by now";
    let dead = || [ask(who("sid"), invalid_token()), ask(with(read("held"), "sid"), value("null"))];
    let case = |id, says, steps: Vec<Step>| Case::new(id, says, Setup::Sessions, steps);
    let mut cases = Vec::new();

    let logout = with(Request::post("/logout", ""), "sid").expect(taken_back(ok()));
    let mut steps = vec![log_in(ALICE, "sid"), across("logout", invalid_token(), [logout])];
    steps.extend(dead());
    cases.push(case("race.logout", refused, steps));

    let everywhere = with(Request::post("/logout-all", ""), "sid").expect(taken_back(ok()));
    let mut steps = vec![log_in(ALICE, "sid"), across("logout-all", invalid_token(), [everywhere])];
    steps.extend(dead());
    cases.push(case("race.logout-all", refused, steps));

    let login = with(Request::post("/login", BOB), "sid").expect(issued(welcome(), "new"));
    cases.push(case(
        "race.login",
        rotated,
        vec![
            begin(),
            across("login", invalid_token(), [login]),
            ask(with(read("held"), "new"), value("null")),
            ask(with(read("a"), "new"), value("1")),
        ],
    ));

    let elevate = with(Request::post("/elevate", ""), "sid").expect(issued(ok(), "new"));
    cases.push(case(
        "race.elevate",
        rotated,
        vec![
            log_in(ALICE, "sid"),
            across("elevate", invalid_token(), [elevate]),
            ask(with(read("held"), "new"), value("null")),
        ],
    ));

    let other_key = with(write("b", "2"), "sid").expect(ok());
    cases.push(case(
        "race.other-key",
        "writes of different keys both survive",
        vec![
            begin(),
            across("other-key", ok(), [other_key]),
            ask(with(read("held"), "sid"), value("1")),
            ask(with(read("a"), "sid"), value("1")),
            ask(with(read("b"), "sid"), value("2")),
        ],
    ));

    let same_key = with(write("held", "2"), "sid").expect(ok());
    cases.push(case(
        "race.same-key",
        "of two writes of one key the later wins",
        vec![
            begin(),
            across("same-key", ok(), [same_key]),
            ask(with(read("held"), "sid"), value("1")),
        ],
    ));

    let reading = who("sid").expect(alice_here());
    cases.push(case(
        "race.read",
        "reading disturbs nobody",
        vec![
            log_in(ALICE, "sid"),
            across("read", ok(), [reading]),
            ask(with(read("held"), "sid"), value("1")),
        ],
    ));
    cases
}

/// A write that takes so many milliseconds between reading and writing.
fn write_slowly(milliseconds: usize, key: &str) -> Request {
    let target = format!("/slow-kv?ms={milliseconds}");
    with(Request::post(&target, &format!(r#"{{"k":"{key}","v":1}}"#)), "sid")
}

/// Fifty requests at once, each with a key of its own: all have read before any of them writes.
fn many_writers() -> Case {
    let keys = (0..50).map(|n| format!("k{n}"));
    let writes = keys.clone().map(|key| write_slowly(100, &key).expect(ok())).collect();
    let mut steps = vec![begin(), Step::Together(writes)];
    steps.extend(keys.map(|key| ask(with(read(&key), "sid"), value("1"))));
    let says = "of fifty writers of different keys none is lost";
    Case::new("race.fifty-writers", says, Setup::Sessions, steps)
}

/// `GET /stream` counts its visits by an update.
fn many_increments() -> Case {
    let visit = with(Request::get("/stream"), "sid").expect(Expect::stream("one\ntwo\nthree\n"));
    let (connections, each) = (40, 200);
    let steps = vec![
        begin(),
        Step::Crowd(visit, connections, each),
        ask(with(read("visits"), "sid"), value("8000")),
    ];
    let says = "of eight thousand increments none is lost";
    Case::new("race.increments", says, Setup::Sessions, steps)
}

/// A write under way meets a logout that comes ever later, until it is over before.
fn logout_at_any_time() -> Case {
    let mut steps = Vec::new();
    for requests in 0..12 {
        // Where the logout was first after all, the write begins a session of nobody's.
        let anew = issued(ok(), "other");
        let held = write_slowly(3, "held").expect(ok().or(invalid_token()).or(anew));
        let reading = |_| with(read("held"), "sid").expect(value("null").or(value("1")));
        let mut inner: Vec<Exchange> = (0..requests * 4).map(reading).collect();
        inner.push(with(Request::post("/logout", ""), "sid").expect(taken_back(ok())));
        steps.push(log_in(ALICE, "sid"));
        steps.push(Step::Meanwhile(held, inner));
        steps.push(ask(who("sid"), invalid_token()));
        steps.push(ask(with(read("held"), "sid"), value("null")));
    }
    let says = "whenever a logout meets a write, nothing is revived";
    Case::new("race.logout-at-any-time", says, Setup::Sessions, steps)
}
