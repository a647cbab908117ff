//! All brokers of the framework, and the document that holds them.

use serde::Serialize;
use serde_json::Value;

use super::broker::{Broker, TaskState};
use super::document::{Fault, Node};
use crate::base::{IdsError, expand_filtered};

/// The state document; empty parts are left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    #[serde(skip_serializing_if = "<[Broker]>::is_empty")]
    brokers: &'a [Broker],
    #[serde(skip_serializing_if = "Option::is_none")]
    framework_id: Option<&'a str>,
}

/// Everything that Kafka-Mesos remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// Brokers, in the order in which they were added.
    pub brokers: Vec<Broker>,
}

impl Cluster {
    /// A broker by its id.
    pub fn broker(&self, id: &str) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    /// A broker by its id, to be changed.
    pub fn broker_mut(&mut self, id: &str) -> Option<&mut Broker> {
        self.brokers.iter_mut().find(|broker| broker.id == id)
    }

    /// Whether some broker's task is not known to be alive: then all offers are declined.
    pub fn is_reconciling(&self) -> bool {
        self.brokers.iter().any(|broker| broker.is(TaskState::Reconciling))
    }

    /// The ids that an expression names.
    pub fn expand(&self, expression: &str) -> Result<Vec<String>, IdsError> {
        let existing: Vec<String> = self.brokers.iter().map(|broker| broker.id.clone()).collect();
        let task = |id: &str| self.broker(id).and_then(|broker| broker.task.as_ref());
        expand_filtered(
            expression,
            &existing,
            |id| task(id).is_some(),
            |id, name| {
                let task = task(id)?;
                if name == "hostname" {
                    Some(task.hostname.clone())
                } else {
                    task.attributes.get(name).cloned()
                }
            },
        )
    }

    /// The values of an attribute among brokers that have a task; those without the attribute count not at
    /// all.
    pub fn peers(&self, name: &str) -> Vec<String> {
        let tasks = self.brokers.iter().filter_map(|broker| broker.task.as_ref());
        let value = |task: &super::broker::Task| match name {
            "hostname" => Some(task.hostname.clone()),
            _ => task.attributes.get(name).cloned(),
        };
        tasks.filter_map(value).collect()
    }

    /// The state document, to be written.
    pub fn document<'a>(&'a self, framework_id: Option<&'a str>) -> Document<'a> {
        Document { brokers: &self.brokers, framework_id }
    }

    /// The cluster out of its document, with the framework's id if there is one.
    ///
    /// # Errors
    /// What the original throws an exception for, and exits.
    pub fn from_json(node: &Value) -> Result<(Self, Option<String>), Fault> {
        let node = Node::of(node)?;
        let brokers = match node.optional("brokers") {
            Some(_) => node.list("brokers")?.iter().map(Broker::from_json).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        Ok((Self { brokers }, node.optional_text("frameworkId").map(str::to_owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::web::spaced;

    /// The sample of a state document that a 0.9.2 scheduler wrote.
    const DOCUMENT: &str = concat!(
        r#"{"brokers" : [{"id" : "7", "active" : true, "cpus" : 0.5, "mem" : 1024, "heap" : 512, "port" : "31250", "#,
        r#""constraints" : "hostname=unique", "options" : "num.io.threads=4", "#,
        r#""stickiness" : {"period" : "10m", "hostname" : "slave1"}, "#,
        r#""failover" : {"delay" : "1m", "maxDelay" : "10m", "failures" : 1, "#,
        r#""failureTime" : "2016-03-01 09:15:00.250"}, "#,
        r#""task" : {"id" : "broker-7-3c1f7a52-1f0e-4b6e-8a43-7a5a0c2f8e11", "slaveId" : "20160301-1-S1", "#,
        r#""executorId" : "broker-7-91d8", "hostname" : "slave1", "endpoint" : "slave1:31250", "#,
        r#""attributes" : {"rack" : "r1"}, "state" : "running"}}], "frameworkId" : "20160301-1-0000"}"#
    );

    fn read(text: &str) -> Result<(Cluster, Option<String>), Fault> {
        Cluster::from_json(&serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn reads_and_writes_the_document() {
        let (cluster, id) = read(DOCUMENT).expect("sample");
        assert_eq!(spaced(&cluster.document(id.as_deref())), DOCUMENT);
        assert_eq!(cluster.peers("hostname"), ["slave1"]);
        assert_eq!(cluster.peers("rack"), ["r1"]);
        assert_eq!(cluster.peers("zone"), Vec::<String>::new());
        assert!(!cluster.is_reconciling());
    }

    #[test]
    fn writes_a_new_broker() {
        let cluster = Cluster { brokers: vec![Broker::new("70")] };
        assert_eq!(
            spaced(&cluster.document(None)),
            concat!(
                r#"{"brokers" : [{"id" : "70", "active" : false, "cpus" : 1.0, "mem" : 2048, "heap" : 1024, "#,
                r#""stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}]}"#
            )
        );
        assert_eq!(spaced(&Cluster::default().document(None)), "{}");
    }

    #[test]
    fn says_what_cannot_be_read() {
        for (text, field) in [
            (r#"{"brokers" : 1}"#, "brokers"),
            (r#"{"brokers" : [{"id" : 7}]}"#, "id"),
            (&DOCUMENT.replace("\"mem\" : 1024", "\"mem\" : \"x\""), "mem"),
            (&DOCUMENT.replace("\"state\" : \"running\"", "\"state\" : \"pending\""), "state"),
            (&DOCUMENT.replace("hostname=unique", "hostname=best"), "constraints"),
            (&DOCUMENT.replace("09:15", "soon"), "failureTime"),
        ] {
            assert_eq!(read(text), Err(Fault::at(field)), "{text}");
        }
    }

    #[test]
    fn expands_ids_by_attributes() {
        let (mut cluster, _) = read(DOCUMENT).expect("sample");
        cluster.brokers.push(Broker::new("10"));
        for (expression, ids) in [
            ("*", "10,7"),
            ("*[rack=r1]", "7"),
            ("5..10[hostname=sl*]", "7"),
            ("*[rack=r2]", ""),
            ("3,1", "1,3"),
        ] {
            assert_eq!(cluster.expand(expression).expect(expression).join(","), ids);
        }
        assert!(cluster.expand("a").is_err());
    }
}
