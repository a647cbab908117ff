//! The plan, as it stands in a scenario file.

#![allow(missing_docs, reason = "the fields of reactions say what they are")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One planned fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    /// When it happens.
    #[serde(flatten)]
    pub when: When,
    /// So many seconds later, counted at the original's pace.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: f64,
    /// What happens.
    #[serde(rename = "do")]
    pub reaction: Reaction,
    /// How often.
    #[serde(default, skip_serializing_if = "is_once")]
    pub times: Times,
    /// Each time with this probability, drawn from the fault's own stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Whether it may never happen: a fault that did not fails the scenario otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Left out of this run: it neither happens nor draws.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
}

impl Fault {
    /// A reaction that happens once.
    pub const fn new(when: When, reaction: Reaction) -> Self {
        Self {
            when,
            after: 0.0,
            reaction,
            times: Times::Count(1),
            probability: None,
            optional: false,
            off: false,
        }
    }

    /// Once, so many seconds after the run began.
    pub const fn at(seconds: f64, reaction: Reaction) -> Self {
        Self::new(When::At(seconds), reaction)
    }

    /// Once, at the first such event.
    pub const fn on(pattern: Pattern, reaction: Reaction) -> Self {
        Self::new(When::On(pattern), reaction)
    }
}

fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

fn is_once(times: &Times) -> bool {
    *times == Times::Count(1)
}

/// The condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// So many seconds after the run began, at the original's pace.
    At(f64),
    /// When such an event is in the timeline.
    On(Pattern),
}

/// An event of the timeline: its kind, and what its fields hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// The event's name: `task-launched`.
    pub event: String,
    /// Fields (`who` is one), each with the text that it must contain, or the number that it must be.
    #[serde(flatten)]
    pub fields: BTreeMap<String, Field>,
}

impl Pattern {
    /// Events of a kind.
    pub fn event(kind: &str) -> Self {
        Self { event: kind.to_owned(), fields: BTreeMap::new() }
    }

    /// Only those in which a field contains this text.
    #[must_use]
    pub fn with(mut self, field: &str, text: &str) -> Self {
        self.fields.insert(field.to_owned(), Field::Text(text.to_owned()));
        self
    }
}

/// What a field must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Field {
    /// True or false.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text that is contained; a whole one with `=` before it.
    Text(String),
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Times {
    /// Each time, but at most [`ALWAYS`](crate::ALWAYS) times.
    Always,
    /// So often.
    #[serde(untagged)]
    Count(u32),
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

/// One direction of a link between two places: `agent-1`, `lab`, a task's name, or `any`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Link {
    /// Who sends.
    pub from: String,
    /// Who hears.
    pub to: String,
}

/// What happens. Tasks are named by a text that their name or id contains; agents by name (`agent-2`) or by the task
/// that runs there (`agent of broker-70`); frameworks by name; services as `zookeeper`, `kafka`, `cassandra`, by the task
/// that they belong to, or `platform` for the cluster's own ZooKeeper. Durations are in seconds at the original's pace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Reaction {
    /// A task ends with TASK_FAILED.
    FailTask {
        task: String,
        #[serde(default)]
        message: Option<String>,
    },
    /// A task is lost: TASK_LOST, and nothing runs any more.
    LoseTask { task: String },
    /// The next task of this name never leaves TASK_STAGING.
    HangTask { task: String },
    /// The next task of this name starts so much later.
    DelayTask { task: String, by: f64 },
    /// A task is killed from outside.
    KillTask { task: String },
    /// An agent is gone; `back` brings it again after so long, with or without its sandboxes.
    LoseAgent {
        agent: String,
        #[serde(default)]
        back: Option<f64>,
        #[serde(default)]
        without_sandboxes: bool,
    },
    /// An agent and the master do not hear each other for so long.
    PartitionAgent { agent: String, lasts: f64 },
    /// Nothing of an agent moves for so long.
    PauseAgent { agent: String, lasts: f64 },
    /// The master ends and another takes its place after so long.
    FailOverMaster {
        #[serde(default)]
        after: f64,
    },
    /// A framework's connection is cut; it comes back by itself.
    DisconnectFramework { framework: String },
    /// Another scheduler takes the framework's id.
    FailOverFramework { framework: String },
    /// The framework is torn down, as an operator does.
    TearDownFramework { framework: String },
    /// All open offers of a framework are taken back; `next` also those that it is about to accept.
    RescindOffers { framework: String },
    /// Somebody else takes these resources of an agent (`cpus:2;mem:1000;ports:[31150-31150]`).
    TakeResources { agent: String, resources: String },
    /// A process outside Mesos listens on a port of an agent.
    TakePort { agent: String, port: u16 },
    /// An artifact cannot be had any more.
    MissArtifact { name: String },
    /// An artifact takes so long from now on.
    SlowArtifact { name: String, by: f64 },
    /// An artifact comes, but not whole.
    CorruptArtifact { name: String },
    /// A program's ZooKeeper session expires.
    ExpireSession { of: String },
    /// A service ends, and stays away for so long (for good without).
    StopService {
        service: String,
        #[serde(default)]
        back: Option<f64>,
    },
    /// The ensemble loses its leader.
    LoseLeader { service: String },
    /// All data of a service is gone, and it starts anew.
    LoseData { service: String },
    /// A service answers so much later, for so long.
    SlowService { service: String, by: f64, lasts: f64 },
    /// A service answers with an error so many times (`code` as its protocol has it).
    AnswerError { service: String, code: i16, times: u32 },
    /// Writes to Cassandra time out for so long.
    TimeOutWrites { service: String, lasts: f64 },
    /// Requests to this address (`marathon`, `master`, a task's name) are answered with this status, so many times.
    AnswerHttp { to: String, status: u16, times: u32 },
    /// Requests to this address are never answered, so many times.
    HangHttp { to: String, times: u32 },
    /// Connections to this address are closed without an answer, so many times.
    CloseHttp { to: String, times: u32 },
    /// A link gets slow for so long.
    DelayLink { link: Link, by: f64, lasts: f64 },
    /// A link carries nothing for so long.
    CutLink { link: Link, lasts: f64 },
    /// A link carries so many bytes a second for so long.
    NarrowLink { link: Link, bytes_per_second: u64, lasts: f64 },
    /// An agent's clock is wrong by so much.
    SkewClock { agent: String, by: f64 },
    /// An agent's disk is full: what writes fails.
    FillDisk { agent: String },
}
