//! Every order in which the store calls of two requests with one session can fall, for every pair of
//! things that requests do: the promises of `jam_core::session`.

use std::collections::BTreeMap;

use jam_core::clock::ManualClock;
use jam_core::flow::Flow;
use jam_core::session::{Login, SessionBackend, SessionId};
use jam_core::{Jam, Reject};
use serde_json::Value;

use crate::support::{
    Answer, Browser, NOW, Stepped, Verb, drive, every_order, policy, seconds, serve,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Read,
    SetA,
    SetB,
    /// Of a key that others set too.
    Set,
    /// To what it is.
    SetAsItIs,
    SetIfUnchanged,
    Update,
    LoginAgain,
    LoginOther,
    Grant,
    Rotate,
    Destroy,
}

const DEEDS: [Deed; 12] = [
    Deed::Read,
    Deed::SetA,
    Deed::SetB,
    Deed::Set,
    Deed::SetAsItIs,
    Deed::SetIfUnchanged,
    Deed::Update,
    Deed::LoginAgain,
    Deed::LoginOther,
    Deed::Grant,
    Deed::Rotate,
    Deed::Destroy,
];

impl Deed {
    /// Reads, then does it; answers with what it read.
    async fn perform(self, flow: Flow, label: u64) -> Result<String, Reject> {
        let session = flow.session()?;
        let read = session.get::<u64>("k").await?;
        match self {
            Self::Read => Ok(()),
            Self::SetA => session.set("a", &label),
            Self::SetB => session.set("b", &label),
            Self::Set => session.set("k", &label),
            Self::SetAsItIs => session.set("k", &0),
            Self::SetIfUnchanged => session.set_if_unchanged("k", &label).await,
            Self::Update => session.update("n", |n: Option<u64>| n.unwrap_or_default() + 1),
            Self::LoginAgain => session.login("alice"),
            Self::LoginOther => session.login(Login::new("bob").value("his", &label)),
            Self::Grant => session.grant(["admin"]),
            Self::Rotate => session.rotate(),
            Self::Destroy => session.destroy(),
        }?;
        Ok(format!("{read:?}"))
    }

    fn logs_in(self) -> bool {
        matches!(self, Self::LoginAgain | Self::LoginOther)
    }

    /// The old id is refused afterwards.
    fn ends_the_id(self) -> bool {
        self.logs_in() || matches!(self, Self::Grant | Self::Rotate | Self::Destroy)
    }

    fn sets_k(self) -> bool {
        matches!(self, Self::Set | Self::SetIfUnchanged)
    }

    /// What it makes of a session's values and subject.
    fn apply(self, state: &mut State, label: u64) {
        let mut set = |name: &str, value| _ = state.values.insert(name.to_owned(), value);
        match self {
            Self::SetA => set("a", label),
            Self::SetB => set("b", label),
            Self::Set | Self::SetIfUnchanged => set("k", label),
            Self::SetAsItIs => set("k", 0),
            Self::Update => *state.values.entry("n".to_owned()).or_default() += 1,
            Self::LoginAgain => {
                if state.subject.as_deref() == Some("bob") {
                    state.values.clear();
                }
                state.subject = Some("alice".to_owned());
                state.scope = String::new();
            }
            Self::LoginOther => {
                if state.subject.as_deref() == Some("alice") {
                    state.values.clear();
                }
                state.values.insert("his".to_owned(), label);
                state.subject = Some("bob".to_owned());
                state.scope = String::new();
            }
            Self::Grant => state.scope = "admin".to_owned(),
            Self::Read | Self::Rotate | Self::Destroy => {}
        }
    }
}

/// What a session holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    subject: Option<String>,
    scope: String,
    values: BTreeMap<String, u64>,
}

/// One order, played to its end.
struct Played {
    jam: Jam,
    store: Stepped,
    old: SessionId,
    answers: [Answer; 2],
    /// Who did what, and whether it came about.
    timeline: Vec<(usize, Verb, bool)>,
    /// The polls, for the message.
    order: String,
}

