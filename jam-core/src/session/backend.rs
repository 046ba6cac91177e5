//! The session backend: policy, keeper, where ids are found and how they are handed out.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::builder::SessionBackendBuilder;
use super::commit::in_time;
use super::id::{SessionHandle, SessionId};
use super::legacy::LegacySessions;
use super::migration::{Format, Migration};
use super::policy::{Outage, SessionPolicy, Undecodable};
use super::record::Record;
use super::stale::{Asked, Seen};
use super::stateless;
use super::store::{Call, SessionStore};
use super::watch::Watch;
use crate::audit::{self, Refused};
use crate::clock::{Budget, Clock};
use crate::codec::TokenCodec;
use crate::deferred::Deferred;
use crate::error::{Error, ErrorKind};
use crate::source::Sources;
use crate::transport::CredentialTransport;

/// Authenticates requests by session: a policy, a store or a codec, the sources that carry an id and
/// the transport that hands one out. Cheap to clone.
///
/// ```
/// use jam_core::session::{MemoryStore, SessionBackend, SessionPolicy};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), jam_core::Error> {
/// let policy = SessionPolicy::new(Duration::from_secs(1800), Duration::from_secs(12 * 3600));
/// let jam = jam_core::Jam::builder()
///     .session(SessionBackend::builder(policy, MemoryStore::new()))
///     .build()?;
///
/// let sessions = jam.sessions()?.blocking();
/// let created = sessions.create_session("alice")?;
/// let record = sessions.get_session(&created.id)?.expect("it was made just now");
/// assert_eq!(record.subject(), Some("alice"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionBackend(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) keeper: Keeper,
    pub(super) policy: SessionPolicy,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sources: Sources,
    pub(super) transport: CredentialTransport,
    pub(super) clear_site_data: bool,
    pub(super) watch: Watch,
    pub(super) seen: Option<Seen>,
    pub(super) last_error: Mutex<Option<Arc<Error>>>,
    /// Old where it stands beside another one in a migration.
    pub(super) format: Format,
    pub(super) migration: Option<Migration>,
}

/// Who keeps the records.
pub(super) enum Keeper {
    Store(Arc<dyn SessionStore>),
    /// The client does.
    Stateless(Arc<dyn TokenCodec>),
    /// The client does, as a Python service has it.
    Python(Box<LegacySessions>),
}

/// A session of a request, and what it is known by.
#[derive(Clone)]
pub(crate) struct Live {
    /// None where the client keeps the record.
    pub(crate) id: Option<SessionId>,
    pub(crate) record: Record,
    /// The use is to be written down into the credential itself.
    pub(crate) touch_due: bool,
    /// Which of two formats it was read in, while users move from one to the other.
    pub(crate) format: Format,
}

/// What became of a credential.
#[derive(Clone)]
pub(crate) enum Opened {
    Live(Live),
    Unusable,
    /// Its record cannot be read, and the policy says that it counts as none.
    Dropped,
    /// The store is down, and the policy says that reads find nobody.
    NobodyKnows,
    Down,
}

impl SessionBackend {
    /// Starts with the policy and a store.
    pub fn builder(
        policy: SessionPolicy,
        store: impl SessionStore + 'static,
    ) -> SessionBackendBuilder {
        SessionBackendBuilder::new(policy, Keeper::Store(Arc::new(store)))
    }

    /// Starts with the policy and a codec: the client keeps the whole session, sealed or signed, in
    /// its credential.
    ///
    /// What that cannot promise: a logout takes the credential away from this client, but a copy of
    /// it lives on until it expires; writes of simultaneous requests do not merge, the last answer
    /// wins; there is no list of sessions and no revoking, and such calls are refused as
    /// [`NotSupported`](ErrorKind::NotSupported). With a [`SignedCodec`](crate::codec::SignedCodec)
    /// the client reads what the session holds.
    pub fn stateless(
        policy: SessionPolicy,
        codec: impl TokenCodec + 'static,
    ) -> SessionBackendBuilder {
        SessionBackendBuilder::new(policy, Keeper::Stateless(Arc::new(codec)))
    }

    /// Whether a credential is an id, and nothing else.
    pub(crate) fn reads_ids(&self) -> bool {
        matches!(self.0.keeper, Keeper::Store(_))
    }

    /// How this backend hands out ids.
    pub(crate) fn transport(&self) -> &CredentialTransport {
        &self.0.transport
    }

    pub(crate) fn sources(&self) -> &Sources {
        &self.0.sources
    }

    pub(crate) fn policy(&self) -> &SessionPolicy {
        &self.0.policy
    }

    pub(crate) fn undecodable(&self) -> Undecodable {
        self.0.policy.undecodable
    }

    pub(crate) fn clears_site_data(&self) -> bool {
        self.0.clear_site_data
    }

