//! What authentication adds to a request, in process: a GET with an HS256 bearer token, or with the
//! cookie of a session. Each request comes from another session, as it does in a service: whoever
//! finds the same one over and over finds it in the processor's cache.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, Result, ensure};
use base64_simd::URL_SAFE_NO_PAD;
use clap::ValueEnum;

use crate::contestant::Contestant;
use crate::request_floor::SessionFloor;
use crate::store;
use crate::subject::Subject;

pub mod actix;
pub mod axum;
mod axum_bound;
mod axum_peers;
mod jam;
pub mod poem;
pub mod table;
pub mod warp;

/// The name of the tables where allocations are counted.
pub const TABLE: &str = "requests";
/// The handler alone.
pub const GROUND: &str = "no authentication";
/// A layer that does nothing: what the framework itself takes for one.
pub const EMPTY_LAYER: &str = "an empty layer";
/// A handler that asks Jam nothing, for a request without a credential.
pub const ANONYMOUS: &str = "**Jam**, anonymous and untouched";
/// A handler that asks Jam nothing, for a request with a session.
pub const UNTOUCHED: &str = "**Jam**, a session that nobody asks for";
/// A token: the handler behind the floor.
pub const TOKEN_FLOOR: &str = "token, hand-written (the floor)";
/// A token: the handler behind Jam.
pub const TOKEN: &str = "token, **Jam** `Identity<P>`";
/// A token: the handler behind a usual extractor.
pub const EXTRACTOR: &str = "token, hand-written `jsonwebtoken::decode` extractor";
/// A session: the handler behind the floor.
pub const SESSION_FLOOR: &str = "session, hand-written (the floor)";
/// A session whose number is read.
pub const READ: &str = "session read, **Jam**";
/// The same, recorded as in use each time.
pub const SLIDING: &str = "session read, **Jam**, touched each time";
/// A session into which a number is written.
pub const WRITE: &str = "session write, **Jam**";
/// The number's name in every session.
const NUMBER: &str = "number";
/// What else is in every session; with the number it takes 120 bytes as JSON.
const CONTENT: [(&str, &str); 4] = [
    ("name", "Ada King Lovelace"),
    ("email", "ada@example.org"),
    ("tenant", "t-0042"),
    ("scope", "orders:read orders:write"),
];

/// Whose handlers, requests and layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Framework {
    Axum,
    Actix,
    Poem,
    Warp,
}

impl Framework {
    /// All, in the order of the tables.
    pub const ALL: &[Self] = &[Self::Axum, Self::Actix, Self::Poem, Self::Warp];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
            Self::Poem => "poem",
            Self::Warp => "warp",
        }
    }

    /// Who runs on it, each with so many sessions.
    pub fn entries(self, sessions: u64) -> Result<Vec<Entry>> {
        let field = Field::new(sessions)?;
        match self {
            Self::Axum => axum::entries(field),
            Self::Actix => actix::entries(field),
            Self::Poem => poem::entries(field),
            Self::Warp => warp::entries(field),
        }
    }
}

/// Somebody in the table of a framework.
pub struct Entry {
    /// Who runs.
    pub contestant: Contestant,
    /// What it does.
    pub kind: Kind,
    /// The contestant without authentication that it is compared with.
    pub ground: &'static str,
}

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Open,
    /// The claims of its token are read.
    Token,
    /// The number of its session is read.
    Read,
    /// A number is written into its session.
    Write,
}

/// What a request carries.
#[derive(Clone)]
pub(crate) struct Credential {
    pub(crate) header: &'static str,
    pub(crate) value: String,
}

impl Credential {
    fn bearer(token: &str) -> Self {
        Self { header: "authorization", value: format!("Bearer {token}") }
    }

    pub(crate) fn cookie(pair: &str) -> Self {
        Self { header: "cookie", value: pair.to_owned() }
    }
}

