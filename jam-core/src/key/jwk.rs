//! Keys in JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64_simd::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Curve, Family};
use super::material::{Ec, Ed, Material, Rsa};
use super::pkcs1::{PrivateKey, PublicKey};
use super::{Key, mismatch, refuse, secret, shown};
use crate::Error;
use crate::json::{self, Fault, Limits};

/// The private members of an RSA key beside `d`, which are all there or none (RFC 7518 §6.3.2).
const CRT: [&str; 5] = ["p", "q", "dp", "dq", "qi"];

/// The members of one JSON object, each still as text: secrets are copied once, into their place.
pub(super) struct Jwk<'a> {
    members: BTreeMap<String, &'a RawValue>,
}

/// `kty`, as far as an algorithm here takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Oct,
    Rsa,
    Ec,
    Okp,
    Unknown,
}

/// What `use` and `key_ops` leave (RFC 7517 §4.2, §4.3).
pub(super) enum Purpose {
    Signatures(Operations),
    Other,
}

/// Which of the two a signature key is for; at least one.
#[derive(Clone, Copy)]
pub(super) struct Operations {
    pub(super) sign: bool,
    pub(super) verify: bool,
}

/// A string, borrowed where it holds no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a JSON object after the strict check, which refuses duplicate names at every level.
pub(super) fn object(text: &str) -> Result<Jwk<'_>, Error> {
    match json::check(text.as_bytes(), &Limits::KEY) {
        Ok(()) => Jwk::read(text),
        Err(Fault::Duplicate) => {
            Err(refuse("this JWK names a member twice: keep one, parsers disagree on which counts"))
        }
        Err(_) => Err(refuse("this JWK is no JSON: give the whole object, unchanged")),
    }
}

