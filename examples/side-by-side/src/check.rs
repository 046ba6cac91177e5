//! Walks both directions in each mode, as one browser.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client;
use crate::service::{self, Mode};

/// A browser before the port of one mode.
struct Browser {
    port: u16,
    jar: BTreeMap<String, String>,
}

impl Browser {
    fn new(port: u16) -> Self {
        Self { port, jar: BTreeMap::new() }
    }

    async fn send(&mut self, method: &str, path: &str, body: String) -> anyhow::Result<Value> {
        let pairs: Vec<String> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, format!("127.0.0.1:{}", self.port))
            .header(CONTENT_TYPE, "application/json");
        if !pairs.is_empty() {
            request = request.header(COOKIE, pairs.join("; "));
        }
        let response = client::send(self.port, request.body(Body::from(body))?).await?;
        let status = response.status();
        self.receive(response.headers())?;
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == 200, "{method} {path}: {status} {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }

    fn receive(&mut self, headers: &HeaderMap) -> anyhow::Result<()> {
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str()?;
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("no cookie")?;
            if line.to_ascii_lowercase().contains("expires=thu, 01 jan 1970") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(())
    }

    async fn login(&mut self, at: &str) -> anyhow::Result<()> {
        let body = json!({ "user": "alice", "password": "wonderland" }).to_string();
        self.send("POST", &format!("/{at}/login"), body).await.map(|_| ())
    }

    async fn add(&mut self, at: &str, item: &str) -> anyhow::Result<()> {
        let body = json!({ "item": item }).to_string();
        self.send("POST", &format!("/{at}/add"), body).await.map(|_| ())
    }

    async fn logout(&mut self, at: &str) -> anyhow::Result<()> {
        self.send("POST", &format!("/{at}/logout"), String::new()).await.map(|_| ())
    }

    /// Whom a service takes this for, and what is in the cart there.
    async fn expect(&mut self, at: &str, user: Option<&str>, cart: &[&str]) -> anyhow::Result<()> {
        let found = self.send("GET", &format!("/{at}/me"), String::new()).await?;
        let expected = json!({ "service": at, "user": user, "cart": cart });
        ensure!(found == expected, "expected {expected}, found {found}");
        Ok(())
    }

    fn holds(&self, names: &[&str]) -> anyhow::Result<()> {
        let held: Vec<&str> = self.jar.keys().map(String::as_str).collect();
        ensure!(held == names, "expected the cookies {names:?}, found {held:?}");
        Ok(())
    }
}

const ALICE: Option<&str> = Some("alice");

/// The walks; `python` is the port of the Starlette service.
pub(crate) async fn run(python: u16) -> anyhow::Result<()> {
    let old = start(Mode::WriteOld, python).await?;
    let new = start(Mode::WriteNew, python).await?;
    let only = start(Mode::NewOnly, python).await?;
    write_old(old).await.context("write_old")?;
    let moved = write_new(new).await.context("write_new")?;
    back(old, moved.clone()).await.context("from write_new back to write_old")?;
    new_only(only, moved).await.context("new_only")?;
    Ok(())
}

async fn start(mode: Mode, python: u16) -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let app = service::app(service::jam(mode)?, python);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

async fn write_old(port: u16) -> anyhow::Result<()> {
    for (one, other) in [("python", "rust"), ("rust", "python")] {
        let mut browser = Browser::new(port);
        browser.add(one, "apples").await?;
        browser.login(one).await?;
        browser.expect(one, ALICE, &["apples"]).await?;
        browser.expect(other, ALICE, &["apples"]).await?;
        browser.add(other, "pears").await?;
        browser.expect(one, ALICE, &["apples", "pears"]).await?;
        browser.holds(&["session"])?;
        browser.logout(other).await?;
        browser.expect(one, None, &[]).await?;
        browser.holds(&[])?;
    }
    println!("write_old: a login at either is known at the other, and so is a logout");
    Ok(())
}

async fn write_new(port: u16) -> anyhow::Result<BTreeMap<String, String>> {
    let mut browser = Browser::new(port);
    browser.login("python").await?;
    browser.add("python", "apples").await?;
    browser.expect("rust", ALICE, &["apples"]).await?;
    browser.holds(&["session"])?;
    browser.add("rust", "pears").await?;
    browser.holds(&["jam"])?;
    browser.expect("rust", ALICE, &["apples", "pears"]).await?;
    browser.expect("python", None, &[]).await?;
    let moved = browser.jar.clone();
    browser.logout("rust").await?;
    browser.holds(&[])?;
    browser.login("rust").await?;
    browser.holds(&["jam"])?;
    println!("write_new: a login in Python is known in Rust, and moves at its first write there");
    Ok(moved)
}

async fn back(port: u16, jar: BTreeMap<String, String>) -> anyhow::Result<()> {
    let mut browser = Browser { port, jar };
    browser.expect("rust", ALICE, &["apples", "pears"]).await?;
    browser.add("rust", "plums").await?;
    browser.holds(&["session"])?;
    browser.expect("python", ALICE, &["apples", "pears", "plums"]).await?;
    println!("back to write_old: what has moved is brought back at its next write");
    Ok(())
}

async fn new_only(port: u16, jar: BTreeMap<String, String>) -> anyhow::Result<()> {
    let mut browser = Browser { port, jar };
    browser.expect("rust", ALICE, &["apples", "pears"]).await?;
    browser.logout("rust").await?;
    browser.login("python").await?;
    browser.expect("rust", None, &[]).await?;
    browser.login("rust").await?;
    browser.expect("rust", ALICE, &[]).await?;
    browser.holds(&["jam", "session"])?;
    println!("new_only: who has moved is known, and Python's cookie is nobody's any more");
    Ok(())
}
