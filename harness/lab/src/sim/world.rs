//! The simulated world: all machines, the queue between them, the timeline.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use std::vec::Drain;

use stacklab_live::Names;
use stacklab_live::mesos::Artifacts;
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::{EventId, Timeline, What};
use stacklab_machine::{Machine, Outbox, Pace, Queue, Step, Streams, Time};
use stacklab_marathon::{Marathon, MarathonConfig};
use stacklab_mesos::resources::parse_attributes;
use stacklab_mesos::v1::Address;
use stacklab_mesos::{
    Agent, AgentConfig, AgentInput, AgentOutput, ConnectionId, ContainerId, LinkId, Master, MasterConfig,
    MasterInput, MasterOutput, Resources,
};
use stacklab_once::{Framework, OnceConfig};
use stacklab_stack::{RUN_ONCE, Run, RunConfig, Stack};

use super::delays::Delays;
use super::desk::{Desk, outbox};
use super::explore::Ledger;
use super::faults::Faults;
use super::http::Exchange;
use super::item::{Due, Item, ProgramId, Seat};
use super::operator::Operator;
use super::programs::{Body, Desks, ProgramNode, Programs};
use super::seats::{Alarms, Ways};
use super::zookeeper::ZooKeeperNode;
use super::{Simulation, already};
use crate::cluster::AgentSpec;
use crate::lab::ZOOKEEPER_NAME;

/// Addresses, as a live lab would have them.
pub(super) const LAB: &str = "127.77.0.1";
pub(super) const MASTER: &str = "127.77.0.1:5050";
pub(super) const MARATHON_PORT: u16 = 8080;
/// The stack is run once the cluster has settled.
pub(super) const DEPLOY_AFTER: Duration = Duration::from_secs(5);

/// The address of an agent, which is its host name.
pub(crate) fn agent_host(index: usize) -> String {
    format!("127.77.0.{}", 11 + index)
}

/// An agent and what runs on it.
pub(super) struct AgentNode {
    pub(super) machine: Agent,
    pub(super) who: Rc<str>,
    pub(super) containers: BTreeMap<ContainerId, Container>,
    /// Its link to the master: its number, and above that how often it came anew.
    pub(super) link: LinkId,
    /// The whole machine is gone.
    pub(super) away: bool,
}

/// One container.
#[derive(Debug, Default)]
pub(super) struct Container {
    pub(super) spec: Option<Box<stacklab_mesos::StartSpec>>,
    pub(super) program: Option<ProgramId>,
}

pub(super) struct World {
    pub(super) now: Time,
    pub(super) queue: Queue<Item>,
    pub(super) streams: Streams,
    pub(super) names: Names,
    pub(super) delays: Delays,
    pub(super) master: Master,
    pub(super) agents: Vec<AgentNode>,
    pub(super) programs: Programs,
    pub(super) run: ProgramId,
    /// Stack Deploy's own framework, if the stack has something for it.
    pub(super) framework: Option<ProgramId>,
    pub(super) listeners: BTreeMap<String, ProgramId>,
    pub(super) streams_open: BTreeMap<ConnectionId, ProgramId>,
    pub(super) exchanges: BTreeMap<ExchangeId, Exchange>,
    pub(super) next_exchange: u64,
    pub(super) zookeepers: Vec<ZooKeeperNode>,
    /// Addresses at which services listen.
    pub(super) ports: BTreeSet<String>,
    pub(super) outcome: Option<Result<(), String>>,
    /// For how long a task runs whose command no program plays.
    pub(super) plain_tasks: Option<Duration>,
    pub(super) artifacts: Artifacts,
    /// Who carries out a scenario's steps.
    pub(super) operator: Operator,
    /// What goes wrong; none for most runs, which must not pay for it.
    pub(super) faults: Option<Box<Faults>>,
    /// The book of what must hold; none where nobody looks.
    pub(super) ledger: Option<Box<Ledger>>,
    alarms: Alarms,
    ways: Ways,
    pub(super) timeline: Timeline,
    recording: bool,
    steps: u64,
    master_desk: Desk<MasterOutput>,
    agent_desk: Desk<AgentOutput>,
    pub(super) desks: Desks,
}

