//! A master, an agent and a framework that a test plays itself, by hand.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stacklab_live::mesos::{AgentHost, AgentPlace, Artifacts, Commands, MasterHost};
use stacklab_live::{Clock, Embedded, Names, Recorder, Surroundings};
use stacklab_machine::timeline::{Event, What};
use stacklab_machine::{Pace, Rng, Streams};
use stacklab_mesos::v1::Address;
use stacklab_mesos::{AgentConfig, LinkId, MasterConfig};

use crate::support::{Events, client, until, within};

pub(crate) struct Cluster {
    pub(crate) master: MasterHost,
    pub(crate) recorder: Recorder,
    ip: [u8; 4],
    heartbeat: Duration,
}

impl Cluster {
    /// A master on this address, at any port, that does everything fast but for its heartbeats.
    pub(crate) async fn start(ip: [u8; 4], heartbeat: Duration) -> Self {
        let recorder = Recorder::new(Clock::new());
        // A free one: the master is to know its own port.
        let free = std::net::TcpListener::bind(SocketAddr::from((ip, 0))).unwrap();
        let at = free.local_addr().unwrap();
        drop(free);
        let config = config("M", at, heartbeat, &recorder);
        let master = MasterHost::start(config, at, recorder.clone()).await.unwrap();
        Self { master, recorder, ip, heartbeat }
    }

    /// Another master in the place of this one, with another id.
    pub(crate) async fn restart_master(&mut self, id: &str) {
        let config = config(id, self.master.address(), self.heartbeat, &self.recorder);
        self.master.restart(config).await;
    }

    /// Waits until the program of a task has ended.
    pub(crate) async fn until_ended(&self, id: &str) {
        let is_it = |event: &Event| matches!(&event.what, What::ProgramExited { task, .. } if task == id);
        until("the end of a program", async || {
            self.recorder.with(|timeline| timeline.events().iter().any(is_it)).then_some(())
        })
        .await;
    }

