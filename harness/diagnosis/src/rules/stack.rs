//! What Stack Deploy itself says no to, or goes wrong between it, Marathon and the schedulers.

use stacklab_machine::timeline::What;

use crate::question::{Candidate, Question, counted, evidence};
use crate::view::{At, View};

/// Why the run of a stack ended, or does not end.
pub(super) fn of_stack<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::Stack { error, from, to } = *question else { return };
    if let Some(error) = error {
        refused_as_a_whole(error, out);
        unreachable(view, error, (from, to), out);
        if let Some((app, rest)) = error.split_once(": ")
            && let Some((app, _)) = view.apps.get_key_value(app)
        {
            out.push(Candidate::ask(Question::App { app, error: Some(rest), to }).rank(60));
            // Whatever else waits has nothing to do with it.
            return;
        }
    }
    for app in view.pending(to).into_iter().filter(|app| view.begun(app, to) >= from) {
        out.push(Candidate::ask(Question::App { app, error: None, to }).rank(40));
    }
}

/// Stacks that do not begin.
fn refused_as_a_whole(error: &str, out: &mut Vec<Candidate<'_>>) {
    if let Some((_, ring)) = error.split_once("applications depend on each other: ") {
        out.push(
            Candidate::of(61, format!("the applications of the stack wait for each other: {ring}"))
                .lasting(true)
                .cure(format!("take one of the dependencies out of the ring {ring}")),
        );
    }
    if let Some((id, rest)) = error.split_once(" depends on ")
        && let Some((missing, _)) = rest.split_once(", which is the id of no application")
    {
        let id = id.rsplit('\n').next().unwrap_or(id);
        out.push(
            Candidate::of(
                62,
                format!("{id} waits for an application {missing} that the stack does not have"),
            )
            .lasting(true)
            .cure(format!(
                "name the id of an application of the stack in the dependencies of {id} instead of {missing}"
            )),
        );
    }
    if error.contains(" has no applications") || error.contains("have the same id") {
        out.push(
            Candidate::of(70, error.to_owned())
                .lasting(true)
                .cure("give the stack applications, each with an id of its own"),
        );
    }
    if error.contains("No task runner available for application") {
        let key = error.strip_prefix("Invalid application ").and_then(|rest| rest.split(':').next());
        let key = key.unwrap_or("the application");
        out.push(
            Candidate::of(
                65,
                format!("{key} has tasks, but a type for which Stack Deploy has no task runner"),
            )
            .lasting(true)
            .cure(format!("correct the type of {key}, or take its tasks out")),
        );
    }
}

/// Marathon or the master does not answer Stack Deploy.
fn unreachable<'a>(view: &View<'a>, error: &str, span: (At, At), out: &mut Vec<Candidate<'a>>) {
    let failed = ["connection refused", "EOF", "no answer in time", "dial tcp", "status code 5"];
    if !failed.iter().any(|word| error.contains(word)) {
        return;
    }
    let (code, who) = if error.contains("/v2/") {
        (66, "Marathon")
    } else if error.contains("/master/state") {
        (67, "the Mesos master")
    } else {
        return;
    };
    let seen =
        view.events[span.0..span.1].iter().enumerate().filter_map(|(offset, event)| match &event.what {
            What::HttpExchange { method, url, error: Some(error), .. } => {
                Some((span.0 + offset, format!("{method} {url}: {error}")))
            }
            _ => None,
        });
    out.push(
        Candidate::of(code, format!("{who} does not answer Stack Deploy: {error}"))
            .seen(counted(view, seen, 3))
            .rank(80)
            .cure(format!("see that {who} runs and can be reached from where Stack Deploy runs, then run the stack again")),
    );
}

