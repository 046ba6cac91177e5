//! The configurations that a server is started with, one after the other.

use super::variables::Variables;

/// The time at which every server's clock starts (`--now`), in seconds since 1970.
pub(crate) const NOW: u64 = 1_800_000_000;

/// The secret of all symmetric keys.
pub(crate) const SECRET: &str = "a-secret-of-the-conformance-kit-only";

/// The private part of the Ed25519 key of RFC 8037 appendix A.1, and its public one.
pub(crate) const PRIVATE: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
pub(crate) const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// A configuration, named after what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    /// The defaults: bearer alone, nothing handed out but in the body.
    Bearer,
    /// Bearer, then a cookie, which logins set.
    BearerCookie,
    /// The same sources the other way round.
    CookieBearer,
    /// Two headers of the application's own, one with a scheme; a login answers by the first.
    Headers,
    /// A cookie for development: neither `Secure` nor prefixed, but persistent and strict.
    Development,
    /// Several keys, issuer, audience, type, a required claim, a low limit, a realm to be escaped.
    Policy,
    /// Tokens by bearer, and sessions in memory by cookie.
    Sessions,
    /// Sessions by a header.
    SessionHeader,
    /// Sessions that the client keeps, sealed.
    Sealed,
    /// Sessions in the cookie of a Python service.
    Starlette,
    /// The same beside sessions in memory, to which users move.
    Migration,
    /// The same in as many cookies as it takes.
    Chunked,
    /// Two sessions a subject: one more ends the oldest.
    Evicting,
    /// One session a subject, small records, a persistent cookie, and no request without an origin.
    Strict,
}

impl Setup {
    pub(crate) const ALL: [Self; 14] = [
        Self::Bearer,
        Self::BearerCookie,
        Self::CookieBearer,
        Self::Headers,
        Self::Development,
        Self::Policy,
        Self::Sessions,
        Self::SessionHeader,
        Self::Sealed,
        Self::Starlette,
        Self::Migration,
        Self::Chunked,
        Self::Evicting,
        Self::Strict,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::BearerCookie => "bearer-cookie",
            Self::CookieBearer => "cookie-bearer",
            Self::Headers => "headers",
            Self::Development => "development",
            Self::Policy => "policy",
            Self::Sessions => "sessions",
            Self::SessionHeader => "session-header",
            Self::Sealed => "sealed",
            Self::Starlette => "starlette",
            Self::Migration => "migration",
            Self::Chunked => "chunked",
            Self::Evicting => "evicting",
            Self::Strict => "strict",
        }
    }

    /// The realm as it stands in a challenge, and the sources as `Vary` names them.
    pub(crate) fn give(self, variables: &mut Variables) {
        let (realm, vary) = match self {
            Self::Bearer => ("jam", "Authorization"),
            Self::BearerCookie => ("kit", "Authorization, Cookie"),
            Self::CookieBearer => ("kit", "Cookie, Authorization"),
            Self::Headers => ("kit", "x-token, x-auth"),
            Self::Development => ("kit", "Cookie"),
            Self::Policy => (r#"kit \"two\" \\ three"#, "Authorization"),
            Self::Sessions
            | Self::Sealed
            | Self::Starlette
            | Self::Migration
            | Self::Chunked
            | Self::Evicting
            | Self::Strict => ("kit", "Authorization, Cookie"),
            Self::SessionHeader => ("kit", "Authorization, x-session"),
        };
        variables.give("realm", realm);
        variables.give("vary", vary);
    }

    /// The configuration file, in TOML.
    pub(crate) fn config(self) -> String {
        let about = match self {
            Self::Bearer => "[jam.jwt]",
            Self::BearerCookie => {
                r#"realm = "kit"
[jam.jwt]
sources = [{ bearer = true }, { cookie = "__Host-jwt" }]
transport = "cookie"
cookie = { name = "__Host-jwt" }"#
            }
            Self::CookieBearer => {
                r#"realm = "kit"
[jam.jwt]
sources = [{ cookie = "__Host-jwt" }, { bearer = true }]
transport = "cookie""#
            }
            Self::Headers => {
                r#"realm = "kit"
[jam.jwt]
sources = [{ header = "X-Token" }, { header = "X-Auth", scheme = "Token" }]
transport = { header = "X-Token" }"#
            }
            Self::Development => {
                r#"realm = "kit"
[jam.jwt]
sources = [{ cookie = "__Host-jwt" }]
transport = "cookie"
cookie = { name = "__Host-jwt", same_site = "strict", persistent = true, insecure_dev = true }"#
            }
            Self::Policy => return policy(),
            Self::Sessions
            | Self::SessionHeader
            | Self::Sealed
            | Self::Starlette
            | Self::Migration
            | Self::Chunked
            | Self::Evicting
            | Self::Strict => "realm = \"kit\"\n[jam.jwt]",
        };
        let keys = format!("[[jam.jwt.keys]]\nalgorithm = \"HS256\"\nsecret = \"{SECRET}\"");
        format!("[jam]\n{about}\n{keys}\n{}", self.sessions())
    }

    /// The tables that are about sessions.
    fn sessions(self) -> String {
        const TIMEOUTS: &str =
            "[jam.session]\nidle_timeout_seconds = 1800\nabsolute_timeout_seconds = 43200\n";
        let about = match self {
            Self::Sessions => "",
            Self::SessionHeader => "transport = { header = \"X-Session\" }\n",
            Self::Sealed => "store = \"sealed\"\nsecrets = [\"SECRET\"]\n",
            Self::Chunked => {
                "store = \"sealed\"\nsecrets = [\"SECRET\"]\n\
                 cookie = { name = \"__Host-jam\", chunked = true }\n"
            }
            Self::Evicting => "max_sessions = { evict_oldest = 2 }\n",
            Self::Starlette => "store = \"starlette\"\nsecrets = [\"SECRET\"]\n",
            Self::Migration => {
                "legacy = { store = \"starlette\", secrets = [\"SECRET\"], mode = \"write_new\" }\n"
            }
            Self::Strict => {
                "max_sessions = { reject = 1 }\nmax_record_bytes = 1024\n\
                 cookie = { name = \"__Host-jam\", same_site = \"strict\", persistent = true }\n\
                 [jam.csrf]\nmode = \"strict\"\ntrusted_origins = [\"https://shop.example\"]\n"
            }
            _ => return String::new(),
        };
        format!("{TIMEOUTS}{}", about.replace("SECRET", SECRET))
    }
}

fn policy() -> String {
    format!(
        r#"[jam]
realm = 'kit "two" \ three'
[jam.jwt]
issuer = "https://issuer.example"
audience = ["api://kit", "api://spare"]
type = "at+jwt"
required_claims = ["sub"]
max_token_bytes = 500
[[jam.jwt.keys]]
algorithm = "EdDSA"
jwk = {{ kty = "OKP", crv = "Ed25519", kid = "ed", x = "{PUBLIC}", d = "{PRIVATE}" }}
[[jam.jwt.keys]]
id = "hs"
algorithm = "HS256"
secret = "{SECRET}"
[[jam.jwt.keys]]
algorithm = "HS256"
secret = "{SECRET}-without-an-id"
"#
    )
}
