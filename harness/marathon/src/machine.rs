//! Marathon as a whole: its state, and what goes in and out.

mod deployments;
mod health;
mod offers;
mod scheduler;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stacklab_machine::http::Method;
use stacklab_machine::process::{CallId, Input, Output};
use stacklab_machine::{Machine, Outbox, Rng, Streams, Time, earliest};
use stacklab_mesos::{FrameworkId, SchedulerCall, SchedulerEvent, TaskId};

use crate::app::{App, Stored};
use crate::backoff::Backoff;
use crate::deployment::Deployment;
use crate::task::Task;
use crate::{MarathonConfig, api};

/// What a [`Marathon`] puts its outputs in.
pub(crate) type Out = Outbox<Output<SchedulerCall>>;

/// A kill that is not confirmed is said again after this long. Not divided by the pace: it is no wait of a run in
/// which nothing is lost.
const KILL_RETRY: Duration = Duration::from_secs(10);
/// A task that does not start within this long is given up (`--task_launch_timeout`).
const LAUNCH_TIMEOUT: Duration = Duration::from_secs(300);

/// Marathon, as a machine. It begins with [`Input::Start`] and ends on [`Input::Terminate`], or when the master refuses
/// it for good.
#[derive(Debug)]
pub struct Marathon {
    pub(crate) config: MarathonConfig,
    /// Its own URL, which every answer names.
    pub(crate) leader: String,
    pub(crate) framework_id: Option<FrameworkId>,
    connected: bool,
    /// When to subscribe again.
    subscribe_at: Option<Time>,
    /// When to reconcile next.
    reconcile_at: Option<Time>,
    pub(crate) apps: BTreeMap<String, Stored>,
    /// Tasks that are not terminal.
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    /// Oldest first.
    pub(crate) deployments: Vec<Deployment>,
    /// How many tasks of each app wait to be launched; never 0.
    pub(crate) queue: BTreeMap<String, u32>,
    pub(crate) backoff: Backoff,
    revival: offers::Revival,
    last_call: u64,
    /// Whose health check a call is.
    checks: BTreeMap<CallId, (TaskId, usize)>,
    /// Ids of tasks and deployments.
    ids: Rng,
    /// Host ports and service ports.
    ports: Rng,
    /// `GET /v2/apps/{id}` as it was answered since the app last changed: it is polled far more often than that.
    pub(crate) pages: BTreeMap<String, String>,
}

impl Marathon {
    /// Makes a Marathon; nothing happens before [`Input::Start`]. Ids and ports are drawn from streams of their own.
    pub fn new(config: MarathonConfig, streams: Streams) -> Self {
        let leader = format!("http://{}", config.address());
        Self {
            config,
            leader,
            framework_id: None,
            connected: false,
            subscribe_at: None,
            reconcile_at: None,
            apps: BTreeMap::new(),
            tasks: BTreeMap::new(),
            deployments: Vec::new(),
            queue: BTreeMap::new(),
            backoff: Backoff::default(),
            revival: offers::Revival::default(),
            last_call: 0,
            checks: BTreeMap::new(),
            ids: streams.stream("marathon/ids"),
            ports: streams.stream("marathon/ports"),
            pages: BTreeMap::new(),
        }
    }

    /// Kills a task, and goes on saying so until it is confirmed.
    pub(crate) fn kill(&mut self, id: &TaskId, now: Time, out: &mut Out) {
        let Some(task) = self.tasks.get_mut(id) else { return };
        task.kill_again_at = Some(now + KILL_RETRY);
        for check in &mut task.checks {
            check.due = None;
        }
        let (task_id, agent_id) = (task.id.clone(), Some(task.agent_id.clone()));
        out.push(Output::Mesos(SchedulerCall::Kill { task_id, agent_id, kill_policy: None }));
    }

