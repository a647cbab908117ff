//! What a plan of faults asks for, as a scheduler hears it.

use expect_test::expect;
use stacklab_mesos::*;

use crate::world::{World, custom_task, framework, seconds, task};

fn end(world: &mut World, task_id: &str, end: TaskEnd) {
    world.agent(0, AgentInput::EndTask { task_id: task_id.into(), end });
}

#[test]
fn tasks_end_without_their_own_doing() {
    let mut world = World::with(1, "cpus:8;mem:16384;ports:[31000-32000]", |_| {});
    world.subscribe(1, framework("f"));
    world.heard();
    let offer = world.offers.remove(0);
    let tasks = vec![
        task("a", &offer, "sleep"),
        task("b", &offer, "sleep"),
        custom_task("c", &offer, "run"),
        task("d", &offer, "sleep"),
    ];
    world.launch(1, &offer, tasks);
    world.heard();
    let live = world.agents[0].live_tasks();
    assert_eq!(live.len(), 4);
    end(&mut world, "a", TaskEnd::Failed(None));
    end(&mut world, "b", TaskEnd::Failed(Some("a bad day".into())));
    end(&mut world, "c", TaskEnd::Failed(None));
    end(&mut world, "d", TaskEnd::Lost);
    end(&mut world, "unknown", TaskEnd::Lost);
    world.pass(seconds(6));
    expect![[r#"
        1 UPDATE a TASK_FAILED EXECUTOR - "Command exited with status 1"
        1 UPDATE b TASK_FAILED EXECUTOR - "a bad day"
        1 UPDATE c TASK_FAILED AGENT EXECUTOR_TERMINATED "Executor terminated"
        1 Failure { agent_id: Some(AgentId(M-S0)), executor_id: Some(ExecutorId(e)), status: Some(9) }
        1 UPDATE d TASK_LOST AGENT EXECUTOR_TERMINATED "Executor terminated"
        1 OFFER M-O1 cpus:8; mem:16384; ports:[31000-32000]
    "#]]
    .assert_eq(&world.heard());
    assert!(world.agents[0].live_tasks().is_empty());
    assert_eq!(world.offers.pop().unwrap().resources, offer.resources, "everything came back");
}

#[test]
fn offers_are_taken_back_and_a_launch_on_them_is_lost() {
    let mut world = World::new(1);
    world.subscribe(1, framework("f"));
    world.heard();
    let offer = world.offers.remove(0);
    let id = world.master.framework_called("f").unwrap();
    assert_eq!(world.master.framework_called(id.as_str()), Some(id.clone()));
    assert_eq!(
        (world.master.framework_called("g"), world.master.framework_names()),
        (None, vec!["f".into()])
    );
    assert_eq!(world.master.reached(&id), Some(Reached::Stream(ConnectionId(1))));
    assert_eq!(world.master.open_offers(&id), 1);
    world.input(MasterInput::Rescind { framework_id: id.clone() });
    assert_eq!(world.master.open_offers(&id), 0);
    world.launch(1, &offer, vec![task("t", &offer, "sleep")]);
    expect![[r#"
        1 Rescind(OfferId(M-O0))
        1 UPDATE t TASK_LOST MASTER INVALID_OFFERS "Task launched with invalid offers: Offer M-O0 is no longer valid"
    "#]].assert_eq(&world.heard());
}
