//! A Cassandra node as DSE-Mesos remembers it, and its JSON document (0.2.0.0).

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::cluster::Ring;
use super::ports::Reservation;
use crate::base::{Constraints, Dialect, Period, TextMap};
use crate::kafka::Stickiness;
use crate::kafka::document::{Fault, Node as Document};

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum State {
    Idle,
    Starting,
    Running,
    Stopping,
    Reconciling,
}

impl State {
    /// Its text in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Reconciling => "reconciling",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Idle, Self::Starting, Self::Running, Self::Stopping, Self::Reconciling]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Id, a whole number as text.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// Id of its cluster.
    pub cluster: String,
    /// Remembered host.
    pub stickiness: Stickiness,
    /// Where it was launched.
    pub runtime: Option<Runtime>,
    /// CPUs.
    pub cpu: f64,
    /// Memory, MB.
    pub mem: i64,
    /// Whether others find the cluster through it.
    pub seed: bool,
    /// Address of a dead node whose place it takes.
    pub replace_address: Option<String>,
    /// JVM options of the executor.
    pub jvm_options: Option<String>,
    /// Rack.
    pub rack: String,
    /// Data centre.
    pub dc: String,
    /// Placement constraints.
    pub constraints: Constraints,
    /// Placement constraints among seed nodes.
    pub seed_constraints: Constraints,
    /// Data directories, comma list.
    pub data_file_dirs: Option<String>,
    /// Commit log directory.
    pub commit_log_dir: Option<String>,
    /// Directory of saved caches.
    pub saved_caches_dir: Option<String>,
    /// Additions to `cassandra.yaml`.
    pub yaml: TextMap,
}

/// A launched node's place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Runtime {
    /// Task id, `cassandra-<id>-<ms>`.
    pub task_id: String,
    /// Executor id, `cassandra-<id>-<ms>`.
    pub executor_id: String,
    /// Agent id.
    pub slave_id: String,
    /// The offer's host.
    pub hostname: String,
    /// Its address, known from RUNNING on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Addresses of the seed nodes at the time of the launch.
    pub seeds: Vec<String>,
    /// Text attributes of the agent.
    pub attributes: BTreeMap<String, String>,
    /// Resources.
    pub reservation: Reservation,
}

impl Node {
    /// A node with the original's defaults, in the default cluster.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            state: State::Idle,
            cluster: super::cluster::DEFAULT.to_owned(),
            stickiness: Stickiness::new(Period::minutes(30)),
            runtime: None,
            cpu: 0.5,
            mem: 512,
            seed: false,
            replace_address: None,
            jvm_options: None,
            rack: "default".to_owned(),
            dc: "default".to_owned(),
            constraints: Constraints::default(),
            seed_constraints: Constraints::default(),
            data_file_dirs: None,
            commit_log_dir: None,
            saved_caches_dir: None,
            yaml: TextMap::default(),
        }
    }

    /// Whether this is the task it was launched with.
    pub fn has_task(&self, task_id: &str) -> bool {
        self.runtime.as_ref().is_some_and(|runtime| runtime.task_id == task_id)
    }

    /// Its document; `ring` is its whole cluster for the API and the executor, and nothing for the state
    /// document, which names the cluster only.
    pub fn shown<'a>(&'a self, ring: Option<&'a Ring>) -> Shown<'a> {
        Shown { node: self, ring }
    }

    /// A node out of its document, in which the cluster is its id, or a whole object if `expanded`.
    ///
    /// # Errors
    /// The first field that is missing or unreadable.
    pub fn from_json(node: &Value, expanded: bool) -> Result<Self, Fault> {
        let node = Document::of(node)?;
        let constraints = |field: &str| {
            let list = node.optional_text(field).map(|text| Constraints::parse(text, Dialect::AllAndAtMost));
            list.transpose().map(Option::unwrap_or_default).map_err(|_| Fault::at(field))
        };
        let text = |field: &str| node.optional_text(field).map(str::to_owned);
        let mut yaml = TextMap::default();
        if let Some(entries) = node.optional("cassandraDotYaml") {
            for (key, value) in entries.as_object().ok_or_else(|| Fault::at("cassandraDotYaml"))? {
                yaml.insert(key, value.as_str().map(str::to_owned));
            }
        }
        Ok(Self {
            id: node.text("id")?,
            state: State::from_name(&node.text("state")?).ok_or_else(|| Fault::at("state"))?,
            cluster: if expanded {
                Ring::from_json(node.required("cluster")?)?.id
            } else {
                node.text("cluster")?
            },
            stickiness: Stickiness::from_json(node.required("stickiness")?)?,
            runtime: node.optional("runtime").map(Runtime::from_json).transpose()?,
            cpu: node.number("cpu")?,
            mem: node.whole("mem")?,
            seed: node.flag("seed")?,
            replace_address: text("replaceAddress"),
            jvm_options: text("jvmOptions"),
            rack: node.text("rack")?,
            dc: node.text("dc")?,
            constraints: constraints("constraints")?,
            seed_constraints: constraints("seedConstraints")?,
            data_file_dirs: text("dataFileDirs"),
            commit_log_dir: text("commitLogDir"),
            saved_caches_dir: text("savedCachesDir"),
            yaml,
        })
    }
}

/// A node with its whole cluster, or with its cluster's id only.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    node: &'a Node,
    ring: Option<&'a Ring>,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { node, ring } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &node.id)?;
        map.serialize_entry("state", &node.state)?;
        match ring {
            Some(ring) => map.serialize_entry("cluster", ring)?,
            None => map.serialize_entry("cluster", &node.cluster)?,
        }
        map.serialize_entry("stickiness", &node.stickiness)?;
        optional(&mut map, "runtime", node.runtime.as_ref())?;
        map.serialize_entry("cpu", &node.cpu)?;
        map.serialize_entry("mem", &node.mem)?;
        map.serialize_entry("seed", &node.seed)?;
        optional(&mut map, "replaceAddress", node.replace_address.as_ref())?;
        optional(&mut map, "jvmOptions", node.jvm_options.as_ref())?;
        map.serialize_entry("rack", &node.rack)?;
        map.serialize_entry("dc", &node.dc)?;
        let constraints = [("constraints", &node.constraints), ("seedConstraints", &node.seed_constraints)];
        for (key, constraints) in constraints {
            optional(&mut map, key, Some(constraints).filter(|some| !some.is_empty()))?;
        }
        optional(&mut map, "dataFileDirs", node.data_file_dirs.as_ref())?;
        optional(&mut map, "commitLogDir", node.commit_log_dir.as_ref())?;
        optional(&mut map, "savedCachesDir", node.saved_caches_dir.as_ref())?;
        optional(&mut map, "cassandraDotYaml", Some(&node.yaml).filter(|yaml| !yaml.is_empty()))?;
        map.end()
    }
}

fn optional<M: SerializeMap>(map: &mut M, key: &str, value: Option<&impl Serialize>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, value))
}

impl Runtime {
    fn from_json(node: &Value) -> Result<Self, Fault> {
        let node = Document::of(node)?;
        let seeds: Option<_> =
            node.list("seeds")?.iter().map(|seed| seed.as_str().map(str::to_owned)).collect();
        Ok(Self {
            task_id: node.text("taskId")?,
            executor_id: node.text("executorId")?,
            slave_id: node.text("slaveId")?,
            hostname: node.text("hostname")?,
            address: node.optional_text("address").map(str::to_owned),
            seeds: seeds.ok_or_else(|| Fault::at("seeds"))?,
            attributes: node.texts("attributes")?,
            reservation: Reservation::from_json(node.required("reservation")?)?,
        })
    }
}
