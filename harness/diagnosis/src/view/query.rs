//! Questions that rules ask of a timeline again and again.

use stacklab_machine::timeline::{Refusal, What};

use super::{At, Task, Url, View, task_name};
use crate::resources::Resources;

impl<'a> View<'a> {
    /// The latest event.
    pub(crate) fn end(&self) -> At {
        self.events.len()
    }

    /// Hosts of the agents that are there at a time.
    pub(crate) fn hosts_at(&self, at: At) -> Vec<&'a str> {
        let latest = |list: &[At]| list.iter().copied().filter(|seen| *seen < at).max();
        let there = self.agents.iter().filter(|(_, agent)| {
            latest(&agent.registered).is_some_and(|came| latest(&agent.lost).is_none_or(|gone| gone < came))
        });
        there.map(|(host, _)| *host).collect()
    }

    /// What an agent has in all.
    pub(crate) fn total(&self, host: &str) -> Resources {
        self.agents.get(host).map(|agent| Resources::read(agent.resources)).unwrap_or_default()
    }

    /// Tasks that hold resources of an agent at a time.
    pub(crate) fn live_on(&self, host: &'a str, at: At) -> impl Iterator<Item = &Task<'a>> {
        self.tasks.values().filter(move |task| task.host == host && self.lives(task, at))
    }

    /// Whether a task holds resources at a time.
    pub(crate) fn lives(&self, task: &Task<'a>, at: At) -> bool {
        let before = |end: Option<At>| end.is_none_or(|end| end >= at);
        let removed = self.frameworks.get(task.framework).and_then(|framework| framework.removed);
        task.launched < at && before(task.ended) && before(removed.filter(|end| *end > task.launched))
    }

    /// The tasks of a name, oldest first.
    pub(crate) fn tasks_of(&self, name: &str) -> impl DoubleEndedIterator<Item = &Task<'a>> + use<'_, 'a> {
        self.named.get(name).into_iter().flatten().filter_map(|id| self.tasks.get(id))
    }

    /// The tasks of an instance, oldest first: those that its own framework launched, as far as its ids are known.
    pub(crate) fn tasks_of_instance(
        &self,
        program: &str,
        instance: &str,
    ) -> impl DoubleEndedIterator<Item = &Task<'a>> + use<'_, 'a> {
        let own = self.program(program).map(|program| program.frameworks.as_slice()).unwrap_or_default();
        let is_own = move |task: &&Task<'a>| own.is_empty() || own.contains(&task.framework);
        self.tasks_of(&task_name(instance)).filter(is_own)
    }

    /// The latest task of an instance that was launched in a span of time.
    pub(crate) fn task_of(&self, program: &str, instance: &str, from: At, to: At) -> Option<&Task<'a>> {
        self.tasks_of_instance(program, instance).rfind(|task| (from..to).contains(&task.launched))
    }

    /// When an application was last asked for, before a time.
    pub(crate) fn begun(&self, app: &str, before: At) -> At {
        let Some(app) = self.apps.get(app) else { return 0 };
        let begins = |at: &&At| {
            **at < before
                && matches!(&self.events[**at].what, What::ApplicationState { state, .. } if state == "creating")
        };
        app.states.iter().rfind(begins).copied().unwrap_or(0)
    }

    /// State and detail of an application at a time.
    pub(crate) fn state_of(&self, app: &str, before: At) -> Option<(&'a str, &'a str)> {
        let states = &self.apps.get(app)?.states;
        let at = states.iter().rfind(|at| **at < before)?;
        match &self.events[*at].what {
            What::ApplicationState { state, detail, .. } => Some((state, detail)),
            _ => None,
        }
    }

    /// Applications that are not where they should be at a time.
    pub(crate) fn pending(&self, before: At) -> Vec<&'a str> {
        let open = |app: &&&'a str| {
            matches!(self.state_of(app, before), Some(("creating" | "polling" | "tasks", _)))
        };
        self.apps.keys().filter(open).copied().collect()
    }

    /// The calls of an application's API in a span of time, as addresses.
    pub(crate) fn calls(&self, app: &str, from: At, to: At) -> impl DoubleEndedIterator<Item = (At, Url)> {
        let list = self.apps.get(app).map(|app| app.exchanges.as_slice()).unwrap_or_default();
        let span = list.iter().copied().filter(move |at| (from..to).contains(at));
        span.filter_map(|at| match &self.events[at].what {
            What::HttpExchange { url, .. } => Some((at, Url::read(url))),
            _ => None,
        })
    }

    /// What the stack said about an instance when it was added.
    pub(crate) fn added(&self, app: &str, instance: &str, before: At) -> Option<Url> {
        let kind = instance.split(' ').next().unwrap_or_default();
        let id = instance.rsplit(' ').next().unwrap_or_default();
        let fits = |url: &Url| {
            let by_kind = !instance.contains(" instance ") || url.path.contains(&format!("/{kind}/"));
            by_kind && url.path.ends_with("/add") && url.ids().iter().any(|known| known == id)
        };
        let calls: Vec<_> = self.calls(app, 0, before).map(|(_, url)| url).filter(fits).collect();
        calls.into_iter().next_back()
    }

    /// Refusals of offers for an instance in a span of time: where, what was offered, and why.
    pub(crate) fn refusals(
        &self,
        program: &str,
        instance: &str,
        from: At,
        to: At,
    ) -> Vec<(At, &'a str, &'a str, &'a Refusal)> {
        let list = self.program(program).map(|program| program.declined.as_slice()).unwrap_or_default();
        let span = list.iter().copied().filter(|at| (from..to).contains(at));
        let of = |at: At| match &self.events[at].what {
            What::OfferDeclined { host, offered, refusals, .. } => {
                let refusal = refusals.iter().find(|refusal| refusal.instance == instance)?;
                Some((at, host.as_str(), offered.as_str(), refusal))
            }
            _ => None,
        };
        span.filter_map(of).collect()
    }

    /// The instances of a program that are wanted and not running at a time, in the order of their names.
    pub(crate) fn not_running(&self, program: &str, from: At, to: At) -> Vec<&'a str> {
        let Some(program) = self.program(program) else { return Vec::new() };
        let mut states = std::collections::BTreeMap::new();
        for at in program.instances.iter().copied().filter(|at| *at < to) {
            if let What::InstanceState { instance, to, .. } = &self.events[at].what {
                states.insert(instance.as_str(), to.as_str());
            }
        }
        for at in program.declined.iter().copied().filter(|at| (from..to).contains(at)) {
            let What::OfferDeclined { refusals, .. } = &self.events[at].what else { continue };
            for refusal in refusals.iter().filter(|refusal| !refusal.instance.is_empty()) {
                states.entry(refusal.instance.as_str()).or_insert("wanted");
            }
        }
        states.retain(|_, state| !matches!(*state, "Running" | "running" | "Added" | "idle"));
        states.into_keys().collect()
    }

    /// Lines of a program's log that match, in a span of time.
    pub(crate) fn lines(
        &self,
        program: &str,
        from: At,
        to: At,
        matches: impl Fn(&str) -> bool,
    ) -> Vec<(At, &'a str)> {
        let logs = self.program(program).map(|program| program.logs.as_slice()).unwrap_or_default();
        let span = logs.iter().copied().filter(|at| (from..to).contains(at));
        let of = |at: At| match &self.events[at].what {
            What::Log { line } if matches(line) => Some((at, line.as_str())),
            _ => None,
        };
        span.filter_map(of).collect()
    }

    /// The beginning of the answer to a call, if that says what is wrong; empty otherwise.
    pub(crate) fn answer(&self, at: At) -> &'a str {
        match &self.events[at].what {
            What::HttpExchange { answer, .. } => answer.as_deref().unwrap_or_default(),
            _ => "",
        }
    }

    /// State, reason and message of a status.
    pub(crate) fn status(&self, at: At) -> (&'a str, &'a str, &'a str) {
        match &self.events[at].what {
            What::TaskStatus { state, reason, message, .. } => {
                (state, reason.as_deref().unwrap_or_default(), message.as_deref().unwrap_or_default())
            }
            _ => ("", "", ""),
        }
    }

    /// Seconds between two events.
    pub(crate) fn seconds(&self, from: At, to: At) -> f64 {
        match (self.events.get(from), self.events.get(to).or(self.events.last())) {
            (Some(from), Some(to)) => to.at.since(from.at).as_secs_f64(),
            _ => 0.0,
        }
    }
}
