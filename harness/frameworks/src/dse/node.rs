//! A Cassandra node as DSE-Mesos remembers it, and its JSON document (0.2.0.0).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cluster::Ring;
use super::ports::Reservation;
use crate::base::{Constraints, Dialect, Period, TextMap};
use crate::kafka::Stickiness;
use crate::kafka::document::{Fault, Node as Document};

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq)]
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
    pub fn to_json(&self, ring: Option<&Ring>) -> Value {
        let mut node = Map::new();
        let mut put = |key: &str, value: Value| _ = node.insert(key.to_owned(), value);
        put("id", json!(self.id));
        put("state", json!(self.state.name()));
        put("cluster", ring.map_or_else(|| json!(self.cluster), Ring::to_json));
        put("stickiness", self.stickiness.to_json());
        if let Some(runtime) = &self.runtime {
            put("runtime", runtime.to_json());
        }
        put("cpu", json!(self.cpu));
        put("mem", json!(self.mem));
        put("seed", json!(self.seed));
        let mut optional = |key: &str, text: Option<String>| {
            if let Some(text) = text {
                put(key, json!(text));
            }
        };
        optional("replaceAddress", self.replace_address.clone());
        optional("jvmOptions", self.jvm_options.clone());
        optional("rack", Some(self.rack.clone()));
        optional("dc", Some(self.dc.clone()));
        optional("constraints", (!self.constraints.is_empty()).then(|| self.constraints.to_string()));
        let seed = &self.seed_constraints;
        optional("seedConstraints", (!seed.is_empty()).then(|| seed.to_string()));
        optional("dataFileDirs", self.data_file_dirs.clone());
        optional("commitLogDir", self.commit_log_dir.clone());
        optional("savedCachesDir", self.saved_caches_dir.clone());
        if !self.yaml.is_empty() {
            let yaml: Map<String, Value> =
                self.yaml.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
            put("cassandraDotYaml", Value::Object(yaml));
        }
        Value::Object(node)
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

impl Runtime {
    fn to_json(&self) -> Value {
        let mut node = Map::new();
        let mut put = |key: &str, value: Value| _ = node.insert(key.to_owned(), value);
        put("taskId", json!(self.task_id));
        put("executorId", json!(self.executor_id));
        put("slaveId", json!(self.slave_id));
        put("hostname", json!(self.hostname));
        if let Some(address) = &self.address {
            put("address", json!(address));
        }
        put("seeds", json!(self.seeds));
        put("attributes", json!(self.attributes));
        put("reservation", self.reservation.to_json());
        Value::Object(node)
    }

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
