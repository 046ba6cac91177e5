//! A connection of HTTP/2 (RFC 9113) by prior knowledge: requests side by side, each in a stream
//! of its own.

mod hpack;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use crate::wire::{self, Answer, fault};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// `SETTINGS_HEADER_TABLE_SIZE` and `SETTINGS_ENABLE_PUSH`, both 0 (§6.5.2).
const OUR_SETTINGS: &[u8] = &[0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// What everyone may send in a frame (§4.2). As long as all answers together fit into the windows
/// that a connection begins with, nobody has to widen them.
const MAX_FRAME: usize = 16_384;

/// A connection on which both sides speak HTTP/2.
pub(crate) struct Connection<S> {
    stream: S,
    asked: u32,
    answers: BTreeMap<u32, Partial>,
}

/// An answer as far as it has come.
#[derive(Default)]
struct Partial {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    block: Vec<u8>,
    ended: bool,
    reset: bool,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

/// Connects; none if the server does not speak HTTP/2.
pub(crate) fn open(address: SocketAddr) -> io::Result<Option<Connection<impl Read + Write>>> {
    Connection::begin(wire::connect(address)?)
}

impl<S: Read + Write> Connection<S> {
    fn begin(stream: S) -> io::Result<Option<Self>> {
        let mut connection = Self { stream, asked: 0, answers: BTreeMap::new() };
        // In one piece: a server of HTTP/1 may hang up after the preface.
        connection.stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, OUR_SETTINGS)].concat())?;
        match connection.receive() {
            Ok(frame) if frame.kind == SETTINGS && frame.flags & ACK == 0 => {
                connection.send(SETTINGS, ACK, 0, &[])?;
                Ok(Some(connection))
            }
            Err(error) if wire::timed_out(&error) => Err(error),
            // An answer of HTTP/1, or the connection's end.
            _ => Ok(None),
        }
    }

    /// Sends a request, which is written as in HTTP/1.1, and returns the number of its stream.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<u32> {
        let stream = 2 * self.asked + 1;
        self.asked += 1;
        let (block, body) = translate(request)?;
        let mut chunks = block.chunks(MAX_FRAME).peekable();
        let mut kind = HEADERS;
        while let Some(chunk) = chunks.next() {
            let mut flags = if chunks.peek().is_none() { END_HEADERS } else { 0 };
            if kind == HEADERS && body.is_empty() {
                flags |= END_STREAM;
            }
            self.send(kind, flags, stream, chunk)?;
            kind = CONTINUATION;
        }
        if !body.is_empty() {
            self.send(DATA, END_STREAM, stream, body)?;
        }
        Ok(stream)
    }

    /// The answer in this stream, complete; none when the server gives the stream up instead.
    pub(crate) fn answer(&mut self, stream: u32) -> io::Result<Option<Answer>> {
        while !self.answers.get(&stream).is_some_and(|partial| partial.ended || partial.reset) {
            let frame = self.receive()?;
            self.take(frame)?;
        }
        let partial = self.answers.remove(&stream).filter(|partial| !partial.reset);
        Ok(partial.map(|Partial { status, headers, body, .. }| Answer { status, headers, body }))
    }

    fn take(&mut self, frame: Frame) -> io::Result<()> {
        let Frame { kind, flags, stream, ref payload } = frame;
        match kind {
            SETTINGS if flags & ACK == 0 => return self.send(SETTINGS, ACK, 0, &[]),
            PING if flags & ACK == 0 => return self.send(PING, ACK, 0, payload),
            GOAWAY => return Err(fault("the server ends the connection")),
            DATA | HEADERS | CONTINUATION | RST_STREAM => {}
            _ => return Ok(()),
        }
        let partial = self.answers.entry(stream).or_default();
        match kind {
            RST_STREAM => partial.reset = true,
            DATA => partial.body.extend(content(&frame)?),
            _ => partial.block.extend(content(&frame)?),
        }
        if matches!(kind, DATA | HEADERS) {
            partial.ended = flags & END_STREAM != 0;
        }
        if matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS != 0 {
            partial.read_block()?;
        }
        Ok(())
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&frame(kind, flags, stream, payload))
    }

    fn receive(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
        if length > MAX_FRAME {
            return Err(fault("a frame that is longer than agreed"));
        }
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        Ok(Frame { kind, flags, stream: u32::from_be_bytes(stream) & !(1 << 31), payload })
    }
}

impl Partial {
    /// A block that is complete: the headers, those of an interim answer, or trailers.
    fn read_block(&mut self) -> io::Result<()> {
        let fields = hpack::decode(&std::mem::take(&mut self.block))?;
        let status = fields.iter().find(|(name, _)| name == ":status");
        let Some((_, status)) = status else { return Ok(()) };
        let status = status.parse().map_err(|_| fault("a status that is no number"))?;
        if status >= 200 {
            self.status = status;
            self.headers = fields.into_iter().filter(|(name, _)| !name.starts_with(':')).collect();
        }
        Ok(())
    }
}

/// A frame (§4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The payload without padding and priority (§6.1, §6.2).
fn content(frame: &Frame) -> io::Result<&[u8]> {
    let mut payload = frame.payload.as_slice();
    let mut padding = 0;
    if matches!(frame.kind, DATA | HEADERS) && frame.flags & PADDED != 0 {
        let (&length, rest) =
            payload.split_first().ok_or_else(|| fault("an empty padded frame"))?;
        (padding, payload) = (usize::from(length), rest);
    }
    if frame.kind == HEADERS && frame.flags & PRIORITY != 0 {
        payload = payload.get(5..).unwrap_or_default();
    }
    let length = payload.len().checked_sub(padding);
    length.and_then(|length| payload.get(..length)).ok_or_else(|| fault("more padding than frame"))
}

