//! What a guard asks of a request before it lets it through.

use std::sync::Arc;

use crate::flow::Flow;
use crate::fresh::RequireFresh;
use crate::redirect::LoginRedirect;
use crate::reject::Reject;
use crate::scope::ScopeRule;

/// A rule for the [current](Flow::current) request: what the guards of all adapters are made of.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    rule: Rule,
    fix: &'static str,
}

#[derive(Clone, Debug)]
enum Rule {
    Scope(Arc<ScopeRule>),
    Login(Arc<LoginRedirect>),
    Fresh(Arc<RequireFresh>),
}

impl Guard {
    /// Lets through whoever fulfils the rule: 401 without an identity, 403 without the scopes. `fix`
    /// says where the layer belongs that a request must have passed.
    #[must_use]
    pub fn scope(rule: ScopeRule, fix: &'static str) -> Self {
        Self { rule: Rule::Scope(Arc::new(rule)), fix }
    }

    /// Lets through whoever is logged in and sends the others to the login page with 303; a header
    /// that carries a bad credential is refused with 400 or 401.
    #[must_use]
    pub fn login(to: LoginRedirect, fix: &'static str) -> Self {
        Self { rule: Rule::Login(Arc::new(to)), fix }
    }

    /// Lets through whoever has proven lately who he is: 401 without an identity, and 401
    /// `insufficient_user_authentication` where the login is too long ago or not strong enough
    /// (RFC 9470 §3).
    #[must_use]
    pub fn fresh(rule: RequireFresh, fix: &'static str) -> Self {
        Self { rule: Rule::Fresh(Arc::new(rule)), fix }
    }

    /// Judges the request that is being answered here.
    ///
    /// # Errors
    ///
    /// Those of [`Flow::require`], [`Flow::require_login`] or [`Flow::require_fresh`], and
    /// [`RejectKind::MissingLayer`](crate::reject::RejectKind::MissingLayer).
    pub async fn admit(&self) -> Result<(), Reject> {
        let flow = Flow::ask(self.fix, Flow::clone)?;
        match &self.rule {
            Rule::Scope(rule) => flow.require(rule).await,
            Rule::Login(to) => flow.require_login(to).await,
            Rule::Fresh(rule) => flow.require_fresh(rule).await,
        }
    }
}
