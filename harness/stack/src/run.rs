//! The run of a stack: creates the applications in Marathon as their dependencies allow, waits for each, makes the
//! calls of its tasks and hands values from one application to the next.

mod app_body;
mod application;
mod calls;
mod marathon_app;
mod marathon_reply;
mod mesos_state;
mod runner;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use regex::Regex;
use stacklab_machine::process::{CallId, Input, Never, Output};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Pace, Time, earliest, http};

use self::application::{App, State};
use self::mesos_state::MesosState;
use crate::{Problem, Stack, Variables, constraint, problems, validate};

/// What a [`Run`] puts its outputs in.
pub(crate) type Out = Outbox<Output<Never>>;

/// Whether stacklab has a task runner for an application type.
pub(crate) fn plays(kind: &str) -> bool {
    runner::Runner::of(kind).is_some()
}

/// What to run, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfig {
    /// The stack, with parents and layers merged ([`layers`](crate::layers)).
    pub stack: Stack,
    /// The zone it runs in; empty for none.
    pub zone: String,
    /// Variables of this run (`run --var`).
    pub variables: BTreeMap<String, String>,
    /// Variables of the server (`server --var`).
    pub globals: BTreeMap<String, String>,
    /// Expressions (`run --skip`); applications whose id one of them matches count as complete from the start.
    pub skip: Vec<String>,
    /// How many polls, one a second, an app of Marathon has to run and be healthy.
    pub max_wait: u32,
    /// `http://host:port` of Marathon; a path is ignored, and of several hosts all but the first.
    pub marathon_url: String,
    /// Where the master's state is read at the start, `http://host:port/master/state.json`; needed for
    /// `instances: all` only, and read whenever it is given, as the original does.
    pub mesos_master_state_url: Option<String>,
    /// The master's state, where it was read already.
    pub mesos_state: Option<Vec<u8>>,
    /// How fast polls pass.
    pub pace: Pace,
    /// Whether applications in flight go on after another one failed, as the original's do: the outcome is there at
    /// once, [`Output::Exit`] comes with the last of them.
    pub finish_in_flight: bool,
    /// Whether to wait for ever where the original does: on a cycle, on a dependency that is nowhere, on a stack
    /// without applications, on too many skips. Otherwise such a stack is refused.
    pub hangs: bool,
}

impl RunConfig {
    /// A run as the command line has it by default: no zone, no variables, 600 polls.
    pub fn new(stack: Stack, marathon_url: impl Into<String>) -> Self {
        Self {
            stack,
            zone: String::new(),
            variables: BTreeMap::new(),
            globals: BTreeMap::new(),
            skip: Vec::new(),
            max_wait: 600,
            marathon_url: marathon_url.into(),
            mesos_master_state_url: None,
            mesos_state: None,
            pace: Pace::REAL,
            finish_in_flight: false,
            hangs: false,
        }
    }
}

/// How far an application is, for those who look at a run from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits or is under way.
    Pending,
    /// It runs with all its tasks, or was left out by the user.
    Complete,
    /// It failed.
    Failed,
}

/// How long the Mesos master may take to tell its state.
pub(crate) const MESOS_TIMEOUT: Duration = calls::MARATHON_TIMEOUT;

/// Checks that an answer is the state of a Mesos master, and returns it for [`RunConfig::mesos_state`].
///
/// # Errors
/// It is not; the text is that of the original.
pub(crate) fn read_mesos_state(
    url: &str,
    result: Result<http::Response, http::Failure>,
) -> Result<Vec<u8>, String> {
    let body = calls::answer_of("Get", url, result)?.body;
    mesos_state::read(&body)?;
    Ok(body)
}

/// How far the run as a whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits for the Mesos master's state.
    State(CallId),
    /// Waits for Marathon's own description.
    Info(CallId),
    /// Applications are being run, or [`Run::outcome`] says how that ended.
    Applications,
}

