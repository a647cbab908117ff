//! The one pass over the events.

use stacklab_machine::timeline::{Event, What};

use super::{At, Deployment, Program, Task, View};

impl<'a> View<'a> {
    /// Looks through a timeline.
    pub(crate) fn new(events: &'a [Event]) -> Self {
        let mut view = Self {
            events,
            agents: Default::default(),
            hosts: Default::default(),
            frameworks: Default::default(),
            tasks: Default::default(),
            named: Default::default(),
            apps: Default::default(),
            programs: Default::default(),
            deployments: Vec::new(),
            failed_steps: Vec::new(),
            refused: Vec::new(),
            deleted: Vec::new(),
            brokers: Vec::new(),
            warned: Vec::new(),
            rescinded: Vec::new(),
            spans: Vec::new(),
            verdict: None,
        };
        for (at, event) in events.iter().enumerate() {
            view.take_run(at, event);
            view.take_mesos(at, event);
            view.take_task(at, event);
            view.take_marathon(at, event);
            view.take_program(at, event);
        }
        view
    }

    fn take_run(&mut self, at: At, event: &'a Event) {
        match &event.what {
            What::StackStarted { stack, .. } => {
                self.deployments.push(Deployment { stack, started: at, finished: None, error: None });
            }
            What::StackFinished { stack, error } => self.finish(at, stack, error.as_deref()),
            What::StepFinished { error: Some(_), .. } => self.failed_steps.push(at),
            What::ApplicationState { application, state, detail } => {
                let app = self.apps.entry(application).or_default();
                app.states.push(at);
                if state == "tasks" {
                    app.apis.push((at, detail));
                }
            }
            What::TaskCall { application, .. } => self.apps.entry(application).or_default().calls.push(at),
            What::HttpExchange { url, .. } => self.exchange(at, url),
            What::Waiting { for_what } => {
                let name = for_what.split_once(" to answer ").map(|(name, _)| name);
                if let Some(app) = name.and_then(|name| self.apps.get_mut(name)) {
                    app.waiting = Some(at);
                }
            }
            What::Warned { .. } => self.warned.push(at),
            What::SpansReached { .. } | What::SpanMissing { .. } => self.spans.push(at),
            What::Verdict { .. } => self.verdict = Some(at),
            _ => {}
        }
    }

    /// The latest run of this stack has ended; one whose start is not known began with it. What the lab adds to an end
    /// that Stack Deploy has told of already is not another one.
    fn finish(&mut self, at: At, stack: &'a str, error: Option<&'a str>) {
        match self.deployments.iter_mut().rfind(|run| run.stack == stack) {
            Some(run) if run.finished.is_none() => (run.finished, run.error) = (Some(at), error),
            Some(_) => {}
            None => {
                self.deployments.push(Deployment { stack, started: at, finished: Some(at), error });
            }
        }
    }

    fn exchange(&mut self, at: At, url: &'a str) {
        let is_at = |api: &str| url.strip_prefix(api).is_some_and(|rest| rest.starts_with('/'));
        let mine = |app: &&mut super::App<'a>| app.apis.last().is_some_and(|(_, api)| is_at(api));
        // The address may have been another application's before.
        if let Some(app) =
            self.apps.values_mut().filter(mine).max_by_key(|app| app.apis.last().map(|(at, _)| *at))
        {
            app.exchanges.push(at);
        }
    }

