//! Random walks: whatever happens, nothing is lost, nothing is given twice, and the same seed says the same.

use stacklab_machine::Rng;
use stacklab_mesos::*;

use crate::world::{World, custom_task, framework, seconds, task};

const WHOLE: &str = "cpus:4; mem:16384; ports:[31000-32000]";

fn step(world: &mut World, rng: &mut Rng, number: usize) {
    let connection = rng.between(1, 3);
    let agent = rng.below(world.agents.len() as u64) as usize;

    match rng.below(10) {
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
        _ => world.pass(seconds(rng.below(40))),
    }
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
    for connection in 1..=3 {
        world.say(connection, SchedulerCall::Teardown);
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
