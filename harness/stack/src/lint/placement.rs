//! Whether the agents that there are have room for what the stack asks for.

use std::collections::BTreeMap;

use super::Machine;
use super::application::RUN_ONCE;
use super::context::{Context, Spot};
use super::finding::Findings;
use super::grammar::{self, Condition, Means};
use super::rules;
use super::stages::{self, Total};
use crate::{Application, Demand, constraint, count_matching, matches};

/// A demand with where it stands.
struct Asked<'c> {
    key: &'c str,
    app: &'c Application,
    demand: Demand,
}

impl Asked<'_> {
    fn name(&self) -> String {
        match &self.demand.task {
            Some(task) => format!("{} {task}", self.app.id),
            None => self.app.id.clone(),
        }
    }

    /// Where it says how many, how much, or on which port.
    fn spot(&self, context: &Context<'_>, names: &[&str]) -> Spot {
        let path = |name| match &self.demand.task {
            Some(task) => vec!["tasks", task.as_str(), name],
            None => vec![name],
        };
        let given = names
            .iter()
            .find(|name| context.locate(self.key, &path(**name)).is_some_and(|place| place.whole));
        match given {
            Some(name) => context.value(self.key, &path(name)),
            None => match &self.demand.task {
                Some(task) => context.key(self.key, &["tasks", task]),
                None => context.application(self.key),
            },
        }
    }
}

/// Looks at all demands, one by one and together.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    let asked = asked(context);
    let before = found.len();
    let mut apart = BTreeMap::new();
    for one in &asked {
        size(context, one, found);
        ports_offered(context, one, found);
        constraints(context, one, &mut apart, found);
    }
    fixed_ports(context, &asked, found);
    let demands: Vec<&Demand> = asked.iter().map(|one| &one.demand).collect();
    let total = Total::of(demands.iter().copied());
    let (cpus, mem) = capacity(&context.options.cluster);
    let over = |asked: f64, there: f64| asked > there + 1e-9;
    if over(total.cpus, cpus) || over(total.mem, mem) {
        let message = format!(
            "all together ask for {} cpus and {} MB, and the agents have {} and {}: run on a larger cluster, or ask for less",
            stages::short(total.cpus),
            stages::short(total.mem),
            stages::short(cpus),
            stages::short(mem)
        );
        found.add(rules::TOO_MUCH, context.top("applications"), message);
    } else if found.len() == before && !packs(&context.options.cluster, &demands) {
        let message = "all together are less than the agents have, but the largest first leave no agent with room for \
                       the rest: whether it fits depends on the order of offers";
        found.add(rules::TIGHT, context.top("applications"), message);
    }
}

fn asked<'c>(context: &'c Context<'_>) -> Vec<Asked<'c>> {
    let keys: BTreeMap<&str, (&str, &Application)> =
        context.applications().map(|(key, app)| (app.id.as_str(), (key, app))).collect();
    let demands = stages::demands(context).into_iter();
    demands
        .filter_map(|demand| {
            let (key, app) = *keys.get(demand.application.as_str())?;
            Some(Asked { key, app, demand })
        })
        .collect()
}

fn size(context: &Context<'_>, one: &Asked<'_>, found: &mut Findings) {
    let Demand { cpus, mem, .. } = one.demand;
    let cluster = &context.options.cluster;
    if cluster.iter().any(|machine| machine.cpus + 1e-9 >= cpus && machine.mem + 1e-9 >= mem) {
        return;
    }
    let most_cpus = cluster.iter().map(|machine| machine.cpus).fold(0.0, f64::max);
    let most_mem = cluster.iter().map(|machine| machine.mem).fold(0.0, f64::max);
    let names: &[&str] = if mem > most_mem { &["mem"] } else { &["cpus", "cpu"] };
    let message = format!(
        "{} asks for {} cpus and {} MB at once, and no agent has both (at most {} and {}): no offer ever fits",
        one.name(),
        stages::short(cpus),
        stages::short(mem),
        stages::short(most_cpus),
        stages::short(most_mem)
    );
    found.add(rules::TOO_LARGE, one.spot(context, names), message);
}

const PORT_NAMES: [&str; 8] =
    ["ports", "port", "cqlPort", "storagePort", "jmxPort", "thriftPort", "agentPort", "adminPort"];

fn ports_offered(context: &Context<'_>, one: &Asked<'_>, found: &mut Findings) {
    for (low, high) in &one.demand.ports {
        let cluster = &context.options.cluster;
        let overlaps =
            cluster.iter().any(|machine| machine.ports.iter().any(|(from, to)| from <= high && low <= to));
        if overlaps {
            continue;
        }
        let range = if low == high { format!("port {low}") } else { format!("port of {low} to {high}") };
        let message =
            format!("no agent offers the {range} that {} asks for: take one that is offered", one.name());
        found.add(rules::PORT_NOT_OFFERED, port_spot(context, one, *low), message);
    }
}

