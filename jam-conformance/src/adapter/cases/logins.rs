//! Logging in and out: a credential is handed out and taken back by one descriptor.

use super::{Case, Expect, Request, Setup, alice, ask, cleared, handed_over};
use crate::adapter::case::Step;

const ALICE: &str = r#"{"user":"alice","password":"wonderland"}"#;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = handing_out();
    cases.extend(refusals());
    cases.extend(logouts());
    cases
}

/// The answer to a login, its token kept as `${token}`.
fn token() -> Expect {
    Expect::json(200, r#"{"token":"${token}"}"#).keep("token", "/token")
}

fn cookie() -> Expect {
    let cookie = "__Host-jwt=${token}; Path=/; Secure; HttpOnly; SameSite=Lax";
    handed_over(token().jam("set-cookie", cookie))
}

fn handing_out() -> Vec<Case> {
    let login = || Request::post("/login", ALICE);
    let steps = |first: Request, expect: Expect, then: Request| {
        [Step::Ask(first.expect(expect)), Step::Ask(then.expect(alice()))]
    };
    let who = || Request::get("/whoami");
    let in_cookie = |request: Request| request.cookie("__Host-jwt=${token}");
    let development = "jwt=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=<n>";
    vec![
        Case::new(
            "login.body-only",
            "without a transport the token stands in the body alone",
            Setup::Bearer,
            steps(login(), token().jam("cache-control", "no-store"), who().bearer("${token}")),
        ),
        Case::new(
            "login.cookie",
            "the token is in the body and in the cookie, and nothing may store the answer",
            Setup::BearerCookie,
            steps(login(), cookie(), in_cookie(who())),
        ),
        Case::new(
            "login.cookie-as-bearer",
            "the same token passes as a bearer's",
            Setup::BearerCookie,
            steps(login(), cookie(), who().bearer("${token}")),
        ),
        Case::new(
            "login.default-cookie",
            "the cookie is __Host-jwt unless told otherwise",
            Setup::CookieBearer,
            steps(login(), cookie(), in_cookie(who())),
        ),
        Case::new(
            "login.header",
            "the token is in the header of the transport",
            Setup::Headers,
            steps(
                login(),
                handed_over(token().jam("x-token", "${token}")),
                who().with("X-Token: ${token}"),
            ),
        ),
        Case::new(
            "login.development-cookie",
            "a persistent cookie lives no longer than its token",
            Setup::Development,
            steps(
                login(),
                handed_over(token().jam("set-cookie", development)),
                who().cookie("jwt=${token}"),
            ),
        ),
        Case::new(
            "login.stale-cookie",
            "a stale cookie locks nobody out",
            Setup::BearerCookie,
            steps(login().cookie("__Host-jwt=${expired}"), cookie(), in_cookie(who())),
        ),
        Case::new(
            "login.forged-header",
            "a login asks for no identity",
            Setup::BearerCookie,
            steps(login().bearer("${forged}"), cookie(), in_cookie(who())),
        ),
        Case::new(
            "login.chunked",
            "a body in chunks is read like any other",
            Setup::BearerCookie,
            steps(chunked(), cookie(), in_cookie(who())),
        ),
    ]
}

/// The login in two chunks (RFC 9112 §7.1).
fn chunked() -> Request {
    let (first, second) = ALICE.split_at(10);
    let body = format!("a\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", second.len());
    Request::method("POST", "/login").with("Transfer-Encoding: chunked").with_body(&body)
}

fn refusals() -> Vec<Case> {
    let wrong = "a wrong name or password is 401 without a challenge and without a cookie";
    let no_body = "a body that is not the one JSON object is 400";
    let credentials = || Expect::json(401, r#"{"error":"invalid_credentials"}"#);
    let invalid = || Expect::json(400, r#"{"error":"invalid_request"}"#);
    let mut cases = Vec::new();
    for (id, body) in [
        ("login.wrong-password", r#"{"user":"alice","password":"builder"}"#),
        ("login.unknown-user", r#"{"user":"nobody","password":"wonderland"}"#),
        ("login.empty-password", r#"{"user":"alice","password":""}"#),
    ] {
        cases.push(ask(
            id,
            wrong,
            Setup::BearerCookie,
            Request::post("/login", body).expect(credentials()),
        ));
    }
    for (id, body) in [
        ("login.no-body", ""),
        ("login.array", r#"["alice","wonderland"]"#),
        ("login.form", "user=alice&password=wonderland"),
        ("login.member-missing", r#"{"user":"alice"}"#),
        ("login.member-twice", r#"{"user":"bob","user":"alice","password":"wonderland"}"#),
        ("login.member-unknown", r#"{"user":"alice","password":"wonderland","scope":"admin"}"#),
        ("login.trailing", r#"{"user":"alice","password":"wonderland"}x"#),
    ] {
        cases.push(ask(
            id,
            no_body,
            Setup::BearerCookie,
            Request::post("/login", body).expect(invalid()),
        ));
    }
    cases
}

fn logouts() -> Vec<Case> {
    let ok = || Expect::json(200, r#"{"ok":true}"#);
    let logout = || Request::post("/logout", "");
    let says = "the cookie is removed by the descriptor that set it, whoever asks";
    let case =
        |id, request: Request| ask(id, says, Setup::BearerCookie, request.expect(cleared(ok())));
    let development =
        "jwt=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    vec![
        case("logout.cookie", logout().cookie("__Host-jwt=${alice}")),
        case("logout.anonymous", logout()),
        case("logout.stale-cookie", logout().cookie("__Host-jwt=${expired}")),
        case("logout.forged-header", logout().bearer("${forged}")),
        ask(
            "logout.development-cookie",
            says,
            Setup::Development,
            logout().expect(handed_over(ok().jam("set-cookie", development))),
        ),
        ask(
            "logout.body-only",
            "without a transport there is nothing to take back",
            Setup::Bearer,
            logout().expect(ok()),
        ),
        ask(
            "logout.header",
            "a header cannot be taken back",
            Setup::Headers,
            logout().expect(ok()),
        ),
    ]
}
