//! Routes that ask for no identity: whatever a request carries, they answer as they are.

use super::{Case, Expect, Request, Setup, ask};
use crate::adapter::setup::{PRIVATE, PUBLIC, SECRET};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = untouched();
    cases.extend(key_sets());
    cases.extend(debug());
    cases
}

fn untouched() -> Vec<Case> {
    let says = "an answer that nobody touched leaves as it is, whatever the request carries";
    let all = "GET /public answers everyone and never sets a cookie";
    let case = |id, says, request: Request, expect| {
        ask(id, says, Setup::BearerCookie, request.expect(expect))
    };
    let public = || Expect::text("public");
    let get = Request::get;
    // Credentials of every kind, which these routes never look at.
    let laden =
        |target| get(target).bearer("${forged}").bearer("a b").cookie("__Host-jwt=a; __Host-jwt=b");
    let stream = || Expect::stream("one\ntwo\nthree\n");
    vec![
        case("public.anonymous", all, get("/public"), public()),
        case("public.bearer", all, get("/public").bearer("${alice}"), public()),
        case("public.laden", all, laden("/public"), public()),
        case("public.cookie-stale", all, get("/public").cookie("__Host-jwt=${expired}"), public()),
        case("fail.anonymous", says, get("/fail"), Expect::own(500)),
        case("fail.laden", says, laden("/fail"), Expect::own(500)),
        case("stream.anonymous", says, get("/stream"), stream()),
        case("stream.laden", says, laden("/stream"), stream()),
        case(
            "ws.plain-request",
            "a request for no WebSocket is 400",
            get("/ws"),
            Expect::json(400, r#"{"error":"invalid_request"}"#),
        ),
    ]
}

fn key_sets() -> [Case; 2] {
    let cacheable =
        |keys: String| Expect::json_value(keys).jam("cache-control", "public, max-age=300");
    let public = format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{PUBLIC}","kid":"ed","alg":"EdDSA","use":"sig"}}]}}"#
    );
    [
        ask(
            "jwks.symmetric",
            "symmetric keys never appear",
            Setup::Bearer,
            Request::get("/jwks.json").expect(cacheable(r#"{"keys":[]}"#.to_owned())),
        ),
        ask(
            "jwks.public",
            "only the public half of a key pair appears",
            Setup::Policy,
            Request::get("/jwks.json").expect(cacheable(public)),
        ),
    ]
}

fn debug() -> [Case; 4] {
    let says = "the Debug text of everything shows the algorithm of a key and nothing secret";
    let secrets = [SECRET, PRIVATE, "${secret-as-list}", "${alice}", "${forged}", "two words"];
    let case = |id, setup, algorithm, request: Request| {
        ask(id, says, setup, request.expect(Expect::shown(algorithm, secrets)))
    };
    let get = || Request::get("/debug");
    let both = get().bearer("${alice}").cookie("__Host-jwt=${forged}");
    [
        case("debug.bearer", Setup::BearerCookie, "HS256", both),
        case("debug.cookie", Setup::BearerCookie, "HS256", get().cookie("__Host-jwt=${alice}")),
        case("debug.malformed", Setup::BearerCookie, "HS256", get().bearer("two words")),
        case("debug.key-pair", Setup::Policy, "EdDSA", get().bearer("${p.ed}")),
    ]
}
