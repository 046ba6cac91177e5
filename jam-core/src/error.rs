use std::borrow::Cow;
use std::fmt;

/// What went wrong, as a closed set of reasons.
///
/// The first fourteen judge a token. Where several faults meet in one token, the one that comes
/// first here is named. None of them is told to a client, which only gets the RFC 6750 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The token is longer than `max_token_bytes`, or holds more members than any real one.
    TooLarge,
    /// Framing, base64url or JSON is broken; an encrypted token (JWE) counts as broken too.
    Malformed,
    /// The header carries `crit`, `b64` or `zip`, none of which Jam implements (RFC 7515 §4.1.11).
    UnsupportedCriticalHeader,
    /// `alg` is not the algorithm of the key that the token names, or of any key.
    DisallowedAlg,
    /// No configured key has the token's `kid`, or no key without an id fits.
    UnknownKey,
    /// The signature or MAC does not verify.
    BadSignature,
    /// `typ` is not the configured token type (RFC 8725 §3.11).
    WrongType,
    /// A registered claim has the wrong JSON type or range, or the claims do not fit the payload type.
    MalformedClaim,
    /// A required claim is absent.
    MissingClaim,
    /// The time is on or after `exp` (RFC 7519 §4.1.4).
    Expired,
    /// The time is before `nbf` (RFC 7519 §4.1.5).
    NotYetValid,
    /// `iss` is not a configured issuer, or not the issuer of the key that signed.
    WrongIssuer,
    /// `aud` names none of the configured audiences, or is present although none is configured.
    WrongAudience,
    /// The token, its subject or its family was revoked.
    Revoked,
    /// A key is too weak, broken, or not of the kind its algorithm needs.
    WeakOrInvalidKey,
    /// What was to be signed is no JSON object, or breaks a rule of the policy.
    InvalidPayload,
    /// The configuration contradicts itself or holds something unknown.
    InvalidConfig,
    /// The configuration or the call asks for something that this version does not have.
    NotAvailable,
    /// A file could not be read.
    Io,
    /// A cookie would exceed 4096 bytes of name and value (RFC 6265bis §5.6).
    CookieTooLarge,
    /// The operating system or the crypto library failed.
    Unavailable,
    /// The store of sessions does not answer, or not in time.
    StoreUnavailable,
    /// The session was ended or rotated meanwhile, or nobody is logged in to it; what was to be
    /// written was not.
    SessionEnded,
    /// Somebody else has changed what this was based on.
    Conflict,
    /// The head of the answer has left; nothing can be added to it.
    Committed,
    /// The session's record would exceed `max_record_bytes`.
    RecordTooLarge,
    /// A record or a value of a session was written by another version or as another type.
    UndecodableRecord,
    /// The subject has as many sessions as the policy allows.
    TooManySessions,
    /// What was asked for is beyond what this kind of session can promise.
    NotSupported,
}

impl ErrorKind {
    /// The reason in snake case, as the `jam` command and the log print it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::UnsupportedCriticalHeader => "unsupported_critical_header",
            Self::DisallowedAlg => "disallowed_alg",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongType => "wrong_type",
            Self::MalformedClaim => "malformed_claim",
            Self::MissingClaim => "missing_claim",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::Revoked => "revoked",
            Self::WeakOrInvalidKey => "weak_or_invalid_key",
            Self::InvalidPayload => "invalid_payload",
            Self::InvalidConfig => "invalid_config",
            Self::NotAvailable => "not_available",
            Self::Io => "io",
            Self::CookieTooLarge => "cookie_too_large",
            Self::Unavailable => "unavailable",
            Self::StoreUnavailable => "store_unavailable",
            Self::SessionEnded => "session_ended",
            Self::Conflict => "conflict",
            Self::Committed => "committed",
            Self::RecordTooLarge => "record_too_large",
            Self::UndecodableRecord => "undecodable_record",
            Self::TooManySessions => "too_many_sessions",
            Self::NotSupported => "not_supported",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The one error of this crate: a closed [`kind`](Error::kind), and a message that says what was
/// wrong and what to do. Neither it nor its source ever holds a token, a key or a cookie value.
pub struct Error {
    kind: ErrorKind,
    // A token that is refused must not cost an allocation: most errors are a kind alone.
    detail: Option<Box<Detail>>,
}

struct Detail {
    message: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a message that says what was wrong and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: Some(Box::new(Detail { message: message.into(), source: None })) }
    }

    /// Keeps what caused this error. The source must be free of secrets.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let kind = self.kind;
        let detail = self.detail.get_or_insert_with(|| {
            Box::new(Detail { message: explain(kind).into(), source: None })
        });
        detail.source = Some(source.into());
        self
    }

    /// The reason, out of a closed set.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, detail: None }
    }
}

/// The sentence for an error that carries no message of its own.
fn explain(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TooLarge => "the token is longer than `max_token_bytes` allows",
        ErrorKind::Malformed => {
            "this is no compact signed token: framing, base64url or JSON is broken"
        }
        ErrorKind::UnsupportedCriticalHeader => {
            "the token's header asks for an extension that is not supported"
        }
        ErrorKind::DisallowedAlg => "the token's `alg` is not the algorithm of a configured key",
        ErrorKind::UnknownKey => "no configured key belongs to the token's `kid`",
        ErrorKind::BadSignature => "the token's signature does not verify",
        ErrorKind::WrongType => "the token's `typ` is not the expected one",
        ErrorKind::MalformedClaim => "a claim of the token has the wrong type or range",
        ErrorKind::MissingClaim => "a required claim is missing from the token",
        ErrorKind::Expired => "the token has expired",
        ErrorKind::NotYetValid => "the token is not valid yet",
        ErrorKind::WrongIssuer => {
            "the token comes from an issuer that is not configured for its key"
        }
        ErrorKind::WrongAudience => "the token is meant for another audience",
        ErrorKind::Revoked => "the token was revoked",
        ErrorKind::WeakOrInvalidKey => "the key is too weak or not valid for its algorithm",
        ErrorKind::InvalidPayload => "the payload cannot be signed",
        ErrorKind::InvalidConfig => "the configuration is not valid",
        ErrorKind::NotAvailable => "this is not available yet",
        ErrorKind::Io => "a file could not be read",
        ErrorKind::CookieTooLarge => {
            "the cookie's name and value exceed 4096 bytes; browsers drop it"
        }
        ErrorKind::Unavailable => "the operating system or the crypto library failed",
        ErrorKind::StoreUnavailable => "the session store does not answer",
        ErrorKind::SessionEnded => "the session has ended or was rotated meanwhile",
        ErrorKind::Conflict => "somebody else has changed the session meanwhile",
        ErrorKind::Committed => {
            "the answer has left: streams and sockets write through `Session::detached`"
        }
        ErrorKind::RecordTooLarge => "the session would exceed `max_record_bytes`",
        ErrorKind::UndecodableRecord => "the session was written in a form that cannot be read",
        ErrorKind::TooManySessions => "the subject has as many sessions as `max_sessions` allows",
        ErrorKind::NotSupported => "this kind of session cannot do that",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => f.write_str(&detail.message),
            None => f.write_str(explain(self.kind)),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.kind).field("message", &self.to_string());
        if let Some(source) = self.detail.as_ref().and_then(|d| d.source.as_ref()) {
            out.field("source", source);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.detail.as_ref()?.source.as_ref() {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}
