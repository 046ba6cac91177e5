//! Connections: requests that share one, requests at the same time, clients that leave.

use super::{
    Case, Exchange, Expect, Request, Setup, alice, as_alice, bob, cleared, invalid_request,
    invalid_token, unauthenticated,
};
use crate::adapter::case::{Goodbye, Step};
use crate::adapter::cases::routing::upgrade;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = shared();
    cases.extend(leaving());
    cases
}

fn who(request: impl FnOnce(Request) -> Request, expect: Expect) -> Exchange {
    request(Request::get("/whoami")).expect(expect)
}

fn as_bob() -> Exchange {
    who(|request| request.cookie("__Host-jwt=${bob}"), bob())
}

fn anonymous() -> Exchange {
    who(|request| request, unauthenticated())
}

fn shared() -> Vec<Case> {
    let says = "each request of a connection is judged by itself";
    let forged = || who(|request| request.bearer("${forged}"), invalid_token());
    let malformed = || who(|request| request.bearer("a b"), invalid_request());
    let public = || Request::get("/public").expect(Expect::text("public"));
    let missing = || Request::get("/nowhere").expect(Expect::own(404));
    let logout =
        || Request::post("/logout", "{}").expect(cleared(Expect::json(200, r#"{"ok":true}"#)));
    let failing = || Request::get("/kit/fail").expect(cleared(Expect::own(500)));
    let pipeline =
        |id, exchanges| Case::new(id, says, Setup::BearerCookie, [Step::Pipeline(exchanges)]);
    let together: Vec<_> =
        (0..6).flat_map(|_| [as_alice(), as_bob(), anonymous(), forged()]).collect();
    vec![
        pipeline(
            "connection.identities",
            vec![as_alice(), anonymous(), as_bob(), public(), as_alice()],
        ),
        pipeline(
            "connection.after-refusals",
            vec![forged(), as_alice(), malformed(), anonymous(), as_bob()],
        ),
        pipeline(
            "connection.after-writes",
            vec![logout(), anonymous(), failing(), public(), as_alice()],
        ),
        pipeline("connection.after-404", vec![missing(), as_alice(), missing(), anonymous()]),
        Case::new(
            "connection.http-1.0",
            "a client of HTTP/1.0 is judged alike",
            Setup::BearerCookie,
            [Step::Ask(Request::line("GET /whoami HTTP/1.0").bearer("${alice}").expect(alice()))],
        ),
        Case::new(
            "connection.together",
            "requests at the same time do not mix",
            Setup::BearerCookie,
            [Step::Together(together)],
        ),
    ]
}

/// The client leaves; the next one is served.
fn leaving() -> [Case; 6] {
    let says = "a client that leaves in the middle harms nobody";
    let case = |id, step: Step| {
        Case::new(
            id,
            says,
            Setup::BearerCookie,
            [step, Step::Ask(as_alice()), Step::Ask(anonymous())],
        )
    };
    let login =
        || Request::method("POST", "/login").with("Content-Length: 60").with_body(r#"{"user":"al"#);
    let stream = || Request::get("/kit/stream").bearer("${alice}");
    let socket = upgrade("/kit/ws").bearer("${alice}").expect(cleared(Expect::own(101)));
    [
        case(
            "leaving.in-head",
            Step::HangUpInHead(Request::get("/whoami").with("Authorization: Bear")),
        ),
        case("leaving.in-body", Step::HangUp(login())),
        case("leaving.before-answer", Step::HangUp(Request::get("/whoami").bearer("${bob}"))),
        case("leaving.before-stream", Step::HangUp(stream())),
        case(
            "leaving.in-stream",
            Step::Peek(stream().expect(cleared(Expect::endless())), b"more\n"),
        ),
        case("leaving.in-socket", Step::Talk(socket, Goodbye::Unsaid)),
    ]
}