impl<'a> Jwk<'a> {
    /// Reads a part of a text that has passed the check.
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        let members = serde_json::from_str(text).map_err(|_| {
            refuse("a JWK is a JSON object, and this is another value: give the object itself")
        })?;
        Ok(Self { members })
    }

    /// The elements of an array member, `None` when the member is absent.
    pub(super) fn array(&self, name: &str) -> Result<Option<Vec<&'a RawValue>>, Error> {
        self.members.get(name).map(|raw| typed(name, raw, "an array")).transpose()
    }

    fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Error> {
        let text: Option<Text<'_>> =
            self.members.get(name).map(|raw| typed(name, raw, "a string")).transpose()?;
        Ok(text.map(|text| text.0))
    }

    fn required(&self, name: &str) -> Result<Cow<'a, str>, Error> {
        self.text(name)?
            .ok_or_else(|| refuse(format!("this JWK lacks `{name}`: export the key again")))
    }

    /// Bytes in base64url without padding (RFC 7515 §2).
    fn bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        URL_SAFE_NO_PAD.decode_to_vec(self.required(name)?.as_bytes()).map(Zeroizing::new).map_err(
            |_| {
                refuse(format!(
                    "`{name}` of this JWK is not base64url without padding: export the key again"
                ))
            },
        )
    }

    /// An integer in as few bytes as it needs (`Base64urlUInt`, RFC 7518 §2).
    fn integer(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let bytes = self.bytes(name)?;
        if bytes.first().is_none_or(|first| *first == 0) {
            return Err(refuse(format!(
                "`{name}` of this JWK is empty or begins with a zero byte, which RFC 7518 6.3.1.1 \
                 forbids: leave the zero byte out"
            )));
        }
        Ok(bytes)
    }

    pub(super) fn kind(&self) -> Result<Kind, Error> {
        Ok(match &*self.required("kty")? {
            "oct" => Kind::Oct,
            "RSA" => Kind::Rsa,
            "EC" => Kind::Ec,
            "OKP" => Kind::Okp,
            _ => Kind::Unknown,
        })
    }

    pub(super) fn purpose(&self) -> Result<Purpose, Error> {
        let declared = self.text("use")?;
        let for_signatures = declared.as_deref().is_none_or(|purpose| purpose == "sig");
        let Some(names) = self.operations()? else {
            let both = Operations { sign: true, verify: true };
            return Ok(if for_signatures { Purpose::Signatures(both) } else { Purpose::Other });
        };
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        let operations = Operations { sign: has("sign"), verify: has("verify") };
        let related = usize::from(operations.sign) + usize::from(operations.verify);
        if related == 0 && declared.as_deref() != Some("sig") {
            return Ok(Purpose::Other);
        }
        if related == 0 || related < names.len() || !for_signatures {
            return Err(refuse(
                "`use` and `key_ops` of this JWK mix signatures with another purpose: a key has \
                 one purpose (RFC 7517 4.3), so make a key for each",
            ));
        }
        Ok(Purpose::Signatures(operations))
    }

    fn operations(&self) -> Result<Option<Vec<Cow<'a, str>>>, Error> {
        let Some(raw) = self.array("key_ops")? else { return Ok(None) };
        let mut operations = Vec::with_capacity(raw.len());
        for raw in raw {
            let Text(operation) = typed("key_ops", raw, "an array of strings")?;
            if operations.contains(&operation) {
                return Err(refuse(
                    "`key_ops` of this JWK names an operation twice (RFC 7517 4.3): keep one",
                ));
            }
            operations.push(operation);
        }
        Ok(Some(operations))
    }

    /// The name in `alg`.
    pub(super) fn declared(&self) -> Result<Option<Cow<'a, str>>, Error> {
        self.text("alg")
    }

    /// The algorithm of a single key: its own `alg`, the one asked for, or the only one that fits.
    pub(super) fn algorithm(&self, wanted: Option<Algorithm>) -> Result<Algorithm, Error> {
        let Some(name) = self.declared()? else {
            return wanted.map_or_else(|| self.only_fit(&Algorithm::ALL), Ok);
        };
        let declared = Algorithm::from_header(&name).ok_or_else(|| {
            refuse(format!(
                "this JWK is for `{}`, which is no algorithm that is supported here: make a key \
                 for ES256 or EdDSA",
                shown(&name)
            ))
        })?;
        match wanted {
            Some(wanted) if wanted != declared => Err(refuse(format!(
                "this JWK is for {declared} and not for {wanted}: configure {declared}, or make \
                 another key"
            ))),
            _ => Ok(declared),
        }
    }

    /// The one of the listed algorithms that takes this kind of key.
    pub(super) fn only_fit(&self, listed: &[Algorithm]) -> Result<Algorithm, Error> {
        let mut fitting = None;
        for algorithm in listed {
            if self.may_be_for(*algorithm)?
                && fitting.replace(*algorithm).is_some_and(|other| other != *algorithm)
            {
                return Err(refuse(
                    "this JWK has no `alg` and more than one algorithm fits it: add its `alg`, or \
                     name one algorithm",
                ));
            }
        }
        fitting.ok_or_else(|| {
            refuse(
                "this JWK has no `alg` and none of the algorithms in question fits it: name the \
                 one it is for",
            )
        })
    }

    fn may_be_for(&self, algorithm: Algorithm) -> Result<bool, Error> {
        Ok(match (self.kind()?, algorithm.family()) {
            (Kind::Oct, Family::Hmac) | (Kind::Rsa, Family::Rsa) => true,
            (Kind::Ec, Family::Ec(curve)) => self.required("crv")? == curve.name(),
            (Kind::Okp, Family::Ed) => self.required("crv")? == "Ed25519",
            _ => false,
        })
    }

    /// Checks the key and binds it to its algorithm.
    pub(super) fn key(&self, algorithm: Algorithm, operations: Operations) -> Result<Key, Error> {
        let material = match self.kind()? {
            Kind::Oct if algorithm.is_symmetric() => {
                secret::material(algorithm, &self.bytes("k")?)?
            }
            Kind::Oct => return Err(mismatch("JWK", "a secret", algorithm)),
            Kind::Rsa => self.rsa()?,
            Kind::Ec => self.ec(algorithm)?,
            Kind::Okp => self.okp(algorithm)?,
            Kind::Unknown => return Err(mismatch("JWK", "a key of another kind", algorithm)),
        };
        let key = Key::admit(algorithm, material, "JWK", operations.sign)?;
        if !operations.verify && !key.can_sign() {
            return Err(refuse(
                "`key_ops` of this JWK says `sign`, but it has no private part: give the private \
                 key, or say `verify`",
            ));
        }
        match self.text("kid")? {
            Some(id) => key.with_id(id),
            None => Ok(key),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    fn rsa(&self) -> Result<Material, Error> {
        let (n, e) = (self.integer("n")?, self.integer("e")?);
        if self.has("oth") {
            return Err(refuse(
                "this JWK holds an RSA key of more than two primes: make an ordinary one",
            ));
        }
        if !self.has("d") {
            if CRT.iter().any(|name| self.has(name)) {
                return Err(refuse(
                    "this JWK has private members but no `d`: export the key again",
                ));
            }
            return Rsa::new(&n, &e, None).map(Material::Rsa);
        }
        if let Some(missing) = CRT.iter().find(|name| !self.has(name)) {
            return Err(refuse(format!(
                "this JWK has `d` but no `{missing}`: p, q, dp, dq and qi are all needed (RFC \
                 7518 6.3.2), so export the key again or give its PEM"
            )));
        }
        let [d, p, q, dp, dq, qi] =
            ["d", "p", "q", "dp", "dq", "qi"].map(|name| self.integer(name));
        let (d, p, q, dp, dq, qi) = (d?, p?, q?, dp?, dq?, qi?);
        let document =
            PrivateKey { public: PublicKey { n: &n, e: &e }, secrets: [&d, &p, &q, &dp, &dq, &qi] }
                .to_document()
                .ok_or_else(|| {
                    refuse(
                        "the numbers of this JWK are too long for an RSA key: export the key \
                         again",
                    )
                })?;
        Rsa::new(&n, &e, Some(document.to_bytes())).map(Material::Rsa)
    }

    fn ec(&self, algorithm: Algorithm) -> Result<Material, Error> {
        let crv = self.required("crv")?;
        let Some(curve) = [Curve::P256, Curve::P384].into_iter().find(|curve| curve.name() == crv)
        else {
            return Err(mismatch("JWK", &format!("an EC {} key", shown(&crv)), algorithm));
        };
        let mut point = vec![4];
        for name in ["x", "y"] {
            let coordinate = self.bytes(name)?;
            if coordinate.len() != curve.coordinate_len() {
                return Err(refuse(format!(
                    "`{name}` of this JWK must have {} bytes for {crv} and has {} (RFC 7518 \
                     6.2.1.2): export the key again",
                    curve.coordinate_len(),
                    coordinate.len()
                )));
            }
            point.extend_from_slice(&coordinate);
        }
        let key = if self.has("d") {
            Ec::private(curve, &self.bytes("d")?, Some(&point))
        } else {
            Ec::public(curve, &point)
        };
        key.map(Material::Ec)
    }

    fn okp(&self, algorithm: Algorithm) -> Result<Material, Error> {
        let crv = self.required("crv")?;
        if crv != "Ed25519" {
            return Err(mismatch("JWK", &format!("a key on {}", shown(&crv)), algorithm));
        }
        let x = self.bytes("x")?;
        let key =
            if self.has("d") { Ed::private(&self.bytes("d")?, Some(&x)) } else { Ed::public(&x) };
        key.map(Material::Ed)
    }
}

/// serde's own message would quote the value, which may be a secret.
fn typed<'a, T: Deserialize<'a>>(name: &str, raw: &'a RawValue, kind: &str) -> Result<T, Error> {
    serde_json::from_str(raw.get())
        .map_err(|_| refuse(format!("`{name}` of this JWK must be {kind}")))
}
