//! The JWT backend: signer, verifier, where tokens are found and how they are handed out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Value, json};

use super::payload::{Payload, PayloadBuilder};
use super::policy::Policy;
use super::signer::JwtSigner;
use super::verifier::{JwtVerifier, Keys, Shared};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind};
use crate::key::{KeyRing, Legacy};
use crate::source::{CredentialSource, Sources};
use crate::transport::CredentialTransport;

/// Authenticates requests by JWT: a signer, a verifier, the sources that carry a token and the
/// transport that hands one out.
///
/// Cheap to clone. Signer and verifier share the key ring and are usable alone.
#[derive(Clone)]
pub struct JwtBackend {
    signer: JwtSigner,
    verifier: JwtVerifier,
    pub(crate) sources: Sources,
    pub(crate) transport: CredentialTransport,
}

impl JwtBackend {
    /// Starts with the keys: the first signs, all verify.
    pub fn builder(keys: KeyRing) -> JwtBackendBuilder {
        JwtBackendBuilder {
            keys,
            policy: Policy::default(),
            clock: None,
            sources: Vec::new(),
            transport: CredentialTransport::none(),
        }
    }

    /// What signs.
    #[must_use]
    pub fn signer(&self) -> &JwtSigner {
        &self.signer
    }

    /// What verifies.
    #[must_use]
    pub fn verifier(&self) -> &JwtVerifier {
        &self.verifier
    }

    /// Starts a payload with the claims that every token of this backend has.
    pub fn payload(&self) -> PayloadBuilder {
        let shared = &self.signer.shared;
        let keys = shared.keys.load();
        PayloadBuilder::new(&shared.policy, keys.ring.signing().issuer(), shared.clock.now())
    }

    /// Signs a payload; only one that was built [without expiry](PayloadBuilder::without_expiry)
    /// may lack `exp`.
    ///
    /// # Errors
    ///
    /// As [`JwtSigner::sign`].
    pub fn sign(&self, payload: &Payload) -> Result<String, Error> {
        if payload.may_lack_expiry() {
            self.signer.sign_without_expiry(payload)
        } else {
            self.signer.sign(payload)
        }
    }

    /// Puts another key ring in place of the present one, for all clones at once and without a
    /// restart. Requests under way finish with the ring they began with.
    pub fn replace_keys(&self, keys: KeyRing) {
        let shared = &self.verifier.shared;
        shared.keys.store(Arc::new(Keys::new(keys, &shared.policy)));
    }

    /// The present key ring.
    #[must_use]
    pub fn keys(&self) -> KeyRing {
        self.verifier.shared.keys.load().ring.clone()
    }

    /// The policy in force, without secrets.
    pub(crate) fn describe(&self) -> Value {
        let policy = &self.verifier.shared.policy;
        let keys = self.keys();
        let keys: Vec<Value> = keys
            .keys()
            .iter()
            .map(|key| {
                json!({
                    "id": key.id(),
                    "algorithm": key.algorithm().as_str(),
                    "issuer": key.issuer(),
                    "signs": key.can_sign(),
                })
            })
            .collect();
        json!({
            "issuer": policy.issuers,
            "audience": policy.audiences,
            "type": policy.token_type,
            "required_claims": policy.required_claims,
            "allow_missing_exp": policy.allow_missing_exp,
            "leeway_seconds": policy.leeway.as_secs(),
            "expires_in_seconds": policy.expires_in.as_secs(),
            "max_token_bytes": policy.max_token_bytes,
            "cache": 0,
            "legacy": legacy_names(policy.legacy),
            "sources": self.sources.describe(),
            "transport": self.transport.describe(),
            "keys": keys,
        })
    }
}

impl fmt::Debug for JwtBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBackend")
            .field("verifier", &self.verifier)
            .field("sources", &self.sources)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`JwtBackend`]. All but the keys have a default, and the defaults are strict.
#[must_use]
pub struct JwtBackendBuilder {
    keys: KeyRing,
    policy: Policy,
    clock: Option<Arc<dyn Clock>>,
    sources: Vec<CredentialSource>,
    transport: CredentialTransport,
}

