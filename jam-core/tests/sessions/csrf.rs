//! Requests that a page of another site makes a browser send.

use jam_core::Jam;
use jam_core::csrf::CsrfPolicy;
use jam_core::request::RequestView;
use jam_core::session::SessionBackend;
use jam_core::source::CredentialSource;
use jam_core::transport::{CookieSettings, CredentialTransport};

use crate::common::{backend, token};
use crate::support::{App, Browser, NOW, Probe, Request, policy, ready, serve};

/// A request with the session's cookie and these headers, and the host that it was sent to in its
/// target where there is one.
struct Sent<'r> {
    request: Request<'r>,
    authority: Option<&'r str>,
}

impl RequestView for Sent<'_> {
    fn method(&self) -> &str {
        self.request.method()
    }
    fn path(&self) -> &str {
        self.request.path()
    }
    fn query(&self) -> Option<&str> {
        self.request.query()
    }
    fn authority(&self) -> Option<&str> {
        self.authority
    }
    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        self.request.visit_header(name, visit);
    }
}

fn app(csrf: CsrfPolicy) -> (App, String) {
    let app = App::with(policy(), |sessions| sessions, |jam| jam.csrf(csrf));
    let cookie = Browser::logged_in(&app, "alice").cookie().unwrap().to_owned();
    (app, format!("theme=dark; __Host-jam={cookie}"))
}

fn admitted(jam: &Jam, method: &'static str, headers: &[(&'static str, &str)]) -> bool {
    let request = headers.iter().fold(Request::get("/transfer"), |r, (n, v)| r.with(n, v));
    jam.begin(&Sent { request: Request { method, ..request }, authority: None }).admit().is_ok()
}

const HOST: (&str, &str) = ("host", "shop.example");

#[test]
fn g49_another_sites_page_reaches_the_application_by_no_unsafe_method() {
    let (app, cookie) = app(CsrfPolicy::on());
    let cookie = ("cookie", cookie.as_str());
    let cross = ("sec-fetch-site", "cross-site");
    for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "get", "Get"] {
        assert!(!admitted(&app.jam, method, &[HOST, cookie, cross]), "{method}");
        let origin = ("origin", "https://evil.example");
        assert!(!admitted(&app.jam, method, &[HOST, cookie, origin]), "{method}");
    }
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert!(admitted(&app.jam, method, &[HOST, cookie, cross]), "{method}");
    }
    // Where the cookie is of no use it still is one.
    for planted in ["__Host-jam=x", "__Host-jam=a; __Host-jam=b", "__Host-jam=\"a b\""] {
        assert!(!admitted(&app.jam, "POST", &[HOST, ("cookie", planted), cross]), "{planted}");
    }
    // Without one there is nothing to abuse.
    for absent in ["theme=dark", "__host-jam=x", "__Host-jam="] {
        assert!(admitted(&app.jam, "POST", &[HOST, ("cookie", absent), cross]), "{absent}");
    }
    assert!(admitted(&app.jam, "POST", &[HOST, cross]));
}

