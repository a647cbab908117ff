//! Ports that are not to be had, and who holds them.

use stacklab_machine::timeline::What;

use super::placement::{Wanted, unique};
use crate::question::{Candidate, Question, evidence};
use crate::refusal::Lack;
use crate::resources::Resources;
use crate::view::{At, Task, View};

/// Port ranges that are wanted, both ends included.
type Ranges = [(u32, u32)];

/// A port that no agent offers.
pub(super) fn of_refusals<'a>(view: &View<'a>, wanted: &Wanted<'a>, out: &mut Vec<Candidate<'a>>) {
    let lacks = |lack: &Lack<'_>| matches!(lack, Lack::Port(_));
    let ports = wanted_ports(view, wanted);
    let within = |host: &&'a str| any_overlaps(&ports, &view.total(host));
    let candidate = if !ports.is_empty() && !wanted.hosts.iter().any(within) {
        outside(view, wanted, &ports)
    } else {
        let holds = |task: &&Task<'a>| any_overlaps(&ports, &Resources::read(task.resources));
        let live = wanted.hosts.iter().flat_map(|host| view.live_on(host, wanted.to));
        let holders: Vec<&Task<'a>> = live.filter(holds).collect();
        if is_one_each(view, wanted, &holders) {
            unique(view, wanted, "hostname", wanted.settled(lacks))
        } else {
            admin_port(view, wanted).unwrap_or_else(|| held(view, wanted, &ports, &holders))
        }
    };
    out.push(candidate.seen(wanted.seen(view, lacks)));
}

fn any_overlaps(ports: &Ranges, resources: &Resources) -> bool {
    ports.iter().any(|(first, last)| overlaps(resources, *first, *last))
}

fn shown(ports: &Ranges) -> String {
    let show = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ports.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// No agent has such a port at all.
fn outside<'a>(view: &View<'a>, wanted: &Wanted<'a>, ports: &Ranges) -> Candidate<'a> {
    let (name, shown) = (wanted.name(), shown(ports));
    let range = |host: &&'a str| {
        let resources = view.agents.get(host).map_or("", |agent| agent.resources);
        evidence(format!("{host} has {resources}"), Vec::new())
    };
    Candidate::of(17, format!("{name} wants port {shown}, which is in no agent's range of ports"))
        .seen(wanted.hosts.iter().map(range).take(3))
        .lasting(wanted.refused.values().all(|refused| refused.times.len() >= 3))
        .rank(66)
        .cure(format!(
            "give {name} a port out of the agents' range, or the agents a larger one (--resources=ports:[…])"
        ))
}

/// Whether its own siblings hold the port on every agent, and each is to have one for itself.
fn is_one_each<'a>(view: &View<'a>, wanted: &Wanted<'a>, holders: &[&Task<'a>]) -> bool {
    let added = view.added(wanted.app, wanted.instance, wanted.to);
    let unique = |text: &str| text.contains("hostname=unique");
    let sibling =
        |host: &&'a str| holders.iter().any(|task| task.host == *host && is_own(view, wanted.app, task));
    added.is_some_and(|url| url.get("constraints").is_some_and(unique)) && wanted.refused.keys().all(sibling)
}

/// Somebody holds it, as far as the timeline knows.
fn held<'a>(view: &View<'a>, wanted: &Wanted<'a>, ports: &Ranges, holders: &[&Task<'a>]) -> Candidate<'a> {
    let (name, shown) = (wanted.name(), shown(ports));
    let settled = wanted.settled(|lack| matches!(lack, Lack::Port(_)));
    let left_over = holders.iter().find(|task| is_left_over(view, wanted.app, task, wanted.to));
    let (text, cure) = match left_over.or(holders.first()) {
        Some(task) => (
            format!("{name} wants port {shown}, which {} on {} holds", task.name, task.host),
            format!("stop {} on {} (task {}), or give {name} another port", task.name, task.host, task.id),
        ),
        None => (
            format!("{name} wants port {shown}, and no agent offers it"),
            format!(
                "find out who holds port {shown} on the agents (the master's list of tasks and reservations), or give {name} another one"
            ),
        ),
    };
    let line = |task: &&Task<'a>| {
        let framework = view.frameworks.get(task.framework).map_or("", |framework| framework.name);
        let (id, host, has) = (task.framework, task.host, task.resources);
        let text = format!("{} of framework {framework} ({id}) runs on {host} with {has}", task.name);
        evidence(text, vec![view.id(task.launched)])
    };
    let (wanted_by, to) = (wanted.app, wanted.to);
    Candidate::of(16, text)
        .seen(holders.iter().map(line).take(4))
        .lasting(left_over.is_some() && settled)
        .rank(60)
        .cure(cure)
        .then(left_over.map(|task| Question::Holder { wanted_by, task: task.id, to, settled }))
}

fn overlaps(resources: &Resources, first: u32, last: u32) -> bool {
    resources.ports.iter().any(|(start, end)| *start <= last && first <= *end)
}

/// The ports that the instance wants, out of what the stack said.
fn wanted_ports(view: &View<'_>, wanted: &Wanted<'_>) -> Vec<(u32, u32)> {
    if wanted.program == "marathon" {
        let words = wanted.refused.values().filter_map(|refused| refused.reason.split_once("wants "));
        let numbers = words.filter_map(|(_, rest)| rest.split(',').next()?.parse().ok());
        return numbers.map(|port| (port, port)).take(1).collect();
    }
    let which = wanted.refused.values().find_map(|refused| match refused.lack {
        Lack::Port(which) => which,
        _ => None,
    });
    let Some(url) = view.added(wanted.app, wanted.instance, wanted.to) else { return Vec::new() };
    let parameter = which.map_or_else(|| "port".to_owned(), |which| format!("{which}Port"));
    let Some(text) = url.get(&parameter) else { return Vec::new() };
    Resources::read(&format!("ports:{}", text.replace(' ', ""))).ports
}

