//! Routes that want a login which is not long ago ("sudo mode").

use std::time::Duration;

use serde::Deserialize;

use crate::clock::NumericDate;
use crate::session::Record;

/// Asks for an identity that was proven at most so long ago, and by certain methods. Only the moment
/// of authentication counts: no renewal, no refresh and no use makes a login fresh, and one that was
/// asked to last ("remember me") never is.
///
/// ```
/// use jam_core::fresh::RequireFresh;
/// use std::time::Duration;
///
/// let rule = RequireFresh::within(Duration::from_secs(300)).methods(["otp"]);
/// # let _ = rule;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RequireFresh {
    within: Option<Duration>,
    methods: Vec<String>,
}

/// Where no session policy says otherwise.
const DEFAULT: Duration = Duration::from_secs(300);

impl RequireFresh {
    /// Proven at most so long ago.
    pub fn within(max_age: Duration) -> Self {
        Self { within: Some(max_age), methods: Vec::new() }
    }

    /// Proven as lately as the session policy's `fresh_for` wants it.
    pub fn by_policy() -> Self {
        Self::default()
    }

    /// And by all of these methods, as `amr` names them (RFC 8176).
    pub fn methods<S: Into<String>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        self.methods = methods.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn wanted(&self, default: Option<Duration>) -> StepUp {
        StepUp { max_age: self.max_age(default), methods: self.methods.clone() }
    }

    fn max_age(&self, default: Option<Duration>) -> Duration {
        self.within.or(default).unwrap_or(DEFAULT)
    }

    pub(crate) fn is_met_by_record(
        &self,
        record: &Record,
        now: Duration,
        default: Option<Duration>,
    ) -> bool {
        let Some(authentication) = record.authentication() else { return false };
        !record.is_remembered()
            && self.is_met(authentication.at, &authentication.methods, now, default)
    }

    /// By `auth_time` and `amr` (OpenID Connect Core 1.0 §2); a token without them is never fresh.
    pub(crate) fn is_met_by_claims(
        &self,
        claims: &str,
        now: Duration,
        default: Option<Duration>,
    ) -> bool {
        #[derive(Deserialize)]
        struct Claims<'a> {
            #[serde(borrow)]
            auth_time: Option<&'a serde_json::value::RawValue>,
            #[serde(default)]
            amr: Vec<String>,
        }
        let Ok(claims) = serde_json::from_str::<Claims<'_>>(claims) else { return false };
        let at = claims.auth_time.and_then(|time| NumericDate::from_json_number(time.get()));
        at.is_some_and(|at| self.is_met(at.since_epoch(), &claims.amr, now, default))
    }

    fn is_met(
        &self,
        at: Duration,
        methods: &[String],
        now: Duration,
        default: Option<Duration>,
    ) -> bool {
        // A login in the future is no proof of anything.
        let age = now.checked_sub(at);
        age.is_some_and(|age| age <= self.max_age(default))
            && self.methods.iter().all(|wanted| methods.contains(wanted))
    }
}

/// What a login would have to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUp {
    /// At most so long ago.
    pub max_age: Duration,
    /// By these methods.
    pub methods: Vec<String>,
}
