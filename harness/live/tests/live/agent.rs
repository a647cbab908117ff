//! An agent under a master, with a framework played by hand and the programs of the stacks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stacklab_machine::timeline::What;
use stacklab_stack::Stack;
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};

use crate::cluster::{Cluster, Framework};
use crate::support::{get, get_json, until, until_free};

const PORT: u16 = 31991;
const FULL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/stacks/zipkin-full.stack");

/// The cluster with an agent, a framework and a ZooKeeper for the program.
struct Scene {
    cluster: Cluster,
    agent: Option<stacklab_live::mesos::AgentHost>,
    framework: Framework,
    zookeeper: ServerHandle,
}

impl Scene {
    async fn start(third: u8) -> Self {
        let ip = [127, 78, third, 1];
        let cluster = Cluster::start(ip, Duration::from_secs(15)).await;
        let agent = Some(cluster.agent());
        let framework = cluster.subscribe(json!({"user": "root", "name": "by-hand"})).await;
        let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("zk"));
        let config = ServerConfig::new(SocketAddr::from((ip, 0)));
        let zookeeper = Server::start(config, ensemble, Arc::new(|_| {})).await.unwrap();
        Self { cluster, agent, framework, zookeeper }
    }

    /// The task of Exhibitor-Mesos as the stack and Marathon make it.
    fn exhibitor(&self) -> Value {
        let text = std::fs::read_to_string(FULL).unwrap();
        let stack = Stack::parse(&text).unwrap().stack;
        let app = &stack.applications["exhibitor-mesos"];
        let mut line = app.launch_command.clone();
        for (flag, value) in &app.scheduler {
            line.push_str(&format!(" --{flag} {value}"));
        }
        let line = line
            .replace("${mesos.master}", &self.cluster.master.address().to_string())
            .replace("${zk_url}", &self.zookeeper.address().to_string());
        let uris: Vec<_> = app.uris().map(|uri| json!({"value": uri})).collect();
        let variables =
            json!([{"name": "HOST", "value": self.host()}, {"name": "PORT0", "value": PORT.to_string()}]);
        json!({"value": line, "uris": uris, "environment": {"variables": variables}})
    }

    fn host(&self) -> String {
        std::net::Ipv4Addr::from(self.cluster.agent_ip()).to_string()
    }

    fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.cluster.agent_ip(), port))
    }

    async fn launch(&mut self, task: &str, command: Value) {
        let offer = self.framework.offer().await;
        assert_eq!(offer["hostname"], self.host());
        self.cluster.launch(&self.framework, &offer, task, command).await;
    }

    async fn until_state(&mut self, state: &str) -> Value {
        self.cluster.until_state(&mut self.framework, state).await
    }

    async fn kill(&mut self, task: &str) {
        let call = json!({"type": "KILL", "kill": {"task_id": {"value": task}}});
        assert_eq!(self.cluster.say(&self.framework, call).await.0, 202);
        self.until_state("TASK_KILLED").await;
    }
}

#[tokio::test]
async fn a_program_of_the_stack_runs_and_answers() {
    let mut scene = Scene::start(20).await;
    let command = scene.exhibitor();
    scene.launch("exhibitor", command).await;
    let running = scene.until_state("TASK_RUNNING").await;
    assert_eq!(running["task_id"]["value"], "exhibitor");
    let health = format!("http://{}/health", scene.at(PORT));
    until("health", async || {
        let answer = crate::support::client().get(&health).send().await;
        answer.is_ok_and(|answer| answer.status() == 200).then_some(())
    })
    .await;
    assert_eq!(get(&health).await, (200, "ok".to_owned()));
    // It is a framework itself, and its state is in the ZooKeeper it was given.
    until("the scheduler's subscription", async || {
        let state = get_json(&scene.cluster.url("/state")).await;
        state["frameworks"].as_array().unwrap().iter().any(|one| one["name"] == "exhibitor").then_some(())
    })
    .await;
    until("its state", async || scene.zookeeper.ensemble().get("/exhibitor-mesos").ok()).await;
}

#[tokio::test]
async fn a_killed_program_can_be_started_again_at_once() {
    let mut scene = Scene::start(21).await;
    for round in 0..5 {
        let (task, command) = (format!("exhibitor-{round}"), scene.exhibitor());
        scene.launch(&task, command).await;
        scene.until_state("TASK_RUNNING").await;
        let health = format!("http://{}/health", scene.at(PORT));
        until("health", async || crate::support::client().get(&health).send().await.ok()).await;
        scene.kill(&task).await;
    }
}

#[tokio::test]
async fn a_taken_port_ends_a_program() {
    let mut scene = Scene::start(22).await;
    let _taken = std::net::TcpListener::bind(scene.at(PORT)).unwrap();
    let command = scene.exhibitor();
    scene.launch("exhibitor", command).await;
    let failed = scene.until_state("TASK_FAILED").await;
    assert_eq!(failed["message"], "Command exited with status 1");
    let exited = scene.cluster.recorder.with(|timeline| {
        let code = |event: &stacklab_machine::timeline::Event| match &event.what {
            What::ProgramExited { task, code, .. } if task == "exhibitor" => Some(*code),
            _ => None,
        };
        let words = format!("cannot listen on {}", scene.at(PORT));
        let said = |what: &What| matches!(what, What::Log { line } if line.starts_with(&words));
        assert!(timeline.events().iter().any(|event| said(&event.what)));
        timeline.events().iter().find_map(code)
    });
    assert_eq!(exited, Some(1));
}

#[tokio::test]
async fn the_end_of_an_agent_frees_its_ports() {
    let mut scene = Scene::start(23).await;
    let command = scene.exhibitor();
    scene.launch("exhibitor", command).await;
    scene.until_state("TASK_RUNNING").await;
    let port = scene.at(PORT);
    until("the listener", async || std::net::TcpListener::bind(port).is_err().then_some(())).await;
    drop(scene.agent.take());
    until_free(port).await;
    // The master has noticed, too.
    until("the disconnection", async || {
        let state = get_json(&scene.cluster.url("/state")).await;
        (state["activated_slaves"] == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_run_fails_as_on_an_agent() {
    let mut scene = Scene::start(24).await;
    let unknown = json!({"value": "run", "uris": [{"value": "http://example.invalid/unknown.bin"}]});
    scene.launch("unknown-artifact", unknown).await;
    scene.until_state("TASK_FAILED").await;
    // A file of a scheduler is really asked for; nobody listens there.
    let file = json!({"value": "run", "uris": [{"value": format!("http://{}/jar/x.jar", scene.at(1))}]});
    scene.launch("unreachable-artifact", file).await;
    scene.until_state("TASK_FAILED").await;
    scene.launch("no-java", json!({"value": "java -jar absent.jar scheduler"})).await;
    scene.until_state("TASK_FAILED").await;
    // What nobody plays is a task all the same.
    scene.launch("not-played", json!({"value": "nc -l 31000"})).await;
    scene.until_state("TASK_RUNNING").await;
    scene.kill("not-played").await;
}
