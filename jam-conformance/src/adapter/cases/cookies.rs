//! One cookie out of all `Cookie` lines (RFC 6265bis §4.2, §5.8.3).

use super::Setup;
use super::row::{Found, Row, Rows, cases as rows};
use crate::adapter::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let of = |says, found, rows| Rows { says, setup: Setup::CookieBearer, found, rows };
    let value = |value| Found::Credential(0, value);
    rows(&[
        of("a cookie is found in any place of any line", value("abc"), GOOD),
        of(
            "a line of another name, of no value or of no cookies holds none",
            Found::Absent,
            ABSENT,
        ),
        of("these octets are none of a cookie's", Found::Malformed, MALFORMED),
        of(
            "cookies of one name and different values contradict each other",
            Found::Conflict,
            CONFLICT,
        ),
        of(
            "quotes belong to the value",
            value("\"abc\""),
            &[
                ("cred.cookie.quoted", &[b"Cookie: __Host-jwt=\"abc\""]),
                ("cred.cookie.quoted-twice", &[b"Cookie: __Host-jwt=\"abc\"; __Host-jwt=\"abc\""]),
            ],
        ),
        of(
            "quotes with nothing inside are a value",
            value("\"\""),
            &[("cred.cookie.quoted-empty", &[b"Cookie: __Host-jwt=\"\""])],
        ),
        of(
            "only the first equals sign divides",
            value("a=b="),
            &[("cred.cookie.equals-inside", &[b"Cookie: __Host-jwt=a=b="])],
        ),
        of(
            "nothing is decoded",
            value("%41"),
            &[("cred.cookie.percent", &[b"Cookie: __Host-jwt=%41"])],
        ),
        of(
            "all of these are cookie-octets",
            value("!#$%&'()*+-./:<=>?@[]^_`{|}~"),
            &[("cred.cookie.all-octets", &[b"Cookie: __Host-jwt=!#$%&'()*+-./:<=>?@[]^_`{|}~"])],
        ),
        of(
            "a long value arrives whole",
            value("${long}"),
            &[("cred.cookie.long", &[b"Cookie: a=1; __Host-jwt=${long}; b=2"])],
        ),
        of(
            "the server refuses what is no header field (RFC 9110 §5.5)",
            Found::Refused,
            &[
                ("cred.cookie.nul", &[b"Cookie: __Host-jwt=a\0b"]),
                ("cred.cookie.delete", &[b"Cookie: __Host-jwt=a\x7fb"]),
            ],
        ),
    ])
}

const GOOD: &[Row] = &[
    ("cred.cookie.alone", &[b"Cookie: __Host-jwt=abc"]),
    ("cred.cookie.name-of-header-lower", &[b"cookie: __Host-jwt=abc"]),
    ("cred.cookie.name-of-header-upper", &[b"COOKIE: __Host-jwt=abc"]),
    ("cred.cookie.first", &[b"Cookie: __Host-jwt=abc; a=1"]),
    ("cred.cookie.middle", &[b"Cookie: a=1; __Host-jwt=abc; b=2"]),
    ("cred.cookie.last", &[b"Cookie: a=1; b=2; __Host-jwt=abc"]),
    ("cred.cookie.no-spaces", &[b"Cookie: a=1;__Host-jwt=abc;b=2"]),
    ("cred.cookie.many-spaces", &[b"Cookie: a=1;   __Host-jwt=abc   ; b=2"]),
    ("cred.cookie.tabs", &[b"Cookie: a=1;\t__Host-jwt=abc\t;\tb=2"]),
    ("cred.cookie.semicolon-last", &[b"Cookie: __Host-jwt=abc;"]),
    ("cred.cookie.many-semicolons", &[b"Cookie: ; ;; __Host-jwt=abc ;;"]),
    ("cred.cookie.white-around", &[b"Cookie: \t __Host-jwt=abc \t"]),
    ("cred.cookie.second-line", &[b"Cookie: a=1", b"Cookie: __Host-jwt=abc"]),
    ("cred.cookie.first-of-lines", &[b"Cookie: __Host-jwt=abc", b"Cookie: a=1"]),
    (
        "cred.cookie.lines-apart",
        &[b"Cookie: a=1", b"Accept: */*", b"cookie: b=2; __Host-jwt=abc", b"Cookie: c=3"],
    ),
    (
        "cred.cookie.many-lines",
        &[
            b"Cookie: a=1",
            b"Cookie: b=2",
            b"Cookie: c=3",
            b"Cookie: d=4",
            b"Cookie: __Host-jwt=abc",
            b"Cookie: e=5",
        ],
    ),
    ("cred.cookie.twice-equal", &[b"Cookie: __Host-jwt=abc; __Host-jwt=abc"]),
    ("cred.cookie.twice-equal-on-lines", &[b"Cookie: __Host-jwt=abc", b"Cookie: __Host-jwt=abc"]),
    ("cred.cookie.empty-then-value", &[b"Cookie: __Host-jwt=; __Host-jwt=abc"]),
    ("cred.cookie.value-then-empty", &[b"Cookie: __Host-jwt=abc; __Host-jwt="]),
    ("cred.cookie.empty-line-first", &[b"Cookie:", b"Cookie: __Host-jwt=abc"]),
    ("cred.cookie.case-variant-beside", &[b"Cookie: __host-jwt=evil; __Host-jwt=abc"]),
    ("cred.cookie.old-attributes", &[b"Cookie: $Version=1; __Host-jwt=abc; $Path=/"]),
    ("cred.cookie.inside-anothers-quotes", &[b"Cookie: a=\"1; __Host-jwt=abc; 2\""]),
    ("cred.cookie.broken-neighbours", &[b"Cookie: a b; =; c=\xff; \"; __Host-jwt=abc; d=,"]),
    ("cred.cookie.among-set-cookie", &[b"Set-Cookie: __Host-jwt=xyz", b"Cookie: __Host-jwt=abc"]),
];

