//! The cluster and its master: what a restart leaves.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use serde_json::{Value, json};
use stacklab_lab::cluster::{AgentSpec, ClusterSpec};
use stacklab_lab::{Backing, Commands, Lab, LabConfig};
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;

const LIMIT: Duration = Duration::from_secs(20);

async fn state(lab: &Lab) -> Option<Value> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{}/state", lab.addresses().master)).send().await.ok()?;
    answer.json().await.ok()
}

/// Looks at the master's state until there is something to see.
async fn until(what: &str, lab: &Lab, seen: impl Fn(&Value) -> Option<Value>) -> Value {
    let look = async {
        loop {
            if let Some(seen) = state(lab).await.as_ref().and_then(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, look).await.unwrap_or_else(|_| panic!("{what} did not come within {LIMIT:?}"))
}

/// Marathon, connected, with one running task.
fn marathon(state: &Value) -> Option<Value> {
    let framework = state["frameworks"].as_array()?.iter().find(|one| one["name"] == "marathon")?;
    let is_whole = framework["connected"] == true && framework["tasks"][0]["state"] == "TASK_RUNNING";
    is_whole.then(|| framework.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apps_outlive_a_master() {
    let config = LabConfig {
        cluster: ClusterSpec { agents: vec![AgentSpec::default()], ..ClusterSpec::default() },
        already_running: Vec::new(),
        pace: Pace::FAST,
        seed: 1,
        backing: Backing::embedded(),
        commands: Commands::default(),
        faults: Vec::new(),
    };
    let lab = Lab::start(config, Recorder::new(Clock::new())).await.unwrap();
    let app = json!({"id": "web", "cmd": "nc -l $PORT0", "cpus": 0.1, "mem": 16, "instances": 1});
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer =
        client.post(format!("{}/v2/apps", lab.addresses().marathon)).json(&app).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let before = until("the app", &lab, marathon).await;

    let old = state(&lab).await.unwrap();
    lab.restart_master().await.unwrap();
    let after = until("Marathon with its app", &lab, marathon).await;
    assert_eq!((&after["id"], &after["tasks"][0]["id"]), (&before["id"], &before["tasks"][0]["id"]));
    let new = state(&lab).await.unwrap();
    assert_ne!(new["id"], old["id"]);
    assert_eq!((&new["leader"], &new["activated_slaves"]), (&old["leader"], &json!(1.0)));

    // The node of the old one is gone, and the new one's says who it is.
    let nodes = lab.platform().snapshot();
    let of_masters: Vec<_> = nodes.iter().filter(|node| node.path.starts_with("/mesos/json.info_")).collect();
    assert_eq!(of_masters.len(), 1);
    let (data, _) = lab.platform().get(&of_masters[0].path).unwrap();
    let info: Value = serde_json::from_slice(&data.unwrap()).unwrap();
    assert_eq!((&info["id"], &info["pid"]), (&new["id"], &new["leader"]));
    lab.stop().await;
}
