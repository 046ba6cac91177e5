//! The one table from a refusal to an HTTP answer. No adapter chooses a status.

use std::fmt;

use crate::error::Error;
use crate::flow::Flow;

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
    /// A login with a wrong name or password: 401 without a challenge.
    InvalidCredentials,
    /// The application forgot the layer: 500; the text names the fix.
    MissingLayer(&'static str),
    /// The application asked for something that is not configured, or failed: 500.
    Internal,
}

/// A refused request. Adapters turn it into their framework's response with
/// [`respond`](Self::respond).
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

    /// There is no [`Flow`] in the request: the layer is missing. Fails closed with 500; `fix`
    /// says what to add.
    pub fn missing_layer(fix: &'static str) -> Self {
        tracing::error!(target: "jam", "{fix}");
        Self { kind: RejectKind::MissingLayer(fix), flow: None }
    }

    /// A login was tried with a wrong name or password: 401 `invalid_credentials`, without a
    /// challenge, so that browsers and clients do not throw away what they have.
    pub fn login_failed() -> Self {
        Self { kind: RejectKind::InvalidCredentials, flow: None }
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> &RejectKind {
        &self.kind
    }

    /// Says that the application answers for this refusal itself. Without it, an answer that
    /// ignores a refused header is replaced on the way out.
    pub fn handled(self) {
        if let Some(flow) = &self.flow {
            flow.mark_answered();
        }
    }

    /// The answer.
    #[must_use]
    pub fn respond(self) -> RejectResponse {
        let mut response = self.table();
        if let Some(flow) = &self.flow {
            if let Some(hook) = flow.jam().reject_hook() {
                hook(&self, &mut response);
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
            RejectKind::InvalidCredentials => "invalid_credentials",
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
            RejectKind::InvalidCredentials => 401,
            RejectKind::MissingLayer(fix) => {
                body = serde_json::json!({ "error": code, "message": fix }).to_string();
                500
            }
            RejectKind::Internal => 500,
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

/// A handler's own failure: 500, with the reason in the log only.
impl From<Error> for Reject {
    fn from(error: Error) -> Self {
        tracing::error!(target: "jam", kind = error.kind().as_str(), %error, "a handler failed");
        Self { kind: RejectKind::Internal, flow: None }
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
