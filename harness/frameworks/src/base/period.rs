//! *Period*: the time grammar of Kafka-Mesos, and of the stickiness and failover settings of the others.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// A whole number with a unit, printed as it was written: `10m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    value: u64,
    unit: &'static str,
}

/// The text is no period; the message is the whole text, as in the original.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PeriodError(String);

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Period {
    /// So many minutes.
    pub const fn minutes(value: u64) -> Self {
        Self { value, unit: "m" }
    }

    /// So many seconds.
    pub const fn seconds(value: u64) -> Self {
        Self { value, unit: "s" }
    }

    /// So many days.
    pub const fn days(value: u64) -> Self {
        Self { value, unit: "d" }
    }

    /// How long it is; saturates.
    pub fn duration(self) -> Duration {
        let scale = UNITS.iter().find(|(unit, _)| *unit == self.unit).map_or(1, |(_, scale)| *scale);
        Duration::from_millis(self.value.saturating_mul(scale))
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        if text == "0" {
            return Ok(Self { value: 0, unit: "ms" });
        }
        UNITS
            .iter()
            .filter_map(|(unit, _)| Some((text.strip_suffix(unit)?, *unit)))
            .find_map(|(number, unit)| Some(Self { value: number.parse().ok()?, unit }))
            .ok_or_else(|| PeriodError(text.to_owned()))
    }
}

/// As it prints.
impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.value, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_units_and_no_others() {
        for (text, millis) in
            [("10m", 600_000), ("250ms", 250), ("30s", 30_000), ("2h", 7_200_000), ("1d", 86_400_000)]
        {
            let period: Period = text.parse().unwrap();
            assert_eq!((period.duration().as_millis(), period.to_string()), (millis, text.to_owned()));
        }
        assert_eq!("0".parse::<Period>().unwrap().to_string(), "0ms");
        for text in ["", "30min", "m", "1.5m", "-1s", "10", "1 m"] {
            assert_eq!(text.parse::<Period>().unwrap_err().to_string(), text);
        }
    }
}
