//! One application on its way: created in Marathon, waited for, its tasks' calls made one after the other.

use std::time::Duration;

use stacklab_machine::http::Method;
use stacklab_machine::http::Request;
use stacklab_machine::process::CallId;
use stacklab_machine::timeline::What;
use stacklab_machine::{Pace, Time};

use super::calls::{self, Answer, Calls, Made};
use super::marathon_reply::{self, Counts};
use super::mesos_state::MesosState;
use super::runner::{Call, Runner, Verdict};
use super::{Out, app_body};
use crate::{Application, Variables, count_matching};

/// Between two polls of Marathon.
const POLL: Duration = Duration::from_secs(1);
/// How often a call is repeated whose answer says "not yet". The original repeats it for ever; with 10 s between
/// them this is half an hour, far beyond what a ZooKeeper ensemble needs.
const MAX_REPEATS: u32 = 180;

/// Where an application is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// Its dependencies are not complete.
    Waiting,
    /// Marathon was asked to create it.
    Creating,
    /// It is polled until it runs.
    Polling {
        tries_left: u32,
        /// What the last poll said, to tell when something changed.
        last: Option<Result<Counts, String>>,
    },
    /// Its tasks are asked for.
    Finding,
    /// The calls of its task `index` are made.
    Tasks {
        index: usize,
        calls: Vec<Call>,
        at: usize,
        repeats_left: u32,
    },
    /// All is done.
    Complete,
    /// Left out by the user; counts as complete.
    Skipped,
    Failed,
}

/// What an application acts on.
pub(super) enum Event {
    Begin,
    Answer(Made, Answer),
    Woken,
}

/// What an application sees and uses of the run.
pub(super) struct World<'r> {
    pub(super) now: Time,
    pub(super) marathon: &'r str,
    pub(super) stack: &'r str,
    pub(super) zone: &'r str,
    pub(super) max_wait: u32,
    pub(super) pace: Pace,
    pub(super) variables: &'r mut Variables,
    pub(super) calls: &'r mut Calls,
    pub(super) out: &'r mut Out,
}

#[derive(Debug)]
pub(super) struct App {
    pub(super) key: String,
    pub(super) application: Application,
    pub(super) state: State,
    /// The call it waits for.
    pub(super) call: Option<CallId>,
    /// When it goes on by itself.
    pub(super) wake: Option<Time>,
    runner: Option<Runner>,
    /// The body of the last poll's answer that could be read, and what it said.
    page: Option<(Vec<u8>, Counts)>,
    instances: i64,
    /// Its page in Marathon, once it is created: asked for again and again.
    url: String,
    /// `http://host:port` of its scheduler, once known.
    api: String,
}

impl App {
    pub(super) fn new(key: String, application: Application) -> Self {
        let runner = Runner::of(&application.kind);
        let (state, url, api) = (State::Waiting, String::new(), String::new());
        Self { key, application, state, call: None, wake: None, runner, page: None, instances: 1, url, api }
    }

    /// Settles how many instances Marathon is asked for.
    pub(super) fn count_instances(&mut self, mesos: Option<&MesosState>) -> Result<(), String> {
        let app = &self.application;
        self.instances = match (app.instances.as_str(), mesos) {
            ("all", Some(mesos)) if app.constraints.is_empty() => mesos.activated,
            ("all", Some(mesos)) => {
                let count =
                    count_matching(&app.constraints, &mesos.agents).map_err(|error| error.to_string())?;
                i64::try_from(count).unwrap_or(i64::MAX)
            }
            ("all", None) => {
                return Err(format!("{}: instances: all needs the Mesos master's state", app.id));
            }
            // Checked before: empty or a number.
            (number, _) => number.parse().unwrap_or(1),
        };
        Ok(())
    }