impl World {
    /// Builds the cluster and lets everything begin.
    pub(super) fn build(simulation: &Simulation) -> Self {
        let mut world = Self::cluster(simulation);
        let (stack, variables) = (simulation.stack.clone(), &simulation.variables);
        world.plan_deployment(world.now + DEPLOY_AFTER, stack, variables);
        world.settle(Seat::Master);
        world
    }

    /// Builds the cluster, on which nothing is deployed.
    pub(super) fn cluster(simulation: &Simulation) -> Self {
        let streams = Streams::new(simulation.seed);
        // What waits for an event has to see it.
        let recording = simulation.recording || !simulation.faults.is_empty();
        let mut world = Self {
            now: Time::SIM_START,
            queue: Queue::new(),
            streams,
            names: Names::new([(ZOOKEEPER_NAME.to_owned(), LAB.to_owned())]),
            delays: Delays::new(streams),
            master: new_master(streams, "ids/master", Time::SIM_START),
            agents: Vec::new(),
            programs: Programs::default(),
            run: 0,
            framework: None,
            listeners: BTreeMap::new(),
            streams_open: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            next_exchange: 0,
            zookeepers: Vec::new(),
            ports: BTreeSet::new(),
            outcome: None,
            plain_tasks: simulation.cluster.plain_tasks(),
            artifacts: simulation.cluster.artifacts(),
            operator: Operator::default(),
            faults: Faults::new(&simulation.faults, streams),
            ledger: None,
            alarms: Alarms::default(),
            ways: Ways::default(),
            timeline: Timeline::new(),
            recording,
            steps: 0,
            master_desk: Desk::new(recording),
            agent_desk: Desk::new(recording),
            desks: Desks::new(recording),
        };
        world.start_platform();
        world.start_own_services(&simulation.already_running);
        for (index, spec) in simulation.cluster.each_agent().iter().enumerate() {
            world.add_agent(index, spec, simulation.cluster.memory_limits);
        }
        world.start_marathon();
        world.settle(Seat::Master);
        world
    }

    fn add_agent(&mut self, index: usize, spec: &AgentSpec, limits_memory: bool) {
        let host = agent_host(index);
        let rng = self.streams.stream(&format!("ids/agent-{}", index + 1));
        // Checked when the description was read.
        let resources = spec.resources().parse::<Resources>().unwrap_or_default();
        let mut config = AgentConfig::new(address(&host, 5051), resources, rng);
        config.limits_memory = limits_memory;
        config.attributes = parse_attributes(&spec.attributes()).unwrap_or_default();
        let who = Rc::from(format!("agent-{}", index + 1));
        self.agents.push(AgentNode {
            machine: Agent::new(config),
            who,
            containers: BTreeMap::new(),
            link: LinkId(index as u64),
            away: false,
        });
        let at = self.now + self.delays.boot();
        self.queue.push(at, Item { what: Due::Agent(index, Box::new(AgentInput::Connected)), cause: None });
    }

    fn start_marathon(&mut self) {
        let config = MarathonConfig::new(LAB, MARATHON_PORT, format!("zk://{LAB}:2181/mesos"));
        let marathon = Marathon::new(config, self.streams);
        self.add_program("marathon", LAB, Body::Scheduler(Box::new(marathon)), None);
    }

    pub(super) fn plan_deployment(&mut self, at: Time, stack: Stack, variables: &BTreeMap<String, String>) {
        let mut config = RunConfig::new(stack, format!("http://{LAB}:{MARATHON_PORT}"));
        config.variables = variables.iter().map(|(key, value)| (key.clone(), already::fill(value))).collect();
        config.pace = Pace::REAL;
        config.run_once = config.stack.applications.values().any(|app| app.kind == RUN_ONCE);
        if config.run_once && self.framework.is_none() {
            self.start_framework();
        }
        let run = Body::Run(Box::new(Run::new(config)));
        self.run = self.add_program_at(at, "stack-deploy", LAB, run, None);
    }

