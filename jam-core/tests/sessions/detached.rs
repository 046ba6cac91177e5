//! Sessions beyond their request, and waiting for their end.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use jam_core::ErrorKind;
use jam_core::session::{DetachedSession, MaxSessions};
use serde_json::Value;

use crate::support::{App, Browser, IDLE, policy, ready, seconds};

fn detach(app: &App, browser: &mut Browser) -> DetachedSession {
    let mut detached = None;
    let answer = browser.post(app, async |session| {
        detached = session.detached().await?;
        Ok(())
    });
    assert_eq!(answer.status, 200);
    detached.unwrap()
}

struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that is polled only when it was woken, as an executor does.
struct Task<'f> {
    future: Pin<Box<dyn Future<Output = ()> + Send + 'f>>,
    wakes: Arc<Wakes>,
    seen: usize,
}

impl<'f> Task<'f> {
    fn new(future: impl Future<Output = ()> + Send + 'f) -> Self {
        let wakes = Arc::new(Wakes(AtomicUsize::new(1)));
        Self { future: Box::pin(future), wakes, seen: 0 }
    }

    fn is_done(&mut self) -> bool {
        while self.wakes.0.load(Ordering::SeqCst) != self.seen {
            self.seen = self.wakes.0.load(Ordering::SeqCst);
            let waker = Waker::from(Arc::clone(&self.wakes));
            if self.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                return true;
            }
        }
        false
    }
}

#[test]
fn a_detached_session_reads_and_writes_at_once() {
    let app = App::new();
    let mut browser = Browser::default();
    let mut detached = None;
    let answer = browser.post(&app, async |session| {
        session.set("k", &1)?;
        detached = session.detached().await?;
        assert!(app.store.len() == 1, "saved before it is detached");
        Ok(())
    });
    assert_eq!(answer.set_cookies().len(), 1, "the credential leaves with the answer");
    let detached = detached.unwrap();
    assert_eq!(ready(detached.get::<u8>("k")).unwrap(), Some(1));
    ready(detached.set("k", &2)).unwrap();
    ready(detached.update("n", |n: Option<u64>| n.unwrap_or_default() + 1)).unwrap();
    assert_eq!((browser.get(&app, "k"), browser.get(&app, "n")), (2.into(), 1.into()));
    browser.set(&app, "k", 3);
    assert_eq!(ready(detached.get::<u8>("k")).unwrap(), Some(3));
    ready(detached.remove("k")).unwrap();
    assert_eq!(browser.get(&app, "k"), Value::Null);
    assert_eq!(detached.handle(), browser.handle());
    ready(detached.destroy()).unwrap();
    assert_eq!(app.store.len(), 0);
    assert_eq!(ready(detached.get::<u8>("k")).unwrap_err().kind(), ErrorKind::SessionEnded);
    assert_eq!(ready(detached.set("k", &1)).unwrap_err().kind(), ErrorKind::SessionEnded);
    assert_eq!(ready(detached.destroy()).unwrap_err().kind(), ErrorKind::SessionEnded);
    assert_eq!(app.store.len(), 0);
}

#[test]
fn g07_a_detached_session_does_not_outlive_its_id() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let detached = detach(&app, &mut browser);
    browser.login(&app, "bob");
    assert_eq!(ready(detached.set("k", &1)).unwrap_err().kind(), ErrorKind::SessionEnded);
    assert_eq!(ready(detached.destroy()).unwrap_err().kind(), ErrorKind::SessionEnded);
    assert_eq!(browser.whoami(&app), Ok("bob".into()));
    assert_eq!(browser.get(&app, "k"), Value::Null);
}

type End = (&'static str, fn(&App, &mut Browser));

fn ends() -> [End; 9] {
    [
        ("logout", |app, browser| assert_eq!(browser.logout(app).status, 200)),
        ("revoked", |app, b| assert!(ready(app.jam.revoke(b.handle())).unwrap())),
        ("all of his", |app, _| assert_eq!(ready(app.jam.clear_sessions("alice")).unwrap(), 1)),
        ("deleted", |app, b| assert!(ready(app.jam.delete_session(&b.id())).unwrap())),
        ("rotated", |app, b| assert_eq!(b.post(app, async |s| s.rotate()).status, 200)),
        ("granted", |app, b| assert_eq!(b.post(app, async |s| s.grant(["x"])).status, 200)),
        ("logged in", |app, browser| assert_eq!(browser.login(app, "bob").status, 200)),
        ("evicted", |app, _| _ = Browser::logged_in(app, "alice")),
        ("expired and swept", |app, _| {
            app.clock.advance(seconds(IDLE));
            assert_eq!(ready(app.jam.sessions().unwrap().sweep()).unwrap(), 1);
        }),
    ]
}

#[test]
fn g10_whoever_waits_for_the_end_of_a_session_is_woken_by_every_end() {
    for (name, end) in ends() {
        let app = App::with_policy(policy().max_sessions(MaxSessions::EvictOldest(1)));
        let mut browser = Browser::logged_in(&app, "alice");
        let detached = detach(&app, &mut browser);
        let (mut one, mut other) = (Task::new(detached.ended()), Task::new(detached.ended()));
        assert!(!one.is_done() && !other.is_done(), "{name}");
        // Using it is not its end.
        app.at(100);
        assert!(browser.whoami(&app).is_ok());
        browser.set(&app, "k", 1);
        ready(detached.set("l", &1)).unwrap();
        Browser::logged_in(&app, "somebody else").logout(&app);
        ready(app.jam.sessions().unwrap().sweep()).unwrap();
        assert!(!one.is_done() && !other.is_done(), "{name}");
        end(&app, &mut browser);
        assert!(one.is_done() && other.is_done(), "{name}");
        // Over is over for those who come later.
        assert!(Task::new(detached.ended()).is_done(), "{name}");
    }
}

#[test]
fn g55_a_store_that_is_down_ends_nothing() {
    let app = App::new();
    let mut browser = Browser::logged_in(&app, "alice");
    let detached = detach(&app, &mut browser);
    let mut waiting = Task::new(detached.ended());
    assert!(!waiting.is_done());
    app.store.set_down(true);
    assert_eq!(browser.whoami(&app), Err(503));
    let _ = ready(app.jam.sessions().unwrap().sweep());
    assert!(!waiting.is_done());
    // Somebody who begins to wait now does not know either.
    let mut later = Task::new(detached.ended());
    assert!(!later.is_done());
    app.store.set_down(false);
    browser.logout(&app);
    assert!(waiting.is_done() && later.is_done());
}

#[test]
fn an_end_between_looking_and_waiting_is_not_missed() {
    // Ended by another thread at whatever moment: the waiter always comes to his end.
    for _ in 0..200 {
        let app = App::new();
        let mut browser = Browser::logged_in(&app, "alice");
        let detached = detach(&app, &mut browser);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| block_on(detached.ended()));
            scope.spawn(|| browser.logout(&app));
            waiting.join().unwrap();
        });
    }
}

/// Parks the thread until it is woken.
fn block_on(future: impl Future<Output = ()>) {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park();
    }
}