    /// Whether dependents may start.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete | State::Skipped)
    }

    /// Whether it waits for an answer or a moment.
    pub(super) fn in_flight(&self) -> bool {
        self.call.is_some() || self.wake.is_some()
    }

    pub(super) fn is_polling(&self) -> bool {
        matches!(self.state, State::Polling { .. })
    }

    /// Whether it makes the calls of its tasks.
    pub(super) fn makes_calls(&self) -> bool {
        matches!(self.state, State::Tasks { .. })
    }

    pub(super) fn note(&self, state: &str, detail: String, out: &mut Out) {
        let application = self.application.id.clone();
        out.note(What::ApplicationState { application, state: state.into(), detail });
    }

    /// Acts on an event.
    ///
    /// # Errors
    /// The application failed; the text is without its id.
    pub(super) fn step(&mut self, event: Event, world: &mut World<'_>) -> Result<(), String> {
        match (event, &self.state) {
            (Event::Begin, State::Waiting) => self.create(world),
            (Event::Woken, State::Polling { .. }) => {
                self.poll(world);
                Ok(())
            }
            (Event::Woken, State::Tasks { .. }) => {
                self.call_scheduler(world);
                Ok(())
            }
            (Event::Answer(made, answer), state) => {
                self.call = None;
                match state {
                    State::Creating => self.created(answer, world),
                    State::Polling { .. } => self.polled(&made, &answer, world),
                    State::Finding => self.found(answer, world),
                    State::Tasks { .. } => self.called(answer, world),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    pub(super) fn fail(&mut self, error: &str, out: &mut Out) {
        self.state = State::Failed;
        (self.call, self.wake) = (None, None);
        self.note("failed", error.to_owned(), out);
    }

    fn create(&mut self, world: &mut World<'_>) -> Result<(), String> {
        let body = self.body(world)?;
        self.note("creating", String::new(), world.out);
        let url = format!("{}/v2/apps", world.marathon);
        let mut request = Request::json(Method::Post, url, body);
        request.headers = calls::json_headers();
        self.call = Some(world.calls.make(request, calls::MARATHON_TIMEOUT, world.out));
        self.state = State::Creating;
        Ok(())
    }

    fn body(&self, world: &World<'_>) -> Result<String, String> {
        let app = &self.application;
        let resolve = |text: &String| {
            world.variables.resolve_all(text).map(|text| text.into_owned()).map_err(|error| error.to_string())
        };
        let launch_command = resolve(&app.launch_command)?;
        let pair = |(key, value): (&String, &String)| Ok((key.clone(), resolve(value)?));
        let scheduler = app.scheduler.iter().map(pair).collect::<Result<_, String>>()?;
        let args = app.args.iter().map(resolve).collect::<Result<_, String>>()?;
        let env = app.env.iter().map(pair).collect::<Result<_, String>>()?;
        let resolved = app_body::Resolved { launch_command, scheduler, args, env };
        Ok(app_body::write(app, &resolved, self.instances, world.stack, world.zone))
    }

    fn created(&mut self, answer: Answer, world: &mut World<'_>) -> Result<(), String> {
        marathon_reply::created(&answer?)?;
        self.note("polling", String::new(), world.out);
        let healthy = if self.application.healthcheck.is_empty() { "" } else { " and is healthy" };
        let id = &self.application.id;
        world.out.note_with(|| What::Waiting { for_what: format!("Marathon until {id} runs{healthy}") });
        self.url = format!("{}/v2/apps/{}", world.marathon, id.trim_start_matches('/'));
        // One try at once, and the number that the user gave.
        self.state = State::Polling { tries_left: world.pace.tries(world.max_wait), last: None };
        self.poll(world);
        Ok(())
    }

    fn poll(&mut self, world: &mut World<'_>) {
        let request = calls::marathon_get(self.url.as_str());
        self.call = Some(world.calls.make(request, calls::MARATHON_TIMEOUT, world.out));
    }

    fn polled(&mut self, made: &Made, answer: &Answer, world: &mut World<'_>) -> Result<(), String> {
        let counts = self.counts(answer);
        let needs_health = !self.application.healthcheck.is_empty();
        let good =
            counts.as_ref().is_ok_and(|counts| counts.running > 0 && (!needs_health || counts.healthy > 0));
        let State::Polling { tries_left, last } = &mut self.state else { return Ok(()) };
        let left = *tries_left;
        *tries_left = left.saturating_sub(1);
        if last.as_ref() != Some(&counts) {
            *last = Some(counts.clone());
            made.note(answer, world.out);
            let detail = match counts {
                Ok(Counts { running, healthy }) => format!("{running} running, {healthy} healthy"),
                Err(error) => error,
            };
            self.note("polling", detail, world.out);
        }
        if good {
            return self.runs(world);
        }
        if left == 0 {
            let tries = world.max_wait;
            return Err(format!(
                "Failed to await until the task is running and healthy within {tries} retries"
            ));
        }
        self.wake = Some(world.now + world.pace.wait(POLL));
        Ok(())
    }

    /// Reads the counts out of a poll's answer: again only if it is another one.
    fn counts(&mut self, answer: &Answer) -> Result<Counts, String> {
        let response = answer.as_ref().map_err(Clone::clone)?;
        if let Some((body, counts)) = &self.page
            && response.status == 200
            && response.body == *body
        {
            return Ok(*counts);
        }
        let counts = marathon_reply::counts(response)?;
        self.page = (response.status == 200).then(|| (response.body.clone(), counts));
        Ok(counts)
    }

    /// Goes on when Marathon runs it: with a task runner or to the end.
    fn runs(&mut self, world: &mut World<'_>) -> Result<(), String> {
        if self.runner.is_none() {
            self.complete(world);
            return Ok(());
        }
        let request = calls::marathon_get(format!("{}/tasks", self.url));
        self.call = Some(world.calls.make(request, calls::MARATHON_TIMEOUT, world.out));
        self.state = State::Finding;
        Ok(())
    }

    fn found(&mut self, answer: Answer, world: &mut World<'_>) -> Result<(), String> {
        let task = marathon_reply::first_task(&answer?)?;
        let (host, ports) = task.ok_or("Task is not running")?;
        // The original's server dies here.
        let first =
            ports.first().ok_or("the task that Marathon runs has no port: its scheduler cannot be called")?;
        self.api = format!("http://{host}:{first}");
        let id = &self.application.id;
        let variables = &mut world.variables.stack;
        variables.insert(format!("{id}.api"), self.api.clone());
        variables.insert(format!("{id}.host"), host);
        for (index, port) in ports.iter().enumerate() {
            variables.insert(format!("{id}.port{index}"), port.to_string());
        }
        self.note("tasks", self.api.clone(), world.out);
        self.begin_task(0, world)
    }

    fn begin_task(&mut self, index: usize, world: &mut World<'_>) -> Result<(), String> {
        let (Some(task), Some(runner)) = (self.application.tasks.get(index), self.runner) else {
            self.complete(world);
            return Ok(());
        };
        let parameters = task.parameters.iter();
        // What stays unresolved is sent as it is.
        let resolved = parameters
            .map(|(name, value)| (name.clone(), world.variables.resolve(value).into_owned()))
            .collect();
        let calls = runner.calls(&resolved)?;
        self.state = State::Tasks { index, calls, at: 0, repeats_left: world.pace.tries(MAX_REPEATS) };
        self.next_call(world);
        Ok(())
    }

    /// Makes the call at hand, after the wait that it may begin with.
    fn next_call(&mut self, world: &mut World<'_>) {
        let State::Tasks { calls, at, .. } = &self.state else { return };
        match calls.get(*at).and_then(|call| call.wait_before) {
            Some(wait) => {
                let id = &self.application.id;
                world.out.note_with(|| What::Waiting { for_what: format!("{id} until it serves") });
                self.wake = Some(world.now + world.pace.wait(wait));
            }
            None => self.call_scheduler(world),
        }
    }

    fn call_scheduler(&mut self, world: &mut World<'_>) {
        let State::Tasks { calls, at, .. } = &self.state else { return };
        let Some(call) = calls.get(*at) else { return };
        if call.may_take_long() {
            let id = &self.application.id;
            world.out.note_with(|| What::Waiting { for_what: format!("{id} to answer {}", call.name()) });
        }
        let request = Request::get(format!("{}{}", self.api, call.path_and_query()));
        self.call = Some(world.calls.make(request, calls::RUNNER_TIMEOUT, world.out));
    }

    fn called(&mut self, answer: Answer, world: &mut World<'_>) -> Result<(), String> {
        let State::Tasks { index, calls, at, repeats_left } = &mut self.state else { return Ok(()) };
        let Some(call) = calls.get(*at) else { return Ok(()) };
        let variables = &mut world.variables.stack;
        let verdict = answer.and_then(|response| call.read(&response, &self.application.id, variables));
        world.out.note_with(|| What::TaskCall {
            application: self.application.id.clone(),
            task: self.application.tasks.get(*index).map(|task| task.name.clone()).unwrap_or_default(),
            call: call.name(),
            error: verdict.as_ref().err().cloned(),
        });
        match verdict? {
            Verdict::Done => {
                *at += 1;
                *repeats_left = world.pace.tries(MAX_REPEATS);
                let (index, more) = (*index, *at < calls.len());
                if more {
                    self.next_call(world);
                    return Ok(());
                }
                self.begin_task(index + 1, world)
            }
            Verdict::NotYet(why) => {
                if *repeats_left == 0 {
                    return Err(format!("gave up waiting: {why}"));
                }
                *repeats_left -= 1;
                let wait = call.wait_before.unwrap_or(POLL);
                self.wake = Some(world.now + world.pace.wait(wait));
                Ok(())
            }
        }
    }

    fn complete(&mut self, world: &mut World<'_>) {
        self.state = State::Complete;
        self.note("running", String::new(), world.out);
    }
}
