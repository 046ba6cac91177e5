//! How the core reads an `http` request.

use std::fmt;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Uri};

/// A borrowed [`RequestView`](jam_core::request::RequestView) over the head of an `http` request;
/// nothing is copied.
///
/// The layer makes one for each request. Make your own to ask a [`Jam`](jam_core::Jam) about a
/// request outside the layer, for example with `find_credential`.
#[derive(Clone, Copy)]
pub struct View<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
}

impl<'r> View<'r> {
    /// Over the head of whatever is built on the types of `http`.
    pub fn of(method: &'r Method, uri: &'r Uri, headers: &'r HeaderMap) -> Self {
        View { method, uri, headers }
    }
}

impl<'r, B> From<&'r Request<B>> for View<'r> {
    fn from(request: &'r Request<B>) -> Self {
        View::of(request.method(), request.uri(), request.headers())
    }
}

impl<'r> From<&'r Parts> for View<'r> {
    fn from(parts: &'r Parts) -> Self {
        View::of(&parts.method, &parts.uri, &parts.headers)
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers hold the credential, and a query may hold another.
        f.debug_struct("View")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}

jam_core::request_view!(View<'_>: |view| view.method, view.uri, view.headers; http::header);
