//! HTTP/1.1 as bytes (RFC 9112). What is sent is what the case says, to the last byte, and what
//! comes back is taken apart without a library's opinion of it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a silent server is waited for. Long, because it may share its machine with a build.
const PATIENCE: Duration = Duration::from_secs(20);

const MAX_LINE: u64 = 64 * 1024;
const MAX_HEADERS: usize = 256;
const MAX_BODY: u64 = 8 * 1024 * 1024;

/// A connection of its own; dropping it hangs up.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { stream: BufReader::new(connect(address)?) })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// The next answer, complete; none when the server hangs up instead.
    pub(crate) fn answer(&mut self, request: &[u8]) -> io::Result<Option<Answer>> {
        read_answer(&mut self.stream, request)
    }

    /// The next answer without its body, of which nothing is read.
    pub(crate) fn head(&mut self) -> io::Result<Option<Answer>> {
        read_head(&mut self.stream)
    }

    /// Reads until these bytes have come by; an end before that is an error.
    pub(crate) fn read_past(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut seen = Vec::new();
        while !seen.ends_with(bytes) {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            seen.extend(byte);
            if seen.len() as u64 > MAX_LINE {
                return Err(fault("the body begins otherwise"));
            }
        }
        Ok(())
    }

    pub(crate) fn reader(&mut self) -> &mut impl Read {
        &mut self.stream
    }
}

/// A stream on which nothing is waited for without an end.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether the other side stayed silent; systems name it differently.
pub(crate) fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

pub(crate) fn fault(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// An answer, chunks joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In the order of arrival, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The values of all lines of a header.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let same =
            move |(other, value): &'a (String, String)| (*other == name).then_some(value.as_str());
        self.headers.iter().filter_map(same)
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.all("transfer-encoding").any(|value| value.eq_ignore_ascii_case("chunked"))
    }

    fn content_length(&self) -> io::Result<Option<u64>> {
        let mut values = self.all("content-length");
        let first = values.next();
        if values.next().is_some() || (first.is_some() && self.is_chunked()) {
            return Err(fault("the answer has two lengths (RFC 9112 §6.3)"));
        }
        first
            .map(|value| value.parse().map_err(|_| fault("a Content-Length that is no number")))
            .transpose()
    }
}

fn read_answer(reader: &mut impl BufRead, request: &[u8]) -> io::Result<Option<Answer>> {
    let Some(mut answer) = read_head(reader)? else { return Ok(None) };
    let bodiless = request.starts_with(b"HEAD ") || matches!(answer.status, 101 | 204 | 304);
    if bodiless {
        return Ok(Some(answer));
    }
    answer.body = match answer.content_length()? {
        Some(length) => read_exactly(reader, length)?,
        None if answer.is_chunked() => read_chunks(reader)?,
        None => {
            let mut body = Vec::new();
            reader.take(MAX_BODY).read_to_end(&mut body)?;
            body
        }
    };
    Ok(Some(answer))
}

/// Status line and headers; interim answers (RFC 9110 §15.2) are passed over, but for the 101.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Answer>> {
    loop {
        if reader.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let line = read_line(reader)?;
        let status = line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1)?.parse().ok())
            .ok_or_else(|| fault("the answer does not begin with a status line"))?;
        let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let line = read_line(reader)?;
            if line.is_empty() {
                break;
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| fault("a header without a colon"))?;
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            if answer.headers.len() > MAX_HEADERS {
                return Err(fault("more headers than anyone needs"));
            }
        }
        if status == 101 || status >= 200 {
            return Ok(Some(answer));
        }
    }
}

/// A line without its end; bytes that are no UTF-8 are replaced, none of ours are.
fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(MAX_LINE).read_until(b'\n', &mut line)?;
    let line = line.strip_suffix(b"\r\n").ok_or_else(|| fault("the answer ends within a line"))?;
    Ok(String::from_utf8_lossy(line).into_owned())
}

fn read_exactly(reader: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    reader.take(length.min(MAX_BODY)).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(fault("the body is shorter than announced, or endless"));
    }
    Ok(body)
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| fault("a chunk without a size"))?;
        if size == 0 {
            while !read_line(reader)?.is_empty() {}
            return Ok(body);
        }
        body.extend(read_exactly(reader, size)?);
        if !read_line(reader)?.is_empty() {
            return Err(fault("a chunk is longer than its size"));
        }
        if body.len() as u64 > MAX_BODY {
            return Err(fault("the body is endless"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

    fn read(mut bytes: &[u8]) -> io::Result<Option<Answer>> {
        read_answer(&mut bytes, GET)
    }

    fn body(bytes: &[u8]) -> String {
        String::from_utf8(read(bytes).unwrap().unwrap().body).unwrap()
    }

    fn refused(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn a_body_of_a_known_length_ends_there() {
        let mut bytes: &[u8] =
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 404 Not Found\r\n\
                                 Content-Length: 0\r\n\r\n";
        let first = read_answer(&mut bytes, GET).unwrap().unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, &b"abc"[..]));
        let second = read_answer(&mut bytes, GET).unwrap().unwrap();
        assert_eq!((second.status, second.body.as_slice()), (404, &b""[..]));
        assert_eq!(read_answer(&mut bytes, GET).unwrap(), None);
    }

    #[test]
    fn chunks_are_joined_and_trailers_passed_over() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunks = "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\nrest";
        assert_eq!(body(format!("{head}{chunks}").as_bytes()), "abc0123456789");
        for broken in
            ["", "3\r\nab", "3\r\nabcd\r\n0\r\n\r\n", "x\r\n", "3\r\nabc\r\n", "-1\r\na\r\n"]
        {
            read(format!("{head}{broken}").as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn without_a_length_the_body_lasts_until_the_end() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\n\r\nabc"), "abc");
    }

    #[test]
    fn the_answer_to_head_and_some_statuses_have_no_body() {
        let mut bytes: &[u8] =
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\
                                 HTTP/1.1 101 Switching Protocols\r\n\r\nframes";
        let head = read_answer(&mut bytes, b"HEAD / HTTP/1.1\r\n\r\n").unwrap().unwrap();
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(read_answer(&mut bytes, GET).unwrap().unwrap().status, 204);
        assert_eq!(read_answer(&mut bytes, GET).unwrap().unwrap().status, 101);
        assert_eq!(bytes, b"frames");
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
        assert_eq!(body(bytes), "a");
    }

    #[test]
    fn headers_keep_their_lines_and_lose_their_case() {
        let bytes = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX: y:z \r\nset-cookie:b=2\r\nContent-Length: 0\r\n\r\n";
        let answer = read(bytes).unwrap().unwrap();
        assert_eq!(answer.all("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(answer.all("x").collect::<Vec<_>>(), ["y:z"]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert!(refused(b"SSH-2.0\r\n\r\n").contains("status line"));
        assert!(refused(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n").contains("colon"));
        assert!(refused(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab").contains("shorter"));
        assert!(refused(b"HTTP/1.1 200 OK\r\nContent-Length: a\r\n\r\nab").contains("no number"));
        assert!(refused(b"HTTP/1.1 200 OK\r\nContent-").contains("within a line"));
        let two = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(read_answer(&mut &two[..], GET).is_err());
        let twice = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na";
        assert!(refused(twice).contains("two lengths"));
    }
}
