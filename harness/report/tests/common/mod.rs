//! What several tests report on.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::time::Duration;

use stacklab_diagnosis::{Code, Diagnosis, Evidence, Finding};
use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, EventId, What};
use stacklab_report::{Outcome, Run};

/// A name that breaks pages which do not take it as text.
pub(crate) const HOSTILE: &str = r#"<img src=x onerror="document.title='owned'">"#;

fn evidence(text: &str, events: &[u64]) -> Evidence {
    Evidence { text: text.into(), events: events.iter().copied().map(EventId).collect() }
}

/// A leftover znode, as a chain of two.
pub(crate) fn diagnosis() -> Diagnosis {
    let refused = evidence("Framework has been removed", &[2]);
    let leftover = Finding {
        code: Some(Code(1)),
        text: "/exhibitor-mesos holds framework id F-0001, which Mesos has completed".into(),
        evidence: vec![evidence("read /exhibitor-mesos", &[1]), evidence("refused F-0001", &[2])],
    };
    let seen =
        Finding { code: None, text: "exhibitor-mesos never subscribed".into(), evidence: vec![refused] };
    Diagnosis {
        chain: vec![seen, leftover],
        cure: vec!["delete znode /exhibitor-mesos".into(), "deploy again".into()],
    }
}

/// A run that was recorded: Cassandra was asked 40,000 MB for. Most of what repeats was taken out of its timeline.
pub(crate) struct Recorded {
    pub(crate) events: Vec<Event>,
    diagnosis: Diagnosis,
}

impl Recorded {
    pub(crate) fn read() -> Self {
        let text = include_str!("../data/not-enough-memory.jsonl");
        let events: Vec<Event> =
            text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
        let declined = |event: &&Event| match &event.what {
            What::OfferDeclined { refusals, .. } => refusals.iter().any(|r| r.reason.contains("mem < 40000")),
            _ => false,
        };
        let declines: Vec<u64> = events.iter().filter(declined).map(|event| event.id.0).collect();
        let last = events.iter().find(|event| matches!(event.what, What::StackFinished { .. })).unwrap().id.0;
        let memory = Finding {
            code: Some(Code(10)),
            text: "node 70 asks for 40000 MB of memory, and no agent has more than 16384 MB".into(),
            evidence: vec![
                evidence(
                    "127.77.1.11, 127.77.1.12 and 127.77.1.13 declined: node 70: mem < 40000",
                    &declines,
                ),
                evidence("the largest offer was cpus:4.0 mem:16384.0 of 127.77.1.11", &declines[..1]),
            ],
        };
        let seen = Finding {
            code: None,
            text: "The stack zipkin-full was not deployed: dse-mesos never ran".into(),
            evidence: vec![evidence("node 70 of dse-mesos-0.2.x finds no place on any agent", &[last])],
        };
        let cure = vec![
            "give an agent 40000 MB of memory or more, or".into(),
            "ask for less: mem in applications.dse-mesos.tasks.seed of the stack file".into(),
        ];
        Self { events, diagnosis: Diagnosis { chain: vec![seen, memory], cure } }
    }

    /// The same with its events repeated until there are so many.
    pub(crate) fn grown_to(mut self, count: usize) -> Self {
        let pattern = self.events.clone();
        let (first, last) = (pattern[0].at.as_micros(), pattern[pattern.len() - 1].at.as_micros());
        let mut round = 1;
        while self.events.len() < count {
            for event in pattern.iter().take(count - self.events.len()) {
                let at = Time::from_micros(event.at.as_micros() + round * (last - first));
                let id = EventId(event.id.0 + round * 1_000_000);
                self.events.push(Event { id, at, cause: None, ..event.clone() });
            }
            round += 1;
        }
        self
    }

    /// Each text of each event breaks pages which do not take it as text.
    pub(crate) fn hostile() -> Self {
        let text = || HOSTILE.to_owned();
        let whats = [
            What::StepStarted { step: text() },
            What::Log { line: "</script><script>document.title='owned'</script><!--".into() },
            What::AgentRegistered { agent: text(), host: text(), resources: "cpus:4; mem:1000".into() },
            What::TaskLaunched {
                task: text(),
                name: text(),
                framework: text(),
                agent: text(),
                host: text(),
                resources: text(),
            },
            What::ServiceReady { task: text(), service: text(), address: text() },
            What::ZnodeWritten { server: text(), path: format!("/{HOSTILE}"), version: 0 },
            What::Observed {
                subject: text(),
                value: serde_json::json!({ HOSTILE: HOSTILE, "__proto__": [] }),
            },
            What::FaultFired { fault: text() },
        ];
        let event = |(place, what)| Event {
            id: EventId(place as u64 + 1),
            at: Time::SIM_START,
            who: text(),
            cause: None,
            what,
        };
        let events = whats.into_iter().enumerate().map(event).collect();
        let finding = Finding { code: Some(Code(1)), text: text(), evidence: vec![evidence(HOSTILE, &[1])] };
        Self { events, diagnosis: Diagnosis { chain: vec![finding.clone(), finding], cure: vec![text()] } }
    }

    pub(crate) fn run(&self) -> Run<'_> {
        Run {
            scenario: "not-enough-memory",
            about: "Cassandra is asked for with more memory than any agent has.",
            backend: "embedded",
            seed: 1,
            outcome: Outcome::Failed,
            verdict: "node 70 of dse-mesos-0.2.x finds no place on any agent:\n  127.77.1.11 offered cpus:4.0 mem:16384.0: node 70: mem < 40000 (declined 43 times)",
            took: Duration::from_millis(2500),
            events: &self.events,
            diagnosis: Some(&self.diagnosis),
            replay: "cargo xtask repro not-enough-memory",
            difference: None,
            hits: &[],
        }
    }
}