    fn take_mesos(&mut self, at: At, event: &'a Event) {
        match &event.what {
            What::AgentRegistered { agent, host, resources } => {
                self.hosts.insert(agent, host);
                let entry = self.agents.entry(host).or_default();
                entry.resources = resources;
                entry.registered.push(at);
            }
            What::AgentLost { host, .. } => self.agents.entry(host).or_default().lost.push(at),
            What::FrameworkSubscribed { framework, name, .. } => {
                let entry = self.frameworks.entry(framework).or_default();
                entry.name = name;
                entry.subscribed.push(at);
            }
            What::FrameworkRefused { .. } => self.refused.push(at),
            What::FrameworkDisconnected { framework, name } => {
                let entry = self.frameworks.entry(framework).or_default();
                entry.name = name;
                entry.disconnected.push(at);
            }
            What::FrameworkRemoved { framework, name, .. } => {
                let entry = self.frameworks.entry(framework).or_default();
                entry.name = name;
                entry.removed = Some(at);
            }
            What::OfferRescinded { .. } => self.rescinded.push(at),
            What::ZnodeDeleted { .. } => self.deleted.push(at),
            What::ZnodeWritten { path, .. } if path.contains("/brokers/ids/") => self.brokers.push(at),
            _ => {}
        }
    }

    fn take_task(&mut self, at: At, event: &'a Event) {
        match &event.what {
            What::TaskLaunched { task, name, framework, host, resources, .. } => {
                let entry =
                    Task { id: task, name, framework, host, resources, launched: at, ..Task::default() };
                self.tasks.insert(task, entry);
                self.named.entry(name).or_default().push(task);
            }
            What::TaskStatus { task, state, .. } => {
                let entry = self.task_mut(task);
                entry.statuses.push(at);
                match state.as_str() {
                    "TASK_STAGING" | "TASK_STARTING" | "TASK_UNREACHABLE" => {}
                    "TASK_RUNNING" => entry.running = entry.running.or(Some(at)),
                    _ => entry.ended = entry.ended.or(Some(at)),
                }
            }
            What::FetchStarted { task, .. } => self.task_mut(task).fetching = Some(at),
            What::ArtifactsFetched { task, .. } => self.task_mut(task).fetched = Some(at),
            What::ArtifactMissing { task, .. } => self.task_mut(task).missing.push(at),
            _ => {}
        }
    }

    fn task_mut(&mut self, id: &'a str) -> &mut Task<'a> {
        self.tasks.entry(id).or_insert_with(|| Task { id, ..Task::default() })
    }

    fn take_marathon(&mut self, at: At, event: &'a Event) {
        let (app, list): (&str, for<'x> fn(&'x mut super::App<'a>) -> &'x mut Vec<At>) = match &event.what {
            What::AppCreated { app, .. } => (app, |app| &mut app.created),
            What::AppRemoved { app } => (app, |app| &mut app.removed),
            What::LaunchDelayed { app, .. } => (app, |app| &mut app.delayed),
            What::HealthChanged { app, healthy: false, .. } => (app, |app| &mut app.unhealthy),
            _ => return,
        };
        list(self.apps.entry(app.trim_start_matches('/')).or_default()).push(at);
    }

    fn take_program(&mut self, at: At, event: &'a Event) {
        let list: for<'x> fn(&'x mut Program<'a>) -> &'x mut Vec<At> = match &event.what {
            What::Log { .. } => |program| &mut program.logs,
            What::OfferDeclined { .. } => |program| &mut program.declined,
            What::InstanceState { .. } => |program| &mut program.instances,
            What::ProgramStarted { .. } => |program| &mut program.started,
            What::ProgramExited { .. } => |program| &mut program.exited,
            What::StateRead { .. } => |program| &mut program.states,
            What::ServiceStarted { .. } | What::ServiceReady { .. } | What::ServiceExited { .. } => {
                |program| &mut program.services
            }
            _ => return,
        };
        let program = self.programs.entry(&event.who).or_default();
        list(program).push(at);
        let id = match &event.what {
            What::Log { line } => registered(line),
            What::StateRead { framework, .. } => framework.as_deref(),
            _ => None,
        };
        if let Some(id) = id {
            if program.frameworks.last() != Some(&id) {
                program.frameworks.push(id);
            }
            self.frameworks.entry(id).or_default().program = Some(&event.who);
        }
    }
}

/// The id that a scheduler says it has: `[registered] framework:<id>`.
fn registered(line: &str) -> Option<&str> {
    let (callback, id) = line.split_once("] framework:")?;
    matches!(callback, "[registered" | "[reregistered").then_some(id)
}
