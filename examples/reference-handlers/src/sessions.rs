//! The routes that are about sessions.

use crate::routes::{admin_rule, done};
use crate::{Answer, BodyFault, Claims, body};
use jam_core::flow::Flow;
use jam_core::session::{Session, SessionHandle};
use jam_core::{ErrorKind, Identity, Reject};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

/// `POST /elevate`: a new id, and the scope `admin` for whoever is logged in.
///
/// # Errors
/// 401 when nobody is; 403 when the session is somebody else's than the token.
pub async fn elevate(session: &Session) -> Result<Answer, Reject> {
    if !is_own(session).await? {
        return Ok(another_subjects());
    }
    session.grant(["admin"])?;
    Ok(done())
}

/// `POST /logout-others`: ends all other sessions of the subject; this one gets a new id.
///
/// # Errors
/// 401 when nobody is logged in; 501 where the client keeps the sessions.
pub async fn logout_others(session: &Session) -> Result<Answer, Reject> {
    if !is_own(session).await? {
        return Ok(another_subjects());
    }
    session.revoke_others().await?;
    Ok(done())
}

/// `POST /logout-all`: ends all sessions of the subject, this one too, and takes the token back.
///
/// # Errors
/// 401 when nobody is logged in; 501 where the client keeps the sessions.
pub async fn logout_all(flow: &Flow) -> Result<Answer, Reject> {
    let identity = flow.identity::<Claims>().await?;
    if let Ok(sessions) = flow.jam().sessions() {
        let (session, subject) = (flow.session()?, subject(&identity));
        // Read before it is ended: of a session that is unknown by then, no cookie is taken back.
        let owner = session.subject().await?;
        sessions.clear_sessions(&subject).await?;
        // A token of somebody else's does not end whoever is logged in here.
        if owner.is_none_or(|owner| owner == subject) {
            session.destroy()?;
        }
    }
    flow.clear_jwt();
    Ok(done())
}

/// `POST /password`: what follows a changed password. A new id here, and all other sessions end.
///
/// # Errors
/// As [`logout_others`].
pub async fn password(session: &Session) -> Result<Answer, Reject> {
    logout_others(session).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'b> {
    #[serde(borrow)]
    k: Cow<'b, str>,
    #[serde(borrow)]
    v: &'b RawValue,
}

/// `POST /kv` with `{"k","v"}`: writes one key of the session.
///
/// # Errors
/// Those of a session.
pub async fn kv_write(session: &Session, body: Result<&[u8], BodyFault>) -> Result<Answer, Reject> {
    let entry: Entry<'_> = match body::parse(body) {
        Ok(entry) => entry,
        Err(fault) => return Ok(fault.into()),
    };
    session.set(&entry.k, entry.v)?;
    Ok(done())
}

/// `GET /kv?k=`: the value of one key as JSON, `null` when it is absent.
///
/// # Errors
/// Those of a session.
pub async fn kv_read(session: &Session, query: Option<&str>) -> Result<Answer, Reject> {
    let Some(key) = parameter(query, "k") else { return Ok(BodyFault::Invalid.into()) };
    let value = session.get::<Box<RawValue>>(&key).await?;
    Ok(Answer::json(200, &value))
}

/// The longest wait that `POST /slow-kv` agrees to.
const LONGEST_WAIT: u64 = 60_000;

/// `POST /slow-kv?ms=500` with `{"k","v"}`: loads the session, waits, writes. `sleep` is the
/// framework's.
///
/// # Errors
/// Those of a session; 401 when it ended or got another id meanwhile.
pub async fn slow_kv<F: Future<Output = ()>>(
    session: &Session,
    query: Option<&str>,
    body: Result<&[u8], BodyFault>,
    sleep: impl FnOnce(Duration) -> F,
) -> Result<Answer, Reject> {
    let entry = match body::parse::<Entry<'_>>(body) {
        Ok(entry) => entry,
        Err(fault) => return Ok(fault.into()),
    };
    let wait = parameter(query, "ms").map_or(Ok(500), |ms| ms.parse());
    let Ok(wait @ ..=LONGEST_WAIT) = wait else { return Ok(BodyFault::Invalid.into()) };
    session.record().await?;
    sleep(Duration::from_millis(wait)).await;
    session.set(&entry.k, entry.v)?;
    Ok(done())
}