/// A service of some framework.
pub(crate) trait Service: 'static {
    type Request: 'static;
    type Response: 'static;

    /// Makes requests as a server hands them on, each with one of the credentials, if there is any:
    /// the values share the buffer they were read into.
    fn requests(
        credentials: &[Credential],
    ) -> Result<impl FnMut() -> Self::Request + 'static + use<Self>>;
    /// Calls it to the end; nothing here ever waits.
    fn call(&mut self, request: Self::Request) -> Self::Response;
    fn status(response: &Self::Response) -> u16;
    /// Name and value of the cookie that is set.
    fn cookie(response: &Self::Response) -> Option<String>;
}

/// The entries of one framework, each of them seen to do its work.
pub(crate) struct Field {
    pub(crate) subject: Subject,
    sessions: u64,
    entries: Vec<Entry>,
    ground: &'static str,
}

impl Field {
    fn new(sessions: u64) -> Result<Self> {
        Ok(Self { subject: Subject::textual()?, sessions, entries: Vec::new(), ground: GROUND })
    }

    pub(crate) fn count(&self) -> u64 {
        self.sessions
    }

    pub(crate) fn finish(self) -> Vec<Entry> {
        self.entries
    }

    pub(crate) fn bearer(&self) -> [Credential; 1] {
        [Credential::bearer(&self.subject.token)]
    }

    /// What follows stands on another ground than [`GROUND`].
    pub(crate) fn on(&mut self, ground: &'static str) {
        self.ground = ground;
    }

    /// A service that lets everybody in.
    pub(crate) fn open<S: Service>(
        &mut self,
        name: &'static str,
        mut service: S,
        credentials: &[Credential],
    ) -> Result<()> {
        let status = ask(&mut service, credentials)?.0;
        ensure!(status == 200, "{name} answers {status}");
        self.push(name, Kind::Open, service, credentials)
    }

    /// A service that lets the good token in and nothing else.
    pub(crate) fn token<S: Service>(&mut self, name: &'static str, mut service: S) -> Result<()> {
        let bearer = self.bearer();
        let status = ask(&mut service, &bearer)?.0;
        ensure!(status == 200, "{name} answers {status} to the good token");
        let nobody = ask(&mut service, &[])?.0;
        ensure!(nobody == 401, "{name} answers {nobody} to nobody");
        for (kind, token) in &self.subject.refused {
            let status = ask(&mut service, &[Credential::bearer(token)])?.0;
            ensure!(status == 401, "{name} answers {status} to {kind} token");
        }
        self.push(name, Kind::Token, service, &bearer)
    }

    /// The cookies of sessions that the service begins.
    pub(crate) fn begin(&self, mut beginner: impl Service) -> Result<Vec<Credential>> {
        let begin = |_| {
            let (status, cookie) = ask(&mut beginner, &[])?;
            ensure!(status == 200, "a service that begins sessions answers {status} to nobody");
            cookie.context("a service that begins sessions sets no cookie")
        };
        (0..self.sessions).map(begin).collect()
    }

