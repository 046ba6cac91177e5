//! The facade: one value that an application makes at the start and clones wherever it is needed.

use std::fmt;
#[cfg(feature = "config")]
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::{Clock, SystemClock};
use crate::csrf::{CsrfGuard, CsrfPolicy};
use crate::error::{Error, ErrorKind};
use crate::flow::Flow;
use crate::jwt::{JwtBackend, JwtBackendBuilder, Payload, PayloadBuilder, Verified};
use crate::reject::{Reject, RejectResponse};
use crate::request::{Found, RequestView};
use crate::session::{
    Login, NewSession, Record, SessionBackend, SessionBackendBuilder, SessionHandle, SessionId,
    SessionInfo, Values,
};

pub(crate) type RejectHook = dyn Fn(&Reject, &mut RejectResponse) + Send + Sync;

/// The authentication of one application. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Jam(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    realm: String,
    clock: Arc<dyn Clock>,
    jwt: Option<JwtBackend>,
    sessions: Option<SessionBackend>,
    csrf_policy: CsrfPolicy,
    csrf: Option<CsrfGuard>,
    on_reject: Option<Arc<RejectHook>>,
    /// The headers that answers depend on.
    vary: String,
    /// The one that this one is [nested](Jam::nested) in.
    outer: Option<Jam>,
}

impl Jam {
    /// Starts the settings.
    pub fn builder() -> JamBuilder {
        JamBuilder {
            realm: "jam".to_owned(),
            clock: None,
            jwt: None,
            session: None,
            csrf: CsrfPolicy::on(),
            on_reject: None,
        }
    }

    /// Reads a configuration file (TOML, YAML or JSON by its extension). `pointer` names the
    /// section, `jam` as a rule, with dots for inner ones.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`], [`ErrorKind::InvalidConfig`], [`ErrorKind::NotAvailable`] and
    /// [`ErrorKind::WeakOrInvalidKey`], each naming the place and what to do, never a secret.
    #[cfg(feature = "config")]
    pub fn from_config(path: impl AsRef<Path>, pointer: &str) -> Result<Self, Error> {
        JamBuilder::from_config(path, pointer)?.build()
    }

    /// Makes a payload: `jti`, `iat`, `exp`, the configured issuer and audience, and the members
    /// of `data` (any type that serializes to a JSON object) laid over them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when `data` is no object, [`ErrorKind::NotAvailable`] without
    /// a JWT backend.
    pub fn make_payload<T: Serialize + ?Sized>(&self, data: &T) -> Result<Payload, Error> {
        self.payload()?.data(data).build()
    }

    /// Starts a payload, for claims beyond the user's data.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAvailable`] without a JWT backend.
    pub fn payload(&self) -> Result<PayloadBuilder, Error> {
        Ok(self.jwt()?.payload())
    }

    /// Signs a payload.
    ///
    /// # Errors
    ///
    /// As [`JwtBackend::sign`], and [`ErrorKind::NotAvailable`] without a JWT backend.
    pub fn gen_jwt_token(&self, payload: &Payload) -> Result<String, Error> {
        self.jwt()?.sign(payload)
    }

    /// Verifies a token and reads its claims as `P`.
    ///
    /// # Errors
    ///
    /// As [`JwtVerifier::verify`](crate::jwt::JwtVerifier::verify), and
    /// [`ErrorKind::NotAvailable`] without a JWT backend.
    pub fn verify_jwt_token<P: DeserializeOwned>(
        &self,
        token: impl AsRef<[u8]>,
    ) -> Result<Verified<P>, Error> {
        self.jwt()?.verifier().verify(token)
    }

