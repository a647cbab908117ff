//! Instances that have a task and do not come up, and ensembles that do not serve.

use stacklab_machine::timeline::What;

use crate::question::{Candidate, Question, counted, evidence};
use crate::view::{At, Task, View};

/// Seconds in which a task that hears nothing of its agent counts as hanging.
const HANGS: f64 = 30.0;

/// Why an instance that was launched does not run.
pub(super) fn of_instance<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Instance { app, program, instance, to } = *question else { return };
    let from = view.begun(app, to);
    let Some(task) = view.task_of(program, instance, from, to) else {
        return too_soon(view, (app, program, instance), (from, to), out);
    };
    earlier(view, (app, program, instance), (from, to), out);
    if task.ended.is_some_and(|end| end < to) || !task.missing.is_empty() {
        out.push(Candidate::ask(Question::Task { app, task: task.id, to }).rank(48));
        return;
    }
    if task.running.is_some_and(|at| at < to) {
        return;
    }
    out.push(Candidate::ask(Question::Task { app, task: task.id, to }).rank(57));
    match (task.fetching, task.fetched.filter(|at| *at < to)) {
        (Some(start), None) => out.push(slow(view, app, instance, task, (start, None), to)),
        (Some(start), Some(end)) if mostly_fetched(view, task, (start, end), to) => {
            out.push(slow(view, app, instance, task, (start, Some(end)), to));
        }
        _ => staging(view, app, instance, task, to, out),
    }
}

/// Seconds within which the next offers come to a framework that has declined all before.
const NEXT_OFFERS: f64 = 10.0;

/// An instance that was given up before any offer came for it.
fn too_soon<'a>(
    view: &View<'a>,
    (app, program, instance): (&'a str, &str, &str),
    (from, to): (At, At),
    out: &mut Vec<Candidate<'a>>,
) {
    let states = view.program(program).map(|program| program.instances.as_slice()).unwrap_or_default();
    let wanted = states.iter().rev().copied().find(|at| {
        (from..to).contains(at)
            && matches!(&view.events[*at].what, What::InstanceState { instance: name, .. } if name == instance)
    });
    let Some(wanted) = wanted else { return };
    let waited = view.seconds(wanted, to);
    let declined = view.program(program).map(|program| program.declined.as_slice()).unwrap_or_default();
    if waited > NEXT_OFFERS || declined.iter().any(|at| (wanted..to).contains(at)) {
        return;
    }
    if !view.lines(app, from, to, |line| line.contains("Framework failed over")).is_empty() {
        // Offers come to one scheduler of a framework at a time.
        return out.push(Candidate::ask(Question::Scheduler { app, to }).rank(11));
    }
    out.push(
        Candidate::of(
            30,
            format!(
                "{instance} of {app} was given up after {waited:.1} s, before Mesos had made an offer for it"
            ),
        )
        .seen([evidence(format!("{instance} was wanted, and no offer came"), vec![view.id(wanted)])])
        .rank(10)
        .cure(format!("give the task of {app} a larger timeout: a minute at least"))
        .cure("before the next run remove what this one added: the scheduler keeps it (SL0031)"),
    );
}

/// Earlier tasks of the same instance that ended: why, says more than that the latest is not there yet.
fn earlier<'a>(
    view: &View<'a>,
    (app, program, instance): (&'a str, &str, &str),
    span: (At, At),
    out: &mut Vec<Candidate<'a>>,
) {
    let ended = |task: &&Task<'a>| {
        (span.0..span.1).contains(&task.launched) && task.ended.is_some_and(|end| end < span.1)
    };
    if let Some(task) = view.tasks_of_instance(program, instance).rev().find(ended) {
        out.push(Candidate::ask(Question::Task { app, task: task.id, to: span.1 }).rank(59));
    }
}

/// Whether fetching took the larger part of the time.
fn mostly_fetched(view: &View<'_>, task: &Task<'_>, (start, end): (At, At), to: At) -> bool {
    view.seconds(start, end) * 2.0 > view.seconds(task.launched, to)
}

