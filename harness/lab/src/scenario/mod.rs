//! The scenario file: what cluster, which stack, what is done with it, what goes wrong, what must come of it.

mod cause;
mod error;
mod file;
#[cfg(test)]
mod schema_tests;
mod sentence;
mod step;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stacklab_faults::Fault;

pub use cause::Cause;
pub use error::{Mistake, ScenarioError};
pub use file::KEYS;
pub use sentence::{NoStep, parse as parse_step, sentences};
pub use step::{Condition, PATIENCE, Step};

use crate::cluster::ClusterSpec;

/// Where the control and data plane come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// Everything in this process, real sockets.
    Embedded,
    /// The control plane in this process, the data plane in containers.
    Docker,
    /// Everything modelled, in virtual time.
    Sim,
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Docker => "docker",
            Self::Sim => "sim",
        })
    }
}

/// One scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name: the file's, without the ending.
    pub name: String,
    /// One or two sentences: what it shows.
    pub about: String,
    /// The cluster; three agents of 4 cpus and 16 GB by default.
    pub cluster: ClusterSpec,
    /// Services that the lab runs before anything is deployed, as a platform that has them would.
    pub already_running: Vec<Already>,
    /// The stack file, relative to `fixtures/stacks`, or, if it is not there, any path with a slash in it.
    pub stack: PathBuf,
    /// Variables given to the run. `{zk}`, `{kafka-zk}` and `{cassandra}` stand for the lab's own addresses.
    pub variables: BTreeMap<String, String>,
    /// The traces sent through it, if any.
    pub traces: Option<TracesSpec>,
    /// What is done, in order; empty stands for a deployment, and its traces.
    pub steps: Vec<Step>,
    /// What goes wrong meanwhile.
    pub faults: Vec<Fault>,
    /// What must come of it.
    pub expect: Expect,
    /// Steps after which the stack is deployed all the same.
    pub cure: Vec<Step>,
    /// Backends on which it does not run, each with the reason.
    pub not_on: BTreeMap<Backend, String>,
}

/// A service that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Already {
    /// One broker, with its ZooKeeper the platform's, under the chroot `/kafka`.
    Kafka,
    /// One node.
    Cassandra,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TracesSpec {
    /// Topic; by default the collector's `KAFKA_TOPIC` in the stack file.
    #[serde(default)]
    pub topic: Option<String>,
    /// Whether genTraces' three messages are among them.
    #[serde(default)]
    pub gen_traces: bool,
    /// How many seconds of go-zipkin's sample: one trace each.
    #[serde(default)]
    pub go_zipkin: u32,
    /// How many traces of the seeded load.
    #[serde(default)]
    pub load: u32,
    /// What they are drawn from: the scenario's, not the run's, as its snapshot shows them whatever the run's seed is.
    #[serde(default = "default_seed")]
    pub seed: u64,
}

const fn default_seed() -> u64 {
    1
}

/// The expected end.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Expect {
    /// The stack is deployed and all traces are found.
    #[default]
    Deployed,
    /// The deployment fails, and this is the innermost cause.
    Failed(Cause),
}

impl Scenario {
    /// A scenario for a stack file of the user's: the usual cluster, and traces if the stack has a collector.
    pub fn of_stack(path: &Path) -> Self {
        Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            about: format!("{} as it is", path.display()),
            cluster: ClusterSpec::default(),
            already_running: Vec::new(),
            stack: path.to_owned(),
            variables: BTreeMap::from([("zk_url".to_owned(), "{zk}".to_owned())]),
            traces: Some(TracesSpec { topic: None, gen_traces: true, go_zipkin: 0, load: 10, seed: 1 }),
            steps: Vec::new(),
            faults: Vec::new(),
            expect: Expect::Deployed,
            cure: Vec::new(),
            not_on: BTreeMap::new(),
        }
    }

    /// Its steps; those that go without saying if it names none.
    pub fn steps(&self) -> Vec<Step> {
        if !self.steps.is_empty() {
            return self.steps.clone();
        }
        let mut steps = vec![Step::Deploy { stack: None, again: false, fails: false }];
        if self.traces.is_some() {
            steps.push(Step::SendTraces);
        }
        steps
    }
}
