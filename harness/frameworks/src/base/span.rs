//! *Duration*: the time grammar of Scala 2.10, which Exhibitor, DSE and Zipkin use for timeouts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time that is printed in the unit it was written in: `60s` → `60 seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    count: u64,
    unit: usize,
}

/// The text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("format error {0}")]
pub struct SpanError(String);

/// Long name, the other names, nanoseconds. The long name and the middle ones have a plural.
const UNITS: [(&str, &[&str], u64); 7] = [
    ("day", &["d", "day", "days"], 86_400_000_000_000),
    ("hour", &["h", "hour", "hours"], 3_600_000_000_000),
    ("minute", &["min", "minute", "minutes"], 60_000_000_000),
    ("second", &["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    ("millisecond", &["ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    ("microsecond", &["µs", "micro", "micros", "microsecond", "microseconds"], 1000),
    ("nanosecond", &["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

impl Span {
    /// So many minutes.
    pub const fn minutes(count: u64) -> Self {
        Self { count, unit: 2 }
    }

    /// So many seconds.
    pub const fn seconds(count: u64) -> Self {
        Self { count, unit: 3 }
    }

    /// So many days.
    pub const fn days(count: u64) -> Self {
        Self { count, unit: 0 }
    }

    /// How long it is; saturates.
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.count.saturating_mul(UNITS[self.unit].2))
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.count == 0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let error = || SpanError(text.to_owned());
        let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let number = packed.trim_end_matches(char::is_alphabetic);
        let name = &packed[number.len()..];
        let unit = UNITS.iter().position(|(_, names, _)| names.contains(&name)).ok_or_else(error)?;
        if let Ok(count) = number.parse() {
            return Ok(Self { count, unit });
        }
        let value: f64 = number.parse().map_err(|_| error())?;
        let nanos = value * UNITS[unit].2 as f64;
        if !nanos.is_finite() || !(0.0..9.2e18).contains(&nanos) {
            return Err(error());
        }
        let nanos = nanos.round() as u64;
        let unit = UNITS.iter().position(|(_, _, scale)| nanos.is_multiple_of(*scale)).ok_or_else(error)?;
        Ok(Self { count: nanos / UNITS[unit].2, unit })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.count, UNITS[self.unit].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_scala_does() {
        for (text, millis, printed) in [
            ("60s", 60_000, "60 seconds"),
            ("30min", 1_800_000, "30 minutes"),
            ("2 minutes", 120_000, "2 minutes"),
            ("1 day", 86_400_000, "1 day"),
            ("100ms", 100, "100 milliseconds"),
            ("1.5h", 5_400_000, "90 minutes"),
            ("0s", 0, "0 seconds"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.duration().as_millis(), span.to_string().as_str()), (millis, printed));
        }
        for text in ["10m", "", "s", "60", "-1s", "1 mins"] {
            assert_eq!(text.parse::<Span>().unwrap_err().to_string(), format!("format error {text}"));
        }
    }
}
