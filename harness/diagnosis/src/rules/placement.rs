//! Instances that find no place: what every agent lacks.

use std::collections::BTreeMap;

use super::ports;
use crate::Evidence;
use crate::question::{Candidate, Question, evidence};
use crate::refusal::Lack;
use crate::resources::Resources;
use crate::view::{At, View};

/// How often each agent must have been refused before it counts as settled.
const SETTLED: usize = 3;
/// Agents that evidence names at most.
const MAX_HOSTS: usize = 8;

/// An instance that is to be placed, with the latest refusal of each agent.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) app: &'a str,
    pub(super) program: &'a str,
    pub(super) instance: &'a str,
    pub(super) to: At,
    pub(super) refused: BTreeMap<&'a str, Refused<'a>>,
    /// The agents that are there.
    pub(super) hosts: Vec<&'a str>,
}

/// The refusals of one agent's offers.
#[derive(Debug)]
pub(super) struct Refused<'a> {
    pub(super) times: Vec<At>,
    pub(super) offered: &'a str,
    pub(super) reason: &'a str,
    pub(super) lack: Lack<'a>,
}

impl<'a> Wanted<'a> {
    /// `webs instance 0` of Marathon's is an app.
    pub(super) fn name(&self) -> String {
        match self.program {
            "marathon" => format!("the scheduler of {}", self.app),
            program => format!("{} of {program}", self.instance),
        }
    }

    /// Whether every agent was refused often enough, for the same kind of reason.
    pub(super) fn settled(&self, lacks: impl Fn(&Lack<'a>) -> bool) -> bool {
        let settled = |host: &&'a str| {
            self.refused
                .get(host)
                .is_some_and(|refused| refused.times.len() >= SETTLED && lacks(&refused.lack))
        };
        !self.hosts.is_empty() && self.hosts.iter().all(settled)
    }

    /// A line for each agent that was refused for such a reason.
    pub(super) fn seen(&self, view: &View<'a>, lacks: impl Fn(&Lack<'a>) -> bool) -> Vec<Evidence> {
        let refused = self.refused.iter().filter(|(_, refused)| lacks(&refused.lack)).take(MAX_HOSTS);
        let line = |(host, refused): (&&'a str, &Refused<'a>)| {
            let times = if refused.times.len() == 1 {
                "once".to_owned()
            } else {
                format!("{} times", refused.times.len())
            };
            let text =
                format!("{host} was declined {times}: {} (offered {})", refused.reason, refused.offered);
            evidence(text, view.ids(&refused.times[..refused.times.len().min(20)]))
        };
        refused.map(line).collect()
    }
}

/// Why an instance has no task.
pub(super) fn of_instance<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Instance { app, program, instance, to } = *question else { return };
    let begun = view.begun(app, to);
    let task = view.task_of(program, instance, begun, to);
    if task.is_some_and(|task| task.ended.is_none_or(|end| end >= to)) {
        return;
    }
    let from = task.map_or(begun, |task| task.launched);
    let refused = gather(view, program, instance, (from, to));
    let wanted = Wanted { app, program, instance, to, refused, hosts: view.hosts_at(to) };
    if wanted.refused.is_empty() {
        return whole_offers(view, &wanted, from, out);
    }
    reserved(view, &wanted, out);
    let Some(kind) = prevailing(&wanted) else { return };
    match kind {
        Kind::Mem | Kind::Cpus => too_little(view, &wanted, kind, out),
        Kind::Port => ports::of_refusals(view, &wanted, out),
        Kind::Unique => too_few(view, &wanted, out),
        Kind::Attribute => no_attribute(view, &wanted, out),
        Kind::Constraint => no_match(view, &wanted, out),
        Kind::Sticky => sticky(view, &wanted, out),
    }
}

fn gather<'a>(
    view: &View<'a>,
    program: &str,
    instance: &str,
    span: (At, At),
) -> BTreeMap<&'a str, Refused<'a>> {
    let mut refused: BTreeMap<&str, Refused<'a>> = BTreeMap::new();
    for (at, host, offered, refusal) in view.refusals(program, instance, span.0, span.1) {
        let lack = Lack::read(instance, &refusal.reason);
        if matches!(lack, Lack::Nothing | Lack::Backoff) {
            continue;
        }
        let reason = refusal.reason.as_str();
        let entry =
            refused.entry(host).or_insert(Refused { times: Vec::new(), offered, reason, lack: lack.clone() });
        entry.times.push(at);
        (entry.offered, entry.reason, entry.lack) = (offered, reason, lack);
    }
    refused
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    // Of equally many agents, what is named first counts: the frameworks look at it first.
    Constraint,
    Unique,
    Attribute,
    Mem,
    Cpus,
    Port,
    Sticky,
}

