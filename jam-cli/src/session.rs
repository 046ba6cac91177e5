//! `jam session create | get | list | revoke | clear`, on the configured store.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use jam_core::session::{BlockingSessions, Login, Record, SessionHandle, SessionId, SessionInfo};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::args::{Place, SessionCommand};
use crate::batch::ended;
use crate::failure::{self, Failure};
use crate::settings;
use crate::token::{hint, json_object};

/// Bytes read for `get`: an id has 43, and a line end may follow.
const LONGEST_ID: u64 = 256;

pub(crate) fn run(place: &Place, command: SessionCommand) -> Result<ExitCode, Failure> {
    let jam = settings::load(place, None)?;
    let backend = jam.sessions()?;
    if !backend.is_durable() {
        // Nothing is left to tell it to when stderr itself is closed.
        let _ = writeln!(
            io::stderr(),
            "jam: the memory store lives in one process: this command sees no sessions but its own, \
             and what it creates ends with it; configure a durable store to share sessions with a service"
        );
    }
    let sessions = backend.blocking();
    let answer = match command {
        SessionCommand::Create { subject, data } => create(&sessions, &subject, &data)?,
        SessionCommand::Get { id, .. } => get(&sessions, id)?,
        SessionCommand::List { subject } => list(&sessions, &subject)?,
        SessionCommand::Revoke { handle, .. } => revoke(&sessions, &handle)?,
        SessionCommand::Clear { subject } => json!({ "ended": sessions.clear_sessions(&subject)? }),
    };
    failure::print(answer.to_string().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn create(sessions: &BlockingSessions, subject: &str, data: &str) -> Result<Value, Failure> {
    let values = json_object("--data", data)?;
    let login = values
        .0
        .iter()
        .fold(Login::new(subject), |login, (name, value)| login.value(name.as_str(), value));
    let created = sessions.create_session(login)?;
    let mut answer = shown(&created.handle(), &created.record);
    // The one time that it is shown: the store keeps only a hash of it.
    answer.insert("id".to_owned(), created.id.expose().into());
    Ok(answer.into())
}

fn get(sessions: &BlockingSessions, id: Option<OsString>) -> Result<Value, Failure> {
    let id = match id {
        Some(id) => id.into_encoded_bytes(),
        None => {
            hint("a session id");
            let mut id = Vec::new();
            io::stdin().lock().take(LONGEST_ID).read_to_end(&mut id)?;
            id
        }
    };
    let unknown = || Failure::not_found("no live session has this id");
    let id = SessionId::parse(ended(&id)).ok_or_else(unknown)?;
    let record = sessions.get_session(&id)?.ok_or_else(unknown)?;
    let mut data = Map::new();
    for (name, json) in record.values() {
        let value: &RawValue = serde_json::from_str(json).map_err(io::Error::from)?;
        data.insert(name.to_owned(), serde_json::to_value(value).map_err(io::Error::from)?);
    }
    let mut answer = shown(&id.handle(), &record);
    answer.insert("data".to_owned(), data.into());
    Ok(answer.into())
}

fn list(sessions: &BlockingSessions, subject: &str) -> Result<Value, Failure> {
    let listed = sessions.sessions_of(subject)?;
    Ok(listed.iter().map(row).collect())
}

fn revoke(sessions: &BlockingSessions, handle: &str) -> Result<Value, Failure> {
    let parsed = SessionHandle::parse(handle);
    match parsed.map(|handle| sessions.revoke(handle)).transpose()? {
        Some(true) => Ok(json!({ "revoked": true })),
        Some(false) | None => Err(Failure::not_found("no session has this handle")),
    }
}

fn shown(handle: &SessionHandle, record: &Record) -> Map<String, Value> {
    let shown = json!({
        "handle": handle.to_string(),
        "subject": record.subject(),
        "created": record.created().as_secs(),
        "last_seen": record.last_seen().as_secs(),
        "expires_at": record.expires_at().as_secs(),
    });
    match shown {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn row(info: &SessionInfo) -> Value {
    json!({
        "handle": info.handle.to_string(),
        "created": info.created.as_secs(),
        "last_seen": info.last_seen.as_secs(),
        "expires_at": info.expires_at.as_secs(),
        "client": info.metadata,
    })
}
