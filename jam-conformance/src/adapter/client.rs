//! The client that carries a case out and judges what comes back.

use std::io;
use std::net::SocketAddr;

use super::case::{Exchange, Goodbye, Request, Step};
use super::expect::Expect;
use super::setup::{SECRET, Setup};
use super::token::TOKENS;
use super::variables::Variables;
use crate::wire::{self, Answer, Connection};
use crate::{http2, websocket};

/// What `${name}` stands for at the beginning of a case.
pub(super) fn variables(setup: Setup) -> Variables {
    let mut variables = Variables::default();
    for (name, token) in TOKENS {
        variables.give(name, *token);
    }
    variables.give("long", "a".repeat(4000));
    let list: Vec<String> = SECRET.bytes().map(|byte| byte.to_string()).collect();
    variables.give("secret-as-list", list.join(", "));
    setup.give(&mut variables);
    variables
}

/// One client for one case.
pub(super) struct Client {
    address: SocketAddr,
    variables: Variables,
    /// The answers as the transcript has them.
    pub(super) answers: Vec<String>,
    /// What went wrong, each with its request and its answer.
    pub(super) problems: String,
    /// Whether the server broke off or never answered.
    pub(super) silent: bool,
    /// Whether the case is about something that the server does not have.
    pub(super) inapplicable: bool,
}

impl Client {
    pub(super) fn new(address: SocketAddr, setup: Setup) -> Self {
        let variables = variables(setup);
        Self {
            address,
            variables,
            answers: Vec::new(),
            problems: String::new(),
            silent: false,
            inapplicable: false,
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Ask(exchange) => self.pipeline(std::slice::from_ref(exchange)),
            Step::Pipeline(exchanges) => self.pipeline(exchanges),
            Step::Streams(exchanges) => self.streams(exchanges),
            Step::Together(exchanges) => self.together(exchanges),
            Step::Crowd(exchange, connections, each) => self.crowd(exchange, *connections, *each),
            Step::Meanwhile(outer, inner) => self.meanwhile(outer, inner),
            Step::HangUp(request) => self.hang_up(request, &request.bytes()),
            Step::HangUpInHead(request) => self.hang_up(request, request.unfinished()),
            Step::Peek(exchange, bytes) => self.peek(exchange, bytes),
            Step::Talk(exchange, goodbye) => self.talk(exchange, *goodbye),
        }
    }

    fn pipeline(&mut self, exchanges: &[Exchange]) {
        let requests = self.all_filled(exchanges);
        let mut connection = match self.open(&requests.concat()) {
            Ok(connection) => connection,
            Err(error) => return self.unreachable(&requests, &error),
        };
        for (exchange, request) in exchanges.iter().zip(&requests) {
            let answer = connection.answer(request);
            self.judge(&exchange.expect, request, answer);
        }
    }

    fn streams(&mut self, exchanges: &[Exchange]) {
        let requests = self.all_filled(exchanges);
        let mut connection = match http2::open(self.address) {
            Ok(Some(connection)) => connection,
            Ok(None) => {
                self.inapplicable = true;
                return;
            }
            Err(error) => return self.unreachable(&requests, &error),
        };
        let streams: Vec<_> = requests.iter().map(|request| connection.ask(request)).collect();
        for ((exchange, request), stream) in exchanges.iter().zip(&requests).zip(streams) {
            let answer = stream.and_then(|stream| connection.answer(stream));
            self.judge(&exchange.expect, request, answer);
        }
    }

    fn together(&mut self, exchanges: &[Exchange]) {
        let requests = self.all_filled(exchanges);
        let connections: Vec<_> = requests.iter().map(|request| self.open(request)).collect();
        for ((exchange, request), connection) in exchanges.iter().zip(&requests).zip(connections) {
            let answer = connection.and_then(|mut connection| connection.answer(request));
            self.judge(&exchange.expect, request, answer);
        }
    }

    fn crowd(&mut self, exchange: &Exchange, connections: usize, each: usize) {
        let request = self.filled(&exchange.request);
        let all = request.repeat(each);
        let connections: Vec<_> = (0..connections).map(|_| self.open(&all)).collect();
        for connection in connections {
            let mut connection = match connection {
                Ok(connection) => connection,
                Err(error) => return self.unreachable(std::slice::from_ref(&request), &error),
            };
            for _ in 0..each {
                let answer = connection.answer(&request);
                if !self.judge(&exchange.expect, &request, answer) {
                    return;
                }
            }
        }
    }

    fn meanwhile(&mut self, outer: &Exchange, inner: &[Exchange]) {
        let request = self.filled(&outer.request);
        let connection = self.open(&request);
        for exchange in inner {
            self.pipeline(std::slice::from_ref(exchange));
        }
        let answer = connection.and_then(|mut connection| connection.answer(&request));
        self.judge(&outer.expect, &request, answer);
    }

    fn hang_up(&mut self, request: &Request, bytes: &[u8]) {
        if let Err(error) = self.open(&self.variables.fill(bytes)) {
            self.unreachable(&[self.filled(request)], &error);
        }
    }

    fn peek(&mut self, exchange: &Exchange, bytes: &[u8]) {
        let request = self.filled(&exchange.request);
        let opened =
            self.open(&request).and_then(|mut connection| Ok((connection.head()?, connection)));
        let (answer, connection) = split(opened);
        if self.judge(&exchange.expect, &request, answer)
            && let Some(mut connection) = connection
            && let Err(error) = connection.read_past(bytes)
        {
            self.blame(&request, None, &[format!("the stream does not begin: {error}")]);
        }
    }