    /// The JWT backend.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAvailable`] when none is configured.
    pub fn jwt(&self) -> Result<&JwtBackend, Error> {
        self.0.jwt.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::NotAvailable,
                "no JWT backend is configured: call `.jwt(…)` on the builder, or add a `jwt` table with keys",
            )
        })
    }

    /// The session backend, whose verbs the facade repeats.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAvailable`] when none is configured.
    pub fn sessions(&self) -> Result<&SessionBackend, Error> {
        self.0.sessions.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::NotAvailable,
                "no session backend is configured: call `.session(…)` on the builder, or add a `session` table",
            )
        })
    }

    /// Makes a session for a subject. See [`SessionBackend::create_session`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn create_session(&self, login: impl Into<Login>) -> Result<NewSession, Error> {
        self.sessions()?.create_session(login).await
    }

    /// The session of an id. See [`SessionBackend::get_session`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn get_session(&self, id: &SessionId) -> Result<Option<Record>, Error> {
        self.sessions()?.get_session(id).await
    }

    /// Changes the values of a session. See [`SessionBackend::update_session`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn update_session(
        &self,
        id: &SessionId,
        change: impl Fn(&mut Values) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Record, Error> {
        self.sessions()?.update_session(id, change).await
    }

    /// Puts a new id in place of an old one. See [`SessionBackend::rotate_session`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn rotate_session(&self, id: &SessionId) -> Result<SessionId, Error> {
        self.sessions()?.rotate_session(id).await
    }

    /// Ends a session. See [`SessionBackend::delete_session`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn delete_session(&self, id: &SessionId) -> Result<bool, Error> {
        self.sessions()?.delete_session(id).await
    }

    /// Ends all sessions of a subject. See [`SessionBackend::clear_sessions`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn clear_sessions(&self, subject: &str) -> Result<usize, Error> {
        self.sessions()?.clear_sessions(subject).await
    }

    /// The live sessions of a subject. See [`SessionBackend::sessions_of`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn sessions_of(&self, subject: &str) -> Result<Vec<SessionInfo>, Error> {
        self.sessions()?.sessions_of(subject).await
    }

    /// Ends a session by its public name. See [`SessionBackend::revoke`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn revoke(&self, handle: SessionHandle) -> Result<bool, Error> {
        self.sessions()?.revoke(handle).await
    }

    /// Ends all other sessions of an id's subject. See [`SessionBackend::revoke_others`].
    ///
    /// # Errors
    ///
    /// The same, and [`ErrorKind::NotAvailable`] without a session backend.
    pub async fn revoke_others(&self, id: &SessionId) -> Result<SessionId, Error> {
        self.sessions()?.revoke_others(id).await
    }

    /// Drops the expired sessions of the store, and has every stream and socket look again that waits
    /// for the end of its session; then once more whenever `tick` is through. Never ends. The
    /// adapters' `sweep_every` is this over the timer of their framework.
    ///
    /// Sessions expire on time without it. It frees the memory that they take, and tells those who
    /// wait of an end that this process did not bring about. A sweep that fails is logged, and tried
    /// again at the next tick; without a session backend there is nothing to do.
    pub async fn sweep_at<T: Future>(self, mut tick: impl FnMut() -> T) {
        loop {
            if let Some(sessions) = self.session_backend()
                && let Err(error) = sessions.sweep().await
            {
                tracing::warn!(target: "jam", kind = error.kind().as_str(), %error, "expired sessions were not swept; the next tick tries again");
            }
            tick().await;
        }
    }

    /// Begins a request: walks the credential sources and copies what they find. Synchronous;
    /// verifies nothing and asks no store.
    #[must_use]
    pub fn begin(&self, view: &dyn RequestView) -> Flow {
        Flow::begin(self, view)
    }

    /// What the sources find in a request, and the place of the source that found it, from 0. For
    /// looking at a configuration; handlers ask the [`Flow`].
    #[must_use]
    pub fn find_credential<'a>(&self, view: &'a dyn RequestView) -> (usize, Found<'a>) {
        let mut first = (0, Found::Absent);
        let mut before = 0;
        let tokens = self.0.jwt.iter().map(|jwt| &jwt.sources);
        let sessions = self.0.sessions.iter().flat_map(SessionBackend::all_sources);
        for sources in tokens.chain(sessions) {
            let mut decided = false;
            sources.sight(view, |index, sighting| {
                let ambient = sighting.ambient;
                let found = sighting.judge();
                // A malformed cookie gives way to whatever a later source finds.
                if matches!(first.1, Found::Absent | Found::Malformed) {
                    first = (before + index, found);
                }
                decided |= !ambient || !matches!(found, Found::Malformed);
            });
            if decided {
                break;
            }
            before += sources.len();
        }
        first
    }

    /// The public keys as a JWK set (RFC 7517 §5). Symmetric keys never appear.
    #[must_use]
    pub fn public_jwks(&self) -> Value {
        match &self.0.jwt {
            Some(jwt) => jwt.keys().public_jwks(),
            None => json!({ "keys": [] }),
        }
    }

    /// The policy in force as JSON, without secrets.
    #[must_use]
    pub fn describe(&self) -> Value {
        json!({
            "realm": self.0.realm,
            "jwt": self.0.jwt.as_ref().map(JwtBackend::describe),
            "session": self.0.sessions.as_ref().map(SessionBackend::describe),
            "csrf": self.0.csrf_policy.describe(),
        })
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The same for a layer inside another one of this Jam's: it shares the flow of that one, so that
    /// what is written between the two and inside is one.
    ///
    /// Without it each layer begins a flow of its own, and what is inside it knows nothing of the
    /// ones around: what a handler sends on in its own name is another request.
    #[must_use]
    pub fn nested(&self) -> Jam {
        let outer = Some(self.outer().unwrap_or(self).clone());
        Jam(Arc::new(Inner { outer, ..Inner::clone(&self.0) }))
    }

    pub(crate) fn outer(&self) -> Option<&Jam> {
        self.0.outer.as_ref()
    }

    /// Whether two values are clones of one another.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn jwt_backend(&self) -> Option<&JwtBackend> {
        self.0.jwt.as_ref()
    }

    pub(crate) fn session_backend(&self) -> Option<&SessionBackend> {
        self.0.sessions.as_ref()
    }

    pub(crate) fn csrf(&self) -> Option<&CsrfGuard> {
        self.0.csrf.as_ref()
    }

    pub(crate) fn realm(&self) -> &str {
        &self.0.realm
    }

    pub(crate) fn reject_hook(&self) -> Option<&RejectHook> {
        self.0.on_reject.as_deref()
    }

    pub(crate) fn vary(&self) -> &str {
        &self.0.vary
    }
}

