//! Programs in the simulated world: how they start, what reaches them, how they end.

use std::collections::BTreeMap;
use std::rc::Rc;

use stacklab_frameworks::registry::{AnyProgram, ProgramContext, UnknownProgram, artifacts, program};
use stacklab_machine::process::{Input, Never, Output, Program};
use stacklab_machine::timeline::{EventId, What};
use stacklab_machine::{Machine, Outbox, Pace, Time};
use stacklab_mesos::{
    AgentInput, ConnectionId, ContainerEvent, ContainerId, ExecutorCall, ExecutorEvent, Exit, FrameworkId,
    MasterInput, SchedulerCall, SchedulerEvent, StreamId,
};
use stacklab_once::{Framework, Heard, Said};
use stacklab_stack::{OnceReply, OnceRequest, Run};

use super::desk::Desk;
use super::item::{Due, Item, ProgramId, Seat, ToProgram};
use super::services::Service;
use super::world::World;

/// A program's machine.
pub(super) enum Body {
    Scheduler(Box<Program<SchedulerEvent, SchedulerCall>>),
    Executor(Box<Program<ExecutorEvent, ExecutorCall>>),
    Run(Box<Run>),
    Framework(Box<Framework>),
}

/// What a scheduler's connection to the master needs.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) framework_id: Option<FrameworkId>,
    pub(super) stream_id: Option<StreamId>,
    pub(super) connection: Option<ConnectionId>,
    pub(super) calls: u32,
}

/// A program and its surroundings.
pub(super) struct ProgramNode {
    pub(super) who: Rc<str>,
    pub(super) task: String,
    pub(super) host: String,
    body: Body,
    /// The agent and container it runs in; none for the lab's own.
    pub(super) place: Option<(usize, ContainerId)>,
    pub(super) session: Session,
    pub(super) sandbox: BTreeMap<String, Vec<u8>>,
    pub(super) service: Option<Service>,
    pub(super) services_started: u32,
}

impl ProgramNode {
    pub(super) fn wake_at(&self) -> Option<Time> {
        match &self.body {
            Body::Scheduler(machine) => machine.wake_at(),
            Body::Executor(machine) => machine.wake_at(),
            Body::Run(machine) => machine.wake_at(),
            Body::Framework(machine) => machine.wake_at(),
        }
    }
}

/// All programs, by number. Numbers are given in order and never twice.
#[derive(Default)]
pub(super) struct Programs(Vec<Option<Box<ProgramNode>>>);

impl Programs {
    fn add(&mut self, node: ProgramNode) -> ProgramId {
        self.0.push(Some(Box::new(node)));
        self.0.len() - 1
    }

    pub(super) fn get(&self, id: ProgramId) -> Option<&ProgramNode> {
        self.0.get(id)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: ProgramId) -> Option<&mut ProgramNode> {
        self.0.get_mut(id)?.as_deref_mut()
    }

    /// A number under which nobody runs.
    pub(super) fn reserve(&mut self) -> ProgramId {
        self.0.push(None);
        self.0.len() - 1
    }

    /// All that run, in order of their start.
    pub(super) fn all(&self) -> impl Iterator<Item = (ProgramId, &ProgramNode)> {
        self.0.iter().enumerate().filter_map(|(id, node)| Some((id, node.as_deref()?)))
    }

    fn remove(&mut self, id: ProgramId) -> Option<Box<ProgramNode>> {
        self.0.get_mut(id)?.take()
    }
}

/// The boxes of the programs' machines, kept from step to step.
#[derive(Debug)]
pub(super) struct Desks {
    scheduler: Desk<Output<SchedulerCall>>,
    executor: Desk<Output<ExecutorCall>>,
    run: Desk<Output<OnceRequest>>,
    framework: Desk<Output<Said>>,
}

impl Desks {
    pub(super) fn new(recording: bool) -> Self {
        Self {
            scheduler: Desk::new(recording),
            executor: Desk::new(recording),
            run: Desk::new(recording),
            framework: Desk::new(recording),
        }
    }
}

