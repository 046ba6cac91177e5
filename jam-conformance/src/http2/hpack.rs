//! Header compression (RFC 7541), as little as a client of one test needs: what is sent is not
//! compressed, and the dynamic table of what is received has a size of zero.

use std::io;

use crate::wire::fault;

/// The names of the static table from its 15th entry on (appendix A).
const NAMES: [&str; 47] = [
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

/// The entries from the 8th to the 14th: `:status` with these values.
const STATUSES: [&str; 7] = ["200", "204", "206", "304", "400", "404", "500"];

/// Visible ASCII by the length of its code (appendix B). The code is canonical: within a length
/// the symbols are numbered in this order, and each length goes on where the one before ended.
const CODES: [(u32, &[u8]); 12] = [
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\0$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, b"\\\xc3\xd0"),
    (20, b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2"),
];

/// A field that no table learns: two plain strings (§6.2.2).
pub(super) fn encode(name: &[u8], value: &[u8], block: &mut Vec<u8>) {
    block.push(0);
    for text in [name, value] {
        encode_length(text.len(), block);
        block.extend(text);
    }
}

/// An integer with a prefix of seven bits (§5.1).
fn encode_length(length: usize, block: &mut Vec<u8>) {
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    if length < 127 {
        block.push(byte(length));
        return;
    }
    block.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        block.push(byte(rest % 128 + 128));
        rest /= 128;
    }
    block.push(byte(rest));
}

/// The fields of a block, in order.
pub(super) fn decode(mut block: &[u8]) -> io::Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    while let Some(&first) = block.first() {
        let (name_bits, is_whole) = match first {
            0x80.. => (7, true),
            0x40.. => (6, false),
            0x20.. => {
                // A change of the dynamic table's size: it stays at zero.
                integer(&mut block, 5)?;
                continue;
            }
            _ => (4, false),
        };
        let (name, value) = match integer(&mut block, name_bits)? {
            0 => (string(&mut block)?, None),
            index => entry(index)?,
        };
        let value = match value {
            Some(value) if is_whole => value,
            _ => string(&mut block)?,
        };
        fields.push((name, value));
    }
    Ok(fields)
}

fn entry(index: usize) -> io::Result<(String, Option<String>)> {
    let status = index.checked_sub(8).and_then(|at| STATUSES.get(at));
    let name = index.checked_sub(15).and_then(|at| NAMES.get(at));
    match (status, name) {
        (Some(status), _) => Ok((":status".to_owned(), Some((*status).to_owned()))),
        (None, Some(name)) => Ok(((*name).to_owned(), Some(String::new()))),
        (None, None) => Err(fault("an index that no answer has")),
    }
}

fn integer(block: &mut &[u8], bits: u32) -> io::Result<usize> {
    let mask = (1_usize << bits) - 1;
    let mut number = usize::from(byte(block)?) & mask;
    if number < mask {
        return Ok(number);
    }
    for shift in [0, 7, 14] {
        let next = usize::from(byte(block)?);
        number += (next & 127) << shift;
        if next < 128 {
            return Ok(number);
        }
    }
    Err(fault("an integer that is too large"))
}

fn byte(block: &mut &[u8]) -> io::Result<u8> {
    let (&first, rest) = block.split_first().ok_or_else(|| fault("a block that ends too early"))?;
    *block = rest;
    Ok(first)
}

fn string(block: &mut &[u8]) -> io::Result<String> {
    let is_coded = block.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer(block, 7)?;
    let (text, rest) =
        block.split_at_checked(length).ok_or_else(|| fault("a string that ends too early"))?;
    *block = rest;
    let text = if is_coded { decompress(text)? } else { text.to_vec() };
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Huffman's code, bit by bit; what is left over is padding of ones (§5.2).
fn decompress(coded: &[u8]) -> io::Result<Vec<u8>> {
    let bits = coded.iter().flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1)));
    let (mut text, mut code, mut length) = (Vec::new(), 0, 0);
    for bit in bits {
        (code, length) = (code << 1 | bit, length + 1);
        if let Some(symbol) = symbol(code, length) {
            text.push(symbol);
            (code, length) = (0, 0);
        } else if length > 20 {
            return Err(fault("a byte that no header of ours has"));
        }
    }
    if length > 7 || code + 1 != 1 << length {
        return Err(fault("a string with odd padding"));
    }
    Ok(text)
}

