//! A lab with plain apps of Marathon's, and what there is to see.

use std::time::Duration;

use serde_json::{Value, json};
use stacklab_faults::{Fault, Reaction};
use stacklab_lab::cluster::{AgentSpec, ClusterSpec};
use stacklab_lab::{Backing, Commands, Lab, LabConfig};
use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;
use stacklab_machine::timeline::What;

const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) lab: Lab,
    client: reqwest::Client,
}

pub(crate) fn config(agents: usize, faults: Vec<Fault>) -> LabConfig {
    let agents = vec![AgentSpec { count: agents, ..AgentSpec::default() }];
    LabConfig {
        cluster: ClusterSpec { agents, ..ClusterSpec::default() },
        already_running: Vec::new(),
        pace: Pace::FAST,
        seed: 1,
        backing: Backing::embedded(),
        commands: Commands::default(),
        faults,
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl World {
    pub(crate) async fn new(agents: usize, faults: Vec<Fault>) -> Self {
        let lab = Lab::start(config(agents, faults), Recorder::new(Clock::new())).await.unwrap();
        Self::of(lab)
    }

    pub(crate) fn of(lab: Lab) -> Self {
        Self { lab, client: client() }
    }

    /// Posts an app of one plain task.
    pub(crate) async fn app(&self, id: &str, more: Value) {
        let mut app = json!({"id": id, "cmd": "nc -l $PORT0", "cpus": 0.1, "mem": 16, "instances": 1});
        app.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let url = format!("{}/v2/apps", self.lab.addresses().marathon);
        let answer = self.client.post(url).json(&app).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn get(&self, url: &str) -> reqwest::Result<reqwest::Response> {
        self.client.get(url).timeout(Duration::from_millis(500)).send().await
    }

    pub(crate) async fn state(&self) -> Option<Value> {
        let url = format!("{}/state", self.lab.addresses().master);
        self.get(&url).await.ok()?.json().await.ok()
    }

    /// Looks at the master's state until there is something to see.
    pub(crate) async fn until_state<T>(&self, what: &str, seen: impl Fn(&Value) -> Option<T>) -> T {
        let look = async {
            loop {
                if let Some(seen) = self.state().await.as_ref().and_then(&seen) {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let found = tokio::time::timeout(LIMIT, look).await;
        found.unwrap_or_else(|_| panic!("{what} did not come:\n{}", self.text()))
    }

    /// Waits for an event, also one that has been.
    pub(crate) async fn until<T>(&self, what: &str, seen: impl Fn(&What) -> Option<T>) -> T {
        self.until_nth(what, 1, seen).await
    }

    /// Waits for so many events; gives the last.
    pub(crate) async fn until_nth<T>(&self, what: &str, nth: usize, seen: impl Fn(&What) -> Option<T>) -> T {
        let recorder = self.lab.recorder();
        let mut length = recorder.watch();
        let look = async {
            loop {
                let found = recorder.with(|timeline| {
                    timeline.events().iter().filter_map(|event| seen(&event.what)).nth(nth - 1)
                });
                if let Some(found) = found {
                    return found;
                }
                length.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(LIMIT, look).await;
        found.unwrap_or_else(|_| panic!("{what} did not come:\n{}", self.text()))
    }

    /// Waits until a task of an app has this state, for the nth time.
    pub(crate) async fn status(&self, nth: usize, app: &str, wanted: &str) -> (String, String) {
        self.until_nth(&format!("{wanted} of {app}"), nth, |what| match what {
            What::TaskStatus { task, state, message, .. } if state == wanted && task.contains(app) => {
                Some((task.clone(), message.clone().unwrap_or_default()))
            }
            _ => None,
        })
        .await
    }

    pub(crate) async fn carry_out(&self, reaction: Reaction) {
        self.lab.carry_out(&reaction).await.unwrap();
    }

    fn text(&self) -> String {
        self.lab.recorder().with(|timeline| {
            let noise = |what: &What| matches!(what, What::OfferSent { .. } | What::OfferDeclined { .. });
            let events = timeline.events().iter().filter(|event| !noise(&event.what));
            let lines: Vec<_> = events.map(|event| format!("{} {:?}", event.who, event.what)).collect();
            lines.join("\n")
        })
    }
}
