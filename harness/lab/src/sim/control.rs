//! What the master and the agents ask for, done in the simulated world.

use stacklab_frameworks::registry::artifacts;
use stacklab_machine::http::Response;
use stacklab_machine::process::{Input, Never};
use stacklab_machine::timeline::EventId;
use stacklab_mesos::{
    AgentInput, AgentOutput, ConnectionId, ContainerEvent, ContainerId, Exit, LinkId, MasterInput,
    MasterOutput, SchedulerEvent, Signal, Uri,
};

use super::desk::Desk;
use super::faults::LaunchDelay;
use super::item::{Due, ProgramId, Seat, ToProgram};
use super::world::{Container, World};

/// An agent's place, from its link.
pub(super) const fn agent_of(link: LinkId) -> usize {
    (link.0 & 0xffff_ffff) as usize
}

impl World {
    pub(super) fn master_says(&mut self, desk: &mut Desk<MasterOutput>, cause: Option<EventId>) {
        if desk.out.is_empty() {
            return;
        }
        for (output, cause) in self.unpack("mesos-master", desk, cause) {
            match output {
                MasterOutput::Reply { connection, response } => self.call_answered(connection, &response),
                MasterOutput::Respond { exchange, response } => {
                    self.respond(Seat::Master, exchange, response, cause);
                }
                MasterOutput::Stream { connection, stream_id } => {
                    let program = self.program_of(connection);
                    if let Some(node) = self.programs.get_mut(program) {
                        node.session.stream_id = Some(stream_id);
                        node.session.connection = Some(connection);
                        self.streams_open.insert(connection, program);
                    }
                }
                MasterOutput::Event { connection, event } => {
                    if let Some(program) = self.streams_open.get(&connection).copied() {
                        if let (Some(ledger), SchedulerEvent::Update(status)) = (&mut self.ledger, &event) {
                            ledger.told(status);
                        }
                        self.tell_scheduler(program, event, cause);
                    }
                }
                MasterOutput::Close { connection } => self.stream_closed(connection, cause),
                // No program here speaks the older protocol.
                MasterOutput::Post { .. } => {}
                MasterOutput::ToAgent { link, message } => {
                    let index = agent_of(link);
                    if self.agents.get(index).is_none_or(|agent| agent.link != link) {
                        continue;
                    }
                    let delay = self.launch_delay(&message);
                    let what = Due::Agent(index, Box::new(AgentInput::Master(message)));
                    match delay {
                        LaunchDelay::None => self.send(Seat::Master, Seat::Agent(index), what, cause),
                        LaunchDelay::By(wait) => self.after(wait, what, cause),
                        LaunchDelay::ForEver => {}
                    }
                }
            }
        }
    }

    fn tell_scheduler(&mut self, program: ProgramId, event: SchedulerEvent, cause: Option<EventId>) {
        let what = Due::Program(program, Box::new(ToProgram::Scheduler(event)));
        self.send(Seat::Master, Seat::Program(program), what, cause);
    }

    /// A connection's number holds its program's, so that no table is needed.
    pub(super) fn program_of(&self, connection: ConnectionId) -> ProgramId {
        (connection.0 >> 32) as ProgramId
    }

    fn call_answered(&mut self, connection: ConnectionId, response: &Response) {
        if response.status >= 400 {
            let event =
                SchedulerEvent::Refused { status: response.status, text: response.text().into_owned() };
            self.tell_scheduler(self.program_of(connection), event, None);
        }
    }

    fn stream_closed(&mut self, connection: ConnectionId, cause: Option<EventId>) {
        if let Some(program) = self.streams_open.remove(&connection) {
            let why = "the master closed the event stream".to_owned();
            self.tell_scheduler(program, SchedulerEvent::Disconnected { why }, cause);
        }
    }

