//! The client's side of a WebSocket (RFC 6455), as far as an echo needs it.

use std::io::{self, Read};

/// The key that cases send and the accept that it makes: the example of RFC 6455 §1.3.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// One whole message in one frame, masked as a client has to. At most 125 bytes.
pub(crate) fn frame(opcode: u8, message: &[u8]) -> Vec<u8> {
    debug_assert!(message.len() < 126, "cases send short messages");
    let length = u8::try_from(message.len()).unwrap_or(125);
    let mut frame = vec![0x80 | opcode, 0x80 | length];
    frame.extend(MASK);
    frame.extend(message.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The next message of the server, with its opcode; pings and pongs are passed over.
pub(crate) fn read_message(reader: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    loop {
        let mut head = [0; 2];
        reader.read_exact(&mut head)?;
        let [first, length] = head;
        // Echoes of short messages need no continuation, no extended length and no mask.
        if first & 0xf0 != 0x80 || length > 125 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "not the frame of a short message",
            ));
        }
        let mut message = vec![0; usize::from(length)];
        reader.read_exact(&mut message)?;
        let opcode = first & 0x0f;
        if opcode != PING && opcode != PONG {
            return Ok((opcode, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_masked() {
        // The masked "Hello" of RFC 6455 §5.7.
        let expected = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(frame(TEXT, b"Hello"), expected);
    }

    #[test]
    fn messages_are_read_and_pings_passed_over() {
        let mut bytes: &[u8] = b"\x89\x01p\x81\x05Hello\x82\x00\x88\x02\x03\xe8";
        assert_eq!(read_message(&mut bytes).unwrap(), (TEXT, b"Hello".to_vec()));
        assert_eq!(read_message(&mut bytes).unwrap(), (BINARY, Vec::new()));
        assert_eq!(read_message(&mut bytes).unwrap(), (CLOSE, vec![3, 0xe8]));
        read_message(&mut bytes).unwrap_err();
    }

    #[test]
    fn what_is_no_short_frame_is_refused() {
        for bytes in [&b"\x01\x01a"[..], b"\x81\x85abcdHello", b"\x81\x7e\x01\x00", b"HT"] {
            read_message(&mut &*bytes).unwrap_err();
        }
    }
}
