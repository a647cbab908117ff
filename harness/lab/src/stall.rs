//! Sees from the timeline that a deployment waits for something that will not come: an instance that every agent
//! has refused again and again while nothing else changed. The originals wait on; the lab stops and says why.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_diagnosis::{Code, settled};
use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, What};

/// How often every agent must have been refused, with nothing changing meanwhile.
const REFUSALS: usize = 3;

/// An instance that finds no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starved {
    /// Whose it is, as the timeline names it: `dse-mesos-0.2.x`.
    pub framework: String,
    /// Which: `node 70`.
    pub instance: String,
    /// For each agent: its host, what it offered last, and why that did not do.
    pub refused: Vec<Refused>,
}

/// One agent's last offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Host name.
    pub host: String,
    /// What it offered.
    pub offered: String,
    /// The framework's words.
    pub reason: String,
    /// How often it was refused.
    pub times: usize,
}

impl Starved {
    /// The whole explanation, cause first.
    pub fn explain(&self) -> String {
        let mut text = format!("{} of {} finds no place on any agent:", self.instance, self.framework);
        for refused in &self.refused {
            text.push_str(&format!(
                "\n  {} offered {}: {} (declined {} times)",
                refused.host, refused.offered, refused.reason, refused.times
            ));
        }
        text
    }
}

/// Whether a timeline shows a cause that keeps a deployment from its end for ever. What shows it twice, with a while
/// between, is certain.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Suspicion(Option<Code>);

impl Suspicion {
    /// Looks once more: whether what was suspected before is so still.
    pub(crate) fn is_confirmed(&mut self, events: &[Event]) -> bool {
        let found = settled(events);
        let before = std::mem::replace(&mut self.0, found);
        found.is_some() && found == before
    }
}

/// The instances that find no place at the end of these events.
///
/// `quiet` is how long nothing must have changed: longer than any wait that is only there to be lived through, so
/// that a place that is about to become free is not missed.
pub fn starved(events: &[Event], now: Time, quiet: Duration) -> Vec<Starved> {
    let hosts = agents(events);
    let changed = events.iter().rposition(|event| changes_something(&event.what));
    let since = changed.map_or(0, |index| index + 1);
    let last_change = changed.and_then(|index| events.get(index)).map_or(Time::ZERO, |event| event.at);
    if hosts.is_empty() || now.since(last_change) < quiet {
        return Vec::new();
    }
    let mut waiting: BTreeMap<(String, String), BTreeMap<String, Refused>> = BTreeMap::new();
    for event in &events[since..] {
        let What::OfferDeclined { host, offered, refusals, .. } = &event.what else { continue };
        for refusal in
            refusals.iter().filter(|refusal| !refusal.instance.is_empty() && !passes(&refusal.reason))
        {
            let by_host = waiting.entry((event.who.clone(), refusal.instance.clone())).or_default();
            let times = by_host.get(host).map_or(0, |refused| refused.times) + 1;
            let (offered, reason) = (offered.clone(), refusal.reason.clone());
            by_host.insert(host.clone(), Refused { host: host.clone(), offered, reason, times });
        }
    }
    let everywhere = |refused: &BTreeMap<String, Refused>| {
        hosts.iter().all(|host| refused.get(host).is_some_and(|refused| refused.times >= REFUSALS))
    };
    let of = |((framework, instance), refused): ((String, String), BTreeMap<String, Refused>)| Starved {
        framework,
        instance,
        refused: refused.into_values().collect(),
    };
    waiting.into_iter().filter(|(_, refused)| everywhere(refused)).map(of).collect()
}

/// Hosts of the agents that are there, each once.
pub(crate) fn agents(events: &[Event]) -> Vec<String> {
    let mut hosts = Vec::new();
    for event in events {
        match &event.what {
            What::AgentRegistered { host, .. } if !hosts.contains(host) => hosts.push(host.clone()),
            What::AgentLost { host, .. } => hosts.retain(|known| known != host),
            _ => {}
        }
    }
    hosts
}

/// Events after which an offer may look different, or be looked at differently.
fn changes_something(what: &What) -> bool {
    matches!(
        what,
        What::AgentRegistered { .. }
            | What::AgentLost { .. }
            | What::FrameworkSubscribed { .. }
            | What::FrameworkRemoved { .. }
            | What::FrameworkDisconnected { .. }
            | What::TaskLaunched { .. }
            | What::TaskStatus { .. }
            | What::InstanceState { .. }
            | What::ServiceStarted { .. }
            | What::ServiceReady { .. }
            | What::ServiceExited { .. }
            | What::AppCreated { .. }
            | What::AppRemoved { .. }
            | What::HealthChanged { .. }
            | What::FaultFired { .. }
    )
}

/// Reasons that go away with time.
fn passes(reason: &str) -> bool {
    reason.contains("stickiness") || reason.contains("sticky") || reason.contains("waiting to restart")
}

#[cfg(test)]
mod tests {
    use super::*;
    use stacklab_machine::timeline::{EventId, Refusal};

    fn event(at_ms: u64, what: What) -> Event {
        Event { id: EventId(at_ms), at: Time::from_millis(at_ms), who: "dse".into(), cause: None, what }
    }

    fn registered(at_ms: u64, host: &str) -> Event {
        let (agent, resources) = (format!("S-{host}"), "mem:16384".into());
        event(at_ms, What::AgentRegistered { agent, host: host.into(), resources })
    }

    fn declined(at_ms: u64, host: &str, reason: &str) -> Event {
        let refusals = vec![Refusal { instance: "node 70".into(), reason: reason.into() }];
        let (offer, offered) = (format!("O{at_ms}"), "mem:16384".into());
        event(at_ms, What::OfferDeclined { offer, host: host.into(), offered, refusals })
    }

    #[test]
    fn tells_when_every_agent_was_refused_often_enough() {
        let mut events = vec![registered(1, "a"), registered(2, "b")];
        for at in 1..=3 {
            events.push(declined(at * 10, "a", "node 70: mem < 40000"));
            events.push(declined(at * 10 + 1, "b", "node 70: mem < 40000"));
        }
        let quiet = Duration::from_secs(1);
        let found = starved(&events, Time::from_millis(2000), quiet);
        assert_eq!(
            found[0].explain(),
            "node 70 of dse finds no place on any agent:\n  a offered mem:16384: node 70: mem < 40000 (declined 3 \
             times)\n  b offered mem:16384: node 70: mem < 40000 (declined 3 times)"
        );
        assert_eq!(starved(&events, Time::from_millis(900), quiet), [], "not long enough");
        assert_eq!(starved(&events[..7], Time::from_millis(2000), quiet), [], "b was refused twice only");
        events.push(registered(40, "c"));
        assert_eq!(starved(&events, Time::from_millis(2000), quiet), [], "a new agent may do");
    }

    #[test]
    fn waits_for_what_passes_by_itself() {
        let mut events = vec![registered(1, "a")];
        events.extend((1..9).map(|at| declined(at * 10, "a", "node 70: hostname != stickiness hostname")));
        assert_eq!(starved(&events, Time::from_millis(5000), Duration::from_secs(1)), []);
    }
}