impl fmt::Debug for Jam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jam")
            .field("realm", &self.0.realm)
            .field("jwt", &self.0.jwt)
            .field("session", &self.0.sessions)
            .field("csrf", &self.0.csrf_policy)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`Jam`].
#[must_use]
pub struct JamBuilder {
    realm: String,
    clock: Option<Arc<dyn Clock>>,
    jwt: Option<JwtBackendBuilder>,
    session: Option<SessionBackendBuilder>,
    csrf: CsrfPolicy,
    on_reject: Option<Arc<RejectHook>>,
}

impl JamBuilder {
    /// Reads the settings of a configuration file, to add to them or to inject a clock.
    ///
    /// # Errors
    ///
    /// As [`Jam::from_config`].
    #[cfg(feature = "config")]
    pub fn from_config(path: impl AsRef<Path>, pointer: &str) -> Result<Self, Error> {
        crate::config::load(path.as_ref(), pointer)
    }

    /// The protection space that challenges name (RFC 9110 §11.5); `jam`.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Where the time comes from, for all backends; [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Authenticates by JWT.
    pub fn jwt(mut self, backend: JwtBackendBuilder) -> Self {
        self.jwt = Some(backend);
        self
    }

    /// Authenticates by session, and gives requests a [`Session`](crate::session::Session).
    pub fn session(mut self, backend: SessionBackendBuilder) -> Self {
        self.session = Some(backend);
        self
    }

    /// What is asked of requests with a cookie that may change something; [`CsrfPolicy::on`].
    pub fn csrf(mut self, policy: CsrfPolicy) -> Self {
        self.csrf = policy;
        self
    }

    /// Changes the answers to refused requests: the hook sees each before it is sent.
    pub fn on_reject(
        mut self,
        hook: impl Fn(&Reject, &mut RejectResponse) + Send + Sync + 'static,
    ) -> Self {
        self.on_reject = Some(Arc::new(hook));
        self
    }

    /// The application's authentication.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] when settings contradict each other.
    pub fn build(self) -> Result<Jam, Error> {
        if self.realm.is_empty() || self.realm.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "the realm stands in a header: it must be visible ASCII and not empty",
            ));
        }
        let clock: Arc<dyn Clock> = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let jwt = self.jwt.map(|jwt| jwt.clock(Arc::clone(&clock)).build()).transpose()?;
        let sessions = self.session.map(|session| session.clock_shared(Arc::clone(&clock)).build());
        let sessions = sessions.transpose()?;
        self.csrf.check()?;
        let sources = jwt.iter().map(|jwt| &jwt.sources);
        let sources: Vec<_> =
            sources.chain(sessions.iter().flat_map(SessionBackend::all_sources)).collect();
        let cookies: Vec<_> =
            sources.iter().flat_map(|sources| sources.cookies()).cloned().collect();
        one_backend_a_place(jwt.as_ref(), sessions.as_ref())?;
        let mut vary: Vec<&str> = Vec::new();
        for name in sources.iter().flat_map(|sources| sources.vary()) {
            if !vary.contains(&name) {
                vary.push(name);
            }
        }
        let vary = vary.join(", ");
        let csrf = CsrfGuard::new(self.csrf.clone(), cookies);
        Ok(Jam(Arc::new(Inner {
            realm: self.realm,
            clock,
            jwt,
            sessions,
            csrf_policy: self.csrf,
            csrf,
            on_reject: self.on_reject,
            vary,
            outer: None,
        })))
    }
}

/// A token and a session that share a place would overwrite each other.
fn one_backend_a_place(
    jwt: Option<&JwtBackend>,
    sessions: Option<&SessionBackend>,
) -> Result<(), Error> {
    let Some((jwt, sessions)) = jwt.zip(sessions) else { return Ok(()) };
    let invalid = |message| Err(Error::new(ErrorKind::InvalidConfig, message));
    let mine = jwt.sources.describe();
    let mut theirs = sessions.all_sources().flat_map(|sources| sources.describe());
    if let Some(source) = theirs.find(|source| mine.contains(source)) {
        return invalid(format!(
            "the credential source {source} is listed for tokens and for sessions; give each its own"
        ));
    }
    let mut transports = sessions.formats().map(|(_, backend)| backend.transport());
    match transports.find_map(|theirs| jwt.transport.collides_with(theirs)) {
        None => Ok(()),
        Some(place) => invalid(format!(
            "tokens and sessions are both handed out in {place}; give each its own"
        )),
    }
}

impl fmt::Debug for JamBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JamBuilder")
            .field("realm", &self.realm)
            .field("jwt", &self.jwt)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
