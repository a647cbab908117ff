//! One line for each event that a person wants to see pass.

use stacklab_machine::timeline::{Event, What};

/// The line of an event, or `None` for the many that only an investigation wants.
pub fn line_of(event: &Event) -> Option<String> {
    let text = match &event.what {
        What::RunStarted { scenario, backend, .. } => format!("scenario {scenario} on {backend}"),
        What::StepStarted { step } => format!("{step} …"),
        What::StepFinished { step, error: Some(error) } => format!("{step}: {error}"),
        What::StackStarted { stack, .. } => format!("stack {stack}"),
        What::ApplicationState { application, state, detail } => {
            format!("{application}: {state}{}", suffix(detail))
        }
        What::TaskCall { application, call, error, .. } => match error {
            None => format!("{application}: {call} done"),
            Some(error) => format!("{application}: {call}: {}", first_line(error)),
        },
        What::Warned { text } => format!("warning: {text}"),
        What::StackFinished { stack, error } => match error {
            None => format!("stack {stack} is deployed"),
            Some(error) => format!("stack {stack} failed: {}", first_line(error)),
        },
        What::FrameworkSubscribed { name, .. } => format!("framework {name} subscribed"),
        What::FrameworkRefused { name, message, .. } => format!("framework {name} refused: {message}"),
        What::FrameworkRemoved { name, cause, .. } => format!("framework {name} removed: {cause}"),
        What::AgentLost { host, cause, .. } => format!("agent {host} lost: {cause}"),
        What::TaskStatus { task, state, message, .. } if is_bad(state) => {
            format!("{task}: {state}{}", suffix(message.as_deref().unwrap_or_default()))
        }
        What::HealthChanged { app, healthy, .. } => {
            format!("{app} is {}", if *healthy { "healthy" } else { "not healthy" })
        }
        What::LaunchDelayed { app, delay_ms } => format!("{app}: next launch in {delay_ms} ms"),
        What::ArtifactMissing { uri, why, .. } => format!("artifact {uri}: {why}"),
        What::ServiceReady { service, address, .. } => format!("{service} serves on {address}"),
        What::ServiceExited { service, code, message, .. } => {
            format!("{service} ended with {code}{}", suffix(message))
        }
        What::SpansReached { stage, spans, of } => format!("{spans} of {of} spans {stage:?}").to_lowercase(),
        What::SpanMissing { trace, span, reached } => match reached {
            Some(stage) => format!("span {span} of trace {trace} came as far as {stage:?}"),
            None => format!("span {span} of trace {trace} was never produced"),
        },
        What::FaultFired { fault } => format!("fault: {fault}"),
        _ => return None,
    };
    Some(format!("{:<14} {text}", event.who))
}

/// States of a task that end it otherwise than well.
pub(super) fn is_bad(state: &str) -> bool {
    matches!(
        state,
        "TASK_FAILED" | "TASK_LOST" | "TASK_ERROR" | "TASK_DROPPED" | "TASK_GONE" | "TASK_UNREACHABLE"
    )
}

fn suffix(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({})", first_line(detail)) }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
