//! Rules about the scopes that a credential grants.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::jwt::{Audience, Text};

/// Which scopes a route asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRule {
    scopes: Vec<String>,
    needs: Needs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    All,
    Any,
}

impl ScopeRule {
    /// All of these. With none, any identity will do.
    pub fn all_of<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self { scopes: scopes.into_iter().map(Into::into).collect(), needs: Needs::All }
    }

    /// At least one of these. With none, nothing will do.
    pub fn any_of<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self { scopes: scopes.into_iter().map(Into::into).collect(), needs: Needs::Any }
    }

    /// Whether the granted scopes satisfy the rule. Scopes are compared with case (RFC 6749 §3.3).
    pub fn is_met_by<S: AsRef<str>>(&self, granted: &[S]) -> bool {
        let has = |scope: &String| granted.iter().any(|g| g.as_ref() == scope);
        match self.needs {
            Needs::All => self.scopes.iter().all(has),
            Needs::Any => self.scopes.iter().any(has),
        }
    }

    /// The scopes, separated by spaces, as the challenge names them (RFC 6750 §3).
    pub(crate) fn named(&self) -> String {
        self.scopes.join(" ")
    }
}

/// The scopes that a claims set grants: those of `scope` (RFC 8693 §4.2: one string, split at
/// spaces), `scopes` and `permissions`, each of which may be a string or an array of strings. Of any
/// other JSON type, a claim grants nothing.
pub(crate) fn scopes_of(claims: &str) -> Vec<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Scopes<'a> {
        #[serde(borrow)]
        scope: Option<&'a RawValue>,
        #[serde(borrow)]
        scopes: Option<&'a RawValue>,
        #[serde(borrow)]
        permissions: Option<&'a RawValue>,
    }
    let Ok(found) = serde_json::from_str::<Scopes<'_>>(claims) else { return Vec::new() };
    let mut granted = Vec::new();
    for claim in [found.scope, found.scopes, found.permissions].into_iter().flatten() {
        match serde_json::from_str(claim.get()) {
            Ok(Audience::One(Text(Cow::Borrowed(text)))) => {
                granted.extend(words(text).map(Cow::Borrowed));
            }
            Ok(Audience::One(Text(Cow::Owned(text)))) => {
                granted.extend(words(&text).map(|scope| Cow::Owned(scope.to_owned())));
            }
            Ok(Audience::Many(many)) => granted.extend(many.into_iter().map(|Text(scope)| scope)),
            Err(_) => {}
        }
    }
    granted
}

/// Scope names are separated by spaces, and by nothing else (RFC 6749 §3.3).
fn words(scope: &str) -> impl Iterator<Item = &str> {
    scope.split(' ').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_wants_each_and_any_of_wants_one() {
        let all = ScopeRule::all_of(["read", "write"]);
        assert!(all.is_met_by(&["write", "read", "x"]));
        assert!(!all.is_met_by(&["read", "WRITE"]));
        let any = ScopeRule::any_of(["read", "write"]);
        assert!(any.is_met_by(&["write"]));
        assert!(!any.is_met_by(&["admin"]));
        assert!(ScopeRule::all_of(Vec::<String>::new()).is_met_by::<&str>(&[]));
        assert!(!ScopeRule::any_of(Vec::<String>::new()).is_met_by(&["admin"]));
    }
}
