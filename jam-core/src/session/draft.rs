//! A record on its way to be written, in parts that can be changed.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::encoding::{Writer, part};
use super::id::VerifierHash;
use super::record::{Record, read_value};
use crate::error::{Error, ErrorKind};

/// When and how somebody proved who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Time since the Unix epoch, in whole seconds.
    pub at: Duration,
    /// The methods, as `amr` names them (RFC 8176): `pwd`, `otp`, …
    pub methods: Vec<String>,
}

/// The login at another provider that a session rests on: what a logout of that provider names
/// (OpenID Connect Back-Channel Logout 1.0 §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// `iss`.
    pub issuer: String,
    /// `sid`.
    pub session_id: String,
    /// `auth_time`, as time since the Unix epoch, in whole seconds.
    pub auth_time: Duration,
}

/// What the application notes about the client, for the list of a user's sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address, in the application's own words.
    pub address: Option<String>,
}

/// The values of a session: JSON by name, in the order in which they were first set.
#[derive(Clone, Default)]
pub struct Values {
    /// What it began with; nothing is copied out of it.
    kept: Option<Record>,
    /// What was set since then.
    set: Vec<Setting>,
}

#[derive(Clone)]
struct Setting {
    name: String,
    json: String,
    /// In the place of a kept one.
    replaces: bool,
}

impl Values {
    pub(super) fn kept(record: &Record) -> Self {
        Self { kept: Some(record.clone()), set: Vec::new() }
    }

    pub(super) fn from_texts<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let set = texts.map(|(name, json)| Setting {
            name: name.to_owned(),
            json: json.to_owned(),
            replaces: false,
        });
        Self { kept: None, set: set.collect() }
    }

    /// A value, read as `T`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndecodableRecord`] when it is of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        self.json(name).map(read_value).transpose()
    }

    /// A value as JSON text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.setting(name.as_bytes()) {
            Some(set) => Some(&set.json),
            None => self.kept.as_ref()?.value(name),
        }
    }

    /// The same for a parser.
    pub(super) fn json(&self, name: &str) -> Option<&[u8]> {
        match self.setting(name.as_bytes()) {
            Some(set) => Some(set.json.as_bytes()),
            None => self.kept.as_ref()?.json(name),
        }
    }

    fn setting(&self, name: &[u8]) -> Option<&Setting> {
        self.set.iter().find(|set| set.name.as_bytes() == name)
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when it cannot be written as JSON.
    pub fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.put(name, write_value(value)?);
        Ok(())
    }

    /// Takes a value out; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let was_there = self.text(name).is_some();
        if was_there && self.kept.is_some() {
            *self = Self::from_texts(self.iter());
        }
        self.set.retain(|set| set.name != name);
        was_there
    }

    /// Takes all values out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Names and JSON texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let kept = self.kept.iter().flat_map(Record::values);
        let kept = kept.map(|(name, json)| {
            (name, self.setting(name.as_bytes()).map_or(json, |set| &set.json))
        });
        let added = self.set.iter().filter(|set| !set.replaces);
        kept.chain(added.map(|set| (set.name.as_str(), set.json.as_str())))
    }

    fn write(&self, out: &mut Writer) {
        for (name, entry) in self.kept.iter().flat_map(Record::entries) {
            match self.setting(name) {
                Some(set) => set.write(out),
                None => out.raw(entry),
            }
        }
        self.set.iter().filter(|set| !set.replaces).for_each(|set| set.write(out));
    }

    pub(super) fn put(&mut self, name: &str, json: String) {
        match self.set.iter_mut().find(|set| set.name == name) {
            Some(set) => set.json = json,
            None => {
                let replaces = self.kept.as_ref().is_some_and(|kept| kept.value(name).is_some());
                self.set.push(Setting { name: name.to_owned(), json, replaces });
            }
        }
    }
}

impl Setting {
    fn write(&self, out: &mut Writer) {
        out.text(&self.name);
        out.text(&self.json);
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Values {}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

pub(crate) fn write_value<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::InvalidPayload, "the value cannot be written as JSON")
            .with_source(error)
    })
}

