//! Where the strings of a short document begin and end, found ahead of reading it: what is read next
//! need not wait for the end of what is read now.

use wide::u8x16;

/// The quotes of a document, in order.
pub(super) struct Quotes {
    /// A bit for each byte.
    marks: [u64; WORDS],
    /// Those that were not taken yet, of the word at this place.
    left: u64,
    at: usize,
}

const WORDS: usize = 16;
/// Bytes that a word of marks stands for.
const WORD: usize = 64;

impl Quotes {
    /// None for a document that is long, or has a backslash or a control character anywhere.
    pub(super) fn of(document: &[u8]) -> Option<Self> {
        if document.len() > WORDS * WORD {
            return None;
        }
        let mut marks = [0; WORDS];
        let mut special = u8x16::ZERO;
        let (words, rest) = document.as_chunks();
        for (mark, word) in marks.iter_mut().zip(words) {
            *mark = look(word, &mut special);
        }
        if let Some(mark) = marks.get_mut(words.len()) {
            let mut last = [b' '; WORD];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            *mark = look(&last, &mut special);
        }
        let [left, ..] = marks;
        (!special.any()).then_some(Self { marks, left, at: 0 })
    }

    /// The place of the next one.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            self.at += 1;
            self.left = *self.marks.get(self.at)?;
        }
        let place = usize::try_from(self.left.trailing_zeros()).unwrap_or_default();
        self.left &= self.left - 1;
        Some(self.at * WORD + place)
    }

    /// Goes on with those from this place.
    pub(super) fn seek(&mut self, place: usize) {
        self.at = place / WORD;
        let before = place % WORD;
        self.left = self.marks.get(self.at).map_or(0, |word| word & (u64::MAX << before));
    }
}

/// Marks the quotes, and notes in `special` what no string holds as it is.
#[inline(always)]
fn look(word: &[u8; WORD], special: &mut u8x16) -> u64 {
    let mut marks = 0;
    for (place, block) in word.as_chunks().0.iter().enumerate() {
        let block = u8x16::from(*block);
        // The lesser of a control character and the last of them is itself.
        *special |= block.simd_eq(block.min(u8x16::splat(0x1f)));
        *special |= block.simd_eq(u8x16::splat(b'\\'));
        let quotes = block.simd_eq(u8x16::splat(b'"')).to_bitmask();
        marks |= u64::from(quotes) << (place * 16);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(quotes: &mut Quotes) -> Vec<usize> {
        std::iter::from_fn(|| quotes.next()).collect()
    }

    #[test]
    fn each_byte_is_known_for_what_it_is_at_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..40 {
                let mut document = vec![b'x'; 40];
                document[place] = byte;
                let found = Quotes::of(&document).map(|mut quotes| all(&mut quotes));
                let expected = match byte {
                    b'"' => Some(vec![place]),
                    b'\\' | 0..0x20 => None,
                    _ => Some(Vec::new()),
                };
                assert_eq!(found, expected, "{byte} at {place}");
            }
        }
        assert!(Quotes::of(&[b'x'; 1024]).is_some());
        assert!(Quotes::of(&[b'x'; 1025]).is_none());
    }

    proptest! {
        #[test]
        fn all_are_found_in_order_from_anywhere(text in "[\"a]{0,1024}", from in 0..1100_usize) {
            let expected: Vec<_> = text.match_indices('"').map(|(place, _)| place).collect();
            let mut quotes = Quotes::of(text.as_bytes()).unwrap();
            prop_assert_eq!(&all(&mut quotes), &expected);
            quotes.seek(from);
            let rest: Vec<_> = expected.into_iter().filter(|place| *place >= from).collect();
            prop_assert_eq!(all(&mut quotes), rest);
        }
    }
}
