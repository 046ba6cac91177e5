//! Python's session as ours: one document, whose members are the values of the session and at once
//! what `Identity` is read from.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::python::json;
use crate::session::draft::{
    Authentication, Draft, Holder, Metadata, Upstream, Values, Who, write_value,
};
use crate::session::id::VerifierHash;
use crate::session::policy::SessionPolicy;
use crate::session::record::Record;

/// The member that holds what Jam has to remember beyond the document.
const OURS: &str = "_jam";
/// The members that say who somebody is and what he may do, beside those that name the subject.
const GOVERNED: [&str; 6] = ["sub", "scope", "scopes", "permissions", "auth_time", "amr"];

/// What [`OURS`] holds. Times in seconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    iat: u64,
    end: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idle: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream: Option<(String, String, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<(Option<String>, Option<String>)>,
}

/// Which document is somebody's login.
#[derive(Clone, Debug)]
pub(super) struct Dict {
    /// Beside `sub`: names of members, or paths into them.
    pub(super) subject: Vec<String>,
}

/// How a document came to be written.
pub(super) struct Writing<'b> {
    /// The session as Python's cookie held it.
    pub(super) base: Option<&'b Record>,
    /// By a login, or by a move out of another format: what says who somebody is comes from the
    /// claims, whatever the values say.
    pub(super) by_claims: bool,
    /// Whether the codec says when it signed.
    pub(super) is_timed: bool,
    pub(super) now: Duration,
}

/// The members of a document, with their values as JSON texts.
pub(super) struct Document {
    members: Values,
    kept: Option<String>,
}

impl Document {
    pub(super) fn is_empty(&self) -> bool {
        self.members.iter().next().is_none()
    }

    /// What the application knows of.
    pub(super) fn members_json(&self) -> Result<String, Error> {
        object(self.members.iter())
    }

    pub(super) fn to_json(&self) -> Result<String, Error> {
        object(self.members.iter().chain(self.kept.as_deref().map(|kept| (OURS, kept))))
    }
}

impl Dict {
    /// The session in a document; `signed` is when that was signed, where the codec says so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndecodableRecord`] when what Jam has left in it is no longer of its form.
    pub(super) fn read(
        &self,
        text: &str,
        signed: Option<Duration>,
        policy: &SessionPolicy,
        now: Duration,
    ) -> Result<Record, Error> {
        let undecodable = || Error::from(ErrorKind::UndecodableRecord);
        let (mut values, mut kept) = (Values::default(), None);
        json::members(text, |name, json| match name {
            OURS => kept = Some(json.to_owned()),
            _ => values.put(name, json.to_owned()),
        })
        .map_err(|_| undecodable())?;
        let kept: Option<Kept> =
            kept.map(|kept| serde_json::from_str(&kept)).transpose().map_err(|_| undecodable())?;
        let subject = self.subject_of(&values);
        let seen = signed.unwrap_or(now);
        let created = kept.as_ref().map_or(seen, |kept| Duration::from_secs(kept.iat));
        let absolute_end = kept.as_ref().map_or_else(
            || created.saturating_add(policy.absolute),
            |kept| Duration::from_secs(kept.end),
        );
        let idle = kept.as_ref().and_then(|kept| kept.idle).map(Duration::from_secs);
        let (upstream, client) = kept.map_or((None, None), |kept| (kept.upstream, kept.client));
        Draft {
            version: 0,
            created,
            absolute_end,
            idle_timeout: idle.unwrap_or(policy.idle),
            last_seen: seen,
            verifier_hash: VerifierHash([0; 16]),
            remembered: idle.is_some(),
            shared: true,
            holder: Holder::Anew(Who {
                authentication: subject.as_ref().and_then(|_| authentication(&values)),
                subject,
                claims: Some(object(values.iter())?),
                upstream: upstream.map(|(issuer, session_id, auth_time)| Upstream {
                    issuer,
                    session_id,
                    auth_time: Duration::from_secs(auth_time),
                }),
                metadata: client.map(|(user_agent, address)| Metadata { user_agent, address }),
            }),
            values,
        }
        .encode(usize::MAX)
    }

