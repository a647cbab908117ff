//! Where the services of a deployed stack are: out of the timeline, and for the frameworks' ports out of Marathon.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use stacklab_live::Recorder;
use stacklab_machine::http::Request;

use crate::lab::Lab;
use crate::report::running;

/// The addresses of what a stack runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) brokers: Vec<String>,
    pub(crate) cassandra: Vec<String>,
    /// URL of the first query service.
    pub(crate) query: Option<String>,
    /// URL of the first web UI.
    pub(crate) web: Option<String>,
    /// Name and connect string.
    pub(crate) zookeepers: Vec<(String, String)>,
    /// Connect string of the ZooKeeper that Kafka and its consumers use.
    pub(crate) kafka_zookeeper: String,
    marathon: String,
}

impl Places {
    pub(crate) fn of(lab: &Lab, recorder: &Recorder) -> Self {
        let (_, services) = recorder.with(|timeline| running(timeline.events()));
        let of = |kind: &str| -> Vec<String> {
            let mut found: Vec<String> =
                services.iter().filter(|s| s.service == kind).map(|s| s.address.clone()).collect();
            found.sort();
            found.dedup();
            found
        };
        let addresses = lab.addresses();
        let ensemble = of("zookeeper").join(",");
        let mut zookeepers = vec![("platform".to_owned(), addresses.zookeeper.clone())];
        if !ensemble.is_empty() {
            zookeepers.push(("of the stack".to_owned(), ensemble.clone()));
        }
        let own = addresses.kafka_zookeeper.clone();
        let url = |kind: &str| of(kind).first().map(|address| format!("http://{address}"));
        Self {
            brokers: of("kafka"),
            cassandra: of("cassandra"),
            query: url("zipkin-query"),
            web: url("zipkin-web"),
            zookeepers,
            kafka_zookeeper: own.unwrap_or(ensemble),
            marathon: addresses.marathon.clone(),
        }
    }

    /// The frameworks' APIs: application type and URL, for those of Marathon's apps whose type is known.
    pub(crate) async fn frameworks(&self, kinds: &BTreeMap<&str, &str>) -> Vec<(String, String)> {
        let mut request = Request::get(format!("{}/v2/tasks", self.marathon));
        request.headers.push(("accept".to_owned(), "application/json".to_owned()));
        let answer = stacklab_live::http::request(&request, Some(Duration::from_secs(10))).await;
        let tasks: Value = answer.ok().and_then(|a| serde_json::from_slice(&a.body).ok()).unwrap_or_default();
        let mut found = Vec::new();
        for task in tasks["tasks"].as_array().into_iter().flatten() {
            let app = task["appId"].as_str().unwrap_or_default().trim_start_matches('/');
            let (host, port) = (task["host"].as_str(), task["ports"][0].as_u64());
            if let (Some(kind), Some(host), Some(port)) = (kinds.get(app), host, port) {
                found.push(((*kind).to_owned(), format!("http://{host}:{port}")));
            }
        }
        found.sort();
        found
    }
}
