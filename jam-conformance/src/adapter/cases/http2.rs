//! HTTP/2 (RFC 9113), where the server speaks it: the same answers, the requests of a connection
//! at the same time.

use super::row::Found;
use super::{
    Case, Exchange, Expect, Request, Setup, alice, as_alice, bob, cleared, handed_over,
    insufficient_scope, invalid_request, invalid_token, nobody, see_login, unauthenticated,
};
use crate::adapter::case::Step;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = credentials();
    cases.extend(answers());
    cases.extend(patches());
    cases
}

fn case(id: &'static str, says: &'static str, setup: Setup, exchanges: Vec<Exchange>) -> Case {
    Case::new(id, says, setup, [Step::Streams(exchanges)])
}

fn credentials() -> Vec<Case> {
    let get = || Request::get("/credential");
    let cookie = |id, says, found: Found, request: Request| {
        case(id, says, Setup::CookieBearer, vec![request.expect(found.expect())])
    };
    let bearer = |id, says, found: Found, request: Request| {
        case(id, says, Setup::Bearer, vec![request.expect(found.expect())])
    };
    let abc = Found::Credential(0, "abc");
    let split = "a Cookie header may come in several fields (RFC 9113 §8.2.3)";
    let pair = "__Host-jwt=abc";
    vec![
        cookie("http2.cookie-split", split, abc, get().cookie("a=1").cookie(pair).cookie("b=2")),
        cookie("http2.cookie-twice-equal", split, abc, get().cookie(pair).cookie(pair)),
        cookie(
            "http2.cookie-conflict",
            split,
            Found::Conflict,
            get().cookie(pair).cookie("__Host-jwt=xyz"),
        ),
        bearer("http2.bearer", "a field is read as a line is", abc, get().bearer("abc")),
        bearer(
            "http2.bearer-long",
            "a long field arrives whole",
            Found::Credential(0, "${long}"),
            get().bearer("${long}"),
        ),
        bearer(
            "http2.bearer-twice",
            "several fields are refused, equal or not",
            Found::Conflict,
            get().bearer("abc").bearer("abc"),
        ),
        bearer(
            "http2.bearer-obs-text",
            "a field may hold any byte",
            Found::Malformed,
            get().with(b"Authorization: Bearer \xff"),
        ),
    ]
}

fn answers() -> Vec<Case> {
    let get = Request::get;
    let says = "the answer is that of HTTP/1.1";
    let one = |id, request: Request, expect| {
        case(id, says, Setup::BearerCookie, vec![request.expect(expect)])
    };
    let who = || get("/whoami");
    let mixed = vec![
        as_alice(),
        who().expect(unauthenticated()),
        who().cookie("__Host-jwt=${bob}").expect(bob()),
        who().bearer("${forged}").expect(invalid_token()),
        who().bearer("a b").expect(invalid_request()),
        get("/maybe").cookie("__Host-jwt=${expired}").expect(nobody()),
        get("/public").bearer("${forged}").expect(Expect::text("public")),
        as_alice(),
    ];
    vec![
        case(
            "http2.identities",
            "requests of one connection do not mix",
            Setup::BearerCookie,
            mixed,
        ),
        one("http2.admin-lacking", get("/admin").bearer("${alice}"), insufficient_scope()),
        one("http2.page-anonymous", get("/page?tab=1"), see_login("?next=/page%3Ftab%3D1")),
        one("http2.stream", get("/stream"), Expect::text("one\ntwo\nthree\n")),
        one("http2.head", Request::method("HEAD", "/whoami").bearer("${alice}"), Expect::any()),
        one("http2.nowhere", get("/nowhere").bearer("${forged}"), Expect::own(404)),
    ]
}

fn patches() -> [Case; 4] {
    let ok = || Expect::json(200, r#"{"ok":true}"#);
    let login = Request::post("/login", r#"{"user":"alice","password":"wonderland"}"#);
    let token = Expect::json(200, r#"{"token":"${token}"}"#).keep("token", "/token");
    let cookie = "__Host-jwt=${token}; Path=/; Secure; HttpOnly; SameSite=Lax";
    let token = handed_over(token.jam("set-cookie", cookie));
    let in_cookie = Request::get("/whoami").cookie("__Host-jwt=${token}").expect(alice());
    let error = Request::get("/kit/fail").expect(cleared(Expect::own(500)));
    let forged = Request::get("/kit/swallow").bearer("${forged}").expect(invalid_token());
    let says = "what a handler recorded reaches the client";
    [
        Case::new(
            "http2.login",
            says,
            Setup::BearerCookie,
            [Step::Streams(vec![login.expect(token)]), Step::Streams(vec![in_cookie])],
        ),
        case(
            "http2.logout",
            says,
            Setup::BearerCookie,
            vec![Request::post("/logout", "").expect(cleared(ok()))],
        ),
        case("http2.patch-error", says, Setup::BearerCookie, vec![error]),
        case(
            "http2.swallowed",
            "a refusal that a handler dropped replaces its answer",
            Setup::BearerCookie,
            vec![forged],
        ),
    ]
}
