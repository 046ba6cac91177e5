//! What each kind of source finds, header by header.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{Request, backend};
use jam_core::request::Found;
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport, SameSite};
use jam_core::{ErrorKind, Jam};
use proptest::prelude::*;

fn found(source: &CredentialSource, headers: &[(&str, &[u8])]) -> String {
    let mut request = Request::get("/");
    for (name, value) in headers {
        request = request.with(name, value);
    }
    match source.find(&request) {
        Found::Absent => "absent".into(),
        Found::Malformed => "malformed".into(),
        Found::Conflict => "conflict".into(),
        Found::Credential(value) => String::from_utf8_lossy(value).into_owned(),
    }
}

fn bearer(value: &[u8]) -> String {
    found(&CredentialSource::bearer(), &[("Authorization", value)])
}

fn cookie(lines: &[&str]) -> String {
    let headers: Vec<(&str, &[u8])> =
        lines.iter().map(|line| ("cookie", line.as_bytes())).collect();
    found(&CredentialSource::cookie("id"), &headers)
}

#[test]
fn bearer_credentials_are_read_as_rfc_6750_writes_them() {
    for good in [
        "Bearer abc",
        "bearer abc",
        "BEARER abc",
        "Bearer   abc",
        " Bearer abc\t ",
        "Bearer\x20abc",
    ] {
        assert_eq!(bearer(good.as_bytes()), "abc", "{good:?}");
    }
    assert_eq!(bearer(b"Bearer aZ09-._~+/=="), "aZ09-._~+/==");
    for absent in [
        "",
        " ",
        "\t",
        "Basic abc",
        "Basic",
        "Bearerabc",
        "Bearer-x abc",
        "abc.def.ghi",
        "\"Bearer abc\"",
        "=abc",
    ] {
        assert_eq!(bearer(absent.as_bytes()), "absent", "{absent:?}");
    }
    for malformed in [
        "Bearer",
        "Bearer ",
        "Bearer\tabc",
        "Bearer \tabc",
        "Bearer abc def",
        "Bearer abc,def",
        "Bearer abc, Basic x",
        "Bearer =",
        "Bearer a=b",
        "Bearer \"abc\"",
        "Bearer,abc",
        "Bearer:abc",
        "Bearer=abc",
        "Bearer abc;",
        "Bearer token=abc",
        "Bearer ä",
        "Bearer a\u{0}b",
        "Bearer %41",
    ] {
        assert_eq!(bearer(malformed.as_bytes()), "malformed", "{malformed:?}");
    }
    assert_eq!(bearer(b"Bearer \xff\xfe"), "malformed");
}

#[test]
fn g63_several_lines_of_one_header_are_a_conflict() {
    let source = CredentialSource::bearer();
    for (a, b) in [
        ("Bearer a", "Bearer b"),
        ("Bearer a", "Bearer a"),
        ("Basic x", "Bearer a"),
        ("", "Bearer a"),
    ] {
        assert_eq!(
            found(&source, &[("authorization", a.as_bytes()), ("Authorization", b.as_bytes())]),
            "conflict"
        );
    }
}

#[test]
fn other_headers_carry_the_token_bare_or_behind_a_scheme() {
    let bare = CredentialSource::header("X-Token");
    assert_eq!(found(&bare, &[("x-token", b" abc.def ")]), "abc.def");
    assert_eq!(found(&bare, &[("x-token", b"")]), "absent");
    assert_eq!(found(&bare, &[("x-token", b"Bearer abc")]), "malformed");
    assert_eq!(found(&bare, &[("x-token", b"a"), ("x-token", b"a")]), "conflict");
    assert_eq!(found(&bare, &[("authorization", b"Bearer abc")]), "absent");
    let scheme = CredentialSource::header("X-Auth").with_scheme("Token");
    assert_eq!(found(&scheme, &[("x-auth", b"token abc")]), "abc");
    assert_eq!(found(&scheme, &[("x-auth", b"Bearer abc")]), "absent");
}

#[test]
fn cookies_are_found_on_any_line_and_in_any_place() {
    assert_eq!(cookie(&[]), "absent");
    assert_eq!(cookie(&["id=abc"]), "abc");
    assert_eq!(cookie(&["a=1; id=abc; b=2"]), "abc");
    assert_eq!(cookie(&["a=1;id=abc;b=2"]), "abc");
    assert_eq!(cookie(&["a=1", "id=abc"]), "abc");
    assert_eq!(cookie(&["id=a=b"]), "a=b");
    assert_eq!(cookie(&["; ;; id=abc ;"]), "abc");
    for absent in [
        "ID=abc",
        "xid=abc",
        "id",
        "idx=abc",
        "id =abc",
        "=id",
        "id=",
        "",
        ";",
        "a=id=abc",
        "a=\"; id=\"",
    ] {
        let expected = if absent == "a=\"; id=\"" { "malformed" } else { "absent" };
        assert_eq!(cookie(&[absent]), expected, "{absent:?}");
    }
}

#[test]
fn g46_equal_duplicates_are_one_cookie_and_different_ones_a_conflict() {
    assert_eq!(cookie(&["id=abc; id=abc"]), "abc");
    assert_eq!(cookie(&["id=abc", "id=abc"]), "abc");
    assert_eq!(cookie(&["id=abc; id=xyz"]), "conflict");
    assert_eq!(cookie(&["id=abc", "id=xyz"]), "conflict");
    assert_eq!(cookie(&["id=abc; id=xyz; id=abc"]), "conflict");
    assert_eq!(cookie(&["id=a b; id=c d"]), "conflict", "nobody can say which one is meant");
    assert_eq!(cookie(&["id=a b; id=a b"]), cookie(&["id=a b"]));
    assert_eq!(cookie(&["id=; id=abc"]), "abc");
    // The name counts with case: `__host-` is another cookie than `__Host-` (RFC 6265bis §4.1.3).
    let source = CredentialSource::cookie("__Host-id");
    assert_eq!(found(&source, &[("cookie", b"__host-id=evil; __Host-id=abc")]), "abc");
}