#[test]
fn g49_the_refusal_is_403_ahead_of_the_handler_also_for_a_login() {
    let (app, cookie) = app(CsrfPolicy::on());
    app.store.calls();
    let mut request =
        Request::get("/login").with("cookie", &cookie).with("sec-fetch-site", "cross-site");
    request.method = "POST";
    let answer = ready(serve(&app.jam, &request, async |_| -> Result<String, jam_core::Reject> {
        unreachable!("the application is not reached")
    }));
    assert_eq!((answer.status, answer.set_cookies().len()), (403, 0));
    assert_eq!(answer.body, r#"{"error":"cross_site_request"}"#);
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(app.store.calls(), []);
}

#[test]
fn g49_a_websocket_is_not_opened_from_another_site() {
    let (app, cookie) = app(CsrfPolicy::on());
    let cookie = ("cookie", cookie.as_str());
    let evil = ("origin", "https://evil.example");
    for upgrade in [
        "websocket",
        "WebSocket",
        "h2c, websocket",
        "h2c,\twebsocket ",
        "websocket/13",
        "xwebsocket",
    ] {
        let upgrade = ("upgrade", upgrade);
        assert!(!admitted(&app.jam, "GET", &[HOST, cookie, upgrade, evil]), "{upgrade:?}");
        let own = ("origin", "https://shop.example");
        assert!(admitted(&app.jam, "GET", &[HOST, cookie, upgrade, own]), "{upgrade:?}");
    }
    assert!(admitted(&app.jam, "GET", &[HOST, cookie, ("upgrade", "h2c"), evil]));
}

#[test]
fn g49_what_sec_fetch_site_says_counts() {
    let (app, cookie) = app(CsrfPolicy::on());
    let cookie = ("cookie", cookie.as_str());
    for (site, expected) in [
        ("same-origin", true),
        ("none", true),
        ("same-site", false),
        ("cross-site", false),
        ("Same-Origin", false),
        ("", false),
        ("same-origin, cross-site", false),
        ("anything", false),
    ] {
        let site = ("sec-fetch-site", site);
        assert_eq!(admitted(&app.jam, "POST", &[HOST, cookie, site]), expected, "{site:?}");
        // A good origin does not excuse it.
        let own = ("origin", "https://shop.example");
        assert_eq!(admitted(&app.jam, "POST", &[HOST, cookie, site, own]), expected, "{site:?}");
        // Nor does it excuse a bad one.
        let evil = ("origin", "https://evil.example");
        assert!(!admitted(&app.jam, "POST", &[HOST, cookie, site, evil]), "{site:?}");
        assert!(!admitted(&app.jam, "POST", &[HOST, cookie, site, site]), "two lines of {site:?}");
    }
}

#[test]
fn g49_an_origin_is_the_host_or_trusted_or_refused() {
    let (app, cookie) = app(CsrfPolicy::on());
    let cookie = ("cookie", cookie.as_str());
    let post = |host: &str, origin: &str| {
        admitted(&app.jam, "POST", &[("host", host), cookie, ("origin", origin)])
    };
    for (host, origin, expected) in [
        ("shop.example", "https://shop.example", true),
        ("shop.example", "http://shop.example", true),
        ("shop.example", "https://shop.example:443", true),
        ("shop.example:443", "https://shop.example", true),
        ("shop.example:80", "http://shop.example", true),
        ("SHOP.example", "https://Shop.EXAMPLE", true),
        ("shop.example:8080", "http://shop.example:8080", true),
        ("127.0.0.1:3000", "http://127.0.0.1:3000", true),
        ("[::1]:3000", "http://[::1]:3000", true),
        ("[::1]", "https://[::1]:443", true),
        ("shop.example:8080", "http://shop.example", false),
        ("shop.example", "http://shop.example:8080", false),
        ("shop.example", "https://shop.example:80", false),
        ("shop.example:80", "https://shop.example", false),
        ("shop.example:443", "http://shop.example", false),
        ("shop.example:4443", "https://shop.example", false),
        ("shop.example", "https://evil.shop.example", false),
        ("shop.example", "https://shop.example.evil.example", false),
        ("shop.example", "https://evilshop.example", false),
        ("shop.example", "null", false),
        ("shop.example", "", false),
        ("shop.example", "shop.example", false),
        ("shop.example", "https://", false),
        ("shop.example", "https://user@shop.example", false),
        ("shop.example", "https://shop.example/", false),
        ("shop.example", "https://shop.example\\", false),
        ("shop.example", "https://shop.example https://shop.example", false),
        ("shop.example", "file://", false),
        ("", "https://", false),
        ("", "https://:443", false),
    ] {
        assert_eq!(post(host, origin), expected, "{host} {origin}");
    }
    let own = ("origin", "https://shop.example");
    assert!(!admitted(&app.jam, "POST", &[HOST, cookie, own, own]), "two lines");
    assert!(!admitted(&app.jam, "POST", &[HOST, HOST, cookie, own]), "two hosts");
    assert!(!admitted(&app.jam, "POST", &[cookie, own]), "no host");
    // The target names the host ahead of the header.
    for (authority, expected) in [("shop.example", true), ("other.example", false)] {
        let request = Request::get("/").with("host", "other.example").with("cookie", cookie.1);
        let request = Request { method: "POST", ..request.with("origin", own.1) };
        let sent = Sent { request, authority: Some(authority) };
        assert_eq!(app.jam.begin(&sent).admit().is_ok(), expected, "{authority}");
    }
}

#[test]
fn g49_a_client_that_says_nothing_is_let_in_unless_strict() {
    let own = ("origin", "https://shop.example");
    for (csrf, silent) in [(CsrfPolicy::on(), true), (CsrfPolicy::strict(), false)] {
        let (app, cookie) = app(csrf);
        let cookie = ("cookie", cookie.as_str());
        assert_eq!(admitted(&app.jam, "POST", &[HOST, cookie]), silent);
        assert!(admitted(&app.jam, "POST", &[HOST, cookie, own]));
        assert!(admitted(&app.jam, "POST", &[HOST, cookie, ("sec-fetch-site", "same-origin")]));
        assert!(admitted(&app.jam, "GET", &[HOST, cookie]));
        assert!(admitted(&app.jam, "POST", &[HOST]));
    }
}

#[test]
fn g49_switched_off_by_name_everything_is_let_in() {
    let (app, cookie) = app(CsrfPolicy::danger_off());
    let headers = [
        HOST,
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    assert!(admitted(&app.jam, "POST", &headers));
    assert_eq!(app.jam.describe()["csrf"]["mode"], "off");
}

#[test]
fn g49_trusted_origins_are_let_in_by_whatever_spelling() {
    for configured in ["https://Partner.example", "https://partner.example:443"] {
        let (app, cookie) = app(CsrfPolicy::on().trusted_origin(configured));
        let cookie = ("cookie", cookie.as_str());
        let cross = ("sec-fetch-site", "cross-site");
        for (origin, expected) in [
            ("https://partner.example", true),
            ("https://PARTNER.example:443", true),
            ("http://partner.example", false),
            ("https://partner.example:444", false),
            ("https://evil.partner.example", false),
            ("null", false),
            ("moz-extension://8c0d", false),
        ] {
            let origin = ("origin", origin);
            let post = admitted(&app.jam, "POST", &[HOST, cookie, cross, origin]);
            assert_eq!(post, expected, "{configured} {origin:?}");
        }
        assert!(!admitted(&app.jam, "POST", &[HOST, cookie, cross]), "it has to be named");
    }
    let refused = |csrf: CsrfPolicy| {
        let sessions = SessionBackend::builder(policy(), Probe::default());
        Jam::builder().session(sessions).csrf(csrf).build().is_err()
    };
    for bad in ["partner.example", "https://", "https://partner.example/", "*", "https://a b", ""] {
        assert!(refused(CsrfPolicy::on().trusted_origin(bad)), "{bad}");
    }
    assert!(refused(CsrfPolicy::on().trusted_origin("https://*.partner.example")), "no patterns");
    assert!(refused(CsrfPolicy::danger_off().trusted_origin("https://partner.example")));
}

#[test]
fn g49_bearer_tokens_are_exempt_and_token_cookies_are_not() {
    let jwt = backend()
        .source(CredentialSource::cookie("__Host-jwt"))
        .source(CredentialSource::bearer())
        .transport(CredentialTransport::cookie(CookieSettings::new("__Host-jwt")));
    let jam = Jam::builder()
        .clock(jam_core::clock::ManualClock::new(NOW))
        .jwt(jwt)
        .session(SessionBackend::builder(policy(), Probe::default()))
        .build()
        .unwrap();
    let good = token(&format!(r#"{{"exp":{},"sub":"alice"}}"#, NOW + 60));
    let bearer = format!("Bearer {good}");
    let jwt_cookie = format!("__Host-jwt={good}");
    let cross = ("sec-fetch-site", "cross-site");
    assert!(admitted(&jam, "POST", &[HOST, cross, ("authorization", &bearer)]));
    assert!(!admitted(&jam, "POST", &[HOST, cross, ("cookie", &jwt_cookie)]));
    assert!(!admitted(&jam, "POST", &[HOST, cross, ("cookie", "__Host-jam=x")]));
    let both = [HOST, cross, ("authorization", bearer.as_str()), ("cookie", jwt_cookie.as_str())];
    assert!(!admitted(&jam, "POST", &both), "the cookie goes along");
}
