//! Stickiness: for a while after its end an instance is only started where it was.

use serde::Serialize;
use serde_json::Value;
use stacklab_machine::Time;

use super::document::{Fault, Node, date, parse_date};
use crate::base::Period;

/// The host of the last start and the time of the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stickiness {
    /// How long only the remembered host will do.
    pub period: Period,
    /// When the instance ended; a start clears it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "date")]
    pub stop_time: Option<Time>,
    /// The host of the last successful start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
}

impl Stickiness {
    /// Nothing remembered yet.
    pub fn new(period: Period) -> Self {
        Self { period, hostname: None, stop_time: None }
    }

    /// Remembers a start.
    pub fn register_start(&mut self, hostname: &str) {
        self.hostname = Some(hostname.to_owned());
        self.stop_time = None;
    }

    /// Remembers an end.
    pub fn register_stop(&mut self, now: Time) {
        self.stop_time = Some(now);
    }

    /// Whether the host will do at this time.
    pub fn allows(&self, hostname: &str, now: Time) -> bool {
        let (Some(remembered), Some(stop)) = (&self.hostname, self.stop_time) else { return true };
        now.since(stop) >= self.period.duration() || remembered == hostname
    }

    /// It out of its document.
    pub fn from_json(node: &Value) -> Result<Self, Fault> {
        let node = Node::of(node)?;
        let stop_time = node.optional_text("stopTime");
        Ok(Self {
            period: node.text("period")?.parse().map_err(|_| Fault::at("period"))?,
            hostname: node.optional_text("hostname").map(str::to_owned),
            stop_time: match stop_time {
                Some(text) => Some(parse_date(text).ok_or_else(|| Fault::at("stopTime"))?),
                None => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn holds_for_its_period() {
        let start = Time::SIM_START;
        let mut stickiness = Stickiness::new(Period::minutes(10));
        assert!(stickiness.allows("a", start));
        stickiness.register_start("a");
        assert!(stickiness.allows("b", start), "only an end makes it sticky");
        stickiness.register_stop(start);
        for (host, seconds, allowed) in [("a", 0, true), ("b", 0, false), ("b", 599, false), ("b", 600, true)]
        {
            assert_eq!(
                stickiness.allows(host, start + Duration::from_secs(seconds)),
                allowed,
                "{host} {seconds}"
            );
        }
        assert_eq!(Stickiness::from_json(&json!(stickiness)), Ok(stickiness.clone()));
        stickiness.register_start("b");
        assert!(stickiness.allows("c", start));
    }
}
