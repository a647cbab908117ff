//! Failover: how long Kafka-Mesos waits after a failure, and when it gives up.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use stacklab_machine::Time;

use super::document::{Fault, Node, date, parse_date};
use crate::base::Period;

/// Delays and the failures so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failover {
    /// Delay after the first failure.
    pub delay: Period,
    /// Longest delay.
    pub max_delay: Period,
    /// Failures after which the broker is deactivated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tries: Option<i32>,
    /// Failures in a row.
    #[serde(skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// When the last one happened.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "date")]
    pub failure_time: Option<Time>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            delay: Period::minutes(1),
            max_delay: Period::minutes(10),
            max_tries: None,
            failures: 0,
            failure_time: None,
        }
    }
}

impl Failover {
    /// The delay that follows the failures so far: doubled with each, up to the longest. The original
    /// doubles in 32-bit arithmetic, so that after 32 failures the delay is gone and then begins anew; so
    /// does this.
    pub fn current_delay(&self) -> Duration {
        match self.multiplier() {
            None => Duration::ZERO,
            Some(multiplier) => {
                let factor = u32::try_from(multiplier).unwrap_or(0);
                self.delay.duration().saturating_mul(factor).min(self.max_delay.duration())
            }
        }
    }

    /// The same as text, in the unit of the delay.
    pub fn current_delay_text(&self) -> String {
        let Some(multiplier) = self.multiplier() else { return "0ms".to_owned() };
        let factor = u32::try_from(multiplier).unwrap_or(0);
        if self.delay.duration().saturating_mul(factor) > self.max_delay.duration() {
            return self.max_delay.to_string();
        }
        let text = self.delay.to_string();
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let value: i64 = text[..text.len() - unit.len()].parse().unwrap_or(0);
        format!("{}{unit}", value.wrapping_mul(i64::from(multiplier)))
    }

    fn multiplier(&self) -> Option<i32> {
        Some(1i32.wrapping_shl(self.failures.checked_sub(1)?))
    }

    /// When the delay is over; the epoch without a failure.
    pub fn delay_expires(&self) -> Time {
        self.failure_time.map_or(Time::ZERO, |at| at + self.current_delay())
    }

    /// Whether a start has to wait.
    pub fn is_waiting(&self, now: Time) -> bool {
        self.failures > 0 && self.delay_expires() > now
    }

    /// Whether the failures are too many.
    pub fn is_exhausted(&self) -> bool {
        self.max_tries.is_some_and(|tries| i64::from(self.failures) >= i64::from(tries))
    }

    /// Counts a failure.
    pub fn register_failure(&mut self, now: Time) {
        self.failures += 1;
        self.failure_time = Some(now);
    }

    /// Forgets the failures.
    pub fn reset(&mut self) {
        self.failures = 0;
        self.failure_time = None;
    }

    /// It out of its document.
    pub fn from_json(node: &Value) -> Result<Self, Fault> {
        let node = Node::of(node)?;
        let period = |field| node.text(field)?.parse::<Period>().map_err(|_| Fault::at(field));
        let whole = |field: &str| match node.optional(field) {
            Some(_) => node.whole(field).map(Some),
            None => Ok(None),
        };
        let tries = whole("maxTries")?.map(i32::try_from).transpose();
        let failures = u32::try_from(whole("failures")?.unwrap_or(0));
        let failure_time = match node.optional_text("failureTime") {
            Some(text) => Some(parse_date(text).ok_or_else(|| Fault::at("failureTime"))?),
            None => None,
        };
        Ok(Self {
            delay: period("delay")?,
            max_delay: period("maxDelay")?,
            max_tries: tries.map_err(|_| Fault::at("maxTries"))?,
            failures: failures.map_err(|_| Fault::at("failures"))?,
            failure_time,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest_and_wraps() {
        let cases = [
            (0, 0, "0ms"),
            (1, 60, "1m"),
            (2, 120, "2m"),
            (4, 480, "8m"),
            (5, 600, "10m"),
            (31, 600, "10m"),
            (32, 0, "-2147483648m"),
            (33, 60, "1m"),
        ];
        for (failures, seconds, text) in cases {
            let failover = Failover { failures, ..Failover::default() };
            assert_eq!(failover.current_delay(), Duration::from_secs(seconds), "{failures}");
            assert_eq!(failover.current_delay_text(), text, "{failures}");
        }
    }

    #[test]
    fn gives_up_after_its_tries() {
        let mut failover = Failover { max_tries: Some(2), ..Failover::default() };
        assert!(!failover.is_exhausted());
        failover.register_failure(Time::SIM_START);
        assert!(failover.is_waiting(Time::SIM_START) && !failover.is_exhausted());
        assert!(!failover.is_waiting(Time::SIM_START + Duration::from_secs(60)));
        failover.register_failure(Time::SIM_START);
        assert!(failover.is_exhausted());
        assert_eq!(Failover::from_json(&serde_json::json!(failover)), Ok(failover.clone()));
        failover.reset();
        assert!(!failover.is_waiting(Time::SIM_START) && !failover.is_exhausted());
    }
}