impl JwtBackendBuilder {
    /// An issuer that is accepted; again to add another. Once one is set, `iss` is required; the
    /// first is written into new payloads.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.policy.issuers.push(issuer.into());
        self
    }

    /// An audience this service answers to; again to add another. Once one is set, `aud` is
    /// required; the first is written into new payloads. With none, a token with `aud` is refused.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.policy.audiences.push(audience.into());
        self
    }

    /// The `typ` of these tokens, such as `at+jwt` (RFC 9068 §2.1): required, and written.
    /// Without it `typ` is absent or `JWT`.
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.policy.token_type = Some(token_type.into());
        self
    }

    /// A claim that every token must have, besides `exp`; again to add another.
    pub fn required_claim(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.policy.required_claims.contains(&name) {
            self.policy.required_claims.push(name);
        }
        self
    }

    /// Accepts tokens without `exp`, which end only with their key.
    pub fn allow_missing_exp(mut self) -> Self {
        self.policy.allow_missing_exp = true;
        self
    }

    /// How far the issuer's clock may be off, for `exp` and `nbf`: 10 minutes at most; none.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.policy.leeway = leeway;
        self
    }

    /// The lifetime of new tokens; one hour.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.policy.expires_in = lifetime;
        self
    }

    /// The longest token that is looked at, in bytes; 8192.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.policy.max_token_bytes = bytes;
        self
    }

    /// **Legacy.** Accepts what Python Jam 2 calls HS384, HS512, RS384 or RS512 and signs with
    /// SHA-256 all the same, beside what is signed as it says. Such a token is as strong as HS256
    /// or RS256. For a migration; new tokens are signed as they say.
    pub fn legacy_jam2(mut self) -> Self {
        self.policy.legacy.jam2 = true;
        self
    }

    /// **Legacy.** Accepts PS256, PS384 and PS512 with the longest salt that the key has room for,
    /// as Python Jam 3 and 4 write them, beside one as long as the digest (RFC 7518 §3.5). For a
    /// migration; new tokens have the salt of the RFC, which those accept.
    pub fn legacy_jam_pss(mut self) -> Self {
        self.policy.legacy.jam_pss = true;
        self
    }

    /// Where a request may carry the token; again to add another, in the order in which they are
    /// tried. With none, [`CredentialSource::bearer`].
    pub fn source(mut self, source: CredentialSource) -> Self {
        self.sources.push(source);
        self
    }

    /// How a token is handed to the client besides the body; not at all.
    pub fn transport(mut self, transport: CredentialTransport) -> Self {
        self.transport = transport;
        self
    }

    /// Where the time comes from while the backend is used alone; [`SystemClock`]. In a
    /// [`Jam`](crate::Jam), that one's clock counts.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The backend.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when the settings contradict each other.
    pub fn build(mut self) -> Result<JwtBackend, Error> {
        self.policy.check()?;
        self.keys_fit()?;
        if self.sources.is_empty() {
            self.sources.push(CredentialSource::bearer());
        }
        let transport = self.transport.checked()?;
        let sources = Sources::new(self.sources, &transport)?;
        let shared = Arc::new(Shared {
            keys: ArcSwap::from_pointee(Keys::new(self.keys, &self.policy)),
            policy: self.policy,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
        });
        let verifier = JwtVerifier { shared: Arc::clone(&shared) };
        Ok(JwtBackend { signer: JwtSigner { shared }, verifier, sources, transport })
    }

    /// A key of an issuer that is not accepted would neither sign nor verify anything.
    fn keys_fit(&self) -> Result<(), Error> {
        let issuers = &self.policy.issuers;
        let strange = self.keys.keys().iter().find_map(|key| {
            key.issuer().filter(|issuer| !issuers.iter().any(|known| known == issuer))
        });
        match strange.filter(|_| !issuers.is_empty()) {
            Some(issuer) => Err(Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "a key signs for the issuer `{issuer}`, which is not among those accepted: add it to `issuer`"
                ),
            )),
            None => Ok(()),
        }
    }
}

/// The legacy switches as the configuration file names them.
fn legacy_names(legacy: Legacy) -> Vec<&'static str> {
    let switches = [(legacy.jam2, "jam2"), (legacy.jam_pss, "jam-pss")];
    switches.iter().filter(|(is_on, _)| *is_on).map(|(_, name)| *name).collect()
}

impl fmt::Debug for JwtBackendBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBackendBuilder")
            .field("keys", &self.keys)
            .field("policy", &self.policy)
            .field("sources", &self.sources)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
