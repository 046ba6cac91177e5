//! Who is let in, and what the others are told (RFC 6750 §3): `/whoami`, `/maybe`, `/admin` and
//! `/page`.

use super::{
    Case, Exchange, Expect, Request, Setup, alice, ask, bob, insufficient_scope, invalid_request,
    invalid_token, nobody, see_login, unauthenticated, whoami,
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = accepted();
    cases.extend(refused());
    cases.extend(bad_tokens());
    cases.extend(maybe());
    cases.extend(cookie_first());
    cases.extend(admin());
    cases.extend(page());
    cases
}

fn get(target: &str) -> Request {
    Request::get(target)
}

// What most routes are tried with.

fn forged(target: &str) -> Request {
    get(target).bearer("${forged}")
}

fn malformed(target: &str) -> Request {
    get(target).bearer("two words")
}

fn twice(target: &str) -> Request {
    get(target).bearer("${alice}").bearer("${alice}")
}

fn stale(target: &str) -> Request {
    get(target).cookie("a=1; __Host-jwt=${expired}")
}

fn conflicting(target: &str) -> Request {
    get(target).cookie("__Host-jwt=${alice}; __Host-jwt=${bob}")
}

/// Both sources configured, the header first.
fn case(id: &'static str, says: &'static str, exchange: Exchange) -> Case {
    ask(id, says, Setup::BearerCookie, exchange)
}

const WHOAMI: &str = "/whoami";

/// Why the answer to every bad token is the same.
const UNTOLD: &str =
    "a credential that does not hold is 401 invalid_token, and the client is not told why";

