//! One look at everything.

use std::time::Duration;

use serde_json::{Value, json};
use stacklab_live::Recorder;
use stacklab_machine::timeline::What;
use stacklab_traces::Expectation;

use super::http::json;
use super::{Cql, ZkView};
use crate::traffic::Brokers;

/// Traces shown in full at the most; of the rest only the number.
const FULL_TRACES: usize = 5;

/// What there is to look at; empty where a stack has no such thing.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// Marathon's URL.
    pub marathon: String,
    /// The Mesos master's URL.
    pub master: String,
    /// Framework APIs: name, URL.
    pub frameworks: Vec<(String, String)>,
    /// ZooKeepers: name, connect string.
    pub zookeepers: Vec<(String, String)>,
    /// Brokers.
    pub brokers: Vec<String>,
    /// Cassandra nodes.
    pub cassandra: Vec<String>,
    /// The query service's URL.
    pub query: Option<String>,
    /// The web UI's URL.
    pub web: Option<String>,
    /// The traces that were sent.
    pub expectation: Expectation,
}

/// Looks at everything and records what was seen.
pub async fn look(subjects: &Subjects, recorder: &Recorder) {
    let seen = |subject: &str, value: Value| {
        recorder.record("lab", None, What::Observed { subject: subject.to_owned(), value });
    };
    seen("marathon apps", apps(&subjects.marathon).await);
    seen("mesos", mesos(&subjects.master).await);
    for (name, url) in &subjects.frameworks {
        for path in paths_of(name) {
            let value =
                if *path == ENSEMBLE { ensemble(url).await } else { json(&format!("{url}{path}")).await };
            seen(&format!("{name} {path}"), settled(value));
        }
    }
    let mut topics = false;
    for (name, connect) in &subjects.zookeepers {
        let paths = zookeeper(connect).await;
        topics |= has_topics(&paths);
        seen(&format!("zookeeper {name}"), paths);
    }
    if !subjects.brokers.is_empty() {
        // Brokers of 0.8.2 tell nobody of each other as long as there is no topic: a client would ask in vain.
        let value = if topics { kafka(&subjects.brokers).await } else { json!("no topics") };
        seen("kafka", value);
    }
    if !subjects.cassandra.is_empty() {
        seen("cassandra", cassandra(&subjects.cassandra).await);
    }
    if let Some(query) = &subjects.query {
        for (subject, value) in zipkin(query, &subjects.expectation).await {
            seen(&subject, value);
        }
    }
    if let Some(web) = &subjects.web {
        seen("zipkin web", json!({ "services": json(&format!("{web}/api/v1/services")).await }));
    }
}

/// Where Exhibitor-Mesos tells what its servers see of each other.
const ENSEMBLE: &str = "/api/status";
/// How long the servers of an ensemble may take to be started anew with the whole list, which they do after Stack
/// Deploy has gone on, one after the other.
const ROLLING: Duration = Duration::from_secs(15);
const AGAIN: Duration = Duration::from_millis(50);