    /// Gives an app a service port for each 0 among its ports: one that no app has.
    pub(crate) fn draw_service_ports(&mut self, app: &mut App) {
        let (low, high) = self.config.service_ports;
        let mut taken: BTreeSet<u16> =
            self.apps.values().flat_map(|stored| stored.app.ports.iter().copied()).collect();
        taken.extend(&app.ports);
        let size = u64::from(high.saturating_sub(low)) + 1;
        for port in app.ports.iter_mut().filter(|port| **port == 0) {
            let first = self.ports.below(size);
            // From a random one on, the first that is free; 0 stays if none is.
            let candidates =
                (0..size).filter_map(|step| u16::try_from(u64::from(low) + (first + step) % size).ok());
            if let Some(free) = candidates.into_iter().find(|port| !taken.contains(port)) {
                *port = free;
                taken.insert(free);
            }
        }
    }

    /// Tasks of an app, oldest id first.
    pub(crate) fn tasks_of(&self, app: &str) -> impl Iterator<Item = &Task> {
        self.tasks.values().filter(move |task| task.app == app)
    }

    /// Drops the pages of the apps that an input may change. What passes by itself ([`Machine::wake`]) is not shown:
    /// questions to tasks, kills said again.
    fn drop_pages(&mut self, input: &Input<SchedulerEvent>) {
        let task = match input {
            Input::HttpReply { call, .. } => self.checks.get(call).map(|(task, _)| task),
            Input::Mesos(SchedulerEvent::Update(status)) => Some(&status.task_id),
            Input::Mesos(SchedulerEvent::Offers(_)) => {
                // Only what is queued can be launched.
                self.pages.retain(|app, _| !self.queue.contains_key(app));
                None
            }
            Input::Http { request, .. } if request.method != Method::Get => {
                self.pages.clear();
                None
            }
            _ => None,
        };
        if let Some(task) = task.and_then(|task| self.tasks.get(task)) {
            self.pages.remove(&task.app);
        }
    }

    fn start(&mut self, now: Time, out: &mut Out) {
        self.backoff.start(now);
        out.push(Output::Listen { port: self.config.listen_port });
        out.push(Output::Attach { master: self.config.master.clone() });
        self.subscribe(out);
    }

    /// Kills that are to be repeated, and launches that take too long.
    fn wake_tasks(&mut self, now: Time, out: &mut Out) {
        let overdue: Vec<_> = self
            .tasks
            .values()
            .filter(|task| task_deadline(task).is_some_and(|at| at <= now))
            .map(|task| task.id.clone())
            .collect();
        for id in overdue {
            self.kill(&id, now, out);
        }
    }
}

/// When a task is to be killed (again).
fn task_deadline(task: &Task) -> Option<Time> {
    task.kill_again_at.or_else(|| task.started_at.is_none().then(|| task.staged_at + LAUNCH_TIMEOUT))
}

impl Machine for Marathon {
    type Input = Input<SchedulerEvent>;
    type Output = Output<SchedulerCall>;

    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Out) {
        self.drop_pages(&input);
        match input {
            Input::Start => self.start(now, out),
            Input::Http { exchange, request } => {
                let response = api::answer(self, now, &request, out);
                out.push(Output::Respond { exchange, response });
            }
            Input::HttpReply { call, result } => self.take_check(now, call, result, out),
            Input::Mesos(event) => self.take_event(now, event, out),
            Input::Terminate => out.push(Output::Exit { code: 143 }),
            Input::Zk { .. } | Input::File { .. } | Input::Script { .. } | Input::Service(_) => {}
        }
    }

    fn wake_at(&self) -> Option<Time> {
        let mut first = earliest(self.subscribe_at, self.reconcile_at);
        first = earliest(first, self.revive_at());
        for task in self.tasks.values() {
            first = earliest(first, task_deadline(task));
            for check in &task.checks {
                first = earliest(first, check.due);
            }
        }
        first
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        if self.subscribe_at.is_some_and(|at| at <= now) {
            self.subscribe_at = None;
            self.subscribe(out);
        }
        if self.reconcile_at.is_some_and(|at| at <= now) {
            self.reconcile(now, out);
        }
        self.wake_tasks(now, out);
        self.wake_checks(now, out);
        self.revive_if_due(now, out);
    }
}

#[cfg(test)]
mod tests;
