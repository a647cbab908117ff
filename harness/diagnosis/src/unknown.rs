//! What is shown of a failure that no rule knows: the bad news, and the last words of those concerned. Nothing is
//! guessed.

use stacklab_machine::timeline::{Event, What};

use crate::question::{Question, counted};
use crate::view::{At, View};
use crate::{Evidence, Finding};

/// Lines of evidence at most.
const MAX_LINES: usize = 12;

/// The finding that there is none.
pub(crate) fn finding(view: &View<'_>, question: Option<&Question<'_>>) -> Finding {
    let concerned = concerned(view, question);
    let of_interest =
        |event: &&Event| concerned.is_empty() || concerned.iter().any(|name| concerns(event, name));
    let bad = view.events.iter().enumerate().filter(|(_, event)| of_interest(event));
    let mut evidence = counted(view, bad.filter_map(|(at, event)| Some((at, bad_news(event)?))), MAX_LINES);
    evidence.extend(last_lines(view, &concerned));
    let text = "the cause is unknown: no rule fits what the timeline shows; here is what was seen".to_owned();
    Finding { code: None, text, evidence }
}

/// The application that a question is about.
fn concerned<'a>(view: &View<'a>, question: Option<&Question<'a>>) -> Vec<&'a str> {
    match question {
        Some(Question::App { app, .. }) => vec![app],
        Some(Question::Stack { error: Some(error), .. }) => {
            let app = error.split_once(": ").and_then(|(app, _)| view.apps.get_key_value(app));
            app.map(|(app, _)| *app).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Whether an event is about an application: its scheduler's own, or one that names it.
fn concerns(event: &Event, app: &str) -> bool {
    event.who == app
        || match &event.what {
            What::TaskStatus { task, .. } | What::ArtifactMissing { task, .. } => task.starts_with(app),
            What::TaskCall { application, .. } => application == app,
            What::ServiceExited { .. } | What::ProgramExited { .. } | What::AgentLost { .. } => true,
            _ => false,
        }
}

fn bad_news(event: &Event) -> Option<String> {
    let who = &event.who;
    match &event.what {
        What::ArtifactMissing { uri, why, .. } => Some(format!("artifact {uri} cannot be had: {why}")),
        What::FrameworkRefused { name, message, .. } => {
            Some(format!("Mesos refuses framework {name}: {message}"))
        }
        What::AgentLost { host, cause, .. } => Some(format!("agent {host} is lost: {cause}")),
        What::ServiceExited { service, code, message, .. } if *code != 0 => {
            Some(format!("{who}: {service} ended with {code}: {message}"))
        }
        What::ProgramExited { program, code, .. } if *code != 0 => {
            Some(format!("{who}: the program ended with {code}: {program}"))
        }
        What::TaskStatus { task, state, reason, message, .. }
            if matches!(state.as_str(), "TASK_FAILED" | "TASK_LOST" | "TASK_ERROR" | "TASK_KILLED") =>
        {
            let words =
                [reason.as_deref(), message.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let task = task.rsplit_once(['.', '-']).map_or(task.as_str(), |(name, _)| name);
            Some(format!("{task}: {state} {words}").trim_end().to_owned())
        }
        What::OfferDeclined { host, refusals, .. } => {
            let refusal = refusals.iter().find(|refusal| !refusal.instance.is_empty())?;
            Some(format!("{who} declined an offer of {host}: {}", refusal.reason))
        }
        What::HttpExchange { method, url, status, error, answer } => match (status, error, answer) {
            (_, Some(error), _) => Some(format!("{method} {url}: {error}")),
            (Some(status), _, Some(answer)) => Some(format!("{method} {url}: {status} {answer}")),
            _ => None,
        },
        What::TaskCall { application, call, error: Some(error), .. } => {
            Some(format!("{application} {call}: {error}"))
        }
        What::Warned { text } => Some(format!("passed over: {text}")),
        _ => None,
    }
}

/// The end of the logs of those concerned.
fn last_lines(view: &View<'_>, concerned: &[&str]) -> Vec<Evidence> {
    let of = |name: &&str| {
        let mut lines = view.lines(name, 0, view.end(), |line| !line.starts_with("Declined"));
        let skip = lines.len().saturating_sub(5);
        lines.drain(..skip);
        let lines = lines.into_iter().map(|(at, line): (At, &str)| (at, format!("{name}: {line}")));
        counted(view, lines.collect::<Vec<_>>(), 5)
    };
    concerned.iter().flat_map(of).collect()
}
