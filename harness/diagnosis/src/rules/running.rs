//! What goes wrong with instances that ran, and with those that look after them.

use stacklab_machine::timeline::What;

use super::tasks::last_words;
use crate::question::{Candidate, Question, counted, evidence};
use crate::view::{At, View};

/// Tasks of one instance, one after the other, that make a crash loop.
const LOOP: usize = 5;
/// So many, and nobody need wait for the next.
const HOPELESS: usize = 100;

/// Why an application failed although its own instances are not to blame, or look as if they were fine.
pub(super) fn of_application<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    match *question {
        Question::App { app, error: Some(error), to } => idle_sibling(view, app, error, to, out),
        Question::Scheduler { app, to } => {
            backoff(view, app, to, out);
            master(view, app, to, out);
        }
        _ => {}
    }
}

/// `Start collector instance(s) 0 timed out`, although it runs: another of its kind is idle.
fn idle_sibling<'a>(view: &View<'a>, app: &'a str, error: &str, to: At, out: &mut Vec<Candidate<'a>>) {
    let Some(rest) = error.strip_prefix("Start ") else { return };
    let Some((kind, rest)) = rest.split_once(" instance(s) ") else { return };
    let Some((ids, _)) = rest.split_once(" timed out") else { return };
    let states = states(view, app, to);
    let named = |id: &str| states.get(format!("{kind} instance {id}").as_str()).map(|(_, state)| *state);
    if !ids.split(',').all(|id| named(id.trim()) == Some("Running")) {
        return;
    }
    let prefix = format!("{kind} instance ");
    let idle = states.iter().find(|(name, (_, state))| name.starts_with(&prefix) && *state == "Added");
    let Some((sibling, (at, _))) = idle else { return };
    out.push(
        Candidate::of(34, format!("{kind} {ids} of {app} runs, but Zipkin-Mesos waits for all instances of its kind, and {sibling} was never started"))
            .seen([evidence(format!("{sibling} is in state Added"), vec![view.id(*at)])])
            .rank(88)
            .lasting(true)
            .cure(format!("remove {sibling} through the API of {app} (/api/{kind}/remove), or start it along")),
    );
}

/// The latest state of each instance of a program.
fn states<'a>(view: &View<'a>, program: &str, to: At) -> std::collections::BTreeMap<&'a str, (At, &'a str)> {
    let list = view.program(program).map(|program| program.instances.as_slice()).unwrap_or_default();
    let mut states = std::collections::BTreeMap::new();
    for at in list.iter().copied().filter(|at| *at < to) {
        if let What::InstanceState { instance, to, .. } = &view.events[at].what {
            states.insert(instance.as_str(), (at, to.as_str()));
        }
    }
    states
}

/// An app whose tasks failed so often that Marathon waits.
fn backoff<'a>(view: &View<'a>, app: &'a str, to: At, out: &mut Vec<Candidate<'a>>) {
    let from = view.begun(app, to);
    let delayed = view.apps.get(app).map(|app| app.delayed.as_slice()).unwrap_or_default();
    let delayed: Vec<At> = delayed.iter().copied().filter(|at| (from..to).contains(at)).collect();
    let Some(last) = delayed.last() else { return };
    let What::LaunchDelayed { delay_ms, .. } = &view.events[*last].what else { return };
    let delay = *delay_ms as f64 / 1000.0;
    let failed = view.tasks_of(app).filter(|task| (from..to).contains(&task.launched));
    let words: Vec<_> = failed
        .filter_map(|task| task.ended.filter(|at| *at < to))
        .map(|at| {
            let (state, reason, message) = view.status(at);
            (at, format!("task of {app}: {state} {reason} {message}").trim_end().to_owned())
        })
        .collect();
    let times = words.len();
    out.push(
        Candidate::of(54, format!("the task of {app} ended {times} times, and Marathon waits longer before each launch ({delay:.1} s by now)"))
            .seen(counted(view, words, 4))
            .seen([evidence(format!("{} launches were delayed", delayed.len()), view.ids(&delayed[..delayed.len().min(20)]))])
            .rank(12)
            .cure(format!("find out why the task of {app} ends (its stderr on the agent); when that is mended, DELETE /v2/queue//{app}/delay lets Marathon launch it at once")),
    );
}

