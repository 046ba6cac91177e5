//! One request through the flow, as an adapter drives it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{NOW, Request, backend, ready, token};
use jam_core::flow::{Flow, HeaderOp};
use jam_core::redirect::LoginRedirect;
use jam_core::reject::{RejectKind, RejectResponse};
use jam_core::scope::ScopeRule;
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport};
use jam_core::{ErrorKind, Jam, Reject};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct User {
    sub: String,
}

fn good() -> String {
    token(&format!(r#"{{"exp":{},"sub":"alice","scope":"user"}}"#, NOW + 60))
}

fn expired() -> String {
    token(&format!(r#"{{"exp":{NOW},"sub":"alice"}}"#))
}

/// Cookie first, then bearer; tokens are handed out in the cookie.
fn jam() -> Jam {
    let backend = backend()
        .source(CredentialSource::cookie("__Host-jwt"))
        .source(CredentialSource::bearer())
        .transport(CredentialTransport::cookie(CookieSettings::new("__Host-jwt").persistent()));
    Jam::builder().clock(jam_core::clock::ManualClock::new(NOW)).jwt(backend).build().unwrap()
}

fn flow(headers: &[(&str, String)]) -> Flow {
    let request =
        headers.iter().fold(Request::get("/page?x=1"), |r, (name, value)| r.with(name, value));
    jam().begin(&request)
}

fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

fn cookie(token: &str) -> (&'static str, String) {
    ("cookie", format!("__Host-jwt={token}"))
}

fn identity(headers: &[(&str, String)]) -> Result<String, RejectKind> {
    ready(flow(headers).identity::<User>()).map(|user| user.into_payload().sub).map_err(kind)
}

fn maybe(headers: &[(&str, String)]) -> Result<Option<String>, RejectKind> {
    ready(flow(headers).maybe_identity::<User>())
        .map(|user| user.map(|user| user.into_payload().sub))
        .map_err(kind)
}

fn kind(reject: Reject) -> RejectKind {
    reject.kind().clone()
}

fn header<'a>(response: &'a RejectResponse, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_good_credential_is_known_from_either_source() {
    assert_eq!(identity(&[bearer(&good())]), Ok("alice".into()));
    assert_eq!(identity(&[cookie(&good())]), Ok("alice".into()));
    assert_eq!(maybe(&[bearer(&good())]), Ok(Some("alice".into())));
    let flow = flow(&[bearer(&good())]);
    let user = ready(flow.identity::<User>()).unwrap();
    assert_eq!(user.sub, "alice");
    assert_eq!(user.subject().as_deref(), Some("alice"));
    assert_eq!(user.scopes(), ["user"]);
    assert!(user.has_scope("user") && !user.has_scope("admin"));
    assert_eq!(user.via().as_str(), "jwt");
    // A second look at the same flow needs no second verification and may want another type.
    let claims = ready(flow.identity::<serde_json::Value>()).unwrap();
    assert_eq!(claims["scope"], "user");
    assert!(!flow.is_touched());
}

#[test]
fn headers_are_deliberate_and_cookies_are_ambient() {
    // Nothing at all.
    assert_eq!(identity(&[]), Err(RejectKind::Unauthenticated));
    assert_eq!(maybe(&[]), Ok(None));
    // A bad header is refused wherever identity is asked for.
    assert_eq!(identity(&[bearer(&expired())]), Err(RejectKind::InvalidToken));
    assert_eq!(maybe(&[bearer(&expired())]), Err(RejectKind::InvalidToken));
    assert_eq!(identity(&[("authorization", "Bearer".into())]), Err(RejectKind::InvalidRequest));
    assert_eq!(maybe(&[("authorization", "Bearer".into())]), Err(RejectKind::InvalidRequest));
    assert_eq!(maybe(&[bearer(&good()), bearer(&good())]), Err(RejectKind::InvalidRequest));
    assert_eq!(maybe(&[("authorization", "Basic eDp5".into())]), Ok(None));
    // A cookie that cannot be used is absent, or 401 for whoever insists.
    for unusable in [cookie(&expired()), cookie("nonsense"), cookie("a b")] {
        assert_eq!(identity(std::slice::from_ref(&unusable)), Err(RejectKind::InvalidToken));
        assert_eq!(maybe(std::slice::from_ref(&unusable)), Ok(None));
        // And the next source is tried.
        assert_eq!(identity(&[unusable.clone(), bearer(&good())]), Ok("alice".into()));
        assert_eq!(maybe(&[unusable, bearer(&expired())]), Err(RejectKind::InvalidToken));
    }
    // Different cookies of one name are refused for everybody.
    let tossed = ("cookie", format!("__Host-jwt={}; __Host-jwt=x", good()));
    assert_eq!(maybe(&[tossed]), Err(RejectKind::InvalidRequest));
}

#[test]
fn a_token_that_is_too_long_is_refused_without_a_copy() {
    assert_eq!(identity(&[bearer(&"a".repeat(10_000))]), Err(RejectKind::InvalidToken));
    assert_eq!(maybe(&[cookie(&"a".repeat(10_000))]), Ok(None));
}

#[test]
fn claims_that_do_not_fit_are_an_invalid_token() {
    #[derive(Debug, Deserialize)]
    struct Other {
        #[allow(dead_code)]
        tenant: u32,
    }
    let flow = flow(&[bearer(&good())]);
    assert_eq!(
        ready(flow.identity::<Other>()).map_err(kind).unwrap_err(),
        RejectKind::InvalidToken
    );
    assert!(ready(flow.identity::<User>()).is_ok());
}

#[test]
fn g62_challenges_are_those_of_rfc_6750() {
    let challenge = |headers: &[(&str, String)]| {
        let response = ready(flow(headers).identity::<User>()).unwrap_err().respond();
        (response.status, header(&response, "www-authenticate").unwrap().to_owned(), response.body)
    };
    assert_eq!(
        challenge(&[]),
        (401, r#"Bearer realm="jam""#.into(), r#"{"error":"unauthenticated"}"#.into())
    );
    assert_eq!(
        challenge(&[bearer("x.y.z")]),
        (
            401,
            r#"Bearer realm="jam", error="invalid_token""#.into(),
            r#"{"error":"invalid_token"}"#.into()
        )
    );
    assert_eq!(
        challenge(&[("authorization", "Bearer".into())]),
        (
            400,
            r#"Bearer realm="jam", error="invalid_request""#.into(),
            r#"{"error":"invalid_request"}"#.into()
        )
    );
    let response = ready(flow(&[bearer(&good())]).require(&ScopeRule::all_of(["admin", "x"])))
        .unwrap_err()
        .respond();
    assert_eq!(response.status, 403);
    assert_eq!(
        header(&response, "www-authenticate").unwrap(),
        r#"Bearer realm="jam", error="insufficient_scope", scope="admin x""#
    );
}

#[test]
fn g54_the_client_cannot_tell_why_a_token_was_refused() {
    let answer =
        |token: &str| ready(flow(&[bearer(token)]).identity::<User>()).unwrap_err().respond();
    let bad_signature = format!("{}AAAA", &good()[..good().len() - 4]);
    let unknown_key = common::forge(r#"{"alg":"HS256","kid":"x"}"#, "{}");
    let first = answer(&expired());
    for other in [bad_signature, unknown_key, "nonsense".into()] {
        assert_eq!(answer(&other), first);
    }
}

#[test]
fn scope_rules_are_asked_of_the_verified_claims() {
    let require = |rule: ScopeRule, headers: &[(&str, String)]| {
        ready(flow(headers).require(&rule)).map_err(kind)
    };
    assert_eq!(require(ScopeRule::all_of(["user"]), &[bearer(&good())]), Ok(()));
    assert_eq!(require(ScopeRule::any_of(["admin", "user"]), &[bearer(&good())]), Ok(()));
    assert_eq!(require(ScopeRule::all_of(["user"]), &[]), Err(RejectKind::Unauthenticated));
    assert_eq!(
        require(ScopeRule::all_of(["user"]), &[bearer(&expired())]),
        Err(RejectKind::InvalidToken)
    );
}

#[test]
fn people_are_sent_to_the_login_page_and_back_into_the_application_only() {
    let login = LoginRedirect::to("/login");
    let location = |request: &Request<'_>| {
        let reject = ready(jam().begin(request).require_login(&login)).unwrap_err();
        let response = reject.respond();
        (response.status, header(&response, "location").unwrap_or_default().to_owned())
    };
    assert_eq!(location(&Request::get("/page?x=1")), (303, "/login?next=/page%3Fx%3D1".into()));
    let long = format!("/{}?x=1", "a".repeat(200));
    assert_eq!(
        location(&Request::get(&long)).1,
        format!("/login?next=/{}%3Fx%3D1", "a".repeat(200))
    );
    for length in [93, 94, 95, 96, 97] {
        let path = format!("/{}", "b".repeat(length));
        assert_eq!(location(&Request::get(&path)).1, format!("/login?next={path}"));
    }
    assert_eq!(location(&Request::get(&format!("//{long}"))).1, "/login");
    assert_eq!(location(&Request::get("//evil.example/")), (303, "/login".into()));
    assert_eq!(location(&Request::get("/\\evil.example")), (303, "/login".into()));
    let post = Request { method: "POST", target: "/page", headers: Vec::new() };
    assert_eq!(location(&post), (303, "/login".into()));
    assert_eq!(
        location(&Request::get("/page").with("cookie", cookie(&expired()).1)),
        (303, "/login?next=/page".into())
    );
    let refused = ready(flow(&[bearer(&expired())]).require_login(&login)).map_err(kind);
    assert_eq!(refused, Err(RejectKind::InvalidToken));
    assert!(ready(flow(&[bearer(&good())]).require_login(&login)).is_ok());
}

#[test]
fn a_refusal_that_nobody_showed_replaces_the_answer() {
    let swallowed = flow(&[bearer(&expired())]);
    drop(ready(swallowed.identity::<User>()).ok());
    assert!(swallowed.is_touched());
    let replacement = ready(swallowed.finish()).replacement().unwrap();
    assert_eq!(replacement.status, 401);
    // Shown to the client, it is not shown twice.
    let shown = flow(&[bearer(&expired())]);
    let _ = ready(shown.identity::<User>()).unwrap_err().respond();
    assert!(!shown.is_touched());
    // Nor when the application says that it answers itself.
    let handled = flow(&[bearer(&expired())]);
    ready(handled.identity::<User>()).unwrap_err().handled();
    assert!(!handled.is_touched());
    // An unusable cookie is absent for whoever makes the identity optional.
    let ambient = flow(&[cookie(&expired())]);
    drop(ready(ambient.identity::<User>()).ok());
    assert!(!ambient.is_touched());
    // A request that nobody asked about is not judged.
    assert!(!flow(&[bearer(&expired())]).is_touched());
}

fn patch(flow: &Flow) -> Vec<(String, String, HeaderOp)> {
    ready(flow.finish()).headers().map(|h| (h.name.clone(), h.value.clone(), h.op)).collect()
}

#[test]
fn g47_and_g51_a_token_is_handed_out_and_taken_back_by_one_descriptor() {
    let login = flow(&[]);
    let token = good();
    login.persist_jwt(&token).unwrap();
    assert!(login.is_touched());
    let set = format!("__Host-jwt={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
    let expected = [
        ("set-cookie".to_owned(), set, HeaderOp::Append),
        ("cache-control".to_owned(), "no-store".to_owned(), HeaderOp::Set),
        ("vary".to_owned(), "Cookie, Authorization".to_owned(), HeaderOp::MergeList),
    ];
    assert_eq!(patch(&login), expected);
    let logout = flow(&[]);
    logout.clear_jwt();
    let clear = "__Host-jwt=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    assert_eq!(patch(&logout)[0].1, clear);
}

#[test]
fn g48_a_cookie_that_browsers_would_drop_is_an_error() {
    let large = token(&format!(r#"{{"exp":{},"x":"{}"}}"#, NOW + 60, "a".repeat(4000)));
    let flow = flow(&[]);
    let error = flow.persist_jwt(&large).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CookieTooLarge);
    assert!(!flow.is_touched());
    assert!(flow.persist_jwt("not.a.token").is_err());
}

#[test]
fn insecure_dev_drops_secure_and_the_prefix_for_source_and_transport_alike() {
    let backend = backend()
        .source(CredentialSource::cookie("__Host-jwt"))
        .transport(CredentialTransport::cookie(CookieSettings::new("__Host-jwt").insecure_dev()));
    let jam =
        Jam::builder().clock(jam_core::clock::ManualClock::new(NOW)).jwt(backend).build().unwrap();
    let login = jam.begin(&Request::get("/"));
    login.persist_jwt(&good()).unwrap();
    assert_eq!(patch(&login)[0].1, format!("jwt={}; Path=/; HttpOnly; SameSite=Lax", good()));
    let next = jam.begin(&Request::get("/").with("cookie", format!("jwt={}", good())));
    assert!(ready(next.identity::<User>()).is_ok());
}

#[test]
fn the_hook_sees_every_refusal_before_it_is_sent() {
    let jam = Jam::builder()
        .realm("the \"shop\"")
        .jwt(backend())
        .on_reject(|reject, response| {
            if *reject.kind() == RejectKind::Unauthenticated {
                response.body = "who are you?".into();
            }
        })
        .build()
        .unwrap();
    let response = ready(jam.begin(&Request::get("/")).identity::<User>()).unwrap_err().respond();
    assert_eq!(response.body, "who are you?");
    assert_eq!(header(&response, "www-authenticate").unwrap(), r#"Bearer realm="the \"shop\"""#);
    let error = Jam::builder().realm("a\nb").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

#[test]
fn without_a_backend_everybody_is_anonymous() {
    let jam = Jam::builder().build().unwrap();
    let request = Request::get("/").with("authorization", format!("Bearer {}", good()));
    assert_eq!(
        ready(jam.begin(&request).identity::<User>()).map_err(kind).unwrap_err(),
        RejectKind::Unauthenticated
    );
    assert_eq!(
        jam.make_payload(&serde_json::json!({})).unwrap_err().kind(),
        ErrorKind::NotAvailable
    );
}

#[test]
fn g52_a_flow_and_its_parts_print_no_credential() {
    let flow = flow(&[bearer(&good()), cookie("canary")]);
    let found = format!(
        "{:?}",
        jam().find_credential(&Request::get("/").with("cookie", "__Host-jwt=canary"))
    );
    flow.persist_jwt(&good()).unwrap();
    let printed = format!("{flow:?} {found} {:?} {:?}", ready(flow.finish()), flow.jam());
    assert!(!printed.contains("canary") && !printed.contains("eyJ"), "{printed}");
}
