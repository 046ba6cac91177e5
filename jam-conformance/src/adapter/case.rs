//! What a case is: requests as bytes, and what has to come back.

use std::fmt;

use super::expect::Expect;
use super::setup::Setup;

/// One thing that every adapter has to do, under an id that never changes its meaning.
///
/// An id is never given to another case, also when its case is retired; its parts before the last
/// dot name the group.
#[derive(Debug)]
pub struct Case {
    id: &'static str,
    says: &'static str,
    pub(crate) setup: Setup,
    pub(crate) steps: Vec<Step>,
}

impl Case {
    pub(crate) fn new(
        id: &'static str,
        says: &'static str,
        setup: Setup,
        steps: impl IntoIterator<Item = Step>,
    ) -> Self {
        Self { id, says, setup, steps: steps.into_iter().collect() }
    }

    /// The name of the case, such as `cred.bearer.two-lines`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What has to hold, in a sentence, with the RFC that says so where one does.
    #[must_use]
    pub fn says(&self) -> &'static str {
        self.says
    }

    /// The name of the configuration that the server runs with.
    #[must_use]
    pub fn setup(&self) -> &'static str {
        self.setup.name()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] {}", self.id, self.setup(), self.says)
    }
}

/// What a client does in a case, in order.
#[derive(Debug)]
pub(crate) enum Step {
    /// Sends one request on a connection of its own.
    Ask(Exchange),
    /// Sends all requests at once on one connection (RFC 9112 §9.3.2).
    Pipeline(Vec<Exchange>),
    /// Sends all requests at once in streams of one HTTP/2 connection, if the server speaks it.
    Streams(Vec<Exchange>),
    /// Opens a connection for each, sends on all of them, and then reads.
    Together(Vec<Exchange>),
    /// Opens so many connections, sends this so often on each, and then reads.
    Crowd(Exchange, usize, usize),
    /// Sends the first, does the others one after the other while it is under way, and then reads
    /// its answer.
    Meanwhile(Exchange, Vec<Exchange>),
    /// Sends this and hangs up without reading.
    HangUp(Request),
    /// Sends the beginning of the head and hangs up.
    HangUpInHead(Request),
    /// Reads the head and the body up to these bytes, and hangs up.
    Peek(Exchange, &'static [u8]),
    /// Upgrades to a WebSocket and has these texts and bytes echoed; then says goodbye or leaves.
    Talk(Exchange, Goodbye),
}

/// How a WebSocket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    Said,
    /// The connection just ends.
    Unsaid,
}

/// A request and what has to come back.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) expect: Expect,
}

/// A request, to the byte; `${name}` stands for a value that is known when it is sent.
pub(crate) struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Request {
    /// A request line as it stands, and a `Host`.
    pub(crate) fn line(line: &str) -> Self {
        Self { head: format!("{line}\r\nHost: jam.test\r\n").into_bytes(), body: Vec::new() }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::method("GET", target)
    }

    pub(crate) fn method(method: &str, target: &str) -> Self {
        Self::line(&format!("{method} {target} HTTP/1.1"))
    }

    /// A POST of JSON.
    pub(crate) fn post(target: &str, body: &str) -> Self {
        let mut request = Self::method("POST", target)
            .with("Content-Type: application/json")
            .with(format!("Content-Length: {}", body.len()));
        request.body = body.as_bytes().to_vec();
        request
    }

    /// One more header line, without its end.
    pub(crate) fn with(self, line: impl AsRef<[u8]>) -> Self {
        self.with_raw(line).with_raw(b"\r\n")
    }

    /// Bytes behind the headers so far, as they are.
    pub(crate) fn with_raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.head.extend(bytes.as_ref());
        self
    }

    /// `Authorization: Bearer …`.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.with(format!("Authorization: Bearer {token}"))
    }

    /// A `Cookie` line.
    pub(crate) fn cookie(self, pairs: &str) -> Self {
        self.with(format!("Cookie: {pairs}"))
    }

    /// Bytes behind the head, whatever it announces.
    pub(crate) fn with_body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    pub(crate) fn expect(self, expect: Expect) -> Exchange {
        Exchange { request: self, expect }
    }

    /// The whole, values not filled in yet.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_slice(), b"\r\n", &self.body].concat()
    }

    /// The head alone, broken off before its end.
    pub(crate) fn unfinished(&self) -> &[u8] {
        self.head.strip_suffix(b"\r\n").unwrap_or(&self.head)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes().escape_ascii())
    }
}
