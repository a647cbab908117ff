//! Where a query service ran last, and for how long nothing else will do.

use serde::{Serialize, Serializer};
use serde_json::Value;
use stacklab_machine::Time;

use crate::base::Period;

/// The last host and port of a query service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Stickiness {
    period: Period,
    #[serde(rename = "hostname")]
    pub(super) host: Option<String>,
    pub(super) port: Option<u32>,
    #[serde(rename = "stopTime", serialize_with = "date")]
    stopped: Option<Time>,
}

impl Default for Stickiness {
    fn default() -> Self {
        Self { period: Period::minutes(10), host: None, port: None, stopped: None }
    }
}

impl Stickiness {
    /// Whether only the last host counts at the moment.
    pub(super) fn holds(&self, now: Time) -> bool {
        self.host.is_some() && self.stopped.is_some_and(|stopped| now < stopped + self.period.duration())
    }

    pub(super) fn started(&mut self, host: &str, port: Option<u32>) {
        self.host = Some(host.to_owned());
        self.port = port;
        self.stopped = None;
    }

    /// A stop, or the first failure of several in a row.
    pub(super) fn stopped(&mut self, now: Time) {
        self.stopped.get_or_insert(now);
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            period: value["period"].as_str()?.parse().ok()?,
            host: value["hostname"].as_str().map(str::to_owned),
            port: value["port"].as_u64().and_then(|port| u32::try_from(port).ok()),
            stopped: match &value["stopTime"] {
                Value::Null => None,
                date => Some(parse_date(date.as_str()?)?),
            },
        })
    }
}

fn date<S: Serializer>(at: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(print_date).serialize(serializer)
}

/// `yyyy-MM-dd HH:mm:ss.S`; local time in the original, UTC here.
fn print_date(at: Time) -> String {
    let (year, month, day, hour, minute, second, milli) = at.utc();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milli}")
}

fn parse_date(text: &str) -> Option<Time> {
    let (date, time) = text.split_once(' ')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.split([':', '.']).map(|part| part.parse::<u64>().ok());
    let (hour, minute, second, milli) = (time.next()??, time.next()??, time.next()??, time.next()??);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days of the proleptic Gregorian calendar, counted from March so that the leap day comes last.
    let shifted = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468;
    let seconds =
        u64::try_from(days).ok()? * 86_400 + hour.min(23) * 3600 + minute.min(59) * 60 + second.min(60);
    Some(Time::from_millis(seconds * 1000 + milli.min(999)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn holds_for_ten_minutes_after_the_first_stop() {
        let mut stickiness = Stickiness::default();
        let at = |seconds| Time::SIM_START + Duration::from_secs(seconds);
        stickiness.stopped(at(0));
        assert!(!stickiness.holds(at(1)), "never placed");
        stickiness.started("slave0", Some(31001));
        assert!(!stickiness.holds(at(1)), "runs");
        stickiness.stopped(at(10));
        stickiness.stopped(at(300));
        assert!(stickiness.holds(at(609)) && !stickiness.holds(at(610)));
    }

    #[test]
    fn survives_the_document() {
        let mut stickiness = Stickiness::default();
        assert_eq!(Stickiness::from_json(&json!(stickiness)), Some(stickiness.clone()));
        stickiness.started("slave0", Some(31001));
        for millis in [951_782_400_005, 1_456_790_400_250, 1_483_228_799_999] {
            let mut stopped = stickiness.clone();
            stopped.stopped(Time::from_millis(millis));
            assert_eq!(Stickiness::from_json(&json!(stopped)), Some(stopped));
        }
        assert_eq!(parse_date("2016-13-01 00:00:00.0"), None);
    }
}