fn slow<'a>(
    view: &View<'a>,
    app: &str,
    instance: &str,
    task: &Task<'a>,
    (start, end): (At, Option<At>),
    to: At,
) -> Candidate<'a> {
    let took = view.seconds(start, end.unwrap_or(to));
    let text = match end {
        Some(_) => format!("its artifacts took {took:.1} s"),
        None => format!("its artifacts were still being fetched after {took:.1} s"),
    };
    let mut seen = vec![evidence(
        format!("task {} was launched on {}, and began to fetch", task.id, task.host),
        vec![view.id(task.launched), view.id(start)],
    )];
    seen.extend(
        end.map(|end| evidence(format!("all artifacts were there {took:.1} s later"), vec![view.id(end)])),
    );
    if let Some(at) = task.running.filter(|at| *at >= to) {
        seen.push(evidence(
            format!("it ran {:.1} s after it was given up", view.seconds(to, at)),
            vec![view.id(at)],
        ));
    }
    Candidate::of(30, format!("{instance} of {app} did not come up in time: {text} on {}", task.host))
        .seen(seen)
        .rank(56)
        .cure(format!("give the task of {app} a larger timeout, or put its artifacts on a faster host"))
        .cure("before the next run remove what this one added: the scheduler keeps it (SL0031)".to_owned())
}

/// A task of which nothing is heard.
fn staging<'a>(
    view: &View<'a>,
    app: &str,
    instance: &str,
    task: &Task<'a>,
    to: At,
    out: &mut Vec<Candidate<'a>>,
) {
    let states: Vec<_> = task.statuses.iter().filter(|at| **at < to).map(|at| view.status(*at).0).collect();
    let waits = view.seconds(task.launched, to);
    let started = view.program(task.name).is_some_and(|program| {
        program.started.iter().chain(&program.services).any(|at| *at > task.launched && *at < to)
    });
    if states.iter().any(|state| *state != "TASK_STAGING") || started || waits < HANGS {
        return;
    }
    out.push(
        Candidate::of(49, format!("{} of {app} ({}) never left TASK_STAGING: {waits:.0} s after its launch nothing has been heard of it", instance, task.id))
            .seen([evidence(format!("task {} was launched on {} with {}", task.id, task.host, task.resources), vec![view.id(task.launched)])])
            .rank(52)
            .cure(format!("look at the agent {}: its log, its disk, its containers", task.host))
            .cure(format!("kill the task {} at the master or restart that agent, so that it counts as lost; then start {instance} again", task.id)),
    );
}

/// Why an application's ensemble does not serve.
pub(super) fn of_ensemble<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    match *question {
        Question::App { app, error, to } => never_serves(view, app, error, to, out),
        Question::Ensemble { app, to } => {
            let from = view.begun(app, to);
            let executors =
                view.programs.keys().filter(|name| name.starts_with("exhibitor-") && **name != app);
            for name in executors.copied().collect::<Vec<_>>() {
                executor(view, app, name, (from, to), out);
            }
            scheduler(view, app, (from, to), out);
            ending(view, app, (from, to), out);
        }
        _ => {}
    }
}

fn never_serves<'a>(
    view: &View<'a>,
    app: &'a str,
    error: Option<&str>,
    to: At,
    out: &mut Vec<Candidate<'a>>,
) {
    let from = view.begun(app, to);
    let asked: Vec<At> =
        view.calls(app, from, to).filter(|(_, url)| url.path == "/api/status").map(|(at, _)| at).collect();
    let last = view.calls(app, from, to).next_back();
    let gave_up = error.is_some_and(|error| error.contains("ZooKeeper servers serving"));
    let asks = error.is_none() && last.is_some_and(|(_, url)| url.path == "/api/status");
    if !gave_up && !asks {
        return;
    }
    let said = error.map(|error| evidence(error.to_owned(), Vec::new()));
    let ids = view.ids(&asked[asked.len().saturating_sub(20)..]);
    out.push(
        Candidate::of(37, format!("the servers of {app} run, but the ZooKeepers under them do not all serve; Stack Deploy asks on without end"))
            .seen([evidence(format!("{app} was asked {} times for its status", asked.len()), ids)])
            .seen(said)
            .rank(58)
            .cure(format!("look at ZooKeeper's log on the agents of {app}; free its port, delete a foreign data directory, and start the servers again"))
            .then(Some(Question::Ensemble { app, to })),
    );
}