/// The fields of a request that is written as in HTTP/1.1, as a block, and its body (§8.3.1).
fn translate(request: &[u8]) -> io::Result<(Vec<u8>, &[u8])> {
    let broken = || fault("this request cannot be asked in HTTP/2");
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(broken)?;
    let (head, body) = request.split_at_checked(end).ok_or_else(broken)?;
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut words = lines.next().unwrap_or_default().split(|&byte| byte == b' ');
    let (method, target) = words.next().zip(words.next()).ok_or_else(broken)?;
    let mut block = Vec::new();
    hpack::encode(b":method", method, &mut block);
    hpack::encode(b":scheme", b"http", &mut block);
    hpack::encode(b":path", target, &mut block);
    for line in lines {
        let colon = line.iter().position(|&byte| byte == b':').ok_or_else(broken)?;
        let (name, value) = line.split_at_checked(colon).ok_or_else(broken)?;
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        match name.to_ascii_lowercase().as_slice() {
            b"host" => hpack::encode(b":authority", value, &mut block),
            name => hpack::encode(name, value, &mut block),
        }
    }
    Ok((block, body.strip_prefix(b"\r\n\r\n").unwrap_or(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that has said everything beforehand.
    struct Script {
        said: io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.said.read(buffer)
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A connection whose server says these frames behind its settings.
    fn connection(frames: &[Vec<u8>]) -> Connection<Script> {
        let said = [frame(SETTINGS, 0, 0, &[]), frames.concat()].concat();
        let script = Script { said: io::Cursor::new(said), heard: Vec::new() };
        Connection::begin(script).unwrap().unwrap()
    }

    const GET: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: jam.test\r\nX-Token: abc\r\n\r\n";
    /// `:status: 200` and `:status: 404`.
    const OK: &[u8] = &[0x88];
    const MISSING: &[u8] = &[0x8d];

    #[test]
    fn answers_are_told_apart_by_their_streams() {
        let mut connection = connection(&[
            frame(HEADERS, END_HEADERS, 3, MISSING),
            frame(HEADERS, END_HEADERS, 1, OK),
            frame(DATA, 0, 1, b"o"),
            frame(DATA, END_STREAM, 3, b"missing"),
            frame(DATA, END_STREAM, 1, b"ne"),
        ]);
        let (first, second) = (connection.ask(GET).unwrap(), connection.ask(GET).unwrap());
        assert_eq!((first, second), (1, 3));
        let first = connection.answer(first).unwrap().unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, &b"one"[..]));
        let second = connection.answer(second).unwrap().unwrap();
        assert_eq!((second.status, second.body.as_slice()), (404, &b"missing"[..]));
        connection.answer(5).unwrap_err();
    }

    #[test]
    fn blocks_in_pieces_padding_and_interim_answers_are_read() {
        let mut field = Vec::new();
        hpack::encode(b"vary", b"cookie", &mut field);
        let (start, end) = field.split_at(3);
        let mut interim = Vec::new();
        hpack::encode(b":status", b"103", &mut interim);
        let mut connection = connection(&[
            frame(PING, 0, 0, b"12345678"),
            frame(HEADERS, END_HEADERS, 1, &interim),
            frame(
                HEADERS,
                PADDED | PRIORITY,
                1,
                &[&[2, 0, 0, 0, 0, 16], OK, start, b"\0\0"].concat(),
            ),
            frame(CONTINUATION, END_HEADERS, 1, end),
            frame(DATA, PADDED | END_STREAM, 1, b"\x01body\0"),
        ]);
        let answer = connection.answer(1).unwrap().unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers, [("vary".to_owned(), "cookie".to_owned())]);
        assert_eq!(answer.body, b"body");
        let heard = connection.stream.heard;
        assert!(heard.ends_with(&frame(PING, ACK, 0, b"12345678")), "{heard:?}");
    }

    #[test]
    fn a_stream_that_is_given_up_has_no_answer() {
        let mut connection = connection(&[frame(RST_STREAM, 0, 1, &[0; 4])]);
        assert_eq!(connection.answer(1).unwrap(), None);
    }

    #[test]
    fn the_end_of_the_connection_is_an_error() {
        let mut connection = connection(&[frame(GOAWAY, 0, 0, &[0; 8])]);
        connection.answer(1).unwrap_err();
    }

    #[test]
    fn a_server_of_http_1_is_recognized() {
        for said in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
            let script = Script { said: io::Cursor::new(said.to_vec()), heard: Vec::new() };
            assert!(Connection::begin(script).unwrap().is_none());
        }
    }

    #[test]
    fn a_request_is_translated_with_its_lines_in_order() {
        let (block, body) =
            translate(b"POST /a HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\ncookie:b=2\r\n\r\nbody")
                .unwrap();
        let fields = hpack::decode(&block).unwrap();
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = [
            ":method=POST",
            ":scheme=http",
            ":path=/a",
            ":authority=h",
            "cookie=a=1",
            "cookie=b=2",
        ];
        assert_eq!((fields.as_slice(), body), (&expected.map(str::to_owned)[..], &b"body"[..]));
        translate(b"GET / HTTP/1.1\r\n").unwrap_err();
        translate(b"GET / HTTP/1.1\r\nno colon\r\n\r\n").unwrap_err();
    }
}