    /// Waits until a line is in the timeline that has this text.
    pub(crate) async fn until_logged(&self, text: &str) {
        let is_it = |event: &Event| matches!(&event.what, What::Log { line } if line.contains(text));
        until(text, async || {
            self.recorder.with(|timeline| timeline.events().iter().any(is_it)).then_some(())
        })
        .await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.master.address())
    }

    /// Starts an agent on the address after the master's.
    pub(crate) fn agent(&self) -> AgentHost {
        self.agent_made(|_, _| {})
    }

    pub(crate) fn agent_with(&self, commands: Commands) -> AgentHost {
        self.agent_made(|_, place| place.commands = commands)
    }

    pub(crate) fn agent_made(&self, change: impl FnOnce(&mut AgentConfig, &mut AgentPlace)) -> AgentHost {
        let resources = "cpus:4;mem:4096;disk:1000;ports:[31000-32000]".parse().unwrap();
        let mut config = AgentConfig::new(address(self.agent_ip(), 5051), resources, Rng::new(2));
        config.registration_backoff = Duration::from_millis(10);
        let mut place = AgentPlace {
            name: "agent-1".to_owned(),
            link: LinkId(1),
            recorder: self.recorder.clone(),
            services: Arc::new(Embedded::new(self.recorder.clone())),
            names: Names::default(),
            pace: Pace::FAST,
            streams: Streams::new(3),
            artifacts: Artifacts::default(),
            commands: Commands::default(),
            surroundings: Surroundings::default(),
        };
        change(&mut config, &mut place);
        AgentHost::start(config, place, self.master.handle())
    }

    pub(crate) fn agent_ip(&self) -> [u8; 4] {
        let [a, b, c, d] = self.ip;
        [a, b, c, d + 1]
    }

    /// POSTs a call: status, `Mesos-Stream-Id`, and the response to go on reading.
    pub(crate) async fn call(&self, stream: Option<&str>, call: &Value) -> reqwest::Response {
        let mut request = client().post(self.url("/api/v1/scheduler")).json(call);
        if let Some(stream) = stream {
            request = request.header("Mesos-Stream-Id", stream);
        }
        within("the answer to a call", request.send()).await.unwrap()
    }

    /// Subscribes a framework and waits until the master says so.
    pub(crate) async fn subscribe(&self, info: Value) -> Framework {
        let response =
            self.call(None, &json!({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        let stream = response.headers()["mesos-stream-id"].to_str().unwrap().to_owned();
        let mut events = Events::new(response);
        let subscribed = events.next().await.unwrap();
        assert_eq!(subscribed["type"], "SUBSCRIBED", "{subscribed}");
        let id = subscribed["subscribed"]["framework_id"]["value"].as_str().unwrap().to_owned();
        Framework { id, stream, events, subscribed }
    }

    /// A call of a subscribed framework: the status and the text of the answer.
    pub(crate) async fn say(&self, framework: &Framework, mut call: Value) -> (u16, String) {
        call["framework_id"] = json!({"value": framework.id});
        let answer = self.call(Some(&framework.stream), &call).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Launches a command on an offer.
    pub(crate) async fn launch(&self, framework: &Framework, offer: &Value, task: &str, command: Value) {
        let info = json!({
            "name": task, "task_id": {"value": task}, "agent_id": offer["agent_id"], "command": command,
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}},
                          {"name": "mem", "type": "SCALAR", "scalar": {"value": 128}}],
        });
        let launch = json!([{"type": "LAUNCH", "launch": {"task_infos": [info]}}]);
        let accept =
            json!({"offer_ids": [offer["id"]], "operations": launch, "filters": {"refuse_seconds": 0}});
        assert_eq!(
            self.say(framework, json!({"type": "ACCEPT", "accept": accept})).await,
            (202, String::new())
        );
    }

    /// The next status of a task, acknowledged.
    pub(crate) async fn status(&self, framework: &mut Framework) -> Value {
        let status = framework.events.next_of("UPDATE").await["update"]["status"].clone();
        if status["uuid"].is_string() {
            let acknowledge =
                json!({"agent_id": status["agent_id"], "task_id": status["task_id"], "uuid": status["uuid"]});
            let call = json!({"type": "ACKNOWLEDGE", "acknowledge": acknowledge});
            assert_eq!(self.say(framework, call).await.0, 202);
        }
        status
    }

    /// Waits until a task is in a state, by way of whatever comes before.
    pub(crate) async fn until_state(&self, framework: &mut Framework, state: &str) -> Value {
        within(state, async {
            loop {
                let status = self.status(framework).await;
                if status["state"] == state {
                    return status;
                }
                let early = ["TASK_FAILED", "TASK_FINISHED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR"];
                let ended = early.iter().any(|end| status["state"] == *end);
                assert!(!ended, "waited for {state}, got {status}");
            }
        })
        .await
    }
}

/// A framework that has subscribed.
pub(crate) struct Framework {
    pub(crate) id: String,
    pub(crate) stream: String,
    pub(crate) events: Events,
    pub(crate) subscribed: Value,
}

impl Framework {
    /// The first offer of the next offers.
    pub(crate) async fn offer(&mut self) -> Value {
        self.events.next_of("OFFERS").await["offers"]["offers"][0].clone()
    }
}

fn config(id: &str, at: SocketAddr, heartbeat: Duration, recorder: &Recorder) -> MasterConfig {
    let ip = at.ip().to_string();
    let address = Address { hostname: ip.clone(), ip, port: at.port() };
    let mut config = MasterConfig::new(id, address, Rng::new(1));
    config.started = recorder.now();
    config.allocation_interval = Duration::from_millis(10);
    config.heartbeat_interval = heartbeat;
    config
}

/// A folder that is gone at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("stacklab-test-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn address(ip: [u8; 4], port: u16) -> Address {
    let ip = std::net::Ipv4Addr::from(ip).to_string();
    Address { hostname: ip.clone(), ip, port }
}
