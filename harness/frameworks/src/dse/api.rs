//! `/api/node/*` and `/api/cluster/*` as functions: parameters in, JSON or an error text out (0.2.0.0).

use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{DEFAULT, Nodes, Ring};
use super::node::{Node, State};
use super::ports::Port;
use crate::base::{Constraints, Dialect, Period, Range, Span, TextMap};
use crate::kafka::params::{Params, decimal};

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// A 400 with this text.
    #[error("{0}")]
    Bad(String),
    /// An exception that nobody caught: a 500.
    #[error("{0}")]
    Exception(String),
}

impl From<&str> for Refused {
    fn from(text: &str) -> Self {
        Self::Bad(text.to_owned())
    }
}

impl From<String> for Refused {
    fn from(text: String) -> Self {
        Self::Bad(text)
    }
}

/// An accepted `start` or `stop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StartStop {
    /// Nodes, in the order in which they are waited for.
    pub(super) ids: Vec<String>,
    /// How long each is waited for; zero: not at all.
    pub(super) timeout: Duration,
}

/// What the parameters of `node/add` and `node/update` say; an outer `Some` is a parameter that is there.
struct Settings {
    cluster: Option<String>,
    cpu: Option<f64>,
    mem: Option<i64>,
    stickiness_period: Option<Period>,
    rack: Option<String>,
    dc: Option<String>,
    constraints: Option<Constraints>,
    seed_constraints: Option<Constraints>,
    seed: Option<bool>,
    replace_address: Option<Option<String>>,
    jvm_options: Option<Option<String>>,
    data_file_dirs: Option<Option<String>>,
    commit_log_dir: Option<Option<String>>,
    saved_caches_dir: Option<Option<String>>,
    yaml: TextMap,
}

impl Settings {
    /// Reads them; the first error counts.
    fn read(nodes: &Nodes, params: &Params) -> Result<Self, Refused> {
        let cluster = params.get("cluster").map(str::to_owned);
        if cluster.as_deref().is_some_and(|id| nodes.cluster(id).is_none()) {
            return Err("cluster not found".into());
        }
        let optional = |name: &str| params.get(name).map(|text| (!text.is_empty()).then(|| text.to_owned()));
        let place = |name: &str| optional(name).map(|text| text.unwrap_or_else(|| DEFAULT.to_owned()));
        let yaml = |text| {
            let map = TextMap::parse(text);
            map.map_err(|error| Refused::Exception(format!("java.lang.IllegalArgumentException: {error}")))
        };
        Ok(Self {
            cluster,
            cpu: read(params, "cpu", decimal)?,
            mem: read(params, "mem", |text| text.parse().ok())?,
            stickiness_period: read(params, "stickinessPeriod", |text| text.parse().ok())?,
            rack: place("rack"),
            dc: place("dc"),
            constraints: read(params, "constraints", constraints)?,
            seed_constraints: read(params, "seedConstraints", constraints)?,
            seed: params.get("seed").map(|seed| seed == "true"),
            replace_address: optional("replaceAddress"),
            jvm_options: optional("jvmOptions"),
            data_file_dirs: optional("dataFileDirs"),
            commit_log_dir: optional("commitLogDir"),
            saved_caches_dir: optional("savedCachesDir"),
            yaml: params.get("cassandraDotYaml").map(yaml).transpose()?.unwrap_or_default(),
        })
    }