/// Where a port stands.
fn port_spot(context: &Context<'_>, one: &Asked<'_>, port: u16) -> Spot {
    let written = port.to_string();
    match &one.demand.task {
        None => {
            let index = one.app.ports.iter().position(|listed| *listed == i64::from(port));
            context.item(one.key, &["ports"], index.unwrap_or(0))
        }
        Some(task) => {
            let task = one.app.tasks.iter().find(|one| one.name == *task);
            let name = PORT_NAMES.iter().find(|name| {
                let value = task.and_then(|task| task.parameters.get(**name));
                value.is_some_and(|value| context.variables.resolve(value).starts_with(&written))
            });
            one.spot(context, name.map_or(&PORT_NAMES, std::slice::from_ref))
        }
    }
}

/// A fixed port is there once per agent.
fn fixed_ports(context: &Context<'_>, asked: &[Asked<'_>], found: &mut Findings) {
    let mut wanted = BTreeMap::<u16, Vec<&Asked<'_>>>::new();
    for one in asked {
        for (low, _) in one.demand.ports.iter().filter(|(low, high)| low == high) {
            wanted.entry(*low).or_default().push(one);
        }
    }
    for (port, takers) in wanted {
        let hosts = context.options.cluster.iter().filter(|machine| machine.offers(port)).count();
        let count: usize = takers.iter().map(|one| one.demand.instances.unwrap_or(1) as usize).sum();
        let Some(last) = takers.last().filter(|_| hosts > 0 && count > hosts) else { continue };
        let mut names: Vec<String> = takers.iter().map(|one| one.name()).collect();
        names.dedup();
        let message = format!(
            "{count} instances ask for port {port} ({}), and {hosts} agents offer it, once each: give them other ports",
            names.join(", ")
        );
        found.add(rules::PORT_TAKEN, port_spot(context, last, port), message);
    }
}

/// What constraints leave of a cluster.
struct Room {
    /// For how many instances.
    instances: usize,
    /// The constraint that no agent meets.
    unmet: Option<String>,
}

/// Constraints against the agents: of applications in Marathon's words, of tasks in the frameworks'. `taken` counts the
/// instances of each framework so far, since those of one task are in the way of the next.
fn constraints<'c>(
    context: &Context<'_>,
    one: &Asked<'c>,
    taken: &mut BTreeMap<&'c str, usize>,
    found: &mut Findings,
) {
    let Some(room) = (match &one.demand.task {
        None => application_room(context, one),
        Some(task) => task_room(context, one, task),
    }) else {
        return;
    };
    if one.app.instances == "all" && one.demand.task.is_none() {
        return all(context, one, room.instances, found);
    }
    let place = || one.spot(context, &["constraints", "id", "node", "instances"]);
    if let Some(unmet) = room.unmet {
        let message =
            format!("no agent meets the constraint on `{unmet}` of {}, and no offer ever fits", one.name());
        return found.add(rules::NO_AGENT, place(), message);
    }
    let mut count = one.demand.instances.unwrap_or(1) as usize;
    let mut with = String::new();
    if one.demand.task.is_some() && room.instances < usize::MAX {
        let before = taken.entry(one.key).or_default();
        if *before > 0 {
            with = " with those of the tasks before".into();
        }
        *before += count;
        count = *before;
    }
    if count > room.instances {
        let message = format!(
            "{} has {count} instances{with}, and its constraints leave room for {}: more agents, or fewer instances",
            one.name(),
            room.instances
        );
        found.add(rules::TOO_FEW_AGENTS, place(), message);
    }
}

fn application_room(context: &Context<'_>, one: &Asked<'_>) -> Option<Room> {
    let (app, cluster) = (one.app, &context.options.cluster);
    if app.constraints.is_empty() || app.constraints.iter().any(|words| constraint::check(words).is_err()) {
        return None;
    }
    // Marathon's expressions must match the whole value, Stack Deploy's own any part of it.
    let anchored = |words: &Vec<String>| match words.as_slice() {
        [attribute, name, pattern, ..] if name.ends_with("LIKE") && app.kind != RUN_ONCE => {
            vec![attribute.clone(), name.clone(), format!("^(?:{pattern})$")]
        }
        _ => words.clone(),
    };
    let constraints: Vec<Vec<String>> = app.constraints.iter().map(anchored).collect();
    let meets = |words: &Vec<String>| {
        let attribute = words.first().map_or("", String::as_str);
        let mut values = cluster.iter().filter_map(|machine| machine.attribute(attribute));
        values.any(|value| matches(words, value, &[]).unwrap_or(false))
    };
    let unmet = constraints.iter().position(|words| !meets(words));
    let agents: Vec<_> = cluster.iter().map(|machine| machine.agent.clone()).collect();
    let unique = app.constraints.iter().any(|words| words.get(1).is_some_and(|word| word == "UNIQUE"));
    let counts = unique || app.instances == "all";
    Some(Room {
        instances: if counts { count_matching(&constraints, &agents).unwrap_or(0) } else { usize::MAX },
        unmet: unmet.map(|index| app.constraints[index].join(" ")),
    })
}