    fn start_framework(&mut self) {
        let mut config = OnceConfig::new(MASTER);
        (config.user, config.failover_timeout) = ("root".into(), Duration::ZERO);
        let framework = Body::Framework(Box::new(Framework::new(config, self.streams)));
        self.framework = Some(self.add_program("stack-deploy-framework", LAB, framework, None));
    }

    /// Takes the next entry; gives its time, or `None` if nothing is left.
    pub(super) fn step(&mut self) -> Option<Time> {
        let (at, item) = self.queue.pop()?;
        self.now = at;
        self.steps += 1;
        if self.faults.is_none() {
            self.take(item);
        } else if let Some(item) = self.let_pass(item) {
            self.take(item);
            self.look_for_faults();
        }
        Some(at)
    }

    /// The same, if it is due before a moment; otherwise it is that moment then.
    pub(super) fn step_before(&mut self, end: Time) -> Option<Time> {
        match self.queue.next_at() {
            Some(at) if at < end => self.step(),
            _ => {
                self.now = self.now.max(end);
                None
            }
        }
    }

    /// Ends the run of a stack, whether it is over or not.
    pub(super) fn end_deployment(&mut self) {
        self.drop_program(self.run, None);
        self.outcome = None;
    }

    fn take(&mut self, item: Item) {
        let Item { what, cause } = item;
        match what {
            Due::Master(input) if self.master_is_gone() => self.nobody_hears(&input, cause),
            Due::Master(input) => self.master_hears(*input, cause),
            Due::Agent(index, input) => {
                self.agent_hears(index, *input, cause);
                self.end_what_came();
            }
            Due::Program(id, input) if self.operator.is(id) => self.operator.hears(*input),
            Due::Program(id, input) => self.program_hears(id, *input, cause),
            Due::Request { exchange, request } => self.request_arrives(exchange, *request, cause),
            Due::RequestTimeout { exchange } => self.request_times_out(exchange),
            Due::Zk(asked) => self.zk_arrives(*asked, cause),
            Due::Service { program, generation, step } => self.service_step(program, generation, step, cause),
            Due::Boot { agent, container } => self.boot(agent, &container, cause),
            Due::Wake(seat) => self.wake(seat),
            // They are looked for after every step.
            Due::Faults => {}
            Due::Later(later) => self.later(*later, cause),
        }
    }

    pub(super) fn master_hears(&mut self, input: MasterInput, cause: Option<EventId>) {
        if let Some(ledger) = &mut self.ledger {
            ledger.master_gets(&input);
        }
        let mut desk = std::mem::take(&mut self.master_desk);
        self.master.handle(self.now, input, &mut desk.out);
        self.master_says(&mut desk, cause);
        self.master_desk = desk;
        self.settle(Seat::Master);
    }

    pub(super) fn agent_hears(&mut self, index: usize, input: AgentInput, cause: Option<EventId>) {
        if let (Some(ledger), AgentInput::Master(message)) = (&mut self.ledger, &input) {
            ledger.agent_gets(index, message);
        }
        let now = self.local_time(Seat::Agent(index));
        let mut desk = std::mem::take(&mut self.agent_desk);
        if let Some(agent) = self.agents.get_mut(index).filter(|agent| !agent.away) {
            agent.machine.handle(now, input, &mut desk.out);
        }
        self.agent_says(index, &mut desk, cause);
        self.agent_desk = desk;
        self.settle(Seat::Agent(index));
    }

    fn wake(&mut self, seat: Seat) {
        if self.alarms.get(seat) != Some(self.now) {
            // Asked for before something else came up.
            return;
        }
        self.alarms.set(seat, None);
        match seat {
            Seat::Master => {
                let mut desk = std::mem::take(&mut self.master_desk);
                self.master.wake(self.now, &mut desk.out);
                self.master_says(&mut desk, None);
                self.master_desk = desk;
            }
            Seat::Agent(index) => {
                let now = self.local_time(seat);
                let mut desk = std::mem::take(&mut self.agent_desk);
                if let Some(agent) = self.agents.get_mut(index).filter(|agent| !agent.away) {
                    agent.machine.wake(now, &mut desk.out);
                }
                self.agent_says(index, &mut desk, None);
                self.agent_desk = desk;
            }
            Seat::Program(id) => self.program_wakes(id),
            Seat::ZooKeeper(index) => self.zookeeper_wakes(index),
        }
        self.settle(seat);
    }

