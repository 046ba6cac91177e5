//! Several sources: the first one present decides. A header is never rescued by a later source; a
//! cookie that cannot be used gives way to it.

use super::Setup;
use super::row::{Found, Rows, cases as rows};
use crate::adapter::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = rows(&header_first());
    cases.extend(rows(&cookie_first()));
    cases
}

fn header_first() -> [Rows; 5] {
    let of = |says, found, rows| Rows { says, setup: Setup::BearerCookie, found, rows };
    [
        of(
            "the header comes first, wherever it stands",
            Found::Credential(0, "abc"),
            &[
                (
                    "cred.order.header-of-both",
                    &[b"Authorization: Bearer abc", b"Cookie: __Host-jwt=xyz"],
                ),
                (
                    "cred.order.header-of-both-late",
                    &[b"Cookie: __Host-jwt=xyz", b"Authorization: Bearer abc"],
                ),
                (
                    "cred.order.header-before-conflict",
                    &[b"Authorization: Bearer abc", b"Cookie: __Host-jwt=x; __Host-jwt=y"],
                ),
                (
                    "cred.order.header-before-malformed",
                    &[b"Authorization: Bearer abc", b"Cookie: __Host-jwt=a b"],
                ),
            ],
        ),
        of(
            "a header that holds none of ours lets the cookie speak",
            Found::Credential(1, "abc"),
            &[
                ("cred.order.cookie-alone", &[b"Cookie: __Host-jwt=abc"]),
                (
                    "cred.order.cookie-behind-basic",
                    &[b"Authorization: Basic YTpi", b"Cookie: __Host-jwt=abc"],
                ),
                ("cred.order.cookie-behind-empty", &[b"Authorization:", b"Cookie: __Host-jwt=abc"]),
            ],
        ),
        of(
            "a bad header is not rescued by a cookie",
            Found::Malformed,
            &[
                (
                    "cred.order.malformed-header-good-cookie",
                    &[b"Authorization: Bearer a b", b"Cookie: __Host-jwt=abc"],
                ),
                (
                    "cred.order.scheme-only-good-cookie",
                    &[b"Authorization: Bearer", b"Cookie: __Host-jwt=abc"],
                ),
                (
                    "cred.order.basic-and-malformed-cookie",
                    &[b"Authorization: Basic YTpi", b"Cookie: __Host-jwt=a b"],
                ),
            ],
        ),
        of(
            "a conflict is not rescued",
            Found::Conflict,
            &[
                (
                    "cred.order.two-headers-good-cookie",
                    &[
                        b"Authorization: Bearer a",
                        b"Authorization: Bearer a",
                        b"Cookie: __Host-jwt=abc",
                    ],
                ),
                (
                    "cred.order.basic-and-conflict",
                    &[b"Authorization: Basic YTpi", b"Cookie: __Host-jwt=x; __Host-jwt=y"],
                ),
            ],
        ),
        of(
            "neither holds one",
            Found::Absent,
            &[(
                "cred.order.basic-and-empty-cookie",
                &[b"Authorization: Basic YTpi", b"Cookie: __Host-jwt="],
            )],
        ),
    ]
}

fn cookie_first() -> [Rows; 5] {
    let of = |says, found, rows| Rows { says, setup: Setup::CookieBearer, found, rows };
    [
        of(
            "the cookie comes first, wherever it stands",
            Found::Credential(0, "abc"),
            &[
                (
                    "cred.order.cookie-of-both",
                    &[b"Cookie: __Host-jwt=abc", b"Authorization: Bearer xyz"],
                ),
                (
                    "cred.order.cookie-of-both-late",
                    &[b"Authorization: Bearer xyz", b"Cookie: __Host-jwt=abc"],
                ),
                (
                    "cred.order.cookie-before-two-headers",
                    &[
                        b"Cookie: __Host-jwt=abc",
                        b"Authorization: Bearer a",
                        b"Authorization: Bearer b",
                    ],
                ),
            ],
        ),
        of(
            "a cookie that cannot be used gives way to the header",
            Found::Credential(1, "abc"),
            &[
                ("cred.order.header-alone", &[b"Authorization: Bearer abc"]),
                (
                    "cred.order.header-behind-empty",
                    &[b"Cookie: __Host-jwt=", b"Authorization: Bearer abc"],
                ),
                (
                    "cred.order.header-behind-malformed",
                    &[b"Cookie: __Host-jwt=a b", b"Authorization: Bearer abc"],
                ),
                (
                    "cred.order.header-behind-case-variant",
                    &[b"Cookie: __host-jwt=xyz", b"Authorization: Bearer abc"],
                ),
            ],
        ),
        of(
            "neither holds a usable one",
            Found::Malformed,
            &[
                (
                    "cred.order.both-malformed",
                    &[b"Cookie: __Host-jwt=a b", b"Authorization: Bearer a b"],
                ),
                (
                    "cred.order.malformed-cookie-basic",
                    &[b"Cookie: __Host-jwt=a b", b"Authorization: Basic YTpi"],
                ),
            ],
        ),
        of(
            "a conflict of cookies is refused, whatever the header holds",
            Found::Conflict,
            &[
                (
                    "cred.order.conflict-good-header",
                    &[b"Cookie: __Host-jwt=x; __Host-jwt=y", b"Authorization: Bearer abc"],
                ),
                (
                    "cred.order.malformed-cookie-two-headers",
                    &[
                        b"Cookie: __Host-jwt=a b",
                        b"Authorization: Bearer a",
                        b"Authorization: Bearer b",
                    ],
                ),
            ],
        ),
        of(
            "neither holds one",
            Found::Absent,
            &[(
                "cred.order.empty-cookie-basic",
                &[b"Cookie: __Host-jwt=", b"Authorization: Basic YTpi"],
            )],
        ),
    ]
}
