//! The one table from a refusal to an HTTP answer. No adapter chooses a status.

use std::fmt;

use crate::audit::{self, Refused};
use crate::error::{Error, ErrorKind};
use crate::flow::Flow;
use crate::fresh::StepUp;

/// Why a request is refused, as far as the client may know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectKind {
    /// No credential: 401 with a bare challenge (RFC 6750 §3).
    Unauthenticated,
    /// A credential that does not hold: 401 `invalid_token`. Why it does not is for the log only.
    InvalidToken,
    /// What was sent is no credential: 400 `invalid_request`.
    InvalidRequest,
    /// The identity lacks scopes: 403 `insufficient_scope`; the text names what is needed.
    InsufficientScope(String),
    /// A page that wants a login: 303 to this location.
    LoginRequired(String),
    /// A login that is too long ago, or was not strong enough: 401
    /// `insufficient_user_authentication` (RFC 9470 §3).
    StepUp(StepUp),
    /// A login with a wrong name or password: 401 without a challenge.
    InvalidCredentials,
    /// A page of another site made the browser send this: 403.
    CrossSite,
    /// Somebody else has changed what the request was based on: 409.
    Conflict,
    /// The subject has as many sessions as he may: 409.
    TooManySessions,
    /// The session would hold more than it may: 413. What it held before is still there.
    TooLarge,
    /// The store does not answer: 503 with `Retry-After`. Nothing that the client holds is void.
    StoreUnavailable,
    /// What was asked for is not configured, or beyond this kind of session: 501.
    NotSupported,
    /// The application forgot the layer: 500; the text names the fix.
    MissingLayer(&'static str),
    /// A change that comes too late: the answer's head has left. 500, should there be one that could
    /// still say so.
    Committed,
    /// The application failed: 500.
    Internal,
}

/// Seconds after which a client may try again when the store was down.
const RETRY_AFTER: &str = "1";

/// A refused request. Adapters turn it into their framework's response with
/// [`respond`](Self::respond).
#[derive(Clone)]
#[must_use = "a refusal that is dropped is put in place of the handler's answer"]
pub struct Reject {
    kind: RejectKind,
    flow: Option<Flow>,
}

/// An HTTP answer in plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectResponse {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case; `content-type` is among them.
    pub headers: Vec<(&'static str, String)>,
    /// The body, JSON or empty.
    pub body: String,
}

impl Reject {
    pub(crate) fn new(kind: RejectKind, flow: &Flow) -> Self {
        Self { kind, flow: Some(flow.clone()) }
    }

    /// An error as a refusal, with the challenges and the hook of a flow where there is one.
    pub(crate) fn of(error: Error, flow: Option<&Flow>) -> Self {
        let kind = match error.kind() {
            ErrorKind::SessionEnded | ErrorKind::UndecodableRecord => RejectKind::InvalidToken,
            ErrorKind::Malformed => RejectKind::InvalidRequest,
            ErrorKind::Conflict => RejectKind::Conflict,
            ErrorKind::TooManySessions => RejectKind::TooManySessions,
            ErrorKind::RecordTooLarge | ErrorKind::CookieTooLarge => RejectKind::TooLarge,
            ErrorKind::StoreUnavailable => RejectKind::StoreUnavailable,
            ErrorKind::NotSupported => RejectKind::NotSupported,
            kind => {
                tracing::error!(target: "jam", kind = kind.as_str(), %error, "a handler failed");
                match kind {
                    ErrorKind::NotAvailable => RejectKind::NotSupported,
                    ErrorKind::Committed => RejectKind::Committed,
                    _ => RejectKind::Internal,
                }
            }
        };
        Self { kind, flow: flow.cloned() }
    }

    /// There is no [current](Flow::current) flow: the layer is missing, or the request was handed on
    /// to a task of its own without [`Flow::scope`]. Fails closed with 500; `fix` says what to add.
    pub fn missing_layer(fix: &'static str) -> Self {
        tracing::error!(target: "jam", "{fix}; a request that a task of its own answers goes there in `Flow::scope`");
        Self { kind: RejectKind::MissingLayer(fix), flow: None }
    }

