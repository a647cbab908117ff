//! Deployments: what is to be changed, in which steps, and how far that is.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stacklab_machine::Time;
use stacklab_mesos::TaskId;

use crate::app::{App, Upgrade};

/// One kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Restart,
    Scale,
    /// Creates an app without any task.
    Start,
    Stop,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "RestartApplication",
            Self::Scale => "ScaleApplication",
            Self::Start => "StartApplication",
            Self::Stop => "StopApplication",
        }
    }
}

/// A change of one app.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) verb: Verb,
    pub(crate) app: String,
    /// Of a restart that has begun.
    pub(crate) restart: Option<Restart>,
}

/// A set of changes that locks its apps until it is done. Each step has one action here, since each deployment
/// concerns one app.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) version: Time,
    pub(crate) app: String,
    /// The app before; `None` if it is new.
    pub(crate) before: Option<App>,
    pub(crate) steps: Vec<Action>,
    /// The step at hand.
    pub(crate) at: usize,
}

impl Deployment {
    pub(crate) fn new(id: String, version: Time, app: &str, before: Option<App>, verbs: &[Verb]) -> Self {
        let action = |verb: &Verb| Action { verb: *verb, app: app.to_owned(), restart: None };
        let steps = verbs.iter().map(action).collect();
        Self { id, version, app: app.to_owned(), before, steps, at: 0 }
    }

    /// As `/v2/deployments` shows it, steps as nested arrays.
    pub(crate) fn to_json(&self) -> Value {
        let action = |action: &Action| json!({"action": action.verb.as_str(), "app": action.app});
        let steps: Vec<_> = self.steps.iter().map(|step| json!([action(step)])).collect();
        let current: Vec<_> = self.steps.get(self.at).into_iter().map(action).collect();
        json!({
            "id": self.id,
            "version": self.version.iso8601(),
            "affectedApps": [self.app],
            "steps": steps,
            "currentActions": current,
            "currentStep": self.at + 1,
            "totalSteps": self.steps.len(),
        })
    }
}

/// How far a rolling restart is.
#[derive(Clone, Debug)]
pub(crate) struct Restart {
    /// How many tasks there may be at a time.
    pub(crate) capacity: usize,
    /// How many old tasks may be killed at the beginning.
    pub(crate) killed_at_once: usize,
    /// How many old tasks were killed so far.
    pub(crate) killed: usize,
    /// New tasks that have been ready: each has paid for one more old one.
    pub(crate) ready: BTreeSet<TaskId>,
}

impl Restart {
    /// Plans a restart of `instances` tasks while `running_old` run.
    pub(crate) fn new(instances: u32, upgrade: Upgrade, running_old: usize) -> Self {
        let instances = f64::from(instances);
        let mut capacity = (instances * (1.0 + upgrade.maximum_over_capacity)).floor() as usize;
        let min_healthy = (instances * upgrade.minimum_health_capacity).ceil() as usize;
        let killed_at_once = running_old.saturating_sub(min_healthy);
        if killed_at_once == 0 && capacity == instances as usize {
            capacity += 1;
        }
        Self { capacity, killed_at_once, killed: 0, ready: BTreeSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_restarts_within_capacity() {
        for (instances, minimum, over, old, capacity, killed) in [
            (1, 1.0, 1.0, 1, 2, 0),
            (4, 0.5, 0.0, 4, 4, 2),
            (3, 1.0, 0.0, 3, 4, 0),
            (3, 0.5, 0.5, 3, 4, 1),
            (2, 1.0, 1.0, 5, 4, 3),
        ] {
            let upgrade = Upgrade { minimum_health_capacity: minimum, maximum_over_capacity: over };
            let restart = Restart::new(instances, upgrade, old);
            assert_eq!(
                (restart.capacity, restart.killed_at_once),
                (capacity, killed),
                "{instances} {upgrade:?}"
            );
        }
    }
}