const ABSENT: &[Row] = &[
    ("cred.cookie.none", &[]),
    ("cred.cookie.empty-line", &[b"Cookie:"]),
    ("cred.cookie.semicolons-only", &[b"Cookie: ;;;"]),
    ("cred.cookie.others-only", &[b"Cookie: a=1; b=2"]),
    ("cred.cookie.empty-value", &[b"Cookie: __Host-jwt="]),
    ("cred.cookie.blank-value", &[b"Cookie: __Host-jwt= "]),
    ("cred.cookie.empty-value-twice", &[b"Cookie: __Host-jwt=; __Host-jwt="]),
    ("cred.cookie.name-only", &[b"Cookie: __Host-jwt"]),
    ("cred.cookie.space-before-equals", &[b"Cookie: __Host-jwt =abc"]),
    ("cred.cookie.no-name", &[b"Cookie: =__Host-jwt"]),
    ("cred.cookie.colon", &[b"Cookie: __Host-jwt:abc"]),
    ("cred.cookie.name-lower", &[b"Cookie: __host-jwt=abc"]),
    ("cred.cookie.name-upper", &[b"Cookie: __HOST-JWT=abc"]),
    ("cred.cookie.name-longer", &[b"Cookie: __Host-jwt2=abc"]),
    ("cred.cookie.name-with-prefix", &[b"Cookie: x__Host-jwt=abc"]),
    ("cred.cookie.name-without-prefix", &[b"Cookie: jwt=abc"]),
    ("cred.cookie.name-other-prefix", &[b"Cookie: __Secure-jwt=abc"]),
    ("cred.cookie.name-encoded", &[b"Cookie: %5F%5FHost-jwt=abc"]),
    ("cred.cookie.name-quoted", &[b"Cookie: \"__Host-jwt\"=abc"]),
    ("cred.cookie.name-and-obs-text", &[b"Cookie: __Host-jwt\xa0=abc"]),
    ("cred.cookie.in-anothers-value", &[b"Cookie: a=__Host-jwt=abc"]),
    ("cred.cookie.comma-divides-nothing", &[b"Cookie: a=1, __Host-jwt=abc"]),
    ("cred.cookie.other-header", &[b"X-Cookie: __Host-jwt=abc"]),
    ("cred.cookie.set-cookie-header", &[b"Set-Cookie: __Host-jwt=abc"]),
    ("cred.cookie.old-header", &[b"Cookie2: __Host-jwt=abc"]),
];

const MALFORMED: &[Row] = &[
    ("cred.cookie.quote-opened", &[b"Cookie: __Host-jwt=\"abc"]),
    ("cred.cookie.quote-closed", &[b"Cookie: __Host-jwt=abc\""]),
    ("cred.cookie.quote-inside", &[b"Cookie: __Host-jwt=a\"b"]),
    ("cred.cookie.quote-alone", &[b"Cookie: __Host-jwt=\""]),
    ("cred.cookie.quoted-space", &[b"Cookie: __Host-jwt=\"a b\""]),
    ("cred.cookie.quoted-semicolon", &[b"Cookie: __Host-jwt=\"a;b\""]),
    ("cred.cookie.quoted-escape", &[b"Cookie: __Host-jwt=\"a\\\"b\""]),
    ("cred.cookie.space-inside", &[b"Cookie: __Host-jwt=a b"]),
    ("cred.cookie.tab-inside", &[b"Cookie: __Host-jwt=a\tb"]),
    ("cred.cookie.space-after-equals", &[b"Cookie: __Host-jwt= abc"]),
    ("cred.cookie.comma-inside", &[b"Cookie: __Host-jwt=a,b"]),
    ("cred.cookie.comma-list", &[b"Cookie: __Host-jwt=abc, a=1"]),
    ("cred.cookie.backslash", &[b"Cookie: __Host-jwt=a\\b"]),
    ("cred.cookie.utf-8", &[b"Cookie: __Host-jwt=\xc3\xa4"]),
    ("cred.cookie.obs-text", &[b"Cookie: __Host-jwt=abc\xff"]),
    ("cred.cookie.malformed-twice-equal", &[b"Cookie: __Host-jwt=a b; __Host-jwt=a b"]),
];

const CONFLICT: &[Row] = &[
    ("cred.cookie.twice-different", &[b"Cookie: __Host-jwt=abc; __Host-jwt=xyz"]),
    (
        "cred.cookie.twice-different-on-lines",
        &[b"Cookie: __Host-jwt=abc", b"Cookie: __Host-jwt=xyz"],
    ),
    (
        "cred.cookie.twice-apart",
        &[b"Cookie: __Host-jwt=abc; a=1", b"Cookie: b=2", b"Cookie: c=3; __Host-jwt=xyz"],
    ),
    (
        "cred.cookie.thrice-first-again",
        &[b"Cookie: __Host-jwt=abc; __Host-jwt=xyz; __Host-jwt=abc"],
    ),
    ("cred.cookie.quoted-and-bare", &[b"Cookie: __Host-jwt=abc; __Host-jwt=\"abc\""]),
    ("cred.cookie.good-and-malformed", &[b"Cookie: __Host-jwt=abc; __Host-jwt=a b"]),
    ("cred.cookie.prefix-of-the-other", &[b"Cookie: __Host-jwt=abc; __Host-jwt=abcd"]),
];