/// `GET /sessions`: the subject's sessions by their public names.
///
/// # Errors
/// 401 when nobody is logged in; 501 where the client keeps the sessions.
pub async fn sessions(session: &Session) -> Result<Answer, Reject> {
    #[derive(Serialize)]
    struct Row {
        handle: String,
        created: u64,
        last_seen: u64,
        current: bool,
    }
    let identity = logged_in(session).await?;
    let current = session.handle().await?;
    let listed = session.flow().jam().sessions_of(&subject(&identity)).await?;
    let rows: Vec<Row> = listed
        .iter()
        .map(|info| Row {
            handle: info.handle.to_string(),
            created: info.created.as_secs(),
            last_seen: info.last_seen.as_secs(),
            current: current == Some(info.handle),
        })
        .collect();
    Ok(Answer::json(200, &rows))
}

/// `DELETE /sessions/{handle}`: ends one of the subject's own sessions. 404 for any other, as for
/// none. The path is taken as it is spelled: each framework would decode it in its own way.
///
/// # Errors
/// As [`sessions`].
pub async fn end_session(session: &Session, path: &str) -> Result<Answer, Reject> {
    let handle = path.rsplit('/').next().unwrap_or_default();
    let identity = logged_in(session).await?;
    let sessions = session.flow().jam().sessions()?;
    let ended = match SessionHandle::parse(handle) {
        Some(handle)
            if session.handle().await? == Some(handle)
                && session.subject().await? == Some(subject(&identity)) =>
        {
            session.destroy()?;
            session.save().await?;
            true
        }
        Some(handle) => sessions.revoke_own(&subject(&identity), handle).await?,
        None => sessions.sessions_of(&subject(&identity)).await.map(|_| false)?,
    };
    Ok(if ended { Answer::none() } else { Answer::error(404, "not_found") })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whom<'b> {
    #[serde(borrow)]
    user: Cow<'b, str>,
}

/// `POST /admin/revoke` with `{"user"}`, for scope `admin`: ends all sessions of that user.
///
/// # Errors
/// 401 and 403 as for `GET /admin`; 501 where the client keeps the sessions.
pub async fn admin_revoke(flow: &Flow, body: Result<&[u8], BodyFault>) -> Result<Answer, Reject> {
    flow.require(&admin_rule()).await?;
    let Whom { user } = match body::parse(body) {
        Ok(whom) => whom,
        Err(fault) => return Ok(fault.into()),
    };
    flow.jam().clear_sessions(&user).await?;
    Ok(done())
}

/// What `GET /fail` writes before it fails.
///
/// # Errors
/// Those of a session.
pub async fn fail(flow: &Flow) -> Result<(), Reject> {
    write(flow, |session| session.set("failed", &1))
}

/// What `GET /stream` and `GET /ws` write before the head of their answer leaves.
///
/// # Errors
/// Those of a session.
pub async fn visit(flow: &Flow) -> Result<(), Reject> {
    write(flow, |session| {
        session.update("visits", |n: Option<u64>| n.unwrap_or(0).saturating_add(1))
    })
}

/// A write for applications that are configured without sessions, too.
fn write(flow: &Flow, change: impl FnOnce(&Session) -> Result<(), Reject>) -> Result<(), Reject> {
    match flow.jam().sessions() {
        Ok(_) => change(&flow.session()?),
        Err(error) if error.kind() == ErrorKind::NotAvailable => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether the session is of whoever calls: a token, which counts first, may be somebody else's.
///
/// # Errors
/// 401 when nobody calls, or nobody is logged in to the session.
async fn is_own(session: &Session) -> Result<bool, Reject> {
    let identity = logged_in(session).await?;
    Ok(session.require_subject().await? == subject(&identity))
}

fn another_subjects() -> Answer {
    Answer::error(403, "session_of_another_subject")
}

async fn logged_in(session: &Session) -> Result<Identity<Claims>, Reject> {
    session.flow().identity().await
}

fn subject(identity: &Identity<Claims>) -> String {
    identity.subject().unwrap_or_default().into_owned()
}

/// The first parameter of that name in a query.
pub(crate) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
