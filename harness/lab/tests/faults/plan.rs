//! A plan as a whole: what triggers it, what it does, what is counted.

use serde_json::json;
use stacklab_faults::{Fault, Pattern, Reaction, Times};
use stacklab_machine::timeline::What;

use crate::world::World;

fn fail(task: &str, message: &str) -> Reaction {
    Reaction::FailTask { task: task.into(), message: Some(message.into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn happens_on_an_event_so_often_and_is_counted() {
    let launched = Pattern::event("task-launched").with("name", "web");
    let mut first = Fault::on(launched, fail("web", "a bad day"));
    first.times = Times::Count(2);
    let never = Fault::on(Pattern::event("task-launched").with("name", "nobody"), fail("nobody", ""));
    let wrong =
        Fault::at(0.0, Reaction::LoseAgent { agent: "agent-9".into(), back: None, without_sandboxes: false });
    let world = World::new(1, vec![first, never, wrong]).await;
    world.app("web", json!({"backoffSeconds": 0})).await;
    assert_eq!(world.status(2, "web", "TASK_FAILED").await.1, "a bad day");
    let third = world.until_nth("the third launch", 3, |what| match what {
        What::TaskLaunched { task, name, .. } if name.contains("web") => Some(task.clone()),
        _ => None,
    });
    let third = third.await;
    world
        .until("the third one to run", |what| match what {
            What::TaskStatus { task, state, .. } => (*task == third && state == "TASK_RUNNING").then_some(()),
            _ => None,
        })
        .await;
    let faults = world.lab.faults();
    let hits: Vec<_> = faults.hits().iter().map(|hits| (hits.matched, hits.fired)).collect();
    assert_eq!(hits, [(3, 2), (0, 0), (1, 1)]);
    assert_eq!(faults.never_fired(), [1]);
    let failures = faults.failures();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(
        failures[0].1,
        "there is no agent called 'agent-9'; there are: agent-1. Name one of these, or let the fault wait for it (on:)"
    );
    // A fault stands in the timeline between what triggered it and what came of it.
    let events = world.lab.recorder().events_from(0);
    let of = |what: &dyn Fn(&What) -> bool| events.iter().find(|event| what(&event.what)).unwrap();
    let fired = of(&|what| matches!(what, What::FaultFired { fault } if fault.contains("web")));
    let launched = of(&|what| matches!(what, What::TaskLaunched { name, .. } if name.contains("web")));
    assert_eq!(fired.cause, Some(launched.id));
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_what_there_is() {
    let world = World::new(2, Vec::new()).await;
    world.app("web", json!({})).await;
    world.status(1, "web", "TASK_RUNNING").await;
    let why = async |reaction| world.lab.carry_out(&reaction).await.unwrap_err().to_string();
    let task = why(fail("broker-70", "")).await;
    assert!(task.starts_with("there is no task called 'broker-70'; there are: web"), "{task}");
    let framework = why(Reaction::DisconnectFramework { framework: "kafka".into() }).await;
    assert!(
        framework.starts_with("there is no framework called 'kafka'; there are: marathon."),
        "{framework}"
    );
    let port = Reaction::TakePort { agent: "agent of web".into(), port: 31_500 };
    world.carry_out(port.clone()).await;
    let taken = why(port).await;
    assert!(taken.contains("Address already in use"), "{taken}");
    world.lab.stop().await;
}