fn kind(lack: &Lack<'_>) -> Option<Kind> {
    Some(match lack {
        Lack::Cpus(_) => Kind::Cpus,
        Lack::Mem(_) => Kind::Mem,
        Lack::Port(_) => Kind::Port,
        Lack::Sticky => Kind::Sticky,
        Lack::Unique(_) => Kind::Unique,
        Lack::NoAttribute(_) => Kind::Attribute,
        Lack::Constraint(..) => Kind::Constraint,
        _ => return None,
    })
}

/// What most agents lack.
fn prevailing(wanted: &Wanted<'_>) -> Option<Kind> {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for refused in wanted.refused.values() {
        if let Some(kind) = kind(&refused.lack) {
            *counts.entry(kind).or_default() += 1;
        }
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(kind, _)| kind)
}

/// More memory or CPUs than any agent offers.
fn too_little<'a>(view: &View<'a>, wanted: &Wanted<'a>, kind: Kind, out: &mut Vec<Candidate<'a>>) {
    let amount = |lack: &Lack<'a>| match (lack, kind) {
        (Lack::Mem(amount), Kind::Mem) | (Lack::Cpus(amount), Kind::Cpus) => Some(*amount),
        _ => None,
    };
    let Some(asked) = wanted.refused.values().find_map(|refused| amount(&refused.lack)) else { return };
    let total = |host: &&'a str| if kind == Kind::Mem { view.total(host).mem } else { view.total(host).cpus };
    let largest = wanted.hosts.iter().map(total).fold(0.0, f64::max);
    let (code, unit) = if kind == Kind::Mem { (10, "MB of memory") } else { (11, "CPUs") };
    let lacks = |lack: &Lack<'a>| amount(lack).is_some();
    let never = largest < asked;
    let why = if never {
        format!("the largest agent has {largest} in all")
    } else {
        format!("others hold what is there (the largest agent has {largest} in all)")
    };
    let candidate = Candidate::of(
        code,
        format!("{} asks for {asked} {unit}, and no agent offers as much: {why}", wanted.name()),
    )
    .seen(wanted.seen(view, lacks))
    .seen(holders(view, wanted, never))
    .lasting(never && wanted.settled(lacks))
    .rank(60);
    let parameter = if kind == Kind::Mem { "mem" } else { "cpu" };
    let candidate = if never {
        candidate.cure(format!("give {} at most {largest} {unit} ({parameter}: in the stack), or the cluster an agent with {asked}", wanted.name()))
    } else {
        candidate.cure(format!(
            "free {asked} {unit} on one agent (stop what the evidence names), give {} less, or add an agent",
            wanted.name()
        ))
    };
    let holder = (!never).then(|| leftover_holder(view, wanted, wanted.settled(lacks))).flatten();
    out.push(candidate.then(holder));
}

/// Who holds the resources, largest first.
fn holders<'a>(view: &View<'a>, wanted: &Wanted<'a>, never: bool) -> Vec<Evidence> {
    if never {
        return Vec::new();
    }
    let line = |host: &&'a str| {
        let names: Vec<&str> = view.live_on(host, wanted.to).map(|task| task.name).collect();
        (!names.is_empty()).then(|| evidence(format!("on {host} run {}", names.join(", ")), Vec::new()))
    };
    wanted.hosts.iter().filter_map(line).take(MAX_HOSTS).collect()
}

/// A task of a framework that is left over and holds what is wanted.
fn leftover_holder<'a>(view: &View<'a>, wanted: &Wanted<'a>, settled: bool) -> Option<Question<'a>> {
    let mut live = wanted.hosts.iter().flat_map(|host| view.live_on(host, wanted.to));
    let task = live.find(|task| ports::is_left_over(view, wanted.app, task, wanted.to))?;
    Some(Question::Holder { wanted_by: wanted.app, task: task.id, to: wanted.to, settled })
}

