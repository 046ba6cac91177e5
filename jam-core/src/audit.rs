//! The audit log: one event for each outcome, its reason out of a closed set, and never a secret.
//! Events of target `jam::audit`; sessions are named by a hash under a key of this process.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use crate::error::ErrorKind;
use crate::session::SessionHandle;

/// Why a credential was refused, beyond the kinds that judge a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Malformed,
    BadSignature,
    UnknownSession,
    RotatedSession,
    Expired,
    Undecodable,
    StoreUnavailable,
    CrossSite,
    InsufficientScope,
    NotFresh,
    InvalidCredentials,
}

impl Refused {
    fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadSignature => "bad_signature",
            Self::UnknownSession => "unknown_session",
            Self::RotatedSession => "rotated_session",
            Self::Expired => "expired",
            Self::Undecodable => "undecodable_record",
            Self::StoreUnavailable => "store_unavailable",
            Self::CrossSite => "cross_site",
            Self::InsufficientScope => "insufficient_scope",
            Self::NotFresh => "not_fresh",
            Self::InvalidCredentials => "invalid_credentials",
        }
    }

    /// Whether it looks forged rather than stale.
    fn is_suspicious(self) -> bool {
        matches!(self, Self::Malformed | Self::BadSignature | Self::CrossSite)
    }
}

pub(crate) fn refused(reason: Refused) {
    if reason.is_suspicious() {
        tracing::warn!(target: "jam::audit", outcome = "refused", reason = reason.as_str());
    } else {
        tracing::info!(target: "jam::audit", outcome = "refused", reason = reason.as_str());
    }
}

/// A token that was refused, by its kind.
pub(crate) fn token_refused(kind: ErrorKind) {
    let stale = matches!(
        kind,
        ErrorKind::Expired | ErrorKind::NotYetValid | ErrorKind::UnknownKey | ErrorKind::Revoked
    );
    if stale {
        tracing::info!(target: "jam::audit", outcome = "refused", reason = kind.as_str());
    } else {
        tracing::warn!(target: "jam::audit", outcome = "refused", reason = kind.as_str());
    }
}

/// A write that was refused, by its kind.
pub(crate) fn write_refused(kind: ErrorKind) {
    tracing::info!(target: "jam::audit", outcome = "refused", reason = kind.as_str());
}

#[inline]
pub(crate) fn accepted(via: &'static str) {
    tracing::debug!(target: "jam::audit", outcome = "accepted", via);
}

/// What was done to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Created,
    LoggedIn,
    Rotated,
    Ended,
    Revoked,
    Evicted,
}

impl Done {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "session_created",
            Self::LoggedIn => "logged_in",
            Self::Rotated => "session_rotated",
            Self::Ended => "session_ended",
            Self::Revoked => "session_revoked",
            Self::Evicted => "session_evicted",
        }
    }
}

pub(crate) fn done(what: Done, session: SessionHandle) {
    tracing::info!(target: "jam::audit", outcome = what.as_str(), session = %pseudonym(session));
}

/// The same, of a session that the client keeps and that has no name.
pub(crate) fn done_by_client(what: Done) {
    tracing::info!(target: "jam::audit", outcome = what.as_str());
}

/// Lets the events of one session be told from those of others, by nobody but this process.
fn pseudonym(session: SessionHandle) -> String {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    format!("{:016x}", KEY.hash_one(session))
}
