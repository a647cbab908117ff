//! Commands that are really run: their artifacts, their output, their end.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use stacklab_live::mesos::{AgentHost, Commands};

use crate::cluster::{Cluster, Framework, Scratch};
use crate::support::until;

struct Scene {
    cluster: Cluster,
    agent: Option<AgentHost>,
    framework: Framework,
    scratch: Scratch,
}

impl Scene {
    async fn start(third: u8) -> Self {
        let cluster = Cluster::start([127, 78, third, 1], Duration::from_secs(15)).await;
        let scratch = Scratch::new(&format!("commands-{third}"));
        let agent = Some(cluster.agent_with(Commands::Real { folder: scratch.path().join("sandboxes") }));
        let framework = cluster.subscribe(json!({"user": "root", "name": "by-hand"})).await;
        Self { cluster, agent, framework, scratch }
    }

    async fn run(&mut self, task: &str, command: Value, state: &str) -> Value {
        let offer = self.framework.offer().await;
        self.cluster.launch(&self.framework, &offer, task, command).await;
        self.cluster.until_state(&mut self.framework, state).await
    }

    /// A file for the tests' commands.
    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, content).unwrap();
        format!("file://{}", path.display())
    }
}

fn is_running(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z")
}

async fn pids_of(file: &Path) -> Vec<String> {
    until("the processes", async || {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let pids: Vec<_> = text.lines().map(str::to_owned).collect();
        (pids.len() == 3).then_some(pids)
    })
    .await
}

#[tokio::test]
async fn a_command_ends_as_it_ends() {
    let mut scene = Scene::start(50).await;
    let rows = [
        ("true", "TASK_FINISHED", "Command exited with status 0"),
        ("exit 3", "TASK_FAILED", "Command exited with status 3"),
        ("kill -9 $$", "TASK_FAILED", "Command terminated with signal Killed"),
        ("./no-such-program", "TASK_FAILED", "Command exited with status 127"),
    ];
    for (at, (line, state, message)) in rows.into_iter().enumerate() {
        let status = scene.run(&format!("row-{at}"), json!({"value": line}), state).await;
        assert_eq!(status["message"], message, "{line}");
    }
    // Not through a shell: a program, and what it takes for its name and arguments.
    let program = json!({"shell": false, "value": "/bin/sh", "arguments": ["me", "-c", "echo I am $0"]});
    scene.run("program", program, "TASK_FINISHED").await;
    scene.cluster.until_logged("I am me").await;
    let absent = json!({"shell": false, "value": "/no/such/program", "arguments": ["x"]});
    scene.run("absent", absent, "TASK_FAILED").await;
}

#[tokio::test]
async fn it_has_its_sandbox_and_its_environment_and_no_more() {
    let mut scene = Scene::start(51).await;
    let script = scene.file("script.sh", b"#!/bin/sh\necho script in ${PWD##*/}, $GREETING\n");
    let plain = scene.file("plain.txt", b"plain content\n");
    let packed = {
        let mut archive =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let content = b"packed content\n";
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "inner/file.txt", &content[..]).unwrap();
        let bytes = archive.into_inner().unwrap().finish().unwrap();
        scene.file("packed.tar.gz", &bytes)
    };
    let command = json!({
        "value": "test \"$PWD\" = \"$MESOS_SANDBOX\" && test -z \"$CARGO_MANIFEST_DIR\" && ./script.sh \
                  && cat plain.txt inner/file.txt",
        "environment": {"variables": [{"name": "GREETING", "value": "good morning"}]},
        "uris": [{"value": script, "executable": true}, {"value": plain}, {"value": packed}],
    });
    scene.run("files", command, "TASK_FINISHED").await;
    for text in ["good morning", "plain content", "packed content"] {
        scene.cluster.until_logged(text).await;
    }
    // Over HTTP: anything that a port of the lab hands out.
    let url = scene.cluster.url("/version");
    let command = json!({"value": "grep -q 1.11.0 version", "uris": [{"value": url}]});
    scene.run("download", command, "TASK_FINISHED").await;
    let absent = ["http://127.0.0.1:9/nobody.bin", "/no/such/file", "https://host.invalid/x", "ftp://host/x"];
    for (at, uri) in absent.into_iter().enumerate() {
        let command = json!({"value": "true", "uris": [{"value": uri}]});
        scene.run(&format!("absent-{at}"), command, "TASK_FAILED").await;
    }
    let plain = scene.file("plain.txt", b"plain content\n");
    let outside = json!({"value": "true", "uris": [{"value": plain, "output_file": "../escaped.txt"}]});
    scene.run("outside", outside, "TASK_FAILED").await;
    let zip = scene.file("packed.zip", b"PK");
    scene.run("zip", json!({"value": "true", "uris": [{"value": zip}]}), "TASK_FAILED").await;
}

