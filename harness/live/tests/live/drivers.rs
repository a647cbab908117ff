//! Schedulers of the protocol before the v1 API, on sockets.

use std::time::Duration;

use serde_json::{Value, json};
use stacklab_live::mesos::Commands;

use crate::cluster::{Cluster, Scratch};
use crate::driver::{Driver, FINISHED, KILLED, RUNNING, acknowledgement, info, launch, task, with_id};
use crate::protobuf::Message;
use crate::support::{client, get_json, raw, until, within};

const SLOW: Duration = Duration::from_secs(15);

async fn framework(cluster: &Cluster) -> Value {
    get_json(&cluster.url("/master/state.json")).await["frameworks"][0].clone()
}

async fn until_completed(cluster: &Cluster, id: &str) -> Value {
    until("the framework's removal", async || {
        let state = get_json(&cluster.url("/state")).await;
        state["completed_frameworks"].as_array().unwrap().iter().find(|one| one["id"] == id).cloned()
    })
    .await
}

#[test]
fn the_client_of_these_tests_writes_what_the_original_does() {
    let framework = "11111111-2222-3333-4444-555555555555-0000";
    let agent = "11111111-2222-3333-4444-555555555555-S0";
    let offer = "11111111-2222-3333-4444-555555555555-O0";
    let task_id = "run-once|127.77.0.11|0b2d4f0e-8d39-4d0e-9f38-0a1b2c3d4e5f";
    let uris = ["http://127.77.0.1:8000/a.tar.gz"];
    let task = task("run-once.127.77.0.11", task_id, agent, "echo done", &uris);
    let uuid = [0, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14, 15];
    let mine = || Message::new().id(1, framework);
    let status = Message::new().id(1, task_id).number(2, RUNNING).id(5, agent);
    let rows = [
        ("RegisterFrameworkMessage", Message::new().message(1, &info(0.0))),
        ("ReregisterFrameworkMessage", Message::new().message(2, &with_id(framework)).number(3, 1)),
        ("LaunchTasksMessage", launch(framework, offer, &[task])),
        ("LaunchTasksMessage.decline", launch(framework, offer, &[])),
        ("StatusUpdateAcknowledgementMessage", acknowledgement(agent, framework, task_id, &uuid)),
        ("ReviveOffersMessage", mine()),
        ("KillTaskMessage", mine().id(2, task_id)),
        ("ReconcileTasksMessage", mine().message(2, &status)),
        ("UnregisterFrameworkMessage", mine()),
        ("DeactivateFrameworkMessage", mine()),
    ];
    for (name, message) in rows {
        let path = format!("{}/../../fixtures/mesos-v0/{name}.hex", env!("CARGO_MANIFEST_DIR"));
        let recorded = std::fs::read_to_string(path).unwrap();
        let written: String = message.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(written, recorded.trim(), "{name}");
    }
}

#[tokio::test]
async fn a_task_runs_from_offer_to_end() {
    let cluster = Cluster::start([127, 78, 40, 1], SLOW).await;
    let scratch = Scratch::new("driver-task");
    let _agent = cluster.agent_with(Commands::Real { folder: scratch.path().to_owned() });
    let mut driver = Driver::registered(&cluster, 0.0).await;
    let state = framework(&cluster).await;
    assert_eq!((&state["pid"], &state["name"]), (&json!(driver.pid), &json!("stack-deploy")));

    // Declined, it would come again after ten seconds; revived, at once.
    let declined = driver.offer().await;
    driver.launch(&declined, &[]).await;
    driver.post("ReviveOffersMessage", &driver.mine()).await;
    let offer = driver.offer().await;
    assert_ne!(offer.id(1), declined.id(1));

    let line = "echo hello from $TASK; echo trouble >&2";
    let line = format!("TASK=t1; {line}");
    driver.launch(&offer, &[task("t", "t1", &offer.id(3), &line, &[])]).await;
    let running = driver.until_state(RUNNING).await;
    assert_eq!((running.id(1), running.id(5)), ("t1".to_owned(), offer.id(3)));
    driver.until_state(FINISHED).await;
    until("the end of the task", async || {
        let tasks = framework(&cluster).await["completed_tasks"].clone();
        (tasks[0]["state"] == "TASK_FINISHED").then_some(())
    })
    .await;
    cluster.until_logged("hello from t1").await;
    cluster.until_logged("trouble").await;
}

#[tokio::test]
async fn an_update_comes_again_until_it_is_acknowledged() {
    let cluster = Cluster::start([127, 78, 41, 1], SLOW).await;
    let _agent = cluster.agent_made(|agent, _| agent.status_retry = Duration::from_millis(20));
    let mut driver = Driver::registered(&cluster, 0.0).await;
    let offer = driver.offer().await;
    driver.launch(&offer, &[task("t", "t1", &offer.id(3), "serve", &[])]).await;
    let first = driver.hear("StatusUpdateMessage").await;
    assert!(first.text(2).unwrap().starts_with("slave(1)@"));
    let again = driver.hear("StatusUpdateMessage").await;
    assert_eq!(first.message(1).bytes(6), again.message(1).bytes(6));
    driver.acknowledge(&first.message(1)).await;
    driver.until_state(RUNNING).await;
}

