//! Schedulers that do not come up, or do not stay.

use stacklab_machine::timeline::What;

use super::already::node_of;
use crate::Evidence;
use crate::question::{Candidate, Question, counted, evidence};
use crate::view::{At, View};

/// Why an application's scheduler is not there: what Mesos and Marathon say.
pub(super) fn of_scheduler<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Scheduler { app, to } = *question else { return };
    let from = view.begun(app, to);
    refused_id(view, app, (from, to), out);
    failed_over(view, app, (from, to), out);
    let mut tasks = view.tasks_of(app).filter(|task| (from..to).contains(&task.launched)).peekable();
    if tasks.peek().is_none() {
        if let Some(instance) = marathons_name(view, app, (from, to)) {
            out.push(Candidate::ask(Question::Instance { app, program: "marathon", instance, to }));
        }
        return;
    }
    let ended: Vec<_> = tasks.collect();
    for task in ended.iter().rev().take(3) {
        out.push(Candidate::ask(Question::Task { app, task: task.id, to }).rank(45));
    }
}

/// The app as Marathon names it in its refusals.
fn marathons_name<'a>(view: &View<'a>, app: &str, span: (At, At)) -> Option<&'a str> {
    let declined = &view.program("marathon")?.declined;
    declined.iter().filter(|at| (span.0..span.1).contains(at)).find_map(|at| match &view.events[*at].what {
        What::OfferDeclined { refusals, .. } => refusals
            .iter()
            .map(|refusal| refusal.instance.as_str())
            .find(|name| name.trim_start_matches('/') == app),
        _ => None,
    })
}

/// Mesos does not take the id that the scheduler kept.
fn refused_id<'a>(view: &View<'a>, app: &'a str, (from, to): (At, At), out: &mut Vec<Candidate<'a>>) {
    let own = view.program(app).map(|program| program.frameworks.as_slice()).unwrap_or_default();
    let mut times = Vec::new();
    for at in view.refused.iter().copied().filter(|at| (from..to).contains(at)) {
        let What::FrameworkRefused { framework, message, .. } = &view.events[at].what else { continue };
        let gone = message.contains("removed") || message.contains("Completed framework");
        if gone && own.contains(&framework.as_str()) {
            times.push((at, framework.as_str(), message.as_str()));
        }
    }
    let Some((_, id, message)) = times.last().copied() else { return };
    let storage = stored(view, app, id, to);
    let place = storage.as_ref().map_or("the storage of the scheduler", |(_, storage)| storage);
    let mut seen: Vec<Evidence> = Vec::new();
    if let Some((at, storage)) = &storage {
        seen.push(evidence(format!("{app} read framework {id} out of {storage}"), vec![view.id(*at)]));
    }
    if let Some(at) = view.frameworks.get(id).and_then(|framework| framework.removed)
        && let What::FrameworkRemoved { name, cause, .. } = &view.events[at].what
    {
        let when = view.events[at].at.iso8601();
        seen.push(evidence(
            format!("the master removed framework {name} ({id}) at {when}: {cause}"),
            vec![view.id(at)],
        ));
    }
    let lines =
        times.iter().map(|(at, _, message)| (*at, format!("the master refused framework {id}: {message}")));
    seen.extend(counted(view, lines, 2));
    out.push(
        Candidate::of(1, format!("{} still holds framework {id} of an earlier run, which Mesos has removed and does not take again ({message}): the scheduler of {app} ends each time it starts", znode(place)))
            .seen(seen)
            .rank(95)
            .lasting(times.len() > 1)
            .cure(format!("delete {}", node_of(place)))
            .cure(format!("remove the app /{app} in Marathon, and run the stack again")),
    );
}

fn znode(storage: &str) -> String {
    match storage.strip_prefix("zk:").and_then(|rest| rest.split_once('/')) {
        Some((_, path)) => format!("the znode /{path}"),
        None => storage.to_owned(),
    }
}

