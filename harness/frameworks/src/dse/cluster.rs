//! Clusters, and everything that DSE-Mesos remembers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::node::{Node, Shown, State};
use super::ports::Port;
use crate::base::{IdsError, Range, expand_filtered};
use crate::kafka::document::{Fault, Node as Object};

/// The cluster that is always there.
pub const DEFAULT: &str = "default";

/// A Cassandra cluster: what its nodes have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ring {
    /// Id, and `cluster_name`.
    pub id: String,
    /// `192.168.50.*`, `if:eth1`, hosts; comma list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_address: Option<String>,
    /// Wanted ports; any for those that are missing.
    pub ports: BTreeMap<Port, Range>,
}

impl Ring {
    /// A cluster without wishes.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// It out of its document.
    ///
    /// # Errors
    /// The first field that is missing or unreadable.
    pub fn from_json(node: &Value) -> Result<Self, Fault> {
        let node = Object::of(node)?;
        let ports = node.texts("ports")?;
        let ports: Option<_> =
            ports.iter().map(|(name, range)| Some((Port::from_name(name)?, range.parse().ok()?))).collect();
        Ok(Self {
            id: node.text("id")?,
            bind_address: node.optional_text("bindAddress").map(str::to_owned),
            ports: ports.ok_or_else(|| Fault::at("ports"))?,
        })
    }
}

/// The state document; empty parts are left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    framework_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Ring]>::is_empty")]
    clusters: &'a [Ring],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<Shown<'a>>,
}

/// Everything that DSE-Mesos remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct Nodes {
    /// The framework's id as the document held it.
    pub framework_id: Option<String>,
    /// Clusters, in the order in which they were added.
    pub clusters: Vec<Ring>,
    /// Nodes, by number.
    pub nodes: Vec<Node>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self { framework_id: None, clusters: vec![Ring::new(DEFAULT)], nodes: Vec::new() }
    }
}

impl Nodes {
    /// A cluster by its id.
    pub fn cluster(&self, id: &str) -> Option<&Ring> {
        self.clusters.iter().find(|cluster| cluster.id == id)
    }

