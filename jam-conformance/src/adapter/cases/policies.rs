//! A configuration that asks more of a token, with several keys. An adapter has no part in this;
//! the cases show that it passes on what it is given.

use super::{
    Case, Expect, Request, Setup, invalid_request, invalid_token, unauthenticated, whoami,
};

pub(super) fn cases() -> Vec<Case> {
    let ask = |id, says, request: Request, expect| {
        super::ask(id, says, Setup::Policy, request.expect(expect))
    };
    let get = || Request::get("/whoami");
    let dora = || whoami(r#""dora""#, r#""admin""#);
    let refused =
        "the answer is the same whatever is wrong with the token, and the realm is escaped";
    let mut cases = vec![
        ask("policy.anonymous", "the realm is escaped in the challenge", get(), unauthenticated()),
        ask(
            "policy.malformed",
            "the realm is escaped in the challenge",
            get().bearer("a b"),
            invalid_request(),
        ),
        ask("policy.first-key", "the first key's tokens pass", get().bearer("${p.ed}"), dora()),
        ask("policy.second-key", "the second key's tokens pass", get().bearer("${p.hs}"), dora()),
        ask(
            "policy.key-without-id",
            "a token without a kid is tried against keys without an id",
            get().bearer("${p.bare}"),
            dora(),
        ),
        ask(
            "policy.guard",
            "a guard reads the scopes of any key's token",
            Request::get("/admin").bearer("${p.ed}"),
            Expect::text("admin"),
        ),
    ];
    let tokens = [
        ("policy.audience", "${p.audience}"),
        ("policy.no-audience", "${p.no-audience}"),
        ("policy.issuer", "${p.issuer}"),
        ("policy.type", "${p.type}"),
        ("policy.unknown-key", "${p.kid}"),
        ("policy.algorithm-of-another-key", "${p.algorithm}"),
        ("policy.expired", "${p.expired}"),
        ("policy.required-claim", "${p.no-subject}"),
        ("policy.too-large", "${p.large}"),
        ("policy.plain-token", "${alice}"),
    ];
    cases.extend(tokens.map(|(id, token)| ask(id, refused, get().bearer(token), invalid_token())));
    cases
}
