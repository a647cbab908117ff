//! The runs that the server has under way: their calls, what is stored of them, their answers.

use std::collections::BTreeMap;

use stacklab_machine::http::{Failure, Request, Response};
use stacklab_machine::process::{CallId, ExchangeId, Input, Never, Output};
use stacklab_machine::{Machine, Outbox, Step as Said, Time, earliest};

use super::edited::edited;
use super::flow::{Flow, RunRequest, Step};
use super::lookup::{Found, Lookup};
use super::store::{RunKey, RunState, StoreError, StoreOp};
use super::{Mode, Out, Server, Waiting, reply};
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
    /// Who waits for the outcome.
    who: Who,
    key: RunKey,
    run: Run,
    /// How far each application was when it was last looked at.
    seen: Vec<Progress>,
    /// The stored stack that is changed by the run, and what is run.
    changes: Option<(String, Stack)>,
    /// Whether the outcome is being stored or was told.
    ended: bool,
}

/// Who waits for the outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Client(ExchangeId),
    /// The start of the server.
    Start,
    /// It is told.
    Nobody,
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
        let in_place = self.config.faithful && self.config.mode == Mode::Developer;
        let changes = in_place.then(|| lookup.changed_by_run().to_owned());
        self.ask(op, Flow { exchange, step: Step::Staging { config: Box::new(config), changes } }, out);
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
        config.hangs = self.config.faithful;
        config
    }

    pub(super) fn start_bootstrap(&mut self, now: Time, config: RunConfig, out: &mut Out) {
        self.add_run(now, Who::Start, config, None, out);
    }

    pub(super) fn start_run(
        &mut self,
        now: Time,
        exchange: ExchangeId,
        config: RunConfig,
        changes: Option<String>,
        out: &mut Out,
    ) {
        self.runs.coming -= 1;
        let changes = changes.map(|name| (name, config.stack.clone()));
        self.add_run(now, Who::Client(exchange), config, changes, out);
    }

    fn add_run(
        &mut self,
        now: Time,
        who: Who,
        config: RunConfig,
        changes: Option<(String, Stack)>,
        out: &mut Out,
    ) {
        self.runs.last += 1;
        let id = self.runs.last;
        let key = RunKey { stack: config.stack.name.clone(), zone: config.zone.clone() };
        let run = Run::new(config);
        let seen = vec![Progress::Pending; run.progress().count()];
        self.runs.active.insert(id, Active { who, key, run, seen, changes, ended: false });
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

    fn tell_run(&mut self, now: Time, id: RunId, input: Input<Never>, out: &mut Out) {
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
    fn carry_out(&mut self, id: RunId, mut said: Outbox<Output<Never>>, out: &mut Out) {
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
        match self.runs.active.get(&id).map(|active| active.who) {
            Some(Who::Start) => self.bootstrap_progress(id, out),
            _ => {
                self.store_progress(id, out);
                self.store_outcome(id, out);
            }
        }
        if exited && self.runs.active.get(&id).is_some_and(|active| active.who == Who::Nobody) {
            self.runs.active.remove(&id);
        }
    }

    /// Nothing is stored of a bootstrap: there is no store yet. That the original tries to is why it fails.
    fn bootstrap_progress(&mut self, id: RunId, out: &mut Out) {
        let Some(active) = self.runs.active.get_mut(&id) else { return };
        let some_complete = active.run.progress().any(|(_, progress)| progress == Progress::Complete);
        let outcome = if self.config.faithful && some_complete {
            Err("Stack state does not exist".to_owned())
        } else {
            match active.run.outcome() {
                Some(outcome) => outcome.map(|()| active.run.variables().clone()),
                None => return,
            }
        };
        active.who = Who::Nobody;
        active.ended = true;
        self.bootstrap_ended(outcome, out);
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
        if let (Err(text), true, true) = (&outcome, self.config.faithful, active.run.would_have_died()) {
            let text = text.clone();
            return self.die(&text, out);
        }
        let state = if outcome.is_ok() { RunState::Running } else { RunState::Failed };
        let op = StoreOp::SaveStack { run: active.key.clone(), state };
        if let Some((name, stack)) = active.changes.take() {
            let pending = |id: &str| active.run.progress().any(|of| of == (id, Progress::Pending));
            let stack = Box::new(edited(&stack, &|id| !pending(id), active.run.variables()));
            self.store(StoreOp::ReplaceStack { name, stack }, Waiting::Nothing, out);
        }
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
        let who = std::mem::replace(&mut active.who, Who::Nobody);
        if !active.run.is_in_flight() {
            self.runs.active.remove(&id);
        }
        let outcome = outcome.and_then(|()| result.map_err(|error| error.0));
        let response = match outcome {
            Ok(()) => Response::empty(200),
            Err(text) => {
                out.push(Output::Log(format!("Run stack error: {text}")));
                reply::error(404, &text)
            }
        };
        if let Who::Client(exchange) = who {
            self.respond(exchange, response, out);
        }
    }
}

pub(super) fn state_request(url: String) -> Request {
    let mut request = Request::get(url);
    request.headers.push(("content-type".into(), "application/json".into()));
    request
}
