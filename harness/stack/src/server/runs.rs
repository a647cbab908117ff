//! The runs that the server has under way: their calls, what is stored of them, their answers.

use std::collections::BTreeMap;

use stacklab_machine::http::{Failure, Request, Response};
use stacklab_machine::process::{CallId, ExchangeId, Input, Output};
use stacklab_machine::{Machine, Outbox, Step as Said, Time, earliest};

use super::flow::{Flow, Found, Lookup, RunRequest, Step};
use super::store::{RunKey, RunState, StoreError, StoreOp};
use super::{Out, Server, Waiting, reply};
use crate::run::{self, MESOS_TIMEOUT, Progress};
use crate::{Run, RunConfig, Stack, Variables};

/// Number of a run.
pub(super) type RunId = u64;

/// Runs under way.
#[derive(Debug, Default)]
pub(super) struct Runs {
    last: RunId,
    active: BTreeMap<RunId, Active>,
    /// Requests that will become runs.
    pub(super) coming: usize,
}

#[derive(Debug)]
struct Active {
    /// Who waits for the outcome; nobody once it is told.
    exchange: Option<ExchangeId>,
    key: RunKey,
    run: Run,
    /// How far each application was when it was last looked at.
    seen: Vec<Progress>,
    /// Whether the outcome is being stored or was told.
    ended: bool,
}

impl Server {
    pub(super) fn is_full(&self) -> bool {
        self.runs.active.len() + self.runs.coming >= self.config.max_runs
    }

    /// Reads the master's state, as before every run.
    pub(super) fn refresh_mesos_state(
        &mut self,
        exchange: ExchangeId,
        request: Box<RunRequest>,
        out: &mut Out,
    ) {
        self.runs.coming += 1;
        let Some(url) = self.config.mesos_state_url() else {
            return self.look_up(exchange, request, out);
        };
        let call = self.number(Waiting::MesosState { exchange, request });
        out.push(Output::Http { call, request: state_request(url), timeout: Some(MESOS_TIMEOUT) });
    }

    pub(super) fn take_mesos_state(
        &mut self,
        exchange: ExchangeId,
        mut request: Box<RunRequest>,
        result: Result<Response, Failure>,
        out: &mut Out,
    ) {
        let url = self.config.mesos_state_url().unwrap_or_default();
        match run::read_mesos_state(&url, result) {
            Ok(state) => {
                request.mesos_state = Some(state);
                self.look_up(exchange, request, out);
            }
            Err(text) => {
                self.runs.coming -= 1;
                self.respond(exchange, reply::error(404, &text), out);
            }
        }
    }

    pub(super) fn found_to_run(
        &mut self,
        exchange: ExchangeId,
        request: Box<RunRequest>,
        mut lookup: Lookup,
        stack: Option<Stack>,
        out: &mut Out,
    ) -> Result<(), Response> {
        let stack = match lookup.take(stack) {
            Found::Stack(stack) => *stack,
            Found::Ask(name) => {
                self.ask(StoreOp::Stack(name), Flow { exchange, step: Step::Run { request, lookup } }, out);
                return Ok(());
            }
            Found::Missing(text) => return Err(reply::error(404, text)),
            Found::Broken(text) => return Err(self.panic_or(404, &text)),
        };
        let config = self.run_config(*request, stack);
        let all = Variables {
            arbitrary: config.variables.clone(),
            global: config.globals.clone(),
            ..Variables::default()
        };
        let (name, zone) = (&config.stack.name, &config.zone);
        let variables = all.to_json();
        out.push(Output::Log(format!("Running stack {name} in zone '{zone}' and variables {variables}")));
        let run = RunKey { stack: name.clone(), zone: zone.clone() };
        let op = StoreOp::SaveStack { run, state: RunState::Staging };
        self.ask(op, Flow { exchange, step: Step::Staging(Box::new(config)) }, out);
        Ok(())
    }

    fn run_config(&self, request: RunRequest, mut stack: Stack) -> RunConfig {
        // A stack merged onto a zone goes by its own name; so does one that was stored under it.
        stack.name.clone_from(&request.name);
        let mut config = RunConfig::new(stack, &self.config.marathon_url);
        config.zone = request.zone;
        config.variables = request.variables;
        config.globals.clone_from(&self.config.globals);
        config.skip = request.skip;
        config.max_wait = request.max_wait;
        config.mesos_state = request.mesos_state;
        config.pace = self.config.pace;
        config.finish_in_flight = true;
        config
    }

    pub(super) fn start_run(&mut self, now: Time, exchange: ExchangeId, config: RunConfig, out: &mut Out) {
        self.runs.last += 1;
        let id = self.runs.last;
        let key = RunKey { stack: config.stack.name.clone(), zone: config.zone.clone() };
        let run = Run::new(config);
        let seen = vec![Progress::Pending; run.progress().count()];
        self.runs.coming -= 1;
        self.runs.active.insert(id, Active { exchange: Some(exchange), key, run, seen, ended: false });
        self.tell_run(now, id, Input::Start, out);
    }

