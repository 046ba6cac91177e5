//! The payload that the reference applications ask the identity for.

use serde::Deserialize;
use serde_json::Value;

/// The members that name the user; whatever else a payload holds is passed over.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    sub: Option<String>,
    user: Option<Value>,
}

impl Claims {
    /// The user as it stands in answers: `sub`, or else the `user` claim as it is, or `null`.
    pub(crate) fn user(&self) -> Value {
        match &self.sub {
            Some(subject) => Value::from(subject.as_str()),
            None => self.user.clone().unwrap_or_default(),
        }
    }
}