/// More instances than agents.
fn too_few<'a>(view: &View<'a>, wanted: &Wanted<'a>, out: &mut Vec<Candidate<'a>>) {
    let lacks = |lack: &Lack<'_>| matches!(lack, Lack::Unique(_));
    let attribute = wanted.refused.values().find_map(|refused| match refused.lack {
        Lack::Unique(attribute) => Some(attribute),
        _ => None,
    });
    out.push(
        unique(view, wanted, attribute.unwrap_or("hostname"), wanted.settled(lacks))
            .seen(wanted.seen(view, lacks)),
    );
}

/// `hostname=unique` with as many instances as agents, and one more.
pub(super) fn unique<'a>(
    view: &View<'a>,
    wanted: &Wanted<'a>,
    attribute: &str,
    settled: bool,
) -> Candidate<'a> {
    let placed = siblings(view, wanted);
    let agents = wanted.hosts.len();
    Candidate::of(12, format!("{} wants an agent whose {attribute} no other has ({attribute}=unique), and there are {agents} agents for more instances than that", wanted.name()))
        .seen(placed)
        .lasting(settled)
        .rank(62)
        .cure(format!("start at most {agents} instances, add an agent, or take {attribute}=unique out of the constraints of {}", wanted.app))
}

fn siblings<'a>(view: &View<'a>, wanted: &Wanted<'a>) -> Vec<Evidence> {
    let kind = wanted.instance.rsplit_once(' ').map_or(wanted.instance, |(kind, _)| kind);
    let prefix = crate::view::task_name(&format!("{kind} ")).trim_end().to_owned();
    let placed: Vec<_> = view
        .tasks
        .values()
        .filter(|task| task.name.starts_with(&prefix) && view.lives(task, wanted.to))
        .map(|task| format!("{} on {}", task.name, task.host))
        .collect();
    if placed.is_empty() {
        Vec::new()
    } else {
        vec![evidence(format!("placed already: {}", placed.join(", ")), Vec::new())]
    }
}

/// Agents without an attribute that a constraint names.
fn no_attribute<'a>(view: &View<'a>, wanted: &Wanted<'a>, out: &mut Vec<Candidate<'a>>) {
    let lacks = |lack: &Lack<'_>| matches!(lack, Lack::NoAttribute(_));
    let name = wanted.refused.values().find_map(|refused| match refused.lack {
        Lack::NoAttribute(name) => Some(name),
        _ => None,
    });
    let Some(name) = name else { return };
    out.push(
        Candidate::of(13, format!("{} has a constraint on the attribute {name}, which no agent has", wanted.name()))
            .seen(wanted.seen(view, lacks))
            .lasting(wanted.settled(lacks))
            .rank(62)
            .cure(format!("start the agents with the attribute (--attributes={name}:<value>), or correct the constraint of {}", wanted.app)),
    );
}

/// A constraint that no agent meets.
fn no_match<'a>(view: &View<'a>, wanted: &Wanted<'a>, out: &mut Vec<Candidate<'a>>) {
    let lacks = |lack: &Lack<'_>| matches!(lack, Lack::Constraint(..));
    let found = wanted.refused.values().find_map(|refused| match refused.lack {
        Lack::Constraint(name, condition) => Some((name, condition)),
        _ => None,
    });
    let Some((name, condition)) = found else { return };
    out.push(
        Candidate::of(14, format!("{} wants {name} to be {condition}, and no agent is so", wanted.name()))
            .seen(wanted.seen(view, lacks))
            .lasting(wanted.settled(lacks))
            .rank(61)
            .cure(format!(
                "correct the constraint {name}={condition} of {}, or add an agent that meets it",
                wanted.app
            )),
    );
}