#[test]
fn quotes_belong_to_a_cookies_value_and_odd_octets_break_it() {
    assert_eq!(cookie(&["id=\"abc\""]), "\"abc\"");
    for malformed in [
        "id=\"abc",
        "id=abc\"",
        "id=a\"b",
        "id=a b",
        "id=a,b",
        "id=a\\b",
        "id=ä",
        "id=a\u{7f}",
        "id= abc",
    ] {
        assert_eq!(cookie(&[malformed]), "malformed", "{malformed:?}");
    }
}

fn jam(sources: &[CredentialSource]) -> Jam {
    let backend = sources.iter().cloned().fold(backend(), |backend, source| backend.source(source));
    Jam::builder().jwt(backend).build().unwrap()
}

#[test]
fn the_first_source_present_decides() {
    let jam = jam(&[
        CredentialSource::cookie("id"),
        CredentialSource::bearer(),
        CredentialSource::header("x-token"),
    ]);
    let look = |headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(Request::get("/"), |request, (name, value)| request.with(name, value));
        let (source, found) = jam.find_credential(&request);
        match found {
            Found::Absent => "absent".to_owned(),
            Found::Malformed => "malformed".to_owned(),
            Found::Conflict => "conflict".to_owned(),
            Found::Credential(value) => format!("{source}:{}", String::from_utf8_lossy(value)),
        }
    };
    assert_eq!(look(&[("cookie", "id=a"), ("authorization", "Bearer b")]), "0:a");
    assert_eq!(look(&[("authorization", "Bearer b"), ("x-token", "c")]), "1:b");
    assert_eq!(look(&[("authorization", "Basic b"), ("x-token", "c")]), "2:c");
    // A bad header is not rescued by a later source, a bad cookie gives way.
    assert_eq!(look(&[("authorization", "Bearer"), ("x-token", "c")]), "malformed");
    assert_eq!(look(&[("cookie", "id=a b"), ("authorization", "Bearer b")]), "1:b");
    assert_eq!(look(&[("cookie", "id=a b")]), "malformed");
    assert_eq!(look(&[("cookie", "id=a; id=b"), ("authorization", "Bearer b")]), "conflict");
}

fn refused(backend: jam_core::jwt::JwtBackendBuilder) -> String {
    let error = backend.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    error.to_string()
}

#[test]
fn contradictions_are_errors_when_the_backend_is_built() {
    let cookie = |settings| CredentialTransport::cookie(settings);
    assert!(refused(backend().source(CredentialSource::header("x token"))).contains("x token"));
    assert!(refused(backend().source(CredentialSource::cookie("a;b"))).contains("a;b"));
    assert!(
        refused(backend().source(CredentialSource::bearer()).source(CredentialSource::bearer()))
            .contains("twice")
    );
    assert!(refused(backend().transport(cookie(CookieSettings::new("jwt")))).contains("__Host-"));
    assert!(
        refused(backend().transport(cookie(CookieSettings::new("__Host-")))).contains("prefix")
    );
    for meant in
        ["Set-Cookie", "content-length", "Transfer-Encoding", "Location", "WWW-Authenticate"]
    {
        let refusal = refused(backend().transport(CredentialTransport::header(meant)));
        assert!(refusal.contains("the transport's header"), "{refusal}");
    }
    for odd in ["__host-jwt", "__HOST-jwt", "__secure-jwt", "__Host_jwt"] {
        assert!(refused(backend().transport(cookie(CookieSettings::new(odd)))).contains("__Host-"));
    }
    let none = CookieSettings::new("__Host-jwt").insecure_dev().same_site(SameSite::None);
    assert!(refused(backend().transport(cookie(none))).contains("Secure"));
    let other = backend()
        .source(CredentialSource::cookie("__Host-other"))
        .transport(cookie(CookieSettings::new("__Host-jwt")));
    assert!(refused(other).contains("__Host-other"));
}

#[test]
fn g50_no_source_reads_the_query() {
    let jam = jam(&[
        CredentialSource::bearer(),
        CredentialSource::cookie("id"),
        CredentialSource::header("x-token"),
    ]);
    for target in ["/?access_token=abc", "/?id=abc&x-token=abc", "/?authorization=Bearer%20abc"] {
        assert_eq!(jam.find_credential(&Request::get(target)).1, Found::Absent);
    }
}

proptest! {
    #[test]
    fn whatever_a_header_holds_a_credential_is_only_what_the_grammar_allows(value in proptest::collection::vec(any::<u8>(), 0..60)) {
        let check = |found: Found<'_>| match found {
            Found::Credential(token) => !token.is_empty() && token.iter().all(|&b| (0x21..0x7f).contains(&b)),
            _ => true,
        };
        let request = Request::get("/").with("authorization", &value).with("cookie", &value);
        prop_assert!(check(CredentialSource::bearer().find(&request)));
        prop_assert!(check(CredentialSource::cookie("a").find(&request)));
        prop_assert!(check(CredentialSource::header("cookie").find(&request)));
    }
}
