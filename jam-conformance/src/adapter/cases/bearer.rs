//! `Authorization: Bearer` (RFC 6750 §2.1), line by line.

use super::row::{Found, Row, Rows, cases as rows};
use super::{Request, Setup, ask};
use crate::adapter::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let rows_of = |says, found, rows| Rows { says, setup: Setup::Bearer, found, rows };
    let mut cases = rows(&[
        rows_of(
            "the scheme counts without case, white space around the value does not count",
            Found::Credential(0, "abc"),
            GOOD,
        ),
        rows_of(
            "a b64token holds these characters and any padding",
            Found::Credential(0, "aZ09-._~+/=="),
            &[("cred.bearer.all-characters", &[b"Authorization: Bearer aZ09-._~+/=="])],
        ),
        rows_of(
            "padding counts as part of the token, however long",
            Found::Credential(0, "a===="),
            &[("cred.bearer.much-padding", &[b"Authorization: Bearer a===="])],
        ),
        rows_of(
            "a long token arrives whole",
            Found::Credential(0, "${long}"),
            &[("cred.bearer.long", &[b"Authorization: Bearer ${long}"])],
        ),
        rows_of(
            "another scheme, an empty value or another header is no credential",
            Found::Absent,
            ABSENT,
        ),
        rows_of("what stands behind the scheme is no single b64token", Found::Malformed, MALFORMED),
        rows_of(
            "several lines are refused, equal or not (RFC 9110 §5.3)",
            Found::Conflict,
            CONFLICT,
        ),
        rows_of("no header at all", Found::Absent, &[("cred.bearer.none", &[])]),
        rows_of(
            "the server refuses what is no header field (RFC 9110 §5.5, RFC 9112 §5)",
            Found::Refused,
            REFUSED,
        ),
    ]);
    for (id, target) in [
        ("cred.bearer.in-query", "/credential?access_token=abc"),
        ("cred.bearer.in-query-encoded", "/credential?authorization=Bearer%20abc"),
    ] {
        let request = Request::get(target).expect(Found::Absent.expect());
        cases.push(ask(id, "no source reads the query (RFC 9700 §4.3.2)", Setup::Bearer, request));
    }
    cases
}

const GOOD: &[Row] = &[
    ("cred.bearer.plain", &[b"Authorization: Bearer abc"]),
    ("cred.bearer.scheme-lower", &[b"Authorization: bearer abc"]),
    ("cred.bearer.scheme-upper", &[b"Authorization: BEARER abc"]),
    ("cred.bearer.scheme-mixed", &[b"Authorization: bEaReR abc"]),
    ("cred.bearer.spaces-between", &[b"Authorization: Bearer   abc"]),
    ("cred.bearer.spaces-before", &[b"Authorization:    Bearer abc"]),
    ("cred.bearer.tab-before", &[b"Authorization:\tBearer abc"]),
    ("cred.bearer.nothing-before", &[b"Authorization:Bearer abc"]),
    ("cred.bearer.space-after", &[b"Authorization: Bearer abc "]),
    ("cred.bearer.tab-after", &[b"Authorization: Bearer abc\t"]),
    ("cred.bearer.white-around", &[b"Authorization: \t Bearer abc \t "]),
    ("cred.bearer.name-upper", &[b"AUTHORIZATION: Bearer abc"]),
    ("cred.bearer.name-lower", &[b"authorization: Bearer abc"]),
    ("cred.bearer.name-mixed", &[b"aUTHORIZATIOn: Bearer abc"]),
    (
        "cred.bearer.among-others",
        &[b"Accept: */*", b"Authorization: Bearer abc", b"X-Authorization: Bearer xyz"],
    ),
    (
        "cred.bearer.proxy-beside",
        &[b"Proxy-Authorization: Bearer xyz", b"Authorization: Bearer abc"],
    ),
];

const ABSENT: &[Row] = &[
    ("cred.bearer.empty", &[b"Authorization:"]),
    ("cred.bearer.blank", &[b"Authorization:   "]),
    ("cred.bearer.tab-only", &[b"Authorization: \t"]),
    ("cred.bearer.basic", &[b"Authorization: Basic YTpi"]),
    ("cred.bearer.basic-alone", &[b"Authorization: Basic"]),
    ("cred.bearer.digest", &[b"Authorization: Digest username=\"a\", realm=\"b\""]),
    ("cred.bearer.negotiate", &[b"Authorization: Negotiate YII="]),
    ("cred.bearer.dpop", &[b"Authorization: DPoP abc"]),
    ("cred.bearer.token-scheme", &[b"Authorization: Token abc"]),
    ("cred.bearer.basic-then-bearer", &[b"Authorization: Basic YTpi, Bearer abc"]),
    ("cred.bearer.glued", &[b"Authorization: Bearerabc"]),
    ("cred.bearer.glued-hyphen", &[b"Authorization: Bearer-x abc"]),
    ("cred.bearer.glued-underscore", &[b"Authorization: Bearer_abc"]),
    ("cred.bearer.glued-dot", &[b"Authorization: Bearer.abc"]),
    ("cred.bearer.split-scheme", &[b"Authorization: Bear er abc"]),
    ("cred.bearer.no-scheme", &[b"Authorization: abc.def.ghi"]),
    ("cred.bearer.quoted-whole", &[b"Authorization: \"Bearer abc\""]),
    ("cred.bearer.equals-first", &[b"Authorization: =abc"]),
    ("cred.bearer.comma-first", &[b"Authorization: , Bearer abc"]),
    ("cred.bearer.parenthesis", &[b"Authorization: (Bearer) abc"]),
    ("cred.bearer.scheme-utf-8", &[b"Authorization: B\xc3\xa9arer abc"]),
    ("cred.bearer.scheme-obs-text", &[b"Authorization: \xa0Bearer abc"]),
    ("cred.bearer.other-name", &[b"X-Authorization: Bearer abc"]),
    ("cred.bearer.proxy-name", &[b"Proxy-Authorization: Bearer abc"]),
    ("cred.bearer.answers-name", &[b"WWW-Authenticate: Bearer abc"]),
    ("cred.bearer.in-cookie", &[b"Cookie: Authorization=Bearer; __Host-jwt=abc"]),
];

