use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

/// What was told to the log.
#[derive(Clone, Debug)]
pub struct Event {
    pub target: String,
    pub outcome: Option<String>,
    pub reason: Option<String>,
    /// Everything, as text.
    pub text: String,
}

impl Event {
    pub fn is_audit(&self) -> bool {
        self.target == "jam::audit"
    }

    /// The outcome, with its reason where it has one.
    pub fn says(&self) -> String {
        let outcome = self.outcome.clone().unwrap_or_default();
        self.reason.iter().fold(outcome, |outcome, reason| outcome + ":" + reason)
    }
}

impl Visit for Event {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "outcome" => self.outcome = Some(value.to_owned()),
            "reason" => self.reason = Some(value.to_owned()),
            _ => {}
        }
        self.record_debug(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.text, " {}={value:?}", field.name()).unwrap();
    }
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Event>>>);

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let target = event.metadata().target().to_owned();
        let text = format!("{} {target}", event.metadata().level());
        let mut seen = Event { target, outcome: None, reason: None, text };
        event.record(&mut seen);
        self.0.lock().unwrap().push(seen);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What this thread tells the log meanwhile.
pub fn collect<T>(run: impl FnOnce() -> T) -> (T, Vec<Event>) {
    let collector = Collector::default();
    let result = tracing::subscriber::with_default(collector.clone(), run);
    let events = collector.0.lock().unwrap().clone();
    (result, events)
}