    pub(crate) fn now(&self) -> Duration {
        self.0.clock.now()
    }

    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.0.policy.store_timeout)
    }

    pub(super) fn call(&self, budget: &Budget) -> Call {
        Call { now: self.now(), time_left: budget.left() }
    }

    /// The store, for what only a store can do.
    pub(super) fn store(&self) -> Result<&Arc<dyn SessionStore>, Error> {
        match &self.0.keeper {
            Keeper::Store(store) => Ok(store),
            Keeper::Stateless(_) | Keeper::Python(_) => Err(Error::new(
                ErrorKind::NotSupported,
                "the client keeps these sessions: they can be neither listed nor revoked; \
                 configure a store",
            )),
        }
    }

    /// Reads what a source has found.
    #[inline]
    pub(crate) fn open(&self, credential: &[u8], budget: &Budget) -> Deferred<'static, Opened> {
        match &self.0.keeper {
            Keeper::Store(_) => match SessionId::parse(credential) {
                Some(id) => self.look_up(id, budget),
                None => {
                    audit::refused(Refused::Malformed);
                    Deferred::ready(Opened::Unusable)
                }
            },
            Keeper::Stateless(codec) => Deferred::ready(self.unseal(codec.as_ref(), credential)),
            Keeper::Python(python) => Deferred::ready(self.open_python(python, credential)),
        }
    }

    fn unseal(&self, codec: &dyn TokenCodec, credential: &[u8]) -> Opened {
        let record = codec.decode(credential).and_then(|json| stateless::from_json(&json));
        let now = self.now();
        match record {
            // A clock that went back proves nothing about the session, but a use in the future is
            // no use.
            Ok(record) if !record.is_expired(now) => {
                let touch_due = self.touch_is_due(&record, now);
                record.touch(now);
                audit::accepted("session");
                Opened::Live(Live { touch_due, ..self.held(None, record) })
            }
            Ok(_) => unusable(Refused::Expired),
            Err(error) => match error.kind() {
                ErrorKind::UndecodableRecord => self.undecoded(),
                ErrorKind::BadSignature => unusable(Refused::BadSignature),
                _ => unusable(Refused::Malformed),
            },
        }
    }

    /// Asks the store about an id; ready at once where the store is.
    #[inline]
    pub(super) fn look_up(&self, id: SessionId, budget: &Budget) -> Deferred<'static, Opened> {
        let Ok(store) = self.store() else { return Deferred::ready(Opened::Unusable) };
        let (asked, call) = (self.ask(), self.call(budget));
        match store.load(call, id.handle()).now() {
            Ok(loaded) => Deferred::ready(match self.judge(&id, asked, loaded, call.now) {
                Ok(record) => {
                    if self.touch_is_due(&record, call.now) {
                        // A store that answers at once has touched at once.
                        let _ = store.touch(call, id.handle(), &record).now();
                    }
                    Opened::Live(self.held(id, record))
                }
                Err(opened) => opened,
            }),
            // Not polled yet, so nothing was asked: asked again from a future that owns the store.
            Err(_) => {
                let (this, budget) = (self.clone(), budget.share());
                Deferred::waiting(async move { this.look_up_waiting(id, &budget).await })
            }
        }
    }

    async fn look_up_waiting(&self, id: SessionId, budget: &Budget) -> Opened {
        let Ok(store) = self.store() else { return Opened::Unusable };
        budget.start();
        let (asked, call) = (self.ask(), self.call(budget));
        let loaded = in_time(store.load(call, id.handle()), budget).await;
        let record = match self.judge(&id, asked, loaded, call.now) {
            Ok(record) => record,
            Err(opened) => return opened,
        };
        if self.touch_is_due(&record, call.now)
            && let Err(error) =
                in_time(store.touch(self.call(budget), id.handle(), &record), budget).await
        {
            // The session is known to live; that its use was not written down may end it early.
            self.note(error);
        }
        Opened::Live(self.held(id, record))
    }

    /// The record in a store's answer, if it is of whoever holds this id; otherwise what that comes
    /// to.
    #[inline(always)]
    fn judge(
        &self,
        id: &SessionId,
        asked: Option<Asked>,
        loaded: Result<Option<Record>, Error>,
        now: Duration,
    ) -> Result<Record, Opened> {
        let handle = id.handle();
        let record = match loaded {
            Ok(Some(record)) => record,
            Ok(None) => {
                self.miss(handle);
                return Err(unusable(Refused::UnknownSession));
            }
            Err(error) if error.kind() == ErrorKind::UndecodableRecord => {
                return Err(self.undecoded());
            }
            Err(error) => return Err(self.without_store(id, error, now)),
        };
        if !id.verifier_hash().matches(record.verifier_hash()) {
            return Err(unusable(Refused::RotatedSession));
        }
        if record.is_expired(now) {
            self.miss(handle);
            return Err(unusable(Refused::Expired));
        }
        if let Some((seen, asked)) = self.0.seen.as_ref().zip(asked) {
            seen.confirm(asked, handle, &record, now);
        }
        audit::accepted("session");
        Ok(record)
    }

    /// A session of this backend's, whose use is written down or need not be.
    #[inline]
    pub(super) fn held(&self, id: impl Into<Option<SessionId>>, record: Record) -> Live {
        Live { id: id.into(), record, touch_due: false, format: self.0.format }
    }

    pub(super) fn undecoded(&self) -> Opened {
        audit::refused(Refused::Undecodable);
        match self.0.policy.undecodable {
            Undecodable::Deny => Opened::Unusable,
            Undecodable::DropKey | Undecodable::FreshSession => Opened::Dropped,
        }
    }

    pub(super) fn touch_is_due(&self, record: &Record, now: Duration) -> bool {
        now.saturating_sub(record.last_seen()) >= self.0.policy.touch_every()
    }

    /// The outage policy.
    fn without_store(&self, id: &SessionId, error: Error, now: Duration) -> Opened {
        self.note(error);
        match self.0.policy.outage {
            Outage::Deny => down(Opened::Down),
            Outage::Anonymous => down(Opened::NobodyKnows),
            Outage::ServeStale(window) => {
                let stale = self.0.seen.as_ref().and_then(|seen| {
                    seen.recall(id.handle(), now, window).filter(|record| {
                        id.verifier_hash().matches(record.verifier_hash())
                            && !record.is_expired(now)
                    })
                });
                match stale {
                    Some(record) => {
                        audit::accepted("stale session");
                        Opened::Live(self.held(id.clone(), record))
                    }
                    None => down(Opened::Down),
                }
            }
        }
    }

    /// Keeps the store's last error for whoever looks at the application, and tells the log.
    pub(super) fn note(&self, error: Error) {
        tracing::error!(target: "jam", kind = error.kind().as_str(), %error, "the session store failed");
        let mut last = self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Arc::new(error));
    }

    /// The last error of the store, if there was one.
    #[must_use]
    pub fn last_store_error(&self) -> Option<Arc<Error>> {
        self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask(&self) -> Option<Asked> {
        self.0.seen.as_ref().map(Seen::ask)
    }

    /// A session that is over here is over for whoever waits for that, outage or not.
    pub(super) fn forget(&self, handle: SessionHandle) {
        if let Some(seen) = &self.0.seen {
            seen.end(handle);
        }
        self.0.watch.wake(handle);
    }

    /// The store does not know the session any more, or never did.
    fn miss(&self, handle: SessionHandle) {
        if let Some(seen) = &self.0.seen {
            seen.miss(handle);
        }
        self.0.watch.wake(handle);
    }

    pub(super) fn store_name(&self) -> &'static str {
        match &self.0.keeper {
            Keeper::Store(store) => store.name(),
            Keeper::Stateless(_) => "stateless",
            Keeper::Python(python) => python.name(),
        }
    }

    /// Whether sessions outlive this process.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        match &self.0.keeper {
            Keeper::Store(store) => store.is_durable(),
            Keeper::Stateless(_) | Keeper::Python(_) => true,
        }
    }

    /// The policy in force, without secrets.
    pub(crate) fn describe(&self) -> Value {
        let codec = match &self.0.keeper {
            Keeper::Stateless(codec) => json!(codec.name()),
            Keeper::Store(_) | Keeper::Python(_) => Value::Null,
        };
        let mut described = self.0.policy.describe();
        if let Value::Object(members) = &mut described {
            members.insert("store".to_owned(), json!(self.store_name()));
            members.insert("durable".to_owned(), json!(self.is_durable()));
            members.insert("codec".to_owned(), codec);
            members.insert("sources".to_owned(), json!(self.0.sources.describe()));
            members.insert("transport".to_owned(), self.0.transport.describe());
            if let Keeper::Python(python) = &self.0.keeper {
                members.insert("subject".to_owned(), python.describe());
            }
            let migration = self.0.migration.as_ref().map(Migration::describe);
            members.insert("legacy".to_owned(), json!(migration));
        }
        described
    }
}

fn down(opened: Opened) -> Opened {
    audit::refused(Refused::StoreUnavailable);
    opened
}

pub(super) fn unusable(reason: Refused) -> Opened {
    audit::refused(reason);
    Opened::Unusable
}

impl fmt::Debug for SessionBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keeper = match &self.0.keeper {
            Keeper::Stateless(codec) => codec.name(),
            Keeper::Store(_) | Keeper::Python(_) => self.store_name(),
        };
        f.debug_struct("SessionBackend")
            .field("keeper", &keeper)
            .field("policy", &self.0.policy)
            .field("sources", &self.0.sources)
            .field("transport", &self.0.transport)
            .finish_non_exhaustive()
    }
}
