//! The critical path: the slowest chain of services, each started only when the one before served.

use std::fmt;
use std::time::Duration;

use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, What};

/// A chain of starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// The service, and the time from its start until it served.
    pub starts: Vec<(String, Duration)>,
    /// From the first start of the chain until its last service served, with what lies between two of them.
    pub whole: Duration,
}

impl CriticalPath {
    /// The time that was spent waiting for starts.
    pub fn starting(&self) -> Duration {
        self.starts.iter().map(|(_, took)| *took).sum()
    }
}

impl fmt::Display for CriticalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let starts: Vec<String> =
            self.starts.iter().map(|(name, took)| format!("{name} {:.1} s", took.as_secs_f64())).collect();
        let (starting, whole) = (self.starting().as_secs_f64(), self.whole.as_secs_f64());
        write!(f, "{} ({starting:.1} s of {whole:.1} s)", starts.join(" → "))
    }
}

struct Start<'a> {
    service: &'a str,
    from: Moment,
    to: Moment,
}

/// A time, and the event's place in the timeline: what starts in no time at all still ends after it began.
type Moment = (Time, usize);

/// Goes back from the service that served last, each time to the one that served last before that was started.
pub fn critical_path(events: &[Event]) -> CriticalPath {
    let starts = starts(events);
    let mut chain: Vec<&Start<'_>> = Vec::new();
    let mut next = starts.iter().max_by_key(|start| start.to);
    while let Some(start) = next {
        chain.push(start);
        next = starts.iter().filter(|other| other.to < start.from).max_by_key(|other| other.to);
    }
    chain.reverse();
    let whole = match (chain.first(), chain.last()) {
        (Some(first), Some(last)) => last.to.0.since(first.from.0),
        _ => Duration::ZERO,
    };
    let starts =
        chain.iter().map(|start| (start.service.to_owned(), start.to.0.since(start.from.0))).collect();
    CriticalPath { starts, whole }
}

fn starts(events: &[Event]) -> Vec<Start<'_>> {
    let mut open: Vec<(&str, &str, Moment)> = Vec::new();
    let mut starts = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let moment = (event.at, place);
        match &event.what {
            What::ServiceStarted { task, service, .. } => open.push((task, service, moment)),
            What::ServiceReady { task, service, .. } => {
                if let Some(at) = open.iter().rposition(|(t, s, _)| t == task && s == service) {
                    let (_, service, from) = open.swap_remove(at);
                    starts.push(Start { service, from, to: moment });
                }
            }
            What::ServiceExited { task, service, .. } => open.retain(|(t, s, _)| t != task || s != service),
            _ => {}
        }
    }
    starts.sort_by_key(|start| start.from);
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use stacklab_machine::timeline::Timeline;

    #[test]
    fn goes_back_over_what_each_start_waited_for() {
        let mut timeline = Timeline::new();
        let mut at = |seconds: u64, service: &str, ready: bool| {
            let (task, service, address) = (service.to_owned(), service.to_owned(), String::new());
            let what = if ready {
                What::ServiceReady { task, service, address }
            } else {
                What::ServiceStarted { task, service, address }
            };
            timeline.record(Time::from_millis(seconds * 1000), "x", None, what);
        };
        at(1, "zookeeper", false);
        at(1, "cassandra", false);
        at(2, "zookeeper", true);
        at(3, "kafka", false);
        at(5, "kafka", true);
        at(6, "cassandra", true);
        at(7, "zipkin-query", false);
        at(17, "zipkin-query", true);
        let path = critical_path(timeline.events());
        assert_eq!(path.to_string(), "cassandra 5.0 s → zipkin-query 10.0 s (15.0 s of 16.0 s)");
        assert_eq!(critical_path(&[]), CriticalPath::default());
    }

    #[test]
    fn comes_to_an_end_where_a_start_takes_no_time() {
        let mut timeline = Timeline::new();
        for service in ["zookeeper", "kafka"] {
            let (task, address) = (service.to_owned(), String::new());
            let service = service.to_owned();
            let (again, there, addressed) = (task.clone(), service.clone(), address.clone());
            timeline.record(Time::ZERO, "x", None, What::ServiceStarted { task, service, address });
            let ready = What::ServiceReady { task: again, service: there, address: addressed };
            timeline.record(Time::ZERO, "x", None, ready);
        }
        let path = critical_path(timeline.events());
        assert_eq!(path.to_string(), "zookeeper 0.0 s → kafka 0.0 s (0.0 s of 0.0 s)");
    }
}