impl World {
    pub(super) fn add_program(
        &mut self,
        who: &str,
        host: &str,
        body: Body,
        place: Option<(usize, ContainerId)>,
    ) -> ProgramId {
        self.add_program_at(self.now, who, host, body, place)
    }

    pub(super) fn add_program_at(
        &mut self,
        at: Time,
        who: &str,
        host: &str,
        body: Body,
        place: Option<(usize, ContainerId)>,
    ) -> ProgramId {
        let node = ProgramNode {
            who: Rc::from(who),
            task: who.to_owned(),
            host: host.to_owned(),
            body,
            place,
            session: Session::default(),
            sandbox: BTreeMap::new(),
            service: None,
            services_started: 0,
        };
        let id = self.programs.add(node);
        let start = Due::Program(id, Box::new(ToProgram::Any(Input::Start)));
        self.queue.push(at, Item { what: start, cause: None });
        id
    }

    /// A program's name in the timeline.
    pub(super) fn who_is(&self, id: ProgramId) -> Rc<str> {
        self.programs.get(id).map(|node| Rc::clone(&node.who)).unwrap_or_default()
    }

    /// A container's Java has come up: the program begins, or there is none of this command line.
    pub(super) fn boot(&mut self, agent: usize, container: &ContainerId, cause: Option<EventId>) {
        let Some(node) = self.agents.get_mut(agent).and_then(|node| node.containers.get_mut(container))
        else {
            return;
        };
        let Some(spec) = node.spec.take() else { return };
        let mut context = ProgramContext::new(&spec.command, &spec.hostname);
        context.rng = self.streams.stream(&format!("ids/{}", spec.container));
        context.pace = Pace::REAL;
        context.env = spec.environment.iter().cloned().collect();
        let unpacked = |file: &String| artifacts::fetch(file, true).unwrap_or_else(|| vec![file.clone()]);
        context.files = spec.files.iter().flat_map(unpacked).collect();
        context.user.clone_from(&spec.user);
        let name = match (&spec.task, &spec.executor) {
            (Some(task), _) => task.name.clone(),
            (None, Some(executor)) => {
                executor.name.clone().unwrap_or_else(|| executor.executor_id.to_string())
            }
            (None, None) => spec.executor_id.to_string(),
        };
        let body = match program(context) {
            Ok(AnyProgram::Scheduler(machine)) => Body::Scheduler(machine),
            Ok(AnyProgram::Executor(machine)) => Body::Executor(machine),
            Err(UnknownProgram::Ends { code, line }) => {
                self.record(&name, cause, What::Log { line });
                self.container_event(agent, container.clone(), ContainerEvent::Started, cause);
                let exited = ContainerEvent::Exited(Exit::Code(code));
                return self.container_event(agent, container.clone(), exited, cause);
            }
            Err(UnknownProgram::NotPlayed { .. })
                if spec.executor.is_none() && spec.docker_image().is_none() =>
            {
                let (task, program, host) =
                    (spec.executor_id.to_string(), spec.command.clone(), spec.hostname.clone());
                let cause = self.record(&name, cause, What::ProgramStarted { task, program, host });
                self.container_event(agent, container.clone(), ContainerEvent::Started, cause);
                if let Some(time) = self.plain_tasks {
                    let event = ContainerEvent::Exited(Exit::Code(0));
                    let ends = Box::new(AgentInput::Container { container: container.clone(), event });
                    self.after(time, Due::Agent(agent, ends), cause);
                }
                return;
            }
            Err(unknown) => {
                self.record(&name, cause, What::Log { line: unknown.to_string() });
                let event = ContainerEvent::StartFailed { why: unknown.to_string() };
                return self.container_event(agent, container.clone(), event, cause);
            }
        };
        let id = self.add_program(&name, &spec.ip, body, Some((agent, container.clone())));
        if let Some(node) = self.programs.get_mut(id) {
            node.task =
                spec.task.as_ref().map_or_else(|| spec.executor_id.to_string(), |t| t.task_id.to_string());
        }
        if let Some(node) = self.agents.get_mut(agent).and_then(|node| node.containers.get_mut(container)) {
            node.program = Some(id);
        }
        let (task, program, host) =
            (spec.executor_id.to_string(), spec.command.clone(), spec.hostname.clone());
        let cause = self.record(&name, cause, What::ProgramStarted { task, program, host });
        self.container_event(agent, container.clone(), ContainerEvent::Started, cause);
    }

