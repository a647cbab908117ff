//! Random exploration: plans drawn from seeds, invariants looked after at every step; then the faults end, and the stack
//! has to come up, or its failure to be explained.

mod generate;
mod heal;
mod ledger;
mod limits;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use stacklab_diagnosis::Code;
use stacklab_faults::{Fault, minimise};
use stacklab_machine::timeline::{Event, Timeline, What};
use stacklab_machine::{Streams, Time};

use super::world::World;
use super::{MAX_STEPS, Simulation};
use stacklab_diagnosis::diagnose;

pub use generate::{Bounds, drawn_kinds};
pub(super) use ledger::Ledger;

use ledger::Broken;

/// All faults end so long after the start.
const HEAL: Duration = Duration::from_secs(600);
/// So long after that the stack runs: the longest waits of the originals (ten minutes between two tries of a broker,
/// 30 min for a node's former host) have passed twice.
const SETTLE: Duration = Duration::from_secs(3900);
/// Virtual time between two looks at what runs.
const LOOK: Duration = Duration::from_secs(5);
/// Invariants that can only be broken by time.
const NOT_RUNNING: &str = "not-running-and-not-explained";

/// What there is in a deployment in which nothing goes wrong: what faults can be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordinary {
    /// Names of tasks.
    pub tasks: Vec<String>,
    /// Names of frameworks.
    pub frameworks: Vec<String>,
    /// How many agents.
    pub agents: u64,
    /// Programs with a service of theirs, all of which serve in the end.
    pub services: Vec<String>,
    /// File names of artifacts.
    pub artifacts: Vec<String>,
    /// Who is asked over HTTP.
    pub addresses: Vec<String>,
    /// Ends of links.
    pub places: Vec<String>,
}

/// An invariant that does not hold, with what led to it.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The seed of the run.
    pub seed: u64,
    /// The faults.
    pub plan: Vec<Fault>,
    /// Which: `resource-given-twice`.
    pub invariant: &'static str,
    /// What happened.
    pub text: String,
    /// All that happened.
    pub timeline: Timeline,
}

/// How a run without a violation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The stack runs.
    Running,
    /// It does not, for this reason.
    Explained(Code),
    /// It does not, because of what the originals are known not to survive.
    Known(&'static str),
    /// Stack Deploy gave up while faults still happened, without which it would not have: no cause with a number.
    GivenUp,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Explained(code) => match stacklab_diagnosis::explain(&code.to_string()) {
                Ok(cause) => write!(f, "explained: {code} {}", cause.name),
                Err(_) => write!(f, "explained: {code}"),
            },
            Self::Known(limit) => write!(f, "known: {limit}"),
            Self::GivenUp => f.write_str("given up while faults went on"),
        }
    }
}

/// A simulation in which things go wrong at random.
#[derive(Clone, Debug)]
pub struct Exploration {
    base: Simulation,
    bounds: Bounds,
    ordinary: Ordinary,
}

impl Exploration {
    /// Prepares for exploring: deploys once without a fault.
    ///
    /// # Errors
    /// That deployment failed; the text says why.
    pub fn new(base: &Simulation, bounds: Bounds) -> Result<Self, String> {
        let base = Simulation { faults: Vec::new(), recording: true, ..base.clone() };
        let ordinary = ordinary(&base)?;
        Ok(Self { base, bounds, ordinary })
    }

    /// What the faults can be about.
    pub fn ordinary(&self) -> &Ordinary {
        &self.ordinary
    }

    /// The plan of a seed.
    pub fn plan(&self, seed: u64) -> Vec<Fault> {
        generate::plan(Streams::new(seed), &self.bounds, &self.ordinary)
    }

    /// Runs the plan of a seed.
    ///
    /// # Errors
    /// An invariant does not hold.
    pub fn run(&self, seed: u64) -> Result<Ending, Box<Violation>> {
        self.run_plan(seed, &self.plan(seed))
    }

    /// Runs a plan with a seed.
    ///
    /// # Errors
    /// An invariant does not hold.
    pub fn run_plan(&self, seed: u64, plan: &[Fault]) -> Result<Ending, Box<Violation>> {
        let simulation = Simulation { seed, faults: plan.to_vec(), ..self.base.clone() };
        let mut world = World::build(&simulation);
        world.ledger = Some(Box::default());
        let (result, timeline) = self.drive(world);
        result.map_err(|Broken { invariant, text }| {
            Box::new(Violation { seed, plan: plan.to_vec(), invariant, text, timeline })
        })
    }

