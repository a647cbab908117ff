//! An instance: what was asked for, what runs, and both as JSON.

use serde::Serialize;
use serde_json::Value;

use super::component::Component;
use super::stickiness::Stickiness;
use crate::base::instance::{State, Task};
use crate::base::{Constraints, Dialect, Range, TextMap, fields};

/// An instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) state: State,
    pub(super) constraints: Constraints,
    pub(super) task: Option<Task>,
    /// For query services only.
    pub(super) stickiness: Option<Stickiness>,
    pub(super) config: Config,
}

/// What the executor is told, too: it is the task's data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Config {
    pub(super) cpu: f64,
    /// MB.
    pub(super) mem: f64,
    #[serde(serialize_with = "fields::ranges")]
    pub(super) ports: Vec<Range>,
    #[serde(rename = "adminPorts", serialize_with = "fields::ranges")]
    pub(super) admin_ports: Vec<Range>,
    /// A key without a value comes from a comma inside a value: neither executor nor scheduler can read it back.
    pub(super) env: TextMap,
    pub(super) flags: TextMap,
    #[serde(rename = "configFile")]
    pub(super) script: Option<String>,
    pub(super) hostname: String,
}

impl Instance {
    pub(super) fn new(component: Component, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            state: State::Added,
            constraints: Constraints::default(),
            task: None,
            stickiness: (component == Component::Query).then(Stickiness::default),
            config: Config {
                cpu: 0.5,
                mem: 256.0,
                ports: Vec::new(),
                admin_ports: Vec::new(),
                env: TextMap::default(),
                flags: TextMap::default(),
                script: component.default_script().map(str::to_owned),
                hostname: String::new(),
            },
        }
    }

    /// Reads a stored instance; `None` if anything is missing or of another type.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let task = match value.get("task")? {
            Value::Null => None,
            task => Some(Task::from_json(task)?),
        };
        let stickiness = match &value["stickiness"] {
            Value::Null => None,
            stickiness => Some(Stickiness::from_json(stickiness)?),
        };
        Some(Self {
            id: value["id"].as_str()?.to_owned(),
            state: State::from_name(value["state"].as_str()?)?,
            constraints: Constraints::parse(value["constraints"].as_str()?, Dialect::All).ok()?,
            task,
            stickiness,
            config: Config::from_json(value.get("config")?)?,
        })
    }
}

impl Config {
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let map = |field: &str| {
            let mut map = TextMap::default();
            for (key, value) in value[field].as_object()? {
                map.insert(key, Some(value.as_str()?.to_owned()));
            }
            Some(map)
        };
        let ranges = |field: &str| Range::parse_list(value[field].as_str()?).ok();
        Some(Self {
            cpu: value["cpu"].as_f64()?,
            mem: value["mem"].as_f64()?,
            ports: ranges("ports")?,
            admin_ports: ranges("adminPorts")?,
            env: map("env")?,
            flags: map("flags")?,
            script: value["configFile"].as_str().map(str::to_owned),
            hostname: value["hostname"].as_str()?.to_owned(),
        })
    }
}