    pub(super) fn program_hears(&mut self, id: ProgramId, input: ToProgram, cause: Option<EventId>) {
        if let ToProgram::Scheduler(SchedulerEvent::Subscribed { framework_id, .. }) = &input
            && let Some(node) = self.programs.get_mut(id)
        {
            node.session.framework_id = Some(framework_id.clone());
        }
        self.with_body(id, cause, Some(input));
    }

    pub(super) fn program_wakes(&mut self, id: ProgramId) {
        self.with_body(id, None, None);
    }

    /// Lets a program take an input, or wake; and does what it asks for.
    fn with_body(&mut self, id: ProgramId, cause: Option<EventId>, input: Option<ToProgram>) {
        let now = self.local_time(Seat::Program(id));
        let Some(node) = self.programs.get_mut(id) else { return };
        let who = Rc::clone(&node.who);
        match &mut node.body {
            Body::Scheduler(machine) => {
                let mut desk = std::mem::take(&mut self.desks.scheduler);
                play(&mut **machine, now, input.and_then(for_scheduler), &mut desk.out);
                for (output, cause) in self.unpack(&who, &mut desk, cause) {
                    if let Some(call) = self.perform(id, output, cause) {
                        self.scheduler_calls(id, call, cause);
                    }
                }
                self.desks.scheduler = desk;
            }
            Body::Executor(machine) => {
                let mut desk = std::mem::take(&mut self.desks.executor);
                play(&mut **machine, now, input.and_then(for_executor), &mut desk.out);
                for (output, cause) in self.unpack(&who, &mut desk, cause) {
                    if let Some(call) = self.perform(id, output, cause) {
                        self.executor_calls(id, call, cause);
                    }
                }
                self.desks.executor = desk;
            }
            Body::Run(machine) => {
                let mut desk = std::mem::take(&mut self.desks.run);
                play(&mut **machine, now, input.and_then(for_run), &mut desk.out);
                let outcome = machine.outcome();
                for (output, cause) in self.unpack(&who, &mut desk, cause) {
                    if let (Some(request), Some(framework)) =
                        (self.perform(id, output, cause), self.framework)
                    {
                        self.pass(id, framework, ToProgram::Asked(request), cause);
                    }
                }
                self.desks.run = desk;
                if outcome.is_some() {
                    self.run_is_over(outcome);
                }
            }
            Body::Framework(machine) => {
                let mut desk = std::mem::take(&mut self.desks.framework);
                play(&mut **machine, now, input.and_then(for_framework), &mut desk.out);
                for (output, cause) in self.unpack(&who, &mut desk, cause) {
                    match self.perform(id, output, cause) {
                        Some(Said::Mesos(call)) => self.scheduler_calls(id, call, cause),
                        Some(Said::Reply(reply)) => {
                            self.pass(id, self.run, ToProgram::Answered(reply), cause)
                        }
                        None => {}
                    }
                }
                self.desks.framework = desk;
            }
        }
        self.settle(Seat::Program(id));
    }

    /// From one program to another.
    fn pass(&mut self, from: ProgramId, to: ProgramId, what: ToProgram, cause: Option<EventId>) {
        self.send(Seat::Program(from), Seat::Program(to), Due::Program(to, Box::new(what)), cause);
    }

    fn scheduler_calls(&mut self, id: ProgramId, call: SchedulerCall, cause: Option<EventId>) {
        let Some(node) = self.programs.get_mut(id) else { return };
        node.session.calls += 1;
        let connection = ConnectionId((id as u64) << 32 | u64::from(node.session.calls));
        let subscribing = matches!(call, SchedulerCall::Subscribe { .. });
        let framework_id = node.session.framework_id.clone().filter(|_| !subscribing);
        let stream_id = node.session.stream_id.clone().filter(|_| !subscribing);
        let input = MasterInput::Call { connection, framework_id, stream_id, call };
        self.send(Seat::Program(id), Seat::Master, Due::Master(Box::new(input)), cause);
    }