/// A shell, a child of it, and one that left its group and session.
fn family(file: &Path) -> Value {
    let file = file.display();
    let line = format!(
        "trap '' TERM; echo $$ > {file}; sleep 1000 & echo $! >> {file}; \
         setsid sh -c 'echo $$ >> {file}; exec sleep 1000' & wait; wait; sleep 1000"
    );
    json!({"value": line})
}

#[tokio::test]
async fn a_kill_ends_the_whole_family() {
    let mut scene = Scene::start(52).await;
    let file = scene.scratch.path().join("pids");
    scene.run("family", family(&file), "TASK_RUNNING").await;
    let pids = pids_of(&file).await;
    // It takes no notice of SIGTERM, and is killed after its grace period.
    let policy = json!({"grace_period": {"nanoseconds": 50_000_000}});
    let kill = json!({"type": "KILL", "kill": {"task_id": {"value": "family"}, "kill_policy": policy}});
    assert_eq!(scene.cluster.say(&scene.framework, kill).await.0, 202);
    scene.cluster.until_state(&mut scene.framework, "TASK_KILLED").await;
    until("the end of all", async || pids.iter().all(|pid| !is_running(pid)).then_some(())).await;
}

#[tokio::test]
async fn nothing_outlives_its_agent_or_its_parent() {
    let mut scene = Scene::start(53).await;
    let file = scene.scratch.path().join("orphan");
    let line = format!("setsid sleep 1000 & echo $! > {}; exit 0", file.display());
    scene.run("parent", json!({"value": line}), "TASK_FINISHED").await;
    let orphan = std::fs::read_to_string(&file).unwrap();
    until("the end of the orphan", async || (!is_running(orphan.trim())).then_some(())).await;

    let file = scene.scratch.path().join("pids");
    scene.run("family", family(&file), "TASK_RUNNING").await;
    let pids = pids_of(&file).await;
    drop(scene.agent.take());
    until("the end of all", async || pids.iter().all(|pid| !is_running(pid)).then_some(())).await;
}

#[tokio::test]
async fn a_modelled_command_runs_as_long_as_it_is_told() {
    let cluster = Cluster::start([127, 78, 54, 1], Duration::from_secs(15)).await;
    let _agent = cluster.agent_with(Commands::Modelled { runs_for: Some(Duration::from_millis(50)) });
    let mut framework = cluster.subscribe(json!({"user": "root", "name": "f"})).await;
    let offer = framework.offer().await;
    cluster.launch(&framework, &offer, "served", json!({"value": "nc -l 31000"})).await;
    cluster.until_state(&mut framework, "TASK_RUNNING").await;
    cluster.until_state(&mut framework, "TASK_FINISHED").await;
}

#[tokio::test]
async fn a_docker_image_is_refused_by_its_name() {
    let mut scene = Scene::start(55).await;
    let offer = scene.framework.offer().await;
    let info = json!({
        "name": "d", "task_id": {"value": "d"}, "agent_id": offer["agent_id"], "command": {"value": "serve"},
        "container": {"type": "DOCKER", "docker": {"image": "nginx:1.9"}},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}}],
    });
    let launch = json!([{"type": "LAUNCH", "launch": {"task_infos": [info]}}]);
    let accept = json!({"offer_ids": [offer["id"]], "operations": launch});
    assert_eq!(scene.cluster.say(&scene.framework, json!({"type": "ACCEPT", "accept": accept})).await.0, 202);
    let failed = scene.cluster.until_state(&mut scene.framework, "TASK_FAILED").await;
    let message = failed["message"].as_str().unwrap();
    assert!(message.ends_with("the Docker image nginx:1.9 runs with --backend docker only"), "{message}");
}