/// Why an application failed.
pub(super) fn of_application<'a>(view: &View<'a>, question: &Question<'a>, out: &mut Vec<Candidate<'a>>) {
    let Question::App { app, error, to } = *question else { return };
    let from = view.begun(app, to);
    if let Some(error) = error {
        said_no(view, (app, error), (from, to), out);
        bad_value(view, (app, error), (from, to), out);
        runs_already(view, (app, error), (from, to), out);
        no_json(view, (app, error), (from, to), out);
    }
    sent_literally(view, app, (from, to), out);
    if is_network(error) || !reached_tasks(view, app, from, to) {
        out.push(Candidate::ask(Question::Scheduler { app, to }).rank(55));
    }
    if is_network(error) {
        reply_lost(view, app, (from, to), out);
    }
    if reached_tasks(view, app, from, to) {
        for instance in view.not_running(app, from, to) {
            out.push(Candidate::ask(Question::Instance { app, program: app, instance, to }).rank(45));
        }
    }
}

fn is_network(error: Option<&str>) -> bool {
    error.is_some_and(|error| {
        (error.starts_with("Get \"") || error.starts_with("Post \"")) && !error.contains("/v2/")
    })
}

/// Whether an application got as far as the calls of its scheduler.
pub(super) fn reached_tasks(view: &View<'_>, app: &str, from: At, to: At) -> bool {
    view.apps.get(app).is_some_and(|app| app.apis.iter().any(|(at, _)| (from..to).contains(at)))
}

/// Texts that name their cause.
fn said_no<'a>(view: &View<'a>, (app, error): (&'a str, &str), span: (At, At), out: &mut Vec<Candidate<'a>>) {
    if let Some(name) = error.strip_prefix("Unresolved variable ") {
        let name = name.split([' ', '.']).next().unwrap_or(name).trim_end_matches('.');
        let variable = error
            .split_once('}')
            .map_or(name, |(start, _)| start.rsplit_once('$').map_or(name, |(_, variable)| variable));
        let variable = variable.trim_matches(['{', '}', '$']);
        out.push(
            Candidate::of(63, format!("{app} uses the variable {variable}, which nobody has set"))
                .rank(90)
                .lasting(true)
                .cure(format!("give the run a value: --var {variable}=<value>, or make {app} depend on the application that publishes it")),
        );
    }
    if error.contains("An app with id [") && error.contains("already exists") {
        let existing = view.apps.get(app);
        let created = existing.map(|app| app.created.clone()).unwrap_or_default();
        let created = created.into_iter().filter(|at| *at < span.0).max();
        let seen = created.map(|at| {
            evidence(
                format!("Marathon has had /{app} since {}", view.events[at].at.iso8601()),
                vec![view.id(at)],
            )
        });
        out.push(
            Candidate::of(60, format!("Marathon has an app /{app} already: a stack can be run again only after its apps were removed"))
                .seen(seen)
                .rank(90)
                .lasting(true)
                .cure(format!("DELETE /v2/apps/{app} in Marathon (and see what its framework has left behind: SL0001, SL0002), then run the stack again")),
        );
    }
}

/// Settings that cannot be changed while an instance runs.
fn runs_already<'a>(
    view: &View<'a>,
    (app, error): (&'a str, &str),
    span: (At, At),
    out: &mut Vec<Candidate<'a>>,
) {
    let Some((at, url)) = view.calls(app, span.0, span.1).next_back() else { return };
    let answer = view.answer(at);
    let says = |text: &str| error.contains(text) || answer.contains(text);
    if !says(" is active") && !says(" should be idle") {
        return;
    }
    let ids = url.ids().join(",");
    let said = if answer.is_empty() { error } else { answer };
    out.push(
        Candidate::of(59, format!("{ids} of {app} runs, and its settings cannot be changed while it does"))
            .seen([evidence(format!("{} was answered: {said}", url.path), vec![view.id(at)])])
            .rank(84)
            .lasting(true)
            .cure(format!("stop {ids} through the API of {app}, change its settings, and start it again")),
    );
}

