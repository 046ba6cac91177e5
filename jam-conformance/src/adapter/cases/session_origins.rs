//! Requests that pages of other sites make browsers send: refused before the application sees them.

use super::routing::upgrade;
use super::sessions::{ALICE, ask, begin, issued, ok, read, value, with, write};
use super::{Case, Expect, Request, Setup, alice};
use crate::adapter::case::Step;

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = WRITES.iter().map(one_write).collect();
    cases.extend(others());
    cases.extend(STRICT.iter().map(one_strict));
    cases
}

pub(super) fn cross_site() -> Expect {
    Expect::json(403, r#"{"error":"cross_site_request"}"#)
}

/// An id, the header lines of a write that carries the session's cookie, and whether it is let in.
type Row = (&'static str, &'static [&'static str], bool);

const WRITES: &[Row] = &[
    ("origin.none", &[], true),
    ("origin.same-origin", &["Sec-Fetch-Site: same-origin"], true),
    ("origin.typed-in", &["Sec-Fetch-Site: none"], true),
    ("origin.cross-site", &["Sec-Fetch-Site: cross-site"], false),
    ("origin.same-site", &["Sec-Fetch-Site: same-site"], false),
    ("origin.unknown-site", &["Sec-Fetch-Site: sideways"], false),
    ("origin.own", &["Origin: http://jam.test"], true),
    ("origin.own-tls", &["Origin: https://jam.test"], true),
    ("origin.own-default-port", &["Origin: https://jam.test:443"], true),
    ("origin.own-case", &["Origin: https://JAM.test"], true),
    ("origin.own-both", &["Origin: https://jam.test", "Sec-Fetch-Site: same-origin"], true),
    ("origin.other", &["Origin: https://evil.example"], false),
    ("origin.other-port", &["Origin: https://jam.test:8443"], false),
    ("origin.subdomain", &["Origin: https://a.jam.test"], false),
    ("origin.suffix", &["Origin: https://jam.test.evil.example"], false),
    ("origin.null", &["Origin: null"], false),
    ("origin.garbage", &["Origin: jam.test"], false),
    (
        "origin.contradiction",
        &["Origin: https://evil.example", "Sec-Fetch-Site: same-origin"],
        false,
    ),
    (
        "origin.own-but-cross-site",
        &["Origin: https://jam.test", "Sec-Fetch-Site: cross-site"],
        false,
    ),
    ("origin.two-origins", &["Origin: https://jam.test", "Origin: https://jam.test"], false),
    ("origin.two-sites", &["Sec-Fetch-Site: none", "Sec-Fetch-Site: none"], false),
];

fn one_write((id, lines, is_let_in): &Row) -> Case {
    let request =
        lines.iter().fold(with(write("b", "2"), "sid"), |request, line| request.with(line));
    let (expect, after) = if *is_let_in { (ok(), "2") } else { (cross_site(), "null") };
    let steps = [begin(), ask(request, expect), ask(with(read("b"), "sid"), value(after))];
    let says = "a write with a cookie comes from this origin, or from no browser";
    Case::new(id, says, Setup::Sessions, steps)
}

fn others() -> Vec<Case> {
    const CROSS: &str = "Sec-Fetch-Site: cross-site";
    let case = |id, says, steps: Vec<Step>| Case::new(id, says, Setup::Sessions, steps);
    let socket = with(upgrade("/ws"), "sid").with("Origin: https://evil.example");
    vec![
        case(
            "origin.reading",
            "links from other sites lead here",
            vec![begin(), ask(with(read("a"), "sid").with(CROSS), value("1"))],
        ),
        case(
            "origin.login",
            "a login with a cookie is a write like any other",
            vec![
                begin(),
                ask(with(Request::post("/login", ALICE), "sid").with(CROSS), cross_site()),
            ],
        ),
        case(
            "origin.logout",
            "so is a logout",
            vec![
                begin(),
                ask(with(Request::post("/logout", ""), "sid").with(CROSS), cross_site()),
                ask(with(read("a"), "sid"), value("1")),
            ],
        ),
        case(
            "origin.socket",
            "so is the upgrade to a WebSocket",
            vec![begin(), ask(socket, cross_site())],
        ),
        case(
            "origin.unusable-cookie",
            "a cookie that cannot be used is one all the same",
            vec![ask(write("a", "1").cookie("__Host-jam=x").with(CROSS), cross_site())],
        ),
        case(
            "origin.no-cookie",
            "without a cookie there is nothing to abuse",
            vec![
                ask(write("a", "1").with(CROSS), issued(ok(), "sid")),
                ask(Request::get("/whoami").bearer("${alice}").with(CROSS), alice()),
                ask(write("a", "1").cookie("theme=dark").with(CROSS), issued(ok(), "new")),
            ],
        ),
        case(
            "origin.unknown-route",
            "it is refused before anything is looked for",
            vec![
                begin(),
                ask(with(Request::post("/nowhere", ""), "sid").with(CROSS), cross_site()),
            ],
        ),
    ]
}

const STRICT: &[Row] = &[
    ("origin.strict-none", &[], false),
    ("origin.strict-same-origin", &["Sec-Fetch-Site: same-origin"], true),
    ("origin.strict-own", &["Origin: https://jam.test"], true),
    ("origin.strict-trusted", &["Origin: https://shop.example"], true),
    (
        "origin.strict-trusted-cross-site",
        &["Origin: https://shop.example", "Sec-Fetch-Site: cross-site"],
        true,
    ),
    ("origin.strict-trusted-http", &["Origin: http://shop.example"], false),
];

fn one_strict((id, lines, is_let_in): &Row) -> Case {
    let begin = ask(write("a", "1"), super::session_kinds::issued_for_long(ok(), "sid"));
    let request =
        lines.iter().fold(with(write("b", "2"), "sid"), |request, line| request.with(line));
    let (expect, after) = if *is_let_in { (ok(), "2") } else { (cross_site(), "null") };
    let says = "where nothing is taken on trust, a write says where it comes from";
    let steps = [begin, ask(request, expect), ask(with(read("b"), "sid"), value(after))];
    Case::new(id, says, Setup::Strict, steps)
}
