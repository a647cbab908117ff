//! A server: what was asked for, what runs, and both as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::base::instance::{State, Task};
use crate::base::{Constraints, Dialect, Range, fields};

/// A server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) state: State,
    pub(super) task: Option<Task>,
    pub(super) constraints: Constraints,
    pub(super) config: Config,
}

/// Servers as they are stored and shown.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    pub(super) frameworkid: Option<&'a str>,
    pub(super) cluster: Vec<&'a Server>,
}

/// What the executor is told, too: it is the task's data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Config {
    /// Arguments of Exhibitor; `port` is the UI port chosen at launch.
    #[serde(rename = "exhibitorConfig")]
    pub(super) exhibitor: BTreeMap<String, String>,
    /// Settings of the shared configuration that this server brings along.
    #[serde(rename = "sharedConfigOverride")]
    pub(super) shared: BTreeMap<String, String>,
    pub(super) id: String,
    /// Host it was placed on last; empty if it is not placed.
    pub(super) hostname: String,
    pub(super) cpu: f64,
    /// MB.
    pub(super) mem: f64,
    /// Milliseconds between two looks at the shared configuration.
    #[serde(rename = "sharedConfigChangeBackoff")]
    pub(super) backoff_ms: u64,
    /// Wanted UI ports; any if empty.
    #[serde(serialize_with = "fields::ranges")]
    pub(super) ports: Vec<Range>,
}

impl Server {
    /// A new server with the defaults.
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            state: State::Added,
            task: None,
            constraints: Constraints::unique_host(),
            config: Config {
                exhibitor: BTreeMap::new(),
                shared: BTreeMap::new(),
                id: id.to_owned(),
                hostname: String::new(),
                cpu: 0.2,
                mem: 256.0,
                backoff_ms: 10_000,
                ports: Vec::new(),
            },
        }
    }

    /// UI address, if it was ever placed.
    pub(super) fn endpoint(&self) -> Option<String> {
        let port = self.config.exhibitor.get("port")?;
        (!self.config.hostname.is_empty()).then(|| format!("http://{}:{port}", self.config.hostname))
    }

    /// Reads a stored server; `None` if anything is missing or of another type.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let task = match value.get("task")? {
            Value::Null => None,
            task => Some(Task::from_json(task)?),
        };
        Some(Self {
            id: text(value, "id")?,
            state: State::from_name(value["state"].as_str()?)?,
            task,
            constraints: Constraints::parse(value["constraints"].as_str()?, Dialect::All).ok()?,
            config: Config::from_json(value.get("config")?)?,
        })
    }
}

impl Config {
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            exhibitor: map(value, "exhibitorConfig")?,
            shared: map(value, "sharedConfigOverride")?,
            id: text(value, "id")?,
            hostname: text(value, "hostname")?,
            cpu: value["cpu"].as_f64()?,
            mem: value["mem"].as_f64()?,
            backoff_ms: value["sharedConfigChangeBackoff"].as_u64()?,
            ports: Range::parse_list(value["ports"].as_str()?).ok()?,
        })
    }
}

fn text(value: &Value, field: &str) -> Option<String> {
    value[field].as_str().map(str::to_owned)
}

fn map(value: &Value, field: &str) -> Option<BTreeMap<String, String>> {
    let fields = value.get(field)?.as_object()?;
    fields.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn is_written_as_the_original_writes_it() {
        let mut server = Server::new("7");
        server.state = State::Running;
        server.task = Some(Task {
            id: "exhibitor-7-0d5e6c1a".into(),
            agent: "S0".into(),
            executor: "7".into(),
            attributes: vec![("rack".into(), "r1".into())],
        });
        server.config.mem = 1024.0;
        server.config.exhibitor.insert("port".into(), "31150".into());
        let text = serde_json::to_string(&server).expect("JSON");
        expect_test::expect![[r#"{"id":"7","state":"Running","task":{"id":"exhibitor-7-0d5e6c1a","slaveId":"S0","executorId":"7","attributes":{"rack":"r1"}},"constraints":"hostname=unique","config":{"exhibitorConfig":{"port":"31150"},"sharedConfigOverride":{},"id":"7","hostname":"","cpu":0.2,"mem":1024.0,"sharedConfigChangeBackoff":10000,"ports":""}}"#]].assert_eq(&text);
        assert_eq!(Server::from_json(&serde_json::from_str(&text).unwrap()), Some(server));
        // What a later release wrote does not fit, and neither does what an earlier one left out.
        assert_eq!(Server::from_json(&json!({"id": "7", "state": "Running"})), None);
    }
}
