//! Time, injected. Nothing else in this crate reads the wall clock, so tests never sleep.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
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
pub struct ManualClock(Arc<AtomicU64>);

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
        self.0.store(nanoseconds(since_epoch), Ordering::Release);
    }

    /// Moves the clock forwards.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(nanoseconds(by), Ordering::AcqRel);
    }
}

/// Nanoseconds fit 64 bits until the year 2554; later times stand still there.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Acquire))
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
#[derive(Debug)]
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
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(fraction.bytes());
        // The decimal point stands after this many digits.
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
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
    fn hole08_fractions_and_exponents_are_read_exactly() {
        assert_eq!(read("0"), Some(Duration::ZERO));
        assert_eq!(read("1700000000.5"), Some(Duration::new(1_700_000_000, 500_000_000)));
        assert_eq!(read("1.7e9"), Some(Duration::from_secs(1_700_000_000)));
        assert_eq!(read("17E+8"), Some(Duration::from_secs(1_700_000_000)));
        assert_eq!(read("17000000005e-1"), Some(Duration::new(1_700_000_000, 500_000_000)));
        // One part in 10^11 of a second is beyond a float; it still counts.
        assert_eq!(read("1700000000.00000000001"), Some(Duration::new(1_700_000_000, 1)));
        assert_eq!(read("0.00001e-300"), Some(Duration::from_nanos(1)));
        assert_eq!(read("0e999999999"), Some(Duration::ZERO));
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
            "99999999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
