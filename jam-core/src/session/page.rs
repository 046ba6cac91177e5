//! All sessions, a page at a time.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// Some of all sessions, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In the store's own order.
    pub sessions: Vec<T>,
    /// Where the next page begins; none after the last one.
    pub next: Option<Cursor>,
}

/// Where a page ended, in the store's own terms. No secret; its text of 32 hexadecimal digits may
/// stand in a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor(u128);

impl Cursor {
    /// A place of a store's.
    #[must_use]
    pub fn new(place: u128) -> Self {
        Self(place)
    }

    /// The place.
    #[must_use]
    pub fn get(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] for anything but 32 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let is_one = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one
            .then(|| u128::from_str_radix(text, 16).ok().map(Self))
            .flatten()
            .ok_or_else(|| ErrorKind::Malformed.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g15_a_cursor_is_read_as_it_is_written_and_nothing_else() {
        for place in [0, 1, u128::MAX] {
            let cursor = Cursor::new(place);
            assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor));
        }
        for text in ["", "0", "+0000000000000000000000000000000", &"g".repeat(32), &"0".repeat(33)]
        {
            assert_eq!(text.parse::<Cursor>().unwrap_err().kind(), ErrorKind::Malformed, "{text}");
        }
    }
}
