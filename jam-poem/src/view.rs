//! How the core reads a poem request.

pub use jam_tower::View;
use poem::Request;

/// A borrowed view over the head of a poem request; nothing is copied.
///
/// The layer makes one for each request. Make your own to ask a [`Jam`](jam_core::Jam) about a
/// request outside the layer, for example with `find_credential`.
pub fn view(request: &Request) -> View<'_> {
    View::of(request.method(), request.uri(), request.headers())
}
