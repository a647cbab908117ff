//! The timeline: what happened, when, to whom, caused by what. Progress, verdict, diagnosis, report and snapshot
//! read it and nothing else; recording never makes a run fail.
//!
//! New event kinds and new fields may be added within a version; a change of meaning raises [`VERSION`].

use serde::{Deserialize, Serialize};

use crate::Time;

mod kind;

pub use kind::{fields, kinds};

/// Version of the recorded form.
pub const VERSION: u32 = 1;

/// Number of an event within its run, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub u64);

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// When.
    pub at: Time,
    /// Which machine noted it: `mesos-master`, `marathon`, `agent-1`, `kafka-mesos`, `stack-deploy`, …
    pub who: String,
    /// The event that led to it, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<EventId>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// Why a framework did not take an offer, for one of its instances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// The instance: `broker 70`, `node 70`, `server 70`, `collector instance 0`; empty for the whole offer.
    pub instance: String,
    /// The framework's own words, with its prefix: `node 70: mem < 10000`.
    pub reason: String,
}

/// How far a span came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The producer was told that the broker has it.
    Produced,
    /// It can be fetched from the topic.
    InLog,
    /// The collector's offset is behind it.
    Consumed,
    /// It is in Cassandra.
    Stored,
    /// The query service answers with it.
    Queried,
}

/// What happened. Names and ids are texts as the originals print them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[allow(missing_docs)]
pub enum What {
    /// A run begins.
    RunStarted { scenario: String, backend: String, seed: u64, pace: u32 },
    /// A step of the scenario begins.
    StepStarted { step: String },
    /// A step ended; `error` if not as it should.
    StepFinished { step: String, error: Option<String> },
    /// `who` waits for something: what a person is shown while nothing else happens.
    Waiting { for_what: String },

    /// Stack Deploy begins to run a stack.
    StackStarted { stack: String, zone: String },
    /// An application of the stack goes on: `waiting`, `creating`, `polling`, `tasks`, `running`, `failed`, `skipped`.
    ApplicationState { application: String, state: String, detail: String },
    /// Stack Deploy goes on with something that may not be as its user wants it, and says nothing.
    Warned { text: String },
    /// A task runner made one of its calls and read the answer.
    TaskCall { application: String, task: String, call: String, error: Option<String> },
    /// The run of the stack is over.
    StackFinished { stack: String, error: Option<String> },

    /// One HTTP exchange made by `who`; `status` is absent when none came, and `error` says why. `answer` is the
    /// beginning of a body that may say what is wrong.
    HttpExchange {
        method: String,
        url: String,
        status: Option<u16>,
        error: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
    },

    /// Marathon knows a new app.
    AppCreated { app: String, instances: u32 },
    /// Marathon dropped an app.
    AppRemoved { app: String },
    /// A deployment of Marathon's begins.
    DeploymentStarted { deployment: String, apps: Vec<String> },
    /// It ended.
    DeploymentFinished { deployment: String, success: bool },
    /// A health check changed its mind.
    HealthChanged { app: String, task: String, healthy: bool },
    /// An app's next launch waits for its backoff, in ms.
    LaunchDelayed { app: String, delay_ms: u64 },

    /// An agent registered, with all it has.
    AgentRegistered { agent: String, host: String, resources: String },
    /// An agent is gone.
    AgentLost {
        agent: String,
        host: String,
        #[serde(rename = "why")]
        cause: String,
    },
    /// A framework is connected; `known` if the master knew the id already.
    FrameworkSubscribed { framework: String, name: String, known: bool },
    /// A framework was refused or cut off with an error.
    FrameworkRefused { framework: String, name: String, message: String },
    /// Its connection is gone.
    FrameworkDisconnected { framework: String, name: String },
    /// It is gone for good.
    FrameworkRemoved {
        framework: String,
        name: String,
        #[serde(rename = "why")]
        cause: String,
    },
    /// An offer went out.
    OfferSent { offer: String, framework: String, agent: String, host: String, resources: String },
    /// A framework did not take an offer, and says why.
    OfferDeclined { offer: String, host: String, offered: String, refusals: Vec<Refusal> },
    /// An offer was taken back.
    OfferRescinded {
        offer: String,
        framework: String,
        #[serde(rename = "why")]
        cause: String,
    },
    /// A task is to be launched on an offer.
    TaskLaunched {
        task: String,
        name: String,
        framework: String,
        agent: String,
        host: String,
        resources: String,
    },
    /// A task has a new state.
    TaskStatus {
        task: String,
        framework: String,
        agent: String,
        state: String,
        source: String,
        reason: Option<String>,
        message: Option<String>,
    },

