use std::collections::BTreeMap;

use jam_core::flow::{Flow, HeaderOp};
use jam_core::reject::RejectResponse;
use jam_core::session::{Login, Session, SessionHandle, SessionId};
use jam_core::{Jam, Reject};
use serde_json::Value;

use super::{App, Request, ready};

/// What the client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        lines.map(|(_, value)| value.as_str()).collect()
    }
}

impl From<RejectResponse> for Answer {
    fn from(response: RejectResponse) -> Self {
        let headers = response.headers.into_iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).collect();
        Self { status: response.status, headers, body: response.body }
    }
}

/// What an adapter does with a request.
pub async fn serve(
    jam: &Jam,
    request: &Request<'_>,
    handler: impl AsyncFnOnce(Flow) -> Result<String, Reject>,
) -> Answer {
    let flow = jam.begin(request);
    if let Err(reject) = flow.admit() {
        return reject.respond().into();
    }
    let mut answer = match handler(flow.clone()).await {
        Ok(body) => Answer { status: 200, headers: Vec::new(), body },
        Err(reject) => reject.respond().into(),
    };
    if !flow.is_touched() {
        return answer;
    }
    let mut patch = flow.finish().await;
    if let Some(replacement) = patch.replacement() {
        answer = replacement.into();
    }
    for header in patch.headers() {
        if header.op == HeaderOp::Set {
            answer.headers.retain(|(name, _)| *name != header.name);
        }
        answer.headers.push((header.name.clone(), header.value.clone()));
    }
    answer
}

/// Keeps cookies as browsers do.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    pub jar: BTreeMap<String, String>,
}

impl Browser {
    pub fn with_cookie(value: &str) -> Self {
        let mut browser = Self::default();
        browser.jar.insert("__Host-jam".to_owned(), value.to_owned());
        browser
    }

    pub fn logged_in(app: &App, login: impl Into<Login>) -> Self {
        let mut browser = Self::default();
        assert_eq!(browser.login(app, login).status, 200);
        browser
    }

    pub fn cookie(&self) -> Option<&str> {
        self.jar.get("__Host-jam").map(String::as_str)
    }

    pub fn id(&self) -> SessionId {
        SessionId::parse(self.cookie().unwrap()).unwrap()
    }

    pub fn handle(&self) -> SessionHandle {
        self.id().handle()
    }

    /// A request with the cookies.
    pub fn request(&self, method: &'static str) -> Request<'static> {
        let mut request = Request::get("/page");
        request.method = method;
        if self.jar.is_empty() {
            return request;
        }
        let pairs: Vec<_> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.with("cookie", pairs.join("; "))
    }

    /// Does what `Set-Cookie` says (RFC 6265bis §5.7), the rules of the prefix included.
    pub fn receive(&mut self, answer: &Answer) {
        for line in answer.set_cookies() {
            let mut parts = line.split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let attributes: Vec<&str> = parts.collect();
            if name.starts_with("__Host-") {
                assert!(attributes.contains(&"Secure") && attributes.contains(&"Path=/"), "{line}");
                assert!(!attributes.iter().any(|part| part.starts_with("Domain")), "{line}");
            }
            // The second is how Python takes a cookie back.
            if attributes.contains(&"Max-Age=0")
                || attributes.contains(&"expires=Thu, 01 Jan 1970 00:00:00 GMT")
            {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub fn ask(
        &mut self,
        app: &App,
        method: &'static str,
        handler: impl AsyncFnOnce(Flow) -> Result<String, Reject>,
    ) -> Answer {
        let answer = ready(serve(&app.jam, &self.request(method), handler));
        self.receive(&answer);
        answer
    }

    /// A POST whose handler works on the session.
    pub fn post(
        &mut self,
        app: &App,
        handler: impl AsyncFnOnce(Session) -> Result<(), Reject>,
    ) -> Answer {
        self.ask(app, "POST", async |flow| handler(flow.session()?).await.map(|()| String::new()))
    }

    pub fn login(&mut self, app: &App, login: impl Into<Login>) -> Answer {
        self.post(app, async |session| session.login(login))
    }

    pub fn logout(&mut self, app: &App) -> Answer {
        self.post(app, async |session| session.destroy())
    }

    pub fn set(&mut self, app: &App, name: &str, value: impl Into<Value>) -> Answer {
        let value = value.into();
        self.post(app, async |session| session.set(name, &value))
    }

    /// A value of the session, as a GET sees it.
    pub fn get(&mut self, app: &App, name: &str) -> Value {
        let answer = self.ask(app, "GET", async |flow| {
            let value = flow.session()?.get::<Value>(name).await?;
            Ok(value.unwrap_or_default().to_string())
        });
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Who the server takes this for, by `Identity`.
    pub fn whoami(&mut self, app: &App) -> Result<String, u16> {
        let answer = self.ask(app, "GET", async |flow| {
            let identity = flow.identity::<Value>().await?;
            Ok(identity.subject().unwrap().into_owned())
        });
        if answer.status == 200 { Ok(answer.body) } else { Err(answer.status) }
    }

    /// Who the server takes this for, by `MaybeIdentity`.
    pub fn maybe(&mut self, app: &App) -> Result<Option<String>, u16> {
        let mut found = None;
        let answer = self.ask(app, "GET", async |flow| {
            let identity = flow.maybe_identity::<Value>().await?;
            found = identity.map(|identity| identity.subject().unwrap().into_owned());
            Ok(String::new())
        });
        if answer.status == 200 { Ok(found) } else { Err(answer.status) }
    }
}
