//! A request as core sees it: bytes, no framework types.

/// What an adapter shows of its framework's request. Object-safe; nothing is copied.
///
/// `http` 0.2 and 1 are both in use among the frameworks, so no type of either appears here.
///
/// ```
/// use jam_core::request::RequestView;
///
/// struct Plain<'r> {
///     path: &'r str,
///     headers: &'r [(&'r str, &'r [u8])],
/// }
///
/// impl RequestView for Plain<'_> {
///     fn method(&self) -> &str {
///         "GET"
///     }
///     fn path(&self) -> &str {
///         self.path
///     }
///     fn query(&self) -> Option<&str> {
///         None
///     }
///     fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
///         for (known, value) in self.headers {
///             if known.eq_ignore_ascii_case(name) {
///                 visit(value);
///             }
///         }
///     }
/// }
/// ```
pub trait RequestView {
    /// The method in upper case.
    fn method(&self) -> &str;

    /// The path of the request target, still percent-encoded.
    fn path(&self) -> &str;

    /// The query of the request target without its `?`, still percent-encoded.
    fn query(&self) -> Option<&str>;

    /// Host and port that the request was sent to, where the request target or a pseudo-header names
    /// them (RFC 9110 §7.2); the header `Host` speaks otherwise.
    fn authority(&self) -> Option<&str> {
        None
    }

    /// Calls `visit` with the raw value of each line of a header, in the order of arrival. `name`
    /// is in lower case. Lines must not have been joined.
    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8]));
}

/// Implements [`RequestView`] for a view over the head of a request that is built on some version of
/// `http`: by its method, its `Uri`, its map of headers, and where the names of headers are.
///
/// ```text
/// request_view!(View<'_>: |view| view.method, view.uri, view.headers; http::header);
/// ```
#[macro_export]
macro_rules! request_view {
    ($view:ty: |$this:ident| $method:expr, $uri:expr, $headers:expr; $($names:ident)::+) => {
        impl $crate::request::RequestView for $view {
            fn method(&self) -> &str {
                let $this = self;
                $method.as_str()
            }

            fn path(&self) -> &str {
                let $this = self;
                $uri.path()
            }

            fn query(&self) -> Option<&str> {
                let $this = self;
                $uri.query()
            }

            // HTTP/2 puts `:authority` there, HTTP/1 the host of a target in absolute form, which
            // counts more than `Host` (RFC 9112 §3.2.2). What a proxy forwards in other headers, any
            // client can send.
            fn authority(&self) -> Option<&str> {
                let $this = self;
                $uri.authority().map(|authority| authority.as_str())
            }

            fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
                let $this = self;
                let headers = $headers;
                // The names that each request is asked for are known to the map. Of any other it
                // would first make a name of its own, and for most of them allocate that.
                let values = match name {
                    "authorization" => headers.get_all($($names)::+::AUTHORIZATION),
                    "cookie" => headers.get_all($($names)::+::COOKIE),
                    "upgrade" => headers.get_all($($names)::+::UPGRADE),
                    other => {
                        let all = headers.iter().filter(|(known, _)| known.as_str() == other);
                        return all.for_each(|(_, value)| visit(value.as_bytes()));
                    }
                };
                for value in values {
                    visit(value.as_bytes());
                }
            }
        }
    };
}

/// What a [source](crate::source::CredentialSource) finds in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// Nothing of its kind; another scheme and an empty value count as nothing.
    Absent,
    /// One credential, well-formed as far as its carrier goes.
    Credential(&'a [u8]),
    /// Something of its kind that is no credential.
    Malformed,
    /// Several that contradict each other.
    Conflict,
}

impl std::fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Credential(_) => "Credential([redacted])",
            Self::Malformed => "Malformed",
            Self::Conflict => "Conflict",
        })
    }
}
