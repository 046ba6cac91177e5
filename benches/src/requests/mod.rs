//! What authentication adds to a request, in process: a GET with an HS256 bearer token, or with the
//! cookie of a session that holds one number.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

use crate::contestant::Contestant;
use crate::subject::Subject;

pub mod actix;
pub mod axum;
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
/// The id of the floor's session; nobody looks into it.
const FLOOR_ID: &str = "cFv0uLxvVt5Xn2wM1qJxkQ";

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

    /// Who runs on it.
    pub fn entries(self) -> Result<Vec<Entry>> {
        match self {
            Self::Axum => axum::entries(),
            Self::Actix => actix::entries(),
            Self::Poem => poem::entries(),
            Self::Warp => warp::entries(),
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

    /// Makes requests as a server hands them on: the values share the buffer they were read into.
    fn requests(
        credential: Option<&Credential>,
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
    entries: Vec<Entry>,
    ground: &'static str,
}

impl Field {
    pub(crate) fn new() -> Result<Self> {
        let subject = Subject::textual()?;
        Ok(Self { subject, entries: Vec::new(), ground: GROUND })
    }

    pub(crate) fn finish(self) -> Vec<Entry> {
        self.entries
    }

    pub(crate) fn bearer(&self) -> Credential {
        Credential::bearer(&self.subject.token)
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
        credential: Option<&Credential>,
    ) -> Result<()> {
        let status = ask(&mut service, credential)?.0;
        ensure!(status == 200, "{name} answers {status}");
        self.push(name, Kind::Open, service, credential)
    }

    /// A service that lets the good token in and nothing else.
    pub(crate) fn token<S: Service>(&mut self, name: &'static str, mut service: S) -> Result<()> {
        let bearer = self.bearer();
        let status = ask(&mut service, Some(&bearer))?.0;
        ensure!(status == 200, "{name} answers {status} to the good token");
        let nobody = ask(&mut service, None)?.0;
        ensure!(nobody == 401, "{name} answers {nobody} to nobody");
        for (kind, token) in &self.subject.refused {
            let status = ask(&mut service, Some(&Credential::bearer(token)))?.0;
            ensure!(status == 401, "{name} answers {status} to {kind} token");
        }
        self.push(name, Kind::Token, service, Some(&bearer))
    }

    /// Two services over one store: one that reads the number, one that writes it and begins a
    /// session where there is none. The cookie of that session.
    pub(crate) fn sessions(
        &mut self,
        [read, write]: [&'static str; 2],
        mut reader: impl Service,
        mut writer: impl Service,
    ) -> Result<Credential> {
        let cookie = begin(&mut writer).with_context(|| format!("{write}: no session"))?;
        let (status, again) = ask(&mut writer, Some(&cookie))?;
        ensure!(status == 200, "{write} answers {status} to its session");
        // Whoever keeps the session in the cookie has changed it.
        let changed = again.unwrap_or_else(|| cookie.clone());
        reads(read, &mut reader, &changed)?;
        self.push(read, Kind::Read, reader, Some(&cookie))?;
        self.push(write, Kind::Write, writer, Some(&cookie))?;
        Ok(cookie)
    }

    /// A service that reads the number of a session that is there.
    pub(crate) fn read<S: Service>(
        &mut self,
        name: &'static str,
        mut reader: S,
        cookie: &Credential,
    ) -> Result<()> {
        reads(name, &mut reader, cookie)?;
        self.push(name, Kind::Read, reader, Some(cookie))
    }

    fn push<S: Service>(
        &mut self,
        name: &'static str,
        kind: Kind,
        mut service: S,
        credential: Option<&Credential>,
    ) -> Result<()> {
        let requests = S::requests(credential)?;
        let contestant = Contestant::prepared(name, requests, move |request| service.call(request));
        self.entries.push(Entry { contestant, kind, ground: self.ground });
        Ok(())
    }
}

/// A session that the service begins.
pub(crate) fn begin<S: Service>(writer: &mut S) -> Result<Credential> {
    let (status, cookie) = ask(writer, None)?;
    ensure!(status == 200, "answers {status} to nobody");
    cookie.context("sets no cookie")
}

/// The number that was written last is found, often, and for this session alone.
fn reads<S: Service>(name: &str, reader: &mut S, cookie: &Credential) -> Result<()> {
    let nobody = ask(reader, None)?.0;
    ensure!(nobody == 401, "{name} answers {nobody} to nobody");
    for _ in 0..100 {
        READ_LAST.store(0, Ordering::Relaxed);
        let status = ask(reader, Some(cookie))?.0;
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
    credential: Option<&Credential>,
) -> Result<(u16, Option<Credential>)> {
    let response = service.call(S::requests(credential)?());
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
