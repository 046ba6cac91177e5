//! Security types for poem-openapi: [`JamAuth<P>`] and [`MaybeJamAuth<P>`] extract what
//! [`Identity<P>`] and [`MaybeIdentity<P>`] do, and list in the API document where a credential may
//! stand.
//!
//! They are types of their own because poem-openapi takes every plain extractor for one that it
//! knows nothing about.
//!
//! poem-openapi asks a *type* for its security schemes, but only the live [`Jam`] knows its
//! sources. So whatever makes the document, be it `spec()`, `spec_endpoint()` or one of the user
//! interfaces, is called inside [`document`]:
//!
//! ```
//! use jam_core::Jam;
//! use jam_core::jwt::JwtBackend;
//! use jam_core::key::{Algorithm, Key, KeyRing};
//! use jam_poem::{JamLayer, openapi::{self, JamAuth}};
//! use poem::{EndpointExt, Route};
//! use poem_openapi::{OpenApi, OpenApiService, payload::PlainText};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     name: String,
//! }
//!
//! struct Api;
//!
//! #[OpenApi]
//! impl Api {
//!     #[oai(path = "/me", method = "get")]
//!     async fn me(&self, user: JamAuth<User>) -> PlainText<String> {
//!         PlainText(format!("hello {}", user.name))
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = Key::generate(Algorithm::HS256)?;
//! let jam = Jam::builder().jwt(JwtBackend::builder(KeyRing::new([key])?)).build()?;
//! let service = OpenApiService::new(Api, "Hello", "1.0");
//! let document = openapi::document(&jam, || service.spec_endpoint());
//! let app = Route::new()
//!     .nest("/", service)
//!     .at("/openapi.json", document)
//!     .with(JamLayer::new(jam));
//! # Ok(())
//! # }
//! ```
//!
//! Which sources count is decided by the [`JamLayer`](crate::JamLayer) alone; the document only
//! tells. Each source is one scheme, and any one of them will do:
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

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use jam_core::Jam;
use jam_core::identity::FromPayload;
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

use crate::{Identity, MaybeIdentity};

/// Runs `make`; the documents that it makes list the sources of `jam`.
///
/// Several services with a `Jam` each make their documents in a call each. A document that is made
/// outside says in its one scheme that it does not know the sources.
pub fn document<T>(jam: &Jam, make: impl FnOnce() -> T) -> T {
    /// Also when `make` panics.
    struct Restore(Option<Vec<Scheme>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SCHEMES.replace(self.0.take());
        }
    }
    let _restore = Restore(SCHEMES.replace(Some(schemes_of(jam))));
    make()
}

/// [`Identity<P>`] as a security type.
///
/// # Errors
///
/// Rejects as [`Identity<P>`] does. An API type with a `bad_request_handler` is given the rejection
/// to answer for, but the answer to a refused header is replaced all the same.
#[derive(Clone, Debug)]
pub struct JamAuth<P: FromPayload>(pub jam_core::Identity<P>);

impl<P: FromPayload> Deref for JamAuth<P> {
    type Target = jam_core::Identity<P>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'r, P: FromPayload> ApiExtractor<'r> for JamAuth<P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        for scheme in schemes() {
            registry.create_security_scheme(scheme.id, scheme.meta());
        }
    }

    fn security_schemes() -> Vec<&'static str> {
        schemes().iter().map(|scheme| scheme.id).collect()
    }

    async fn from_request(
        request: &'r Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let Identity(identity) =
            <Identity<P> as FromRequest<'_>>::from_request(request, body).await?;
        Ok(JamAuth(identity))
    }
}

/// [`MaybeIdentity<P>`] as a security type: the document says that no credential will do as well.
///
/// # Errors
///
/// Rejects as [`MaybeIdentity<P>`] does.
#[derive(Clone, Debug)]
pub struct MaybeJamAuth<P: FromPayload>(pub Option<jam_core::Identity<P>>);

impl<P: FromPayload> Deref for MaybeJamAuth<P> {
    type Target = Option<jam_core::Identity<P>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'r, P: FromPayload> ApiExtractor<'r> for MaybeJamAuth<P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        for scheme in schemes() {
            registry.create_security_scheme(scheme.id, scheme.meta());
        }
    }

    fn security_schemes() -> Vec<&'static str> {
        schemes().iter().map(|scheme| scheme.id).collect()
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'r Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let MaybeIdentity(identity) =
            <MaybeIdentity<P> as FromRequest<'_>>::from_request(request, body).await?;
        Ok(MaybeJamAuth(identity))
    }
}

thread_local! {
    /// What the document under way lists. A document is made in one go, on one thread.
    static SCHEMES: RefCell<Option<Vec<Scheme>>> = const { RefCell::new(None) };
}

fn schemes() -> Vec<Scheme> {
    SCHEMES.with_borrow(Option::clone).unwrap_or_else(|| vec![UNKNOWN])
}

/// One source, in the words of OpenAPI. poem-openapi wants all of them for the whole run.
#[derive(Clone, Copy)]
struct Scheme {
    id: &'static str,
    description: Option<&'static str>,
    /// `cookie` or `header`, and its name; none for the bearer.
    key: Option<(&'static str, &'static str)>,
    /// What a bearer bears.
    format: Option<&'static str>,
}

const UNKNOWN: Scheme = Scheme {
    id: "jam",
    description: Some(
        "The configured sources are not listed: make this document inside \
         `jam_poem::openapi::document(&jam, …)`.",
    ),
    key: None,
    format: None,
};

impl Scheme {
    /// None for a source that OpenAPI has no word for.
    fn of(source: &Value, format: Option<&'static str>) -> Option<Scheme> {
        let text = |member| source.get(member).and_then(Value::as_str);
        let scheme = text("scheme");
        let key = ["cookie", "header"].into_iter().find_map(|at| Some((at, keep(text(at)?))));
        let id = match key {
            Some((at, name)) => [Some(at), Some(name), scheme],
            None => source.get("bearer").map(|_| [Some("bearer"), None, None])?,
        };
        let id = id.into_iter().flatten().collect::<Vec<_>>().join(".");
        // What the key of a component may hold (OpenAPI 3.0, Components Object).
        let id = id.replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "_");
        let description = scheme.map(|scheme| keep(&format!("`{scheme}`, a space, and the token")));
        Some(Scheme { id: keep(&id), description, key, format })
    }

    fn meta(self) -> MetaSecurityScheme {
        let bearer = self.key.is_none();
        MetaSecurityScheme {
            ty: if bearer { "http" } else { "apiKey" },
            description: self.description,
            name: self.key.map(|(_, name)| name),
            key_in: self.key.map(|(at, _)| at),
            scheme: bearer.then_some("bearer"),
            bearer_format: self.format.filter(|_| bearer),
            flows: None,
            openid_connect_url: None,
        }
    }
}

fn schemes_of(jam: &Jam) -> Vec<Scheme> {
    let policy = jam.describe();
    let sources = |place| policy.pointer(place).and_then(Value::as_array).into_iter().flatten();
    let tokens = sources("/jwt/sources").filter_map(|source| Scheme::of(source, Some("JWT")));
    let sessions = sources("/session/sources").chain(sources("/session/legacy/sources"));
    let sessions = sessions.filter_map(|source| Scheme::of(source, None));
    tokens.chain(sessions).collect()
}

/// The text for the whole run. Each is leaked once, and they are as few as the sources.
fn keep(text: &str) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    match kept.get(text) {
        Some(known) => known,
        None => {
            let text: &'static str = text.to_owned().leak();
            kept.insert(text);
            text
        }
    }
}