    pub(super) fn answer_run(
        &mut self,
        now: Time,
        id: RunId,
        call: CallId,
        result: Result<Response, Failure>,
        out: &mut Out,
    ) {
        self.tell_run(now, id, Input::HttpReply { call, result }, out);
    }

    fn tell_run(
        &mut self,
        now: Time,
        id: RunId,
        input: Input<stacklab_machine::process::Never>,
        out: &mut Out,
    ) {
        let Some(active) = self.runs.active.get_mut(&id) else { return };
        let mut said = Outbox::new();
        active.run.handle(now, input, &mut said);
        self.carry_out(id, said, out);
    }

    pub(super) fn runs_wake_at(&self) -> Option<Time> {
        self.runs.active.values().fold(None, |first, active| earliest(first, active.run.wake_at()))
    }

    pub(super) fn wake_runs(&mut self, now: Time, out: &mut Out) {
        let due = |active: &Active| active.run.wake_at().is_some_and(|at| at <= now);
        let ids: Vec<_> =
            self.runs.active.iter().filter(|(_, active)| due(active)).map(|(id, _)| *id).collect();
        for id in ids {
            let Some(active) = self.runs.active.get_mut(&id) else { continue };
            let mut said = Outbox::new();
            active.run.wake(now, &mut said);
            self.carry_out(id, said, out);
        }
    }

    /// Passes on what a run wants done, and stores how far it has come.
    fn carry_out(
        &mut self,
        id: RunId,
        mut said: Outbox<Output<stacklab_machine::process::Never>>,
        out: &mut Out,
    ) {
        let mut exited = false;
        for step in said.drain() {
            match step {
                Said::Event(what) => out.note(what),
                Said::Output(Output::Http { call, request, timeout }) => {
                    let call = self.number(Waiting::Run { id, call });
                    out.push(Output::Http { call, request, timeout });
                }
                Said::Output(Output::Log(line)) => out.push(Output::Log(line)),
                Said::Output(Output::Exit { .. }) => exited = true,
                // A run asks for nothing else.
                Said::Output(_) => {}
            }
        }
        self.store_progress(id, out);
        self.store_outcome(id, out);
        if exited && self.runs.active.get(&id).is_some_and(|active| active.exchange.is_none()) {
            self.runs.active.remove(&id);
        }
    }

    fn store_progress(&mut self, id: RunId, out: &mut Out) {
        let Some(active) = self.runs.active.get_mut(&id).filter(|active| !active.ended) else { return };
        let mut ops = Vec::new();
        for (seen, (application, progress)) in active.seen.iter_mut().zip(active.run.progress()) {
            if *seen == progress {
                continue;
            }
            *seen = progress;
            let state = match progress {
                Progress::Pending => continue,
                Progress::Complete => RunState::Running,
                Progress::Failed => RunState::Failed,
            };
            let application = application.to_owned();
            ops.push(StoreOp::SaveApplication { run: active.key.clone(), application, state });
            if state == RunState::Running {
                let variables = Box::new(active.run.variables().clone());
                ops.push(StoreOp::SaveVariables { run: active.key.clone(), variables });
            }
        }
        for op in ops {
            self.store(op, Waiting::Progress { id }, out);
        }
    }

    fn store_outcome(&mut self, id: RunId, out: &mut Out) {
        let Some(active) = self.runs.active.get_mut(&id).filter(|active| !active.ended) else { return };
        let Some(outcome) = active.run.outcome() else { return };
        active.ended = true;
        let state = if outcome.is_ok() { RunState::Running } else { RunState::Failed };
        let op = StoreOp::SaveStack { run: active.key.clone(), state };
        self.store(op, Waiting::Outcome { id, outcome }, out);
    }

    /// How far a run is was stored, or not: then the run has failed with that.
    pub(super) fn progress_stored(&mut self, id: RunId, result: Result<(), StoreError>, out: &mut Out) {
        let Err(StoreError(text)) = result else { return };
        let Some(active) = self.runs.active.get_mut(&id).filter(|active| !active.ended) else { return };
        active.ended = true;
        let op = StoreOp::SaveStack { run: active.key.clone(), state: RunState::Failed };
        self.store(op, Waiting::Outcome { id, outcome: Err(text) }, out);
    }

    /// The outcome is stored: now it is told.
    pub(super) fn outcome_stored(
        &mut self,
        id: RunId,
        outcome: Result<(), String>,
        result: Result<(), StoreError>,
        out: &mut Out,
    ) {
        let Some(active) = self.runs.active.get_mut(&id) else { return };
        let exchange = active.exchange.take();
        if !active.run.is_in_flight() {
            self.runs.active.remove(&id);
        }
        let response = match outcome.and_then(|()| result.map_err(|error| error.0)) {
            Ok(()) => Response::empty(200),
            Err(text) => {
                out.push(Output::Log(format!("Run stack error: {text}")));
                reply::error(404, &text)
            }
        };
        if let Some(exchange) = exchange {
            self.respond(exchange, response, out);
        }
    }
}

fn state_request(url: String) -> Request {
    let mut request = Request::get(url);
    request.headers.push(("content-type".into(), "application/json".into()));
    request
}
