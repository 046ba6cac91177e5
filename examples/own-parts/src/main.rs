//! `cargo run -p own-parts`: a login and the next request, with parts of one's own.

use jam_core::request::RequestView;
use jam_core::{Error, Reject};

/// A request as any framework would show it.
struct Request(Vec<(&'static str, String)>);

impl RequestView for Request {
    fn method(&self) -> &str {
        "POST"
    }
    fn path(&self) -> &str {
        "/"
    }
    fn query(&self) -> Option<&str> {
        None
    }
    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        for (known, value) in &self.0 {
            if *known == name {
                visit(value.as_bytes());
            }
        }
    }
}

fn main() -> Result<(), Error> {
    let jam = own_parts::jam()?;
    pollster::block_on(async {
        let first = jam.begin(&Request(Vec::new()));
        let logged_in = first.session().and_then(|session| session.login("alice"));
        logged_in.map_err(refused)?;
        let patch = first.finish().await;
        let mut carried = Vec::new();
        for header in patch.headers() {
            println!("{}: {}", header.name, header.value);
            if header.name == "x-api-session" {
                carried.push(("x-api-session", header.value.clone()));
            }
        }

        let next = jam.begin(&Request(carried));
        let subject = next.session().map_err(refused)?.subject().await.map_err(refused)?;
        println!("the next request is by {}", subject.as_deref().unwrap_or("nobody"));
        Ok(())
    })
}

fn refused(reject: Reject) -> Error {
    Error::new(jam_core::ErrorKind::Unavailable, reject.to_string())
}
