//! Which text a JSON string holds as it is, eight bytes at a time.

const ONES: u64 = u64::MAX / 0xff;
/// Seven plain bytes above one.
const ALONE: u64 = (ONES << 8) * 0x40;

/// Marks quotes, backslashes and control characters by their high bits. The lowest mark is right;
/// there may be others above it that are not.
#[inline]
fn marks(word: u64) -> u64 {
    // With the bit of 2 turned, the quote comes right after the control characters. A subtraction
    // borrows from the bytes above one that is rightly marked, and from no others.
    let quote_or_control = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & (ONES << 7)
}

/// How many bytes stand before the first quote, backslash or control character: what a JSON string
/// holds as it is.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let mut passed = 0;
    let (words, rest) = bytes.as_chunks();
    for word in words {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return passed + usize::try_from(marks.trailing_zeros() / 8).unwrap_or_default();
        }
        passed += 8;
    }
    passed + rest.iter().position(|&byte| marks(ALONE | u64::from(byte)) != 0).unwrap_or(rest.len())
}

/// Whether a JSON string holds this text as it is.
#[inline]
pub(crate) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let found = match (bytes.first_chunk(), bytes.last_chunk(), bytes.last_chunk()) {
        (.., Some(last)) => {
            let words = bytes.as_chunks().0.iter().map(|word| marks(u64::from_le_bytes(*word)));
            words.fold(marks(u64::from_le_bytes(*last)), |found, marks| found | marks)
        }
        (Some(first), Some(last), None) => {
            let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
            marks(first | (last << 32))
        }
        _ => bytes.iter().fold(0, |found, &byte| found | marks(ALONE | u64::from(byte))),
    };
    found == 0
}

/// The number that eight digits stand for.
#[inline]
pub(super) fn eight_digits(digits: &[u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(*digits);
    let (low, high) = (word.wrapping_sub(ONES * 0x30), word.wrapping_add(ONES * 0x46));
    if (low | high) & (ONES << 7) != 0 {
        return None;
    }
    // Neighbours are joined: digits to pairs, pairs to fours, fours to eight.
    let pairs = low.wrapping_mul(10).wrapping_add(low >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one_by_one(bytes: &[u8]) -> usize {
        let special = |byte: &u8| *byte < 0x20 || [b'"', b'\\'].contains(byte);
        bytes.iter().position(special).unwrap_or(bytes.len())
    }

    #[test]
    fn each_byte_is_found_at_each_place_of_a_word() {
        for byte in 0..=u8::MAX {
            for (before, after) in (0..20).flat_map(|n| [(n, 0), (n, 3), (n, 9)]) {
                let filling = if byte % 2 == 0 { b' ' } else { b'#' };
                let bytes = [vec![filling; before], vec![byte], vec![0xff; after]].concat();
                assert_eq!(plain_len(&bytes), one_by_one(&bytes), "{bytes:?}");
            }
        }
    }

    #[test]
    fn each_byte_is_a_digit_or_none_at_each_place_of_eight() {
        for (place, byte) in (0..8).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
            for filling in [b'0', b'7', b'9'] {
                let mut digits = [filling; 8];
                digits[place] = byte;
                let read = digits.iter().all(u8::is_ascii_digit);
                let read = read.then(|| str::from_utf8(&digits).unwrap().parse().unwrap());
                assert_eq!(eight_digits(&digits), read, "{digits:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_and_single_bytes_agree(text in "[\"\\\\!#\\[\\]\u{1f}\u{20}\u{0}\u{7f}\u{80}\u{ff}a-c\u{1f600}]{0,40}") {
            let length = one_by_one(text.as_bytes());
            prop_assert_eq!(plain_len(text.as_bytes()), length);
            prop_assert_eq!(is_plain(&text), length == text.len());
        }
    }
}
