//! What is wrong with services for a while: those that stay away, answer with errors, take no writes.

use std::time::Duration;

use tokio::time::Instant;

use super::{Mishaps, Party};

/// A service, as far as plans name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceParty {
    /// `kafka`, `zipkin-query`, …
    pub kind: String,
    /// Whose it is.
    pub owner: Party,
}

impl ServiceParty {
    /// Whether this service is meant: by its kind or how that begins, or by its task.
    pub fn is(&self, wanted: &str) -> bool {
        self.kind == wanted || self.kind.starts_with(&format!("{wanted}-")) || self.owner.is(wanted)
    }

    /// The service as an end of a link or an HTTP server.
    pub(crate) fn party(&self) -> Party {
        let name = format!("{} {}", self.kind, self.owner.name);
        Party { name, ..self.owner.clone() }
    }
}

#[derive(Debug)]
pub(super) enum Rule {
    /// It does not start before this, or ever.
    Away(String, Option<Instant>),
    /// So many requests are answered with this error.
    Error(String, i16, u32),
    /// Writes time out until then.
    NoWrites(String, Instant),
}

impl Mishaps {
    /// What is started of a service stays away for so long; for ever without.
    pub fn keep_away(&self, service: &str, lasts: Option<Duration>) {
        let until = lasts.map(|lasts| Instant::now() + lasts);
        self.arm().services.push(Rule::Away(service.to_owned(), until));
    }

    /// So many requests to a service are answered with an error of its protocol.
    pub fn answer_errors(&self, service: &str, code: i16, times: u32) {
        self.arm().services.push(Rule::Error(service.to_owned(), code, times));
    }

    /// Writes to a service time out for so long.
    pub fn time_out_writes(&self, service: &str, lasts: Duration) {
        self.arm().services.push(Rule::NoWrites(service.to_owned(), Instant::now() + lasts));
    }

    /// Waits until a service may start.
    pub(crate) async fn may_start(&self, service: &ServiceParty) {
        loop {
            let now = Instant::now();
            let until = if self.armed() { self.away_until(service, now) } else { None };
            match until {
                None => return,
                Some(None) => std::future::pending().await,
                Some(Some(until)) => tokio::time::sleep_until(until).await,
            }
        }
    }

    fn away_until(&self, service: &ServiceParty, now: Instant) -> Option<Option<Instant>> {
        self.rules().services.iter().find_map(|rule| match rule {
            Rule::Away(wanted, until) if service.is(wanted) && until.is_none_or(|until| until > now) => {
                Some(*until)
            }
            _ => None,
        })
    }

    /// The error that a request to a service is to be answered with.
    pub(crate) fn error_for(&self, service: &ServiceParty) -> Option<i16> {
        if !self.armed() {
            return None;
        }
        self.rules().services.iter_mut().find_map(|rule| match rule {
            Rule::Error(wanted, code, left @ 1..) if service.is(wanted) => {
                *left -= 1;
                Some(*code)
            }
            _ => None,
        })
    }

    /// Whether writes to a service time out at this moment.
    pub(crate) fn writes_time_out(&self, service: &ServiceParty) -> bool {
        let now = Instant::now();
        self.armed()
            && self.rules().services.iter().any(
                |rule| matches!(rule, Rule::NoWrites(wanted, until) if service.is(wanted) && *until > now),
            )
    }

    /// A program's ZooKeeper session is over: its next operation says so, and the one after that opens another.
    pub fn expire_session(&self, of: &str) {
        self.arm().expired.push(of.to_owned());
    }

    /// Whether a program's session is over; asked once for each time.
    pub(crate) fn session_expired(&self, of: &Party) -> bool {
        if !self.armed() {
            return false;
        }
        let expired = &mut self.rules().expired;
        let at = expired.iter().position(|wanted| of.is(wanted));
        at.map(|at| expired.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_by_kind_and_task() {
        let service =
            |kind: &str| ServiceParty { kind: kind.into(), owner: Party::new("agent-1", "broker-70", "x") };
        assert!(service("kafka").is("kafka") && service("kafka").is("broker-70"));
        assert!(service("zipkin-query").is("zipkin") && service("zipkin-query").is("zipkin-query"));
        assert!(!service("zipkin-query").is("zip") && !service("kafka").is("cassandra"));
    }

    #[tokio::test]
    async fn errors_are_counted_and_absence_ends() {
        let (mishaps, party) = (Mishaps::default(), Party::new("agent-1", "broker-70", "x"));
        let kafka = ServiceParty { kind: "kafka".into(), owner: party.clone() };
        mishaps.may_start(&kafka).await;
        mishaps.answer_errors("kafka", 6, 2);
        let seen: Vec<_> = (0..3).map(|_| mishaps.error_for(&kafka)).collect();
        assert_eq!(seen, [Some(6), Some(6), None]);
        mishaps.keep_away("kafka", Some(Duration::from_millis(20)));
        let begun = Instant::now();
        mishaps.may_start(&kafka).await;
        assert!(begun.elapsed() >= Duration::from_millis(20));
        mishaps.time_out_writes("cassandra", Duration::from_secs(9));
        assert!(!mishaps.writes_time_out(&kafka));
        mishaps.expire_session("broker-70");
        assert!(mishaps.session_expired(&party) && !mishaps.session_expired(&party));
    }
}