fn symbol(code: u32, length: u32) -> Option<u8> {
    let (mut first, mut before) = (0_u32, 0);
    for (of, symbols) in CODES {
        first <<= of - before;
        before = of;
        if of == length {
            return symbols.get(usize::try_from(code.checked_sub(first)?).ok()?).copied();
        }
        first += u32::try_from(symbols.len()).unwrap_or(u32::MAX);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes from hexadecimal digits, as the RFC's examples have them.
    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    fn fields(hex: &str) -> String {
        let fields = decode(&bytes(hex)).unwrap();
        fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    const ANSWER: &str = ":status: 302\ncache-control: private\n\
                          date: Mon, 21 Oct 2013 20:13:21 GMT\n\
                          location: https://www.example.com\n";

    #[test]
    fn the_plain_answer_of_appendix_c_5_1_is_read() {
        let hex = "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 \
                   2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 \
                   6c65 2e63 6f6d";
        assert_eq!(fields(hex), ANSWER);
    }

    #[test]
    fn the_compressed_answer_of_appendix_c_6_1_is_read() {
        let hex = "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 \
                   2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
        assert_eq!(fields(hex), ANSWER);
    }

    #[test]
    fn statuses_of_the_table_and_changes_of_its_size_are_read() {
        assert_eq!(
            fields("20 88 8d 8e 8c"),
            ":status: 200\n:status: 404\n:status: 500\n:status: 400\n"
        );
        assert_eq!(fields("3fe11f 89"), ":status: 204\n");
    }

    #[test]
    fn every_visible_character_has_its_code() {
        // The codes of appendix B for one symbol of each length, and the first and last ones.
        for (symbol_, code, length) in [
            (b'0', 0x0, 5),
            (b't', 0x9, 5),
            (b' ', 0x14, 6),
            (b'u', 0x2d, 6),
            (b':', 0x5c, 7),
            (b'z', 0x7b, 7),
            (b'&', 0xf8, 8),
            (b'Z', 0xfd, 8),
            (b'!', 0x3f8, 10),
            (b'?', 0x3fc, 10),
            (b'\'', 0x7fa, 11),
            (b'#', 0xffa, 12),
            (b'$', 0x1ff9, 13),
            (b'~', 0x1ffd, 13),
            (b'^', 0x3ffc, 14),
            (b'<', 0x7ffc, 15),
            (b'{', 0x7ffe, 15),
            (b'\\', 0x7fff0, 19),
        ] {
            assert_eq!(symbol(code, length), Some(symbol_), "{}", char::from(symbol_));
        }
        let coded: Vec<u8> = CODES.iter().flat_map(|(_, symbols)| *symbols).copied().collect();
        assert!((b' '..=b'~').all(|visible| coded.contains(&visible)));
    }

    #[test]
    fn what_is_broken_is_refused() {
        for hex in ["48", "4803 33", "be", "c0", "ff ff ff ff ff", "0082 ffff", "0081 00 00"] {
            decode(&bytes(hex)).unwrap_err();
        }
    }

    #[test]
    fn a_field_is_written_plainly_whatever_its_length() {
        for length in [0, 1, 126, 127, 128, 255, 5000] {
            let mut block = Vec::new();
            let value = "v".repeat(length);
            encode(b"x-token", value.as_bytes(), &mut block);
            assert_eq!(decode(&block).unwrap(), [("x-token".to_owned(), value)]);
        }
    }
}