/// Who is logged in, and how that came about.
#[derive(Clone, Default)]
pub(crate) struct Who {
    pub(crate) subject: Option<String>,
    pub(crate) claims: Option<String>,
    pub(crate) authentication: Option<Authentication>,
    pub(crate) upstream: Option<Upstream>,
    pub(crate) metadata: Option<Metadata>,
}

/// The same on its way to be written: what nobody changes is not taken apart.
#[derive(Clone)]
pub(crate) enum Holder {
    AsIn(Record),
    Anew(Who),
}

/// A [`Record`] in parts.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) version: u32,
    pub(crate) created: Duration,
    pub(crate) absolute_end: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) last_seen: Duration,
    pub(crate) verifier_hash: VerifierHash,
    pub(crate) remembered: bool,
    /// Claims and values are one document, as in Python: the claims only show it.
    pub(crate) shared: bool,
    pub(crate) holder: Holder,
    pub(crate) values: Values,
}

impl Draft {
    pub(crate) fn who(&self) -> Cow<'_, Who> {
        match &self.holder {
            Holder::AsIn(record) => Cow::Owned(record.who()),
            Holder::Anew(who) => Cow::Borrowed(who),
        }
    }

    /// The record, unless it takes more than `max` bytes.
    pub(crate) fn encode(&self, max: usize) -> Result<Record, Error> {
        let flags = flag(self.remembered, part::REMEMBERED) | flag(self.shared, part::SHARED);
        let mut out = Writer::new(self, flags | self.holder.flags());
        self.holder.write(&mut out);
        self.values.write(&mut out);
        let bytes = out.as_bytes();
        if bytes.len() > max {
            return Err(Error::new(
                ErrorKind::RecordTooLarge,
                format!(
                    "the session would take {} bytes; `max_record_bytes` allows {max}: keep large \
                     things elsewhere and only their ids in the session",
                    bytes.len()
                ),
            ));
        }
        Ok(Record::unchecked(bytes, self.last_seen))
    }
}

impl Holder {
    fn flags(&self) -> u8 {
        match self {
            Self::AsIn(record) => record.flags() & part::WHO,
            Self::Anew(who) => who.flags(),
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Self::AsIn(record) => out.raw(record.who_bytes()),
            Self::Anew(who) => who.write(out),
        }
    }
}

fn flag(there: bool, part: u8) -> u8 {
    if there { part } else { 0 }
}

impl Who {
    fn flags(&self) -> u8 {
        flag(self.subject.is_some(), part::SUBJECT)
            | flag(self.claims.is_some(), part::CLAIMS)
            | flag(self.authentication.is_some(), part::AUTHENTICATION)
            | flag(self.upstream.is_some(), part::UPSTREAM)
            | flag(self.metadata.is_some(), part::METADATA)
    }

