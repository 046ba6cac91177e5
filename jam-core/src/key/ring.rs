use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::jwk::{self, Jwk, Kind, Purpose};
use super::{Algorithm, Key, Legacy, refuse};
use crate::Error;

/// The keys of one backend: the first signs, all verify. Cheap to clone.
///
/// Rotation puts the new key first and leaves the old one behind it until its last token has
/// expired.
#[derive(Clone)]
pub struct KeyRing {
    signing: Key,
    keys: Arc<[Key]>,
}

impl KeyRing {
    /// A ring of at least one key, in which no two keys have the same id.
    ///
    /// # Errors
    /// [`WeakOrInvalidKey`](crate::ErrorKind::WeakOrInvalidKey) when there is no key, or two have
    /// one id.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, Error> {
        let keys: Arc<[Key]> = keys.into_iter().collect();
        let Some(signing) = keys.first().cloned() else {
            return Err(refuse("a key ring needs at least one key: `jam keys generate` makes one"));
        };
        let mut ids = HashSet::new();
        for id in keys.iter().filter_map(Key::id) {
            if !ids.insert(id) {
                return Err(refuse(format!("two keys have the id `{id}`: give each key its own")));
            }
        }
        Ok(Self { signing, keys })
    }

    /// Reads a JWK set (RFC 7517 §5), taking the members that are for one of `algorithms`.
    ///
    /// A member that is plainly for something else is passed over: another `use`, `key_ops` without
    /// signatures, an unknown `kty`, an `alg` that is not listed. One without `alg` takes the listed
    /// algorithm that fits its kind.
    ///
    /// # Errors
    /// [`WeakOrInvalidKey`](crate::ErrorKind::WeakOrInvalidKey) when the set is no strict JSON, mixes
    /// secrets with public-key members, has a weak or broken member, one without `alg` that none or
    /// several of the listed algorithms fit, two members of one `kid`, or no member to use.
    pub fn from_jwks(jwks: &str, algorithms: &[Algorithm]) -> Result<Self, Error> {
        let set = jwk::object(jwks)?;
        let members = set.array("keys")?.ok_or_else(|| {
            refuse("a JWK set is an object with an array `keys`: is this a single JWK?")
        })?;
        let members: Vec<Jwk<'_>> =
            members.iter().map(|raw| Jwk::read(raw.get())).collect::<Result<_, _>>()?;
        refuse_mixture(&members)?;
        let mut keys = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let key = admit(member, algorithms).map_err(|error| {
                Error::new(error.kind(), format!("key {} of the set: {error}", index + 1))
            })?;
            keys.extend(key);
        }
        if keys.is_empty() {
            return Err(refuse(
                "no key of this JWK set is for signatures by one of the configured algorithms: \
                 compare the `alg` and `use` of its members with the configuration",
            ));
        }
        Self::new(keys)
    }

    /// The keys, the signing one first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The first key, which signs.
    pub(crate) fn signing(&self) -> &Key {
        &self.signing
    }

    pub(crate) fn with_legacy(self, legacy: Legacy) -> Self {
        let signing = self.signing.with_legacy(legacy);
        let keys = self.keys.iter().cloned().map(|key| key.with_legacy(legacy)).collect();
        Self { signing, keys }
    }

    /// The public JWK set (RFC 7517 §5); secrets never appear in it.
    #[must_use]
    pub fn public_jwks(&self) -> Value {
        let keys: Vec<Value> = self.keys.iter().filter_map(Key::public_jwk).collect();
        serde_json::json!({ "keys": keys })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.keys).finish()
    }
}

/// A verifier that takes secrets and public keys from one place can be made to take one for the
/// other (RFC 8725 §2.1).
fn refuse_mixture(members: &[Jwk<'_>]) -> Result<(), Error> {
    let (mut symmetric, mut asymmetric) = (false, false);
    for member in members {
        match member.kind()? {
            Kind::Oct => symmetric = true,
            Kind::Rsa | Kind::Ec | Kind::Okp => asymmetric = true,
            Kind::Unknown => {}
        }
    }
    if symmetric && asymmetric {
        return Err(refuse(
            "this JWK set mixes secrets with public-key members: a set that others publish holds \
             no secret, so configure the secret as a key of its own",
        ));
    }
    Ok(())
}

fn admit(member: &Jwk<'_>, algorithms: &[Algorithm]) -> Result<Option<Key>, Error> {
    if member.kind()? == Kind::Unknown {
        return Ok(None);
    }
    let Purpose::Signatures(operations) = member.purpose()? else { return Ok(None) };
    let algorithm = match member.declared()? {
        None => member.only_fit(algorithms)?,
        Some(name) => {
            match Algorithm::from_header(&name).filter(|known| algorithms.contains(known)) {
                Some(algorithm) => algorithm,
                None => return Ok(None),
            }
        }
    };
    member.key(algorithm, operations).map(Some)
}