#[tokio::test]
async fn a_framework_and_its_task_outlive_a_master() {
    let mut cluster = Cluster::start([127, 78, 42, 1], SLOW).await;
    let _agent = cluster.agent();
    let mut driver = Driver::registered(&cluster, 600.0).await;
    let offer = driver.offer().await;
    driver.launch(&offer, &[task("t", "t1", &offer.id(3), "serve", &[])]).await;
    driver.until_state(RUNNING).await;

    cluster.restart_master("N").await;
    assert_eq!(get_json(&cluster.url("/state")).await["leader"], driver.leader);
    until("the agent with what it runs", async || {
        let known = framework(&cluster).await;
        (known["id"] == driver.id.as_str() && known["connected"] == false).then_some(())
    })
    .await;
    // The framework is one that the agent told of: it is registered anew under its id.
    let id = driver.id.clone();
    driver.reregister(&id, false).await;
    assert_eq!(driver.hear("FrameworkRegisteredMessage").await.id(1), id);
    driver.post("ReconcileTasksMessage", &driver.mine()).await;
    let status = driver.until_state(RUNNING).await;
    assert_eq!(status.text(4).as_deref(), Some("Reconciliation: Latest task state"));
    driver.post("KillTaskMessage", &driver.mine().id(2, "t1")).await;
    driver.until_state(KILLED).await;

    // A new process takes the framework over, and the old one is told.
    let mut other = Driver::start(&cluster).await;
    other.reregister(&id, true).await;
    other.hear("FrameworkRegisteredMessage").await;
    assert_eq!(driver.hear("FrameworkErrorMessage").await.text(2).as_deref(), Some("Framework failed over"));
    // The same process again, as after a change of masters that left the master.
    other.reregister(&id, false).await;
    other.hear("FrameworkReregisteredMessage").await;
}

#[tokio::test]
async fn a_torn_down_framework_is_refused() {
    let cluster = Cluster::start([127, 78, 43, 1], SLOW).await;
    let mut driver = Driver::registered(&cluster, 600.0).await;
    let form = format!("frameworkId={}", driver.id);
    let answer = within("teardown", client().post(cluster.url("/master/teardown")).body(form).send()).await;
    assert_eq!(answer.unwrap().status(), 200);
    let id = driver.id.clone();
    driver.reregister(&id, true).await;
    let error = driver.hear("FrameworkErrorMessage").await;
    assert_eq!(error.text(2).as_deref(), Some("Framework has been removed"));

    let mut other = Driver::registered(&cluster, 600.0).await;
    let id = other.id.clone();
    other.post("UnregisterFrameworkMessage", &other.mine()).await;
    until_completed(&cluster, &id).await;
    other.reregister(&id, true).await;
    other.hear("FrameworkErrorMessage").await;
}

#[tokio::test]
async fn all_goes_with_a_driver_that_ends() {
    let cluster = Cluster::start([127, 78, 44, 1], SLOW).await;
    let _agent = cluster.agent();
    let mut driver = Driver::registered(&cluster, 0.0).await;
    let offer = driver.offer().await;
    driver.launch(&offer, &[task("t", "t1", &offer.id(3), "serve", &[])]).await;
    driver.until_state(RUNNING).await;
    let id = driver.id.clone();
    drop(driver);
    let removed = until_completed(&cluster, &id).await;
    assert_eq!(removed["completed_tasks"][0]["state"], "TASK_KILLED");
    let agent = get_json(&cluster.url("/state")).await["slaves"][0].clone();
    assert_eq!(agent["used_resources"]["cpus"], 0.0);
    cluster.until_ended("t1").await;
}

#[tokio::test]
async fn a_driver_that_cannot_be_reached_is_gone() {
    let cluster = Cluster::start([127, 78, 45, 1], SLOW).await;
    let driver = Driver::start(&cluster).await;
    let listening = driver.pid.clone();
    let nobody = format!("scheduler(9)@{}:9", std::net::Ipv4Addr::from(cluster.agent_ip()));
    for (pid, stays) in [(nobody, false), (listening, true)] {
        let body = Message::new().message(1, &info(0.0)).0;
        let request = client()
            .post(cluster.url("/master/mesos.internal.RegisterFrameworkMessage"))
            .header("User-Agent", format!("libprocess/{pid}"))
            .body(body);
        assert_eq!(within("the answer", request.send()).await.unwrap().status(), 202);
        if stays {
            until("the framework", async || (framework(&cluster).await["pid"] == pid).then_some(())).await;
        } else {
            until_completed(&cluster, "M-0000").await;
        }
    }
}

#[tokio::test]
async fn whatever_it_is_worth_a_message_is_accepted() {
    let cluster = Cluster::start([127, 78, 46, 1], SLOW).await;
    let from = "Libprocess-From: scheduler(1)@127.78.46.2:4000";
    let rows = [
        ("/master/mesos.internal.NoSuchMessage", from, "", "202"),
        ("/master/mesos.internal.RegisterFrameworkMessage", from, "garbage", "202"),
        ("/master/mesos.internal.LaunchTasksMessage", from, "", "202"),
        ("/master/mesos.internal.AuthenticateMessage", from, "", "202"),
        ("/slave(1)/mesos.internal.PingSlaveMessage", from, "", "404"),
        ("/nobody/mesos.internal.RegisterFrameworkMessage", from, "", "404"),
        ("/master/mesos.internal.RegisterFrameworkMessage", "Accept: any", "", "404"),
        ("/master/mesos.internal.RegisterFrameworkMessage", "Libprocess-From: me", "", "404"),
    ];
    for (path, header, body, status) in rows {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: m\r\n{header}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let answer = raw(cluster.master.address(), request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {header}: {answer}");
    }
    assert_eq!(get_json(&cluster.url("/state")).await["frameworks"], json!([]));
}