    /// An instance of a framework has a new state (`Stopped` = wanted for Exhibitor and Zipkin).
    InstanceState { framework: String, instance: String, from: String, to: String },
    /// A scheduler read what it had stored: where that is kept (`file:dse-mesos.json`, `zk:host:2181/kafka-mesos`), and
    /// the framework id in it, if there was any.
    StateRead { storage: String, framework: Option<String> },
    /// A line of a log.
    Log { line: String },

    /// An agent begins to fetch so many artifacts for a task.
    FetchStarted { task: String, count: usize },
    /// Artifacts of a task are there.
    ArtifactsFetched { task: String, count: usize },
    /// An artifact cannot be had.
    ArtifactMissing { task: String, uri: String, why: String },
    /// A program runs.
    ProgramStarted { task: String, program: String, host: String },
    /// It ended.
    ProgramExited { task: String, program: String, code: i32 },
    /// A service's process was created.
    ServiceStarted { task: String, service: String, address: String },
    /// A service serves.
    ServiceReady { task: String, service: String, address: String },
    /// A service ended.
    ServiceExited { task: String, service: String, code: i32, message: String },

    /// A node of the ZooKeeper `server` was created or its data changed.
    ZnodeWritten { server: String, path: String, version: i32 },
    /// A node is gone.
    ZnodeDeleted { server: String, path: String },

    /// So many spans have come so far.
    SpansReached { stage: Stage, spans: usize, of: usize },
    /// A span was not found again; `reached` is how far it came.
    SpanMissing { trace: String, span: String, reached: Option<Stage> },

    /// Something that a person would look at, as it was when looked at: what the snapshot is made of.
    Observed { subject: String, value: serde_json::Value },
    /// A planned fault happened.
    FaultFired { fault: String },
    /// The run's verdict.
    Verdict { passed: bool, text: String },
}

/// Takes events in and numbers them.
#[derive(Debug, Default, Clone)]
pub struct Timeline {
    events: Vec<Event>,
}

impl Timeline {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event.
    pub fn record(&mut self, at: Time, who: &str, cause: Option<EventId>, what: What) -> EventId {
        let id = EventId(self.events.len() as u64 + 1);
        self.events.push(Event { id, at, who: who.to_owned(), cause, what });
        id
    }

    /// All events so far, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// One event a line, as JSON, behind a line that names the version.
    pub fn to_json_lines(&self) -> String {
        let mut text = format!("{{\"timeline\":{VERSION}}}\n");
        for event in &self.events {
            // An event holds texts, numbers and JSON values only: there is nothing in it that JSON cannot say.
            text.push_str(&serde_json::to_string(event).unwrap_or_default());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_wrote() {
        let mut timeline = Timeline::new();
        let first = timeline.record(Time::SIM_START, "marathon", None, What::AppRemoved { app: "/a".into() });
        timeline.record(
            Time::SIM_START,
            "kafka-mesos",
            Some(first),
            What::OfferDeclined {
                offer: "O1".into(),
                host: "h".into(),
                offered: "cpus:1".into(),
                refusals: vec![Refusal {
                    instance: "broker 70".into(),
                    reason: "broker 70: cpus < 2".into(),
                }],
            },
        );
        // Its own `cause` must not be taken for the event's.
        let lost = What::AgentLost { agent: "S0".into(), host: "h".into(), cause: "unreachable".into() };
        timeline.record(Time::SIM_START, "mesos-master", Some(first), lost);
        let text = timeline.to_json_lines();
        let back: Vec<Event> = text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(back, timeline.events());
        assert!(text.starts_with("{\"timeline\":1}\n{\"id\":1,"), "{text}");
    }
}
