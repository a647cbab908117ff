//! Master, frameworks, resources, HTTP.

use serde_json::{Value, json};
use stacklab_faults::Reaction;
use stacklab_machine::timeline::What;

use crate::world::World;

fn framework<'s>(state: &'s Value, name: &str) -> Option<&'s Value> {
    state["frameworks"].as_array()?.iter().find(|one| one["name"] == name && one["connected"] == true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_master_takes_over_after_a_while() {
    let world = World::new(1, Vec::new()).await;
    world.app("web", json!({})).await;
    world.status(1, "web", "TASK_RUNNING").await;
    let old = world.state().await.unwrap()["id"].clone();
    world.carry_out(Reaction::FailOverMaster { after: 40.0 }).await;
    assert!(world.state().await.is_none(), "nobody is there");
    assert!(world.lab.platform().snapshot().iter().all(|node| !node.path.starts_with("/mesos/json.info_")));
    let task = |state: &Value| {
        let tasks = &framework(state, "marathon")?["tasks"];
        (state["id"] != old && tasks[0]["state"] == "TASK_RUNNING").then_some(())
    };
    world.until_state("Marathon with its task under another master", task).await;
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frameworks_are_cut_off_displaced_and_torn_down() {
    let world = World::new(1, Vec::new()).await;
    let name = || "marathon".to_owned();
    let subscribed = async |nth| {
        world
            .until_nth("the subscription", nth, |what| match what {
                What::FrameworkSubscribed { framework, name, .. } if name == "marathon" => {
                    Some(framework.clone())
                }
                _ => None,
            })
            .await
    };
    let id = subscribed(1).await;
    world.carry_out(Reaction::DisconnectFramework { framework: name() }).await;
    assert_eq!(subscribed(2).await, id, "it came back by itself");
    world.carry_out(Reaction::TearDownFramework { framework: name() }).await;
    let cause = world.until("the end", |what| match what {
        What::FrameworkRemoved { framework, cause, .. } => (*framework == id).then(|| cause.clone()),
        _ => None,
    });
    assert!(!cause.await.is_empty());
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_can_be_taken_by_another_scheduler() {
    let world = World::new(1, Vec::new()).await;
    world.carry_out(Reaction::FailOverFramework { framework: "marathon".into() }).await;
    world
        .until("the displacement", |what| match what {
            What::FrameworkSubscribed { name, known: true, .. } => (name == "marathon").then_some(()),
            _ => None,
        })
        .await;
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_launch_on_a_rescinded_offer_is_lost() {
    let world = World::new(1, Vec::new()).await;
    world.carry_out(Reaction::RescindOffers { framework: "marathon".into() }).await;
    world.app("web", json!({"backoffSeconds": 0})).await;
    let (_, message) = world.status(1, "web", "TASK_LOST").await;
    assert!(message.contains("is no longer valid"), "{message}");
    world.status(1, "web", "TASK_RUNNING").await;
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_else_has_the_resources() {
    let world = World::new(1, Vec::new()).await;
    let resources = "cpus:3.5;mem:1000;ports:[31150-31150]".to_owned();
    world.carry_out(Reaction::TakeResources { agent: "agent-1".into(), resources }).await;
    let taken = |state: &Value| {
        let task = &framework(state, "somebody-else")?["tasks"][0];
        (task["state"] == "TASK_RUNNING").then(|| task["resources"]["ports"].clone())
    };
    assert_eq!(world.until_state("the other's task", taken).await, "[31150-31150]");
    let used = world.state().await.unwrap()["slaves"][0]["used_resources"]["cpus"].clone();
    assert_eq!(used, 3.5);
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_fronts_answer_as_the_plan_says() {
    let world = World::new(1, Vec::new()).await;
    let marathon = format!("{}/v2/apps", world.lab.addresses().marathon);
    world.carry_out(Reaction::AnswerHttp { to: "marathon".into(), status: 503, times: 2 }).await;
    for expected in [503, 503, 200] {
        assert_eq!(world.get(&marathon).await.unwrap().status(), expected);
    }
    world.carry_out(Reaction::CloseHttp { to: "marathon".into(), times: 1 }).await;
    assert!(!world.get(&marathon).await.unwrap_err().is_timeout());
    world.carry_out(Reaction::HangHttp { to: "marathon".into(), times: 1 }).await;
    assert!(world.get(&marathon).await.unwrap_err().is_timeout());
    assert_eq!(world.get(&marathon).await.unwrap().status(), 200);
    world.carry_out(Reaction::AnswerHttp { to: "master".into(), status: 500, times: 1 }).await;
    let state = format!("{}/state", world.lab.addresses().master);
    assert_eq!(world.get(&state).await.unwrap().status(), 500);
    world.lab.stop().await;
}