/// A master that took over meanwhile.
fn master<'a>(view: &View<'a>, app: &str, to: At, out: &mut Vec<Candidate<'a>>) {
    let from = view.begun(app, to);
    if super::stack::reached_tasks(view, app, from, to) {
        // Its scheduler had come up: what it waits for is another question.
        return;
    }
    let again: Vec<(At, String)> = view
        .frameworks
        .values()
        .filter(|framework| framework.name == "marathon")
        .flat_map(|framework| framework.subscribed.iter().skip(1).copied())
        .filter(|at| (from..to).contains(at))
        .map(|at| (at, "Marathon had to subscribe again".to_owned()))
        .collect();
    if again.is_empty() {
        return;
    }
    out.push(
        Candidate::of(55, "the Mesos master was gone for a while or another took its place, and what was under way then was lost")
            .seen(counted(view, again, 1))
            .rank(8)
            .cure("see that the masters are there and one of them leads, then run the stack again"),
    );
}

/// Why an instance is not started again, or again and again.
pub(super) fn of_instance<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Instance { app, program, instance, to } = *question else { return };
    let from = view.begun(app, to);
    let tasks: Vec<_> = view
        .tasks_of_instance(program, instance)
        .filter(|task| (from..to).contains(&task.launched))
        .collect();
    let last = tasks.iter().rev().find(|task| task.ended.is_some_and(|at| at < to));
    let next = last.map(|task| Question::Task { app, task: task.id, to });
    let name = instance.replace("broker", "Broker");
    let gave_up =
        view.lines(program, from, to, |line| line.contains("failure limit exceeded") && line.contains(&name));
    if let Some((at, line)) = gave_up.last() {
        out.push(
            Candidate::of(51, format!("{instance} of {app} failed so often that {program} does not start it again"))
                .seen([evidence((*line).to_owned(), vec![view.id(*at)])])
                .seen(last.map(|task| last_words(view, app, task, to)).into_iter().flatten())
                .rank(64)
                .lasting(true)
                .cure(format!("find out why {instance} fails, then start it again through the API of {app}, which resets its counter"))
                .then(next.clone()),
        );
    }
    let ended: Vec<At> = tasks.iter().filter_map(|task| task.ended.filter(|at| *at < to)).collect();
    if ended.len() >= LOOP {
        let words = ended.iter().map(|at| {
            let (state, reason, message) = view.status(*at);
            (*at, format!("{state} {reason} {message}").trim_end().to_owned())
        });
        out.push(
            Candidate::of(
                52,
                format!(
                    "{instance} of {app} ended {} times, and is launched again each time without delay",
                    ended.len()
                ),
            )
            .seen(counted(view, words, 3))
            .rank(47)
            .lasting(ended.len() >= HOPELESS)
            .cure(format!(
                "stop {instance} through the API of {app}, find out why it ends, and start it again"
            ))
            .then(next),
        );
    }
}

/// What ended a task from outside.
pub(super) fn of_task<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Task { app, task, to } = *question else { return };
    let Some(task) = view.tasks.get(task) else { return };
    let lost = view
        .agents
        .get(task.host)
        .and_then(|agent| agent.lost.iter().copied().find(|at| *at > task.launched && *at < to));
    let Some(at) = lost else { return };
    if task.ended.is_some_and(|end| end + 50 < at) {
        return;
    }
    let why = match &view.events[at].what {
        What::AgentLost { cause, .. } => cause.as_str(),
        _ => "",
    };
    out.push(
        Candidate::of(56, format!("the agent {} was lost ({why}), and {} of {app} with it", task.host, task.name))
            .seen([evidence(format!("agent {} lost: {why}", task.host), vec![view.id(at)])])
            .seen(task.statuses.iter().filter(|status| **status >= at).take(1).map(|status| {
                let (state, reason, message) = view.status(*status);
                evidence(format!("{}: {state} {reason} {message}", task.name).trim_end().to_owned(), vec![view.id(*status)])
            }))
            .rank(74)
            .cure(format!("bring the agent {} back, or wait until the framework places {} on another one; then run the stack again", task.host, task.name)),
    );
}