    /// The document of a session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Malformed`] when values were set that say who is logged in: only a login does.
    pub(super) fn write(
        &self,
        draft: &Draft,
        policy: &SessionPolicy,
        writing: &Writing<'_>,
    ) -> Result<Document, Error> {
        let who = draft.who();
        let mut claims = Values::default();
        if let Some(text) = &who.claims {
            json::members(text, |name, json| claims.put(name, json.to_owned()))
                .map_err(|_| ErrorKind::UndecodableRecord)?;
        }
        let mut members = draft.values.clone();
        for name in self.governed() {
            if !writing.by_claims {
                let before = writing.base.and_then(|base| base.value(name));
                if draft.values.text(name) != before {
                    return Err(governed(name));
                }
            }
            match claims.text(name) {
                Some(json) => members.put(name, json.to_owned()),
                None if self.names(name, &who, &members) => {}
                None => _ = members.remove(name),
            }
        }
        if !draft.shared {
            claims.iter().for_each(|(name, json)| members.put(name, json.to_owned()));
        }
        if let (true, Some(subject)) = (writing.by_claims, &who.subject) {
            self.introduce(subject, &mut members)?;
        }
        Ok(Document { kept: kept(draft, &who, policy, writing)?, members })
    }

    /// What only a login writes.
    fn governed(&self) -> impl Iterator<Item = &str> {
        let subject = self.subject.iter().map(|path| top(path));
        GOVERNED.into_iter().chain([OURS]).chain(subject)
    }

    /// Whether a member already names the subject.
    fn names(&self, name: &str, who: &Who, members: &Values) -> bool {
        let mut paths = self.subject.iter().filter(|path| top(path) == name);
        who.subject.is_some() && paths.any(|path| named_by(members, path) == who.subject)
    }

    /// Says who is logged in where Python looks for it.
    fn introduce(&self, subject: &str, members: &mut Values) -> Result<(), Error> {
        let is_known = self.subject.iter().any(|path| members.text(top(path)).is_some());
        match self.subject.iter().find(|path| top(path) == path.as_str()) {
            Some(name) if !is_known => members.set(name, subject),
            _ => Ok(()),
        }
    }

    /// `sub` where it is a text, or else the first that Python counts as true.
    fn subject_of(&self, values: &Values) -> Option<String> {
        let sub = values.text("sub").filter(|json| json.starts_with('"'));
        sub.and_then(counted)
            .or_else(|| self.subject.iter().find_map(|path| named_by(values, path)))
    }
}

fn governed(name: &str) -> Error {
    Error::new(
        ErrorKind::Malformed,
        format!("`{name}` says who is logged in to a session of Python's: only a login writes it"),
    )
}

fn top(path: &str) -> &str {
    path.split_once('.').map_or(path, |(top, _)| top)
}

/// What stands at a path, as text.
fn named_by(values: &Values, path: &str) -> Option<String> {
    let mut names = path.split('.');
    let mut json = values.text(names.next()?)?.to_owned();
    for name in names {
        let mut found = None;
        json::members(&json, |member, value| {
            if member == name {
                found = Some(value.to_owned());
            }
        })
        .ok()?;
        json = found?;
    }
    counted(&json)
}

/// A text as it is, anything else as Python writes it; none for what Python counts as false.
fn counted(json: &str) -> Option<String> {
    if json::is_falsy(json) {
        return None;
    }
    if json.starts_with('"') { serde_json::from_str(json).ok() } else { json::dumps(json).ok() }
}

/// As a login of ours has written it.
fn authentication(values: &Values) -> Option<Authentication> {
    let at = values.get::<u64>("auth_time").ok().flatten()?;
    let methods = values.get::<Vec<String>>("amr").ok().flatten().unwrap_or_default();
    Some(Authentication { at: Duration::from_secs(at), methods })
}

/// What cannot be told from the document and the time of its signing. Python signs anew whenever it
/// answers, so that a login's times would be lost without it.
fn kept(
    draft: &Draft,
    who: &Who,
    policy: &SessionPolicy,
    writing: &Writing<'_>,
) -> Result<Option<String>, Error> {
    let (iat, end) = (draft.created.as_secs(), draft.absolute_end.as_secs());
    let signing = Duration::from_secs(writing.now.as_secs());
    let by_signing = writing.is_timed
        && iat == signing.as_secs()
        && end == signing.saturating_add(policy.absolute).as_secs();
    let kept = Kept {
        iat,
        end,
        idle: draft.remembered.then_some(draft.idle_timeout.as_secs()),
        upstream: who
            .upstream
            .clone()
            .map(|login| (login.issuer, login.session_id, login.auth_time.as_secs())),
        client: who.metadata.clone().map(|client| (client.user_agent, client.address)),
    };
    let is_needed = !by_signing
        || who.authentication.is_some()
        || kept.idle.is_some()
        || kept.upstream.is_some()
        || kept.client.is_some();
    is_needed.then(|| write_value(&kept)).transpose()
}

fn object<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> Result<String, Error> {
    let mut text = String::from("{");
    for (name, json) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&write_value(name)?);
        text.push(':');
        text.push_str(json);
    }
    text.push('}');
    Ok(text)
}