/// The run of a stack, as a machine. It begins with [`Input::Start`] and ends with [`Output::Exit`].
#[derive(Debug)]
pub struct Run {
    config: RunConfig,
    /// Marathon's scheme, host and port.
    marathon: String,
    phase: Phase,
    variables: Variables,
    mesos: Option<MesosState>,
    /// In the order of their keys.
    apps: Vec<App>,
    calls: calls::Calls,
    outcome: Option<Result<(), String>>,
    /// Whether [`Output::Exit`] was said.
    exited: bool,
    /// Whether the original would never come to an end, however far the applications get.
    stuck: bool,
    /// Whether the original's whole server would have died of the error.
    deadly: bool,
    /// What was warned of.
    warned: BTreeSet<String>,
}

/// Errors of ours where the original's whole server dies: how they begin.
const DEADLY: [&str; 4] = [
    "the task that Marathon runs has no port",
    "a server of the cluster has no config",
    "a started node has no runtime",
    "the scheduler's error is no text",
];

impl Run {
    /// Prepares a run; nothing happens before [`Input::Start`].
    pub fn new(mut config: RunConfig) -> Self {
        let applications = std::mem::take(&mut config.stack.applications);
        let apps = applications.into_iter().map(|(key, application)| App::new(key, application)).collect();
        let variables = Variables {
            stack: BTreeMap::new(),
            arbitrary: std::mem::take(&mut config.variables),
            global: std::mem::take(&mut config.globals),
        };
        let marathon = base_url(&config.marathon_url);
        let (phase, calls) = (Phase::Applications, calls::Calls::default());
        Self {
            config,
            marathon,
            phase,
            variables,
            mesos: None,
            apps,
            calls,
            outcome: None,
            exited: false,
            stuck: false,
            deadly: false,
            warned: BTreeSet::new(),
        }
    }

    /// How the run ended, once it has: the error's text is what the original's client is shown.
    pub fn outcome(&self) -> Option<Result<(), String>> {
        self.outcome.clone()
    }

    /// How far each application is, by its id, in a fixed order.
    pub fn progress(&self) -> impl Iterator<Item = (&str, Progress)> {
        self.apps.iter().map(|app| {
            let progress = match app.state {
                State::Complete | State::Skipped => Progress::Complete,
                State::Failed => Progress::Failed,
                _ => Progress::Pending,
            };
            (app.application.id.as_str(), progress)
        })
    }

    /// Whether the original's whole server would have died of what this run failed with.
    pub fn would_have_died(&self) -> bool {
        self.deadly
    }

    /// Whether anything of it is still under way.
    pub fn is_in_flight(&self) -> bool {
        !self.exited
    }