/// The state of an ensemble that has come to rest; as it is, if it does not.
async fn ensemble(url: &str) -> Value {
    let asked = tokio::time::Instant::now();
    loop {
        let value = json(&format!("{url}{ENSEMBLE}")).await;
        let text = value.to_string();
        let rolling = [r#""not serving""#, r#""down""#].iter().any(|state| text.contains(state));
        if !rolling || asked.elapsed() >= ROLLING {
            return value;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The calls by which an operator asks a framework what it has.
fn paths_of(framework: &str) -> &'static [&'static str] {
    match framework {
        name if name.starts_with("exhibitor") => &[ENSEMBLE],
        name if name.starts_with("kafka") => &["/api/broker/list", "/api/topic/list"],
        name if name.starts_with("dse") => &["/api/cluster/list", "/api/node/list"],
        name if name.starts_with("zipkin") => &["/api/collector/list", "/api/query/list", "/api/web/list"],
        _ => &[],
    }
}

/// Without what is drawn by lot: which server of an ensemble leads, which brokers hold a partition (how many is not).
fn settled(value: Value) -> Value {
    let replicas = |value: &Value| match value.as_str() {
        Some(list) => json!(list.split(',').count()),
        None => value.clone(),
    };
    match value {
        Value::Array(items) => {
            let shown = items.into_iter().filter(|item| item["name"] != OFFSETS_TOPIC);
            Value::Array(shown.map(settled).collect())
        }
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(key, _)| key != "isLeader");
            let shown = kept.map(|(key, value)| match &value {
                Value::Object(partitions) if key == "partitions" => {
                    let counts = partitions.iter().map(|(number, value)| (number.clone(), replicas(value)));
                    (key, Value::Object(counts.collect()))
                }
                _ => (key, settled(value)),
            });
            Value::Object(shown.collect())
        }
        value => value,
    }
}

/// All ports of `[31000-31003, 31250-31250]`, one by one.
fn each_port(ranges: &Value) -> Value {
    let text = ranges.as_str().unwrap_or_default().trim_matches(['[', ']']);
    let pairs = text.split(", ").filter_map(|range| range.split_once('-'));
    let ports = pairs.filter_map(|(low, high)| Some(low.parse::<u16>().ok()?..=high.parse::<u16>().ok()?));
    json!(ports.flatten().collect::<Vec<u16>>())
}

/// The fields of an object, in the order asked for.
fn pick(object: &Value, keys: &[&str]) -> Value {
    let picked = keys.iter().filter_map(|key| Some(((*key).to_owned(), object.get(key)?.clone())));
    Value::Object(picked.collect())
}

/// The list at `key`, each item made smaller, sorted by its text.
fn list(of: &Value, key: &str, smaller: impl Fn(&Value) -> Value) -> Value {
    let mut items: Vec<Value> =
        of.get(key).and_then(Value::as_array).into_iter().flatten().map(smaller).collect();
    items.sort_by_key(Value::to_string);
    Value::Array(items)
}

async fn apps(marathon: &str) -> Value {
    let answer = json(&format!("{marathon}/v2/apps")).await;
    let keys = ["id", "instances", "cpus", "mem", "requirePorts", "tasksRunning", "tasksHealthy"];
    list(&answer, "apps", |app| pick(app, &keys))
}

async fn mesos(master: &str) -> Value {
    let state = json(&format!("{master}/master/state")).await;
    let task = |task: &Value| {
        let mut shown = pick(task, &["name", "state"]);
        shown["resources"] = pick(&task["resources"], &["cpus", "mem"]);
        shown["ports"] = each_port(&task["resources"]["ports"]);
        shown
    };
    let framework = |framework: &Value| {
        let mut shown = pick(framework, &["name", "active", "role"]);
        shown["tasks"] = list(framework, "tasks", task);
        shown
    };
    json!({
        "agents": state["activated_slaves"],
        "frameworks": list(&state, "frameworks", framework),
        "completed_frameworks": list(&state, "completed_frameworks", |gone| pick(gone, &["name"])),
    })
}

/// Tries at one ZooKeeper: Exhibitor restarts its servers when others have joined, also after all have served once.
const ZOOKEEPER_TRIES: u32 = 20;
const ZOOKEEPER_PAUSE: Duration = Duration::from_millis(100);

/// Made by the first client that names a group, which may be one that only looks, and not all at once.
const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// A consumer group's offsets: written for the first time when 10 s or 60 s are over, so that it depends on how long a
/// run takes whether they are there.
fn is_offset(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.windows(3).any(|parts| parts[0] == "consumers" && parts[2] == "offsets")
}

/// Whether some topic is among the paths of a ZooKeeper; also where it could not be asked.
fn has_topics(paths: &Value) -> bool {
    let is_topic = |path: &str| path.contains("/brokers/topics/");
    paths.as_array().is_none_or(|paths| paths.iter().filter_map(Value::as_str).any(is_topic))
}

async fn zookeeper(connect: &str) -> Value {
    let mut tries = 0;
    loop {
        let paths = match ZkView::connect(connect).await {
            Ok(view) => view.paths().await,
            Err(why) => Err(why),
        };
        tries += 1;
        match paths {
            Ok(paths) => {
                let shown =
                    paths.into_iter().filter(|path| !path.contains(OFFSETS_TOPIC) && !is_offset(path));
                return json!(shown.collect::<Vec<_>>());
            }
            Err(why) if tries >= ZOOKEEPER_TRIES => return Value::String(why.to_string()),
            Err(_) => tokio::time::sleep(ZOOKEEPER_PAUSE).await,
        }
    }
}

async fn kafka(brokers: &[String]) -> Value {
    let metadata = match Brokers::at(brokers).metadata().await {
        Ok(metadata) => metadata,
        Err(why) => return Value::String(why.to_string()),
    };
    let brokers: Vec<Value> =
        metadata.brokers.iter().map(|(id, address)| json!({ "id": id, "address": address })).collect();
    let partition = |p: &crate::traffic::Partition| {
        // Which brokers they are is drawn by lot.
        let led = p.replicas.contains(&p.leader);
        json!({ "partition": p.id, "led": led, "replicas": p.replicas.len(), "in_sync": p.isr.len() })
    };
    let topics: Vec<Value> = metadata
        .topics
        .iter()
        .filter(|(topic, _)| topic != OFFSETS_TOPIC)
        .map(|(topic, partitions)| {
            json!({ "topic": topic, "partitions": partitions.iter().map(partition).collect::<Vec<_>>() })
        })
        .collect();
    json!({ "brokers": brokers, "topics": topics })
}

/// Tables whose number of rows is a function of what was sent; the indexes' is not, as their buckets are drawn.
const COUNTED: [&str; 3] = ["service_names", "span_names", "traces"];

async fn cassandra(nodes: &[String]) -> Value {
    match count_tables(nodes).await {
        Ok(value) => value,
        Err(why) => Value::String(why.to_string()),
    }
}

async fn count_tables(nodes: &[String]) -> Result<Value, super::CqlError> {
    let cql = Cql::connect(nodes).await?;
    let query = "SELECT columnfamily_name FROM system.schema_columnfamilies WHERE keyspace_name = 'zipkin'";
    let mut tables = cql.texts(query).await?;
    tables.sort();
    let mut shown = serde_json::Map::new();
    for table in tables {
        let rows = if COUNTED.contains(&table.as_str()) {
            let key = if table == "traces" { "trace_id" } else { "service_name" };
            json!(cql.rows(&format!("SELECT {key} FROM zipkin.{table}")).await?.len())
        } else {
            json!("any")
        };
        shown.insert(format!("zipkin.{table}"), rows);
    }
    Ok(json!({ "nodes": nodes, "rows": shown }))
}

async fn zipkin(query: &str, expectation: &Expectation) -> Vec<(String, Value)> {
    let mut seen = Vec::new();
    let services = json(&format!("{query}/api/v1/services")).await;
    let mut spans = serde_json::Map::new();
    for service in services.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let name = stacklab_machine::http::encode(service);
        let names = json(&format!("{query}/api/v1/spans?serviceName={name}")).await;
        let url = format!("{query}/api/v1/traces?serviceName={name}&limit=100000");
        let found = json(&url).await.as_array().map_or(0, Vec::len);
        spans.insert(service.to_owned(), json!({ "spans": names, "traces": found }));
    }
    seen.push(("zipkin services".to_owned(), Value::Object(spans)));
    for trace in expectation.traces.values().take(FULL_TRACES) {
        let id = &trace.trace_id;
        let spans = json(&format!("{query}/api/v1/trace/{id}")).await;
        seen.push((format!("zipkin trace {id}"), without_lots(spans)));
    }
    seen
}

