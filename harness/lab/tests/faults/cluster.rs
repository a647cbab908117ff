//! Tasks and agents.

use serde_json::json;
use stacklab_faults::Reaction;
use stacklab_machine::timeline::What;

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_fail_are_lost_killed_late_and_hang() {
    let world = World::new(1, Vec::new()).await;
    world.carry_out(Reaction::DelayTask { task: "web".into(), by: 10.0 }).await;
    world.app("web", json!({"backoffSeconds": 0})).await;
    world.status(1, "web", "TASK_RUNNING").await;
    world.carry_out(Reaction::LoseTask { task: "web".into() }).await;
    world.status(1, "web", "TASK_LOST").await;
    world.status(2, "web", "TASK_RUNNING").await;
    world.carry_out(Reaction::KillTask { task: "web".into() }).await;
    assert_eq!(world.status(1, "web", "TASK_FAILED").await.1, "Command terminated with signal Killed");
    world.status(3, "web", "TASK_RUNNING").await;
    world.carry_out(Reaction::HangTask { task: "web".into() }).await;
    world.carry_out(Reaction::FailTask { task: "web".into(), message: None }).await;
    assert_eq!(world.status(2, "web", "TASK_FAILED").await.1, "Command exited with status 1");
    let staging = |state: &serde_json::Value| {
        let task = &state["frameworks"][0]["tasks"][0];
        (task["state"] == "TASK_STAGING").then(|| task["id"].as_str().unwrap_or_default().to_owned())
    };
    let id = world.until_state("the task that hangs", staging).await;
    let running = |what: &What| matches!(what, What::TaskStatus { task, state, .. } if *task == id && state == "TASK_RUNNING");
    assert!(!world.lab.recorder().events_from(0).iter().any(|event| running(&event.what)));
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_agent_comes_back() {
    let back =
        Reaction::LoseAgent { agent: "agent of web".into(), back: Some(60.0), without_sandboxes: false };
    let world = World::new(1, Vec::new()).await;
    world.app("web", json!({"backoffSeconds": 0})).await;
    world.status(1, "web", "TASK_RUNNING").await;
    world.carry_out(back).await;
    let gone = |state: &serde_json::Value| (state["activated_slaves"] == 0.0).then_some(());
    world.until_state("the agent's end", gone).await;
    let before = world.until("the agent", |what| match what {
        What::AgentRegistered { agent, .. } => Some(agent.clone()),
        _ => None,
    });
    let before = before.await;
    let again = world.until_nth("the agent's return", 2, |what| match what {
        What::AgentRegistered { agent, .. } => Some(agent.clone()),
        _ => None,
    });
    assert_eq!(again.await, before, "it remembers its id");
    world.status(2, "web", "TASK_RUNNING").await;
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_agent_is_lost_and_registers_again() {
    let partition = Reaction::PartitionAgent { agent: "agent-1".into(), lasts: 120.0 };
    // In the plan, and carried out here: so the master's patience fits.
    let mut planned = stacklab_faults::Fault::at(1e5, partition.clone());
    planned.optional = true;
    let world = World::new(1, vec![planned]).await;
    world.app("web", json!({"backoffSeconds": 0})).await;
    world.status(1, "web", "TASK_RUNNING").await;
    world.carry_out(partition).await;
    let lost = world.until("the agent's loss", |what| match what {
        What::AgentLost { cause, .. } => Some(cause.clone()),
        _ => None,
    });
    assert_eq!(lost.await, "health check timed out");
    let again = |state: &serde_json::Value| (state["activated_slaves"] == 1.0).then_some(());
    world.until_state("the agent", again).await;
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_moves_on_a_paused_agent() {
    let world = World::new(1, Vec::new()).await;
    world.carry_out(Reaction::PauseAgent { agent: "agent-1".into(), lasts: 40.0 }).await;
    let begun = world.lab.recorder().now();
    world.app("web", json!({})).await;
    world.status(1, "web", "TASK_RUNNING").await;
    // 40 s at a fortieth.
    assert!(world.lab.recorder().now().since(begun) >= std::time::Duration::from_millis(990));
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn artifacts_are_missing_or_broken_at_run_time() {
    let world = World::new(1, Vec::new()).await;
    let mesos = world.lab.addresses().zookeeper.clone();
    let cmd = format!(
        "java -jar mesos-exhibitor-0.1.jar scheduler --api http://$HOST:$PORT0 --master zk://{mesos}/mesos \
         --storage zk:{mesos}/exhibitor-mesos"
    );
    let uris = json!(["http://repo/mesos-exhibitor-0.1.jar"]);
    world.carry_out(Reaction::MissArtifact { name: "mesos-exhibitor-0.1.jar".into() }).await;
    world.app("missing", json!({"cmd": cmd, "uris": uris})).await;
    world
        .until("the missing artifact", |what| match what {
            What::ArtifactMissing { why, .. } => why.contains("404").then_some(()),
            _ => None,
        })
        .await;
    world.carry_out(Reaction::CorruptArtifact { name: "zipkin-mesos-0.1.jar".into() }).await;
    let uris = json!(["http://repo/zipkin-mesos-0.1.jar"]);
    world.app("broken", json!({"cmd": "java -jar zipkin-mesos-0.1.jar scheduler", "uris": uris})).await;
    world
        .until("the broken artifact", |what| match what {
            What::Log { line } => line.starts_with("Error: Invalid or corrupt jarfile zipkin").then_some(()),
            _ => None,
        })
        .await;
    world.lab.stop().await;
}