/// Where a scheduler read this id.
fn stored<'a>(view: &View<'a>, app: &str, id: &str, to: At) -> Option<(At, &'a str)> {
    let states = &view.program(app)?.states;
    states.iter().rev().filter(|at| **at < to).find_map(|at| match &view.events[*at].what {
        What::StateRead { storage, framework: Some(framework) } if framework == id => {
            Some((*at, storage.as_str()))
        }
        _ => None,
    })
}

/// Another scheduler took its id.
fn failed_over<'a>(view: &View<'a>, app: &'a str, (from, to): (At, At), out: &mut Vec<Candidate<'a>>) {
    let lines = view.lines(app, from, to, |line| line.contains("Framework failed over"));
    let Some((last, _)) = lines.last() else { return };
    let states = view.program(app).map(|program| program.states.as_slice()).unwrap_or_default();
    let read = states.iter().rfind(|at| **at < *last);
    let place = read.and_then(|at| match &view.events[*at].what {
        What::StateRead { storage, .. } => Some(storage.as_str()),
        _ => None,
    });
    let place = place.unwrap_or("the same storage");
    let seen = counted(view, lines.iter().map(|(at, line)| (*at, format!("{app}: {line}"))), 3);
    out.push(
        Candidate::of(7, format!("two schedulers of {app} share {place}: each that comes displaces the other"))
            .seen(seen)
            .rank(92)
            .lasting(lines.len() > 2)
            .cure(format!("run one scheduler only on {place}: one instance of /{app} in Marathon, and a storage path of its own for every framework")),
    );
}

/// Why a scheduler ends: what its own log says of its storage.
pub(super) fn of_storage<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Scheduler { app, to } = *question else { return };
    let from = view.begun(app, to);
    let told = |text: &'static str| view.lines(app, from, to, move |line| line.contains(text));
    let place = option(view, app, "--storage", to).unwrap_or("its storage");
    let unreadable = told("cannot read the stored state");
    if !unreadable.is_empty() {
        out.push(
            Candidate::of(9, format!("what {app} finds in {place} is not the JSON that it wrote"))
                .seen(counted(view, lines(&unreadable), 2))
                .rank(90)
                .lasting(unreadable.len() > 1)
                .cure(format!("delete {} (or repair its content), then run the stack again", node_of(place))),
        );
    }
    let parent: Vec<_> = told("no node /").into_iter().chain(told("NoNode")).collect();
    if !parent.is_empty() {
        out.push(
            Candidate::of(8, format!("the parent of {place} does not exist, and {app} does not create it"))
                .seen(counted(view, lines(&parent), 2))
                .rank(90)
                .lasting(parent.len() > 1)
                .cure(format!(
                    "create the parent of {}, or name a node directly below the root",
                    node_of(place)
                )),
        );
    }
    let away = told("cannot reach ZooKeeper at");
    if !away.is_empty() {
        out.push(
            Candidate::of(39, format!("{app} cannot reach the ZooKeeper that it keeps its state in ({place})"))
                .seen(counted(view, lines(&away), 3))
                .rank(88)
                .cure(format!("see that the ZooKeeper of {place} runs and can be reached from the agents, then run the stack again")),
        );
    }
}

fn lines<'v>(found: &'v [(At, &str)]) -> impl Iterator<Item = (At, String)> + 'v {
    found.iter().map(|(at, line)| (*at, (*line).to_owned()))
}

/// An option of a scheduler's command line.
fn option<'a>(view: &View<'a>, app: &str, name: &str, to: At) -> Option<&'a str> {
    let started = &view.program(app)?.started;
    let at = started.iter().rfind(|at| **at < to)?;
    let What::ProgramStarted { program, .. } = &view.events[*at].what else { return None };
    let rest = program.split_once(name)?.1.trim_start_matches(['=', ' ']);
    rest.split(' ').next().filter(|value| !value.is_empty())
}