/// Zipkin-Mesos looks for the second port only below the first, in the range that the first was taken from.
fn admin_port<'a>(view: &View<'a>, wanted: &Wanted<'a>) -> Option<Candidate<'a>> {
    let url = view.added(wanted.app, wanted.instance, wanted.to)?;
    let (port, admin): (u32, u32) = (url.get("port")?.parse().ok()?, url.get("adminPort")?.parse().ok()?);
    let both = |offered: &str| {
        let offered = Resources::read(offered);
        offered.has_port(port) && offered.has_port(admin)
    };
    (admin > port && wanted.refused.values().any(|refused| both(refused.offered))).then(|| {
        Candidate::of(20, format!("{} wants adminPort {admin} above port {port}; Zipkin-Mesos looks for it below only, and finds none although both are free", wanted.name()))
            .rank(68)
            .lasting(true)
            .cure(format!("leave adminPort of {} out, or choose one below {port}", wanted.instance))
    })
}

/// Whether a task belongs to the framework that an application has now.
fn is_own(view: &View<'_>, app: &str, task: &Task<'_>) -> bool {
    view.program(app).and_then(|program| program.frameworks.last()).is_some_and(|id| *id == task.framework)
}

/// Whether a task belongs to a framework that nobody runs any more: an earlier one of the same name, or one whose
/// scheduler is gone.
pub(super) fn is_left_over(view: &View<'_>, app: &str, task: &Task<'_>, to: At) -> bool {
    let Some(framework) = view.frameworks.get(task.framework) else { return false };
    if is_own(view, app, task) {
        return false;
    }
    let own = view.program(app).and_then(|program| program.frameworks.last());
    let same_name = own.and_then(|id| view.frameworks.get(id)).is_some_and(|own| own.name == framework.name);
    let latest = |list: &[At]| list.iter().copied().filter(|at| *at < to).max();
    let gone = latest(&framework.disconnected)
        .is_some_and(|at| latest(&framework.subscribed).is_none_or(|came| came < at));
    same_name || gone
}

/// Why something is still held.
pub(super) fn of_holder<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Holder { wanted_by, task, to, settled } = *question else { return };
    let Some(task) = view.tasks.get(task) else { return };
    if !is_left_over(view, wanted_by, task, to) {
        return;
    }
    let (id, name) =
        (task.framework, view.frameworks.get(task.framework).map_or("", |framework| framework.name));
    let mut seen = vec![evidence(
        format!("{} ({}) was launched by framework {name} ({id}) on {}", task.name, task.id, task.host),
        vec![view.id(task.launched)],
    )];
    let framework = view.frameworks.get(id);
    if let Some(at) = framework.and_then(|framework| framework.disconnected.iter().rfind(|at| **at < to)) {
        seen.push(evidence(
            format!(
                "the scheduler of framework {id} went away at {}, and the master waits for it",
                view.events[*at].at.iso8601()
            ),
            vec![view.id(*at)],
        ));
    }
    let storage = storage_of(view, wanted_by, id, to);
    let deleted = storage.and_then(|storage| deleted(view, storage, to));
    if let (Some(storage), Some(at)) = (storage, deleted) {
        seen.push(evidence(
            format!("{storage} was deleted, and with it the framework's id"),
            vec![view.id(at)],
        ));
    }
    let torn = format!("tear framework {id} down: POST /master/teardown with frameworkId={id}");
    let candidate = if storage.is_some_and(|storage| storage.starts_with("file:")) && deleted.is_none() {
        Candidate::of(6, format!("{wanted_by} keeps its state in a file of its sandbox ({}), so its restarted scheduler is a new framework; the old one ({id}) still holds {} on {}, up to 30 days", storage.unwrap_or_default(), task.name, task.host))
            .cure(torn)
            .cure(format!("give {wanted_by} a storage that outlives it (storage: zk:…)"))
    } else {
        Candidate::of(3, format!("framework {name} ({id}) was never torn down: nobody runs its scheduler any more, and its task {} still holds what it has on {}", task.name, task.host))
            .cure(torn)
            .cure("then run the stack again")
    };
    out.push(candidate.seen(seen).rank(70).lasting(settled));
}

/// Where the scheduler of this application kept that framework's id, or keeps its own.
fn storage_of<'a>(view: &View<'a>, app: &str, id: &str, to: At) -> Option<&'a str> {
    let owner = view.frameworks.get(id).and_then(|framework| framework.program).unwrap_or(app);
    let states = &view.program(owner).or_else(|| view.program(app))?.states;
    states.iter().rev().filter(|at| **at < to).find_map(|at| match &view.events[*at].what {
        What::StateRead { storage, .. } => Some(storage.as_str()),
        _ => None,
    })
}

/// When a storage's node was deleted.
fn deleted(view: &View<'_>, storage: &str, to: At) -> Option<At> {
    let path = storage.strip_prefix("zk:")?.split_once('/')?.1;
    view.deleted.iter().rev().copied().filter(|at| *at < to).find(|at| {
        matches!(&view.events[*at].what, What::ZnodeDeleted { path: gone, .. } if gone.trim_start_matches('/') == path)
    })
}