    /// The variables as they are now.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    fn start(&mut self, out: &mut Out) {
        let (stack, zone) = (&self.config.stack.name, &self.config.zone);
        out.note(What::StackStarted { stack: stack.clone(), zone: zone.clone() });
        if let Some(state) = self.config.mesos_state.take() {
            match mesos_state::read(&state) {
                Ok(state) => self.mesos = Some(state),
                Err(error) => return self.finish(Err(error), out),
            }
            return self.check(out);
        }
        match &self.config.mesos_master_state_url {
            Some(url) => {
                let mut request = http::Request::get(url.clone());
                request.headers.push(("content-type".into(), "application/json".into()));
                self.phase = Phase::State(self.calls.make(request, calls::MARATHON_TIMEOUT, out));
            }
            None => self.check(out),
        }
    }

    /// Checks the stack, then asks Marathon for its description.
    fn check(&mut self, out: &mut Out) {
        if let Err(error) = self.prepare() {
            self.finish(Err(error), out);
            return;
        }
        let request = calls::marathon_get(format!("{}/v2/info", self.marathon));
        self.phase = Phase::Info(self.calls.make(request, calls::MARATHON_TIMEOUT, out));
    }

    /// Everything that can go wrong before the first application.
    fn prepare(&mut self) -> Result<(), String> {
        // The applications were taken out of the stack to be owned by their states: lend them back for the checks.
        let applications = self.apps.iter().map(|app| (app.key.clone(), app.application.clone())).collect();
        let stack = Stack { name: self.config.stack.name.clone(), applications, ..Stack::default() };
        validate(&stack).map_err(|invalid| invalid.to_string())?;
        let mut skip = Vec::new();
        for pattern in &self.config.skip {
            skip.push(Regex::new(pattern).map_err(|error| constraint::regex_error(pattern, &error))?);
        }
        let mut problems = problems(&stack, &skip);
        if self.config.hangs {
            problems.retain(|problem| matches!(problem, Problem::Unsupported { .. }));
            self.hang(&skip);
        }
        if !problems.is_empty() {
            return Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
        for app in &mut self.apps {
            app.count_instances(self.mesos.as_ref())?;
            if skip.iter().any(|regex| regex.is_match(&app.application.id)) {
                app.state = State::Skipped;
            }
        }
        Ok(())
    }

    /// Prepares for what makes the original hang: the rest comes by itself.
    fn hang(&mut self, skip: &[Regex]) {
        let matches = |app: &App| skip.iter().filter(|regex| regex.is_match(&app.application.id)).count();
        let skipped: usize = self.apps.iter().map(matches).sum();
        self.stuck = self.apps.is_empty() || skipped > self.apps.len();
        // Of applications with the same id one is started, and counts for all.
        let mut ids = BTreeSet::new();
        for app in &mut self.apps {
            if !ids.insert(app.application.id.clone()) {
                app.state = State::Skipped;
            }
        }
    }

    fn take_mesos_state(&mut self, result: calls::Answer, out: &mut Out) {
        let state = result.and_then(|response| mesos_state::read(&response.body));
        match state {
            Ok(state) => {
                self.mesos = Some(state);
                self.check(out);
            }
            Err(error) => self.finish(Err(error), out),
        }
    }

    fn take_info(&mut self, now: Time, result: calls::Answer, out: &mut Out) {
        match result.and_then(|response| marathon_reply::master(&response)) {
            Ok(master) => {
                self.phase = Phase::Applications;
                let (stack, zone) = (self.config.stack.name.clone(), self.config.zone.clone());
                for (name, value) in [("mesos.master", master), ("zone", zone), ("stack", stack)] {
                    self.variables.stack.insert(name.into(), value);
                }
                for app in &self.apps {
                    if app.state == State::Skipped {
                        app.note("skipped", String::new(), out);
                    } else if !app.application.dependencies.is_empty() {
                        app.note("waiting", app.application.dependencies.join(", "), out);
                    }
                }
                self.advance(now, out);
            }
            Err(error) => self.finish(Err(error), out),
        }
    }

    /// Starts what can start; ends the run when all are complete.
    fn advance(&mut self, now: Time, out: &mut Out) {
        if self.outcome.is_none() {
            for index in 0..self.apps.len() {
                if self.apps[index].state == State::Waiting && self.may_start(index) {
                    self.step(now, index, application::Event::Begin, out);
                }
            }
        }
        let complete = !self.stuck && self.apps.iter().all(App::is_complete);
        if self.outcome.is_none() && complete {
            self.finish(Ok(()), out);
        } else if self.outcome.is_some() && !self.apps.iter().any(App::in_flight) {
            self.exit(1, out);
        }
    }

    fn may_start(&self, index: usize) -> bool {
        let complete =
            |id: &String| self.apps.iter().any(|app| app.application.id == *id && app.is_complete());
        self.apps[index].application.dependencies.iter().all(complete)
    }

    /// Gives an application something to act on, and acts on what became of it.
    fn step(&mut self, now: Time, index: usize, event: application::Event, out: &mut Out) {
        let mut world = application::World {
            now,
            marathon: &self.marathon,
            stack: &self.config.stack.name,
            zone: &self.config.zone,
            max_wait: self.config.max_wait,
            pace: self.config.pace,
            variables: &mut self.variables,
            calls: &mut self.calls,
            out,
        };
        if let Err(error) = self.apps[index].step(event, &mut world) {
            let app = &mut self.apps[index];
            app.fail(&error, out);
            self.deadly |= DEADLY.iter().any(|text| error.starts_with(text));
            let text = format!("{}: {error}", app.application.id);
            if self.outcome.is_none() {
                self.finish(Err(text), out);
            }
        }
    }

    /// Says what the original passes over, each thing once.
    fn warn(&mut self, index: usize, made: &calls::Made, answer: &calls::Answer, out: &mut Out) {
        if !self.apps[index].makes_calls() {
            return;
        }
        for warning in warnings::of_call(made, answer) {
            let text = format!("{}: {warning}", self.apps[index].application.id);
            if self.warned.insert(text.clone()) {
                out.push(Output::Log(format!("[WARN] {text}")));
                out.note(What::Warned { text });
            }
        }
    }

    fn finish(&mut self, outcome: Result<(), String>, out: &mut Out) {
        let error = outcome.as_ref().err().cloned();
        let stack = &self.config.stack.name;
        out.push(Output::Log(match &error {
            Some(error) => format!("Run stack error: {error}"),
            None => format!("Done running stack {stack}"),
        }));
        out.note(What::StackFinished { stack: stack.clone(), error });
        let stays = outcome.is_err() && self.config.finish_in_flight && self.apps.iter().any(App::in_flight);
        if !stays {
            self.exit(i32::from(outcome.is_err()), out);
        }
        self.outcome = Some(outcome);
    }

    fn exit(&mut self, code: i32, out: &mut Out) {
        self.exited = true;
        out.push(Output::Exit { code });
    }
}

