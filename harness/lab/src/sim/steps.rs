//! A scenario in virtual time: its steps, one after the other, in one world.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use stacklab_diagnosis::{Diagnosis, diagnose};
use stacklab_faults::Hits;
use stacklab_machine::Time;
use stacklab_machine::http::{Request, Response};
use stacklab_machine::timeline::{Event, EventId, Timeline, What};
use stacklab_stack::Stack;

use super::world::{DEPLOY_AFTER, LAB, MARATHON_PORT, MASTER, World};
use super::{LOOK, MAX_STEPS, QUIET, Simulation};
use crate::input::read_stack_as_it_is;
use crate::scenario::Scenario;
use crate::stall::{Suspicion, starved};
use crate::steps::{Course, GIVEN_UP, Ground, Traced, ZnodeCall, cure, perform};

/// Virtual time that one deployment may take.
const DEPLOYMENT: Duration = Duration::from_secs(2 * 3600);
/// Virtual time between two looks at a condition.
const GLANCE: Duration = Duration::from_millis(100);

/// What came of a scenario in virtual time.
#[derive(Clone, Debug)]
pub struct Played {
    /// Each step and how it ended.
    pub course: Course,
    /// Why it failed, if it did.
    pub diagnosis: Option<Diagnosis>,
    /// How often each fault happened.
    pub hits: Vec<Hits>,
    /// What became of the cure.
    pub cured: Option<Course>,
    /// Virtual time from the first event to the last.
    pub took: Duration,
    /// What happened.
    pub timeline: Timeline,
}

/// Does the steps of a scenario, and its cure if that is asked for and it failed. `stack` is its stack, and other stack
/// files lie in `stacks`.
pub fn play(scenario: &Scenario, stack: &Stack, stacks: &Path, seed: u64, cures: bool) -> Played {
    let simulation = Simulation {
        cluster: scenario.cluster.clone(),
        stack: stack.clone(),
        already_running: scenario.already_running.clone(),
        variables: scenario.variables.clone(),
        seed,
        faults: scenario.faults.clone(),
        recording: true,
        limit: DEPLOYMENT,
    };
    let mut world = World::cluster(&simulation);
    world.record(
        "lab",
        None,
        What::RunStarted { scenario: scenario.name.clone(), backend: "sim".to_owned(), seed, pace: 1 },
    );
    let mut ground = Virtual { world, simulation: &simulation, stacks: stacks.to_owned(), given_up: None };
    ground.until(Time::SIM_START + DEPLOY_AFTER, &mut |_| false);
    let course = at_once(perform(scenario, &scenario.steps(), &mut ground));
    let diagnosis = if course.is_good() { None } else { diagnose(ground.world.timeline().events()) };
    let cured = (cures && course.failure.is_some()).then(|| at_once(cure(scenario, &mut ground)));
    let world = ground.world;
    let took = world.now().since(Time::SIM_START);
    let hits = world.hits();
    Played { course, diagnosis, hits, cured, took, timeline: world.into_timeline() }
}

/// Runs what never has to wait: in virtual time everything is there when it is asked for.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
}

struct Virtual<'s> {
    world: World,
    simulation: &'s Simulation,
    stacks: PathBuf,
    /// Why nothing more will happen in this world.
    given_up: Option<String>,
}

impl Virtual<'_> {
    /// Lets the world go on until something is so, or it is this late. False if it was not.
    fn until(&mut self, end: Time, so: &mut dyn FnMut(&mut World) -> bool) -> bool {
        loop {
            if so(&mut self.world) {
                return true;
            }
            if self.world.steps() >= MAX_STEPS {
                self.given_up = Some(format!("given up after {MAX_STEPS} steps of simulation"));
                return false;
            }
            match self.world.step_before(end) {
                Some(_) => {}
                None => return so(&mut self.world),
            }
        }
    }

    fn stack(&self, path: Option<&Path>) -> Result<Stack, String> {
        let Some(path) = path else { return Ok(self.simulation.stack.clone()) };
        let path = crate::e2e::resolve(path, &self.stacks);
        read_stack_as_it_is(&path).map(|input| input.stack).map_err(|why| why.to_string())
    }
}

/// Whether a deployment cannot end, looked into every now and then.
#[derive(Default)]
struct Hopeless {
    next: Option<Time>,
    suspicion: Suspicion,
}

impl Hopeless {
    fn look(&mut self, world: &World) -> bool {
        let now = world.now();
        if self.next.is_some_and(|next| now < next) {
            return false;
        }
        self.next = Some(now + LOOK);
        let events = world.timeline().events();
        self.suspicion.is_confirmed(events) || !starved(events, now, QUIET).is_empty()
    }
}

impl Ground for Virtual<'_> {
    fn events<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T {
        look(self.world.timeline().events())
    }

    fn record(&mut self, cause: Option<EventId>, what: What) -> Option<EventId> {
        self.world.record("lab", cause, what)
    }

    fn marathon(&self) -> String {
        format!("http://{LAB}:{MARATHON_PORT}")
    }

    fn master(&self) -> String {
        format!("http://{MASTER}")
    }

    async fn http(&mut self, request: Request) -> Result<Response, String> {
        let call = self.world.operator_asks(request);
        let mut reply = None;
        let end = self.world.now() + DEPLOYMENT;
        self.until(end, &mut |world| {
            reply = world.operator.reply(call);
            reply.is_some()
        });
        reply.unwrap_or_else(|| Err("no answer".to_owned()))
    }

    async fn znode(&mut self, call: ZnodeCall) -> Result<(), String> {
        self.world.operator_writes(call)
    }

    async fn wait(&mut self, so: &(dyn Fn(&[Event]) -> bool + Sync), within: Duration) -> bool {
        let end = self.world.now() + within;
        let mut next = self.world.now();
        let mut glance = |world: &mut World| {
            let due = world.now() >= next;
            if due {
                next = world.now() + GLANCE;
            }
            due && so(world.timeline().events())
        };
        self.until(end, &mut glance) || self.events(so)
    }

    async fn pause(&mut self, time: Duration) {
        let end = self.world.now() + time;
        self.until(end, &mut |_| false);
    }

    async fn deploy(&mut self, stack: Option<&Path>) -> Result<(), String> {
        let stack = self.stack(stack)?;
        let (at, end) = (self.world.now(), self.world.now() + DEPLOYMENT);
        self.world.plan_deployment(at, stack, &self.simulation.variables);
        let (mut outcome, mut hopeless) = (None, Hopeless::default());
        self.until(end, &mut |world| {
            outcome = world.take_outcome();
            outcome.is_some() || hopeless.look(world)
        });
        self.world.end_deployment();
        outcome.unwrap_or_else(|| Err(self.given_up.take().unwrap_or_else(|| GIVEN_UP.to_owned())))
    }

    async fn traces(&mut self) -> Traced {
        Traced::NotHere
    }
}