fn task_room(context: &Context<'_>, one: &Asked<'_>, task: &str) -> Option<Room> {
    let cluster = &context.options.cluster;
    let task = context.resolved(one.app.tasks.iter().find(|one| one.name == *task)?);
    let default = if one.app.kind == "exhibitor-mesos-0.1.x" { "hostname=unique" } else { "" };
    let text = task.parameters.get("constraints").map_or(default, String::as_str);
    let conditions = grammar::constraints(text, true).ok()?;
    if conditions.is_empty() || one.app.kind == "zipkin-mesos-0.1.x" {
        return None;
    }
    let unmet = conditions.iter().find(|condition| !may_hold(cluster, condition));
    Some(Room {
        instances: room(cluster, &conditions),
        unmet: unmet.map(|condition| condition.attribute.clone()),
    })
}

/// Whether any agent alone meets a condition.
fn may_hold(cluster: &[Machine], condition: &Condition) -> bool {
    cluster.iter().filter_map(|machine| machine.attribute(&condition.attribute)).any(|value| match &condition
        .means
    {
        Means::Like(regex) => regex.is_match(value),
        Means::Unlike(regex) => !regex.is_match(value),
        Means::Cluster(Some(wanted)) => value == wanted,
        Means::AtMost(limit) => *limit > 0,
        Means::Unique | Means::Cluster(None) | Means::GroupBy => true,
    })
}

/// How many instances the conditions leave room for; a very large number if they set no bound.
fn room(cluster: &[Machine], conditions: &[Condition]) -> usize {
    let fits = |machine: &&Machine| {
        let one = std::slice::from_ref(*machine);
        conditions.iter().all(|condition| may_hold(one, condition))
    };
    let fitting: Vec<&Machine> = cluster.iter().filter(fits).collect();
    let bounds = conditions.iter().filter_map(|condition| {
        let limit = match condition.means {
            Means::Unique => 1,
            Means::AtMost(limit) => limit,
            _ => return None,
        };
        let values = fitting.iter().filter_map(|machine| machine.attribute(&condition.attribute));
        Some(values.collect::<std::collections::BTreeSet<_>>().len() * limit)
    });
    bounds.min().unwrap_or(if fitting.is_empty() { 0 } else { usize::MAX })
}

fn all(context: &Context<'_>, one: &Asked<'_>, hosts: usize, found: &mut Findings) {
    if hosts > 0 {
        return;
    }
    let place = context.value(one.key, &["instances"]);
    let what = "`all` are none here, since no agent meets the constraints";
    if one.app.kind == RUN_ONCE {
        found.add(rules::NONE_OF_ALL, place, format!("{what}: nothing runs, and the run succeeds"));
    } else {
        found.add(rules::NO_AGENT, place, format!("{what}: Marathon starts none, and the wait for it fails"));
    }
}

fn capacity(cluster: &[Machine]) -> (f64, f64) {
    (cluster.iter().map(|machine| machine.cpus).sum(), cluster.iter().map(|machine| machine.mem).sum())
}

/// Whether all find a place if the largest are placed first, each on the first agent with room.
fn packs(cluster: &[Machine], demands: &[&Demand]) -> bool {
    let mut left: Vec<(f64, f64)> = cluster.iter().map(|machine| (machine.cpus, machine.mem)).collect();
    let mut sorted: Vec<&Demand> = demands.to_vec();
    sorted.sort_by(|a, b| b.mem.total_cmp(&a.mem).then(b.cpus.total_cmp(&a.cpus)));
    for demand in sorted {
        // More than this is found by the sums, unless each is next to nothing.
        for _ in 0..demand.instances.unwrap_or(1).min(10_000) {
            let room =
                |(cpus, mem): &&mut (f64, f64)| *cpus + 1e-9 >= demand.cpus && *mem + 1e-9 >= demand.mem;
            let Some((cpus, mem)) = left.iter_mut().find(room) else { return false };
            *cpus -= demand.cpus;
            *mem -= demand.mem;
        }
    }
    true
}
