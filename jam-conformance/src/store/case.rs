//! What a case is: an id, a sentence, and what is done to a store.

use std::fmt;

use jam_core::Error;
use jam_core::session::SessionHandle;

use super::stage::Stage;

/// One thing that every store has to do, under an id that never changes its meaning.
pub struct Case {
    id: &'static str,
    says: &'static str,
    pub(super) needs: Needs,
    pub(super) play: Play,
}

pub(super) type Play = fn(&Stage, &Hands<'_>) -> Result<(), Fault>;

/// What a case wants to have done to the store from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    Outage,
    BrokenRecords,
}

/// What only the store's author can do to it.
pub(super) struct Hands<'h> {
    pub(super) set_down: &'h dyn Fn(bool) -> Result<(), Fault>,
    pub(super) break_record: &'h dyn Fn(SessionHandle) -> Result<(), Fault>,
}

impl Case {
    pub(super) const fn new(id: &'static str, says: &'static str, play: Play) -> Self {
        Self { id, says, needs: Needs::Nothing, play }
    }

    pub(super) const fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// The name of the case, such as `swap.conflict`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What has to hold, in a sentence.
    #[must_use]
    pub fn says(&self) -> &'static str {
        self.says
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.says)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What is wrong.
#[derive(Debug)]
pub(super) struct Fault(String);

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(format!("it failed: {error:?}"))
    }
}

/// Holds, or is the fault that the rest says.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::store::case::Fault::new(format!($($text)+)));
        }
    };
}
pub(super) use ensure;
