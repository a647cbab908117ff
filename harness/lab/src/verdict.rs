//! Says why a deployment failed, from the timeline: the causes that can be seen there, innermost first, then what
//! Stack Deploy said.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::timeline::{Event, What};

use crate::redact::Redactor;
use crate::report::waiting_for;

/// Lines of evidence in one verdict at the most.
const MAX_EVIDENCE: usize = 12;

/// The explanation of a stack that ended with `error`.
pub(crate) fn failed(error: &str, events: &[Event]) -> String {
    let evidence = evidence(events);
    let mut text = error.to_owned();
    if !evidence.is_empty() {
        text.push_str("\nwhat was seen:");
        for line in evidence {
            text.push_str("\n  ");
            text.push_str(&line);
        }
    }
    text
}

/// The explanation of a stack that neither ends nor gets on.
pub(crate) fn silent(silent: Duration, events: &[Event]) -> String {
    let what = waiting_for(events).unwrap_or_else(|| "an answer".to_owned());
    failed(&format!("nothing has changed for {} s; it waits for {what}", silent.as_secs()), events)
}

/// What Stack Deploy passed over in silence, a line each.
pub(crate) fn warnings(events: &[Event]) -> String {
    let line = |event: &Event| match &event.what {
        What::Warned { text } => Some(format!("\nwarning: {text}")),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

/// What went wrong, equal lines counted, in the order of first appearance.
fn evidence(events: &[Event]) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    // Ids make equal news look different.
    let redactor = Redactor::new();
    for line in events.iter().filter_map(bad_news).map(|line| redactor.text(&line)) {
        let count = counts.entry(line.clone()).or_insert(0);
        if *count == 0 {
            order.push(line);
        }
        *count += 1;
    }
    order.truncate(MAX_EVIDENCE);
    let show = |line: String| match counts.get(&line) {
        Some(1) | None => line,
        Some(count) => format!("{line} ({count} times)"),
    };
    order.into_iter().map(show).collect()
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
        What::TaskStatus { state, message: Some(message), .. }
            if matches!(state.as_str(), "TASK_FAILED" | "TASK_LOST" | "TASK_ERROR") =>
        {
            Some(format!("{who}: {state}: {message}"))
        }
        What::OfferDeclined { host, refusals, .. } => {
            let refusal = refusals.iter().find(|refusal| !refusal.instance.is_empty())?;
            Some(format!("{who} declined an offer of {host}: {}", refusal.reason))
        }
        _ => None,
    }
}
