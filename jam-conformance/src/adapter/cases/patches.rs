//! What a handler recorded reaches the client with every kind of answer, and a refusal that it
//! dropped does not stay hidden. These are the routes below `/kit`, which write by taking the
//! cookie `__Host-jwt` back.

use super::{
    Case, Exchange, Expect, Request, Setup, alice, ask, cleared, invalid_request, invalid_token,
    unauthenticated,
};
use crate::adapter::case::{Goodbye, Step};
use crate::adapter::cases::routing::upgrade;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::from(errors());
    cases.extend(foreign_headers());
    cases.extend(streams());
    cases.extend(swallowed());
    cases
}

fn case(id: &'static str, says: &'static str, request: Request, expect: Expect) -> Case {
    ask(id, says, Setup::BearerCookie, request.expect(expect))
}

fn errors() -> [Case; 7] {
    let get = Request::get;
    let error = "the framework's own error carries what was recorded before it";
    let refusal = "a refusal carries what was recorded before it";
    [
        case("patch.error", error, get("/kit/fail"), cleared(Expect::own(500))),
        case(
            "patch.error-laden",
            error,
            get("/kit/fail").bearer("${forged}").cookie("__Host-jwt=${alice}"),
            cleared(Expect::own(500)),
        ),
        case(
            "patch.middleware-error",
            "so does the error of a middleware further in",
            get("/kit/middleware"),
            cleared(Expect::own(500)),
        ),
        case("patch.refusal-anonymous", refusal, get("/kit/refused"), cleared(unauthenticated())),
        case(
            "patch.refusal-forged",
            refusal,
            get("/kit/refused").bearer("${forged}"),
            cleared(invalid_token()),
        ),
        case(
            "patch.refusal-malformed",
            refusal,
            get("/kit/refused").bearer("a b"),
            cleared(invalid_request()),
        ),
        case(
            "patch.refusal-none",
            "without a refusal the answer is the handler's",
            get("/kit/refused").bearer("${alice}"),
            cleared(alice()),
        ),
    ]
}

fn foreign_headers() -> [Case; 2] {
    let foreign = |vary: &str| {
        let cookie = "__Host-jwt=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; \
                      Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        Expect::text("foreign")
            .jam("set-cookie", "theme=dark; Path=/")
            .jam("set-cookie", "lang=en; Path=/")
            .jam("set-cookie", cookie)
            .jam("cache-control", "no-store")
            .jam("vary", vary)
    };
    let says = "the handler's cookies stay, its Vary grows, its Cache-Control gives way";
    let request = || Request::get("/kit/foreign").cookie("__Host-jwt=${alice}");
    [
        ask(
            "patch.foreign-headers",
            says,
            Setup::BearerCookie,
            request().expect(foreign("Accept-Encoding, cookie, Authorization")),
        ),
        ask(
            "patch.foreign-headers-cookie-first",
            says,
            Setup::CookieBearer,
            request().expect(foreign("Accept-Encoding, cookie, Authorization")),
        ),
    ]
}

fn streams() -> Vec<Case> {
    let stream = |request: Request| -> Exchange { request.expect(cleared(Expect::endless())) };
    let get = || Request::get("/kit/stream");
    let with_head = "what was recorded arrives with the head, the body is not waited for";
    let socket = |request: Request| request.expect(cleared(Expect::own(101)));
    let ws = || upgrade("/kit/ws");
    vec![
        Case::new(
            "patch.stream",
            with_head,
            Setup::BearerCookie,
            [Step::Peek(stream(get().bearer("${alice}")), b"more\n")],
        ),
        case(
            "patch.stream-anonymous",
            "a stream is refused before it begins",
            get(),
            unauthenticated(),
        ),
        case(
            "patch.stream-forged",
            "a stream is refused before it begins",
            get().bearer("${forged}"),
            invalid_token(),
        ),
        Case::new(
            "patch.socket",
            "what was recorded arrives with the 101",
            Setup::BearerCookie,
            [Step::Talk(socket(ws().bearer("${alice}")), Goodbye::Said)],
        ),
        Case::new(
            "patch.socket-cookie",
            "a cookie opens a WebSocket, too",
            Setup::BearerCookie,
            [Step::Talk(socket(ws().cookie("__Host-jwt=${alice}")), Goodbye::Said)],
        ),
        case(
            "patch.socket-anonymous",
            "a WebSocket is refused before the upgrade",
            ws(),
            unauthenticated(),
        ),
        case(
            "patch.socket-forged",
            "a WebSocket is refused before the upgrade",
            ws().bearer("${forged}"),
            invalid_token(),
        ),
        case(
            "patch.socket-malformed",
            "a WebSocket is refused before the upgrade",
            ws().bearer("a b"),
            invalid_request(),
        ),
    ]
}

/// The handler takes the framework's own `Result` or `Option` of an identity and drops the error.
fn swallowed() -> [Case; 8] {
    let swallowed = || Expect::text("swallowed").jam("set-cookie", "theme=dark; Path=/");
    let get = || Request::get("/kit/swallow");
    let replaced = "a refusal that a handler dropped replaces its answer, of which nothing remains";
    let ambient = "a cookie that cannot be used counts as none for who does not insist";
    [
        case("swallowed.anonymous", "nobody is no refusal", get(), swallowed()),
        case("swallowed.good", "nor is somebody", get().bearer("${alice}"), swallowed()),
        case("swallowed.cookie-stale", ambient, get().cookie("__Host-jwt=${expired}"), swallowed()),
        case("swallowed.cookie-malformed", ambient, get().cookie("__Host-jwt=a b"), swallowed()),
        case("swallowed.forged", replaced, get().bearer("${forged}"), invalid_token()),
        case("swallowed.malformed", replaced, get().bearer("a b"), invalid_request()),
        case("swallowed.two-lines", replaced, get().bearer("a").bearer("a"), invalid_request()),
        case(
            "swallowed.cookie-conflict",
            replaced,
            get().cookie("__Host-jwt=a; __Host-jwt=b"),
            invalid_request(),
        ),
    ]
}