    fn executor_calls(&mut self, id: ProgramId, call: ExecutorCall, cause: Option<EventId>) {
        let Some((agent, container)) = self.programs.get(id).and_then(|node| node.place.clone()) else {
            return;
        };
        let input = Box::new(AgentInput::Executor { container, call });
        self.send(Seat::Program(id), Seat::Agent(agent), Due::Agent(agent, input), cause);
    }

    /// A program is no longer there, and with it its listener, service, connections and sandbox.
    pub(super) fn end_program(&mut self, id: ProgramId, exit: Exit, cause: Option<EventId>) {
        let Some(node) = self.drop_program(id, cause) else { return };
        let code = match exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
        };
        let (task, program) = (node.task, node.who.to_string());
        let cause = self.record(&node.who, cause, What::ProgramExited { task, program, code });
        if let Some((agent, container)) = node.place {
            if let Some(agent) = self.agents.get_mut(agent) {
                agent.containers.remove(&container);
            }
            self.container_event(agent, container, ContainerEvent::Exited(exit), cause);
        }
    }

    /// Takes a program out of the world, as if it had never been asked.
    pub(super) fn drop_program(&mut self, id: ProgramId, cause: Option<EventId>) -> Option<Box<ProgramNode>> {
        self.kill_service(id);
        let node = self.programs.remove(id)?;
        self.listeners.retain(|_, program| *program != id);
        self.connections_close(id, cause);
        if let Some(connection) = node.session.connection
            && self.streams_open.remove(&connection).is_some()
        {
            let input = Box::new(MasterInput::Disconnected { connection });
            self.send(Seat::Program(id), Seat::Master, Due::Master(input), cause);
        }
        self.forget_way(Seat::Program(id));
        Some(node)
    }
}

/// Gives a machine its input, or wakes it.
fn play<M: Machine + ?Sized>(
    machine: &mut M,
    now: Time,
    input: Option<M::Input>,
    out: &mut Outbox<M::Output>,
) {
    match input {
        Some(input) => machine.handle(now, input, out),
        None => machine.wake(now, out),
    }
}

fn for_run(input: ToProgram) -> Option<Input<OnceReply>> {
    match input {
        ToProgram::Any(input) => Some(widen(input)),
        ToProgram::Answered(reply) => Some(Input::Mesos(reply)),
        _ => None,
    }
}

fn for_framework(input: ToProgram) -> Option<Input<Heard>> {
    match input {
        ToProgram::Any(input) => Some(widen(input)),
        ToProgram::Scheduler(event) => Some(Input::Mesos(Heard::Mesos(event))),
        ToProgram::Asked(request) => Some(Input::Mesos(Heard::Request(request))),
        _ => None,
    }
}

fn for_scheduler(input: ToProgram) -> Option<Input<SchedulerEvent>> {
    match input {
        ToProgram::Any(input) => Some(widen(input)),
        ToProgram::Scheduler(event) => Some(Input::Mesos(event)),
        _ => None,
    }
}

fn for_executor(input: ToProgram) -> Option<Input<ExecutorEvent>> {
    match input {
        ToProgram::Any(input) => Some(widen(input)),
        ToProgram::Executor(event) => Some(Input::Mesos(event)),
        _ => None,
    }
}

/// The same input for a program that also hears Mesos.
fn widen<E>(input: Input<Never>) -> Input<E> {
    match input {
        Input::Start => Input::Start,
        Input::Http { exchange, request } => Input::Http { exchange, request },
        Input::HttpReply { call, result } => Input::HttpReply { call, result },
        Input::Mesos(never) => match never {},
        Input::Zk { call, result } => Input::Zk { call, result },
        Input::File { call, data } => Input::File { call, data },
        Input::Script { call, result } => Input::Script { call, result },
        Input::Service(event) => Input::Service(event),
        Input::Terminate => Input::Terminate,
    }
}