    fn talk(&mut self, exchange: &Exchange, goodbye: Goodbye) {
        let request = self.filled(&exchange.request);
        let opened =
            self.open(&request).and_then(|mut connection| Ok((connection.head()?, connection)));
        let (answer, connection) = split(opened);
        let accept: Vec<_> =
            answer.iter().flatten().flat_map(|answer| answer.all("sec-websocket-accept")).collect();
        let accepts = accept == [websocket::ACCEPT];
        if !self.judge(&exchange.expect, &request, answer) {
            return;
        }
        let mut problems = Vec::new();
        if !accepts {
            problems.push("the Sec-WebSocket-Accept is not the one of this key".to_owned());
        }
        if let Some(mut connection) = connection
            && let Err(error) = echo(&mut connection, goodbye)
        {
            problems.push(format!("the WebSocket does not echo: {error}"));
        }
        if !problems.is_empty() {
            self.blame(&request, None, &problems);
        }
    }

    fn all_filled(&self, exchanges: &[Exchange]) -> Vec<Vec<u8>> {
        exchanges.iter().map(|exchange| self.filled(&exchange.request)).collect()
    }

    fn filled(&self, request: &Request) -> Vec<u8> {
        self.variables.fill(&request.bytes())
    }

    /// A connection on which this was sent. A server may answer and hang up before it has read
    /// everything, so that failing to write is not yet a failure.
    fn open(&self, bytes: &[u8]) -> io::Result<Connection> {
        let mut connection = Connection::open(self.address)?;
        match connection.send(bytes) {
            Err(error) if wire::timed_out(&error) => Err(error),
            _ => Ok(connection),
        }
    }

    /// Compares, remembers, and says whether all is as expected.
    fn judge(
        &mut self,
        expect: &Expect,
        request: &[u8],
        answer: io::Result<Option<Answer>>,
    ) -> bool {
        match answer {
            Ok(Some(answer)) => {
                let differences = expect.differences(&answer, &mut self.variables);
                self.answers.push(expect.transcribe(&answer, &self.variables));
                if !differences.is_empty() {
                    self.blame(request, Some(&answer), &differences);
                }
                differences.is_empty()
            }
            // Hanging up and resetting the connection are the same to a client.
            Ok(None) | Err(_) if expect.allows_silence() && !timed_out(&answer) => {
                self.answers.push("*\n\n*".to_owned());
                true
            }
            Ok(None) => self.broke_off(request, "the server hung up without an answer".to_owned()),
            Err(error) => self.broke_off(request, format!("no answer can be read: {error}")),
        }
    }

    fn unreachable(&mut self, requests: &[Vec<u8>], error: &io::Error) {
        self.broke_off(&requests.concat(), format!("the server cannot be reached: {error}"));
    }

    fn broke_off(&mut self, request: &[u8], how: String) -> bool {
        self.silent = true;
        self.answers.push("none".to_owned());
        self.blame(request, None, &[how]);
        false
    }

    fn blame(&mut self, request: &[u8], answer: Option<&Answer>, differences: &[String]) {
        self.problems += &shown(request, answer, differences);
    }
}

fn timed_out(answer: &io::Result<Option<Answer>>) -> bool {
    matches!(answer, Err(error) if wire::timed_out(error))
}

type Opened = (io::Result<Option<Answer>>, Option<Connection>);

fn split(opened: io::Result<(Option<Answer>, Connection)>) -> Opened {
    match opened {
        Ok((answer, connection)) => (Ok(answer), Some(connection)),
        Err(error) => (Err(error), None),
    }
}

/// Has two messages echoed, and says goodbye if that is the case's way.
fn echo(connection: &mut Connection, goodbye: Goodbye) -> io::Result<()> {
    for (opcode, message) in [(websocket::TEXT, &b"hello"[..]), (websocket::BINARY, b"\x00\xff")] {
        connection.send(&websocket::frame(opcode, message))?;
        if websocket::read_message(connection.reader())? != (opcode, message.to_vec()) {
            return Err(wire::fault("another message came back"));
        }
    }
    if goodbye == Goodbye::Said {
        connection.send(&websocket::frame(websocket::CLOSE, &1000_u16.to_be_bytes()))?;
        match websocket::read_message(connection.reader()) {
            Ok((websocket::CLOSE, _)) => {}
            // Some hang up at once instead.
            Err(error) if !wire::timed_out(&error) => {}
            Ok(_) => return Err(wire::fault("a message after the goodbye")),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Long lines are cut: what is in them was ours.
const SHOWN: usize = 600;

fn shown(request: &[u8], answer: Option<&Answer>, differences: &[String]) -> String {
    let mut text = String::from("  request:\n");
    for line in request.split_inclusive(|&byte| byte == b'\n') {
        let line = line.escape_ascii().to_string();
        let cut: String = line.chars().take(SHOWN).collect();
        text += &format!("    {cut}{}\n", if cut.len() < line.len() { "…" } else { "" });
    }
    if let Some(answer) = answer {
        text += &format!("  answer:\n    {}\n", answer.status);
        for (name, value) in &answer.headers {
            text += &format!("    {name}: {value}\n");
        }
        let body: String = String::from_utf8_lossy(&answer.body).chars().take(SHOWN).collect();
        text += &format!("    {body:?}\n");
    }
    for difference in differences {
        text += &format!("  but: {difference}\n");
    }
    text
}