    fn apply(&self, node: &mut Node) {
        set(&mut node.cluster, self.cluster.clone());
        set(&mut node.cpu, self.cpu);
        set(&mut node.mem, self.mem);
        set(&mut node.stickiness.period, self.stickiness_period);
        set(&mut node.rack, self.rack.clone());
        set(&mut node.dc, self.dc.clone());
        set(&mut node.constraints, self.constraints.clone());
        set(&mut node.seed_constraints, self.seed_constraints.clone());
        set(&mut node.seed, self.seed);
        set(&mut node.replace_address, self.replace_address.clone());
        set(&mut node.jvm_options, self.jvm_options.clone());
        set(&mut node.data_file_dirs, self.data_file_dirs.clone());
        set(&mut node.commit_log_dir, self.commit_log_dir.clone());
        set(&mut node.saved_caches_dir, self.saved_caches_dir.clone());
        // Always replaced: a call without the parameter empties it.
        node.yaml = self.yaml.clone();
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn read<T>(params: &Params, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Refused> {
    params.read(name, read).map_err(|()| format!("invalid {name}").into())
}

fn constraints(text: &str) -> Option<Constraints> {
    Constraints::parse(text, Dialect::AllAndAtMost).ok()
}

fn node_ids(nodes: &Nodes, params: &Params) -> Result<Vec<String>, Refused> {
    let expression = params.get("node").filter(|expression| !expression.is_empty()).ok_or("node required")?;
    nodes.expand(expression).map_err(|_| "invalid node expr".into())
}

/// `node/list`: all of them.
pub(super) fn list_nodes(nodes: &Nodes) -> Value {
    json!(nodes.nodes.iter().map(|node| nodes.show(node)).collect::<Vec<_>>())
}

/// `node/add` and `node/update`: everything or nothing.
pub(super) fn add_or_update_nodes(nodes: &mut Nodes, add: bool, params: &Params) -> Result<Value, Refused> {
    let ids = node_ids(nodes, params)?;
    let settings = Settings::read(nodes, params)?;
    for id in &ids {
        match nodes.node(id) {
            Some(_) if add => return Err(format!("node {id} exists").into()),
            None if !add => return Err(format!("node {id} not exists").into()),
            Some(node) if node.state != State::Idle => return Err("node should be idle".into()),
            _ => {}
        }
    }
    for id in &ids {
        if add {
            nodes.add(Node::new(id));
        }
        if let Some(node) = nodes.node_mut(id) {
            settings.apply(node);
        }
    }
    Ok(json!(nodes.show_all(&ids)))
}

/// `node/remove`: idle nodes only.
pub(super) fn remove_nodes(nodes: &mut Nodes, params: &Params) -> Result<(), Refused> {
    let ids = node_ids(nodes, params)?;
    for id in &ids {
        let node = nodes.node(id).ok_or_else(|| format!("node {id} not found"))?;
        if node.state != State::Idle {
            return Err(format!("node {id} should be idle").into());
        }
    }
    nodes.nodes.retain(|node| !ids.contains(&node.id));
    Ok(())
}

/// `node/start` and `node/stop`, as far as checks go; the caller starts, stops and waits.
pub(super) fn start_or_stop(nodes: &Nodes, start: bool, params: &Params) -> Result<StartStop, Refused> {
    let ids = node_ids(nodes, params)?;
    let timeout = read(params, "timeout", |text| text.parse::<Span>().ok())?;
    for id in &ids {
        let node = nodes.node(id).ok_or_else(|| format!("node {id} not found"))?;
        match (start, node.state == State::Idle) {
            (true, false) => return Err(format!("node {id} should be idle").into()),
            (false, true) => return Err(format!("node {id} is idle").into()),
            _ => {}
        }
    }
    Ok(StartStop { ids, timeout: timeout.unwrap_or(Span::minutes(2)).duration() })
}

/// The reply to `start` and `stop`.
pub(super) fn start_stop_reply(nodes: &Nodes, ids: &[String], status: &str) -> Value {
    json!({"status": status, "nodes": nodes.show_all(ids)})
}

/// `cluster/list`.
pub(super) fn list_clusters(nodes: &Nodes) -> Value {
    json!(nodes.clusters)
}

const PORTS: [(&str, Port); 5] = [
    ("storagePort", Port::Storage),
    ("jmxPort", Port::Jmx),
    ("cqlPort", Port::Cql),
    ("thriftPort", Port::Thrift),
    ("agentPort", Port::Agent),
];

/// `cluster/add` and `cluster/update`.
pub(super) fn add_or_update_cluster(nodes: &mut Nodes, add: bool, params: &Params) -> Result<Value, Refused> {
    let id = cluster_id(params)?;
    let address = read(params, "bindAddress", |text| unless_empty(text, bind_address))?;
    let mut ports = Vec::new();
    for (name, port) in PORTS {
        let range = read(params, name, |text| unless_empty(text, |text| text.parse::<Range>().ok()))?;
        ports.extend(range.map(|range| (port, range)));
    }
    match (add, nodes.cluster(id).is_some()) {
        (true, true) => return Err("duplicate cluster".into()),
        (false, false) => return Err("cluster not found".into()),
        (false, true) if nodes.is_active(id) => return Err("cluster has active nodes".into()),
        _ => {}
    }
    if add {
        nodes.clusters.push(Ring::new(id));
    }
    let Some(cluster) = nodes.clusters.iter_mut().find(|cluster| cluster.id == id) else {
        return Err("cluster not found".into());
    };
    set(&mut cluster.bind_address, address);
    for (port, range) in ports {
        match range {
            Some(range) => _ = cluster.ports.insert(port, range),
            None => _ = cluster.ports.remove(&port),
        }
    }
    Ok(json!(cluster))
}

/// `cluster/remove`: its idle nodes move to the default cluster.
pub(super) fn remove_cluster(nodes: &mut Nodes, params: &Params) -> Result<(), Refused> {
    let id = cluster_id(params)?;
    if nodes.cluster(id).is_none() {
        return Err("cluster not found".into());
    }
    if id == DEFAULT {
        return Err("can't remove default cluster".into());
    }
    if nodes.is_active(id) {
        return Err("can't remove cluster with active nodes".into());
    }
    for node in nodes.nodes.iter_mut().filter(|node| node.cluster == id) {
        node.cluster = DEFAULT.to_owned();
    }
    nodes.clusters.retain(|cluster| cluster.id != id);
    Ok(())
}

fn cluster_id(params: &Params) -> Result<&str, Refused> {
    params.get("cluster").filter(|id| !id.is_empty()).ok_or_else(|| "cluster required".into())
}

/// `Some(None)` for an empty text, which unsets.
#[allow(clippy::option_option)]
fn unless_empty<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { read(text).map(Some) }
}

/// A comma list of hosts, masks and `if:<interface>`; printed without blanks.
fn bind_address(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let known = |part: &&str| part.split_once(':').is_none_or(|(source, _)| source == "if");
    parts.iter().all(known).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::params::params;

    fn nodes() -> Nodes {
        let mut nodes = Nodes::default();
        add_or_update_cluster(&mut nodes, true, &params("cluster=c1&cqlPort=31100")).expect("cluster");
        add_or_update_nodes(&mut nodes, true, &params("node=0,7&cluster=c1")).expect("nodes");
        nodes.node_mut("7").expect("node 7").state = State::Starting;
        nodes
    }

    #[test]
    fn takes_the_stacks_calls() {
        let query = "api=http://h:1&cluster=dse-mesos&constraints=hostname%3Dunique&cpu=0.5&cqlPort=31100&mem=10000\
                     &node=70&timeout=30min";
        let mut nodes = Nodes::default();
        let cluster = add_or_update_cluster(&mut nodes, true, &params(query)).expect("cluster");
        assert_eq!(cluster.to_string(), r#"{"id":"dse-mesos","ports":{"cql":"31100"}}"#);
        let added = add_or_update_nodes(&mut nodes, true, &params(query)).expect("node");
        assert_eq!(
            added.to_string(),
            concat!(
                r#"[{"id":"70","state":"idle","cluster":{"id":"dse-mesos","ports":{"cql":"31100"}},"#,
                r#""stickiness":{"period":"30m"},"cpu":0.5,"mem":10000,"seed":false,"rack":"default","#,
                r#""dc":"default","constraints":"hostname=unique"}]"#
            )
        );
        let started = start_or_stop(&nodes, true, &params(query)).expect("start");
        assert_eq!(started, StartStop { ids: vec!["70".into()], timeout: Duration::from_secs(1800) });
        let again = add_or_update_cluster(&mut nodes, true, &params(query)).expect_err("again");
        assert_eq!(again, Refused::Bad("duplicate cluster".into()));
    }

    #[test]
    fn refuses_in_the_originals_words() {
        let cases = [
            ("node/add", "", "node required"),
            ("node/add", "node=", "node required"),
            ("node/add", "node=x", "invalid node expr"),
            ("node/add", "node=1&cluster=c9", "cluster not found"),
            ("node/add", "node=1&cpu=x", "invalid cpu"),
            ("node/add", "node=1&mem=0.5", "invalid mem"),
            ("node/add", "node=1&stickinessPeriod=30min", "invalid stickinessPeriod"),
            ("node/add", "node=1&constraints=hostname", "invalid constraints"),
            ("node/add", "node=1&constraints=hostname%3Dbest", "invalid constraints"),
            ("node/add", "node=1&seedConstraints=rack%3DatMost:x", "invalid seedConstraints"),
            ("node/add", "node=0", "node 0 exists"),
            ("node/update", "node=1", "node 1 not exists"),
            ("node/update", "node=7", "node should be idle"),
            ("node/remove", "", "node required"),
            ("node/remove", "node=1", "node 1 not found"),
            ("node/remove", "node=*", "node 7 should be idle"),
            ("node/start", "timeout=10m", "node required"),
            ("node/start", "node=0&timeout=10m", "invalid timeout"),
            ("node/start", "node=1", "node 1 not found"),
            ("node/start", "node=7", "node 7 should be idle"),
            ("node/stop", "node=0", "node 0 is idle"),
            ("cluster/add", "", "cluster required"),
            ("cluster/add", "cluster=c2&bindAddress=ip:x", "invalid bindAddress"),
            ("cluster/add", "cluster=c2&storagePort=x", "invalid storagePort"),
            ("cluster/add", "cluster=c2&jmxPort=2..1", "invalid jmxPort"),
            ("cluster/add", "cluster=c2&cqlPort=x", "invalid cqlPort"),
            ("cluster/add", "cluster=c2&thriftPort=x", "invalid thriftPort"),
            ("cluster/add", "cluster=c2&agentPort=x", "invalid agentPort"),
            ("cluster/add", "cluster=c1", "duplicate cluster"),
            ("cluster/update", "cluster=c2", "cluster not found"),
            ("cluster/update", "cluster=c1", "cluster has active nodes"),
            ("cluster/remove", "", "cluster required"),
            ("cluster/remove", "cluster=c2", "cluster not found"),
            ("cluster/remove", "cluster=default", "can't remove default cluster"),
            ("cluster/remove", "cluster=c1", "can't remove cluster with active nodes"),
        ];
        for (call, query, text) in cases {
            let mut changed = nodes();
            let query_params = params(query);
            let add = call.ends_with("add");
            let error = match call {
                "node/add" | "node/update" => add_or_update_nodes(&mut changed, add, &query_params).map(drop),
                "node/remove" => remove_nodes(&mut changed, &query_params),
                "cluster/add" | "cluster/update" => {
                    add_or_update_cluster(&mut changed, add, &query_params).map(drop)
                }
                "cluster/remove" => remove_cluster(&mut changed, &query_params),
                _ => start_or_stop(&changed, call == "node/start", &query_params).map(drop),
            };
            assert_eq!(error, Err(Refused::Bad(text.to_owned())), "{call}?{query}");
            assert_eq!(changed, nodes(), "{call}?{query} changes nothing");
        }
        let error =
            add_or_update_nodes(&mut nodes(), true, &params("node=1&cassandraDotYaml=,")).expect_err("yaml");
        assert_eq!(error, Refused::Exception("java.lang.IllegalArgumentException: ,".into()));
    }

    #[test]
    fn unsets_and_removes() {
        let mut nodes = nodes();
        nodes.node_mut("7").expect("node 7").state = State::Idle;
        let query = "node=7&rack=r&dc=d&jvmOptions=x&cassandraDotYaml=a%3Db&dataFileDirs=/d";
        add_or_update_nodes(&mut nodes, false, &params(query)).expect("set");
        add_or_update_nodes(&mut nodes, false, &params("node=7&rack=&dc=&jvmOptions=&dataFileDirs="))
            .expect("unset");
        let expected = Node { cluster: "c1".into(), ..Node::new("7") };
        assert_eq!(nodes.node("7"), Some(&expected), "the yaml is emptied by every update");
        let query = "cluster=c1&cqlPort=&jmxPort=1..2&bindAddress=192.168.50.*, if:eth1";
        let cluster = add_or_update_cluster(&mut nodes, false, &params(query)).expect("cluster");
        assert_eq!(
            cluster.to_string(),
            r#"{"id":"c1","bindAddress":"192.168.50.*,if:eth1","ports":{"jmx":"1..2"}}"#
        );
        remove_cluster(&mut nodes, &params("cluster=c1")).expect("removed");
        assert_eq!(nodes.node("7").map(|node| node.cluster.as_str()), Some(DEFAULT));
        remove_nodes(&mut nodes, &params("node=0..7")).expect_err("1 is not there");
        remove_nodes(&mut nodes, &params("node=0,7")).expect("removed");
        assert_eq!(
            (list_nodes(&nodes).to_string(), list_clusters(&nodes).to_string()),
            ("[]".into(), r#"[{"id":"default","ports":{}}]"#.into())
        );
    }
}
