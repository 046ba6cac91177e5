//! How the core reads an actix request.

use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::header::{AUTHORIZATION, COOKIE, UPGRADE};
use jam_core::request::RequestView;

/// A borrowed [`RequestView`] over the head of an actix request; nothing is copied.
///
/// The layer makes one for each request. Make your own to ask a [`Jam`](jam_core::Jam) about a
/// request outside the layer, for example with `find_credential`.
#[derive(Clone, Copy)]
pub struct View<'r>(&'r RequestHead);

impl<'r> From<&'r HttpRequest> for View<'r> {
    fn from(request: &'r HttpRequest) -> Self {
        View(request.head())
    }
}

impl RequestView for View<'_> {
    fn method(&self) -> &str {
        self.0.method.as_str()
    }

    fn path(&self) -> &str {
        self.0.uri.path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri.query()
    }

    // HTTP/2 puts `:authority` there, HTTP/1 the host of a target in absolute form, which counts more
    // than `Host` (RFC 9112 §3.2.2). What a proxy forwards in other headers, any client can send.
    fn authority(&self) -> Option<&str> {
        self.0.uri.authority().map(|authority| authority.as_str())
    }

    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        // The names that each request is asked for are known to the map; of any other it would first
        // make a `HeaderName`, and for most of them allocate that.
        let headers = self.0.headers();
        match name {
            "authorization" => headers.get_all(AUTHORIZATION).for_each(|v| visit(v.as_bytes())),
            "cookie" => headers.get_all(COOKIE).for_each(|v| visit(v.as_bytes())),
            "upgrade" => headers.get_all(UPGRADE).for_each(|v| visit(v.as_bytes())),
            other => headers
                .iter()
                .filter(|(known, _)| known.as_str() == other)
                .for_each(|(_, value)| visit(value.as_bytes())),
        }
    }
}
