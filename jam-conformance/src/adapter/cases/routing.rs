//! The shapes an application takes: nested routers, guards of whole scopes, fallbacks, methods
//! other than GET, panics, WebSockets.

use super::{
    Case, Expect, Request, Setup, as_alice, ask, insufficient_scope, invalid_token, see_login,
    unauthenticated,
};
use crate::adapter::case::{Goodbye, Step};
use crate::websocket::KEY;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = nested();
    cases.extend(fallbacks());
    cases.extend(methods());
    cases.extend(panics());
    cases.extend(sockets());
    cases
}

fn case(id: &'static str, says: &'static str, request: Request, expect: Expect) -> Case {
    ask(id, says, Setup::BearerCookie, request.expect(expect))
}

/// A request to upgrade to a WebSocket (RFC 6455 §4.1).
pub(super) fn upgrade(target: &str) -> Request {
    Request::get(target)
        .with("Upgrade: websocket")
        .with("Connection: Upgrade")
        .with("Sec-WebSocket-Version: 13")
        .with(format!("Sec-WebSocket-Key: {KEY}"))
}

fn nested() -> Vec<Case> {
    let get = Request::get;
    let admin = "one guard covers a whole scope";
    let page = "the way back is whole, also from a nested router";
    vec![
        case("nested.admin-anonymous", admin, get("/kit/admin/here"), unauthenticated()),
        case(
            "nested.admin-lacking",
            admin,
            get("/kit/admin/here").bearer("${alice}"),
            insufficient_scope(),
        ),
        case(
            "nested.admin-granted",
            admin,
            get("/kit/admin/here").bearer("${bob}"),
            Expect::text("admin"),
        ),
        case(
            "nested.admin-second-route",
            admin,
            get("/kit/admin/there").bearer("${alice}"),
            insufficient_scope(),
        ),
        case(
            "nested.admin-forged",
            admin,
            get("/kit/admin/there").bearer("${forged}"),
            invalid_token(),
        ),
        case(
            "nested.page-anonymous",
            page,
            get("/kit/page/here?a=1"),
            see_login("?next=/kit/page/here%3Fa%3D1"),
        ),
        case(
            "nested.page-granted",
            page,
            get("/kit/page/here").cookie("__Host-jwt=${alice}"),
            Expect::text("page"),
        ),
    ]
}

fn fallbacks() -> Vec<Case> {
    let says = "the framework's own answer leaves as it is, whatever the request carries";
    let laden = |request: Request| request.bearer("${forged}").cookie("__Host-jwt=a; __Host-jwt=b");
    let missing = |id, request: Request| case(id, says, request, Expect::own(404));
    let any = |id, request: Request| case(id, says, request, Expect::any());
    vec![
        missing("fallback.anonymous", Request::get("/nowhere")),
        missing("fallback.laden", laden(Request::get("/nowhere"))),
        missing("fallback.bearer", Request::get("/nowhere").bearer("${alice}")),
        missing("fallback.nested", laden(Request::get("/kit/nowhere"))),
        missing("fallback.post", laden(Request::post("/nowhere", "{}"))),
        any("fallback.odd-path", laden(Request::get("//evil.example/%2e%2e/page"))),
        any("fallback.method", laden(Request::post("/public", "{}"))),
        any("fallback.method-delete", laden(Request::method("DELETE", "/whoami"))),
        any("fallback.method-unknown", laden(Request::method("BREW", "/whoami"))),
    ]
}

fn methods() -> Vec<Case> {
    let head = |id, request: Request, expect: Expect| {
        let says = "HEAD carries the headers of GET and no body (RFC 9110 §9.3.2)";
        let pipeline = [request.expect(expect), as_alice()];
        Case::new(id, says, Setup::BearerCookie, [Step::Pipeline(pipeline.into())])
    };
    let to = |target| Request::method("HEAD", target);
    let challenge =
        |parameters: &str| Expect::any().jam("www-authenticate", super::challenge(parameters));
    let options =
        |id, request: Request| case(id, "OPTIONS asks for no identity", request, Expect::any());
    let ask_options = |target| Request::method("OPTIONS", target);
    vec![
        head("head.public", to("/public").bearer("${forged}"), Expect::any()),
        head("head.whoami", to("/whoami").bearer("${alice}"), Expect::any()),
        head("head.whoami-anonymous", to("/whoami"), challenge("")),
        head(
            "head.whoami-forged",
            to("/whoami").bearer("${forged}"),
            challenge(r#", error="invalid_token""#),
        ),
        head(
            "head.page-anonymous",
            to("/page"),
            Expect::any().jam("location", "/login?next=/page"),
        ),
        head(
            "head.admin-lacking",
            to("/admin").bearer("${alice}"),
            challenge(r#", error="insufficient_scope", scope="admin""#),
        ),
        head("head.stream", to("/stream"), Expect::any()),
        head("head.nowhere", to("/nowhere").bearer("${forged}"), Expect::any()),
        options("options.public", ask_options("/public")),
        options("options.whoami", ask_options("/whoami")),
        options("options.whoami-forged", ask_options("/whoami").bearer("${forged}")),
        options("options.nowhere", ask_options("/nowhere").bearer("${forged}")),
        options(
            "options.preflight",
            ask_options("/login")
                .with("Origin: https://app.example")
                .with("Access-Control-Request-Method: POST"),
        ),
        options("options.asterisk", ask_options("*").bearer("${forged}")),
    ]
}

fn panics() -> [Case; 2] {
    let says = "a handler that panics takes its own request with it and no other";
    let panic =
        || Step::Ask(Request::get("/kit/panic").bearer("${alice}").expect(Expect::any_or_none()));
    let alive = || Step::Ask(as_alice());
    [
        Case::new("panic.once", says, Setup::BearerCookie, [panic(), alive()]),
        Case::new(
            "panic.many",
            says,
            Setup::BearerCookie,
            [panic(), panic(), panic(), panic(), alive(), alive(), alive(), alive()],
        ),
    ]
}

fn sockets() -> [Case; 3] {
    let says = "a WebSocket echoes; nothing is added to its 101";
    let talk = |id, request: Request| {
        let exchange = request.expect(Expect::own(101));
        Case::new(id, says, Setup::BearerCookie, [Step::Talk(exchange, Goodbye::Said)])
    };
    [
        talk("ws.anonymous", upgrade("/ws")),
        talk("ws.bearer", upgrade("/ws").bearer("${alice}")),
        talk("ws.laden", upgrade("/ws").bearer("${forged}").cookie("__Host-jwt=a; __Host-jwt=b")),
    ]
}
