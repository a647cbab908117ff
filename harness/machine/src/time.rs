//! Time as machines see it.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: whole microseconds since 1970-01-01T00:00:00Z.
///
/// The live shell takes it from the wall clock, a simulation starts it where it likes; a machine cannot tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The epoch.
    pub const ZERO: Self = Self(0);
    /// 2016-03-01T00:00:00Z, where simulations start: the spring in which the stacks were written.
    pub const SIM_START: Self = Self(1_456_790_400_000_000);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1000)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// Seconds since the epoch with their fraction, as Mesos prints times.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Year, month, day, hour, minute, second, millisecond in UTC (proleptic Gregorian calendar).
    pub fn utc(self) -> (i64, u32, u32, u32, u32, u32, u32) {
        let millis = self.as_millis();
        let (days, ms) = ((millis / 86_400_000) as i64, (millis % 86_400_000) as u32);
        let (year, month, day) = civil_from_days(days);
        (year, month, day, ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
    }

    /// ISO 8601 in UTC with milliseconds: `2015-06-24T15:04:05.123Z`.
    pub fn iso8601(self) -> String {
        let (y, mo, d, h, mi, s, ms) = self.utc();
        // By hand: pages full of times are written far too often for the formatter.
        let mut text = String::with_capacity(24);
        let parts = [(mo, 2, '-'), (d, 2, 'T'), (h, 2, ':'), (mi, 2, ':'), (s, 2, '.'), (ms, 3, 'Z')];
        push_number(&mut text, u32::try_from(y).unwrap_or(0), 4);
        text.push('-');
        for (number, width, behind) in parts {
            push_number(&mut text, number, width);
            text.push(behind);
        }
        text
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601())
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, wait: Duration) {
        *self = *self + wait;
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, back: Duration) -> Self {
        let micros = u64::try_from(back.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(micros))
    }
}

/// The earlier of two optional moments; `None` means never.
pub fn earliest(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Writes a number with zeros before it up to a width.
fn push_number(text: &mut String, number: u32, width: u32) {
    let digits = width.max(number.checked_ilog10().unwrap_or(0) + 1);
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

/// Days since 1970-01-01 as a date, counted in eras of 400 years.
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_dates_as_marathon_does() {
        assert_eq!(Time::ZERO.iso8601(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Time::SIM_START.iso8601(), "2016-03-01T00:00:00.000Z");
        assert_eq!(Time::from_millis(1_435_158_245_123).iso8601(), "2015-06-24T15:04:05.123Z");
        assert_eq!(Time::from_millis(951_782_400_000).iso8601(), "2000-02-29T00:00:00.000Z");
        assert_eq!(Time::from_millis(253_402_300_800_000).iso8601(), "10000-01-01T00:00:00.000Z");
    }

    #[test]
    fn never_wraps() {
        assert_eq!(Time::ZERO - Duration::from_secs(1), Time::ZERO);
        assert_eq!(Time::ZERO.since(Time::SIM_START), Duration::ZERO);
        assert_eq!(Time::from_micros(u64::MAX) + Duration::MAX, Time::from_micros(u64::MAX));
    }
}