impl Machine for Run {
    type Input = Input<Never>;
    type Output = Output<Never>;

    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Out) {
        if self.exited {
            return;
        }
        match input {
            Input::Start => self.start(out),
            Input::HttpReply { call, result } => {
                let Some(made) = self.calls.finish(call) else { return };
                let answer = calls::answer(&made, result);
                let app = self.apps.iter().position(|app| app.call == Some(call));
                if let Some(index) = app {
                    self.warn(index, &made, &answer, out);
                }
                // Polls are noted when their answer changes only: there may be thousands of them.
                if !app.is_some_and(|index| self.apps[index].is_polling()) {
                    made.note(&answer, out);
                }
                match self.phase {
                    Phase::State(expected) if expected == call => self.take_mesos_state(answer, out),
                    Phase::Info(expected) if expected == call => self.take_info(now, answer, out),
                    _ => {
                        let Some(index) = app else { return };
                        self.step(now, index, application::Event::Answer(made, answer), out);
                        if !self.exited {
                            self.advance(now, out);
                        }
                    }
                }
            }
            Input::Terminate => {
                self.outcome.get_or_insert(Err("the run was stopped".into()));
                self.exit(143, out);
            }
            Input::Http { .. } | Input::Zk { .. } | Input::File { .. } | Input::Service(_) => {}
            Input::Mesos(never) => match never {},
        }
    }

    fn wake_at(&self) -> Option<Time> {
        if self.exited {
            return None;
        }
        self.apps.iter().fold(None, |first, app| earliest(first, app.wake))
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        for index in 0..self.apps.len() {
            if !self.exited && self.apps[index].wake.is_some_and(|at| at <= now) {
                self.apps[index].wake = None;
                self.step(now, index, application::Event::Woken, out);
            }
        }
        if !self.exited {
            self.advance(now, out);
        }
    }
}

/// Scheme, host and port of a Marathon URL.
fn base_url(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let authority = rest.split('/').next().unwrap_or_default();
    format!("http://{}", authority.split(',').next().unwrap_or_default())
}

#[cfg(test)]
#[path = "run/tests.rs"]
mod tests;