    pub(super) fn agent_says(&mut self, index: usize, desk: &mut Desk<AgentOutput>, cause: Option<EventId>) {
        if desk.out.is_empty() {
            return;
        }
        let Some((who, link)) = self.agents.get(index).map(|agent| (agent.who.clone(), agent.link)) else {
            return;
        };
        for (output, cause) in self.unpack(&who, desk, cause) {
            match output {
                AgentOutput::ToMaster(message) => {
                    let input = MasterInput::Agent { link, message };
                    self.send(Seat::Agent(index), Seat::Master, Due::Master(Box::new(input)), cause);
                }
                AgentOutput::Fetch { container, uris, .. } => self.fetch(index, container, &uris, cause),
                AgentOutput::Start(spec) => {
                    let container = spec.container.clone();
                    let node = Container { spec: Some(spec), program: None };
                    if let Some(agent) = self.agents.get_mut(index) {
                        agent.containers.insert(container.clone(), node);
                    }
                    let wait = self.delays.boot();
                    self.after(wait, Due::Boot { agent: index, container }, cause);
                }
                AgentOutput::Signal { container, signal } => self.signal(index, &container, signal, cause),
                AgentOutput::ToExecutor { container, event } => {
                    if let Some(program) = self.program_in(index, &container) {
                        let what = Due::Program(program, Box::new(ToProgram::Executor(event)));
                        self.send(Seat::Agent(index), Seat::Program(program), what, cause);
                    }
                }
                AgentOutput::Destroy { container } => self.signal(index, &container, Signal::Kill, cause),
            }
        }
    }

    fn program_in(&self, agent: usize, container: &ContainerId) -> Option<ProgramId> {
        self.agents.get(agent)?.containers.get(container)?.program
    }

    fn fetch(&mut self, agent: usize, container: ContainerId, uris: &[Uri], cause: Option<EventId>) {
        let mut wait = std::time::Duration::ZERO;
        let mut event = ContainerEvent::Fetched;
        if let Some(ledger) = &mut self.ledger {
            ledger.artifacts.extend(uris.iter().map(|uri| uri.file_name().to_owned()));
        }
        for uri in uris {
            wait += self.delays.fetch();
            let fetched = self.artifacts.delay(uri).and_then(|delay| {
                wait += delay;
                self.artifact(uri)?;
                self.spoilt(agent, uri)
            });
            if let Err(why) = fetched {
                event = ContainerEvent::FetchFailed { uri: uri.value.clone(), why };
                break;
            }
        }
        let input = Box::new(AgentInput::Container { container, event });
        self.after(wait, Due::Agent(agent, input), cause);
    }

    /// Files of a scheduler can be had while it runs, those of the outside world if they are known.
    fn artifact(&self, uri: &Uri) -> Result<(), String> {
        let request = stacklab_machine::http::Request::get(uri.value.clone());
        let authority = request.authority();
        if authority.starts_with("127.") {
            let there = self.listeners.contains_key(&authority);
            return if there { Ok(()) } else { Err(format!("connection refused: {authority}")) };
        }
        artifacts::find(uri.file_name()).map(|_| ()).ok_or_else(|| {
            let name = uri.file_name();
            format!(
                "Error downloading resource, received HTTP return code 404 (no artifact is called {name})"
            )
        })
    }

    pub(super) fn container_event(
        &mut self,
        agent: usize,
        container: ContainerId,
        event: ContainerEvent,
        cause: Option<EventId>,
    ) {
        let input = Box::new(AgentInput::Container { container, event });
        self.after(std::time::Duration::ZERO, Due::Agent(agent, input), cause);
    }

    fn signal(&mut self, agent: usize, container: &ContainerId, signal: Signal, cause: Option<EventId>) {
        let Some(node) = self.agents.get_mut(agent).and_then(|node| node.containers.get_mut(container))
        else {
            return;
        };
        match (signal, node.program) {
            (Signal::Term, Some(program)) => {
                let input = ToProgram::Any(Input::<Never>::Terminate);
                self.send(
                    Seat::Agent(agent),
                    Seat::Program(program),
                    Due::Program(program, Box::new(input)),
                    cause,
                );
            }
            (Signal::Kill, Some(program)) => self.end_program(program, Exit::Signal(9), cause),
            (_, None) => {
                // Not booted yet: it never will be.
                node.spec = None;
                self.container_event(
                    agent,
                    container.clone(),
                    ContainerEvent::Exited(Exit::Signal(9)),
                    cause,
                );
            }
        }
    }

    /// The run of the stack is over.
    pub(super) fn run_is_over(&mut self, outcome: Option<Result<(), String>>) {
        self.outcome = Some(outcome.unwrap_or_else(|| Err("the run ended without an outcome".to_owned())));
    }
}
