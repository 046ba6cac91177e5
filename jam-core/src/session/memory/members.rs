//! The members of an owner.

use crate::session::SessionHandle;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct OwnerKey(pub(super) [u64; 2]);

/// An owner's sessions: one as a rule, which needs no list.
pub(super) enum Members {
    One(SessionHandle),
    Many(Vec<SessionHandle>),
}

impl Default for Members {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Members {
    pub(super) fn add(&mut self, handle: SessionHandle) {
        match self {
            Self::Many(many) if many.is_empty() => *self = Self::One(handle),
            Self::Many(many) if many.contains(&handle) => {}
            Self::Many(many) => many.push(handle),
            Self::One(one) if *one == handle => {}
            Self::One(one) => *self = Self::Many(vec![*one, handle]),
        }
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(SessionHandle) -> bool) {
        match self {
            Self::One(one) => {
                if !keep(*one) {
                    *self = Self::default();
                }
            }
            Self::Many(many) => many.retain(|member| keep(*member)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Many(many) if many.is_empty())
    }

    pub(super) fn to_vec(&self) -> Vec<SessionHandle> {
        match self {
            Self::One(one) => vec![*one],
            Self::Many(many) => many.clone(),
        }
    }
}
