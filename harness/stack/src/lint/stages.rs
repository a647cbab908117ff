//! The plan of a run: what starts together, what waits for what, and what each asks for.

use std::collections::BTreeMap;

use super::Machine;
use super::agents::describe;
use super::application::RUN_ONCE;
use super::context::Context;
use crate::{Application, Demand, Stack, count_matching, plan};

/// What would be started after what.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages {
    /// Name of the stack.
    pub stack: String,
    /// Steps that start together, as far as their dependencies alone tell. A step does not wait for all of the group
    /// before it, only for what it depends on.
    pub groups: Vec<Vec<Step>>,
    /// Ids of applications that never start, since they wait for each other or for nobody.
    pub never: Vec<String>,
    /// Ids of applications that count as running from the start.
    pub skipped: Vec<String>,
    /// What all ask for together.
    pub total: Total,
    /// What the agents have together.
    pub available: Total,
    /// The agents in words.
    pub cluster: String,
}

/// An application with its tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its key in the file.
    pub key: String,
    /// Its id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// Ids of the applications that it waits for.
    pub after: Vec<String>,
    /// What the application itself asks for.
    pub demand: Demand,
    /// Its tasks in order; `None` where nothing is known of what the framework asks for.
    pub tasks: Vec<(String, Option<Demand>)>,
}

/// Resources together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Total {
    /// Cpus.
    pub cpus: f64,
    /// Memory in MB.
    pub mem: f64,
}

impl Total {
    /// What demands are together, each instance counted; one where the number is not known.
    pub(super) fn of<'d>(demands: impl IntoIterator<Item = &'d Demand>) -> Self {
        let mut total = Self::default();
        for demand in demands {
            let count = f64::from(demand.instances.unwrap_or(1));
            total.cpus += count * demand.cpus;
            total.mem += count * demand.mem;
        }
        total
    }

    fn of_cluster(cluster: &[Machine]) -> Self {
        let add = |total: Self, machine: &Machine| Self {
            cpus: total.cpus + machine.cpus,
            mem: total.mem + machine.mem,
        };
        cluster.iter().fold(Self::default(), add)
    }
}

impl Step {
    /// What the application and its tasks ask for together.
    pub fn total(&self) -> Total {
        Total::of(
            std::iter::once(&self.demand).chain(self.tasks.iter().filter_map(|(_, demand)| demand.as_ref())),
        )
    }
}

/// A number without the noise of binary fractions.
pub(super) fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What all applications that will start ask for, with the variables that are known, and `all` counted.
pub(super) fn demands(context: &Context<'_>) -> Vec<Demand> {
    let mut stack = Stack::default();
    for (key, app) in context.applications().filter(|(_, app)| !context.is_skipped(app)) {
        let tasks = app.tasks.iter().map(|task| context.resolved(task)).collect();
        stack.applications.insert(key.to_owned(), Application { tasks, ..app.clone() });
    }
    let mut demands = plan(&stack);
    for demand in demands.iter_mut().filter(|demand| demand.task.is_none()) {
        let Some(app) = stack.applications.values().find(|app| app.id == demand.application) else {
            continue;
        };
        if app.instances == "all" {
            let agents: Vec<_> =
                context.options.cluster.iter().map(|machine| machine.agent.clone()).collect();
            let count = if app.constraints.is_empty() {
                Some(agents.len())
            } else {
                count_matching(&app.constraints, &agents).ok()
            };
            demand.instances = count.and_then(|count| u32::try_from(count).ok());
        }
        if app.kind == RUN_ONCE {
            demand.any_ports = 0;
            demand.ports.clear();
        }
        // A slip that is found elsewhere must not make nonsense of the sums.
        demand.cpus = demand.cpus.max(0.0);
        demand.mem = demand.mem.max(0.0);
    }
    demands
}

/// The plan.
pub(super) fn of(context: &Context<'_>) -> Stages {
    let demands = demands(context);
    let levels = levels(context);
    let mut groups: Vec<Vec<Step>> = vec![Vec::new(); levels.values().max().map_or(0, |level| level + 1)];
    let mut never = Vec::new();
    let mut skipped = Vec::new();
    for (key, app) in context.applications() {
        if context.is_skipped(app) {
            skipped.push(app.id.clone());
        } else if let Some(level) = levels.get(key) {
            groups[*level].extend(step(key, app, &demands));
        } else {
            never.push(app.id.clone());
        }
    }
    Stages {
        stack: context.stack.name.clone(),
        groups,
        never,
        skipped,
        total: Total::of(&demands),
        available: Total::of_cluster(&context.options.cluster),
        cluster: describe(&context.options.cluster),
    }
}

fn step(key: &str, app: &Application, demands: &[Demand]) -> Option<Step> {
    let of = |task: Option<&str>| {
        let fits = |demand: &&Demand| demand.application == app.id && demand.task.as_deref() == task;
        demands.iter().find(fits).cloned()
    };
    Some(Step {
        key: key.to_owned(),
        id: app.id.clone(),
        kind: app.kind.clone(),
        after: app.dependencies.clone(),
        demand: of(None)?,
        tasks: app.tasks.iter().map(|task| (task.name.clone(), of(Some(&task.name)))).collect(),
    })
}

/// How many applications come before each at least, by key; those that never start are left out.
fn levels<'c>(context: &'c Context<'_>) -> BTreeMap<&'c str, usize> {
    let mut levels = BTreeMap::<&str, usize>::new();
    let mut by_id = BTreeMap::<&str, usize>::new();
    let skipped: Vec<&str> = context
        .applications()
        .filter(|(_, app)| context.is_skipped(app))
        .map(|(_, app)| app.id.as_str())
        .collect();
    loop {
        let mut more = Vec::new();
        for (key, app) in context.applications().filter(|(key, _)| !levels.contains_key(key)) {
            let waits = app.dependencies.iter().filter(|id| !skipped.contains(&id.as_str()));
            let before: Option<Vec<usize>> = waits.map(|id| by_id.get(id.as_str()).copied()).collect();
            if let Some(before) = before {
                more.push((key, app.id.as_str(), before.iter().max().map_or(0, |level| level + 1)));
            }
        }
        if more.is_empty() {
            return levels;
        }
        for (key, id, level) in more {
            levels.insert(key, level);
            by_id.entry(id).or_insert(level);
        }
    }
}
