//! The facade: one value that an application makes at the start and clones wherever it is needed.

use std::fmt;
#[cfg(feature = "config")]
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind};
use crate::flow::Flow;
use crate::jwt::{JwtBackend, JwtBackendBuilder, Payload, PayloadBuilder, Verified};
use crate::reject::{Reject, RejectResponse};
use crate::request::{Found, RequestView};

pub(crate) type RejectHook = dyn Fn(&Reject, &mut RejectResponse) + Send + Sync;

/// The authentication of one application. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Jam(Arc<Inner>);

struct Inner {
    realm: String,
    clock: Arc<dyn Clock>,
    jwt: Option<JwtBackend>,
    on_reject: Option<Arc<RejectHook>>,
    /// The headers that answers depend on.
    vary: String,
}

impl Jam {
    /// Starts the settings.
    pub fn builder() -> JamBuilder {
        JamBuilder { realm: "jam".to_owned(), clock: None, jwt: None, on_reject: None }
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
        if let Some(jwt) = &self.0.jwt {
            jwt.sources.sight(view, |index, sighting| {
                // A malformed cookie gives way to whatever a later source finds.
                if matches!(first.1, Found::Absent | Found::Malformed) {
                    first = (index, sighting.found);
                }
            });
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
        })
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Whether two values are clones of one another.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn jwt_backend(&self) -> Option<&JwtBackend> {
        self.0.jwt.as_ref()
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
            .finish_non_exhaustive()
    }
}

/// The settings of a [`Jam`].
#[must_use]
pub struct JamBuilder {
    realm: String,
    clock: Option<Arc<dyn Clock>>,
    jwt: Option<JwtBackendBuilder>,
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
        let vary = jwt.as_ref().map_or_else(String::new, |jwt| jwt.sources.vary().join(", "));
        Ok(Jam(Arc::new(Inner { realm: self.realm, clock, jwt, on_reject: self.on_reject, vary })))
    }
}

impl fmt::Debug for JamBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JamBuilder")
            .field("realm", &self.realm)
            .field("jwt", &self.jwt)
            .finish_non_exhaustive()
    }
}