/// It may go only where it was, and that agent is gone or full.
fn sticky<'a>(view: &View<'a>, wanted: &Wanted<'a>, out: &mut Vec<Candidate<'a>>) {
    let before =
        view.tasks_of_instance(wanted.program, wanted.instance).rfind(|task| task.launched < wanted.to);
    let host = before.map_or("", |task| task.host);
    let lost = view.agents.get(host).and_then(|agent| agent.lost.iter().rfind(|at| **at < wanted.to));
    let everywhere = wanted
        .hosts
        .iter()
        .all(|host| wanted.refused.get(host).is_some_and(|refused| matches!(refused.lack, Lack::Sticky)));
    let gone = if lost.is_some() { "which is gone" } else { "which offers too little" };
    let period = if wanted.instance.starts_with("node ") { "30 minutes" } else { "10 minutes" };
    let name = if host.is_empty() { "the agent where it was".to_owned() } else { host.to_owned() };
    out.push(
        Candidate::of(15, format!("{} was on {name}, {gone}, and refuses every other agent until its stickiness period ({period}) is over", wanted.name()))
            .seen(lost.map(|at| evidence(format!("agent {host} was lost"), vec![view.id(*at)])))
            .seen(wanted.seen(view, |lack| matches!(lack, Lack::Sticky)))
            // One that failed goes back to where it was: then it is the failure that has to be explained.
            .rank(if everywhere { 62 } else { 20 })
            .cure(format!("wait {period}, bring {name} back, or give {} a shorter stickinessPeriod", wanted.instance)),
    );
}

/// Enough, if what is reserved for a role were counted.
fn reserved<'a>(view: &View<'a>, wanted: &Wanted<'a>, out: &mut Vec<Candidate<'a>>) {
    let found = wanted.refused.iter().find_map(|(host, refused)| {
        let enough = |resources: &Resources| match refused.lack {
            Lack::Mem(amount) => resources.mem >= amount,
            Lack::Cpus(amount) => resources.cpus >= amount,
            _ => false,
        };
        // What is reserved for others is not offered at all.
        let offered = [Resources::read(refused.offered), view.total(host)];
        offered.into_iter().filter(enough).find_map(|resources| resources.reserved)
    });
    let Some(role) = found else { return };
    out.push(
        Candidate::of(19, format!("{} uses unreserved resources only, and the agents' are reserved for the role {role}", wanted.name()))
            .seen(wanted.seen(view, |lack| matches!(lack, Lack::Mem(_) | Lack::Cpus(_))))
            .seen(agents(view, wanted))
            .rank(70)
            .lasting(wanted.settled(|lack| matches!(lack, Lack::Mem(_) | Lack::Cpus(_))))
            .cure(format!("leave unreserved resources for {} on some agent (--resources without ({role})), or run its framework with that role", wanted.app)),
    );
}

/// What the agents have.
fn agents<'a>(view: &View<'a>, wanted: &Wanted<'a>) -> Vec<Evidence> {
    let line = |host: &&'a str| {
        let agent = view.agents.get(host)?;
        let at = *agent.registered.last()?;
        Some(evidence(format!("{host} registered with {}", agent.resources), vec![view.id(at)]))
    };
    wanted.hosts.iter().filter_map(line).take(3).collect()
}

/// Offers that were declined as a whole.
fn whole_offers<'a>(view: &View<'a>, wanted: &Wanted<'a>, from: At, out: &mut Vec<Candidate<'a>>) {
    let whole = view.refusals(wanted.program, "", from, wanted.to);
    let Some((at, _, _, refusal)) = whole.last().copied() else { return };
    let same: Vec<At> =
        whole.iter().filter(|(.., other)| other.reason == refusal.reason).map(|(at, ..)| *at).collect();
    let seen = evidence(
        format!("every offer is declined: {} ({} times)", refusal.reason, same.len()),
        view.ids(&same[..same.len().min(20)]),
    );
    match Lack::read("", &refusal.reason) {
        Lack::Starting(other) if other != wanted.instance => out.push(
            Candidate::of(21, format!("{} waits for {other}, which is starting: one node of a ring starts at a time", wanted.name()))
                .seen([seen])
                .rank(58)
                .cure(format!("wait for {other}, or stop it; start nodes one after the other"))
                .then(program_of(view, wanted, other, at)),
        ),
        Lack::Reconciling => out.push(
            Candidate::of(53, format!("{} declines every offer, because it waits for Mesos to say what became of its tasks of before", wanted.program))
                .seen([seen])
                .rank(58)
                .cure(format!("wait until reconciliation is given up; if it never is, stop the instance that is 'reconciling' through the API of {}, and start it again", wanted.app)),
        ),
        _ => {}
    }
}

/// Why the other one does not get on.
fn program_of<'a>(view: &View<'a>, wanted: &Wanted<'a>, other: &str, _: At) -> Option<Question<'a>> {
    let instance = view.not_running(wanted.program, 0, wanted.to).into_iter().find(|name| *name == other)?;
    Some(Question::Instance { app: wanted.app, program: wanted.program, instance, to: wanted.to })
}
