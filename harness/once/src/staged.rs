//! An application whose tasks are to run, or run.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::process::CallId;
use stacklab_machine::{Rng, Time, uuid_v4};
use stacklab_mesos::resources::Resource;
use stacklab_mesos::{AttributeValue, CommandInfo, Offer, TaskId, TaskInfo, TaskState, TaskStatus, Uri};
use stacklab_stack::{OnceApplication, describe, matches};

/// What an offer says of its agent: the host name, and texts that are not empty.
type Attributes = BTreeMap<String, String>;

/// An application that found no place for one of its tasks for this long is given up. The original waits for ever.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// Of so many hosts is remembered why they were not taken.
const MAX_HOSTS: usize = 20;

/// A staged application.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) application: OnceApplication,
    /// Who waits for its end; nobody for what was scheduled.
    pub(crate) call: Option<CallId>,
    /// How many tasks are still to be launched.
    left: u32,
    /// In the order of their launch.
    tasks: Vec<Task>,
    /// When the last task found its place, or the first began to look for one.
    since: Time,
    /// Why the offers of a host were declined, the last time.
    declined: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Task {
    id: TaskId,
    state: TaskState,
    attributes: Attributes,
}

impl Staged {
    pub(crate) fn new(now: Time, application: OnceApplication, call: Option<CallId>) -> Self {
        let left = application.instances;
        Self { application, call, left, tasks: Vec::new(), since: now, declined: BTreeMap::new() }
    }

    /// Whether all its tasks are launched: it wants no offers any more.
    pub(crate) fn is_launched(&self) -> bool {
        self.left == 0
    }

    /// Until when a task must have found its place, if somebody waits for it.
    pub(crate) fn deadline(&self) -> Option<Time> {
        (self.left > 0 && self.call.is_some()).then(|| self.since + PATIENCE)
    }

    /// Remembers why an offer was declined.
    pub(crate) fn declined(&mut self, offer: &Offer, reason: &str) {
        if let Some(known) = self.declined.get_mut(&*offer.hostname) {
            if known != reason {
                reason.clone_into(known);
            }
        } else if self.declined.len() < MAX_HOSTS {
            self.declined.insert(offer.hostname.to_string(), reason.to_owned());
        }
    }

    /// Why its time is over.
    pub(crate) fn explain(&self) -> String {
        let (id, left, minutes) = (&self.application.id, self.left, PATIENCE.as_secs() / 60);
        let reasons: Vec<_> =
            self.declined.iter().map(|(host, reason)| format!("{host}: {reason}")).collect();
        let reasons = if reasons.is_empty() { "no offers came".into() } else { reasons.join("; ") };
        format!(
            "Application {id} found no place for {left} of its tasks within {minutes} minutes ({reasons})"
        )
    }

    /// Whether an offer can take one more task.
    ///
    /// # Errors
    /// It cannot; the reason is the original's.
    pub(crate) fn check(&self, offer: &Offer) -> Result<(), String> {
        if self.left == 0 {
            return Err("all instances are staged/running".into());
        }
        self.check_constraints(&attributes(offer))?;
        let app = &self.application;
        if app.cpus > offer.resources.cpus() {
            return Err("no cpus".into());
        }
        if app.mem > offer.resources.mem() {
            return Err("no mem".into());
        }
        Ok(())
    }

    fn check_constraints(&self, offered: &Attributes) -> Result<(), String> {
        // The original goes through the attributes in random order.
        let mut constraints: Vec<_> = self.application.constraints.iter().collect();
        constraints.sort_by_key(|words| words.first());
        for words in constraints {
            let name = words.first().map_or("", String::as_str);
            let value = offered.get(name).ok_or_else(|| format!("no {name}"))?;
            let starting = |task: &&Task| task.state == TaskState::Starting;
            // A task that says it is starting is not counted by the original.
            let others = self.tasks.iter().filter(|task| !starting(task));
            let others: Vec<_> =
                others.filter_map(|task| task.attributes.get(name)).map(String::as_str).collect();
            if !matches(words, value, &others).map_err(|error| error.to_string())? {
                let constraint = describe(words).map_err(|error| error.to_string())?;
                return Err(format!("{name} doesn't match {constraint}"));
            }
        }
        Ok(())
    }

    /// Takes one task off the list: to be launched on this offer.
    pub(crate) fn launch(&mut self, now: Time, offer: &Offer, ids: &mut Rng) -> TaskInfo {
        let app = &self.application;
        let (id, host) = (&app.id, &offer.hostname);
        let task_id = TaskId::from(format!("{id}|{host}|{}", uuid_v4(ids)));
        let resources = [Resource::scalar("cpus", app.cpus), Resource::scalar("mem", app.mem)];
        let agent = offer.agent_id.clone();
        let mut info =
            TaskInfo::new(task_id.clone(), &format!("{id}.{host}"), agent, resources.into_iter().collect());
        let mut command = CommandInfo::shell(&app.command);
        command.uris = app.uris.iter().map(|uri| Uri { extract: Some(true), ..Uri::new(uri) }).collect();
        info.command = Some(command);
        self.left = self.left.saturating_sub(1);
        self.since = now;
        self.tasks.push(Task { id: task_id, state: TaskState::Staging, attributes: attributes(offer) });
        info
    }

    /// Takes a status in; returns how the application ended, if it has. `host` is the one in the task's id.
    ///
    /// The status of a task that this staging has not launched may end it, too: the original goes by the application.
    pub(crate) fn update(&mut self, status: &TaskStatus, host: &str) -> Option<Result<(), String>> {
        if let Some(task) = self.tasks.iter_mut().find(|task| task.id == status.task_id) {
            task.state = status.state;
        }
        match status.state {
            TaskState::Finished | TaskState::Killed => {
                let ended = |task: &Task| matches!(task.state, TaskState::Finished | TaskState::Killed);
                (self.left == 0 && self.tasks.iter().all(ended)).then_some(Ok(()))
            }
            TaskState::Lost | TaskState::Failed | TaskState::Error => {
                let (id, state) = (&self.application.id, status.state);
                let message = status.message.as_deref().unwrap_or_default();
                Some(Err(format!(
                    "Application {id} failed to run on host {host} with status {state}: {message}"
                )))
            }
            _ => None,
        }
    }
}

fn attributes(offer: &Offer) -> Attributes {
    let texts = offer.attributes.iter().filter_map(|attribute| match &attribute.value {
        AttributeValue::Text(text) if !text.is_empty() => Some((attribute.name.to_string(), text.clone())),
        _ => None,
    });
    // An attribute that is called hostname wins over the name of the host.
    [("hostname".to_owned(), offer.hostname.to_string())].into_iter().chain(texts).collect()
}
