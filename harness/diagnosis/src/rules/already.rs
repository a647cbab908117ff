//! Instances that the scheduler knows already.

use stacklab_machine::timeline::What;

use crate::Evidence;
use crate::question::{Candidate, Question, evidence};
use crate::view::{At, Url, View};

/// Why a scheduler says that something is there already.
pub(super) fn there<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::App { app, error: Some(error), to } = *question else { return };
    let from = view.begun(app, to);
    let Some((at, url)) = view.calls(app, from, to).rfind(|(_, url)| url.path.ends_with("/add")) else {
        return;
    };
    let answer = view.answer(at);
    let says = |text: &str| error.contains(text) || answer.contains(text);
    let exists = says("already exist") || (says("node ") && says(" exists"));
    if !exists {
        return;
    }
    let found = Found { app, at, url, said: said(error, answer) };
    if let Some(earlier) = timed_out_before(view, app, from) {
        return out.push(after_time_out(view, &found, earlier));
    }
    if let Some(twice) = added_twice(view, &found, from) {
        return out.push(twice);
    }
    out.push(left_over(view, &found, to));
}

struct Found<'a> {
    app: &'a str,
    at: At,
    url: Url,
    said: String,
}

impl Found<'_> {
    fn ids(&self) -> String {
        self.url.ids().join(",")
    }

    fn is_kafka(&self) -> bool {
        self.url.path.contains("/broker/")
    }
}

fn said(error: &str, answer: &str) -> String {
    if answer.contains("exist") { answer.to_owned() } else { error.to_owned() }
}

/// An earlier deployment in which the start of this application's instances took too long.
fn timed_out_before(view: &View<'_>, app: &str, before: At) -> Option<At> {
    let calls = &view.apps.get(app)?.calls;
    calls.iter().rev().copied().find(|at| {
        let timed = |error: &str| error.contains("timed out") || error.contains("Timed out");
        *at < before
            && matches!(&view.events[*at].what, What::TaskCall { error: Some(error), .. } if timed(error))
    })
}

fn after_time_out<'a>(view: &View<'a>, found: &Found<'a>, earlier: At) -> Candidate<'a> {
    let (app, ids) = (found.app, found.ids());
    let text = match &view.events[earlier].what {
        What::TaskCall { error: Some(error), .. } => error.clone(),
        _ => String::new(),
    };
    Candidate::of(31, format!("the start of {ids} took too long in an earlier run, but {app} kept what was added; now it says so"))
        .seen([
            evidence(format!("the earlier run: {text}"), vec![view.id(earlier)]),
            evidence(found.said.clone(), vec![view.id(found.at)]),
        ])
        .rank(88)
        .lasting(true)
        .cure(format!("stop and remove {ids} through the API of {app} (or remove app, framework and stored state), give the task a larger timeout, and run the stack again"))
}

/// Two tasks of the stack that add the same.
fn added_twice<'a>(view: &View<'a>, found: &Found<'a>, from: At) -> Option<Candidate<'a>> {
    let before: Vec<_> = view
        .calls(found.app, from, found.at)
        .filter(|(_, url)| {
            url.path == found.url.path && url.ids().iter().any(|id| found.url.ids().contains(id))
        })
        .collect();
    let (first, _) = before.first()?;
    let (app, ids) = (found.app, found.ids());
    Some(
        Candidate::of(70, format!("two tasks of {app} add the same instance {ids}"))
            .seen([evidence(found.said.clone(), vec![view.id(*first), view.id(found.at)])])
            .rank(89)
            .lasting(true)
            .cure(format!("give each task of {app} an id of its own")),
    )
}

fn left_over<'a>(view: &View<'a>, found: &Found<'a>, to: At) -> Candidate<'a> {
    let (app, ids) = (found.app, found.ids());
    let (mut seen, framework, storage) = knowledge(view, app, to);
    seen.insert(
        0,
        evidence(format!("{} was answered: {}", found.url.path, found.said), vec![view.id(found.at)]),
    );
    let (code, what) = if found.is_kafka() { (4, "broker") } else { (2, "instance") };
    let id = framework.unwrap_or("<framework id>");
    let place = storage.unwrap_or("its storage");
    Candidate::of(code, format!("{app} came up with the state of an earlier run: it knows {what} {ids} already, and Mesos still knows its framework {id}"))
        .seen(seen)
        .rank(86)
        .lasting(true)
        .cure(format!("stop and remove {ids} through the API of {app}, or: remove the app /{app} in Marathon, tear down framework {id} (POST /master/teardown), delete {}", node_of(place)))
        .cure("then run the stack again")
}

/// What the scheduler read when it came up, and what Mesos made of it.
fn knowledge<'a>(view: &View<'a>, app: &str, to: At) -> (Vec<Evidence>, Option<&'a str>, Option<&'a str>) {
    let (mut seen, mut id, mut place) = (Vec::new(), None, None);
    let states = view.program(app).map(|program| program.states.as_slice()).unwrap_or_default();
    if let Some(at) = states.iter().rfind(|at| **at < to)
        && let What::StateRead { storage, framework: Some(framework) } = &view.events[*at].what
    {
        seen.push(evidence(format!("{app} read framework {framework} out of {storage}"), vec![view.id(*at)]));
        (id, place) = (Some(framework.as_str()), Some(storage.as_str()));
    }
    let known = id.and_then(|id| view.frameworks.get(id));
    if let Some(at) = known.and_then(|framework| framework.subscribed.iter().rfind(|at| **at < to)) {
        seen.push(evidence("the master took it in again under its old id", vec![view.id(*at)]));
    }
    (seen, id, place)
}

/// The node of a storage, as a person would name it.
pub(super) fn node_of(storage: &str) -> String {
    match storage.strip_prefix("zk:").and_then(|rest| rest.split_once('/')) {
        Some((servers, path)) => format!("the znode /{path} (recursively) in the ZooKeeper at {servers}"),
        None => match storage.strip_prefix("file:") {
            Some(file) => format!("the file {file} in the scheduler's sandbox"),
            None => storage.to_owned(),
        },
    }
}