    fn write(&self, out: &mut Writer) {
        if let Some(subject) = &self.subject {
            out.text(subject);
        }
        if let Some(claims) = &self.claims {
            out.text(claims);
        }
        if let Some(Authentication { at, methods }) = &self.authentication {
            out.number(at.as_secs());
            out.number(methods.len() as u64);
            methods.iter().for_each(|method| out.text(method));
        }
        if let Some(Upstream { issuer, session_id, auth_time }) = &self.upstream {
            out.text(issuer);
            out.text(session_id);
            out.number(auth_time.as_secs());
        }
        if let Some(Metadata { user_agent, address }) = &self.metadata {
            out.text(user_agent.as_deref().unwrap_or_default());
            out.text(address.as_deref().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Change {
        Set(String, u8),
        Remove(String),
        Clear,
        /// Written and read again, as the next request finds it.
        Write,
    }

    fn change() -> impl Strategy<Value = Change> {
        let name = prop::sample::select(vec!["a", "b", "c", "", "a longer one"]);
        prop_oneof![
            6 => (name.clone(), 0..9_u8).prop_map(|(name, value)| Change::Set(name.into(), value)),
            3 => name.prop_map(|name| Change::Remove(name.into())),
            1 => Just(Change::Clear),
            3 => Just(Change::Write),
        ]
    }

    fn draft(values: Values, who: Who) -> Draft {
        Draft {
            version: 7,
            created: Duration::from_secs(1_700_000_000),
            absolute_end: Duration::from_secs(1_700_043_200),
            idle_timeout: Duration::from_secs(1800),
            last_seen: Duration::from_millis(1_700_000_000_123),
            verifier_hash: VerifierHash([9; 16]),
            remembered: true,
            shared: false,
            holder: Holder::Anew(who),
            values,
        }
    }

    proptest! {
        /// However it is carried over, a session's values are those of a plain list.
        #[test]
        fn values_are_those_of_a_list_in_the_order_in_which_they_were_first_set(
            changes in prop::collection::vec(change(), 0..24),
        ) {
            let (mut values, mut list) = (Values::default(), Vec::<(String, String)>::new());
            for change in changes {
                match change {
                    Change::Set(name, value) => {
                        values.set(&name, &value).unwrap();
                        match list.iter_mut().find(|(known, _)| *known == name) {
                            Some((_, json)) => *json = value.to_string(),
                            None => list.push((name, value.to_string())),
                        }
                    }
                    Change::Remove(name) => {
                        let was_there = list.iter().any(|(known, _)| *known == name);
                        prop_assert_eq!(values.remove(&name), was_there);
                        list.retain(|(known, _)| *known != name);
                    }
                    Change::Clear => {
                        values.clear();
                        list.clear();
                    }
                    Change::Write => {
                        let record = draft(values, Who::default()).encode(usize::MAX).unwrap();
                        let read = Record::from_bytes(record.as_bytes(), record.last_seen()).ok();
                        values = read.unwrap().draft().values;
                    }
                }
                let plain = Values::from_texts(list.iter().map(|(n, j)| (n.as_str(), j.as_str())));
                prop_assert_eq!(&values, &plain);
                for (name, json) in &list {
                    prop_assert_eq!(values.text(name), Some(json.as_str()));
                }
                let [one, other] =
                    [values.clone(), plain].map(|v| draft(v, Who::default()).encode(usize::MAX).unwrap());
                prop_assert_eq!(one.as_bytes(), other.as_bytes());
            }
        }
    }

    #[test]
    fn who_is_logged_in_is_carried_over_as_it_lies() {
        let who = Who {
            subject: Some("alice".to_owned()),
            claims: Some(r#"{"sub":"alice"}"#.to_owned()),
            authentication: Some(Authentication {
                at: Duration::from_secs(1_700_000_000),
                methods: vec!["pwd".to_owned(), "otp".to_owned()],
            }),
            upstream: Some(Upstream {
                issuer: "https://issuer.example".to_owned(),
                session_id: "s-1".to_owned(),
                auth_time: Duration::from_secs(1_699_999_999),
            }),
            metadata: Some(Metadata { user_agent: None, address: Some("::1".to_owned()) }),
        };
        for left_out in 0..=5 {
            let mut who = who.clone();
            match left_out {
                0 => who.subject = None,
                1 => who.claims = None,
                2 => who.authentication = None,
                3 => who.upstream = None,
                4 => who.metadata = None,
                _ => {}
            }
            let values = Values::from_texts([("n", "1")].into_iter());
            let record = draft(values, who.clone()).encode(usize::MAX).unwrap();
            let again = record.draft().encode(usize::MAX).unwrap();
            assert_eq!(again.as_bytes(), record.as_bytes(), "{left_out}");
            assert_eq!(again.subject(), who.subject.as_deref(), "{left_out}");
            assert_eq!(again.authentication(), who.authentication, "{left_out}");
            assert_eq!(again.upstream(), who.upstream, "{left_out}");
            assert_eq!(again.metadata(), who.metadata, "{left_out}");
            assert_eq!(again.value("n"), Some("1"), "{left_out}");
        }
    }
}