    /// Services that read the number of a session and write it.
    pub(crate) fn sessions(
        &mut self,
        [read, write]: [&'static str; 2],
        mut reader: impl Service,
        mut writer: impl Service,
        cookies: &[Credential],
    ) -> Result<()> {
        let last = cookies.last().context("there are no sessions")?;
        reads(read, &mut reader, last)?;
        let (status, again) = ask(&mut writer, std::slice::from_ref(last))?;
        ensure!(status == 200, "{write} answers {status} to its session");
        // Whoever keeps the session in the cookie has changed it.
        reads(read, &mut reader, again.as_ref().unwrap_or(last))?;
        self.push(read, Kind::Read, reader, cookies)?;
        self.push(write, Kind::Write, writer, cookies)
    }

    /// A service that reads the number of a session.
    pub(crate) fn read(
        &mut self,
        name: &'static str,
        mut reader: impl Service,
        cookies: &[Credential],
    ) -> Result<()> {
        reads(name, &mut reader, cookies.last().context("there are no sessions")?)?;
        self.push(name, Kind::Read, reader, cookies)
    }

    /// The sessions of the floor.
    pub(crate) fn floor(&self) -> (SessionFloor, Vec<Credential>) {
        let floor = SessionFloor::default();
        let begin = |number| {
            let id = URL_SAFE_NO_PAD.encode_to_string(store::id(number));
            Credential::cookie(&floor.begin(&id, next()))
        };
        let cookies = (0..self.sessions).map(begin).collect();
        (floor, cookies)
    }

    fn push<S: Service>(
        &mut self,
        name: &'static str,
        kind: Kind,
        mut service: S,
        credentials: &[Credential],
    ) -> Result<()> {
        let requests = S::requests(credentials)?;
        let contestant = Contestant::prepared(name, requests, move |request| service.call(request));
        self.entries.push(Entry { contestant, kind, ground: self.ground });
        Ok(())
    }
}

/// The credentials as headers of some framework, one after the other in no order.
pub(crate) struct Headers<V> {
    name: &'static str,
    values: Vec<V>,
    turn: u64,
}

impl<V: Clone> Headers<V> {
    pub(crate) fn new<E>(credentials: &[Credential]) -> Result<Self, E>
    where
        V: for<'a> TryFrom<&'a String, Error = E>,
    {
        let value = |credential: &Credential| {
            let value = V::try_from(&credential.value)?;
            // What is first cloned is made to be shared, which takes an allocation.
            drop(value.clone());
            Ok(value)
        };
        let values = credentials.iter().map(value);
        let name = credentials.first().map_or("", |credential| credential.header);
        Ok(Self { name, values: values.collect::<Result<_, E>>()?, turn: 0 })
    }

    pub(crate) fn next(&mut self) -> Option<(&'static str, &V)> {
        self.turn += 1;
        let place = store::mixed(self.turn).checked_rem(self.values.len() as u64)?;
        Some((self.name, self.values.get(usize::try_from(place).ok()?)?))
    }
}

/// The number that was written last is found, often, and for this session alone.
fn reads<S: Service>(name: &str, reader: &mut S, cookie: &Credential) -> Result<()> {
    let nobody = ask(reader, &[])?.0;
    ensure!(nobody == 401, "{name} answers {nobody} to nobody");
    for _ in 0..100 {
        READ_LAST.store(0, Ordering::Relaxed);
        let status = ask(reader, std::slice::from_ref(cookie))?.0;
        ensure!(status == 200, "{name} answers {status} to its session");
        let (read, written) =
            (READ_LAST.load(Ordering::Relaxed), WRITTEN_LAST.load(Ordering::Relaxed));
        ensure!(read == written, "{name} reads {read}, and {written} was written");
    }
    Ok(())
}

/// The answer's status, and the cookie that it sets.
fn ask<S: Service>(
    service: &mut S,
    credentials: &[Credential],
) -> Result<(u16, Option<Credential>)> {
    let response = service.call(S::requests(credentials)?());
    let cookie = S::cookie(&response).map(|pair| Credential::cookie(&pair));
    Ok((S::status(&response), cookie))
}

static WRITTEN_LAST: AtomicU64 = AtomicU64::new(0);
static READ_LAST: AtomicU64 = AtomicU64::new(0);

/// The number to be written; another one each time, or there would be nothing to write.
pub(crate) fn next() -> u64 {
    WRITTEN_LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// The number that was read; whether there was one.
pub(crate) fn found(number: Option<u64>) -> bool {
    READ_LAST.store(number.unwrap_or_default(), Ordering::Relaxed);
    number.is_some()
}

/// Polls once: no contestant ever waits.
pub(crate) fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// `name=value` of a `Set-Cookie`.
pub(crate) fn pair(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap_or_default().to_owned()
}