/// A duration or a number that the scheduler does not read.
fn bad_value<'a>(
    view: &View<'a>,
    (app, error): (&'a str, &str),
    span: (At, At),
    out: &mut Vec<Candidate<'a>>,
) {
    let Some((at, url)) = view.calls(app, span.0, span.1).next_back() else { return };
    let answer = view.answer(at);
    let says = |text: &str| error.contains(text) || answer.contains(text);
    let duration = ["invalid timeout", "Invalid timeout", "format error", "Invalid format"];
    if !duration.into_iter().any(says) {
        return;
    }
    let value = url.get("timeout").unwrap_or_default();
    let said = if answer.is_empty() { error } else { answer };
    out.push(
        Candidate::of(33, format!("{app} cannot read the duration '{value}'"))
            .seen([evidence(format!("{} was answered: {said}", url.path), vec![view.id(at)])])
            .rank(85)
            .lasting(true)
            .cure(format!(
                "write timeout: {value} of {app} in its framework's own words: 60s, 10m for Kafka-Mesos; 60s, 10min for DSE-Mesos; \
                 60 seconds or 10min for Exhibitor- and Zipkin-Mesos"
            )),
    );
}

/// An answer that is none.
fn no_json<'a>(view: &View<'a>, (app, error): (&'a str, &str), span: (At, At), out: &mut Vec<Candidate<'a>>) {
    let words = ["invalid character", "unexpected end of JSON input", "cannot unmarshal"];
    if !words.iter().any(|word| error.contains(word)) {
        return;
    }
    let last = view.calls(app, span.0, span.1).next_back();
    let seen = last.map(|(at, url)| {
        let text = match &view.events[at].what {
            What::HttpExchange { status, answer, .. } => {
                let status = status.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
                format!("{} was answered with {status}: {}", url.path, answer.as_deref().unwrap_or("no JSON"))
            }
            _ => url.path,
        };
        evidence(text, vec![view.id(at)])
    });
    out.push(
        Candidate::of(69, format!("the scheduler of {app} answered with something that is no JSON: {error}"))
            .seen(seen)
            .rank(30)
            .lasting(true)
            .cure(format!("correct the parameter of {app} that the answer names; of Zipkin-Mesos, timeout: 0 is answered with nothing")),
    );
}

/// A reference that nobody resolved, and that was sent as it is.
fn sent_literally<'a>(view: &View<'a>, app: &'a str, span: (At, At), out: &mut Vec<Candidate<'a>>) {
    let warned = view.warned.iter().copied().filter(|at| (span.0..span.1).contains(at));
    for at in warned {
        let What::Warned { text } = &view.events[at].what else { continue };
        let Some(rest) = text.strip_prefix(app).and_then(|rest| rest.strip_prefix(": ")) else { continue };
        let Some((reference, rest)) = rest.split_once(" is not resolved in the parameter ") else { continue };
        let parameter = rest.split(',').next().unwrap_or(rest);
        let variable = reference.trim_start_matches("${").trim_end_matches('}');
        out.push(
            Candidate::of(64, format!("{app} was sent the text {reference} as its {parameter}: nobody has set that variable, and Stack Deploy does not look after the parameters of tasks"))
                .seen([evidence(text.clone(), vec![view.id(at)])])
                .rank(70)
                .lasting(true)
                .cure(format!("give the run a value: --var {variable}=<value>, or correct the name in the parameter {parameter}")),
        );
    }
}

/// A call whose answer did not come, of a scheduler that goes on.
fn reply_lost<'a>(view: &View<'a>, app: &'a str, span: (At, At), out: &mut Vec<Candidate<'a>>) {
    let Some((at, url)) = view.calls(app, span.0, span.1).next_back() else { return };
    let What::HttpExchange { error: Some(error), .. } = &view.events[at].what else { return };
    out.push(
        Candidate::of(71, format!("the answer of {app} to {} was lost, and Stack Deploy does not ask twice", url.path))
            .seen([evidence(error.clone(), vec![view.id(at)])])
            .rank(20)
            .lasting(true)
            .cure(format!("see what {app} made of the call (its list of instances), remove what it added, and run the stack again")),
    );
}
