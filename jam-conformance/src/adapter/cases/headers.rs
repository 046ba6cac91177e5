//! Headers of the application's own: the token bare, or behind a scheme.

use super::Setup;
use super::row::{Found, Rows, cases as rows};
use crate::adapter::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let of = |says, found, rows| Rows { says, setup: Setup::Headers, found, rows };
    rows(&[
        of(
            "the whole value is the token",
            Found::Credential(0, "abc.def"),
            &[
                ("cred.header.bare", &[b"X-Token: abc.def"]),
                ("cred.header.bare-name-case", &[b"x-tOKEN: abc.def"]),
                ("cred.header.bare-white-around", &[b"X-Token: \t abc.def \t"]),
                ("cred.header.bare-before-scheme", &[b"X-Auth: Token xyz", b"X-Token: abc.def"]),
            ],
        ),
        of(
            "the token stands behind the scheme",
            Found::Credential(1, "abc"),
            &[
                ("cred.header.scheme", &[b"X-Auth: Token abc"]),
                ("cred.header.scheme-case", &[b"X-Auth: tOKEN abc"]),
                ("cred.header.scheme-spaces", &[b"X-Auth: Token    abc"]),
                ("cred.header.scheme-after-empty", &[b"X-Token:", b"X-Auth: Token abc"]),
                ("cred.header.scheme-after-blank", &[b"X-Token: \t ", b"X-Auth: Token abc"]),
            ],
        ),
        of(
            "neither of the two headers carries one",
            Found::Absent,
            &[
                ("cred.header.none", &[]),
                ("cred.header.bare-empty", &[b"X-Token:"]),
                ("cred.header.authorization", &[b"Authorization: Bearer abc"]),
                (
                    "cred.header.authorization-twice",
                    &[b"Authorization: Bearer abc", b"Authorization: Bearer xyz"],
                ),
                ("cred.header.underscore", &[b"X_Token: abc"]),
                ("cred.header.cookie", &[b"Cookie: X-Token=abc"]),
                ("cred.header.other-scheme", &[b"X-Auth: Bearer abc"]),
                ("cred.header.no-scheme", &[b"X-Auth: abc"]),
                ("cred.header.scheme-empty", &[b"X-Auth:"]),
            ],
        ),
        of(
            "what the header carries is no b64token",
            Found::Malformed,
            &[
                ("cred.header.bare-and-scheme", &[b"X-Token: Bearer abc"]),
                ("cred.header.bare-quoted", &[b"X-Token: \"abc\""]),
                ("cred.header.bare-comma", &[b"X-Token: abc,"]),
                ("cred.header.bare-obs-text", &[b"X-Token: \xe4bc"]),
                ("cred.header.bare-padding-only", &[b"X-Token: ="]),
                ("cred.header.scheme-only", &[b"X-Auth: Token"]),
                ("cred.header.scheme-two-words", &[b"X-Auth: Token abc def"]),
                ("cred.header.scheme-tab", &[b"X-Auth: Token\tabc"]),
                ("cred.header.malformed-before-good", &[b"X-Token: a b", b"X-Auth: Token abc"]),
            ],
        ),
        of(
            "several lines of one header are refused",
            Found::Conflict,
            &[
                ("cred.header.bare-twice-equal", &[b"X-Token: abc", b"X-Token: abc"]),
                ("cred.header.bare-twice", &[b"X-Token: abc", b"x-token: xyz"]),
                ("cred.header.scheme-twice", &[b"X-Auth: Token abc", b"X-Auth: Token abc"]),
                ("cred.header.scheme-twice-other", &[b"X-Auth: Basic abc", b"X-Auth: Token abc"]),
                (
                    "cred.header.twice-before-good",
                    &[b"X-Token: abc", b"X-Token: abc", b"X-Auth: Token abc"],
                ),
            ],
        ),
    ])
}
