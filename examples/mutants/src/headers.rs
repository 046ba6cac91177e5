//! The headers of an answer: actix has a map of its own, the others have http 1's.

use http::{HeaderName, HeaderValue};

pub(crate) trait Headers {
    /// The values of all lines.
    fn lines(&self, name: &str) -> Vec<String>;
    fn add(&mut self, name: &str, value: &str);
    fn set(&mut self, name: &str, value: &str);
}

impl Headers for http::HeaderMap {
    fn lines(&self, name: &str) -> Vec<String> {
        let values = self.get_all(name).iter();
        values.filter_map(|value| Some(value.to_str().ok()?.to_owned())).collect()
    }

    fn add(&mut self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.append(name, value);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.add(name, value);
    }
}

impl Headers for actix_web::http::header::HeaderMap {
    fn lines(&self, name: &str) -> Vec<String> {
        self.get_all(name).filter_map(|value| Some(value.to_str().ok()?.to_owned())).collect()
    }

    fn add(&mut self, name: &str, value: &str) {
        use actix_web::http::header::{HeaderName, HeaderValue};
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.append(name, value);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.add(name, value);
    }
}
