//! Whether an object names a member twice.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Name, RESERVED};

/// The member names of one object so far: a few in place, many in a set, so that no document
/// makes the search quadratic.
#[derive(Default)]
pub(super) struct Names<'a> {
    prints: Prints,
    /// As many as there are prints.
    few: [&'a str; Prints::MOST],
    many: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    /// Adds a name; false when it was there.
    #[inline]
    pub(super) fn insert(&mut self, name: &'a str) -> bool {
        match self.few.get_mut(self.prints.count) {
            Some(slot) if self.prints.add(fingerprint(name.as_bytes())) => {
                *slot = name;
                true
            }
            _ => self.insert_slowly(Cow::Borrowed(name)),
        }
    }

    pub(super) fn insert_any(&mut self, name: &Name<'a>) -> bool {
        match name {
            Name::Plain(name) => self.insert(name),
            Name::Escaped(name) => self.insert_slowly(Cow::Owned(name.to_string())),
        }
    }

    #[cold]
    fn insert_slowly(&mut self, name: Cow<'a, str>) -> bool {
        let known = self.few.get(..self.prints.count).unwrap_or_default();
        if self.many.is_none() && known.contains(&&*name) {
            return false;
        }
        // From here on every name goes the slow way, into the set.
        self.prints.count = Prints::MOST;
        let many =
            self.many.get_or_insert_with(|| known.iter().copied().map(Cow::Borrowed).collect());
        many.insert(name)
    }
}

/// Fingerprints of the first member names of one object, hashed by themselves: one or two of them
/// are looked at, and none that was written a moment ago as part of something larger.
#[derive(Default)]
pub(crate) struct Prints {
    places: [u16; 2 * Self::MOST],
    count: usize,
}

impl Prints {
    const MOST: usize = 16;

    /// Adds a fingerprint; false when it was there, or when there is no room.
    #[inline]
    fn add(&mut self, print: u16) -> bool {
        if self.count == Self::MOST {
            return false;
        }
        let mut place = usize::from(print >> 1);
        // Half of the places are empty at least.
        while let Some(slot) = self.places.get_mut(place % (2 * Self::MOST)) {
            match *slot {
                0 => {
                    *slot = print;
                    self.count += 1;
                    return true;
                }
                known if known == print => return false,
                _ => place += 1,
            }
        }
        false
    }

    /// Adds a name; true when it is certainly new, and not reserved.
    #[inline]
    pub(crate) fn insert(&mut self, name: &str) -> bool {
        !name.starts_with(RESERVED) && self.add(fingerprint(name.as_bytes()))
    }
}

/// A hash of the length and of the first and last eight bytes; never 0, which stands for an empty
/// place.
#[inline]
fn fingerprint(name: &[u8]) -> u16 {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let half = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    let content = if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        word(first) ^ word(last).rotate_left(23)
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        half(first) | (half(last) << 32)
    } else {
        name.iter().fold(1, |word, &byte| (word << 8) | u64::from(byte))
    };
    let length = u64::try_from(name.len()).unwrap_or_default() << 56;
    let mixed = (content ^ length).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u16::try_from(mixed >> 48).unwrap_or_default() | 1
}