const MALFORMED: &[Row] = &[
    ("cred.bearer.scheme-only", &[b"Authorization: Bearer"]),
    ("cred.bearer.scheme-and-space", &[b"Authorization: Bearer "]),
    ("cred.bearer.tab-between", &[b"Authorization: Bearer\tabc"]),
    ("cred.bearer.space-and-tab-between", &[b"Authorization: Bearer \tabc"]),
    ("cred.bearer.two-words", &[b"Authorization: Bearer abc def"]),
    ("cred.bearer.two-words-tab", &[b"Authorization: Bearer abc\tdef"]),
    ("cred.bearer.scheme-twice", &[b"Authorization: Bearer Bearer abc"]),
    ("cred.bearer.comma-glued", &[b"Authorization: Bearer abc,def"]),
    ("cred.bearer.comma-last", &[b"Authorization: Bearer abc,"]),
    ("cred.bearer.list-equal", &[b"Authorization: Bearer abc, Bearer abc"]),
    ("cred.bearer.list-basic", &[b"Authorization: Bearer abc, Basic YTpi"]),
    ("cred.bearer.semicolon", &[b"Authorization: Bearer abc;"]),
    ("cred.bearer.padding-only", &[b"Authorization: Bearer =="]),
    ("cred.bearer.padding-inside", &[b"Authorization: Bearer a=b"]),
    ("cred.bearer.quoted", &[b"Authorization: Bearer \"abc\""]),
    ("cred.bearer.single-quoted", &[b"Authorization: Bearer 'abc'"]),
    ("cred.bearer.comma-for-space", &[b"Authorization: Bearer,abc"]),
    ("cred.bearer.colon-for-space", &[b"Authorization: Bearer:abc"]),
    ("cred.bearer.colon-and-space", &[b"Authorization: Bearer: abc"]),
    ("cred.bearer.equals-for-space", &[b"Authorization: Bearer=abc"]),
    ("cred.bearer.slash-for-space", &[b"Authorization: Bearer/abc"]),
    ("cred.bearer.parameter", &[b"Authorization: Bearer token=abc"]),
    ("cred.bearer.parameter-quoted", &[b"Authorization: Bearer access_token=\"abc\""]),
    ("cred.bearer.percent", &[b"Authorization: Bearer %41"]),
    ("cred.bearer.braces", &[b"Authorization: Bearer {abc}"]),
    ("cred.bearer.angles", &[b"Authorization: Bearer <abc>"]),
    ("cred.bearer.backslash", &[b"Authorization: Bearer ab\\c"]),
    ("cred.bearer.at-sign", &[b"Authorization: Bearer a@b"]),
    ("cred.bearer.asterisk", &[b"Authorization: Bearer *"]),
    ("cred.bearer.colon-inside", &[b"Authorization: Bearer user:password"]),
    ("cred.bearer.utf-8", &[b"Authorization: Bearer \xc3\xa4"]),
    ("cred.bearer.obs-text", &[b"Authorization: Bearer \xff\xfe"]),
    ("cred.bearer.obs-text-last", &[b"Authorization: Bearer abc\xa0"]),
    ("cred.bearer.obs-text-for-space", &[b"Authorization: Bearer\xa0abc"]),
];

const CONFLICT: &[Row] = &[
    ("cred.bearer.two-lines-equal", &[b"Authorization: Bearer abc", b"Authorization: Bearer abc"]),
    ("cred.bearer.two-lines", &[b"Authorization: Bearer abc", b"Authorization: Bearer xyz"]),
    (
        "cred.bearer.two-lines-any-case",
        &[b"authorization: Bearer abc", b"AUTHORIZATION: Bearer abc"],
    ),
    (
        "cred.bearer.two-lines-apart",
        &[b"Authorization: Bearer abc", b"Accept: */*", b"Authorization: Bearer abc"],
    ),
    (
        "cred.bearer.three-lines",
        &[b"Authorization: Bearer a", b"Authorization: Bearer b", b"Authorization: Bearer c"],
    ),
    ("cred.bearer.basic-and-bearer", &[b"Authorization: Basic YTpi", b"Authorization: Bearer abc"]),
    ("cred.bearer.bearer-and-basic", &[b"Authorization: Bearer abc", b"Authorization: Basic YTpi"]),
    ("cred.bearer.basic-twice", &[b"Authorization: Basic YTpi", b"Authorization: Basic YTpi"]),
    ("cred.bearer.empty-and-bearer", &[b"Authorization:", b"Authorization: Bearer abc"]),
    ("cred.bearer.empty-twice", &[b"Authorization:", b"Authorization:"]),
];

const REFUSED: &[Row] = &[
    ("cred.bearer.nul", &[b"Authorization: Bearer a\0b"]),
    ("cred.bearer.control", &[b"Authorization: Bearer a\x01b"]),
    ("cred.bearer.delete", &[b"Authorization: Bearer a\x7fb"]),
    ("cred.bearer.bare-return", &[b"Authorization: Bearer a\rb"]),
    ("cred.bearer.folded", &[b"Authorization: Bearer", b" abc"]),
    ("cred.bearer.space-in-name", &[b"Authorization : Bearer abc"]),
];