fn accepted() -> Vec<Case> {
    vec![
        case(
            "whoami.bearer",
            "a good token names its user",
            get(WHOAMI).bearer("${alice}").expect(alice()),
        ),
        case(
            "whoami.bearer-scopes",
            "all scopes are listed",
            get(WHOAMI).bearer("${bob}").expect(bob()),
        ),
        case(
            "whoami.cookie",
            "a good cookie names its user",
            get(WHOAMI).cookie("__Host-jwt=${alice}").expect(alice()),
        ),
        case(
            "whoami.cookie-line",
            "the cookie may stand on any line",
            get(WHOAMI).cookie("a=1").cookie("__Host-jwt=${alice}").expect(alice()),
        ),
        case(
            "whoami.user-claim",
            "without a subject the user claim names the user",
            get(WHOAMI).bearer("${carol}").expect(whoami(r#""carol""#, "")),
        ),
        case(
            "whoami.cookie-and-basic",
            "another scheme lets the cookie speak",
            get(WHOAMI)
                .with("Authorization: Basic YTpi")
                .cookie("__Host-jwt=${alice}")
                .expect(alice()),
        ),
        case(
            "whoami.header-before-cookie",
            "the first source decides",
            get(WHOAMI).bearer("${bob}").cookie("__Host-jwt=${alice}").expect(bob()),
        ),
    ]
}

fn refused() -> Vec<Case> {
    let no_credential = "what is no credential is 400 invalid_request";
    vec![
        case(
            "whoami.anonymous",
            "without a credential the challenge is bare",
            get(WHOAMI).expect(unauthenticated()),
        ),
        case(
            "whoami.basic",
            "another scheme counts as no credential",
            get(WHOAMI).with("Authorization: Basic YTpi").expect(unauthenticated()),
        ),
        case(
            "whoami.forged-header-good-cookie",
            "a bad header is not rescued by a cookie",
            forged(WHOAMI).cookie("__Host-jwt=${alice}").expect(invalid_token()),
        ),
        case("whoami.malformed", no_credential, malformed(WHOAMI).expect(invalid_request())),
        case("whoami.two-lines", no_credential, twice(WHOAMI).expect(invalid_request())),
        case(
            "whoami.obs-text",
            no_credential,
            get(WHOAMI).with(b"Authorization: Bearer \xff").expect(invalid_request()),
        ),
        case(
            "whoami.malformed-good-cookie",
            "a malformed header is not rescued by a cookie",
            malformed(WHOAMI).cookie("__Host-jwt=${alice}").expect(invalid_request()),
        ),
        case(
            "whoami.cookie-conflict",
            "different cookies of one name are refused",
            conflicting(WHOAMI).expect(invalid_request()),
        ),
        case("whoami.cookie-stale", UNTOLD, stale(WHOAMI).expect(invalid_token())),
        case(
            "whoami.cookie-malformed",
            "a cookie that cannot be used is 401 for who insists",
            get(WHOAMI).cookie("__Host-jwt=a b").expect(invalid_token()),
        ),
        case(
            "whoami.cookie-quoted",
            "quotes belong to the value, so this is another one",
            get(WHOAMI).cookie("__Host-jwt=\"${alice}\"").expect(invalid_token()),
        ),
        case(
            "whoami.query",
            "no source reads the query",
            get("/whoami?access_token=${alice}").expect(unauthenticated()),
        ),
    ]
}

fn bad_tokens() -> Vec<Case> {
    let tokens = [
        ("whoami.forged", "${forged}"),
        ("whoami.expired", "${expired}"),
        ("whoami.early", "${early}"),
        ("whoami.stranger", "${stranger}"),
        ("whoami.addressed", "${addressed}"),
        ("whoami.unsigned", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6MTgwMDAwMzYwMH0."),
        ("whoami.no-token", "abc"),
        ("whoami.too-large", "${long}${long}${long}"),
    ];
    let bad = |(id, token)| case(id, UNTOLD, get(WHOAMI).bearer(token).expect(invalid_token()));
    tokens.map(bad).into()
}

fn maybe() -> [Case; 11] {
    const TO: &str = "/maybe";
    let ambient = "a cookie that cannot be used counts as none";
    let deliberate = "a bad header is refused";
    let user = |name: &str| Expect::json(200, format!(r#"{{"user":"{name}"}}"#));
    [
        case("maybe.anonymous", "nobody is welcome", get(TO).expect(nobody())),
        case(
            "maybe.bearer",
            "a good token names its user",
            get(TO).bearer("${alice}").expect(user("alice")),
        ),
        case(
            "maybe.cookie",
            "a good cookie names its user",
            get(TO).cookie("__Host-jwt=${bob}").expect(user("bob")),
        ),
        case(
            "maybe.basic",
            "another scheme counts as no credential",
            get(TO).with("Authorization: Basic YTpi").expect(nobody()),
        ),
        case("maybe.cookie-stale", ambient, stale(TO).expect(nobody())),
        case("maybe.cookie-malformed", ambient, get(TO).cookie("__Host-jwt=a b").expect(nobody())),
        case(
            "maybe.cookie-conflict",
            "different cookies of one name are refused",
            conflicting(TO).expect(invalid_request()),
        ),
        case("maybe.forged", deliberate, forged(TO).expect(invalid_token())),
        case("maybe.malformed", deliberate, malformed(TO).expect(invalid_request())),
        case("maybe.two-lines", deliberate, twice(TO).expect(invalid_request())),
        case(
            "maybe.forged-good-cookie",
            deliberate,
            forged(TO).cookie("__Host-jwt=${alice}").expect(invalid_token()),
        ),
    ]
}

/// The cookie before the header.
fn cookie_first() -> [Case; 6] {
    let case = |id, says, request: Request, expect| {
        ask(id, says, Setup::CookieBearer, request.expect(expect))
    };
    let gives_way = "a cookie that cannot be used gives way to the header";
    let cookie = |pairs| get("/whoami").cookie(pairs);
    [
        case(
            "whoami.cookie-before-header",
            "the first source decides",
            cookie("__Host-jwt=${alice}").bearer("${bob}"),
            alice(),
        ),
        case(
            "whoami.good-cookie-forged-header",
            "nobody looks behind the source that decides",
            cookie("__Host-jwt=${alice}").bearer("${forged}"),
            alice(),
        ),
        case(
            "whoami.stale-cookie-good-header",
            gives_way,
            cookie("__Host-jwt=${expired}").bearer("${bob}"),
            bob(),
        ),
        case(
            "whoami.malformed-cookie-good-header",
            gives_way,
            cookie("__Host-jwt=a b").bearer("${bob}"),
            bob(),
        ),
        case(
            "whoami.stale-cookie-malformed-header",
            gives_way,
            cookie("__Host-jwt=${expired}").bearer("a b"),
            invalid_request(),
        ),
        case(
            "maybe.stale-cookie-forged-header",
            gives_way,
            stale("/maybe").bearer("${forged}"),
            invalid_token(),
        ),
    ]
}

fn admin() -> [Case; 8] {
    const TO: &str = "/admin";
    let rule = "a guard asks for a scope";
    [
        case("admin.anonymous", rule, get(TO).expect(unauthenticated())),
        case(
            "admin.lacking",
            "without the scope it is 403, and the challenge names it",
            get(TO).bearer("${alice}").expect(insufficient_scope()),
        ),
        case(
            "admin.lacking-cookie",
            "the same for a cookie",
            get(TO).cookie("__Host-jwt=${alice}").expect(insufficient_scope()),
        ),
        case("admin.granted", rule, get(TO).bearer("${bob}").expect(Expect::text("admin"))),
        case(
            "admin.granted-cookie",
            rule,
            get(TO).cookie("__Host-jwt=${bob}").expect(Expect::text("admin")),
        ),
        case("admin.forged", rule, forged(TO).expect(invalid_token())),
        case("admin.malformed", rule, malformed(TO).expect(invalid_request())),
        case("admin.cookie-stale", rule, stale(TO).expect(invalid_token())),
    ]
}

fn page() -> [Case; 12] {
    let to_login = "whoever is not logged in is sent to the login page and back";
    let outside = "the way back never leads to another host";
    let page = || Expect::text("page");
    [
        case("page.anonymous", to_login, get("/page").expect(see_login("?next=/page"))),
        case(
            "page.query",
            to_login,
            get("/page?tab=1&x=%2F").expect(see_login("?next=/page%3Ftab%3D1%26x%3D%252F")),
        ),
        case(
            "page.query-with-host",
            outside,
            get("/page?next=//evil.example")
                .expect(see_login("?next=/page%3Fnext%3D//evil.example")),
        ),
        case("page.backslash", outside, get("/page?\\\\evil.example").expect(see_login(""))),
        case(
            "page.absolute-form",
            outside,
            get("http://evil.example/page").expect(see_login("?next=/page")),
        ),
        case("page.cookie-stale", to_login, stale("/page").expect(see_login("?next=/page"))),
        case(
            "page.basic",
            to_login,
            get("/page").with("Authorization: Basic YTpi").expect(see_login("?next=/page")),
        ),
        case(
            "page.bearer",
            "whoever is logged in sees the page",
            get("/page").bearer("${alice}").expect(page()),
        ),
        case(
            "page.cookie",
            "whoever is logged in sees the page",
            get("/page").cookie("__Host-jwt=${alice}").expect(page()),
        ),
        case(
            "page.forged",
            "whoever sends a bad header is no browser",
            forged("/page").expect(invalid_token()),
        ),
        case(
            "page.malformed",
            "whoever sends a bad header is no browser",
            malformed("/page").expect(invalid_request()),
        ),
        case(
            "page.cookie-conflict",
            "different cookies of one name are refused",
            conflicting("/page").expect(invalid_request()),
        ),
    ]
}
