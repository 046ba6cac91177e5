//! All cases, by group.

mod answers;
mod bearer;
mod connections;
mod cookies;
mod headers;
mod http2;
mod identities;
mod logins;
mod order;
mod patches;
mod policies;
mod routing;
mod row;
mod session_kinds;
mod session_origins;
mod session_python;
mod session_races;
mod sessions;

use super::case::{Case, Exchange, Request, Step};
use super::expect::Expect;
use super::setup::Setup;

/// Every case of the adapter suite, in the order in which they run within their configuration.
///
/// ```
/// let cases = jam_conformance::cases();
/// assert!(cases.iter().any(|case| case.id() == "cred.bearer.two-lines-equal"));
/// ```
#[must_use]
pub fn cases() -> Vec<Case> {
    let groups = [
        bearer::cases(),
        cookies::cases(),
        headers::cases(),
        order::cases(),
        identities::cases(),
        policies::cases(),
        answers::cases(),
        logins::cases(),
        patches::cases(),
        routing::cases(),
        connections::cases(),
        http2::cases(),
        sessions::cases(),
        session_races::cases(),
        session_origins::cases(),
        session_kinds::cases(),
        session_python::cases(),
    ];
    groups.into_iter().flatten().collect()
}

/// A case of one request.
fn ask(id: &'static str, says: &'static str, setup: Setup, exchange: Exchange) -> Case {
    Case::new(id, says, setup, [Step::Ask(exchange)])
}

fn challenge(parameters: &str) -> String {
    format!("Bearer realm=\"${{realm}}\"{parameters}")
}

/// 401 with a bare challenge.
fn unauthenticated() -> Expect {
    Expect::json(401, r#"{"error":"unauthenticated"}"#).jam("www-authenticate", challenge(""))
}

/// 401 for a credential that does not hold.
fn invalid_token() -> Expect {
    let parameters = r#", error="invalid_token""#;
    Expect::json(401, r#"{"error":"invalid_token"}"#).jam("www-authenticate", challenge(parameters))
}

/// 400 for what is no credential.
fn invalid_request() -> Expect {
    let parameters = r#", error="invalid_request""#;
    Expect::json(400, r#"{"error":"invalid_request"}"#)
        .jam("www-authenticate", challenge(parameters))
}

/// 403 for who lacks the scope `admin`.
fn insufficient_scope() -> Expect {
    let parameters = r#", error="insufficient_scope", scope="admin""#;
    Expect::json(403, r#"{"error":"insufficient_scope"}"#)
        .jam("www-authenticate", challenge(parameters))
}

/// 303 to the login page.
fn see_login(next: &str) -> Expect {
    Expect::empty(303).jam("location", format!("/login{next}"))
}

fn whoami(user: &str, scopes: &str) -> Expect {
    Expect::json(200, format!(r#"{{"user":{user},"via":"jwt","scopes":[{scopes}]}}"#))
}

fn alice() -> Expect {
    whoami(r#""alice""#, r#""user""#)
}

fn bob() -> Expect {
    whoami(r#""bob""#, r#""user","admin""#)
}

fn nobody() -> Expect {
    Expect::json(200, r#"{"user":null}"#)
}

/// `GET /whoami` as alice.
fn as_alice() -> Exchange {
    Request::get("/whoami").bearer("${alice}").expect(alice())
}

/// The headers of an answer whose flow took the cookie `__Host-jwt` back.
fn cleared(expect: Expect) -> Expect {
    let cookie = "__Host-jwt=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; \
                  Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    handed_over(expect.jam("set-cookie", cookie))
}

/// What stands beside a credential that is handed out or taken back.
fn handed_over(expect: Expect) -> Expect {
    expect.jam("cache-control", "no-store").jam("vary", "${vary}")
}

#[cfg(test)]
mod tests {
    use super::cases;
    use crate::adapter::client::variables;
    use crate::adapter::setup::Setup;

    /// Values that answers bring in the course of a case.
    const KEPT: [&str; 11] = [
        "${sid}",
        "${new}",
        "${third}",
        "${handle}",
        "${other}",
        "${sealed}",
        "${first}",
        "${second}",
        "${one}",
        "${two}",
        "${small}",
    ];

    #[test]
    fn every_value_that_a_case_names_is_known() {
        for case in cases() {
            let text =
                variables(case.setup).fill_text(&format!("{case:?}")).replace("${token}", "");
            let text = KEPT.iter().fold(text, |text, name| text.replace(name, ""));
            assert!(!text.contains("${"), "{}: {text}", case.id());
        }
    }

    #[test]
    fn every_configuration_is_used_and_every_case_has_a_step() {
        let cases = cases();
        for setup in Setup::ALL {
            assert!(cases.iter().any(|case| case.setup == setup), "{}", setup.name());
        }
        assert!(cases.iter().all(|case| !case.steps.is_empty() && !case.says().is_empty()));
    }
}
