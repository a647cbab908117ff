//! Random walks: whatever happens, nothing is lost, nothing is given twice, and the same seed says the same.

use stacklab_machine::Rng;
use stacklab_machine::http::{Method, Request};
use stacklab_mesos::v0::{DriverCall, Pid};
use stacklab_mesos::*;

use crate::world::{World, custom_task, framework, seconds, task};

const WHOLE: &str = "cpus:4; mem:16384; ports:[31000-32000]";

fn step(world: &mut World, rng: &mut Rng, number: usize) {
    let connection = rng.between(1, 3);
    let agent = rng.below(world.agents.len() as u64) as usize;

    match rng.below(14) {
        0..=3 => {
            let Some(offer) = world.offers.pop() else { return };
            let line = ["sleep", "unstartable"][rng.below(2) as usize];
            let tasks = match rng.below(3) {
                0 => vec![task(&format!("t{number}"), &offer, line)],
                1 => vec![custom_task(&format!("c{number}"), &offer, ["run", "mute"][rng.below(2) as usize])],
                _ => Vec::new(),
            };
            world.launch(connection, &offer, tasks);
        }
        4 => {
            let task_id = format!("t{}", rng.below(number as u64 + 1)).as_str().into();
            world.say(connection, SchedulerCall::Kill { task_id, agent_id: None, kill_policy: None });
        }
        5 => world.cut(agent),
        6 => world.restore(agent),
        7 => {
            world.drop_stream(connection);
            let id = Some(FrameworkId::from(format!("F{connection}")));
            world.subscribe(
                connection,
                FrameworkInfo { id, checkpoint: number.is_multiple_of(2), ..framework("f") },
            );
        }
        8 => world.say(connection, SchedulerCall::Reconcile { tasks: Vec::new() }),
        // The same frameworks by drivers of the older protocol, which take over and are taken over.
        9..=11 => driver_step(world, rng, connection, number),
        _ => world.pass(seconds(rng.below(40))),
    }
}

fn driver_step(world: &mut World, rng: &mut Rng, number: u64, task_number: usize) {
    let pid = Pid::parse(&format!("scheduler({number})@127.0.0.1:{}", 4000 + rng.below(2))).unwrap();
    let id = FrameworkId::from(format!("F{number}"));
    let say = |call| DriverCall::Call { framework_id: id.clone(), call };
    let call = match rng.below(6) {
        0 | 1 => {
            let info = Box::new(FrameworkInfo { id: Some(id), ..framework("f") });
            DriverCall::Reregister { info, failover: rng.chance(0.5) }
        }
        2 => DriverCall::Register { info: Box::new(FrameworkInfo::new("short-lived", "root")) },
        3 => return world.input(MasterInput::DriverGone { pid }),
        4 => DriverCall::Deactivate { framework_id: id },
        _ => {
            let Some(offer) = world.offers.pop() else { return };
            let tasks = vec![task(&format!("d{task_number}"), &offer, "sleep")];
            say(SchedulerCall::Accept { offer_ids: vec![offer.id], tasks, refuse_seconds: None })
        }
    };
    world.input(MasterInput::Driver { pid, call });
}

fn teardown(world: &mut World, id: &str) {
    let request = Request {
        method: Method::Post,
        body: format!("frameworkId={id}").into_bytes(),
        ..Request::get("/master/teardown")
    };
    world.http(request);
}

fn walk(seed: u64) -> String {
    let mut rng = Rng::new(seed);
    let mut world = World::new(3);
    for connection in 1..=3 {
        let id = Some(FrameworkId::from(format!("F{connection}")));
        world.subscribe(connection, FrameworkInfo { id, ..framework("f") });
    }
    for number in 0..60 {
        step(&mut world, &mut rng, number);
        world.stubborn = rng.chance(0.2);
    }
    for agent in 0..3 {
        world.restore(agent);
    }
    for driver in 1..=3 {
        for port in 4000..4002 {
            let pid = Pid::parse(&format!("scheduler({driver})@127.0.0.1:{port}")).unwrap();
            world.input(MasterInput::DriverGone { pid });
        }
        teardown(&mut world, &format!("F{driver}"));
    }
    world.pass(seconds(200));
    let heard = world.heard();
    world.offers.clear();
    world.subscribe(9, framework("last"));
    let offers: Vec<_> = world.offers.iter().map(|offer| offer.resources.to_string()).collect();
    assert_eq!(offers, [WHOLE; 3], "seed {seed}: {heard}");
    heard
}

#[test]
fn everything_comes_back_in_the_end() {
    for seed in 0..150 {
        walk(seed);
    }
}

#[test]
fn the_same_seed_says_the_same() {
    assert_eq!(walk(7), walk(7));
}
