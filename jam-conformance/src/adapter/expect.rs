//! What has to come back, and in what an answer differs from it.

use serde_json::Value;

use super::variables::Variables;
use crate::wire::Answer;

/// The headers that are Jam's to write, `X-Token` and `X-Session` being transports of some configurations.
/// On every answer they are exactly those expected.
const JAM_HEADERS: [&str; 8] = [
    "www-authenticate",
    "set-cookie",
    "cache-control",
    "vary",
    "retry-after",
    "location",
    "x-token",
    "x-session",
];

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// The longest lifetime of a credential in any configuration, in seconds: no cookie may outlive it.
const LIFETIME: u64 = 43_200;

/// What has to come back.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    status: Status,
    body: Body,
    /// Names and values of all of Jam's headers, in any order.
    jam: Vec<(&'static str, String)>,
    keep: Vec<(&'static str, Place)>,
    or: Option<Box<Expect>>,
}

/// Where in an answer a value stands that differs from run to run.
#[derive(Clone, Debug)]
enum Place {
    /// A string of the JSON body, by its pointer (RFC 6901).
    Body(&'static str),
    /// The value of a cookie that is set.
    Cookie(&'static str),
    /// The value of a header.
    Header(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Is(u16),
    /// The framework's own affair.
    Any,
    /// The same, and the framework may hang up instead.
    AnyOrNone,
}

#[derive(Clone, Debug)]
enum Body {
    Empty,
    /// No body, whatever the `Content-Type` says of it.
    Nothing,
    Json(String),
    /// JSON whose members may come in any order.
    JsonValue(String),
    Text(String),
    /// Text in chunks, since nobody knows its length beforehand.
    Stream(String),
    /// Text in which the first appears and none of the others does.
    Shown(&'static str, Vec<&'static str>),
    /// The framework's own affair, the `Content-Type` included.
    Any,
    /// Of this type; it is not looked at because it has no end.
    Endless,
}

impl Expect {
    fn new(status: Status, body: Body) -> Self {
        Self { status, body, jam: Vec::new(), keep: Vec::new(), or: None }
    }

    /// This, or that: it depends on who comes first.
    pub(crate) fn or(mut self, mut other: Self) -> Self {
        other.or = self.or.take();
        self.or = Some(Box::new(other));
        self
    }

    /// A JSON body, to the byte.
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(Status::Is(status), Body::Json(body.into()))
    }

    /// A JSON body with its members in any order.
    pub(crate) fn json_value(body: impl Into<String>) -> Self {
        Self::new(Status::Is(200), Body::JsonValue(body.into()))
    }

    pub(crate) fn text(body: impl Into<String>) -> Self {
        Self::new(Status::Is(200), Body::Text(body.into()))
    }

    pub(crate) fn stream(body: impl Into<String>) -> Self {
        Self::new(Status::Is(200), Body::Stream(body.into()))
    }

    pub(crate) fn endless() -> Self {
        Self::new(Status::Is(200), Body::Endless)
    }

    /// Text that shows the one and none of the secrets.
    pub(crate) fn shown(what: &'static str, secrets: impl Into<Vec<&'static str>>) -> Self {
        Self::new(Status::Is(200), Body::Shown(what, secrets.into()))
    }

    /// No body and no type of one.
    pub(crate) fn empty(status: u16) -> Self {
        Self::new(Status::Is(status), Body::Empty)
    }

    /// No body; its type is nobody's affair.
    pub(crate) fn none(status: u16) -> Self {
        Self::new(Status::Is(status), Body::Nothing)
    }

    /// An answer of the framework's own making, with a status that is agreed on.
    pub(crate) fn own(status: u16) -> Self {
        Self::new(Status::Is(status), Body::Any)
    }

    /// An answer of the framework's own making: only Jam's headers count.
    pub(crate) fn any() -> Self {
        Self::new(Status::Any, Body::Any)
    }

    /// The same, or none at all.
    pub(crate) fn any_or_none() -> Self {
        Self::new(Status::AnyOrNone, Body::Any)
    }

    /// And this line of one of Jam's headers. A `Max-Age` of `<n>` is any that a token may have.
    pub(crate) fn jam(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.jam.push((name, value.into()));
        self
    }

    /// Keeps a string of the JSON body, by its pointer (RFC 6901), under a name.
    pub(crate) fn keep(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.keep.push((name, Place::Body(pointer)));
        self
    }

    /// Keeps the value of a cookie that is set.
    pub(crate) fn keep_cookie(mut self, name: &'static str, cookie: &'static str) -> Self {
        self.keep.push((name, Place::Cookie(cookie)));
        self
    }

    /// Keeps the value of a header.
    pub(crate) fn keep_header(mut self, name: &'static str, header: &'static str) -> Self {
        self.keep.push((name, Place::Header(header)));
        self
    }

    pub(crate) fn allows_silence(&self) -> bool {
        self.status == Status::AnyOrNone
    }

    /// What differs, a sentence each. Keeps what is to be kept.
    pub(crate) fn differences(&self, answer: &Answer, variables: &mut Variables) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(other) = &self.or
            && other.differences(answer, variables).is_empty()
        {
            return found;
        }
        for (name, place) in &self.keep {
            match place.value(answer) {
                Some(value) if !value.is_empty() => variables.keep(name, &value),
                _ => found.push(format!("there is nothing to keep as {name}: no {place:?}")),
            }
        }
        if let Status::Is(status) = self.status
            && status != answer.status
        {
            found.push(format!("the status is {}, not {status}", answer.status));
        }
        self.compare_headers(answer, variables, &mut found);
        self.compare_body(answer, variables, &mut found);
        found
    }

    fn compare_headers(&self, answer: &Answer, variables: &Variables, found: &mut Vec<String>) {
        let filled = |(name, value): &(&'static str, String)| (*name, variables.fill_text(value));
        let mut missing: Vec<_> = self.jam.iter().map(filled).map(canonical).collect();
        for line in jam_lines(answer) {
            match missing.iter().position(|expected| *expected == line) {
                Some(at) => _ = missing.swap_remove(at),
                None => found.push(format!("`{}: {}` should not be there", line.0, line.1)),
            }
        }
        found.extend(missing.iter().map(|(name, value)| format!("`{name}: {value}` is missing")));
    }

    fn compare_body(&self, answer: &Answer, variables: &Variables, found: &mut Vec<String>) {
        let content_type: Vec<_> = answer.all("content-type").collect();
        let expected_type: &[&str] = match &self.body {
            Body::Empty => &[],
            Body::Json(_) | Body::JsonValue(_) => &[JSON],
            Body::Text(_) | Body::Stream(_) | Body::Shown(..) | Body::Endless => &[TEXT],
            Body::Nothing if answer.body.is_empty() => return,
            Body::Nothing => &[],
            Body::Any => return,
        };
        if content_type != expected_type {
            found.push(format!("the Content-Type is {content_type:?}, not {expected_type:?}"));
        }
        let body = String::from_utf8_lossy(&answer.body);
        let expected = match &self.body {
            Body::Json(text) | Body::Text(text) | Body::Stream(text) => variables.fill_text(text),
            Body::Shown(what, secrets) => {
                if !body.contains(what) {
                    found.push(format!("the body does not show `{what}`"));
                }
                let shown = secrets.iter().filter(|name| body.contains(&variables.fill_text(name)));
                found.extend(shown.map(|name| format!("the body shows the secret {name}")));
                return;
            }
            Body::JsonValue(text) if same_json(&body, &variables.fill_text(text)) => return,
            Body::JsonValue(text) => text.clone(),
            Body::Empty | Body::Nothing => String::new(),
            Body::Any | Body::Endless => return,
        };
        if body != expected {
            found.push(format!("the body is `{body}`, not `{expected}`"));
        }
        if matches!(self.body, Body::Stream(_)) && !answer.is_chunked() {
            found.push("the body does not come in chunks".to_owned());
        }
    }

    /// The answer as far as all adapters have to agree on it, in one text. What is the framework's
    /// own affair is a `*`.
    pub(crate) fn transcribe(&self, answer: &Answer, variables: &Variables) -> String {
        if self.or.is_some() {
            return "*\n\n*".to_owned();
        }
        let mut text = match self.status {
            Status::Is(_) => format!("{}\n", answer.status),
            Status::Any | Status::AnyOrNone => "*\n".to_owned(),
        };
        let mut lines: Vec<_> = jam_lines(answer).collect();
        if !matches!(self.body, Body::Any | Body::Nothing) {
            lines
                .extend(answer.all("content-type").map(|value| ("content-type", value.to_owned())));
        }
        lines.sort_unstable();
        text.extend(lines.iter().map(|(name, value)| format!("{name}: {value}\n")));
        text.push('\n');
        let body = String::from_utf8_lossy(&answer.body);
        text.push_str(match &self.body {
            Body::Any => "*",
            Body::JsonValue(expected) if same_json(&body, &variables.fill_text(expected)) => {
                expected
            }
            _ => &body,
        });
        variables.mask(&text)
    }
}

fn jam_lines(answer: &Answer) -> impl Iterator<Item = (&'static str, String)> {
    let lines = |name: &'static str| answer.all(name).map(move |value| (name, value.to_owned()));
    JAM_HEADERS.into_iter().flat_map(lines).map(canonical)
}

/// The attributes of a cookie in one order, and a lifetime that depends on the second as `<n>`.
fn canonical((name, value): (&'static str, String)) -> (&'static str, String) {
    if name != "set-cookie" {
        return (name, value);
    }
    let mut parts = value.split("; ");
    let pair = parts.next().unwrap_or_default();
    let mut attributes: Vec<&str> = parts
        .map(|attribute| {
            let seconds = attribute.strip_prefix("Max-Age=").and_then(|n| n.parse().ok());
            if seconds.is_some_and(|n: u64| (1..=LIFETIME).contains(&n)) {
                "Max-Age=<n>"
            } else {
                attribute
            }
        })
        .collect();
    attributes.sort_unstable();
    attributes.insert(0, pair);
    (name, attributes.join("; "))
}

/// Equal as values; what is no JSON equals nothing. An expected `"<n>"` is any number.
fn same_json(body: &str, expected: &str) -> bool {
    let read = |text| serde_json::from_str::<Value>(text);
    matches!((read(body), read(expected)), (Ok(body), Ok(expected)) if fits(&body, &expected))
}

fn fits(body: &Value, expected: &Value) -> bool {
    match (body, expected) {
        (Value::Number(_), Value::String(any)) if any == "<n>" => true,
        (Value::Array(body), Value::Array(expected)) => {
            body.len() == expected.len() && body.iter().zip(expected).all(|(b, e)| fits(b, e))
        }
        (Value::Object(body), Value::Object(expected)) => {
            body.len() == expected.len()
                && expected.iter().all(|(name, e)| body.get(name).is_some_and(|b| fits(b, e)))
        }
        (body, expected) => body == expected,
    }
}

impl Place {
    fn value(&self, answer: &Answer) -> Option<String> {
        match self {
            Self::Body(pointer) => {
                let body: Value = serde_json::from_slice(&answer.body).ok()?;
                Some(body.pointer(pointer)?.as_str()?.to_owned())
            }
            Self::Cookie(name) => answer.all("set-cookie").find_map(|line| {
                let value = line.strip_prefix(name)?.strip_prefix('=')?;
                Some(value.split(';').next().unwrap_or(value).to_owned())
            }),
            Self::Header(name) => answer.all(name).next().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Answer { status, headers, body: body.into() }
    }

    /// What differs.
    fn found(expect: &Expect, answer: &Answer) -> Vec<String> {
        expect.differences(answer, &mut Variables::default())
    }

    const JSON_LINE: (&str, &str) = ("content-type", JSON);
    const TEXT_LINE: (&str, &str) = ("content-type", TEXT);

    #[test]
    fn what_agrees_has_no_differences() {
        let expect = Expect::json(401, "{}").jam("vary", "A").jam("www-authenticate", "B");
        let headers = [("www-authenticate", "B"), ("date", "today"), JSON_LINE, ("vary", "A")];
        assert_eq!(found(&expect, &answer(401, &headers, "{}")), [""; 0]);
        let value = Expect::json_value(r#"{"a":1,"b":[2]}"#);
        assert_eq!(found(&value, &answer(200, &[JSON_LINE], r#"{"b": [2], "a": 1}"#)), [""; 0]);
        assert_eq!(found(&Expect::text("a"), &answer(200, &[TEXT_LINE], "a")), [""; 0]);
        assert_eq!(found(&Expect::empty(303), &answer(303, &[], "")), [""; 0]);
        assert_eq!(found(&Expect::any(), &answer(599, &[JSON_LINE], "a")), [""; 0]);
        assert_eq!(found(&Expect::own(400), &answer(400, &[], "a")), [""; 0]);
        assert_eq!(found(&Expect::endless(), &answer(200, &[TEXT_LINE], "a")), [""; 0]);
        let chunked = [TEXT_LINE, ("transfer-encoding", "chunked")];
        assert_eq!(found(&Expect::stream("a"), &answer(200, &chunked, "a")), [""; 0]);
        assert_eq!(found(&Expect::shown("a", ["x"]), &answer(200, &[TEXT_LINE], "bab")), [""; 0]);
    }

    #[test]
    fn each_difference_is_told() {
        let told = |expect: Expect, answer: Answer, what: &str| {
            let found = found(&expect, &answer);
            assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
        };
        told(Expect::own(400), answer(200, &[], ""), "status is 200, not 400");
        told(Expect::json(200, "{}"), answer(200, &[TEXT_LINE], "{}"), "Content-Type");
        told(Expect::json(200, "{}"), answer(200, &[], "{}"), "Content-Type");
        told(Expect::json(200, "{}"), answer(200, &[JSON_LINE, JSON_LINE], "{}"), "Content-Type");
        told(Expect::empty(303), answer(303, &[TEXT_LINE], ""), "Content-Type");
        told(Expect::empty(303), answer(303, &[], "a"), "body is `a`");
        told(Expect::json(200, "{}"), answer(200, &[JSON_LINE], "{ }"), "not `{}`");
        told(Expect::json_value(r#"{"a":1}"#), answer(200, &[JSON_LINE], r#"{"a":2}"#), "body is");
        told(Expect::json_value("{}"), answer(200, &[JSON_LINE], "{"), "body is");
        told(Expect::json_value("{}"), answer(200, &[TEXT_LINE], "{}"), "Content-Type");
        told(Expect::stream("a"), answer(200, &[TEXT_LINE], "a"), "chunks");
        told(Expect::endless(), answer(200, &[JSON_LINE], ""), "Content-Type");
        told(Expect::shown("a", ["x"]), answer(200, &[TEXT_LINE], "axb"), "secret x");
        told(Expect::shown("a", ["x"]), answer(200, &[TEXT_LINE], "b"), "does not show `a`");
        for name in JAM_HEADERS {
            told(Expect::any(), answer(200, &[(name, "v")], ""), "should not be there");
            told(Expect::any().jam(name, "v"), answer(200, &[], ""), "is missing");
        }
        told(
            Expect::any().jam("vary", "a"),
            answer(200, &[("vary", "a"), ("vary", "a")], ""),
            "not be there",
        );
        assert_eq!(
            found(&Expect::any().jam("vary", "a"), &answer(200, &[("vary", "b")], "")).len(),
            2
        );
    }

    #[test]
    fn only_one_expectation_allows_silence() {
        assert!(Expect::any_or_none().allows_silence());
        assert!(!Expect::any().allows_silence() && !Expect::own(500).allows_silence());
    }

    #[test]
    fn a_cookies_attributes_come_in_any_order_and_its_value_does_not() {
        let expect = Expect::any().jam("set-cookie", "a=1; Path=/; Secure; Max-Age=<n>");
        let cookie = |value| answer(200, &[("set-cookie", value)], "");
        for same in ["a=1; Max-Age=3600; Path=/; Secure", "a=1; Secure; Max-Age=1; Path=/"] {
            assert_eq!(found(&expect, &cookie(same)), [""; 0]);
        }
        for other in [
            "a=2; Path=/; Secure; Max-Age=3600",
            "a=1; Path=/; Max-Age=3600",
            "a=1; Path=/; Secure; Max-Age=0",
            "a=1; Path=/; Secure; Max-Age=43201",
            "a=1; Path=/; Secure; Max-Age=-1",
            "a=1; Path=/; Secure; Max-Age=3600; HttpOnly",
            "Path=/; a=1; Secure; Max-Age=3600",
        ] {
            assert_eq!(found(&expect, &cookie(other)).len(), 2, "{other}");
        }
    }

    #[test]
    fn a_kept_value_is_used_at_once_and_its_absence_told() {
        let expect = Expect::json(200, r#"{"token":"${token}"}"#)
            .jam("x-token", "${token}")
            .keep("token", "/token");
        let mut variables = Variables::default();
        let good = answer(200, &[JSON_LINE, ("x-token", "abc")], r#"{"token":"abc"}"#);
        assert_eq!(expect.differences(&good, &mut variables), [""; 0]);
        assert_eq!(variables.fill_text("${token}"), "abc");
        let other = answer(200, &[JSON_LINE, ("x-token", "xyz")], r#"{"token":"abc"}"#);
        assert_eq!(expect.differences(&other, &mut variables).len(), 2);
        let none = answer(200, &[JSON_LINE, ("x-token", "abc")], r#"{"token":1}"#);
        assert!(found(&expect, &none)[0].contains("nothing to keep as token"));
    }

    #[test]
    fn a_transcript_holds_what_has_to_agree_and_nothing_else() {
        let headers =
            [("vary", "b"), ("date", "now"), JSON_LINE, ("set-cookie", "c=abc; B; A; Max-Age=77")];
        let answer = answer(418, &headers, r#"{"token":"abc"}"#);
        let mut variables = Variables::default();
        variables.keep("token", "abc");
        let text = Expect::json(200, "").transcribe(&answer, &variables);
        assert_eq!(
            text,
            "418\ncontent-type: application/json\nset-cookie: c=${token}; A; B; Max-Age=<n>\nvary: b\n\n{\"token\":\"${token}\"}"
        );
        let text = Expect::json_value(r#"{ "token": "abc" }"#).transcribe(&answer, &variables);
        assert!(text.ends_with(r#"{ "token": "${token}" }"#), "{text}");
        let text = Expect::any().transcribe(&answer, &variables);
        assert_eq!(text, "*\nset-cookie: c=${token}; A; B; Max-Age=<n>\nvary: b\n\n*");
    }
}
