//! What a flow keeps of its request.

use std::ops::Range;

use arrayvec::ArrayVec;

use crate::request::RequestView;

/// Texts being copied out of a request, one behind the other: on the stack while they are of
/// ordinary length together, until the flow is made with as much room as they take.
#[derive(Default)]
pub(super) struct Copied {
    short: ArrayVec<u8, 640>,
    /// All of them, where they are not.
    long: Option<Vec<u8>>,
}

/// The place of one of them.
pub(super) type Place = Range<u32>;

/// The texts of a flow.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'f>(pub(super) &'f [u8]);

impl<'f> Texts<'f> {
    pub(super) fn len(self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn get(self, place: &Place) -> &'f [u8] {
        let index = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        self.0.get(index(place.start)..index(place.end)).unwrap_or_default()
    }
}

impl Copied {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.long.as_deref().unwrap_or(&self.short)
    }

    pub(super) fn len(&self) -> u32 {
        Texts(self.as_bytes()).len()
    }

    /// Copies a text that is there in parts. None for gigabytes, which no request has.
    #[inline]
    pub(super) fn keep(&mut self, parts: &[&[u8]]) -> Option<Place> {
        let start = self.len();
        for part in parts {
            if self.long.is_some() || self.short.try_extend_from_slice(part).is_err() {
                self.long.get_or_insert_with(|| self.short.to_vec()).extend_from_slice(part);
            }
        }
        (self.len() < u32::MAX).then_some(start..self.len())
    }

    /// Where a login leads back to; nothing for a request that must not be repeated as GET.
    pub(super) fn keep_target(&mut self, view: &dyn RequestView) {
        if !matches!(view.method(), "GET" | "HEAD") {
            return;
        }
        _ = match view.query() {
            Some(query) => self.keep(&[view.path().as_bytes(), b"?", query.as_bytes()]),
            None => self.keep(&[view.path().as_bytes()]),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_whether_they_fit_or_not() {
        let mut copied = Copied::default();
        let long = "x".repeat(2000);
        let places: Vec<_> = ["token", "", &long, "/path"]
            .iter()
            .map(|text| (*text, copied.keep(&[text.as_bytes()]).unwrap()))
            .collect();
        let parts = copied.keep(&[b"/a", b"?", b"b=1"]).unwrap();
        let texts = Texts(copied.as_bytes());
        for (text, place) in places {
            assert_eq!(texts.get(&place), text.as_bytes());
        }
        assert_eq!(texts.get(&parts), b"/a?b=1");
    }

    /// glibc and others keep free blocks of up to 1032 bytes at hand.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn a_flow_with_a_token_fits_into_what_allocators_hand_out_fast() {
        let (counters, token_and_path) = (2 * size_of::<usize>(), 640);
        let inner = size_of::<super::super::Inner>();
        assert!(inner + counters + token_and_path <= 1032);
        // What is copied without a loop.
        assert!(inner + size_of::<usize>() <= 256, "{inner}");
    }
}
