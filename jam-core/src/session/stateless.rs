//! Sessions without a store: the record travels in the credential, as JSON under a codec.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::draft::{Authentication, Draft, Holder, Metadata, Upstream, Values, Who};
use super::id::VerifierHash;
use super::record::{Record, millis};
use crate::error::{Error, ErrorKind};

/// Times in seconds since the Unix epoch, the last use in milliseconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carried {
    #[serde(rename = "f")]
    format: u8,
    iat: u64,
    end: u64,
    idle: u64,
    seen: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth: Option<(u64, Vec<String>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream: Option<(String, String, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<(Option<String>, Option<String>)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    remembered: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shared: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, Box<RawValue>>,
}

const FORMAT: u8 = 1;

/// The record as JSON text.
pub(crate) fn to_json(record: &Record) -> Result<String, Error> {
    let raw = |json: &str| RawValue::from_string(json.to_owned());
    let invalid = |_| Error::from(ErrorKind::InvalidPayload);
    let mut values = BTreeMap::new();
    for (name, json) in record.values() {
        values.insert(name.to_owned(), raw(json).map_err(invalid)?);
    }
    let carried = Carried {
        format: FORMAT,
        iat: record.created().as_secs(),
        end: record.absolute_end().as_secs(),
        idle: record.idle_timeout().as_secs(),
        seen: millis(record.last_seen()),
        sub: record.subject().map(str::to_owned),
        claims: record.claims_json().map(raw).transpose().map_err(invalid)?,
        auth: record.authentication().map(|auth| (auth.at.as_secs(), auth.methods)),
        upstream: record
            .upstream()
            .map(|login| (login.issuer, login.session_id, login.auth_time.as_secs())),
        client: record.metadata().map(|client| (client.user_agent, client.address)),
        remembered: record.is_remembered(),
        shared: record.is_shared(),
        values,
    };
    serde_json::to_string(&carried).map_err(|_| ErrorKind::InvalidPayload.into())
}

/// The record out of what an authentic credential carries.
///
/// # Errors
///
/// [`ErrorKind::UndecodableRecord`] for another format.
pub(crate) fn from_json(json: &str) -> Result<Record, Error> {
    let carried: Carried =
        serde_json::from_str(json).map_err(|_| Error::from(ErrorKind::UndecodableRecord))?;
    if carried.format != FORMAT {
        return Err(ErrorKind::UndecodableRecord.into());
    }
    let values = carried.values.iter().map(|(name, json)| (name.as_str(), json.get()));
    Draft {
        version: 0,
        created: Duration::from_secs(carried.iat),
        absolute_end: Duration::from_secs(carried.end),
        idle_timeout: Duration::from_secs(carried.idle),
        last_seen: Duration::from_millis(carried.seen),
        verifier_hash: VerifierHash([0; 16]),
        remembered: carried.remembered,
        shared: carried.shared,
        holder: Holder::Anew(Who {
            subject: carried.sub,
            claims: carried.claims.map(|claims| claims.get().to_owned()),
            authentication: carried
                .auth
                .map(|(at, methods)| Authentication { at: Duration::from_secs(at), methods }),
            upstream: carried.upstream.map(|(issuer, session_id, auth_time)| Upstream {
                issuer,
                session_id,
                auth_time: Duration::from_secs(auth_time),
            }),
            metadata: carried.client.map(|(user_agent, address)| Metadata { user_agent, address }),
        }),
        values: Values::from_texts(values),
    }
    .encode(usize::MAX)
}