    /// Sees to it that a machine is woken when it next wants to be.
    pub(super) fn settle(&mut self, seat: Seat) {
        let wanted = match seat {
            Seat::Master => self.master.wake_at(),
            Seat::Agent(index) => {
                self.agents.get(index).filter(|agent| !agent.away).and_then(|agent| agent.machine.wake_at())
            }
            Seat::Program(id) => self.programs.get(id).and_then(ProgramNode::wake_at),
            Seat::ZooKeeper(index) => self.zookeepers.get(index).and_then(ZooKeeperNode::wake_at),
        };
        let Some(wanted) = wanted.map(|wanted| self.worlds_time(seat, wanted)) else { return };
        // Never twice at the same moment: a machine that is not satisfied by being woken must not stop the clock.
        let at = wanted.max(self.now + Duration::from_micros(1));
        if self.alarms.get(seat).is_none_or(|planned| at < planned) {
            self.alarms.set(seat, Some(at));
            self.queue.push(at, Item { what: Due::Wake(seat), cause: None });
        }
    }

    /// Puts a message on its way; it arrives after those sent before it between the same two.
    pub(super) fn send(&mut self, from: Seat, to: Seat, what: Due, cause: Option<EventId>) {
        let mut at = self.now + self.delays.network();
        if let Some(faults) = &self.faults {
            at = faults.links.arrival(self, (from, to), at);
        }
        let at = self.ways.arrival(from, to, at);
        self.queue.push(at, Item { what, cause });
    }

    /// Puts an entry in for later.
    pub(super) fn after(&mut self, wait: Duration, what: Due, cause: Option<EventId>) {
        self.queue.push(self.now + wait, Item { what, cause });
    }

    pub(super) fn record(&mut self, who: &str, cause: Option<EventId>, what: What) -> Option<EventId> {
        self.recording.then(|| self.timeline.record(self.now, who, cause, what))
    }

    /// Takes the steps out of a box: first all events are recorded, then the outputs come with their causes.
    pub(super) fn unpack<'a, O>(
        &mut self,
        who: &str,
        desk: &'a mut Desk<O>,
        cause: Option<EventId>,
    ) -> Drain<'a, (O, Option<EventId>)> {
        let mut cause = cause;
        for step in desk.out.drain() {
            match step {
                Step::Event(what) => cause = self.record(who, cause, what).or(cause),
                Step::Output(output) => desk.outputs.push((output, cause)),
            }
        }
        desk.outputs.drain(..)
    }

    pub(super) fn new_outbox<O>(&self) -> Outbox<O> {
        outbox(self.recording)
    }

    pub(super) fn outcome(&self) -> Option<Result<(), String>> {
        self.outcome.clone()
    }

    pub(super) fn take_outcome(&mut self) -> Option<Result<(), String>> {
        self.outcome.take()
    }

    pub(super) fn now(&self) -> Time {
        self.now
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    pub(super) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(super) fn into_timeline(self) -> Timeline {
        self.timeline
    }

    /// Puts off a machine's awakening.
    pub(super) fn wake_later(&mut self, seat: Seat, at: Time) {
        self.alarms.set(seat, Some(at));
        self.queue.push(at, Item { what: Due::Wake(seat), cause: None });
    }

    pub(super) fn forget_way(&mut self, seat: Seat) {
        self.alarms.set(seat, None);
        self.ways.forget(seat);
    }
}

/// A master with ids from this stream.
pub(super) fn new_master(streams: Streams, concern: &str, now: Time) -> Master {
    let mut ids = streams.stream(concern);
    let id = stacklab_machine::uuid_v4(&mut ids);
    let mut config = MasterConfig::new(id, address(LAB, 5050), ids);
    config.started = now;
    Master::new(config)
}

pub(super) fn address(host: &str, port: u16) -> Address {
    Address { hostname: host.to_owned(), ip: host.to_owned(), port }
}
