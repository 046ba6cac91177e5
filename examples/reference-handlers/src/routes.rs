//! What each route answers. The contract's table, in its order.

use crate::users::{self, Credentials, User};
use crate::{Answer, BodyFault, Claims, answer, body};
use jam_core::flow::Flow;
use jam_core::redirect::LoginRedirect;
use jam_core::reject::RejectKind;
use jam_core::request::Found;
use jam_core::scope::ScopeRule;
use jam_core::session::Login;
use jam_core::{Error, ErrorKind, Identity, Jam, Reject};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

pub use crate::sessions::{
    admin_revoke, elevate, end_session, fail, kv_read, kv_write, logout_all, logout_others,
    password, sessions, slow_kv, visit,
};

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

/// `POST /login` with `{"user","password"}`: a new session, and `{"token"}`, once more by its
/// transport; what is not configured is left out, and the token is `null` then.
///
/// # Errors
/// The rejection of a failed login when user and password do not belong together; 409 when the user
/// has as many sessions as he may; 500 when the token cannot be signed or handed out.
pub async fn login(flow: &Flow, body: Result<&[u8], BodyFault>) -> Result<Answer, Reject> {
    let given: Credentials<'_> = match body::parse(body) {
        Ok(given) => given,
        Err(fault) => return Ok(fault.into()),
    };
    let user = users::find(&given).ok_or_else(Reject::login_failed)?;
    let has_sessions = flow.jam().sessions().is_ok();
    if has_sessions {
        let session = flow.session()?;
        session.login(Login::new(user.name).scopes(user.scopes).methods(["pwd"]))?;
        // Before a token is made for a login that the session may refuse.
        session.save().await?;
    }
    let token = match hand_out(flow, user) {
        Ok(token) => Some(token),
        Err(error) if error.kind() != ErrorKind::NotAvailable => return Err(error.into()),
        Err(_) if has_sessions => None,
        Err(_) => return Ok(not_available_yet()),
    };
    // RFC 6749 5.1: a response that holds a token is never stored.
    Ok(Answer::json(200, &json!({ "token": token })).with_header("cache-control", "no-store"))
}

fn hand_out(flow: &Flow, user: &User) -> Result<String, Error> {
    let jam = flow.jam();
    let payload = jam.payload()?.subject(user.name).scopes(user.scopes.iter().copied());
    let payload = payload.claim("auth_time", &jam.clock().now().as_secs()).claim("amr", &["pwd"]);
    let token = jam.gen_jwt_token(&payload.build()?)?;
    flow.persist_jwt(&token)?;
    Ok(token)
}

/// `POST /logout`: ends the session and takes the token back from the client. 200 with or without a
/// credential, so that a stale one never keeps its owner from getting rid of it. A token copied
/// elsewhere lives on until it expires.
///
/// # Errors
/// 503 when the session's store is down, 400 where nobody can say which session is meant: nothing has
/// ended then.
pub async fn logout(flow: &Flow) -> Result<Answer, Reject> {
    if flow.jam().sessions().is_ok() {
        let session = flow.session()?;
        session.destroy()?;
        if let Err(reject) = session.save().await {
            // There is nothing to end behind a stale header.
            if *reject.kind() != RejectKind::InvalidToken {
                return Err(reject);
            }
        }
    }
    flow.clear_jwt();
    Ok(done())
}

/// What a route answers that has nothing to say but that it did what was asked.
pub(crate) fn done() -> Answer {
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
///
/// # Errors
/// Those of reading the session.
pub async fn debug(flow: &Flow) -> Result<Answer, Reject> {
    let jam = flow.jam();
    let keys = jam.jwt().map(|backend| backend.keys());
    let (session, record, last_error) = match jam.sessions() {
        Ok(sessions) => {
            let session = flow.session()?;
            let record = session.record().await?;
            (Some(session), record, sessions.last_store_error())
        }
        Err(_) => (None, None, None),
    };
    Ok(Answer::text(format!(
        "configuration: {jam:#?}\nkeys: {keys:#?}\nrequest: {flow:#?}\n\
         session: {session:#?} {record:#?}\nlast store error: {last_error:#?}\n"
    )))
}

/// The routes of the contract whose feature is not there yet.
pub fn not_available_yet() -> Answer {
    Answer::error(501, "not available yet")
}