/// A trace without what is drawn by lot: a span's halves are united in the order of their rows, whose names hold hash
/// codes that differ from one process of the original to the next. So binary annotations of one key come in any order.
fn without_lots(mut spans: Value) -> Value {
    let lists = spans.as_array_mut().into_iter().flatten();
    for list in lists.filter_map(|span| span.get_mut("binaryAnnotations").and_then(Value::as_array_mut)) {
        for same_key in list.chunk_by_mut(|a, b| a["key"] == b["key"]) {
            same_key.sort_by_key(Value::to_string);
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_a_groups() {
        assert!(
            is_offset("/consumers/zipkin/offsets") && is_offset("/kafka/consumers/zipkin/offsets/zipkin/0")
        );
        assert!(!is_offset("/consumers/zipkin/owners") && !is_offset("/consumers/offsets"));
    }

    #[test]
    fn only_annotations_of_one_key_change_places() {
        let tag = |key: &str, service: &str| json!({ "key": key, "endpoint": { "serviceName": service } });
        let found = json!([{ "binaryAnnotations": [tag("b", "y"), tag("b", "x"), tag("a", "z")] }]);
        let shown = json!([{ "binaryAnnotations": [tag("b", "x"), tag("b", "y"), tag("a", "z")] }]);
        assert_eq!(without_lots(found), shown);
        assert_eq!(without_lots(json!("404: ")), json!("404: "));
    }
}
