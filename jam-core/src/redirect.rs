//! Sending people to the login page, and only ever back into the application.

use std::fmt::Write as _;

/// A path of this application: never another host, whatever a browser makes of odd URLs.
///
/// ```
/// use jam_core::redirect::LocalPath;
///
/// assert!(LocalPath::parse("/page?x=1").is_some());
/// for outside in ["//evil.example", "/\\evil.example", "https://evil.example", "page", "/a\tb", ""] {
///     assert!(LocalPath::parse(outside).is_none());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// A path with an optional query: it begins with exactly one `/` and holds no backslash, white
    /// space or control character, all of which browsers rewrite. Give it the decoded `next`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let odd = |c: char| c == '\\' || c.is_control() || c.is_whitespace();
        (!rest.starts_with('/') && !text.contains(odd)).then(|| Self(text.to_owned()))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a request without a usable credential is sent, with 303.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRedirect {
    target: String,
}

impl LoginRedirect {
    /// To this page. For a safe method, `next` is added with the path that was asked for.
    pub fn to(target: impl AsRef<str>) -> Self {
        let mut clean = String::new();
        // A stray byte would make the header unsendable.
        encode(target.as_ref(), |byte| byte.is_ascii_graphic(), &mut clean);
        Self { target: clean }
    }

    /// The `Location` for a request whose path was remembered.
    pub(crate) fn location(&self, next: Option<&LocalPath>) -> String {
        let mut location = self.target.clone();
        if let Some(LocalPath(next)) = next {
            location.push_str(if location.contains('?') { "&next=" } else { "?next=" });
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
            encode(next, plain, &mut location);
        }
        location
    }
}

/// Percent-encodes all but the plain bytes (RFC 3986 §2.1).
fn encode(text: &str, plain: impl Fn(u8) -> bool, out: &mut String) {
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_is_encoded_and_appended() {
        let next = LocalPath::parse("/page?a=1&b=ä").unwrap();
        assert_eq!(
            LoginRedirect::to("/login").location(Some(&next)),
            "/login?next=/page%3Fa%3D1%26b%3D%C3%A4"
        );
        assert_eq!(
            LoginRedirect::to("/login?x=1").location(Some(&next)),
            "/login?x=1&next=/page%3Fa%3D1%26b%3D%C3%A4"
        );
        assert_eq!(LoginRedirect::to("/login").location(None), "/login");
    }

    #[test]
    fn a_target_cannot_break_the_header() {
        assert_eq!(LoginRedirect::to("/log in\r\nx: y").location(None), "/log%20in%0D%0Ax:%20y");
    }
}
