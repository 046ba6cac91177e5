//! A view that does not show everything.

use crate::Fault;
use jam_core::request::RequestView;

pub(crate) struct Sabotaged<'r> {
    pub(crate) view: &'r dyn RequestView,
    pub(crate) fault: Fault,
}

impl RequestView for Sabotaged<'_> {
    fn method(&self) -> &str {
        self.view.method()
    }

    fn path(&self) -> &str {
        self.view.path()
    }

    fn query(&self) -> Option<&str> {
        self.view.query()
    }

    fn authority(&self) -> Option<&str> {
        self.view.authority()
    }

    fn visit_header<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        let mut lines = 0;
        self.view.visit_header(name, &mut |value| {
            lines += 1;
            let hidden = match self.fault {
                Fault::ReadsFirstLine => lines > 1,
                Fault::ReadsAsciiOnly => !value.is_ascii(),
                _ => false,
            };
            if !hidden {
                visit(value);
            }
        });
    }
}
