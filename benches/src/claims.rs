//! The claims that everybody reads and writes: 280 bytes of JSON with eight strings.

use serde::{Deserialize, Serialize};

/// `iss` of every good token.
pub const ISSUER: &str = "https://id.example";
/// `aud` of every good token.
pub const AUDIENCE: &str = "https://api.example";

/// All claims in one type.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[allow(missing_docs)]
pub struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub jti: String,
    pub exp: u64,
    pub nbf: u64,
    pub iat: u64,
    pub name: String,
    pub email: String,
    pub tenant: String,
    pub scope: String,
}

/// The same, borrowed from the payload.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct BorrowedClaims<'a> {
    pub iss: &'a str,
    pub sub: &'a str,
    pub aud: &'a str,
    pub jti: &'a str,
    pub exp: u64,
    pub nbf: u64,
    pub iat: u64,
    pub name: &'a str,
    pub email: &'a str,
    pub tenant: &'a str,
    pub scope: &'a str,
}

/// The eight strings, for libraries that keep the dates to themselves.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[allow(missing_docs)]
pub struct Strings {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub jti: String,
    pub name: String,
    pub email: String,
    pub tenant: String,
    pub scope: String,
}

/// What is left for libraries that keep all registered claims to themselves.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[allow(missing_docs)]
pub struct Private {
    pub name: String,
    pub email: String,
    pub tenant: String,
    pub scope: String,
}

impl Claims {
    /// Claims that are good from ten seconds ago until tomorrow.
    pub fn at(now: u64) -> Self {
        Self {
            iss: ISSUER.into(),
            sub: "user-00018422".into(),
            aud: AUDIENCE.into(),
            jti: "7c1d1f0e-6a9b-4c1e-9a51-2f5f1f6f8a11".into(),
            exp: now + 86_400,
            nbf: now - 10,
            iat: now - 10,
            name: "Ada King Lovelace".into(),
            email: "ada@example.org".into(),
            tenant: "t-0042".into(),
            scope: "orders:read orders:write".into(),
        }
    }

    /// The strings of these claims.
    pub fn strings(&self) -> Strings {
        let Private { name, email, tenant, scope } = self.private();
        let Self { iss, sub, aud, jti, .. } = self.clone();
        Strings { iss, sub, aud, jti, name, email, tenant, scope }
    }

    /// The private ones of these claims.
    pub fn private(&self) -> Private {
        let Self { name, email, tenant, scope, .. } = self.clone();
        Private { name, email, tenant, scope }
    }
}