    /// Runs the plan of a seed; gives what happened besides how it ended, or the invariant that does not hold and why.
    pub fn run_recorded(&self, seed: u64) -> (Result<Ending, (&'static str, String)>, Timeline) {
        let simulation = Simulation { seed, faults: self.plan(seed), ..self.base.clone() };
        let mut world = World::build(&simulation);
        world.ledger = Some(Box::default());
        let (result, timeline) = self.drive(world);
        (result.map_err(|broken| (broken.invariant, broken.text)), timeline)
    }

    /// The smallest part of a violation's plan that still breaks the same invariant.
    pub fn minimise(&self, violation: &Violation) -> Violation {
        let again = |plan: &[Fault]| {
            let found = self.run_plan(violation.seed, plan).err();
            found.filter(|found| found.invariant == violation.invariant)
        };
        let plan = minimise(&violation.plan, |plan| again(plan).is_some());
        again(&plan).map_or_else(|| violation.clone(), |found| *found)
    }

    fn drive(&self, mut world: World) -> (Result<Ending, Broken>, Timeline) {
        let result = self.drive_to_end(&mut world);
        (result, world.into_timeline())
    }

    fn drive_to_end(&self, world: &mut World) -> Result<Ending, Broken> {
        let (heal, end) = (Time::SIM_START + HEAL, Time::SIM_START + HEAL + SETTLE);
        let (mut healed, mut next_look) = (false, heal);
        loop {
            if let Some(broken) = world.broken() {
                return Err(broken);
            }
            let next = if healed { next_look } else { heal };
            if world.steps() >= MAX_STEPS {
                let text = format!("{MAX_STEPS} steps were not enough");
                return Err(Broken { invariant: "runs-away", text });
            }
            if world.step_before(next).is_some() {
                continue;
            }
            if !healed {
                world.heal();
                healed = true;
            }
            next_look = world.now() + LOOK;
            let failed = matches!(world.outcome(), Some(Err(_)));
            if failed || world.now() >= end || self.is_well(world) {
                return self.judge(world);
            }
        }
    }

    /// Deployed, everything serves, and nothing is left to be said.
    fn is_well(&self, world: &World) -> bool {
        world.outcome() == Some(Ok(())) && self.missing(world).is_empty() && world.settled_statuses()
    }

    /// What serves in an ordinary deployment and does not here.
    fn missing(&self, world: &World) -> Vec<String> {
        let serving = world.serving();
        self.ordinary.services.iter().filter(|name| !serving.contains(*name)).cloned().collect()
    }

    fn judge(&self, world: &mut World) -> Result<Ending, Broken> {
        let text = match world.outcome() {
            Some(Ok(())) if self.missing(world).is_empty() => None,
            Some(Ok(())) => Some(format!("{} does not serve", self.missing(world).join(", "))),
            Some(Err(why)) => Some(why),
            None => Some("the deployment has no end".to_owned()),
        };
        let Some(text) = text else {
            return match world.overdue() {
                Some(broken) => Err(broken),
                None => Ok(Ending::Running),
            };
        };
        world.record("lab", None, What::Verdict { passed: false, text: text.clone() });
        let code = diagnose(world.timeline().events()).and_then(|diagnosis| diagnosis.code());
        let events = world.timeline().events();
        if let Some(code) = code {
            return Ok(Ending::Explained(code));
        }
        if let Some(limit) = limits::known(events) {
            return Ok(Ending::Known(limit));
        }
        if gave_up_before(events, Time::SIM_START + HEAL) {
            return Ok(Ending::GivenUp);
        }
        Err(Broken { invariant: NOT_RUNNING, text })
    }
}

/// Whether Stack Deploy gave up before a moment.
fn gave_up_before(events: &[Event], heal: Time) -> bool {
    let failed = |event: &Event| matches!(event.what, What::StackFinished { error: Some(_), .. });
    events.iter().take_while(|event| event.at < heal).any(failed)
}

/// Deploys without faults, and looks at what there is.
fn ordinary(base: &Simulation) -> Result<Ordinary, String> {
    let mut world = World::build(base);
    world.ledger = Some(Box::default());
    let end = Time::SIM_START + HEAL;
    while world.step_before(end).is_some() {
        if let Some(broken) = world.broken() {
            return Err(format!("{}: {}", broken.invariant, broken.text));
        }
    }
    world.outcome().unwrap_or_else(|| Err("not deployed in time".to_owned()))?;
    let events = world.timeline().events();
    let tasks = names(events, |what| match what {
        What::TaskLaunched { name, .. } => Some(name),
        _ => None,
    });
    let frameworks = names(events, |what| match what {
        What::FrameworkSubscribed { name, .. } => Some(name),
        _ => None,
    });
    let agents = base.cluster.each_agent().len() as u64;
    let mut places: Vec<String> = (1..=agents).map(|number| format!("agent-{number}")).collect();
    places.extend(["any".to_owned(), "lab".to_owned()]);
    let mut addresses = frameworks.clone();
    addresses.extend(["marathon".to_owned(), "master".to_owned()]);
    let services = world.serving().into_iter().collect();
    let artifacts = world.fetched();
    Ok(Ordinary { tasks, frameworks, agents, services, artifacts, addresses, places })
}

/// Names that events speak of, each once.
fn names<'e>(events: &'e [Event], of: impl Fn(&'e What) -> Option<&'e String>) -> Vec<String> {
    let found: BTreeSet<&String> = events.iter().filter_map(|event| of(&event.what)).collect();
    found.into_iter().cloned().collect()
}