fn play(deeds: [Deed; 2], order: &[bool]) -> (Played, Vec<(bool, bool)>) {
    let (clock, store) = (ManualClock::new(NOW), Stepped::default());
    let sessions = SessionBackend::builder(policy(), store.clone());
    let jam = Jam::builder().clock(clock.clone()).session(sessions).build().unwrap();
    let login = Login::new("alice").value("k", &0);
    let old = pollster::block_on(jam.create_session(login)).unwrap().id;
    // So that a touch is due.
    clock.advance(seconds(61));
    store.done();
    let browser = Browser::with_cookie(&old.expose());
    let (one, other) = (browser.request("POST"), browser.request("POST"));
    let mut timeline = Vec::new();
    let (first, second, taken) = drive(
        serve(&jam, &one, async |flow| deeds[0].perform(flow, 1).await),
        serve(&jam, &other, async |flow| deeds[1].perform(flow, 2).await),
        order,
        |is_second| {
            let done = store.done().into_iter();
            timeline
                .extend(done.map(|(verb, succeeded)| (usize::from(is_second), verb, succeeded)));
        },
    );
    let order = taken.iter().map(|(second, _)| if *second { '2' } else { '1' }).collect();
    (Played { jam, store, old, answers: [first, second], timeline, order }, taken)
}

impl Played {
    fn find(&self, who: usize, verbs: &[Verb]) -> Option<usize> {
        let is_it = |(by, verb, done): &(usize, Verb, bool)| {
            *by == who && verbs.contains(verb) && (*done || *verb == Verb::Load)
        };
        self.timeline.iter().position(is_it)
    }

    fn loaded(&self, who: usize) -> usize {
        self.find(who, &[Verb::Load]).unwrap()
    }

    /// When its change came about; where it changes nothing, when it looked once more.
    fn committed(&self, who: usize) -> Option<usize> {
        let written = self.find(who, &[Verb::Swap, Verb::Insert, Verb::Remove]);
        let looks = |(by, verb, _): &(usize, Verb, bool)| *by == who && *verb == Verb::Load;
        let last = self.timeline.iter().rposition(looks).filter(|at| *at > self.loaded(who));
        written.or(last)
    }
}

/// What a request has to be answered with: the status and how many cookies.
fn expected(played: &Played, deeds: [Deed; 2], who: usize) -> (u16, usize) {
    let (deed, other) = (deeds[who], deeds[1 - who]);
    let (loaded, committed) = (played.loaded(who), played.committed(who));
    let others = played.committed(1 - who);
    // A session of its own is not the one that both began with.
    let others_is_here = others.is_some_and(|at| played.timeline[at].1 != Verb::Insert);
    let others = others.filter(|_| others_is_here);
    let ended = others.filter(|_| other.ends_the_id());
    if deed == Deed::Read {
        return (200, 0);
    }
    if deed.logs_in() {
        return (200, 1);
    }
    if ended.is_some_and(|ended| ended < loaded) {
        // The cookie is of no use, which is as good as none.
        return match deed {
            Deed::Rotate | Deed::Destroy => (200, 0),
            Deed::Grant => (401, 0),
            _ => (200, 1),
        };
    }
    // A logout wins over whatever became of the session meanwhile.
    if deed == Deed::Destroy {
        return (200, 1);
    }
    let came_between = |at: usize| at > loaded && committed.is_none_or(|committed| at < committed);
    if ended.is_some_and(came_between) {
        return (401, 0);
    }
    if deed == Deed::SetIfUnchanged && other.sets_k() && others.is_some_and(came_between) {
        return (409, 0);
    }
    (200, usize::from(deed.ends_the_id()))
}

/// What the session that both began with holds at the end, and who handed out its last id.
fn outcome(played: &Played, deeds: [Deed; 2]) -> (Option<State>, Option<usize>) {
    let values = BTreeMap::from([("k".to_owned(), 0)]);
    let mut state = Some(State { subject: Some("alice".to_owned()), scope: String::new(), values });
    let mut holder = None;
    for (who, verb, succeeded) in &played.timeline {
        match (verb, succeeded, &mut state) {
            (Verb::Swap, true, Some(state)) => {
                deeds[*who].apply(state, *who as u64 + 1);
                if deeds[*who].ends_the_id() {
                    holder = Some(*who);
                }
            }
            (Verb::Swap, true, None) => panic!("written after its end"),
            (Verb::Remove, ..) => state = None,
            _ => {}
        }
    }
    (state, holder)
}

