//! How the core reads an actix request.

use actix_web::HttpRequest;
use actix_web::dev::RequestHead;

/// A borrowed [`RequestView`](jam_core::request::RequestView) over the head of an actix request;
/// nothing is copied.
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

jam_core::request_view!(View<'_>: |view| view.0.method, view.0.uri, view.0.headers(); actix_web::http::header);