    /// A node by its id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// A node by its id, to be changed.
    pub fn node_mut(&mut self, id: &str) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.id == id)
    }

    /// Adds a node in its place: nodes are always looked at by number.
    pub fn add(&mut self, node: Node) {
        let number = |node: &Node| node.id.parse::<u64>().unwrap_or(u64::MAX);
        let at = self.nodes.partition_point(|other| number(other) <= number(&node));
        self.nodes.insert(at, node);
    }

    /// The nodes of a cluster, by number.
    pub fn of_cluster<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.cluster == id)
    }

    /// Whether a cluster has a node that is not idle.
    pub fn is_active(&self, cluster: &str) -> bool {
        self.of_cluster(cluster).any(|node| node.state != State::Idle)
    }

    /// Addresses of the placed seed nodes of a cluster, sorted.
    pub fn seeds(&self, cluster: &str) -> Vec<String> {
        let seeds = self.of_cluster(cluster).filter(|node| node.seed);
        let mut addresses: Vec<String> =
            seeds.filter_map(|node| node.runtime.as_ref()?.address.clone()).collect();
        addresses.sort();
        addresses
    }

    /// The ids that an expression names.
    pub fn expand(&self, expression: &str) -> Result<Vec<String>, IdsError> {
        let existing: Vec<String> = self.nodes.iter().map(|node| node.id.clone()).collect();
        let runtime = |id: &str| self.node(id).and_then(|node| node.runtime.as_ref());
        expand_filtered(
            expression,
            &existing,
            |id| runtime(id).is_some(),
            |id, name| {
                let runtime = runtime(id)?;
                if name == "hostname" {
                    Some(runtime.hostname.clone())
                } else {
                    runtime.attributes.get(name).cloned()
                }
            },
        )
    }

    /// The document of a node as the API shows it, with its whole cluster.
    pub fn show<'a>(&'a self, node: &'a Node) -> Shown<'a> {
        node.shown(self.cluster(&node.cluster))
    }

    /// The documents of nodes as the API shows them.
    pub fn show_all(&self, ids: &[String]) -> Vec<Shown<'_>> {
        ids.iter().filter_map(|id| self.node(id)).map(|node| self.show(node)).collect()
    }

    /// The state document.
    pub fn document<'a>(&'a self, framework_id: Option<&'a str>) -> Document<'a> {
        let nodes = self.nodes.iter().map(|node| node.shown(None)).collect();
        Document { framework_id, clusters: &self.clusters, nodes }
    }

    /// It out of the state document.
    ///
    /// # Errors
    /// What the original throws an exception for, and exits.
    pub fn from_json(document: &Value) -> Result<Self, Fault> {
        let document = Object::of(document)?;
        let mut nodes = Self::default();
        if document.optional("clusters").is_some() {
            nodes.clusters =
                document.list("clusters")?.iter().map(Ring::from_json).collect::<Result<_, _>>()?;
        }
        if document.optional("nodes").is_some() {
            for node in document.list("nodes")? {
                let node = Node::from_json(node, false)?;
                if nodes.cluster(&node.cluster).is_none() || nodes.node(&node.id).is_some() {
                    return Err(Fault::at("nodes"));
                }
                nodes.add(node);
            }
        }
        nodes.framework_id = document.optional_text("frameworkId").map(str::to_owned);
        Ok(nodes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::web::spaced;

    /// A node as a 0.2 scheduler showed it.
    const NODE: &str = concat!(
        r#"{"id" : "7", "state" : "running", "cluster" : {"id" : "c1", "ports" : {"cql" : "31100"}}, "#,
        r#""stickiness" : {"period" : "30m", "hostname" : "slave2"}, "#,
        r#""runtime" : {"taskId" : "cassandra-7-1456822800123", "executorId" : "cassandra-7-1456822800124", "#,
        r#""slaveId" : "20160301-1-S2", "hostname" : "slave2", "address" : "slave2", "seeds" : [], "#,
        r#""attributes" : {"rack" : "r1"}, "reservation" : {"cpus" : 0.5, "mem" : 2048, "#,
        r#""ports" : {"storage" : 31000, "jmx" : 31001, "cql" : 31100, "thrift" : 31002, "agent" : 31003}, "#,
        r#""ignoredPorts" : []}}, "cpu" : 0.5, "mem" : 2048, "seed" : true, "rack" : "default", "#,
        r#""dc" : "default", "constraints" : "hostname=unique"}"#
    );

    fn cluster() -> Ring {
        Ring { ports: [(Port::Cql, Range { start: 31100, end: 31100 })].into(), ..Ring::new("c1") }
    }

    #[test]
    fn reads_and_writes_nodes() {
        let node = Node::from_json(&serde_json::from_str(NODE).expect("JSON"), true).expect("node");
        assert_eq!(spaced(&node.shown(Some(&cluster()))), NODE);
        let mut nodes = Nodes { framework_id: Some("F1".into()), ..Nodes::default() };
        nodes.clusters.push(cluster());
        nodes.add(node);
        nodes.add(Node { seed: true, ..Node::new("10") });
        nodes.add(Node::new("2"));
        let ids: Vec<&str> = nodes.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["2", "7", "10"]);
        assert_eq!(nodes.seeds("c1"), ["slave2"]);
        assert_eq!(nodes.seeds(DEFAULT), Vec::<String>::new());
        let document = json!(nodes.document(Some("F1")));
        assert_eq!(document["nodes"][1]["cluster"], "c1");
        assert_eq!(document["clusters"][0].to_string(), r#"{"id":"default","ports":{}}"#);
        assert_eq!(Nodes::from_json(&document), Ok(nodes.clone()));
        assert_eq!(nodes.expand("*[rack=r1]").expect("ids"), ["7"]);
        assert!(nodes.is_active("c1") && !nodes.is_active(DEFAULT));
    }

    #[test]
    fn writes_every_field() {
        let query = "replaceAddress=a&jvmOptions=j&seedConstraints=rack%3DatMost:2&dataFileDirs=/d&commitLogDir=/c\
                     &savedCachesDir=/s&cassandraDotYaml=a%3Db,c&node=1&rack=r&dc=d&seed=true";
        let mut nodes = Nodes::default();
        super::super::api::add_or_update_nodes(&mut nodes, true, &crate::kafka::params::params(query))
            .expect("node");
        let document = json!(nodes.document(None));
        assert_eq!(
            spaced(&document["nodes"][0]),
            concat!(
                r#"{"id" : "1", "state" : "idle", "cluster" : "default", "stickiness" : {"period" : "30m"}, "#,
                r#""cpu" : 0.5, "mem" : 512, "seed" : true, "replaceAddress" : "a", "jvmOptions" : "j", "#,
                r#""rack" : "r", "dc" : "d", "seedConstraints" : "rack=atMost:2", "dataFileDirs" : "\/d", "#,
                r#""commitLogDir" : "\/c", "savedCachesDir" : "\/s", "cassandraDotYaml" : {"a" : "b", "c" : null}}"#
            )
        );
        assert_eq!(Nodes::from_json(&document), Ok(nodes));
    }

    #[test]
    fn says_what_cannot_be_read() {
        let document = |node: &str| format!(r#"{{"clusters" : [], "nodes" : [{node}]}}"#);
        let node = NODE.replace(r#"{"id" : "c1", "ports" : {"cql" : "31100"}}"#, "\"c1\"");
        for (text, field) in [
            (document(&node), "nodes"),
            (document(&node.replace("running", "happy")), "state"),
            (document(&node.replace("\"seeds\" : []", "\"seeds\" : [1]")), "seeds"),
            (document(&node.replace("\"storage\"", "\"store\"")), "ports"),
            (document("{}"), "id"),
        ] {
            let json = serde_json::from_str(&text).expect("JSON");
            assert_eq!(Nodes::from_json(&json), Err(Fault::at(field)), "{text}");
        }
    }
}
