//! The credential sources of a [`Jam`] as security schemes of an OpenAPI document, for utoipa.
//!
//! ```
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use jam_core::source::CredentialSource;
//! use jam_openapi::SecuritySchemes;
//! use utoipa::{Modify, OpenApi};
//!
//! #[utoipa::path(
//!     get,
//!     path = "/me",
//!     responses((status = 200)),
//!     security(("bearer" = []), ("cookie.__Host-jwt" = [])),
//! )]
//! async fn me() {}
//!
//! #[derive(OpenApi)]
//! #[openapi(paths(me))]
//! struct Document;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Key::generate(Algorithm::HS256)?;
//! let jwt = JwtBackend::builder(KeyRing::new([key])?)
//!     .source(CredentialSource::bearer())
//!     .source(CredentialSource::cookie("__Host-jwt"));
//! let jam = Jam::builder().jwt(jwt).build()?;
//!
//! let mut document = Document::openapi();
//! SecuritySchemes::of(&jam).modify(&mut document);
//!
//! let document = serde_json::to_value(&document)?;
//! let schemes = &document["components"]["securitySchemes"];
//! assert_eq!(schemes["bearer"]["scheme"], "bearer");
//! assert_eq!(schemes["cookie.__Host-jwt"]["in"], "cookie");
//! # Ok(())
//! # }
//! ```
//!
//! Which sources count is decided by the `Jam` alone; the document only tells. Each source is one
//! scheme, and any one of them will do: a route lists them side by side.
//!
//! | source | name | scheme |
//! |---|---|---|
//! | `bearer` | `bearer` | `http`, `bearer`; a JWT, but for sessions |
//! | a cookie | `cookie.NAME` | `apiKey` in the cookie |
//! | a header | `header.NAME` | `apiKey` in the header |
//! | a header with a scheme | `header.NAME.SCHEME` | the same; the description names the scheme |
//! | `custom` | | none: OpenAPI has no word for it |
//!
//! Header names are in lower case, and what may not stand in a name of OpenAPI becomes `_`.

use jam_core::Jam;
use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

/// The security schemes of a [`Jam`]'s sources.
///
/// As a modifier it adds them to a document and leaves the schemes of other names alone. It is made
/// at run time, so call [`Modify::modify`] on the document: the `modifiers(…)` of utoipa's macro
/// take constants only.
#[derive(Clone)]
pub struct SecuritySchemes(Vec<(String, SecurityScheme)>);

impl SecuritySchemes {
    /// What this `Jam` looks for, in the order in which it looks.
    pub fn of(jam: &Jam) -> SecuritySchemes {
        let policy = jam.describe();
        let sources = |place| policy.pointer(place).and_then(Value::as_array).into_iter().flatten();
        let tokens = sources("/jwt/sources").filter_map(|source| scheme(source, Some("JWT")));
        let sessions = sources("/session/sources").chain(sources("/session/legacy/sources"));
        let sessions = sessions.filter_map(|source| scheme(source, None));
        SecuritySchemes(tokens.chain(sessions).collect())
    }
}

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        // A name of both backends is listed as the first of them, the tokens', has it.
        components.security_schemes.extend(self.0.iter().rev().cloned());
    }
}

/// A source as [`Jam::describe`] tells it, with its name in the document and what a bearer bears.
fn scheme(source: &Value, format: Option<&str>) -> Option<(String, SecurityScheme)> {
    let text = |member| source.get(member).and_then(Value::as_str);
    let (name, scheme) = if source.get("bearer").is_some() {
        let mut bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        if let Some(format) = format {
            bearer = bearer.bearer_format(format);
        }
        ("bearer".to_owned(), SecurityScheme::Http(bearer.build()))
    } else if let Some(cookie) = text("cookie") {
        let key = ApiKey::Cookie(ApiKeyValue::new(cookie));
        (format!("cookie.{cookie}"), SecurityScheme::ApiKey(key))
    } else {
        let header = text("header")?;
        let (name, value) = match text("scheme") {
            None => (format!("header.{header}"), ApiKeyValue::new(header)),
            Some(scheme) => {
                let what = format!("`{scheme}`, a space, and the token");
                let value = ApiKeyValue::with_description(header, &what);
                (format!("header.{header}.{scheme}"), value)
            }
        };
        (name, SecurityScheme::ApiKey(ApiKey::Header(value)))
    };
    // What a component may be called (OpenAPI 3.1, Components Object).
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "_");
    Some((name, scheme))
}
