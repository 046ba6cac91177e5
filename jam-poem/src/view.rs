//! How the core reads a poem request.

use jam_core::request::RequestView;
use poem::Request;
use poem::http::header::{AUTHORIZATION, COOKIE};

/// A borrowed [`RequestView`] over the head of a poem request; nothing is copied.
///
/// The layer makes one for each request. Make your own to ask a [`Jam`](jam_core::Jam) about a
/// request outside the layer, for example with `find_credential`.
// No `Debug`: the request's own shows its headers, and with them the credential.
#[derive(Clone, Copy)]
pub struct View<'r>(&'r Request);

impl<'r> From<&'r Request> for View<'r> {
    fn from(request: &'r Request) -> Self {
        View(request)
    }
}

impl RequestView for View<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn path(&self) -> &str {
        self.0.uri().path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri().query()
    }

    // HTTP/2 puts `:authority` there, HTTP/1 the host of a target in absolute form, which counts more
    // than `Host` (RFC 9112 §3.2.2).
    fn authority(&self) -> Option<&str> {
        self.0.uri().authority().map(|authority| authority.as_str())
    }

    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        let headers = self.0.headers();
        // The two names that matter are compared once here instead of parsed by the map.
        let values = match name {
            "authorization" => headers.get_all(AUTHORIZATION),
            "cookie" => headers.get_all(COOKIE),
            other => headers.get_all(other),
        };
        values.iter().for_each(|value| visit(value.as_bytes()));
    }
}
