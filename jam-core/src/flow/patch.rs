//! What an adapter does to an answer.

use std::borrow::Cow;
use std::fmt;

use crate::reject::RejectResponse;

/// What an adapter does to the answer.
#[derive(Debug, Default)]
#[must_use = "a patch that is not applied loses the credential it hands out"]
pub struct ResponsePatch {
    pub(super) replacement: Option<RejectResponse>,
    pub(super) headers: Vec<PatchHeader>,
}

impl ResponsePatch {
    /// An answer to be sent instead of the handler's, of which nothing remains.
    pub fn replacement(&mut self) -> Option<RejectResponse> {
        self.replacement.take()
    }

    /// Headers to put on the answer, in order.
    pub fn headers(&self) -> impl Iterator<Item = &PatchHeader> {
        self.headers.iter()
    }
}

/// One header of a [`ResponsePatch`].
pub struct PatchHeader {
    /// The name, in lower case.
    pub name: String,
    /// The value, visible ASCII.
    pub value: String,
    /// How it meets what the handler set.
    pub op: HeaderOp,
}

impl PatchHeader {
    pub(super) fn new(name: &str, value: &str, op: HeaderOp) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), op }
    }

    /// The value to be written where the answer has these lines already. For
    /// [`HeaderOp::MergeList`]: one line with the members of those and the ones of this header that
    /// they lack, compared without case. `*` covers all others (RFC 9110 §12.5.5).
    #[must_use]
    pub fn beside<'a>(&'a self, lines: impl IntoIterator<Item = &'a [u8]>) -> Cow<'a, [u8]> {
        if self.op != HeaderOp::MergeList {
            return self.value.as_bytes().into();
        }
        let mut list: Vec<&[u8]> = Vec::new();
        let lines = lines.into_iter().chain([self.value.as_bytes()]);
        let members = lines.flat_map(|line| line.split(|byte| *byte == b','));
        for member in members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty()) {
            if !list.iter().any(|known| *known == b"*" || known.eq_ignore_ascii_case(member)) {
                list.push(member);
            }
        }
        list.join(&b", "[..]).into()
    }
}

impl fmt::Debug for PatchHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchHeader")
            .field("name", &self.name)
            .field("op", &self.op)
            .finish_non_exhaustive()
    }
}

/// How a header meets what the handler set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderOp {
    /// Beside whatever is there.
    Append,
    /// In place of whatever is there.
    Set,
    /// The handler's list, extended by the members it lacks (`Vary`), in place of what is there:
    /// [`PatchHeader::beside`].
    MergeList,
}