fn stored(jam: &Jam, id: &SessionId) -> Option<State> {
    let record = pollster::block_on(jam.get_session(id)).unwrap()?;
    let claims: Value = serde_json::from_str(record.claims_json().unwrap_or("{}")).unwrap();
    let values = record.values().map(|(name, json)| (name.to_owned(), json.parse().unwrap()));
    Some(State {
        subject: record.subject().map(str::to_owned),
        scope: claims["scope"].as_str().unwrap_or_default().to_owned(),
        values: values.collect(),
    })
}

fn check(played: &Played, deeds: [Deed; 2]) {
    let context = format!("{deeds:?} in the order {}: {:?}", played.order, played.timeline);
    let (state, holder) = outcome(played, deeds);
    let mut alive = usize::from(state.is_some());
    let mut subjects: Vec<String> = state.iter().filter_map(|s| s.subject.clone()).collect();
    for who in [0, 1] {
        let answer = &played.answers[who];
        let cookies = answer.set_cookies();
        let seen = (answer.status, cookies.len());
        assert_eq!(seen, expected(played, deeds, who), "request {}, {context}", who + 1);
        let Some(cookie) = cookies.first() else { continue };
        let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
        if value.is_empty() {
            assert_eq!(deeds[who], Deed::Destroy, "{context}");
            continue;
        }
        let found = stored(&played.jam, &SessionId::parse(value).unwrap());
        let is_own = played.find(who, &[Verb::Insert]).is_some();
        if is_own {
            let mut expected = State::default();
            deeds[who].apply(&mut expected, who as u64 + 1);
            assert_eq!(found.as_ref(), Some(&expected), "a session of its own, {context}");
            alive += 1;
            subjects.extend(expected.subject);
        } else if holder == Some(who) {
            assert_eq!(found, state, "the last id, {context}");
        } else {
            assert_eq!(found, None, "an id that was replaced since, {context}");
        }
    }
    let by_the_old_id = stored(&played.jam, &played.old);
    let expected = if holder.is_none() { state } else { None };
    assert_eq!(by_the_old_id, expected, "the old id, {context}");
    assert_eq!(played.store.len(), alive, "sessions in the store, {context}");
    for subject in ["alice", "bob"] {
        let listed = pollster::block_on(played.jam.sessions_of(subject)).unwrap();
        let expected = subjects.iter().filter(|known| *known == subject).count();
        assert_eq!(listed.len(), expected, "sessions of {subject}, {context}");
    }
}

/// A reader sees the value as it was before or after the other request, and nothing else.
fn check_reads(played: &Played, deeds: [Deed; 2]) {
    for who in [0, 1] {
        let answer = &played.answers[who];
        if answer.status != 200 {
            continue;
        }
        let other = deeds[1 - who];
        let before = played.committed(1 - who).is_some_and(|at| at < played.loaded(who));
        let is_here = played.find(1 - who, &[Verb::Insert]).is_none();
        let expected = match (before && is_here, other) {
            (true, other) if other.ends_the_id() => None,
            (true, other) if other.sets_k() => Some(2 - who as u64),
            _ => Some(0),
        };
        let context = format!("{deeds:?} in the order {}", played.order);
        assert_eq!(answer.body, format!("{expected:?}"), "request {} reads, {context}", who + 1);
    }
}

#[test]
fn g07_g10_g69_g70_whatever_two_requests_do_in_whatever_order_the_promises_hold() {
    let mut orders = 0;
    for (place, first) in DEEDS.into_iter().enumerate() {
        for second in DEEDS.into_iter().skip(place) {
            let deeds = [first, second];
            let count = every_order(|order| {
                let (played, taken) = play(deeds, order);
                check(&played, deeds);
                check_reads(&played, deeds);
                taken
            });
            assert!(count >= 20, "{deeds:?} meet in {count} orders only");
            orders += count;
        }
    }
    println!("{orders} orders of {} pairs", DEEDS.len() * (DEEDS.len() + 1) / 2);
    assert!(orders > 4000);
}
