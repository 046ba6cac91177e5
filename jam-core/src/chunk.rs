//! A credential over several cookies: the first says how many there are, `~3~…`, the others are
//! named after their place.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};
use crate::request::{Found, RequestView};
use crate::source::CredentialSource;
use crate::transport::MAX_COOKIE;

/// As many as make sense: servers take 32 KiB of headers at most.
const MOST: usize = 8;
/// What a name and a value may lose to the place and the count.
const EXTRA: usize = 3;

/// The name of a chunk; the first has the cookie's own.
pub(crate) fn name(cookie: &str, index: usize) -> String {
    if index == 0 { cookie.to_owned() } else { format!("{cookie}.{index}") }
}

/// Whether a name is one of the chunks' of a cookie.
pub(crate) fn is_chunk(of: &str, cookie: &str) -> bool {
    (1..MOST).any(|index| of == name(cookie, index))
}

/// Whether a value would be taken for a first chunk, so that it must be one, however short it is.
pub(crate) fn looks_split(value: &str) -> bool {
    value.starts_with('~')
}

pub(crate) fn split(cookie: &str, value: &str) -> Result<Vec<String>, Error> {
    let room = MAX_COOKIE.saturating_sub(cookie.len() + EXTRA).max(1);
    let count = value.len().div_ceil(room);
    if count > MOST {
        return Err(Error::new(
            ErrorKind::CookieTooLarge,
            format!(
                "the cookie `{cookie}` would take {} bytes, more than {MOST} chunks hold: put less into it",
                value.len()
            ),
        ));
    }
    let mut rest = value;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at_checked(room).unwrap_or((rest, ""));
        chunks.push(chunk.to_owned());
        rest = after;
    }
    if let Some(first) = chunks.first_mut() {
        first.insert_str(0, &format!("~{count}~"));
    }
    Ok(chunks)
}

/// The whole out of the first chunk and those that it asks for. None when one is missing, or the
/// count is none.
pub(crate) fn join<'a>(
    view: &'a dyn RequestView,
    cookie: &str,
    first: &'a [u8],
) -> Option<Cow<'a, [u8]>> {
    let Some(rest) = first.strip_prefix(b"~") else { return Some(Cow::Borrowed(first)) };
    let (&[digit, b'~'], chunk) = rest.split_first_chunk()? else { return None };
    let count = usize::from(digit.checked_sub(b'0')?);
    if !(1..=MOST).contains(&count) {
        return None;
    }
    let mut whole = chunk.to_vec();
    for index in 1..count {
        match CredentialSource::cookie(name(cookie, index)).find(view) {
            Found::Credential(chunk) => whole.extend_from_slice(chunk),
            Found::Absent | Found::Malformed | Found::Conflict => return None,
        }
    }
    Some(Cow::Owned(whole))
}

/// One more than the last place whose chunk a request carries.
pub(crate) fn count(view: &dyn RequestView, cookie: &str) -> usize {
    let there =
        |index: &usize| CredentialSource::cookie(name(cookie, *index)).find(view) != Found::Absent;
    (0..MOST).rev().find(there).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Cookies(String);

    impl RequestView for Cookies {
        fn method(&self) -> &str {
            "GET"
        }
        fn path(&self) -> &str {
            "/"
        }
        fn query(&self) -> Option<&str> {
            None
        }
        fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
            if name == "cookie" {
                visit(self.0.as_bytes());
            }
        }
    }

    fn sent(chunks: &[String]) -> Cookies {
        let pairs = chunks.iter().enumerate();
        let pairs: Vec<_> = pairs.map(|(n, chunk)| format!("{}={chunk}", name("c", n))).collect();
        Cookies(pairs.join("; "))
    }

    #[test]
    fn g48_a_value_comes_back_out_of_chunks_none_of_which_is_too_long() {
        for length in [4097, 8184, 8185, 20_000, 32_000] {
            let value: String = (0..length).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
            let chunks = split("c", &value).unwrap();
            for (n, chunk) in chunks.iter().enumerate() {
                assert!(name("c", n).len() + chunk.len() <= MAX_COOKIE);
            }
            let view = sent(&chunks);
            assert_eq!(&*join(&view, "c", chunks[0].as_bytes()).unwrap(), value.as_bytes());
            assert_eq!(count(&view, "c"), chunks.len());
        }
        assert_eq!(split("c", &"x".repeat(40_000)).unwrap_err().kind(), ErrorKind::CookieTooLarge);
    }

    #[test]
    fn a_short_value_that_looks_like_a_chunk_comes_back_as_it_was() {
        for value in ["~", "~2~x", "~1~~"] {
            assert!(looks_split(value));
            let chunks = split("c", value).unwrap();
            assert_eq!(chunks.len(), 1);
            assert_eq!(
                &*join(&sent(&chunks), "c", chunks[0].as_bytes()).unwrap(),
                value.as_bytes()
            );
        }
    }

    #[test]
    fn a_missing_chunk_and_a_false_count_are_no_credential() {
        let mut chunks = split("c", &"x".repeat(10_000)).unwrap();
        chunks.pop();
        assert!(join(&sent(&chunks), "c", chunks[0].as_bytes()).is_none());
        for first in ["~", "~3", "~3~x", "~0~x", "~9~x", "~~x", "~ä~"] {
            assert!(join(&Cookies(String::new()), "c", first.as_bytes()).is_none(), "{first}");
        }
        assert_eq!(&*join(&Cookies(String::new()), "c", b"plain").unwrap(), b"plain");
    }
}
