//! The scenario file: what cluster, which stack, what is sent through it, what must come of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cluster::ClusterSpec;

/// Where the control and data plane come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Its name: the file's, without the ending.
    #[serde(skip)]
    pub name: String,
    /// One or two sentences: what it shows.
    pub about: String,
    /// The cluster; three agents of 4 cpus and 16 GB by default.
    #[serde(default)]
    pub cluster: ClusterSpec,
    /// Services that the lab runs before anything is deployed, as a platform that has them would.
    #[serde(default)]
    pub already_running: Vec<Already>,
    /// The stack file, relative to `fixtures/stacks`, or, if it is not there, any path with a slash in it.
    pub stack: PathBuf,
    /// Variables given to the run. `{zk}`, `{kafka-zk}` and `{cassandra}` stand for the lab's own addresses.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The traces sent through it, if any.
    #[serde(default)]
    pub traces: Option<TracesSpec>,
    /// What must come of it.
    #[serde(default)]
    pub expect: Expect,
    /// Backends on which it does not run, each with the reason.
    #[serde(default)]
    pub not_on: BTreeMap<Backend, String>,
}

/// A service that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Already {
    /// One broker, with its ZooKeeper the platform's, under the chroot `/kafka`.
    Kafka,
    /// One node.
    Cassandra,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// The stack is deployed and all traces are found.
    #[default]
    Deployed,
    /// The deployment fails, and the verdict contains this text.
    Failed(String),
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is no scenario; the text carries line and column.
    #[error("{path}: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's words, with position and the line itself.
        why: String,
    },
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// The file cannot be read, or is no scenario.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|why| ScenarioError::Unreadable { path: path.to_owned(), why })?;
        let malformed = |why: String| ScenarioError::Malformed { path: path.to_owned(), why };
        let mut scenario: Self = serde_saphyr::from_str(&text).map_err(|why| malformed(why.to_string()))?;
        if let Some(problem) = scenario.cluster.problem() {
            return Err(malformed(problem));
        }
        scenario.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(scenario)
    }

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
            expect: Expect::Deployed,
            not_on: BTreeMap::new(),
        }
    }
}
