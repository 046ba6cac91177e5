//! Time, injected. Nothing else in this crate reads the wall clock, so tests never sleep.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The time since the Unix epoch, in UTC.
    fn now(&self) -> Duration;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Duration {
        (**self).now()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        // A clock set before 1970 reads as 1970: every token is then "not yet valid" or issued in
        // the future, which is the side to err on.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// A clock that stands still until it is moved, for tests and for judging tokens at a given time.
///
/// Clones share the time.
///
/// ```
/// use jam_core::clock::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new(1_700_000_000);
/// clock.clone().advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), Duration::from_secs(1_700_000_060));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    /// A clock that stands at `unix_seconds`.
    #[must_use]
    pub fn new(unix_seconds: u64) -> Self {
        let clock = Self::default();
        clock.set(Duration::from_secs(unix_seconds));
        clock
    }

    /// Moves the clock to a time since the Unix epoch, forwards or backwards.
    pub fn set(&self, since_epoch: Duration) {
        *self.lock() = since_epoch;
    }

    /// Moves the clock forwards.
    pub fn advance(&self, by: Duration) {
        let mut now = self.lock();
        *now = now.saturating_add(by);
    }

    fn lock(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.lock()
    }
}

/// A clock that starts at a given time and ticks on from there.
#[derive(Clone, Copy, Debug)]
pub struct OffsetClock {
    start: Duration,
    since: Instant,
}

impl OffsetClock {
    /// A clock that shows `unix_seconds` now.
    #[must_use]
    pub fn starting_at(unix_seconds: u64) -> Self {
        Self { start: Duration::from_secs(unix_seconds), since: Instant::now() }
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Duration {
        self.start.saturating_add(self.since.elapsed())
    }
}

/// The time that one request has for all its store calls. It runs from the first call that waits:
/// a request whose store answers at once never looks at a clock for it.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Milliseconds: each flow has one of these.
    total: u32,
    /// Shared with whoever waits; nothing is allocated before somebody does.
    since: OnceLock<Arc<OnceLock<Instant>>>,
}

impl Budget {
    pub(crate) fn new(total: Duration) -> Self {
        let total = u32::try_from(total.as_millis()).unwrap_or(u32::MAX);
        Self { total, since: OnceLock::new() }
    }

    /// Lets the time run.
    pub(crate) fn start(&self) {
        self.shared().get_or_init(Instant::now);
    }

    /// The same time, for a future that owns what it needs.
    pub(crate) fn share(&self) -> Self {
        Self { total: self.total, since: Arc::clone(self.shared()).into() }
    }

    fn shared(&self) -> &Arc<OnceLock<Instant>> {
        self.since.get_or_init(Arc::default)
    }

    pub(crate) fn left(&self) -> Duration {
        let since = self.since.get().and_then(|shared| shared.get());
        let spent = since.map(Instant::elapsed).unwrap_or_default();
        Duration::from_millis(self.total.into()).saturating_sub(spent)
    }
}

/// A time as a JWT writes it: seconds since the Unix epoch, with fractions (RFC 7519 §2).
///
/// Between 1970 and the end of the year 9999, exact to the nanosecond; anything finer is rounded
/// up, which leaves every comparison with a [`Clock`] exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(Duration);

impl NumericDate {
    /// 9999-12-31T23:59:59Z, the last second that is accepted.
    const LAST: u64 = 253_402_300_799;

    /// A date at whole seconds since the epoch; `None` past the year 9999.
    #[must_use]
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        (seconds <= Self::LAST).then_some(Self(Duration::from_secs(seconds)))
    }

    /// The time since the Unix epoch.
    #[must_use]
    pub fn since_epoch(self) -> Duration {
        self.0
    }

    /// Reads a JSON number exactly, exponents included, without a detour through a float.
    pub(crate) fn from_json_number(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, far(exponent)),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(fraction.bytes());
        // The decimal point stands after this many digits.
        let point = i64::try_from(whole.len()).ok()? + exponent;
        let (mut seconds, mut nanos, mut finer) = (0_u64, 0_u64, false);
        let mut place = 0_i64;
        for digit in digits {
            let digit = u64::from(char::from(digit).to_digit(10)?);
            if place < point {
                seconds = seconds.checked_mul(10)?.checked_add(digit)?;
                if seconds > Self::LAST {
                    return None;
                }
            } else if place < point.saturating_add(9) {
                let below = u32::try_from(place - point).ok()?;
                nanos += digit * 10_u64.pow(8 - below);
            } else {
                finer |= digit != 0;
            }
            place += 1;
        }
        // Digits that the exponent asks for beyond those written are zeros.
        while place < point && seconds != 0 {
            seconds = seconds.checked_mul(10)?;
            if seconds > Self::LAST {
                return None;
            }
            place += 1;
        }
        let exact = Duration::from_secs(seconds) + Duration::from_nanos(nanos + u64::from(finer));
        (exact <= Duration::from_secs(Self::LAST)).then_some(Self(exact))
    }
}

/// The exponent of a JSON number; one that is beyond 64 bits is as good as one at their end.
fn far(exponent: &str) -> i64 {
    const FAR: i64 = i64::MAX / 2;
    match exponent.parse::<i64>() {
        Ok(exponent) => exponent.clamp(-FAR, FAR),
        Err(_) if exponent.starts_with('-') => -FAR,
        Err(_) => FAR,
    }
}

impl fmt::Display for NumericDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Duration> {
        NumericDate::from_json_number(text).map(NumericDate::since_epoch)
    }

    #[test]
    fn a_clock_that_is_set_shows_every_date_that_is_accepted() {
        let clock = ManualClock::new(NumericDate::LAST);
        assert_eq!(clock.now(), Duration::from_secs(NumericDate::LAST));
        clock.advance(Duration::from_nanos(1));
        assert_eq!(clock.now(), Duration::new(NumericDate::LAST, 1));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Duration::MAX);
    }

    #[test]
    fn hole08_fractions_and_exponents_are_read_exactly() {
        assert_eq!(read("0"), Some(Duration::ZERO));
        assert_eq!(read("1700000000.5"), Some(Duration::new(1_700_000_000, 500_000_000)));
        assert_eq!(read("1.7e9"), Some(Duration::from_secs(1_700_000_000)));
        assert_eq!(read("17E+8"), Some(Duration::from_secs(1_700_000_000)));
        assert_eq!(read("17000000005e-1"), Some(Duration::new(1_700_000_000, 500_000_000)));
        // One part in 10^11 of a second is beyond a float; it still counts.
        assert_eq!(read("1700000000.00000000001"), Some(Duration::new(1_700_000_000, 1)));
        assert_eq!(read("0.00001e-300"), Some(Duration::from_nanos(1)));
        for exponent in ["999999999", "2147483648", "99999999999999999999", "-99999999999999999999"]
        {
            assert_eq!(read(&format!("0e{exponent}")), Some(Duration::ZERO), "{exponent}");
        }
        for exponent in ["-2147483649", "-99999999999999999999"] {
            assert_eq!(read(&format!("1e{exponent}")), Some(Duration::from_nanos(1)), "{exponent}");
        }
    }

    #[test]
    fn g25_dates_outside_1970_to_9999_are_refused() {
        assert_eq!(read("253402300799"), Some(Duration::from_secs(253_402_300_799)));
        for text in [
            "253402300800",
            "253402300799.1",
            "1e12",
            "1e308",
            "-1",
            "-0",
            "1e99999999999",
            "1e99999999999999999999",
            "99999999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