/// Servers that end again and again: no ensemble comes of them.
fn ending<'a>(view: &View<'a>, app: &'a str, (from, to): (At, At), out: &mut Vec<Candidate<'a>>) {
    let states = view.program(app).map(|program| program.instances.as_slice()).unwrap_or_default();
    let names: std::collections::BTreeSet<&'a str> = states
        .iter()
        .filter_map(|at| match &view.events[*at].what {
            What::InstanceState { instance, .. } => Some(instance.as_str()),
            _ => None,
        })
        .collect();
    for instance in names {
        let tasks = view.tasks_of_instance(app, instance).filter(|task| task.launched >= from);
        if tasks.filter(|task| task.ended.is_some_and(|end| end < to)).count() > 1 {
            out.push(Candidate::ask(Question::Instance { app, program: app, instance, to }).rank(60));
        }
    }
}

/// What an executor's log says.
fn executor<'a>(view: &View<'a>, app: &'a str, name: &'a str, span: (At, At), out: &mut Vec<Candidate<'a>>) {
    let told = |text: &'static str| view.lines(name, span.0, span.1, move |line| line.contains(text));
    let taken = told("in use");
    let services = view.program(name).map(|program| program.services.as_slice()).unwrap_or_default();
    let died = services.iter().rev().find(|at| {
        matches!(&view.events[**at].what, What::ServiceExited { message, .. } if (span.0..span.1).contains(*at) && message.contains("in use"))
    });
    if died.is_some() || !taken.is_empty() {
        let task = view.tasks_of(name).rfind(|task| task.launched < span.1).map(|task| task.id);
        if let Some(task) = task {
            out.push(Candidate::ask(Question::Task { app, task, to: span.1 }).rank(70));
        }
    }
    let away = told("Could not read the shared configuration");
    if !away.is_empty() {
        out.push(
            Candidate::of(39, format!("the Exhibitor of {name} cannot reach the ZooKeeper in which it keeps its shared configuration (zkconfigconnect)"))
                .seen(counted(view, away.iter().map(|(at, line)| (*at, (*line).to_owned())), 3))
                .rank(66)
                .cure(format!("see that the ZooKeeper of zkconfigconnect runs and can be reached from the agents; correct zkconfigconnect of {app}")),
        );
    }
    let unlinked = told("ZooKeeper cannot be started: no install directory");
    if unlinked.len() > 1 {
        out.push(
            Candidate::of(
                37,
                format!("the Exhibitor of {name} has no zookeeper-install-directory and starts no ZooKeeper"),
            )
            .seen(counted(view, unlinked.iter().map(|(at, line)| (*at, (*line).to_owned())), 1))
            .rank(50)
            .cure(format!("give the task of {app} a zookeeper-install-directory")),
        );
    }
}

/// What the scheduler's log says of the shared configuration.
fn scheduler<'a>(view: &View<'a>, app: &'a str, span: (At, At), out: &mut Vec<Candidate<'a>>) {
    let keys =
        view.lines(app, span.0, span.1, |line| line.contains("Unacceptable shared configuration parameter"));
    let Some((_, line)) = keys.last() else { return };
    let key = line.rsplit(": ").next().unwrap_or_default();
    out.push(
        Candidate::of(36, format!("{app} was given {key}, which Exhibitor-Mesos stores and cannot apply: the server stays outside the ensemble"))
            .seen(counted(view, keys.iter().map(|(at, line)| (*at, (*line).to_owned())), 3))
            .rank(68)
            .lasting(true)
            .cure(format!("leave {key} out of the task of {app}, remove the server and add it again")),
    );
}