    /// A login was tried with a wrong name or password: 401 `invalid_credentials`, without a
    /// challenge, so that browsers and clients do not throw away what they have.
    pub fn login_failed() -> Self {
        audit::refused(Refused::InvalidCredentials);
        Self { kind: RejectKind::InvalidCredentials, flow: None }
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> &RejectKind {
        &self.kind
    }

    /// Says that the application answers for this refusal itself. Without it, an answer that
    /// ignores a refused header is replaced on the way out.
    pub fn handled(&self) {
        if let Some(flow) = &self.flow {
            flow.mark_answered();
        }
    }

    /// The answer. From now on the refusal counts as shown to the client.
    #[must_use]
    pub fn respond(&self) -> RejectResponse {
        let mut response = self.table();
        if let Some(flow) = &self.flow {
            if let Some(hook) = flow.jam().reject_hook() {
                hook(self, &mut response);
            }
            flow.mark_answered();
        }
        response
    }

    /// The code in challenges and bodies (RFC 6750 §3.1, and ours where it has none).
    fn code(&self) -> &'static str {
        match self.kind {
            RejectKind::Unauthenticated => "unauthenticated",
            RejectKind::InvalidToken => "invalid_token",
            RejectKind::InvalidRequest => "invalid_request",
            RejectKind::InsufficientScope(_) => "insufficient_scope",
            RejectKind::LoginRequired(_) => "login_required",
            RejectKind::StepUp(_) => "insufficient_user_authentication",
            RejectKind::InvalidCredentials => "invalid_credentials",
            RejectKind::CrossSite => "cross_site_request",
            RejectKind::Conflict => "conflict",
            RejectKind::TooManySessions => "too_many_sessions",
            RejectKind::TooLarge => "too_large",
            RejectKind::StoreUnavailable => "temporarily_unavailable",
            RejectKind::NotSupported => "not_supported",
            RejectKind::Committed => "committed",
            RejectKind::MissingLayer(_) | RejectKind::Internal => "internal",
        }
    }

    fn table(&self) -> RejectResponse {
        let code = self.code();
        let mut body = format!(r#"{{"error":"{code}"}}"#);
        let mut headers = vec![("content-type", "application/json".to_owned())];
        let status = match &self.kind {
            RejectKind::Unauthenticated => {
                headers.push(("www-authenticate", self.challenge("")));
                401
            }
            RejectKind::InvalidToken => {
                headers.push(("www-authenticate", self.challenge(r#", error="invalid_token""#)));
                401
            }
            RejectKind::InvalidRequest => {
                headers.push(("www-authenticate", self.challenge(r#", error="invalid_request""#)));
                400
            }
            RejectKind::InsufficientScope(scope) => {
                let needed =
                    format!(r#", error="insufficient_scope", scope="{}""#, quotable(scope));
                headers.push(("www-authenticate", self.challenge(&needed)));
                403
            }
            RejectKind::LoginRequired(location) => {
                headers = vec![("location", location.clone())];
                body.clear();
                303
            }
            RejectKind::StepUp(StepUp { max_age, methods }) => {
                let age = max_age.as_secs();
                let wanted = format!(
                    r#", error="insufficient_user_authentication", error_description="a more recent or stronger login is needed", max_age="{age}""#
                );
                headers.push(("www-authenticate", self.challenge(&wanted)));
                body = serde_json::json!({ "error": code, "max_age": age, "amr": methods })
                    .to_string();
                401
            }
            RejectKind::InvalidCredentials => 401,
            RejectKind::CrossSite => 403,
            RejectKind::Conflict | RejectKind::TooManySessions => 409,
            RejectKind::TooLarge => 413,
            RejectKind::StoreUnavailable => {
                headers.push(("retry-after", RETRY_AFTER.to_owned()));
                503
            }
            RejectKind::NotSupported => 501,
            RejectKind::MissingLayer(fix) => {
                body = serde_json::json!({ "error": code, "message": fix }).to_string();
                500
            }
            RejectKind::Committed | RejectKind::Internal => 500,
        };
        RejectResponse { status, headers, body }
    }

    fn challenge(&self, parameters: &str) -> String {
        let realm = self.flow.as_ref().map_or("jam", |flow| flow.jam().realm());
        format!(r#"Bearer realm="{}"{parameters}"#, quotable(realm))
    }
}

/// What may stand in a quoted string (RFC 9110 §5.6.4), quotes and backslashes escaped.
fn quotable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ') {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A failed call of a handler's. What the session or its store refused has an answer of its own; all
/// else is the application's failure: 500, with the reason in the log only.
impl From<Error> for Reject {
    fn from(error: Error) -> Self {
        Self::of(error, None)
    }
}

impl fmt::Debug for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reject").field(&self.kind).finish()
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            RejectKind::MissingLayer(fix) => f.write_str(fix),
            _ => f.write_str(self.code()),
        }
    }
}

impl std::error::Error for Reject {}
