//! The sim shell: one queue of (time, sequence number) entries, jumping from each to the next. No thread, no socket,
//! no wall clock: a run is a function of stack, cluster and seed, and the same three give the same timeline to the
//! byte.
//!
//! The control plane is the machines themselves; the services are models that start, register where the real ones
//! register, and answer nothing.

mod already;
mod control;
mod delays;
mod desk;
mod explore;
mod faults;
mod http;
mod invariants;
mod item;
mod operator;
mod outputs;
mod programs;
mod seats;
mod services;
mod steps;
mod world;
mod zookeeper;

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_faults::{Fault, Hits};
use stacklab_machine::Time;
use stacklab_machine::timeline::{Timeline, What};
use stacklab_stack::Stack;

pub use explore::{Bounds, Ending, Exploration, Ordinary, Violation, drawn_kinds};
pub use invariants::broken;
pub use steps::{Played, play};
pub(crate) use world::agent_host;

use crate::cluster::ClusterSpec;
use crate::scenario::Already;
use crate::stall::starved;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The agents.
    pub cluster: ClusterSpec,
    /// The stack.
    pub stack: Stack,
    /// Services that are there before anything is deployed.
    pub already_running: Vec<Already>,
    /// Variables given to the run. `{zk}`, `{kafka-zk}` and `{cassandra}` stand for the lab's own addresses.
    pub variables: BTreeMap<String, String>,
    /// Where all random numbers come from.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Whether a timeline is kept: a run without is faster, and ends the same way.
    pub recording: bool,
    /// Virtual time after which the run is given up.
    pub limit: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Deployed, or why not.
    pub result: Result<(), String>,
    /// Virtual time from the first event to the last.
    pub took: Duration,
    /// Entries taken from the queue.
    pub steps: u64,
    /// How often each fault was asked for and happened, in the order of the plan.
    pub hits: Vec<Hits>,
    /// The timeline; empty if none was kept.
    pub timeline: Timeline,
}

/// Virtual time between two looks for an instance that finds no place.
const LOOK: Duration = Duration::from_secs(30);
/// Nothing must have changed for so long: longer than any wait of the originals that is only lived through, but for
/// Exhibitor's first join, during which no offer is refused.
const QUIET: Duration = Duration::from_secs(45);
/// Most entries taken by one run: a run-away loop ends here and says so.
const MAX_STEPS: u64 = 20_000_000;

/// Deploys a stack in virtual time.
pub fn simulate(simulation: &Simulation) -> Outcome {
    let mut world = world::World::build(simulation);
    let mut next_look = Time::SIM_START + LOOK;
    let end = Time::SIM_START + simulation.limit;
    let result = loop {
        if let Some(result) = world.outcome() {
            break result;
        }
        if world.steps() >= MAX_STEPS {
            break Err(format!("given up after {MAX_STEPS} steps of simulation"));
        }
        match world.step() {
            None => break Err("nothing is left to happen".to_owned()),
            Some(now) if now >= end => {
                break Err(format!("not deployed after {} s of virtual time", simulation.limit.as_secs()));
            }
            Some(now) if simulation.recording && now >= next_look => {
                next_look = now + LOOK;
                if let Some(found) = starved(world.timeline().events(), now, QUIET).first() {
                    break Err(found.explain());
                }
            }
            Some(_) => {}
        }
    };
    let verdict = What::Verdict {
        passed: result.is_ok(),
        text: result.as_ref().err().cloned().unwrap_or_else(|| "deployed".to_owned()),
    };
    world.record("lab", None, verdict);
    let took = world.now().since(Time::SIM_START);
    let steps = world.steps();
    let hits = world.hits();
    Outcome { result, took, steps, hits, timeline: world.into_timeline() }
}
