//! What each route answers. The contract's table, in its order.

use crate::users::{self, Credentials, User};
use crate::{Answer, BodyFault, Claims, answer, body};
use jam_core::flow::Flow;
use jam_core::redirect::LoginRedirect;
use jam_core::request::Found;
use jam_core::scope::ScopeRule;
use jam_core::{Error, ErrorKind, Identity, Jam, Reject};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// `GET /public`: never looks at a credential.
pub fn public() -> Answer {
    Answer::text("public")
}

/// `GET /whoami`: who calls, how it was proven, and what he may do.
pub fn whoami(identity: &Identity<Claims>) -> Answer {
    #[derive(Serialize)]
    struct Who<'i> {
        user: Value,
        via: &'static str,
        scopes: Vec<Cow<'i, str>>,
    }
    let via = identity.via().as_str();
    Answer::json(200, &Who { user: identity.user(), via, scopes: identity.scopes() })
}

/// `GET /maybe`: the caller, or `null`.
pub fn maybe(identity: Option<&Identity<Claims>>) -> Answer {
    Answer::json(200, &json!({ "user": identity.map(|identity| identity.user()) }))
}

/// What `GET /admin` needs.
pub fn admin_rule() -> ScopeRule {
    ScopeRule::all_of(["admin"])
}

/// `GET /admin`, behind [`admin_rule`].
pub fn admin() -> Answer {
    Answer::text("admin")
}

/// Where `GET /page` sends a request without a login.
pub fn login_page() -> LoginRedirect {
    LoginRedirect::to("/login")
}

/// `GET /page`, behind [`login_page`].
pub fn page() -> Answer {
    Answer::text("page")
}

/// `POST /login` with `{"user","password"}`: `{"token"}`, and the token once more by its transport.
///
/// # Errors
/// The rejection of a failed login when user and password do not belong together, and 500 when the
/// token cannot be signed or handed out.
pub fn login(flow: &Flow, body: Result<&[u8], BodyFault>) -> Result<Answer, Reject> {
    let given: Credentials<'_> = match body::parse(body) {
        Ok(given) => given,
        Err(fault) => return Ok(fault.into()),
    };
    let user = users::find(&given).ok_or_else(Reject::login_failed)?;
    match hand_out(flow, user) {
        // RFC 6749 5.1: a response that holds a token is never stored.
        Ok(token) => {
            Ok(Answer::json(200, &json!({ "token": token }))
                .with_header("cache-control", "no-store"))
        }
        Err(error) if error.kind() == ErrorKind::NotAvailable => Ok(not_available_yet()),
        Err(error) => Err(error.into()),
    }
}

fn hand_out(flow: &Flow, user: &User) -> Result<String, Error> {
    let jam = flow.jam();
    let payload = jam.payload()?.subject(user.name).scopes(user.scopes.iter().copied()).build()?;
    let token = jam.gen_jwt_token(&payload)?;
    flow.persist_jwt(&token)?;
    Ok(token)
}

/// `POST /logout`: takes the token back from the client. Always 200, with or without a credential,
/// so that a stale one never keeps its owner from getting rid of it. A token copied elsewhere lives
/// on until it expires.
pub fn logout(flow: &Flow) -> Answer {
    flow.clear_jwt();
    Answer::json(200, &json!({ "ok": true }))
}

/// `GET /jwks.json`: the public keys, which caches may keep for five minutes.
pub fn jwks(jam: &Jam) -> Answer {
    Answer::json(200, &jam.public_jwks()).with_header("cache-control", "public, max-age=300")
}

/// The `Content-Type` of `GET /stream`.
pub const STREAM_TYPE: &str = answer::TEXT;

/// The pieces of `GET /stream`'s body, each sent on its own.
pub const STREAM: [&str; 3] = ["one\n", "two\n", "three\n"];

/// `GET /ws` for a request that asks for no WebSocket.
pub fn no_websocket() -> Answer {
    BodyFault::Invalid.into()
}

/// `GET /credential`: what the configured sources find, and in which of them.
pub fn credential(source: usize, found: &Found<'_>) -> Answer {
    #[derive(Serialize)]
    #[serde(tag = "outcome", rename_all = "lowercase")]
    enum Outcome<'a> {
        Credential { source: usize, value: Cow<'a, str> },
        Absent,
        Malformed,
        Conflict,
    }
    let outcome = match found {
        Found::Credential(value) => {
            Outcome::Credential { source, value: String::from_utf8_lossy(value) }
        }
        Found::Absent => Outcome::Absent,
        Found::Malformed => Outcome::Malformed,
        Found::Conflict => Outcome::Conflict,
    };
    Answer::json(200, &outcome)
}

/// `GET /debug`: the `Debug` text of what this process and this request hold.
pub fn debug(flow: &Flow) -> Answer {
    let jam = flow.jam();
    let keys = jam.jwt().map(|backend| backend.keys());
    Answer::text(format!(
        "configuration: {jam:#?}\nkeys: {keys:#?}\nrequest: {flow:#?}\n\
         session: not available yet\nlast store error: none\n"
    ))
}

/// The routes of the contract whose feature is not there yet.
pub fn not_available_yet() -> Answer {
    Answer::error(501, "not available yet")
}
